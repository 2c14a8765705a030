//! The SQL of withdrawals.

use platform::{
    ids::{UserId, WithdrawalId},
    money::Currency,
    page::{Order, Paging},
    ports::gateway::GatewayName,
};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use crate::withdrawal::Withdrawal;

/// Writes a new one.
pub(crate) async fn insert(db: &mut PgConnection, new: &Withdrawal) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into withdrawals (id, provider_id, currency, amount_minor, gateway, account, is_scheduled, state,
                created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        new.id as _,
        new.provider_id as _,
        new.currency as _,
        new.amount_minor,
        new.gateway as _,
        new.account,
        new.is_scheduled,
        new.state as _,
        new.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether one is under way.
pub(crate) async fn has_open(
    db: &mut PgConnection,
    provider: UserId,
    currency: Currency,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from withdrawals
                           where provider_id = $1 and currency = $2 and state in ('requested', 'processing')) as "yes!""#,
        provider as _,
        currency as _,
    )
    .fetch_one(db)
    .await
}

/// One, as it stands.
pub(crate) async fn find(db: &mut PgConnection, id: WithdrawalId) -> sqlx::Result<Option<Withdrawal>> {
    sqlx::query_as!(
        Withdrawal,
        "select id, provider_id, currency, amount_minor, gateway, account, is_scheduled, state, reference, failure_code,
                asked, created_at, updated_at, paid_at
           from withdrawals where id = $1",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// One, kept from others until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: WithdrawalId) -> sqlx::Result<Option<Withdrawal>> {
    sqlx::query_as!(
        Withdrawal,
        "select id, provider_id, currency, amount_minor, gateway, account, is_scheduled, state, reference, failure_code,
                asked, created_at, updated_at, paid_at
           from withdrawals where id = $1 for update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// The one that a gateway speaks of: by our id where it kept that, else by its own name.
pub(crate) async fn meant(
    db: &mut PgConnection,
    id: Option<WithdrawalId>,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<Option<WithdrawalId>> {
    sqlx::query_scalar!(
        "select id from withdrawals where gateway = $2 and (id = $1 or reference = $3) order by id = $1 desc limit 1",
        id as _,
        gateway as _,
        reference,
    )
    .fetch_optional(db)
    .await
}

/// Writes what the gateway said.
pub(crate) async fn save(db: &mut PgConnection, withdrawal: &Withdrawal) -> sqlx::Result<()> {
    sqlx::query!(
        "update withdrawals set state = $2, reference = $3, failure_code = $4, asked = $5, updated_at = $6, paid_at = $7
          where id = $1",
        withdrawal.id as _,
        withdrawal.state as _,
        withdrawal.reference,
        withdrawal.failure_code,
        withdrawal.asked,
        withdrawal.updated_at as _,
        withdrawal.paid_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    withdrawal: Withdrawal,
    total: i64,
}

/// One page of a provider's withdrawals, newest first, and the bounded count.
pub(crate) async fn list(
    db: &mut PgConnection,
    provider: UserId,
    paging: &Paging<WithdrawalId>,
) -> sqlx::Result<(Vec<Withdrawal>, i64)> {
    let direction = paging.direction(Order::Descending);
    let mut query = QueryBuilder::new(
        "select w.*, (select count(*) from (select 1 from withdrawals where provider_id = ",
    );
    query.push_bind(provider).push(" limit 1001) n) as total from withdrawals w where w.provider_id = ");
    query.push_bind(provider);
    if let Some(&id) = paging.key() {
        query.push(" and w.id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by w.id ").push(direction);
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.withdrawal).collect(), total))
}
