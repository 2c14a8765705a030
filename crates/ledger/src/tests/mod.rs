//! Each test has a database of its own, and ends with a look at the books.

mod database;
mod holds;
mod postings;
mod races;
mod random;
mod reading;
mod tampering;

use platform::{
    ids::{BookingId, HoldId, LotId, TransactionId, UserId},
    money::{Currency, Money},
    ports::gateway::GatewayName,
    testing::database,
    time::Instant,
};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::{Account, Hold, LedgerError, Posting, Report, balance, check, hold, post, post_hold, seal};

pub(crate) const EUR: Currency = Currency::EUR;
pub(crate) const GATEWAY: Account = Account::Clearing(GatewayName::Sandbox);

pub(crate) fn instant(text: &str) -> Instant {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, EUR)
}

/// Books with two people and a booking.
pub(crate) struct Books {
    pub(crate) pool: PgPool,
    pub(crate) now: Instant,
    pub(crate) ann: Account,
    pub(crate) bob: Account,
    pub(crate) escrow: Account,
}

impl Books {
    pub(crate) async fn open() -> Self {
        let now = instant("2026-03-02T09:00:00Z");
        let (user, lot) = (UserId::at(now), LotId::at(now));
        Self {
            pool: database(32).await,
            now,
            ann: Account::Credits { user, lot },
            bob: Account::ProviderPending(UserId::at(now)),
            escrow: Account::Escrow(BookingId::at(now)),
        }
    }

    pub(crate) async fn db(&self) -> PoolConnection<Postgres> {
        self.pool.acquire().await.unwrap()
    }

    pub(crate) fn posting(&self, operation: &str) -> Posting {
        Posting::new(operation, "test", self.now)
    }

    /// Moves money that nobody minds.
    pub(crate) async fn give(&self, to: Account, minor: i64) {
        let operation = format!("give {to:?} {minor}");
        let posting = self.posting(&operation).transfer(GATEWAY, to, euros(minor));
        post(&mut *self.db().await, &posting).await.unwrap();
    }

    /// What is on an account, and what of it is held, in cents.
    pub(crate) async fn has(&self, account: Account) -> (i64, i64) {
        let balance = balance(&mut *self.db().await, account, EUR).await.unwrap();
        (balance.posted.minor, balance.held.minor)
    }

    /// Posts a hold in a transaction of its own.
    pub(crate) async fn post_hold(&self, id: HoldId, money: Money) -> Result<TransactionId, LedgerError> {
        let mut tx = self.pool.begin().await.unwrap();
        let transaction = post_hold(&mut tx, id, money, self.now).await?;
        tx.commit().await.unwrap();
        Ok(transaction)
    }

    pub(crate) async fn seal(&self) -> usize {
        seal(&mut *self.db().await).await.unwrap()
    }

    pub(crate) async fn check(&self) -> Report {
        check(&self.pool, None).await.unwrap()
    }

    /// The books are right, before they are sealed and after.
    pub(crate) async fn are_right(&self) {
        let report = self.check().await;
        assert!(report.is_clean(), "{report}");
        self.seal().await;
        let report = self.check().await;
        assert!(report.is_clean(), "{report}");
    }

    /// Runs SQL by hand and gives what the database says against it.
    pub(crate) async fn by_hand(&self, sql: &str) -> Result<(), String> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await;
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// Holds an amount for a booking.
pub(crate) async fn held(
    db: &mut PgConnection,
    books: &Books,
    operation: &str,
    minor: i64,
) -> Result<HoldId, LedgerError> {
    let way = (books.ann, books.escrow);
    hold(db, &Hold::new(operation, "test", way, euros(minor), books.now)).await
}
