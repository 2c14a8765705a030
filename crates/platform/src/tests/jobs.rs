//! Work for later: run once or again, by events, by keys, by time.

use super::*;
use crate::jobs::{self, Job, Timing};

#[derive(Serialize, Deserialize)]
struct Count {
    failures: i16,
}

impl Job for Count {
    const KIND: &'static str = "tests.count";
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let attempts = sqlx::query_scalar!("select attempts from jobs where kind = 'tests.count'")
            .fetch_one(&app.db)
            .await?;
        assert!(attempts > self.failures, "not yet");
        sqlx::query!(
            "insert into outbox (topic, subject, payload, created_at) values ('counted', $1, '1', now())",
            Uuid::nil()
        )
        .execute(&app.db)
        .await?;
        Ok(())
    }
}

impl From<NoteWritten> for Count {
    fn from(_: NoteWritten) -> Self {
        Self { failures: 0 }
    }
}

async fn with_jobs(registry: Registry) -> TestApp {
    TestApp::with(router(), registry, Arc::new(TokenIsUserId), &[]).await
}

async fn jobs_left(t: &TestApp) -> Vec<(i16, bool)> {
    let rows = sqlx::query!(r#"select attempts, dead_at is not null as "dead!" from jobs"#)
        .fetch_all(&t.app.db)
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.attempts, row.dead)).collect()
}

#[tokio::test]
async fn an_event_becomes_a_job_of_each_subscriber() {
    let t = with_jobs(Registry::default().on::<NoteWritten, Count>()).await;
    t.user("Ann").await.post("/notes/", json!({"text": "hello"})).await.expect(201);
    t.run_jobs().await;
    // The note's event was relayed and its job ran; the job's own event has no subscriber and is gone too.
    assert_eq!((events(&t).await, jobs_left(&t).await), (0, vec![]));
}

#[tokio::test]
async fn a_job_that_fails_or_panics_is_tried_again_and_given_up_in_the_end() {
    let t = with_jobs(Registry::default().job::<Count>()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    jobs::enqueue(&mut db, &Count { failures: 2 }, t.now()).await.unwrap();
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, [(1, false)]);
    t.advance(SignedDuration::from_mins(1));
    t.run_jobs().await;
    t.advance(SignedDuration::from_mins(1));
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, []);

    jobs::enqueue(&mut db, &Count { failures: 99 }, t.now()).await.unwrap();
    for _ in 0..12 {
        t.advance(SignedDuration::from_hours(2));
        t.run_jobs().await;
    }
    assert_eq!(jobs_left(&t).await, [(10, true)]);
}

#[tokio::test]
async fn a_job_with_a_key_replaces_the_one_that_waits_and_can_be_taken_back() {
    let t = with_jobs(Registry::default().job::<Count>()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    let at = |hours| Timing {
        at: Some(t.now().plus(SignedDuration::from_hours(hours))),
        key: Some("reminder".to_owned()),
    };
    jobs::schedule(&mut db, &Count { failures: 0 }, t.now(), at(1)).await.unwrap();
    jobs::schedule(&mut db, &Count { failures: 0 }, t.now(), at(3)).await.unwrap();
    t.advance(SignedDuration::from_hours(2));
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, [(0, false)]);
    jobs::cancel(&mut db, "reminder").await.unwrap();
    assert_eq!(jobs_left(&t).await, []);
}

#[tokio::test]
async fn what_recurs_is_started_once_in_its_span() {
    let t = with_jobs(Registry::default().every(SignedDuration::from_hours(1), &Count { failures: 0 })).await;
    for _ in 0..3 {
        t.run_jobs().await;
    }
    let runs = || async {
        sqlx::query_scalar!("select count(*) from cron_runs").fetch_one(&t.app.db).await.unwrap()
    };
    assert_eq!((runs().await, jobs_left(&t).await), (Some(1), vec![]));
}

static MAY_END: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);

#[derive(Serialize, Deserialize)]
struct Long {}

impl Job for Long {
    const KIND: &'static str = "tests.long";
    async fn run(self, _app: &App) -> anyhow::Result<()> {
        MAY_END.acquire().await?.forget();
        Ok(())
    }
}

#[tokio::test]
async fn a_long_job_holds_up_nobody() {
    let t = with_jobs(Registry::default()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    crate::jobs::enqueue(&mut db, &Long {}, t.now()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let registry = Registry::default().job::<Long>().job::<Count>();
    let work = tokio::spawn(registry.work(t.app.clone(), async { stopped.await.unwrap_or_default() }));
    let attempts = async || jobs_left(&t).await.first().map(|(attempts, _dead)| *attempts);
    while attempts().await != Some(1) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    crate::jobs::enqueue(&mut db, &Count { failures: 0 }, t.now()).await.unwrap();
    t.app.jobs_waiting.notify_one();
    while jobs_left(&t).await.len() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // A stop waits for it.
    stop.send(()).unwrap();
    MAY_END.add_permits(1);
    work.await.unwrap();
    assert_eq!(jobs_left(&t).await, []);
}

#[tokio::test]
async fn a_stop_that_comes_while_jobs_run_is_heard() {
    let t = with_jobs(Registry::default()).await;
    let registry = Registry::default().every(SignedDuration::from_hours(1), &Count { failures: 0 });
    let work = registry.work(t.app.clone(), std::future::ready(()));
    tokio::time::timeout(std::time::Duration::from_secs(30), work).await.expect("the work ends");
}
