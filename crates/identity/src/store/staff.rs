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
