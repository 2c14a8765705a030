//! The SQL of comparing books.

use payouts::Known;
use platform::{
    ids::OperationId,
    money::Currency,
    ports::gateway::{ChargeState, EntryKind, GatewayName, Period},
    time::Instant,
};
use sqlx::PgConnection;

use crate::reconcile::{Difference, OurCharge, OurEntry};

/// What we believe that a gateway moved in a period, and what of ours it names. What was reserved first is taken under
/// the charge's name.
pub(crate) async fn entries(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
    known: Known<'_>,
) -> sqlx::Result<Vec<OurEntry>> {
    sqlx::query_as!(
        OurEntry,
        r#"with o as (
               select o.id, o.task, o.charge_id, o.reference, o.amount_minor, o.currency, o.updated_at, o.state,
                      o.captures_later, exists (select from ledger_transactions t
                                                 where t.operation = format('operation:%s:done', o.id)) as was_done
                 from payment_operations o
                where o.gateway = $1 and o.reference is not null
                  and (o.updated_at >= $2 and o.updated_at < $3 or o.reference = any($4) or o.id = any($5)
                       or o.charge_id = any($5))
           ), d as (
               select d.*, p.currency,
                      (select case count(*) when 1 then min(c.id::text)::uuid end from payment_operations c
                        where c.payment_id = p.id and c.task = 'charge' and c.state = 'succeeded') as operation
                 from payment_disputes d
                 join payments p on p.id = d.payment_id
                where d.gateway = $1
                  and (d.created_at >= $2 and d.created_at < $3 or d.updated_at >= $2 and d.updated_at < $3
                       or d.reference = any($4))
           )
           select 'charge' as "kind!: EntryKind", reference, coalesce(charge_id, id) as "operation: OperationId",
                  amount_minor as "amount_minor!", currency as "currency!: Currency", updated_at as "at!: Instant",
                  true as "is_certain!"
             from o
            where state = 'succeeded' and (task = 'capture' or task = 'charge' and not captures_later)
           union all
           select 'refund', reference, id, amount_minor, currency, updated_at, state = 'succeeded' or was_done
             from o where task = 'refund' and state <> 'started'
           union all
           -- Sent back by a bank.
           select 'refund_failure', reference, id, amount_minor, currency, updated_at, was_done
             from o where task = 'refund' and state = 'declined'
           union all
           select 'dispute', reference, operation, amount_minor, currency, created_at, true from d
           union all
           select 'dispute_won', reference, operation, amount_minor, currency, updated_at, true
             from d where state = 'won'"#,
        gateway as _,
        period.from as _,
        period.until as _,
        known.references,
        known.operations,
    )
    .fetch_all(db)
    .await
}

/// What we believe of the charges that were begun in a period, and of those that the gateway names.
pub(crate) async fn charges(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
    known: Known<'_>,
) -> sqlx::Result<Vec<OurCharge>> {
    sqlx::query_as!(
        OurCharge,
        r#"select o.id as "operation!: OperationId", o.reference, o.amount_minor, o.currency as "currency: Currency",
                  o.created_at as "at: Instant",
                  case when o.state <> 'succeeded' then 0
                       when not o.captures_later then o.amount_minor
                       else coalesce(f.captured, 0) end::bigint as "taken_minor!",
                  case when o.state <> 'succeeded' then 'not_taken'
                       when not o.captures_later or f.captured > 0 then 'taken'
                       when f.is_void then 'not_taken'
                       else 'reserved' end as "state!: ChargeState"
             from payment_operations o
            cross join lateral (
                select sum(f.amount_minor) filter (where f.task = 'capture') as captured,
                       coalesce(bool_or(f.task = 'void'), false) as is_void
                  from payment_operations f
                 where f.charge_id = o.id and f.task in ('capture', 'void') and f.state = 'succeeded') f
            where o.gateway = $1 and o.task = 'charge'
              and (o.created_at >= $2 and o.created_at < $3 or o.reference = any($4) or o.id = any($5))"#,
        gateway as _,
        period.from as _,
        period.until as _,
        known.references,
        known.operations,
    )
    .fetch_all(db)
    .await
}

/// When the oldest difference with a gateway that is still open was.
pub(crate) async fn oldest_open(
    db: &mut PgConnection,
    gateway: GatewayName,
) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!(
        r#"select min(at) as "at: Instant" from payment_differences where gateway = $1 and resolved_at is null"#,
        gateway as _,
    )
    .fetch_one(db)
    .await
}

/// The newest open differences, and when each was found.
pub(crate) async fn newest(db: &mut PgConnection) -> sqlx::Result<Vec<(Difference, Instant)>> {
    let rows = sqlx::query!(
        r#"select gateway as "gateway: GatewayName", kind, reference, ours, theirs, currency as "currency: Currency",
                  our_state as "our_state: ChargeState", their_state as "their_state: ChargeState",
                  at as "at: Instant", found_at as "found_at: Instant"
             from payment_differences where resolved_at is null order by found_at desc, reference limit 100"#
    )
    .fetch_all(db)
    .await?;
    let differences = rows.into_iter().map(|row| {
        let difference = Difference {
            gateway: row.gateway,
            kind: row.kind,
            reference: row.reference,
            ours: row.ours,
            theirs: row.theirs,
            currency: row.currency,
            states: row.our_state.zip(row.their_state),
            at: row.at,
        };
        (difference, row.found_at)
    });
    Ok(differences.collect())
}

/// What is open of a period is resolved; what is still there is opened again by [`insert`].
pub(crate) async fn resolve(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_differences set resolved_at = $4
          where gateway = $1 and at >= $2 and at < $3 and resolved_at is null",
        gateway as _,
        period.from as _,
        period.until as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lists a difference, once, as it is now.
pub(crate) async fn insert(db: &mut PgConnection, difference: &Difference, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_differences (gateway, kind, reference, ours, theirs, currency, our_state, their_state, at,
                found_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (gateway, kind, reference) do update
            set ours = excluded.ours, theirs = excluded.theirs, currency = excluded.currency,
                our_state = excluded.our_state, their_state = excluded.their_state, at = excluded.at, resolved_at = null",
        difference.gateway as _,
        difference.kind,
        difference.reference,
        difference.ours,
        difference.theirs,
        difference.currency as _,
        difference.states.map(|(ours, _)| ours) as _,
        difference.states.map(|(_, theirs)| theirs) as _,
        difference.at as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
