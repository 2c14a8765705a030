//! Work for later, in PostgreSQL: put into the queue in the transaction that decides on it, run at least
//! once by some node, tried again with growing pauses, given up visibly. Every job must be idempotent.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;
use tokio::task::JoinSet;

use crate::{app::App, db, ids::UserId, lull::lull, outbox::Event, stream, time::Instant};

/// A runner that has said nothing for so long is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often a runner says that it is still at it.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// No job runs longer.
const LONGEST: Duration = Duration::from_mins(5);
/// A job that failed this often is left for a person.
const MAX_ATTEMPTS: i16 = 10;
/// How many jobs a node runs at once.
const CONCURRENCY: usize = 8;
/// How long a node that stops waits for them.
const GRACE: Duration = Duration::from_secs(10);
/// How often the queue is looked at when nothing wakes the runner.
const POLL: Duration = Duration::from_millis(500);
/// A runner that has room for more looks again after this at the earliest: what comes one by one is fetched together.
const BREATH: Duration = Duration::from_millis(10);
/// While requests need the processors, the queue is looked at once in this time: what comes meanwhile is fetched at
/// once.
const RUSH: Duration = Duration::from_millis(50);
/// How long a job gives way to requests after it was put into the queue.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// How long a busy runner waits for several jobs to finish before it asks for others.
const MOMENT: Duration = Duration::from_millis(5);

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

type Run = Arc<
    dyn Fn(App, serde_json::Value) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send + Sync,
>;
type Concerned = Box<dyn Fn(serde_json::Value) -> anyhow::Result<Vec<UserId>> + Send + Sync>;
type FromEvent =
    Box<dyn Fn(&App, serde_json::Value) -> anyhow::Result<Option<serde_json::Value>> + Send + Sync>;

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
    concerned: HashMap<&'static str, Concerned>,
    crons: Vec<Cron>,
}

