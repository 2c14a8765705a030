//! The SQL of the chain.

use std::{collections::HashMap, fmt::Write as _};

use platform::ids::TransactionId;
use sqlx::PgConnection;

use crate::chain::Seal;

/// Lets one node seal at a time, until its transaction ends.
pub(crate) async fn take_turns(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('ledger.seal')) as \"locked: ()\"")
        .fetch_one(db)
        .await?;
    Ok(())
}

/// The last seal, if there is one.
pub(crate) async fn head(db: &mut PgConnection) -> sqlx::Result<Option<Seal>> {
    sqlx::query_as!(
        Seal,
        "select position, transaction_id, hash from ledger_seals order by position desc limit 1"
    )
    .fetch_optional(db)
    .await
}

/// Some of the transactions that are not sealed yet, oldest first.
pub(crate) async fn unsealed(db: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<TransactionId>> {
    sqlx::query_scalar!("select transaction_id from ledger_unsealed order by transaction_id limit $1", limit)
        .fetch_all(db)
        .await
}

/// The seals behind a position, in order.
pub(crate) async fn seals_after(db: &mut PgConnection, position: i64, limit: i64) -> sqlx::Result<Vec<Seal>> {
    sqlx::query_as!(
        Seal,
        "select position, transaction_id, hash from ledger_seals where position > $1 order by position limit $2",
        position,
        limit,
    )
    .fetch_all(db)
    .await
}

/// What each transaction says, word for word; this is what is hashed, so it never changes.
pub(crate) async fn transcripts(
    db: &mut PgConnection,
    ids: &[TransactionId],
) -> sqlx::Result<HashMap<TransactionId, String>> {
    let rows = sqlx::query!(
        r#"select t.id, t.operation, t.kind, t.subject, t.posted_at, e.account_id as "account_id?",
                  e.number as "number?", e.currency as "currency?: String", e.amount as "amount?", e.balance_after
             from ledger_transactions t
             left join ledger_entries e on e.transaction_id = t.id
            where t.id = any($1)
            order by t.id, e.account_id, e.number"#,
        ids as _,
    )
    .fetch_all(db)
    .await?;
    let mut transcripts = HashMap::new();
    for row in rows {
        let transcript = transcripts.entry(row.id).or_insert_with(|| {
            let subject = row.subject.map(|subject| subject.to_string()).unwrap_or_default();
            let at = row.posted_at.as_micros();
            format!("{}\n{:?}\n{:?}\n{subject}\n{at}\n", row.id, row.operation, row.kind)
        });
        if let (Some(account), Some(number), Some(currency), Some(amount)) =
            (row.account_id, row.number, row.currency, row.amount)
        {
            let after = row.balance_after.map(|balance| balance.to_string()).unwrap_or_default();
            let _infallible = writeln!(transcript, "{account} {number} {amount} {currency} {after}");
        }
    }
    Ok(transcripts)
}

/// Adds seals to the chain, takes their transactions from the queue and carries the balances of shared accounts forward.
pub(crate) async fn append(db: &mut PgConnection, seals: &[Seal]) -> sqlx::Result<()> {
    let transactions: Vec<_> = seals.iter().map(|seal| seal.transaction_id).collect();
    sqlx::query!(
        "with sealed as (
             insert into ledger_seals (position, transaction_id, hash) select * from unnest($1::bigint[], $2::uuid[], $3::bytea[])
         ), taken as (
             delete from ledger_unsealed where transaction_id = any($2)
         )
         update ledger_accounts a
            set balance = a.balance + case a.normal_side when 'credit' then e.amount else -e.amount end,
                entries = a.entries + e.count
           from (select account_id, sum(amount)::bigint as amount, count(*) as count from ledger_entries
                  where transaction_id = any($2) group by account_id) e
          where a.id = e.account_id and a.is_shared",
        &seals.iter().map(|seal| seal.position).collect::<Vec<_>>(),
        &transactions as _,
        &seals.iter().map(|seal| seal.hash.clone()).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}
