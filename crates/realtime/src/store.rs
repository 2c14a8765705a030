//! The SQL of tickets.

use platform::{
    ids::{SessionId, UserId},
    time::Instant,
};
use sqlx::PgExecutor;

/// Whom a ticket lets in.
pub struct Bearer {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub token_expires_at: Instant,
}

/// Keeps a ticket.
pub async fn insert(
    db: impl PgExecutor<'_>,
    hash: &[u8],
    bearer: &Bearer,
    expires_at: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into ws_tickets (hash, user_id, session_id, token_expires_at, expires_at) values ($1, $2, $3, $4, $5)",
        hash,
        bearer.user_id as _,
        bearer.session_id as _,
        bearer.token_expires_at as _,
        expires_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a ticket out, unless it is too old.
pub async fn redeem(db: impl PgExecutor<'_>, hash: &[u8], now: Instant) -> sqlx::Result<Option<Bearer>> {
    sqlx::query_as!(
        Bearer,
        "delete from ws_tickets where hash = $1 and expires_at > $2
         returning user_id, session_id, token_expires_at",
        hash,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Forgets tickets that nobody used.
pub async fn delete_old(db: impl PgExecutor<'_>, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from ws_tickets where expires_at <= $1", now as _).execute(db).await?;
    Ok(())
}