/// The spans in which recurring jobs were put into the queue, by this node or another: nobody asks twice.
type Started = HashMap<&'static str, Instant>;

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

    /// Runs `J` for every `E` that it can be made of; the others are none of its business.
    #[must_use]
    pub fn on<E: Event, J: Job + TryFrom<E>>(self) -> Self {
        self.on_if::<E, J>(|_app, _event| true)
    }

    /// As [`Registry::on`], and only for events that somebody needs to hear of when they are relayed: those of which
    /// there are very many make no work for the queue where it would only find that there is nothing to do.
    #[must_use]
    pub fn on_if<E: Event, J: Job + TryFrom<E>>(
        mut self,
        is_needed: impl Fn(&App, &E) -> bool + Send + Sync + 'static,
    ) -> Self {
        let convert: FromEvent = Box::new(move |app, payload| {
            let event = serde_json::from_value::<E>(payload)?;
            let job = is_needed(app, &event).then(|| J::try_from(event).ok()).flatten();
            Ok(job.map(serde_json::to_value).transpose()?)
        });
        self.subscribers.entry(E::TOPIC).or_default().push((J::KIND, convert));
        self.job::<J>()
    }

    /// With every `E` something was written into the logs of these people ([`crate::stream`]): when it is relayed, their
    /// connections look.
    #[must_use]
    pub fn look<E: Event + 'static>(
        mut self,
        people: impl Fn(E) -> Vec<UserId> + Send + Sync + 'static,
    ) -> Self {
        let concerned: Concerned = Box::new(move |payload| Ok(people(serde_json::from_value(payload)?)));
        self.concerned.insert(E::TOPIC, concerned);
        self
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
        let for_jobs = app.over(db::for_jobs(&app.db, &app.settings.database));
        let mut stop = std::pin::pin!(stop);
        let (mut crew, mut started) = (Crew::default(), Started::new());
        loop {
            // Never more than there is room for, and a long one holds up nobody.
            let room = CONCURRENCY - crew.running.len();
            let due = registry.due(&app, room, &mut started, &mut crew).await.unwrap_or_else(|error| {
                tracing::error!(error = format!("{error:#}"), "the job queue cannot be read");
                Due::default()
            });
            let (look_again, is_busy) = (due.is_any(), due.jobs.len() == room);
            for job in due.jobs {
                let (registry, requests, app) = (registry.clone(), app.clone(), for_jobs.clone());
                crew.held.push(job.claim);
                crew.running.spawn(async move {
                    lull(&requests.db, job.patience(requests.clock.now())).await;
                    registry.run(&app, job).await
                });
            }
            if !is_busy {
                tokio::time::sleep(BREATH).await;
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(finished) = crew.running.join_next() => crew.note(finished.ok()),
                () = std::future::ready(()), if look_again && !is_busy => {}
                () = app.jobs_waiting.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
            if is_busy {
                crew.gather().await;
            }
            lull(&app.db, RUSH).await;
        }
        let all = async {
            while let Some(finished) = crew.running.join_next().await {
                crew.note(finished.ok());
            }
        };
        if tokio::time::timeout(GRACE, all).await.is_err() {
            tracing::warn!(
                jobs = crew.running.len(),
                "stopped before all jobs were done; they will run again"
            );
        }
        if let Err(error) = registry.take_out(&app, &mut crew).await {
            tracing::warn!(error = format!("{error:#}"), "jobs that are done will run again");
        }
        for_jobs.db.close().await;
    }

    /// Relays events, starts what recurs, and claims at most so many due jobs.
    async fn due(
        &self,
        app: &App,
        room: usize,
        started: &mut Started,
        crew: &mut Crew,
    ) -> anyhow::Result<Due> {
        self.start_recurring(app, started).await?;
        let mut tx = app.db.begin().await?;
        prefer_indexes(&mut tx).await?;
        let relayed = self.relay(app, &mut tx).await?;
        crew.say_that_it_works(&mut tx, app.clock.now()).await?;
        let jobs = self.claim(&mut tx, room, crew, app.clock.now()).await?;
        tx.commit().await?;
        crew.done.clear();
        let relayed = relayed.is_some_and(|people| {
            stream::look(app, people);
            true
        });
        Ok(Due { relayed, jobs })
    }

    /// One batch of due jobs; `true` when there was something.
    async fn round(&self, app: &App) -> anyhow::Result<bool> {
        let mut crew = Crew::default();
        let due = self.due(app, CONCURRENCY, &mut Started::new(), &mut crew).await?;
        let worked = due.is_any();
        let finished = due.jobs.into_iter().map(|job| self.run(app, job));
        futures_util::future::join_all(finished)
            .await
            .into_iter()
            .for_each(|finished| crew.note(Some(finished)));
        self.take_out(app, &mut crew).await?;
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

    /// Turns events into the jobs of their subscribers, in one transaction with their removal. Gives those whose logs
    /// have something new, or `None` where there was no event.
    async fn relay(&self, app: &App, db: &mut PgConnection) -> anyhow::Result<Option<Vec<UserId>>> {
        let events = sqlx::query!(
            "delete from outbox where id in (select id from outbox order by id limit 200 for update skip locked)
             returning id, topic, payload",
        )
        .fetch_all(&mut *db)
        .await?;
        if events.is_empty() {
            return Ok(None);
        }
        let mut events = events;
        events.sort_by_key(|event| event.id);
        let (mut kinds, mut payloads, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            if let Some(concerned) = self.concerned.get(event.topic.as_str()) {
                people.extend(concerned(event.payload.clone()).unwrap_or_default());
            }
            for (kind, convert) in self.subscribers.get(event.topic.as_str()).into_iter().flatten() {
                match convert(app, event.payload.clone()) {
                    Ok(Some(payload)) => {
                        kinds.push((*kind).to_owned());
                        payloads.push(payload);
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::error!(topic = event.topic, kind, %error, "an event has no such shape");
                    }
                }
            }
        }
        if kinds.is_empty() {
            return Ok(Some(people));
        }
        sqlx::query!(
            "insert into jobs (kind, payload, run_at, created_at)
             select kind, payload, $3, $3
               from unnest($1::text[], $2::jsonb[]) with ordinality new (kind, payload, place) order by place",
            &kinds,
            &payloads,
            app.clock.now() as _,
        )
        .execute(db)
        .await?;
        Ok(Some(people))
    }

    async fn start_recurring(&self, app: &App, started: &mut Started) -> anyhow::Result<()> {
        let now = app.clock.now();
        for cron in &self.crons {
            let span = i64::try_from(cron.every.as_micros()).unwrap_or(i64::MAX).max(1);
            let slot =
                Instant::from_micros(now.as_micros() - now.as_micros().rem_euclid(span)).unwrap_or(now);
            if started.get(cron.kind).is_some_and(|at| *at >= slot) {
                continue;
            }
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
            started.insert(cron.kind, slot);
        }
        Ok(())
    }

    /// Takes out what is done, which the caller forgets after the commit, and claims at most so many due jobs.
    async fn claim(
        &self,
        db: &mut PgConnection,
        most: usize,
        crew: &Crew,
        now: Instant,
    ) -> anyhow::Result<Vec<Claimed>> {
        if most == 0 && crew.done.is_empty() {
            return Ok(Vec::new());
        }
        let kinds: Vec<String> = self.jobs.keys().map(ToString::to_string).collect();
        let jobs = sqlx::query_as!(
            Claimed,
            r#"with done as (delete from jobs where claim = any($5))
               update jobs set attempts = attempts + 1, run_at = $2, claim = nextval('job_claims')
                where id in (select id from jobs where run_at <= $1 and dead_at is null and kind = any($3)
                              order by run_at, id limit $4 for update skip locked)
            returning id, kind, payload, attempts, created_at as "created_at: Instant", claim as "claim!""#,
            now as _,
            now.plus(LEASE) as _,
            &kinds,
            i64::try_from(most).unwrap_or(i64::MAX),
            &crew.done,
        )
        .fetch_all(db)
        .await?;
        Ok(jobs)
    }

    /// Takes out what is done.
    async fn take_out(&self, app: &App, crew: &mut Crew) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        prefer_indexes(&mut tx).await?;
        self.claim(&mut tx, 0, crew, app.clock.now()).await?;
        tx.commit().await?;
        crew.done.clear();
        Ok(())
    }

    /// Runs a job; one that fails is put off.
    async fn run(&self, app: &App, job: Claimed) -> Finished {
        let finished = |is_done| Finished { claim: job.claim, is_done };
        let Some(run) = self.jobs.get(job.kind.as_str()) else { return finished(false) };
        let work = std::panic::AssertUnwindSafe(run(app.clone(), job.payload.clone())).catch_unwind();
        let outcome = match tokio::time::timeout(LONGEST, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(anyhow::anyhow!("the job panicked")),
            Err(_elapsed) => Err(anyhow::anyhow!("the job took too long")),
        };
        metrics::counter!("jobs_total", "kind" => job.kind.clone(), "ok" => outcome.is_ok().to_string())
            .increment(1);
        let Err(error) = outcome else { return finished(true) };
        if let Err(error) = failed(app, &job, &error).await {
            // Its lease will run out, and the job will run again.
            tracing::warn!(job.kind, error = format!("{error:#}"), "a job's outcome could not be kept");
        }
        finished(false)
    }
}

