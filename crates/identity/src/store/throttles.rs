//! Counts of failed tries.

use platform::time::Instant;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::throttle::Count;

/// Makes rows that are not there.
pub async fn ensure(db: &mut PgConnection, buckets: &[Vec<u8>], now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into throttles (bucket, failures, blocked_until, expires_at)
         select bucket, 0, $2, $2 from unnest($1::bytea[]) as bucket on conflict (bucket) do nothing",
        buckets,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Holds the rows until the transaction ends.
pub async fn lock(db: &mut PgConnection, buckets: &[Vec<u8>]) -> sqlx::Result<Vec<Count>> {
    sqlx::query_as!(
        Count,
        "select bucket, failures, blocked_until, expires_at from throttles
          where bucket = any($1) order by bucket for update",
        buckets,
    )
    .fetch_all(db)
    .await
}

/// Keeps a count.
pub async fn save(db: &mut PgConnection, count: &Count) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into throttles (bucket, failures, blocked_until, expires_at) values ($1, $2, $3, $4)
         on conflict (bucket) do update set failures = $2, blocked_until = $3, expires_at = $4",
        count.bucket,
        count.failures,
        count.blocked_until as _,
        count.expires_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One failure was none.
pub async fn take_back(db: &PgPool, bucket: &[u8], now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update throttles set failures = greatest(failures - 1, 0), blocked_until = $2 where bucket = $1",
        bucket,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A count within a fixed time.
pub struct Window {
    pub failures: i32,
    pub expires_at: Instant,
}

/// Counts one more, in a new time that ends then where the one before is over.
pub async fn count(db: &PgPool, bucket: &[u8], now: Instant, ends: Instant) -> sqlx::Result<Window> {
    sqlx::query_as!(
        Window,
        "insert into throttles as t (bucket, failures, blocked_until, expires_at) values ($1, 1, $2, $3)
         on conflict (bucket) do update
            set failures = case when t.expires_at > $2 then least(t.failures, 1000000) + 1 else 1 end,
                expires_at = case when t.expires_at > $2 then t.expires_at else $3 end
         returning failures, expires_at",
        bucket,
        now as _,
        ends as _,
    )
    .fetch_one(db)
    .await
}

/// Forgets a count.
pub async fn clear(db: impl PgExecutor<'_>, bucket: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from throttles where bucket = $1", bucket).execute(db).await?;
    Ok(())
}

/// Forgets what is long past.
pub async fn delete_old(db: &PgPool, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from throttles where expires_at < $1", now as _).execute(db).await?;
    Ok(())
}
