//! A provider's purse: what they may withdraw, and what they owe us.
//!
//! Whoever owes us has nothing available: what comes in pays the debt first, what goes out is taken from what is
//! available first. All who look into a purse to decide something lock it.

use ledger::{Account, Transfers};
use platform::{
    ids::UserId,
    money::{Currency, Money},
};
use sqlx::PgConnection;

use crate::store::purse as store;

/// What is in a purse, while it is locked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purse {
    pub(crate) provider: UserId,
    pub(crate) currency: Currency,
    pub(crate) available: i64,
    pub(crate) owed: i64,
}

impl Purse {
    /// Keeps others from this purse until the transaction ends, and looks into it.
    pub(crate) async fn lock(
        db: &mut PgConnection,
        provider: UserId,
        currency: Currency,
    ) -> sqlx::Result<Self> {
        store::lock(db, provider).await?;
        let (available, owed) = store::look(db, provider, currency).await?;
        Ok(Self { provider, currency, available, owed })
    }

    /// How much of an amount that comes in pays the debt, and how much is left.
    pub(crate) fn pay_debt(&self, minor: i64) -> (i64, i64) {
        let debt = minor.min(self.owed);
        (debt, minor - debt)
    }

    /// Moves an amount from `from` into the purse.
    pub(crate) fn fill(&self, transfers: &mut Transfers, from: Account, minor: i64) {
        let (debt, rest) = self.pay_debt(minor);
        transfers.add(from, Account::ProviderOwed(self.provider), self.money(debt));
        transfers.add(from, Account::ProviderAvailable(self.provider), self.money(rest));
    }

    /// Moves an amount from the purse to `to`; what is missing is owed.
    pub(crate) fn draw(&self, transfers: &mut Transfers, to: Account, minor: i64) {
        let there = minor.min(self.available);
        transfers.add(Account::ProviderAvailable(self.provider), to, self.money(there));
        transfers.add(Account::ProviderOwed(self.provider), to, self.money(minor - there));
    }

    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}
