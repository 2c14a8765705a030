//! Mail of an installation without a mail server: kept in a table.

use async_trait::async_trait;
use platform::{
    ports::mailer::{Mail, MailError, Mailer},
    time::Clock,
};
use sqlx::PgPool;

use crate::outbox_store::{self, Channel, Entry};

/// Keeps mails in the table `dev_outbox`.
pub struct OutboxMailer {
    db: PgPool,
    clock: Clock,
}

impl OutboxMailer {
    /// Writes into `db`.
    pub fn new(db: PgPool, clock: Clock) -> Self {
        Self { db, clock }
    }
}

#[async_trait]
impl Mailer for OutboxMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let entry = Entry {
            channel: Channel::Mail,
            recipient: &mail.to,
            subject: Some(&mail.subject),
            text: &mail.text,
            html: Some(&mail.html),
        };
        let kept = outbox_store::keep(&self.db, &entry, self.clock.now()).await;
        Ok(kept.map_err(anyhow::Error::from)?)
    }
}
