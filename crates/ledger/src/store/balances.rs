//! The SQL of balances and histories.

use platform::{
    ids::TransactionId,
    money::{Currency, Money},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::{
    account::{Account, Purpose, Side},
    balance::{Balance, Line},
};

/// The sums over all accounts of a purpose.
pub(crate) async fn totals(db: &mut PgConnection) -> sqlx::Result<Vec<(Purpose, Money)>> {
    let rows = sqlx::query!(
        r#"select purpose as "purpose!: Purpose", currency as "currency!: Currency", sum(balance)::bigint as "sum!"
             from ledger_balances group by purpose, currency order by purpose, currency"#
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.purpose, Money::new(row.sum, row.currency))).collect())
}

/// What is on one account.
pub(crate) async fn of_account(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Balance>> {
    let row = sqlx::query!(
        r#"select currency as "currency!", balance as "balance!", held as "held!" from ledger_balances where id = $1"#,
        id,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Balance::new(row.balance, row.held, row.currency)))
}

/// What is on the accounts of an owner.
pub(crate) async fn of_owner(
    db: &mut PgConnection,
    owner: Uuid,
    purposes: &[Purpose],
) -> sqlx::Result<Vec<(Account, Balance)>> {
    let rows = sqlx::query!(
        r#"select purpose as "purpose!", owner, part as "part!", currency as "currency!", balance as "balance!",
                  held as "held!"
             from ledger_balances where owner = $1 and purpose = any($2)
            order by purpose, part, currency"#,
        owner,
        &purposes.iter().map(|purpose| purpose.name()).collect::<Vec<_>>() as _,
    )
    .fetch_all(db)
    .await?;
    let balances = rows.into_iter().filter_map(|row| {
        let account = Account::of(row.purpose, row.owner, &row.part)?;
        Some((account, Balance::new(row.balance, row.held, row.currency)))
    });
    Ok(balances.collect())
}

#[derive(FromRow)]
struct Row {
    number: i64,
    transaction_id: TransactionId,
    kind: String,
    subject: Option<Uuid>,
    posted_at: Instant,
    amount: i64,
    balance_after: Option<i64>,
    total: i64,
}

/// One page of an account's history, newest first, and the bounded count.
pub(crate) async fn history(
    db: &mut PgConnection,
    account: Account,
    currency: Currency,
    paging: &Paging<i64>,
) -> sqlx::Result<(Vec<Line>, i64)> {
    let (id, direction) = (account.id(currency), paging.direction(Order::Descending));
    let mut query = QueryBuilder::new(
        "select e.number, e.transaction_id, t.kind, t.subject, t.posted_at, e.amount, e.balance_after,
                (select count(*) from (select 1 from ledger_entries where account_id = ",
    );
    query
        .push_bind(id)
        .push(" limit 1001) n) as total from (select * from ledger_entries where account_id = ");
    query.push_bind(id);
    if let Some(&number) = paging.key() {
        query.push(" and number ").push(paging.comparison(Order::Descending)).push(" ").push_bind(number);
    }
    query.push(" order by number ").push(direction);
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    query
        .push(") e join ledger_transactions t on t.id = e.transaction_id order by e.number ")
        .push(direction);
    let rows: Vec<Row> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let sign = if account.purpose().terms().normal_side == Side::Credit { 1 } else { -1 };
    let money = |minor| Money::new(minor, currency);
    let lines = rows.into_iter().map(|row| Line {
        number: row.number,
        transaction: row.transaction_id,
        kind: row.kind,
        subject: row.subject,
        posted_at: row.posted_at,
        amount: money(sign * row.amount),
        balance_after: row.balance_after.map(money),
    });
    Ok((lines.collect(), total))
}
