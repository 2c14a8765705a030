//! What is on an account, and how it came to be there.

use platform::{
    ids::TransactionId,
    money::{Currency, Money},
    page::Paging,
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    account::{Account, Purpose},
    store::balances as store,
};

/// What is on an account, in its natural sign: what a customer owns and what a gateway owes us are both positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The sum of its entries.
    pub posted: Money,
    /// How much of that is held.
    pub held: Money,
}

impl Balance {
    pub(crate) fn new(posted: i64, held: i64, currency: Currency) -> Self {
        Self { posted: Money::new(posted, currency), held: Money::new(held, currency) }
    }

    /// What may be spent.
    pub fn available(self) -> Money {
        Money::new(self.posted.minor - self.held.minor, self.posted.currency)
    }
}

/// An entry of an account, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the history.
    pub number: i64,
    /// What moved the money.
    pub transaction: TransactionId,
    /// What happened.
    pub kind: String,
    /// What it is about.
    pub subject: Option<Uuid>,
    /// When.
    pub posted_at: Instant,
    /// What came, or went if negative.
    pub amount: Money,
    /// What there was then; `None` on shared accounts, whose entries have no order among themselves.
    pub balance_after: Option<Money>,
}

/// What is on all accounts of each purpose together, in each currency.
pub async fn totals(db: &mut PgConnection) -> sqlx::Result<Vec<(Purpose, Money)>> {
    store::totals(db).await
}

/// What is on an account; nothing where it was never posted to.
pub async fn balance(db: &mut PgConnection, account: Account, currency: Currency) -> sqlx::Result<Balance> {
    let found = store::of_account(db, account.id(currency)).await?;
    Ok(found.unwrap_or_else(|| Balance::new(0, 0, currency)))
}

/// What is on all accounts of an owner for some purposes: all lots of a customer, all that a provider has. Accounts
/// that were never posted to are left out.
pub async fn balances(
    db: &mut PgConnection,
    owner: impl Into<Uuid>,
    purposes: &[Purpose],
) -> sqlx::Result<Vec<(Account, Balance)>> {
    store::of_owner(db, owner.into(), purposes).await
}

/// One page of an account's history, newest first, keyed by [`Line::number`], and how many lines there are; counting
/// stops behind 1,000.
pub async fn history(
    db: &mut PgConnection,
    account: Account,
    currency: Currency,
    paging: &Paging<i64>,
) -> sqlx::Result<(Vec<Line>, i64)> {
    store::history(db, account, currency, paging).await
}
