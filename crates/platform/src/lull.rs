//! Work that can wait gives way to requests.

use std::{num::NonZero, thread::available_parallelism, time::Duration};

use sqlx::PgPool;

/// How often it is looked whether requests still need the processors.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits until requests use no more connections than there are processors, so that something is left for work that
/// nobody waits for; but no longer than `patience`, so that a lasting rush holds it up and does not stop it.
pub async fn lull(requests: &PgPool, patience: Duration) {
    let processors = available_parallelism().map_or(2, NonZero::get);
    until_at_most(requests, processors, patience).await;
}

async fn until_at_most(requests: &PgPool, connections: usize, patience: Duration) {
    let is_rush = || {
        let enough = requests.num_idle() + connections;
        usize::try_from(requests.size()).is_ok_and(|open| open > enough)
    };
    let calm = async {
        while is_rush() {
            tokio::time::sleep(GLANCE).await;
        }
    };
    // Either will do.
    let _waited = tokio::time::timeout(patience, calm).await;
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use utoipa_axum::router::OpenApiRouter;

    use super::*;
    use crate::testing::TestApp;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test(flavor = "multi_thread")]
    async fn work_waits_for_a_lull_and_not_for_ever() {
        let t = TestApp::start(OpenApiRouter::new()).await;
        let db = t.app.db.clone();
        let (one, two) = (db.acquire().await.unwrap(), db.acquire().await.unwrap());
        until_at_most(&db, 2, LONG).await;

        let began = Instant::now();
        until_at_most(&db, 1, SHORT).await;
        assert!(began.elapsed() >= SHORT, "patience");

        let waiting = tokio::spawn({
            let db = db.clone();
            async move { until_at_most(&db, 1, LONG).await }
        });
        tokio::time::sleep(SHORT).await;
        assert!(!waiting.is_finished());
        drop(two);
        waiting.await.unwrap();
        drop(one);
    }
}
