//! The SQL of what waits for a person.

use jiff::SignedDuration;
use platform::{ids::PaymentId, money::Currency, time::Instant};
use serde::Serialize;
use sqlx::PgConnection;

/// After so long without a last word of the gateway a person looks.
const SILENCE: SignedDuration = SignedDuration::from_hours(72);

/// What sort of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = MoneyTaskKind)]
pub(crate) enum TaskKind {
    /// A gateway could not bring it, and it is not tried again by itself: see POST /admin/refunds/{id}/bring/.
    RefundFailed,
    /// A payer wants it back from their bank: see GET and POST /admin/disputes/{id}/evidence/.
    DisputeOpen,
    /// A gateway does not say what became of it.
    GatewaySilent,
    /// A gateway's book and ours differ: see GET /admin/ledger/check/.
    BooksDiffer,
    /// Somebody proposes goodwill.
    GoodwillProposed,
    /// A first payment is large.
    ReviewWaiting,
    /// A customer owes it for work that was done.
    CustomerDebt,
    /// A job about money was given up.
    JobGivenUp,
}

/// Something that waits for a person.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) kind: TaskKind,
    pub(crate) id: String,
    pub(crate) payment_id: Option<PaymentId>,
    pub(crate) amount_minor: Option<i64>,
    pub(crate) currency: Option<Currency>,
    pub(crate) since: Instant,
    pub(crate) due_at: Option<Instant>,
}

/// All of it, at most fifty of each kind; what has a deadline first.
pub(crate) async fn open(db: &mut PgConnection, now: Instant) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as!(
        Task,
        r#"with task (kind, id, payment_id, amount_minor, currency, since, due_at) as (
               (select 'refund_failed', r.id::text, p.id, r.amount_minor - r.credits_minor - r.elsewhere_minor, p.currency,
                       r.updated_at, null::timestamptz
                  from refunds r join payments p on p.id = r.payment_id
                 where r.state = 'failed' and r.retry_at is null order by r.updated_at limit 50)
               union all
               (select 'dispute_open', d.id::text, p.id, d.amount_minor, p.currency, d.created_at, d.respond_by
                  from payment_disputes d join payments p on p.id = d.payment_id
                 where d.state = 'open' order by d.respond_by limit 50)
               union all
               (select 'gateway_silent', id::text, payment_id, amount_minor, currency, created_at, null
                  from payment_operations where state in ('started', 'open') and created_at < $1 and task <> 'charge'
                 order by created_at limit 50)
               union all
               (select 'gateway_silent', o.id::text, o.payment_id, o.amount_minor, o.currency, o.created_at, null
                  from payment_operations o join payments p on p.id = o.payment_id
                 where o.state in ('started', 'open') and o.created_at < $1 and o.task = 'charge'
                   and p.state = 'processing'
                 order by o.created_at limit 50)
               union all
               (select 'books_differ', gateway || ' ' || kind || ' ' || reference, null,
                       coalesce(theirs, 0) - coalesce(ours, 0), currency, found_at, null
                  from payment_differences order by found_at limit 50)
               union all
               (select 'goodwill_proposed', id::text, null, amount_minor, 'EUR', created_at, null
                  from goodwill_grants where state = 'proposed' order by id limit 50)
               union all
               (select 'review_waiting', booking_id::text, null, amount_minor, currency, created_at, null
                  from payment_reviews where state = 'waiting' order by created_at limit 50)
               union all
               (select 'customer_debt', booking_id::text, payment_id, amount_minor, currency, since, null
                  from payment_debts where amount_minor > 0 order by since limit 50)
               union all
               (select 'job_given_up', kind || ' ' || id, null, null, null, created_at, null
                  from jobs where dead_at is not null and (kind like 'payments.%' or kind like 'payouts.%')
                 order by dead_at limit 50)
           )
           select kind as "kind!: TaskKind", id as "id!", payment_id as "payment_id: PaymentId", amount_minor,
                  currency as "currency: Currency", since as "since!: Instant", due_at as "due_at: Instant"
             from task order by due_at nulls last, since"#,
        now.minus(SILENCE) as _,
    )
    .fetch_all(db)
    .await
}
