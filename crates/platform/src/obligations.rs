//! What keeps somebody from leaving: each feature knows its own, and says so by one query.

use std::{
    pin::Pin,
    sync::{PoisonError, RwLock},
};

use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    ids::UserId,
    money::{Currency, Money},
    time::Instant,
};

/// Something that has to be settled before an account can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AccountObligation)]
pub struct Obligation {
    /// `open_bookings`, `open_disputes`, `debts`, `payments_in_flight`, `refunds_in_flight`, `balances`,
    /// `payouts_in_flight`.
    pub kind: &'static str,
    /// How many there are; of balances and debts, in how many pieces.
    pub count: i64,
    /// How much it is about; `null` where it is not about an amount.
    pub amount: Option<Money>,
    /// Of the amount.
    pub currency: Option<Currency>,
}

impl Obligation {
    /// So many of a kind.
    pub fn counted(kind: &'static str, count: i64) -> Self {
        Self { kind, count, amount: None, currency: None }
    }

    /// An amount of a kind.
    pub fn of_money(kind: &'static str, count: i64, amount: Money) -> Self {
        Self { kind, count, amount: Some(amount), currency: Some(amount.currency) }
    }
}

/// What a source answers with.
pub type Found<'a> = Pin<Box<dyn Future<Output = sqlx::Result<Vec<Obligation>>> + Send + 'a>>;

/// A feature's query.
pub type Source = for<'a> fn(&'a mut PgConnection, UserId, Instant) -> Found<'a>;

/// The queries of all features.
#[derive(Debug, Default)]
pub struct Obligations(RwLock<Vec<Source>>);

impl Obligations {
    /// Adds the query of a feature.
    pub fn register(&self, source: Source) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    /// Everything that keeps somebody from leaving. It is asked when the deletion is asked for, and again before
    /// anything is erased.
    pub async fn find(
        &self,
        db: &mut PgConnection,
        user: UserId,
        now: Instant,
    ) -> sqlx::Result<Vec<Obligation>> {
        let sources = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut all = Vec::new();
        for source in sources {
            all.extend(source(db, user, now).await?);
        }
        Ok(all)
    }
}
