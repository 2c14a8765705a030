//! Work for later, in PostgreSQL: put into the queue in the transaction that decides on it, run at least
//! once by some node, tried again with growing pauses, given up visibly. Every job must be idempotent.

mod dead;
mod registry;
mod retry;
mod runner;

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use crate::{app::App, time::Instant};

pub use dead::{DeadJob, Queue, dead, queue, retry};
pub use registry::Registry;
pub use retry::attempts_within;

/// Something to be done later.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `<feature>.<what it does>`; jobs in the queue are found by it, so it never changes.
    const KIND: &'static str;
    /// A job that failed this often is left for a person: `skillbuddy jobs list` shows it. See [`attempts_within`].
    const MAX_ATTEMPTS: i16 = 10;

    /// Does it. An error means: try again later.
    fn run(self, app: &App) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// When and under which key a job is put into the queue.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Not before; `None` is at once.
    pub at: Option<Instant>,
    /// Replaces the waiting job with the same key.
    pub key: Option<String>,
}

/// Puts a job into the queue, to run as soon as the transaction has committed.
pub async fn enqueue<J: Job>(db: &mut PgConnection, job: &J, now: Instant) -> sqlx::Result<()> {
    schedule(db, job, now, Timing::default()).await
}

/// Puts a job into the queue for a certain time, or in place of the one with the same key.
pub async fn schedule<J: Job>(
    db: &mut PgConnection,
    job: &J,
    now: Instant,
    timing: Timing,
) -> sqlx::Result<()> {
    let payload = serde_json::to_value(job).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
    insert(db, J::KIND, payload, now, timing).await
}

/// Takes a waiting job back; one that already runs goes on.
pub async fn cancel(db: &mut PgConnection, key: &str) -> sqlx::Result<()> {
    cancel_all(db, &[key.to_owned()]).await
}

/// Takes waiting jobs back; those that already run go on.
pub async fn cancel_all(db: &mut PgConnection, keys: &[String]) -> sqlx::Result<()> {
    sqlx::query!("select cancel_jobs($1)", keys).execute(db).await?;
    Ok(())
}

async fn insert(
    db: &mut PgConnection,
    kind: &str,
    payload: serde_json::Value,
    now: Instant,
    timing: Timing,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into jobs (kind, payload, key, run_at, created_at) values ($1, $2, $3, $4, $5)
         on conflict (key) do update
            set payload = excluded.payload, run_at = excluded.run_at, attempts = 0, last_error = null, dead_at = null,
                claim = null",
        kind,
        payload,
        timing.key,
        timing.at.unwrap_or(now) as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
