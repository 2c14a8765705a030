//! The SQL of the ledger.

pub(crate) mod balances;
pub(crate) mod chain;
pub(crate) mod checks;
pub(crate) mod holds;

use std::collections::BTreeMap;

use platform::{ids::TransactionId, money::Currency};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    account::Account,
    posting::{LedgerError, Leg, Posting},
};

/// Posts in one round trip; `false` where the operation was posted before.
pub(crate) async fn post(
    db: &mut PgConnection,
    posting: &Posting,
    legs: &BTreeMap<Uuid, Leg>,
) -> Result<bool, LedgerError> {
    let column = Columns { legs };
    let posted = sqlx::query_scalar!(
        r#"select ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) as "posted!""#,
        posting.id as _,
        posting.operation,
        posting.kind,
        posting.subject,
        posting.at as _,
        &legs.keys().copied().collect::<Vec<_>>(),
        &column.of(|leg| leg.account.purpose().name()) as _,
        &column.of(|leg| leg.account.owner()) as _,
        &column.of(|leg| leg.account.part()),
        &column.of(|leg| leg.currency.code()) as _,
        &column.of(|leg| leg.account.purpose().terms().normal_side) as _,
        &column.of(|leg| leg.account.purpose().terms().may_be_negative),
        &column.of(|leg| leg.account.purpose().terms().is_shared),
        &column.of(|leg| leg.amount),
    )
    .fetch_one(db)
    .await;
    posted.map_err(refusal)
}

/// The legs of a posting, one array for each thing that is told about them.
struct Columns<'a> {
    legs: &'a BTreeMap<Uuid, Leg>,
}

impl Columns<'_> {
    fn of<T>(&self, value: impl Fn(&Leg) -> T) -> Vec<T> {
        self.legs.values().map(value).collect()
    }
}

/// What the database refuses because there is not enough.
pub(crate) fn refusal(error: sqlx::Error) -> LedgerError {
    let constraint = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    match constraint {
        Some("ledger_accounts_funds") => LedgerError::InsufficientFunds,
        _ => error.into(),
    }
}

/// The transaction of an operation, if it is about the same and does the same.
pub(crate) async fn same(
    db: &mut PgConnection,
    posting: &Posting,
    legs: &BTreeMap<Uuid, Leg>,
) -> sqlx::Result<Option<TransactionId>> {
    sqlx::query_scalar!(
        "select t.id from ledger_transactions t
          where t.operation = $1 and t.kind = $2 and t.subject is not distinct from $3
            and (select array_agg((e.account_id, e.amount) order by e.account_id) from ledger_entries e
                  where e.transaction_id = t.id)
              = (select array_agg((leg.id, leg.amount) order by leg.id)
                   from unnest($4::uuid[], $5::bigint[]) leg (id, amount))",
        posting.operation,
        posting.kind,
        posting.subject,
        &legs.keys().copied().collect::<Vec<_>>(),
        &legs.values().map(|leg| leg.amount).collect::<Vec<_>>(),
    )
    .fetch_optional(db)
    .await
}

/// Makes sure that there is an account.
pub(crate) async fn open(db: &mut PgConnection, account: Account, currency: Currency) -> sqlx::Result<()> {
    let terms = account.purpose().terms();
    sqlx::query!(
        "insert into ledger_accounts (id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing",
        account.id(currency),
        account.purpose() as _,
        account.owner(),
        account.part(),
        currency as _,
        terms.normal_side as _,
        terms.may_be_negative,
        terms.is_shared,
    )
    .execute(db)
    .await?;
    Ok(())
}
