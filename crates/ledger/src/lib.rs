//! The ledger: the only place where money moves. Double entry, in whole minor units, written once.
//!
//! A [`Posting`] moves money between [`Account`]s and balances by construction; [`post`] does it once for each
//! operation. A [`Hold`] keeps an amount for later. [`check()`] proves the books.
//!
//! Everything joins the caller's transaction. A transaction should post once: two postings in one transaction lock
//! accounts in two rounds, and two such transactions may wait for each other.

mod account;
mod balance;
mod chain;
mod check;
mod hold;
mod posting;
mod store;
#[cfg(test)]
mod tests;

use jiff::SignedDuration;
use platform::{ids::TransactionId, jobs::Registry};
use sqlx::PgConnection;

pub use self::{
    account::{Account, CountryCode, Purpose, Side, Terms},
    balance::{Balance, Line, balance, balances, history, totals},
    chain::{Seal, seal},
    check::{Invariant, Report, check},
    hold::{Action, Hold, State, hold, post_hold, void_hold},
    posting::{LedgerError, Posting, Transfers},
};

/// How long after it was posted a transaction is sealed at the latest, when all is well.
const SEALED_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Moves money. The same operation again gives the first transaction, and moves nothing.
pub async fn post(db: &mut PgConnection, posting: &Posting) -> Result<TransactionId, LedgerError> {
    let legs = posting.legs()?;
    if store::post(db, posting, &legs).await? {
        return Ok(posting.id);
    }
    let earlier = store::same(db, posting, &legs).await?;
    earlier.ok_or_else(|| LedgerError::OperationReused(posting.operation.clone()))
}

/// Moves money where any is to move: a job may cost nothing, and what moved forth and back at once has not moved.
pub async fn post_if_any(
    db: &mut PgConnection,
    posting: &Posting,
) -> Result<Option<TransactionId>, LedgerError> {
    match post(db, posting).await {
        Ok(id) => Ok(Some(id)),
        Err(LedgerError::NothingMoves) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The ledger's jobs.
pub fn register(registry: Registry) -> Registry {
    registry.every(SEALED_EVERY, &chain::SealPosted {}).job::<hold::ExpireHold>()
}
