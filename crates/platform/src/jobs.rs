//! Work for later, in PostgreSQL: put into the queue in the transaction that decides on it, run at least
//! once by some node, tried again with growing pauses, given up visibly. Every job must be idempotent.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use crate::{app::App, outbox::Event, time::Instant};

/// A runner that has not finished by then is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// A job that failed this often is left for a person.
const MAX_ATTEMPTS: i16 = 10;
/// How many jobs a node runs at once.
const CONCURRENCY: usize = 8;
/// How long a node that stops waits for them.
const GRACE: Duration = Duration::from_secs(10);
/// How often the queue is looked at when nothing wakes the runner.
const POLL: Duration = Duration::from_millis(500);

/// Something to be done later.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `<feature>.<what it does>`; jobs in the queue are found by it, so it never changes.
    const KIND: &'static str;

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
    sqlx::query!("delete from jobs where key = $1", key).execute(db).await?;
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
            set payload = excluded.payload, run_at = excluded.run_at, attempts = 0, last_error = null, dead_at = null",
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

type Run = Arc<
    dyn Fn(App, serde_json::Value) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send + Sync,
>;
type FromEvent = fn(serde_json::Value) -> anyhow::Result<serde_json::Value>;

struct Cron {
    kind: &'static str,
    every: SignedDuration,
    payload: serde_json::Value,
}

/// All jobs, who hears which event, and what recurs: the one list, made in `app/src/wiring.rs`.
#[derive(Default)]
pub struct Registry {
    jobs: HashMap<&'static str, Run>,
    subscribers: HashMap<&'static str, Vec<(&'static str, FromEvent)>>,
    crons: Vec<Cron>,
}

impl Registry {
    /// Makes a kind of job known.
    #[must_use]
    pub fn job<J: Job>(mut self) -> Self {
        let run: Run = Arc::new(|app, payload| {
            async move { serde_json::from_value::<J>(payload)?.run(&app).await }.boxed()
        });
        self.jobs.insert(J::KIND, run);
        self
    }

    /// Runs `J` for every `E`.
    #[must_use]
    pub fn on<E: Event, J: Job + From<E>>(mut self) -> Self {
        let convert: FromEvent =
            |payload| Ok(serde_json::to_value(J::from(serde_json::from_value::<E>(payload)?))?);
        self.subscribers.entry(E::TOPIC).or_default().push((J::KIND, convert));
        self.job::<J>()
    }

    /// Runs `job` once in every span of `every`, counted from 1970, whichever node comes first.
    #[must_use]
    pub fn every<J: Job>(mut self, every: SignedDuration, job: &J) -> Self {
        let payload = serde_json::to_value(job).unwrap_or_default();
        self.crons.push(Cron { kind: J::KIND, every, payload });
        self.job::<J>()
    }