/// The queue is empty at one moment and has thousands of rows at the next, so what the planner believes of it is often
/// wrong, and kept: it never reads the whole table.
async fn prefer_indexes(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set local enable_seqscan = off").execute(db).await?;
    Ok(())
}

/// The jobs of a node that run, and those that have.
#[derive(Default)]
struct Crew {
    running: JoinSet<Finished>,
    /// The claims of those that run.
    held: Vec<i64>,
    /// The claims of those that are done, until the queue knows.
    done: Vec<i64>,
    heard: Option<tokio::time::Instant>,
}

#[derive(Clone, Copy)]
struct Finished {
    claim: i64,
    is_done: bool,
}

impl Crew {
    fn note(&mut self, finished: Option<Finished>) {
        // One that was aborted will run again.
        let Some(Finished { claim, is_done }) = finished else { return };
        self.held.retain(|held| *held != claim);
        if is_done {
            self.done.push(claim);
        }
    }

    /// Where more is waiting than there is room for, room is made for several before the queue is asked again.
    async fn gather(&mut self) {
        let half = async {
            while self.running.len() > CONCURRENCY / 2 {
                let Some(finished) = self.running.join_next().await else { return };
                self.note(finished.ok());
            }
        };
        // Until then, or for a moment: a long job holds up nobody. `Elapsed` is fine.
        let _waited = tokio::time::timeout(MOMENT, half).await;
    }

    /// Keeps others from what this node still runs.
    async fn say_that_it_works(&mut self, db: &mut PgConnection, now: Instant) -> sqlx::Result<()> {
        let is_fresh = self.heard.is_some_and(|heard| heard.elapsed() < HEARTBEAT);
        if self.held.is_empty() || is_fresh {
            return Ok(());
        }
        sqlx::query!("update jobs set run_at = $2 where claim = any($1)", &self.held, now.plus(LEASE) as _)
            .execute(db)
            .await?;
        self.heard = Some(tokio::time::Instant::now());
        Ok(())
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
    created_at: Instant,
    claim: i64,
}

impl Claimed {
    /// How long it may still give way; what has waited long, or is due at a time of its own, does not.
    fn patience(&self, now: Instant) -> Duration {
        Duration::try_from(self.created_at.plus(PATIENCE).since(now)).unwrap_or_default()
    }
}

async fn failed(app: &App, job: &Claimed, error: &anyhow::Error) -> sqlx::Result<()> {
    let now = app.clock.now();
    let error = format!("{error:#}");
    tracing::warn!(job.kind, job.id, job.attempts, error, "a job failed");
    let dead = (job.attempts >= MAX_ATTEMPTS).then_some(now);
    sqlx::query!(
        "update jobs set run_at = $2, last_error = $3, dead_at = $4, claim = null where claim = $1",
        job.claim,
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
