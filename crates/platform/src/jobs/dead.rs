//! What an operator asks about the queue: how much waits, and what was given up.

use sqlx::PgConnection;

use crate::time::Instant;

/// A job that failed too often, and waits for a person.
#[derive(Clone, Debug)]
pub struct DeadJob {
    /// Of the job.
    pub id: i64,
    /// What it does.
    pub kind: String,
    /// How often it was tried.
    pub attempts: i16,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// When it was put into the queue.
    pub created_at: Instant,
    /// When it was given up.
    pub dead_at: Instant,
}

/// The jobs that were given up, the latest first, at most 1,000.
pub async fn dead(db: &mut PgConnection) -> sqlx::Result<Vec<DeadJob>> {
    sqlx::query_as!(
        DeadJob,
        r#"select id, kind, attempts, last_error, created_at as "created_at: Instant", dead_at as "dead_at!: Instant"
             from jobs where dead_at is not null order by dead_at desc, id desc limit 1000"#
    )
    .fetch_all(db)
    .await
}

/// Tries jobs again that were given up: these, or with `None` all. Gives how many there are.
pub async fn retry(db: &mut PgConnection, ids: Option<&[i64]>, now: Instant) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update jobs set dead_at = null, attempts = 0, run_at = $2
          where dead_at is not null and ($1::bigint[] is null or id = any($1))",
        ids as _,
        now as _
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// How the queue is.
#[derive(Clone, Debug)]
pub struct Queue {
    /// How many jobs are due or being done.
    pub due: i64,
    /// How many were given up.
    pub dead: i64,
    /// Since when the oldest of those that are due waits.
    pub oldest: Option<Instant>,
}

/// How the queue is now.
pub async fn queue(db: &mut PgConnection, now: Instant) -> sqlx::Result<Queue> {
    sqlx::query_as!(
        Queue,
        r#"select count(*) filter (where dead_at is null) as "due!", count(dead_at) as "dead!",
                  min(run_at) filter (where dead_at is null) as "oldest: Instant"
             from jobs where dead_at is not null or run_at <= $1"#,
        now as _
    )
    .fetch_one(db)
    .await
}
