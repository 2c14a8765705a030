//! What others may learn of accounts.

use platform::{
    ids::{SessionId, UserId},
    outbox::Event,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody deleted their account: nothing of theirs should be on offer any more. For 14 days they may come back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountClosing {
    /// Who.
    pub user_id: UserId,
}

/// Somebody came back before their account was gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRestored {
    /// Who.
    pub user_id: UserId,
}

impl Event for AccountClosing {
    const TOPIC: &'static str = "identity.account_closing";
    fn subject(&self) -> Uuid {
        self.user_id.uuid()
    }
}

impl Event for AccountRestored {
    const TOPIC: &'static str = "identity.account_restored";
    fn subject(&self) -> Uuid {
        self.user_id.uuid()
    }
}

/// Sign-ins of somebody are over: what they registered belongs to nobody who is signed in any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionsEnded {
    /// Whose.
    pub user_id: UserId,
    /// Those that were alive until now.
    pub sessions: Vec<SessionId>,
    /// Whether no sign-in of the person from before is left.
    pub is_everywhere: bool,
    /// When.
    pub at: Instant,
}

impl Event for SessionsEnded {
    const TOPIC: &'static str = "identity.sessions_ended";
    fn subject(&self) -> Uuid {
        self.user_id.uuid()
    }
}
