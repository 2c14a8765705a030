//! The SQL of the invariants: each statement gives the rows that break one, in words, a hundred at most.

use platform::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

type Broken = sqlx::Result<Vec<String>>;

/// I1, for each transaction.
pub(crate) async fn transactions_out_of_balance(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('transaction %s is off by %s %s', transaction_id, sum(amount), currency) as "broken!"
             from ledger_entries group by transaction_id, currency having sum(amount) <> 0 limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I1, for everything together.
pub(crate) async fn currencies_out_of_balance(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s: debits %s, credits %s', currency, -sum(amount) filter (where amount < 0),
                         sum(amount) filter (where amount > 0)) as "broken!"
             from ledger_entries group by currency having sum(amount) <> 0 limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Entries and transactions that lack each other.
pub(crate) async fn loose_ends(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"(select format('transaction %s has no entries', t.id) as "broken!" from ledger_transactions t
             where not exists (select from ledger_entries e where e.transaction_id = t.id) limit 100)
           union all
           (select format('entry %s of account %s has no transaction', e.number, e.account_id) from ledger_entries e
             where not exists (select from ledger_transactions t where t.id = e.transaction_id) limit 100)
           union all
           (select format('entry %s has no account %s in %s', e.number, e.account_id, e.currency) from ledger_entries e
             where not exists (select from ledger_accounts a where a.id = e.account_id and a.currency = e.currency)
             limit 100)"#
    )
    .fetch_all(db)
    .await
}

/// I2.
pub(crate) async fn overdrawn(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s %s %s: %s %s, of which %s held', purpose, owner, part, balance, currency, held) as "broken!"
             from ledger_accounts where not may_be_negative and balance < held or held < 0 limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I12.
pub(crate) async fn balances_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s %s %s: %s %s by %s entries, but their sum is %s by %s', a.purpose, a.owner, a.part,
                         a.balance, a.currency, a.entries, coalesce(e.sum, 0), coalesce(e.count, 0)) as "broken!"
             from ledger_accounts a
             left join (
                 select a.id, count(*), sum(case a.normal_side when 'credit' then e.amount else -e.amount end)
                   from ledger_entries e
                   join ledger_accounts a on a.id = e.account_id
                  where not (a.is_shared and e.transaction_id in (select transaction_id from ledger_unsealed))
                  group by a.id
             ) e on e.id = a.id
            where a.balance <> coalesce(e.sum, 0) or a.entries <> coalesce(e.count, 0)
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Histories whose lines do not follow from each other.
pub(crate) async fn histories_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('entry %s of %s %s %s: %s after %s and %s', number, purpose, owner, part, balance_after,
                         before, change) as "broken!"
             from (
                 select a.purpose, a.owner, a.part, e.number, e.balance_after,
                        row_number() over w as expected,
                        case a.normal_side when 'credit' then e.amount else -e.amount end as change,
                        coalesce(lag(e.balance_after) over w, 0) as before
                   from ledger_entries e
                   join ledger_accounts a on a.id = e.account_id
                  where not a.is_shared
                 window w as (partition by e.account_id order by e.number)
             ) line
            where number <> expected or balance_after is distinct from before + change
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Holds that do not add up to what their account has held, or were posted for more.
pub(crate) async fn holds_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"(select format('%s %s %s has %s held, but its open holds are for %s', a.purpose, a.owner, a.part, a.held,
                          coalesce(h.sum, 0)) as "broken!"
              from ledger_accounts a
              full join (
                  select h.from_account, sum(h.amount) from ledger_holds h
                   where not exists (select from ledger_hold_ends e where e.hold_id = h.id)
                   group by h.from_account
              ) h on h.from_account = a.id
             where coalesce(a.held, 0) <> coalesce(h.sum, 0)
             limit 100)
           union all
           (select format('hold %s of %s %s moved %s', h.id, h.amount, h.currency, coalesce(-p.amount, 0))
              from ledger_hold_ends e
              join ledger_holds h on h.id = e.hold_id
              left join ledger_entries p on p.transaction_id = e.transaction_id and p.account_id = h.from_account
             where e.outcome = 'posted' and (p.amount is null or -p.amount not between 1 and h.amount)
             limit 100)"#
    )
    .fetch_all(db)
    .await
}

/// Transactions that are neither sealed nor waiting to be, or both; seals of nothing.
pub(crate) async fn outside_the_chain(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"(select format('transaction %s is outside the chain', t.id) as "broken!" from ledger_transactions t
              left join ledger_seals s on s.transaction_id = t.id
              left join ledger_unsealed u on u.transaction_id = t.id
             where (s.position is null) = (u.transaction_id is null)
             limit 100)
           union all
           (select format('transaction %s waits to be sealed, but is not there', u.transaction_id) from ledger_unsealed u
             where not exists (select from ledger_transactions t where t.id = u.transaction_id)
             limit 100)"#
    )
    .fetch_all(db)
    .await
}

/// An account as it is stored.
pub(crate) struct AccountRow {
    pub(crate) id: Uuid,
    pub(crate) purpose: String,
    pub(crate) owner: Option<Uuid>,
    pub(crate) part: String,
    pub(crate) currency: Currency,
    pub(crate) normal_side: String,
    pub(crate) may_be_negative: bool,
    pub(crate) is_shared: bool,
}

/// Some accounts, in the order of their ids.
pub(crate) async fn accounts_after(
    db: &mut PgConnection,
    id: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<AccountRow>> {
    sqlx::query_as!(
        AccountRow,
        "select id, purpose, owner, part, currency, normal_side, may_be_negative, is_shared
           from ledger_accounts where id > $1 order by id limit $2",
        id,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Lets the checks take their time, and sees one state of the books throughout.
pub(crate) async fn look_at_one_moment(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("set transaction isolation level repeatable read, read only").execute(&mut *db).await?;
    sqlx::query!("set local statement_timeout = 0").execute(db).await?;
    Ok(())
}
