//! The SQL of the invariants: each statement gives the rows that break one, in words, a hundred at most.

use sqlx::PgConnection;

type Broken = sqlx::Result<Vec<String>>;

/// Pending earnings that are not the balance of the pending account.
pub(crate) async fn pending_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s has %s %s pending, the ledger %s', coalesce(e.provider_id, a.owner), coalesce(e.sum, 0),
                         coalesce(e.currency, a.currency), coalesce(a.balance, 0)) as "broken!"
             from (select provider_id, currency, sum(pending_minor) from earnings group by 1, 2) e
             full join (select owner, currency, balance from ledger_accounts where purpose = 'provider_pending') a
               on a.owner = e.provider_id and a.currency = e.currency
            where coalesce(e.sum, 0) <> coalesce(a.balance, 0)
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Open withdrawals that are not the balance of the account of money on its way.
pub(crate) async fn in_payout_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s withdraws %s %s, the ledger %s', coalesce(w.provider_id, a.owner), coalesce(w.sum, 0),
                         coalesce(w.currency, a.currency), coalesce(a.balance, 0)) as "broken!"
             from (select provider_id, currency, sum(amount_minor) from withdrawals
                    where state in ('requested', 'processing') group by 1, 2) w
             full join (select owner, currency, balance from ledger_accounts where purpose = 'provider_in_payout') a
               on a.owner = w.provider_id and a.currency = w.currency
            where coalesce(w.sum, 0) <> coalesce(a.balance, 0)
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Providers who have something available and owe something.
pub(crate) async fn debts_beside_money(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"select format('%s has %s %s and owes %s', a.owner, a.balance, a.currency, o.balance) as "broken!"
             from ledger_accounts a
             join ledger_accounts o on o.owner = a.owner and o.currency = a.currency and o.purpose = 'provider_owed'
            where a.purpose = 'provider_available' and a.balance > 0 and o.balance > 0
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Providers for whom all earnings, less what was paid, are not what the ledger has for them.
pub(crate) async fn earnings_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"with due (provider_id, currency, minor) as (
               select provider_id, currency, (case when is_cash then 0 else gross_minor end) - fees_minor from earnings
               union all
               select r.provider_id, r.currency, r.fees_minor - (case when e.is_cash then 0 else r.gross_minor end)
                 from earning_reversals r join earnings e on e.booking_id = r.booking_id
               union all
               select provider_id, currency, amount_minor from tips
               union all
               select provider_id, currency, -amount_minor from tip_reversals
               union all
               select provider_id, currency, -amount_minor from withdrawals where state = 'paid'
           ), there (provider_id, currency, minor) as (
               select owner, currency, case purpose when 'provider_owed' then -balance else balance end
                 from ledger_accounts
                where purpose in ('provider_pending', 'provider_available', 'provider_in_payout', 'provider_owed')
           )
           select format('%s is due %s %s, the ledger has %s', coalesce(d.provider_id, t.provider_id),
                         coalesce(d.sum, 0), coalesce(d.currency, t.currency), coalesce(t.sum, 0)) as "broken!"
             from (select provider_id, currency, sum(minor) from due group by 1, 2) d
             full join (select provider_id, currency, sum(minor) from there group by 1, 2) t
               on t.provider_id = d.provider_id and t.currency = d.currency
            where coalesce(d.sum, 0) <> coalesce(t.sum, 0)
            limit 100"#
    )
    .fetch_all(db)
    .await
}

/// Providers for whom the entries, and the sums of them, are not what was earned.
pub(crate) async fn entries_off(db: &mut PgConnection) -> Broken {
    sqlx::query_scalar!(
        r#"with earned (provider_id, currency, minor) as (
               select provider_id, currency, gross_minor - fees_minor from earnings
               union all
               select provider_id, currency, fees_minor - gross_minor from earning_reversals
               union all
               select provider_id, currency, amount_minor from tips
               union all
               select provider_id, currency, -amount_minor from tip_reversals
           )
           select format('%s earned %s %s, the entries say %s, their sum %s', provider_id, coalesce(e.sum, 0), currency,
                         coalesce(n.sum, 0), coalesce(t.net_minor, 0)) as "broken!"
             from (select provider_id, currency, sum(minor) from earned group by 1, 2) e
             full join (select provider_id, currency, sum(gross_minor - fees_minor) from earning_entries group by 1, 2) n
                 using (provider_id, currency)
             full join provider_earnings t using (provider_id, currency)
            where coalesce(e.sum, 0) <> coalesce(n.sum, 0) or coalesce(n.sum, 0) <> coalesce(t.net_minor, 0)
            limit 100"#
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
