//! SMS of an installation without an SMS provider: kept in a table.

use async_trait::async_trait;
use platform::{
    ports::sms::{Sms, SmsError, SmsSender},
    time::Clock,
};
use sqlx::PgPool;

use crate::outbox_store::{self, Channel, Entry};

/// Keeps SMS in the table `dev_outbox`.
pub struct OutboxSms {
    db: PgPool,
    clock: Clock,
}

impl OutboxSms {
    /// Writes into `db`.
    pub fn new(db: PgPool, clock: Clock) -> Self {
        Self { db, clock }
    }
}

#[async_trait]
impl SmsSender for OutboxSms {
    async fn send(&self, sms: Sms) -> Result<(), SmsError> {
        let entry =
            Entry { channel: Channel::Sms, recipient: &sms.to, subject: None, text: &sms.text, html: None };
        Ok(outbox_store::keep(&self.db, &entry, self.clock.now()).await.map_err(anyhow::Error::from)?)
    }
}
