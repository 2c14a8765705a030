//! Accounts that become those of staff.

use platform::{auth::StaffRole, ids::UserId, time::Instant};
use sqlx::PgConnection;

/// From now on they work here, or as something else.
pub async fn set_role(db: &mut PgConnection, id: UserId, role: StaffRole, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set staff_role = $2, version = version + 1, updated_at = $3 where id = $1",
        id as _,
        role as _,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An account whose address nobody had proved goes to whom the address belongs: what its maker signs in with is gone.
pub async fn take_over(
    db: &mut PgConnection,
    id: UserId,
    password_hash: &str,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with social as (delete from social_identities where user_id = $1)
         update users set password_hash = $2, is_email_verified = true, phone_number = null, is_phone_verified = false,
                updated_at = $3
          where id = $1",
        id as _,
        password_hash,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
