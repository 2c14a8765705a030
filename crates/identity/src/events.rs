//! What others may learn of accounts.

use platform::{ids::UserId, outbox::Event};
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
