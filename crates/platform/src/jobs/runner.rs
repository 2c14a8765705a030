//! The runner of a node: claims what is due, a few at once, and sees to it that each is done or tried again.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use sqlx::PgConnection;
use tokio::task::JoinSet;

use super::{Registry, registry::Started, retry::pause};
use crate::{app::App, db, lull::lull, stream, time::Instant};

/// A runner that has said nothing for so long is taken for dead.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often a runner says that it is still at it.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// No job runs longer.
const LONGEST: Duration = Duration::from_mins(5);
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

impl Registry {
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
        let Some(kind) = self.jobs.get(job.kind.as_str()) else { return finished(false) };
        let work = std::panic::AssertUnwindSafe((kind.run)(app.clone(), job.payload.clone())).catch_unwind();
        let outcome = match tokio::time::timeout(LONGEST, work).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_panic)) => Err(anyhow::anyhow!("the job panicked")),
            Err(_elapsed) => Err(anyhow::anyhow!("the job took too long")),
        };
        metrics::counter!("jobs_total", "kind" => job.kind.clone(), "ok" => outcome.is_ok().to_string())
            .increment(1);
        let Err(error) = outcome else { return finished(true) };
        if let Err(error) = failed(app, &job, kind.max_attempts, &error).await {
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

async fn failed(app: &App, job: &Claimed, max_attempts: i16, error: &anyhow::Error) -> sqlx::Result<()> {
    let now = app.clock.now();
    let error = format!("{error:#}");
    let is_dead = job.attempts >= max_attempts;
    if is_dead {
        tracing::error!(
            job.kind,
            job.id,
            job.attempts,
            error,
            "a job was given up; see `skillbuddy jobs list`"
        );
    } else {
        tracing::warn!(job.kind, job.id, job.attempts, error, "a job failed");
    }
    let dead = is_dead.then_some(now);
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
