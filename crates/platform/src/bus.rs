//! Tells every node: short signals over PostgreSQL's LISTEN/NOTIFY, sent when a transaction commits.
//!
//! A signal may be lost while a node is cut off; after that it hears [`Signal::Resync`] and forgets what it
//! remembered. So a signal may only ever say "what you know of X is old".

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool, postgres::PgListener};
use tokio::sync::broadcast;

use crate::ids::{SessionId, UserId};

const CHANNEL: &str = "skillbuddy";

/// What nodes tell each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Signal {
    /// A session has ended: its access tokens are no longer good.
    SessionEnded {
        /// Which.
        session: SessionId,
    },
    /// Something in a person's account changed that their sessions remember.
    AccountChanged {
        /// Whose.
        user: UserId,
    },
    /// The keys that sign access tokens have changed.
    KeysChanged,
    /// Something that every node keeps in memory has changed ([`crate::cache::Kept`]).
    KeptChanged,
    /// Signals may have been missed: forget everything.
    #[serde(skip)]
    Resync,
}

/// This node's end.
#[derive(Clone, Debug)]
pub struct Bus(broadcast::Sender<Signal>);

impl Default for Bus {
    fn default() -> Self {
        Self(broadcast::Sender::new(1024))
    }
}

impl Bus {
    /// Hears all signals from now on. A receiver that lags has missed some and must treat that as a resync.
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.0.subscribe()
    }

    /// Sends to every node, this one included, when the transaction commits.
    pub async fn publish(db: &mut PgConnection, signal: &Signal) -> sqlx::Result<()> {
        let text = serde_json::to_string(signal).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
        sqlx::query!("select pg_notify($1, $2)", CHANNEL, text).execute(db).await?;
        Ok(())
    }

    /// Passes the database's signals on to this node, for as long as the process lives.
    pub async fn run(self, pool: PgPool) {
        loop {
            if let Err(error) = self.listen(&pool).await {
                tracing::warn!(error = format!("{error:#}"), "the signal connection broke");
            }
            self.pass(Signal::Resync);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    async fn listen(&self, pool: &PgPool) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        self.pass(Signal::Resync);
        loop {
            match listener.try_recv().await? {
                Some(note) => match serde_json::from_str(note.payload()) {
                    Ok(signal) => self.pass(signal),
                    // A newer node may say what this one does not know.
                    Err(_unknown) => self.pass(Signal::Resync),
                },
                // The listener reconnects by itself; what was sent meanwhile is lost.
                None => self.pass(Signal::Resync),
            }
        }
    }

    fn pass(&self, signal: Signal) {
        // Nobody listens yet, or any more: then nobody remembers anything either.
        let _no_receiver = self.0.send(signal);
    }
}
