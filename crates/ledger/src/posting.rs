//! A posting: what is to move, balanced because each transfer takes from one account what it gives to another.

use std::collections::BTreeMap;

use platform::{
    error::{ApiError, Kind},
    ids::TransactionId,
    money::{Currency, Money},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    account::Account,
    hold::{Action, State},
};

/// Money that moves in one transaction.
#[derive(Clone, Debug)]
pub struct Posting {
    pub(crate) id: TransactionId,
    pub(crate) operation: String,
    pub(crate) kind: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) at: Instant,
    transfers: Transfers,
}

/// Money that is to move: gathered by everybody who takes part in a transaction, and posted once by the one whose
/// transaction it is.
#[derive(Clone, Debug, Default)]
pub struct Transfers(Vec<Transfer>);

#[derive(Clone, Copy, Debug)]
struct Transfer {
    from: Account,
    to: Account,
    money: Money,
}

impl Transfers {
    /// Moves money; nothing where the amount is zero.
    pub fn add(&mut self, from: Account, to: Account, money: Money) {
        self.0.push(Transfer { from, to, money });
    }
}

/// What a posting does to one account: credits are positive, debits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) account: Account,
    pub(crate) currency: Currency,
    pub(crate) amount: i64,
}

impl Posting {
    /// `operation` names what is done, whoever does it and however often (`booking:<id>:capture`): it is posted
    /// once. `kind` is a word for what happened (`booking_captured`).
    pub fn new(operation: impl Into<String>, kind: impl Into<String>, now: Instant) -> Self {
        let (operation, kind) = (operation.into(), kind.into());
        Self {
            id: TransactionId::at(now),
            operation,
            kind,
            subject: None,
            at: now,
            transfers: Transfers::default(),
        }
    }

    /// What it is about: a booking, a payment.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Uuid>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Moves money; nothing where the amount is zero.
    #[must_use]
    pub fn transfer(mut self, from: Account, to: Account, money: Money) -> Self {
        self.transfers.add(from, to, money);
        self
    }

    /// Moves everything that was gathered.
    #[must_use]
    pub fn transfers(mut self, mut gathered: Transfers) -> Self {
        self.transfers.0.append(&mut gathered.0);
        self
    }

    /// One leg for each account that gains or loses, in the order of their ids, in which they are locked.
    pub(crate) fn legs(&self) -> Result<BTreeMap<Uuid, Leg>, LedgerError> {
        let mut legs = BTreeMap::new();
        for Transfer { from, to, money } in &self.transfers.0 {
            if money.minor < 0 {
                return Err(LedgerError::NegativeAmount);
            }
            for (account, amount) in [(*from, -money.minor), (*to, money.minor)] {
                let leg = Leg { account, currency: money.currency, amount: 0 };
                let leg = legs.entry(account.id(money.currency)).or_insert(leg);
                leg.amount = leg.amount.checked_add(amount).ok_or(LedgerError::OutOfRange)?;
            }
        }
        legs.retain(|_, leg| leg.amount != 0);
        if legs.is_empty() { Err(LedgerError::NothingMoves) } else { Ok(legs) }
    }
}

/// Why the ledger refused. Like any error of the database, a refusal leaves the caller's transaction of no use.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The account has less than that, or has it held for something else.
    #[error("there is not enough on the account")]
    InsufficientFunds,
    /// An operation is done once; this one was another.
    #[error("operation {0} was posted before, with other content")]
    OperationReused(String),
    /// Money moves from one account to another, not back.
    #[error("an amount is negative")]
    NegativeAmount,
    /// Nothing but zeros.
    #[error("nothing moves")]
    NothingMoves,
    /// More than the ledger can count.
    #[error("an amount is out of range")]
    OutOfRange,
    /// Only what belongs to somebody can be held.
    #[error("{0:?} has nothing that could be held")]
    NothingToHold(Account),
    /// No such hold.
    #[error("there is no such hold")]
    HoldNotFound,
    /// The hold has come to another end.
    #[error("{action:?} is not possible for a hold that is {state:?}")]
    HoldOver {
        /// How it is.
        state: State,
        /// What was tried.
        action: Action,
    },
    /// A hold is posted up to its amount.
    #[error("the hold is for less, or for another currency")]
    HoldExceeded,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What a client can do something about is said; all else is a mistake of ours.
impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::InsufficientFunds => Self::new(Kind::Conflict, "balance_too_low"),
            LedgerError::HoldOver { .. } => Self::new(Kind::Conflict, "hold_over"),
            LedgerError::Database(error) => error.into(),
            mistake => anyhow::Error::from(mistake).into(),
        }
    }
}
