//! The SQL of what keeps a provider from leaving.

use platform::{
    ids::UserId,
    money::{Currency, Money},
    obligations::Obligation,
};
use sqlx::PgConnection;

/// Money that is not withdrawn yet, that is on its way, and that they owe.
pub(crate) async fn find(db: &mut PgConnection, provider: UserId) -> sqlx::Result<Vec<Obligation>> {
    let found = sqlx::query!(
        r#"select case purpose when 'provider_in_payout' then 'payouts_in_flight' when 'provider_owed' then 'debts'
                               else 'balances' end as "kind!",
                  currency as "currency!: Currency", count(*) as "count!", sum(balance)::bigint as "minor!"
             from ledger_balances
            where owner = $1 and balance > 0
              and purpose in ('provider_pending', 'provider_available', 'provider_in_payout', 'provider_owed')
            group by 1, 2 order by 1, 2"#,
        provider as _,
    )
    .fetch_all(db)
    .await?;
    let obligation = |kind: &str, count, amount| match kind {
        "debts" => Obligation::of_money("debts", count, amount),
        "balances" => Obligation::of_money("balances", count, amount),
        _ => Obligation::of_money("payouts_in_flight", count, amount),
    };
    Ok(found
        .into_iter()
        .map(|row| obligation(&row.kind, row.count, Money::new(row.minor, row.currency)))
        .collect())
}
