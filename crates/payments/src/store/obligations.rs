//! The SQL of what keeps somebody who pays or is paid from leaving.

use platform::{
    ids::UserId,
    money::{Currency, Money},
    obligations::Obligation,
};
use sqlx::PgConnection;

/// Disputes at a bank, payments and refunds that are under way, and what is not paid of jobs that are done.
pub(crate) async fn find(db: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Obligation>> {
    let found = sqlx::query!(
        r#"with mine as (
               select p.id, p.user_id, p.currency, p.amount_minor, p.captured_minor, p.state, p.is_tip, p.booking_id
                 from payments p where p.user_id = $1
           )
           select 'open_disputes' as "kind!", d_p.currency as "currency!: Currency", count(*) as "count!",
                  sum(d.amount_minor)::bigint as "minor!"
             from payment_disputes d
             join payments d_p on d_p.id = d.payment_id
             left join bookings b on b.id = d_p.booking_id
            where d.state = 'open' and (d_p.user_id = $1 or b.provider_id = $1)
            group by 2
           union all
           select 'refunds_in_flight', m.currency, count(*), sum(r.amount_minor)::bigint
             from mine m
             join refunds r on r.payment_id = m.id
            where r.state in ('processing', 'failed')
            group by 2
           union all
           select 'payments_in_flight', m.currency, count(*), sum(o.amount_minor)::bigint
             from mine m
             join payment_operations o on o.payment_id = m.id
            where o.task in ('charge', 'capture') and o.state = 'started'
            group by 2
           union all
           -- What is owed, and parts of what was done that are not due yet.
           select 'debts', o.currency, count(*), sum(o.minor)::bigint
             from (select m.currency, m.amount_minor - m.captured_minor as minor
                     from mine m
                     join bookings b on b.id = m.booking_id
                    where not m.is_tip and m.captured_minor < m.amount_minor and b.state in ('completed', 'disputed')
                      and m.state = 'scheduled'
                   union all
                   select d.currency, d.amount_minor
                     from payment_debts d
                     join payments p on p.id = d.payment_id
                     join bookings b on b.id = d.booking_id
                    where d.user_id = $1 and d.amount_minor > 0
                      and not (p.state = 'scheduled' and b.state in ('completed', 'disputed'))) o
            group by 2
            order by 1, 2"#,
        user as _,
    )
    .fetch_all(db)
    .await?;
    let kind = |word: &str| match word {
        "open_disputes" => "open_disputes",
        "refunds_in_flight" => "refunds_in_flight",
        "payments_in_flight" => "payments_in_flight",
        _ => "debts",
    };
    Ok(found
        .into_iter()
        .map(|row| Obligation::of_money(kind(&row.kind), row.count, Money::new(row.minor, row.currency)))
        .collect())
}
