//! What others may learn of payouts. Fields are only ever added.

use platform::{
    ids::{UserId, WithdrawalId},
    money::Currency,
    outbox::Event,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    account::Account,
    withdrawal::{State, Withdrawal},
};

/// The gateway has said something new of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalChanged {
    /// Which.
    pub withdrawal_id: WithdrawalId,
    /// Whose.
    pub provider_id: UserId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// Of which currency.
    pub currency: Currency,
    /// How it stands now.
    pub state: State,
    /// Why it failed.
    pub failure_code: Option<String>,
}

/// A provider is to be paid somewhere else, or the gateway says something new of where. Whoever hears this tells the
/// provider: somebody else may have done it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutAccountChanged {
    /// Whose.
    pub provider_id: UserId,
    /// Whether it can be paid: `pending`, `active`, `restricted`, `rejected`.
    pub status: String,
    /// Grows with every change.
    pub version: i32,
}

impl WithdrawalChanged {
    pub(crate) fn of(withdrawal: &Withdrawal) -> Self {
        Self {
            withdrawal_id: withdrawal.id,
            provider_id: withdrawal.provider_id,
            amount_minor: withdrawal.amount_minor,
            currency: withdrawal.currency,
            state: withdrawal.state,
            failure_code: withdrawal.failure_code.clone(),
        }
    }
}

impl PayoutAccountChanged {
    pub(crate) fn of(account: &Account) -> Self {
        let status = <&str>::from(account.status).to_owned();
        Self { provider_id: account.provider_id, status, version: account.version }
    }
}

impl Event for WithdrawalChanged {
    const TOPIC: &'static str = "payouts.withdrawal_changed";
    fn subject(&self) -> Uuid {
        self.withdrawal_id.uuid()
    }
}

impl Event for PayoutAccountChanged {
    const TOPIC: &'static str = "payouts.account_changed";
    fn subject(&self) -> Uuid {
        self.provider_id.uuid()
    }
}
