//! What runs from time to time: popularity, and learning words.

use jiff::SignedDuration;
use platform::{
    app::App,
    jobs::{Job, Registry},
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::store;

/// Adds this feature's recurring jobs.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    registry
        .every(SignedDuration::from_hours(1), &RefreshPopularity {})
        .every(SignedDuration::from_secs(10), &LearnWords {})
}

/// Recomputes what is popular.
#[derive(Debug, Serialize, Deserialize)]
pub struct RefreshPopularity {}

impl Job for RefreshPopularity {
    const KIND: &'static str = "discovery.refresh_popularity";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        store::take_time(&mut tx).await?;
        store::reckon_popularity(&mut tx, app.clock.now()).await?;
        tx.commit().await?;
        // A few at a time: whoever edits one of these services waits for no more than that.
        let (mut changed, mut moved) = (0, 0);
        loop {
            let mut db = app.db.acquire().await?;
            let some = store::write_popularity(&mut db).await?;
            changed += some;
            if some == 0 {
                break;
            }
        }
        loop {
            let mut tx = app.db.begin().await?;
            store::take_time(&mut tx).await?;
            let some = store::assign_tiers(&mut tx).await?;
            tx.commit().await?;
            moved += some;
            if some == 0 {
                break;
            }
        }
        tracing::info!(changed, moved, "popularity is up to date");
        Ok(())
    }
}

/// Takes the words of new services into the vocabulary that typos are compared with.
#[derive(Debug, Serialize, Deserialize)]
pub struct LearnWords {}

impl Job for LearnWords {
    const KIND: &'static str = "discovery.learn_words";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        loop {
            let mut tx = app.db.begin().await?;
            let learned = store::learn_words(&mut tx).await?;
            tx.commit().await?;
            if learned == 0 {
                return Ok(());
            }
        }
    }
}

/// Makes all search documents anew, as after a load that passed the triggers by.
pub async fn rebuild(db: &PgPool) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    store::take_time(&mut tx).await?;
    store::rebuild(&mut tx).await?;
    tx.commit().await?;
    store::vacuum(db).await?;
    Ok(())
}
