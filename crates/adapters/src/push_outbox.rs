//! Push notifications of an installation without a push service: kept in a table.

use async_trait::async_trait;
use platform::{
    ports::push::{Push, PushError, PushSender},
    time::Clock,
};
use sqlx::PgPool;

use crate::outbox_store::{self, Channel, Entry};

/// Keeps push notifications in the table `dev_outbox`.
pub struct OutboxPush {
    db: PgPool,
    clock: Clock,
}

impl OutboxPush {
    /// Writes into `db`.
    pub fn new(db: PgPool, clock: Clock) -> Self {
        Self { db, clock }
    }
}

#[async_trait]
impl PushSender for OutboxPush {
    async fn send(&self, push: Push) -> Result<String, PushError> {
        let data = serde_json::to_string(&push.data).map_err(anyhow::Error::from)?;
        let text = format!("{}\n{data}", push.body);
        let entry = Entry {
            channel: Channel::Push,
            recipient: &push.token,
            subject: Some(&push.title),
            text: &text,
            html: None,
        };
        outbox_store::keep(&self.db, &entry, self.clock.now()).await.map_err(anyhow::Error::from)?;
        Ok("kept".to_owned())
    }
}
