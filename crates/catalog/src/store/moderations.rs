//! What moderators did to services.

use platform::{
    ids::{ModerationId, ServiceId, UserId},
    time::Instant,
};
use sqlx::PgConnection;

use crate::events::ModerationKind;

/// Writes down what was done, why, and by whom.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id: ModerationId,
    (service, kind): (ServiceId, ModerationKind),
    reason: &str,
    (moderator, now): (UserId, Instant),
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into service_moderations (id, service_id, kind, reason, moderator_id, at) values ($1, $2, $3, $4, $5, $6)",
        id as _,
        service as _,
        kind as _,
        reason,
        moderator as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