    /// Works until `stop` resolves. Jobs that run then get [`GRACE`] to finish; those that do not will run again.
    pub async fn work(self, app: App, stop: impl Future<Output = ()> + Send) {
        let registry = Arc::new(self);
        let mut stop = std::pin::pin!(stop);
        let mut running = JoinSet::new();
        loop {
            // Never more than there is room for, and a long one holds up nobody.
            let due = registry.due(&app, CONCURRENCY - running.len()).await.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "the job queue cannot be read");
                Due::default()
            });
            let look_again = due.is_any();
            for job in due.jobs {
                let (registry, app) = (registry.clone(), app.clone());
                running.spawn(async move { registry.run(&app, job).await });
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_finished) = running.join_next() => {}
                () = std::future::ready(()), if look_again => {}
                () = app.jobs_waiting.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        if tokio::time::timeout(GRACE, async { while running.join_next().await.is_some() {} }).await.is_err()
        {
            tracing::warn!(jobs = running.len(), "stopped before all jobs were done; they will run again");
        }
    }

    /// Relays events, starts what recurs, and claims at most so many due jobs.
    async fn due(&self, app: &App, room: usize) -> anyhow::Result<Due> {
        let relayed = self.relay(app).await?;
        self.start_recurring(app).await?;
        let jobs = if room == 0 { Vec::new() } else { self.claim(app, room).await? };
        Ok(Due { relayed, jobs })
    }

    /// One batch of due jobs; `true` when there was something.
    async fn round(&self, app: &App) -> anyhow::Result<bool> {
        let due = self.due(app, CONCURRENCY).await?;
        let worked = due.is_any();
        futures_util::future::join_all(due.jobs.into_iter().map(|job| self.run(app, job))).await;
        Ok(worked)
    }

    /// Works until nothing is due any more, for tests with a clock of their own. At most 1,000 rounds.
    pub async fn work_off(&self, app: &App) -> anyhow::Result<()> {
        for _ in 0..1000 {
            if !self.round(app).await? {
                return Ok(());
            }
        }
        anyhow::bail!("jobs keep making jobs")
    }

    /// Turns events into the jobs of their subscribers, in one transaction with their removal.
    async fn relay(&self, app: &App) -> anyhow::Result<bool> {
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        let events = sqlx::query!(
            "delete from outbox where id in (select id from outbox order by id limit 200 for update skip locked)
             returning id, topic, payload",
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut events = events;
        events.sort_by_key(|event| event.id);
        let any = !events.is_empty();
        for event in events {
            for (kind, convert) in self.subscribers.get(event.topic.as_str()).into_iter().flatten() {
                match convert(event.payload.clone()) {
                    Ok(payload) => insert(&mut tx, kind, payload, now, Timing::default()).await?,
                    Err(error) => {
                        tracing::error!(topic = event.topic, kind, %error, "an event has no such shape");
                    }
                }
            }
        }
        tx.commit().await?;
        Ok(any)
    }

    async fn start_recurring(&self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        for cron in &self.crons {
            let span = i64::try_from(cron.every.as_micros()).unwrap_or(i64::MAX).max(1);
            let slot =
                Instant::from_micros(now.as_micros() - now.as_micros().rem_euclid(span)).unwrap_or(now);
            let mut tx = app.db.begin().await?;
            let first = sqlx::query!(
                "insert into cron_runs as c (name, ran_at) values ($1, $2)
                 on conflict (name) do update set ran_at = excluded.ran_at where c.ran_at < excluded.ran_at",
                cron.kind,
                slot as _,
            )
            .execute(&mut *tx)
            .await?;
            if first.rows_affected() == 1 {
                let timing = Timing { at: None, key: Some(format!("cron:{}", cron.kind)) };
                insert(&mut tx, cron.kind, cron.payload.clone(), now, timing).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    async fn claim(&self, app: &App, most: usize) -> anyhow::Result<Vec<Claimed>> {
        let now = app.clock.now();
        let kinds: Vec<String> = self.jobs.keys().map(ToString::to_string).collect();
        let jobs = sqlx::query_as!(
            Claimed,
            r#"update jobs set attempts = attempts + 1, run_at = $2
                where id in (select id from jobs where run_at <= $1 and dead_at is null and kind = any($3)
                              order by run_at, id limit $4 for update skip locked)
            returning id, kind, payload, attempts, run_at as "lease: Instant""#,
            now as _,
            now.plus(LEASE) as _,
            &kinds,
            i64::try_from(most).unwrap_or(i64::MAX),
        )
        .fetch_all(&app.db)
        .await?;
        Ok(jobs)
    }

    async fn run(&self, app: &App, job: Claimed) {
        let Some(run) = self.jobs.get(job.kind.as_str()) else { return };
        let work = std::panic::AssertUnwindSafe(run(app.clone(), job.payload.clone())).catch_unwind();
        let outcome = match tokio::time::timeout(LEASE.unsigned_abs(), work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(anyhow::anyhow!("the job panicked")),
            Err(_elapsed) => Err(anyhow::anyhow!("the job took longer than its lease")),
        };
        let settled = match &outcome {
            Ok(()) => done(app, &job).await,
            Err(error) => failed(app, &job, error).await,
        };
        metrics::counter!("jobs_total", "kind" => job.kind.clone(), "ok" => outcome.is_ok().to_string())
            .increment(1);
        if let Err(error) = settled {
            // Its lease will run out, and the job will run again.
            tracing::warn!(job.kind, error = format!("{error:#}"), "a job's outcome could not be kept");
        }
    }
}

/// What a look at the queue found.
#[derive(Default)]
struct Due {
    relayed: bool,
    jobs: Vec<Claimed>,
}

impl Due {
    fn is_any(&self) -> bool {
        self.relayed || !self.jobs.is_empty()
    }
}

struct Claimed {
    id: i64,
    kind: String,
    payload: serde_json::Value,
    attempts: i16,
    lease: Instant,
}

/// A job that was replaced while it ran has another `run_at`, and stays.
async fn done(app: &App, job: &Claimed) -> sqlx::Result<()> {
    sqlx::query!("delete from jobs where id = $1 and run_at = $2", job.id, job.lease as _)
        .execute(&app.db)
        .await?;
    Ok(())
}

async fn failed(app: &App, job: &Claimed, error: &anyhow::Error) -> sqlx::Result<()> {
    let now = app.clock.now();
    let error = format!("{error:#}");
    tracing::warn!(job.kind, job.id, job.attempts, error, "a job failed");
    let dead = (job.attempts >= MAX_ATTEMPTS).then_some(now);
    sqlx::query!(
        "update jobs set run_at = $3, last_error = $4, dead_at = $5 where id = $1 and run_at = $2",
        job.id,
        job.lease as _,
        now.plus(pause(job.attempts, job.id)) as _,
        error.chars().take(1000).collect::<String>(),
        dead as _,
    )
    .execute(&app.db)
    .await?;
    Ok(())
}

/// 2, 4, 8 … seconds, at most an hour, and up to a quarter more, so that jobs which failed together
/// do not come back together.
fn pause(attempts: i16, id: i64) -> SignedDuration {
    let exponent = u32::from(attempts.clamp(1, 12).unsigned_abs());
    let millis = 1000 * 2_i64.pow(exponent).min(3600);
    let spread = (id.wrapping_mul(7919)).rem_euclid(millis / 4 + 1);
    SignedDuration::from_millis(millis + spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        assert!(
            pause(1, 1) >= SignedDuration::from_secs(2) && pause(1, 1) <= SignedDuration::from_millis(2500)
        );
        assert!((1..30).all(|n| pause(n, 5) <= SignedDuration::from_mins(75)));
        assert!(pause(30, 1) >= SignedDuration::from_hours(1));
    }
}
