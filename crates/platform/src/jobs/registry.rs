//! Which jobs there are, and what becomes one: events that somebody hears, and times that come again.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use futures_util::FutureExt as _;
use jiff::SignedDuration;
use sqlx::PgConnection;

use super::{Job, Timing, insert};
use crate::{app::App, ids::UserId, outbox::Event, time::Instant};

type Run = Arc<
    dyn Fn(App, serde_json::Value) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + Send + Sync,
>;
type Concerned = Box<dyn Fn(serde_json::Value) -> anyhow::Result<Vec<UserId>> + Send + Sync>;
type FromEvent =
    Box<dyn Fn(&App, serde_json::Value) -> anyhow::Result<Option<serde_json::Value>> + Send + Sync>;

/// What is known of a kind of job.
pub(super) struct JobKind {
    pub(super) run: Run,
    pub(super) max_attempts: i16,
}

struct Cron {
    kind: &'static str,
    every: SignedDuration,
    payload: serde_json::Value,
}

/// All jobs, who hears which event, and what recurs: the one list, made in `app/src/wiring.rs`.
#[derive(Default)]
pub struct Registry {
    pub(super) jobs: HashMap<&'static str, JobKind>,
    subscribers: HashMap<&'static str, Vec<(&'static str, FromEvent)>>,
    concerned: HashMap<&'static str, Concerned>,
    crons: Vec<Cron>,
}

/// The spans in which recurring jobs were put into the queue, by this node or another: nobody asks twice.
pub(super) type Started = HashMap<&'static str, Instant>;
impl Registry {
    /// Makes a kind of job known.
    #[must_use]
    pub fn job<J: Job>(mut self) -> Self {
        let run: Run = Arc::new(|app, payload| {
            async move { serde_json::from_value::<J>(payload)?.run(&app).await }.boxed()
        });
        self.jobs.insert(J::KIND, JobKind { run, max_attempts: J::MAX_ATTEMPTS });
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

    /// Turns events into the jobs of their subscribers, in one transaction with their removal. Gives those whose logs
    /// have something new, or `None` where there was no event.
    pub(super) async fn relay(
        &self,
        app: &App,
        db: &mut PgConnection,
    ) -> anyhow::Result<Option<Vec<UserId>>> {
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

    /// Puts what recurs into the queue, once in every span.
    pub(super) async fn start_recurring(&self, app: &App, started: &mut Started) -> anyhow::Result<()> {
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
}
