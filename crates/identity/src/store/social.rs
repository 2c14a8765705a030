//! Accounts at other services.

use platform::{ids::UserId, time::Instant};
use sqlx::PgConnection;

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
