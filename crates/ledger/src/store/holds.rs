//! The SQL of holds.

use platform::{
    ids::{HoldId, TransactionId},
    money::Money,
    time::Instant,
};
use sqlx::PgConnection;

use super::refusal;
use crate::{
    account::{Account, Purpose},
    hold::{Hold, Outcome, Posted, Stored},
    posting::LedgerError,
};

/// Writes a hold; `false` where its operation was held before.
pub(crate) async fn insert(db: &mut PgConnection, hold: &Hold) -> Result<bool, LedgerError> {
    let inserted = sqlx::query!(
        "insert into ledger_holds
                (id, operation, kind, subject, from_account, to_account, currency, amount, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (operation) do nothing",
        hold.id as _,
        hold.operation,
        hold.kind,
        hold.subject,
        hold.from.id(hold.money.currency),
        hold.to.id(hold.money.currency),
        hold.money.currency as _,
        hold.money.minor,
        hold.at as _,
        hold.expires_at as _,
    )
    .execute(db)
    .await;
    Ok(inserted.map_err(refusal)?.rows_affected() == 1)
}

/// The hold of an operation, if it is for the same.
pub(crate) async fn same(db: &mut PgConnection, hold: &Hold) -> sqlx::Result<Option<HoldId>> {
    sqlx::query_scalar!(
        "select id from ledger_holds
          where operation = $1 and kind = $2 and subject is not distinct from $3
            and from_account = $4 and to_account = $5 and amount = $6",
        hold.operation,
        hold.kind,
        hold.subject,
        hold.from.id(hold.money.currency),
        hold.to.id(hold.money.currency),
        hold.money.minor,
    )
    .fetch_optional(db)
    .await
}

/// Keeps others from ending the hold, and gives it as it then is. Its accounts are locked with it, in the order in
/// which postings lock them.
pub(crate) async fn lock(db: &mut PgConnection, id: HoldId) -> Result<Stored, LedgerError> {
    sqlx::query!(
        "select a.id from ledger_holds h
           join ledger_accounts a on a.id in (h.from_account, h.to_account) and not a.is_shared
          where h.id = $1 order by a.id for no key update of h, a",
        id as _,
    )
    .fetch_all(&mut *db)
    .await?;
    let row = sqlx::query!(
        r#"select h.id, h.kind, h.subject, h.currency, h.amount, h.expires_at,
                  f.purpose as "from_purpose: Purpose", f.owner as from_owner, f.part as from_part,
                  t.purpose as "to_purpose: Purpose", t.owner as to_owner, t.part as to_part,
                  e.outcome as "outcome?: Outcome", e.transaction_id as "transaction_id?: TransactionId",
                  abs(p.amount) as posted
             from ledger_holds h
             join ledger_accounts f on f.id = h.from_account
             join ledger_accounts t on t.id = h.to_account
             left join ledger_hold_ends e on e.hold_id = h.id
             left join ledger_entries p on p.transaction_id = e.transaction_id and p.account_id = h.from_account
            where h.id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await?
    .ok_or(LedgerError::HoldNotFound)?;
    let posted = row.transaction_id.zip(row.posted).map(|(transaction, minor)| Posted { transaction, minor });
    let unknown = || sqlx::Error::Decode("an account that is none of ours".into());
    Ok(Stored {
        id: row.id,
        kind: row.kind,
        subject: row.subject,
        from: Account::of(row.from_purpose, row.from_owner, &row.from_part).ok_or_else(unknown)?,
        to: Account::of(row.to_purpose, row.to_owner, &row.to_part).ok_or_else(unknown)?,
        money: Money::new(row.amount, row.currency),
        expires_at: row.expires_at,
        end: row.outcome.map(|outcome| (outcome, posted)),
    })
}

/// Ends a hold; what it held is free again.
pub(crate) async fn end(
    db: &mut PgConnection,
    id: HoldId,
    outcome: Outcome,
    transaction: Option<TransactionId>,
    at: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into ledger_hold_ends (hold_id, outcome, transaction_id, ended_at) values ($1, $2, $3, $4)",
        id as _,
        outcome as _,
        transaction as _,
        at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
