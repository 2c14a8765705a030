//! Events that leave a feature. They are written in the transaction that made them true; the relay turns
//! each into one job per subscriber, so an event is never lost and never early.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::time::Instant;

/// Something that happened, for others to hear. Fields are only ever added.
pub trait Event: Serialize + DeserializeOwned + Send + Sync {
    /// `<feature>.<what happened>`; the name is a contract with the subscribers.
    const TOPIC: &'static str;
    /// What it happened to.
    fn subject(&self) -> Uuid;
}

/// Writes the event into the transaction.
pub async fn emit<E: Event>(db: &mut PgConnection, event: &E, now: Instant) -> sqlx::Result<()> {
    let payload = serde_json::to_value(event).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
    sqlx::query!(
        "insert into outbox (topic, subject, payload, created_at) values ($1, $2, $3, $4)",
        E::TOPIC,
        event.subject(),
        payload,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
