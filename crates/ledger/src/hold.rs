//! Holds: an amount that may move later and is not to be spent otherwise until then. A hold is posted, in whole or
//! in part, or voided, or expires; one of these, once.

use platform::{
    app::App,
    ids::{HoldId, TransactionId},
    jobs::{self, Job, Timing},
    money::Money,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    account::{Account, Side},
    post,
    posting::{LedgerError, Posting},
    store::holds as store,
};

/// How a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub enum State {
    /// The amount is held.
    Pending,
    /// It still is, though its time is over.
    Overdue,
    /// It moved, or a part of it did.
    Posted,
    /// It was let go.
    Voided,
    /// It was let go because its time was over.
    Expired,
}

/// What is done to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub enum Action {
    /// The amount moves.
    Post,
    /// It is let go.
    Void,
    /// Its time is over.
    Expire,
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Outcome {
    Posted,
    Voided,
    Expired,
}

/// What follows from an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The hold ends so.
    End(Outcome),
    /// It was done before: nothing happens.
    Done,
}

impl State {
    /// The whole life of a hold.
    pub(crate) fn after(self, action: Action) -> Result<Next, LedgerError> {
        use {Action::*, State::*};
        match (self, action) {
            (Pending, Post) => Ok(Next::End(Outcome::Posted)),
            (Pending | Overdue, Void) => Ok(Next::End(Outcome::Voided)),
            (Overdue, Expire) => Ok(Next::End(Outcome::Expired)),
            // Nothing is held any more, which is all that was asked for.
            (Voided | Expired, Void) | (Posted | Voided | Expired, Expire) | (Posted, Post) => Ok(Next::Done),
            (state, action) => Err(LedgerError::HoldOver { state, action }),
        }
    }
}

/// An amount to be held.
#[derive(Clone, Debug)]
pub struct Hold {
    pub(crate) id: HoldId,
    pub(crate) operation: String,
    pub(crate) kind: &'static str,
    pub(crate) subject: Option<Uuid>,
    pub(crate) from: Account,
    pub(crate) to: Account,
    pub(crate) money: Money,
    pub(crate) at: Instant,
    pub(crate) expires_at: Option<Instant>,
}

impl Hold {
    /// Holds `money` on `from`, to move to `to`. `operation` and `kind` are as in [`Posting::new`].
    pub fn new(
        operation: impl Into<String>,
        kind: &'static str,
        (from, to): (Account, Account),
        money: Money,
        now: Instant,
    ) -> Self {
        let (id, operation) = (HoldId::at(now), operation.into());
        Self { id, operation, kind, subject: None, from, to, money, at: now, expires_at: None }
    }

    /// What it is about: a booking, a payment.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Uuid>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Lets go by itself at a time.
    #[must_use]
    pub fn until(mut self, expires_at: Instant) -> Self {
        self.expires_at = Some(expires_at);
        self
    }
}

/// A hold as it is stored, with how it ended.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) id: HoldId,
    pub(crate) kind: String,
    pub(crate) subject: Option<Uuid>,
    pub(crate) from: Account,
    pub(crate) to: Account,
    pub(crate) money: Money,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) end: Option<(Outcome, Option<Posted>)>,
}

/// What a hold moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Posted {
    pub(crate) transaction: TransactionId,
    pub(crate) minor: i64,
}

impl Stored {
    fn state(&self, now: Instant) -> State {
        match self.end {
            Some((Outcome::Posted, _)) => State::Posted,
            Some((Outcome::Voided, _)) => State::Voided,
            Some((Outcome::Expired, _)) => State::Expired,
            None if self.expires_at.is_some_and(|expires_at| expires_at <= now) => State::Overdue,
            None => State::Pending,
        }
    }
}

/// Holds an amount. The same operation again gives the first hold, and holds nothing more.
pub async fn hold(db: &mut PgConnection, hold: &Hold) -> Result<HoldId, LedgerError> {
    let terms = hold.from.purpose().terms();
    if terms.is_shared || terms.normal_side == Side::Debit {
        return Err(LedgerError::NothingToHold(hold.from));
    }
    match hold.money.minor {
        0 => return Err(LedgerError::NothingMoves),
        ..0 => return Err(LedgerError::NegativeAmount),
        _ => {}
    }
    crate::store::open(db, hold.to, hold.money.currency).await?;
    if !store::insert(db, hold).await? {
        let earlier = store::same(db, hold).await?;
        return earlier.ok_or_else(|| LedgerError::OperationReused(hold.operation.clone()));
    }
    if hold.expires_at.is_some() {
        let timing = Timing { at: hold.expires_at, key: None };
        jobs::schedule(db, &ExpireHold { hold: hold.id }, hold.at, timing).await?;
    }
    Ok(hold.id)
}

/// Moves what was held, or a part of it; the rest is let go. The same again gives the first transaction.
pub async fn post_hold(
    db: &mut PgConnection,
    id: HoldId,
    money: Money,
    now: Instant,
) -> Result<TransactionId, LedgerError> {
    let hold = store::lock(db, id).await?;
    let state = hold.state(now);
    if let Next::Done = state.after(Action::Post)? {
        let posted = hold.end.and_then(|(_, posted)| posted);
        return match posted {
            Some(posted) if posted.minor == money.minor => Ok(posted.transaction),
            _ => Err(LedgerError::HoldOver { state, action: Action::Post }),
        };
    }
    if money.currency != hold.money.currency || money.minor > hold.money.minor {
        return Err(LedgerError::HoldExceeded);
    }
    let mut posting = Posting::new(format!("hold:{id}"), hold.kind, now).transfer(hold.from, hold.to, money);
    posting.subject = hold.subject;
    store::end(db, id, Outcome::Posted, Some(posting.id), now).await?;
    post(db, &posting).await
}

/// Lets go of what was held.
pub async fn void_hold(db: &mut PgConnection, id: HoldId, now: Instant) -> Result<(), LedgerError> {
    end(db, id, Action::Void, now).await
}

pub(crate) async fn end(
    db: &mut PgConnection,
    id: HoldId,
    action: Action,
    now: Instant,
) -> Result<(), LedgerError> {
    let hold = store::lock(db, id).await?;
    if let Next::End(outcome) = hold.state(now).after(action)? {
        store::end(db, hold.id, outcome, None, now).await?;
    }
    Ok(())
}

/// Lets go of a hold whose time is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireHold {
    hold: HoldId,
}

impl Job for ExpireHold {
    const KIND: &'static str = "ledger.expire_hold";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        end(&mut tx, self.hold, Action::Expire, app.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
