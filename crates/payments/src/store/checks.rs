//! The SQL of the invariants: each statement gives the rows that break one, in words, a hundred at most.

use sqlx::PgConnection;

type Broken = sqlx::Result<Vec<String>>;

/// I4.
pub(crate) async fn overdrawn(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('payment %s: %s taken, %s went back, %s disputed', id, captured_minor, refunded_minor,
                         disputed_minor) as "broken!"
             from payments
            where captured_minor - refunded_minor - disputed_minor < 0 or captured_minor > amount_minor limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I4 and I6: what is counted is the sum of what happened.
pub(crate) async fn counters_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('payment %s: %s taken, but its charges are %s; %s went back, but its refunds are %s', p.id,
                         p.captured_minor, o.taken, p.refunded_minor, r.back) as "broken!"
             from payments p
            cross join lateral (
                select coalesce(sum(amount_minor) filter (where task = 'capture' or not captures_later), 0) as taken
                  from payment_operations
                 where payment_id = p.id and state = 'succeeded' and task in ('charge', 'capture')
                   and not is_superseded) o
            cross join lateral (
                select coalesce(sum(amount_minor), 0) as back from refunds where payment_id = p.id) r
            where p.gateway is not null
              and p.captured_minor <> o.taken + case when o.taken > 0 then p.credits_minor else 0 end or p.refunded_minor <> r.back
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I5.
pub(crate) async fn unfunded(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('booking %s is %s, but its payment is %s', b.id, b.state, coalesce(p.state, 'not there'))
                  as "broken!"
             from bookings b
             left join payments p on p.booking_id = b.id and not p.is_tip and p.state not in ('failed', 'cancelled')
            where b.payment_method <> 'cash' and b.state in ('pending_acceptance', 'confirmed', 'in_progress')
              and b.payment_status <> 'failed'
              and coalesce(p.state not in ('authorized', 'scheduled', 'captured', 'disputed'), true)
              and not exists (select from payments d where d.booking_id = b.id and d.state = 'disputed')
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I6.
pub(crate) async fn unposted(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('operation %s (%s of %s) is not in the books', o.id, o.task, o.amount_minor) as "broken!"
             from payment_operations o
            where o.state = 'succeeded' and (o.task in ('capture', 'refund') or o.task = 'charge' and not o.captures_later)
              and not exists (select from ledger_transactions t
                               where t.operation in (format('operation:%s:done', o.id), case when o.task = 'charge'
                                                     then format('payment:%s:credits', o.payment_id) end))
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I10.
pub(crate) async fn parts_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('payment %s of %s has parts of %s', p.id, p.amount_minor, sum(i.amount_minor)) as "broken!"
             from payments p
             join payment_installments i on i.payment_id = p.id
            group by p.id having sum(i.amount_minor) <> p.amount_minor limit 100"#
    )
    .fetch_all(db)
    .await
}

/// I12, for credits.
pub(crate) async fn wallets_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('wallet of %s: %s, but its lots have %s', w.user_id, w.balance_minor, l.sum) as "broken!"
             from credit_wallets w
            cross join lateral (
                select coalesce(sum(balance), 0) as sum from ledger_balances
                 where owner = w.user_id and purpose = 'credits') l
            where w.balance_minor <> l.sum limit 100"#
    )
    .fetch_all(db)
    .await
}
