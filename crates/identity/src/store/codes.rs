//! One-time codes and links.

use platform::{ids::UserId, time::Instant};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::codes::Purpose;

/// A code or link that may still be used.
pub struct OpenCode {
    pub id: Uuid,
    pub target: String,
    pub code_hash: Option<Vec<u8>>,
}

/// A link, in whatever state.
pub struct LinkRow {
    pub id: Uuid,
    pub user_id: UserId,
    pub target: String,
    pub expires_at: Instant,
    pub used_at: Option<Instant>,
}

/// A new code.
pub struct NewCode<'a> {
    pub id: Uuid,
    pub user: UserId,
    pub purpose: Purpose,
    pub target: &'a str,
    pub ip: &'a str,
    pub code_hash: Option<Vec<u8>>,
    pub link_hash: Option<Vec<u8>>,
    pub created_at: Instant,
    pub expires_at: Instant,
}

/// Whoever counts what was sent to `what` waits for the others that do.
pub async fn lock(db: &mut PgConnection, what: &str) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 8314))", what).execute(db).await?;
    Ok(())
}

/// When codes went to this target or this person, the latest first.
pub async fn sent_to(
    db: &mut PgConnection,
    purpose: Purpose,
    target: &str,
    user: UserId,
    since: Instant,
) -> sqlx::Result<Vec<Instant>> {
    sqlx::query_scalar!(
        "select created_at from one_time_codes
          where purpose = $1 and (target = $2 or user_id = $3) and created_at > $4
          order by created_at desc limit 100",
        purpose as _,
        target,
        user as _,
        since as _,
    )
    .fetch_all(db)
    .await
}

/// When codes of a kind were asked for from this network, the latest first.
pub async fn asked_from(
    db: &mut PgConnection,
    purpose: Purpose,
    ip: &str,
    since: Instant,
) -> sqlx::Result<Vec<Instant>> {
    sqlx::query_scalar!(
        "select created_at from one_time_codes
          where ip = $1 and purpose = $2 and created_at > $3 order by created_at desc limit 100",
        ip,
        purpose as _,
        since as _,
    )
    .fetch_all(db)
    .await
}

/// Only the newest code is good.
pub async fn void(db: &mut PgConnection, user: UserId, purpose: Purpose, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update one_time_codes set used_at = $3 where user_id = $1 and purpose = $2 and used_at is null",
        user as _,
        purpose as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// No code or link of somebody is good any more, whatever it is for.
pub async fn void_all(db: &mut PgConnection, user: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update one_time_codes set used_at = $2 where user_id = $1 and used_at is null",
        user as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps a new code.
pub async fn insert(db: &mut PgConnection, code: NewCode<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into one_time_codes (id, user_id, purpose, target, ip, code_hash, link_hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        code.id,
        code.user as _,
        code.purpose as _,
        code.target,
        code.ip,
        code.code_hash,
        code.link_hash,
        code.created_at as _,
        code.expires_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Counts a try at the open code of somebody, before it is looked at: of a hundred tries at once, `most`
/// are answered. `None` when there is no code, or no try left.
pub async fn count_try(
    db: &PgPool,
    user: UserId,
    purpose: Purpose,
    most: i16,
    now: Instant,
) -> sqlx::Result<Option<OpenCode>> {
    sqlx::query_as!(
        OpenCode,
        "update one_time_codes set tries = tries + 1
          where user_id = $1 and purpose = $2 and used_at is null and expires_at > $3 and tries < $4
      returning id, target, code_hash",
        user as _,
        purpose as _,
        now as _,
        most,
    )
    .fetch_optional(db)
    .await
}

/// Uses a code; `false` when somebody was quicker.
pub async fn redeem(db: &mut PgConnection, id: Uuid, now: Instant) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update one_time_codes set used_at = $2 where id = $1 and used_at is null",
        id,
        now as _
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// The link with this hash.
pub async fn by_link(db: &PgPool, purpose: Purpose, hash: &[u8]) -> sqlx::Result<Option<LinkRow>> {
    sqlx::query_as!(
        LinkRow,
        "select id, user_id, target, expires_at, used_at from one_time_codes where link_hash = $1 and purpose = $2",
        hash,
        purpose as _,
    )
    .fetch_optional(db)
    .await
}

/// Codes that nobody counts any more.
pub async fn delete_old(db: &PgPool, before: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from one_time_codes where created_at < $1", before as _).execute(db).await?;
    Ok(())
}
