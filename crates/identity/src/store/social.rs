//! Accounts at other services.

use platform::{ids::UserId, time::Instant};
use sqlx::{PgConnection, PgPool};

/// Whose account this is here.
pub async fn user_of(db: &mut PgConnection, issuer: &str, subject: &str) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select user_id from social_identities where issuer = $1 and subject = $2",
        issuer,
        subject
    )
    .fetch_optional(db)
    .await
}

/// From now on it is somebody's way in.
pub async fn insert(
    db: &mut PgConnection,
    issuer: &str,
    subject: &str,
    user: UserId,
    email: Option<&str>,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into social_identities (issuer, subject, user_id, email, created_at) values ($1, $2, $3, $4, $5)",
        issuer,
        subject,
        user as _,
        email,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the services that were attached to an account before then; all of them without a time.
pub async fn delete_attached_before(
    db: &mut PgConnection,
    user: UserId,
    before: Option<Instant>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from social_identities where user_id = $1 and ($2::timestamptz is null or created_at < $2)",
        user as _,
        before as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Uses a token up; `false` when it was used before.
pub async fn use_token(db: &mut PgConnection, fingerprint: &[u8], expires_at: Instant) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into used_social_tokens (fingerprint, expires_at) values ($1, $2) on conflict do nothing",
        fingerprint,
        expires_at as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Forgets tokens that have expired.
pub async fn delete_old_tokens(db: &PgPool, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from used_social_tokens where expires_at < $1", now as _).execute(db).await?;
    Ok(())
}
