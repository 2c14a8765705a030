//! People.

use platform::{ids::UserId, time::Instant};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::model::User;

macro_rules! user {
    ($condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            User,
            "select id, email, name, last_name, phone_number, profile_image, is_email_verified, is_phone_verified,
                    language, timezone, currency, is_provider, staff_role, state, deletion_due_at, password_hash,
                    version, created_at, last_login_at, pending_email, email_verified_at, phone_set_at
               from users where " + $condition,
            $($argument),*
        )
    };
}

/// Somebody by id, whatever the state of the account.
pub async fn by_id(db: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<User>> {
    user!("id = $1", id as _).fetch_optional(db).await
}

/// Somebody by mail address, without regard to case.
pub async fn by_email(db: &PgPool, email: &str) -> sqlx::Result<Option<User>> {
    user!("lower(email) = lower($1)", email).fetch_optional(db).await
}

/// Whether an account has this mail address.
pub async fn has_email(db: &mut PgConnection, email: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from users where lower(email) = lower($1)) as "has!""#,
        email
    )
    .fetch_one(db)
    .await
}

/// People of the demo data, held until the transaction ends.
pub async fn demo_people(db: &mut PgConnection, are_providers: bool, most: i64) -> sqlx::Result<Vec<User>> {
    user!(
        "email like '%@demo.skillbuddy.app' and state = 'active' and is_provider = $1 order by id limit $2 for update",
        are_providers,
        most
    )
    .fetch_all(db)
    .await
}

/// Holds the row until the transaction ends.
pub async fn lock(db: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    user!("id = $1 for update", id as _).fetch_optional(db).await
}

/// The same by mail address.
pub async fn lock_by_email(db: &mut PgConnection, email: &str) -> sqlx::Result<Option<User>> {
    user!("lower(email) = lower($1) for update", email).fetch_optional(db).await
}

/// A new account.
pub async fn insert(db: &mut PgConnection, user: &User) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into users (id, email, name, last_name, phone_number, is_email_verified, language, timezone, currency,
                            staff_role, password_hash, created_at, updated_at, last_login_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)",
        user.id as _,
        user.email,
        user.name,
        user.last_name,
        user.phone_number,
        user.is_email_verified,
        user.language as _,
        user.timezone,
        user.currency,
        user.staff_role as _,
        user.password_hash,
        user.created_at as _,
        user.last_login_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the person edits themselves; the next version.
pub async fn save_profile(db: &mut PgConnection, user: &User, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set email = $2, name = $3, last_name = $4, phone_number = $5, profile_image = $6,
                pending_email = $7, is_phone_verified = $8, language = $9, timezone = $10, currency = $11,
                version = $12, updated_at = $13,
                phone_set_at = case when phone_number is distinct from $5 then $13 else phone_set_at end
          where id = $1",
        user.id as _,
        user.email,
        user.name,
        user.last_name,
        user.phone_number,
        user.profile_image,
        user.pending_email,
        user.is_phone_verified,
        user.language as _,
        user.timezone,
        user.currency,
        user.version,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Another password.
pub async fn save_password(db: &mut PgConnection, id: UserId, hash: &str, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set password_hash = $2, updated_at = $3 where id = $1",
        id as _,
        hash,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// They came in.
pub async fn save_sign_in(db: &mut PgConnection, user: &User) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set last_login_at = $2, state = $3, deletion_due_at = $4 where id = $1",
        user.id as _,
        user.last_login_at as _,
        user.state as _,
        user.deletion_due_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// They want to go.
pub async fn save_deletion(
    db: &mut PgConnection,
    id: UserId,
    due_at: Instant,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set state = 'deletion_pending', deletion_due_at = $2, updated_at = $3 where id = $1",
        id as _,
        due_at as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// This address is theirs, and none waits to be.
pub async fn prove_email(db: &mut PgConnection, id: UserId, email: &str, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set email = $2, is_email_verified = true, email_verified_at = $3, pending_email = null,
                version = version + 1, updated_at = $3
          where id = $1",
        id as _,
        email,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// No other address waits to be theirs.
pub async fn drop_pending_email(db: &mut PgConnection, id: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set pending_email = null, version = version + 1, updated_at = $2
          where id = $1 and pending_email is not null",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The owner has the account back: with this password, or none, and with the number that is left.
pub async fn save_recovery(db: &mut PgConnection, user: &User, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set password_hash = $2, phone_number = $3, is_phone_verified = $4, pending_email = null,
                is_email_verified = true, email_verified_at = $5, version = $6, updated_at = $7
          where id = $1",
        user.id as _,
        user.password_hash,
        user.phone_number,
        user.is_phone_verified,
        user.email_verified_at as _,
        user.version,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The number is theirs.
pub async fn verify_phone(db: &mut PgConnection, id: UserId, number: &str, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set phone_number = $2, is_phone_verified = true, phone_set_at = $3, version = version + 1,
                updated_at = $3
          where id = $1",
        id as _,
        number,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// They offer services from now on.
pub async fn make_provider(db: &mut PgConnection, id: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set is_provider = true, version = version + 1, updated_at = $2 where id = $1",
        id as _,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}
