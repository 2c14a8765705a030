//! The SQL of what waits for a person.

use jiff::SignedDuration;
use platform::{
    ids::{PaymentId, UserId},
    money::Currency,
    time::Instant,
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::approval::APPROVAL_WINDOW;

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
    /// Somebody of finance asks for a refund that needs two: see POST /admin/refunds/{id}/approve/ and /reject/.
    RefundRequested,
    /// A first payment is large.
    ReviewWaiting,
    /// Two people disagree about a booking: see POST /admin/bookings/{id}/resolve/.
    BookingDisputed,
    /// A customer owes it: for work that was done, or as the fee of what they called off.
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

/// All of it but what is a reader's own matter, at most 1,001 of each kind; what has a deadline first.
pub(crate) async fn open(db: &mut PgConnection, reader: UserId, now: Instant) -> sqlx::Result<Vec<Task>> {
    sqlx::query_as!(
        Task,
        r#"with task (kind, id, payment_id, amount_minor, currency, since, due_at) as (
               (select 'refund_failed', r.id::text, p.id, r.amount_minor - r.credits_minor - r.elsewhere_minor, p.currency,
                       r.updated_at, null::timestamptz
                  from refunds r join payments p on p.id = r.payment_id left join bookings b on b.id = p.booking_id
                 where r.state = 'failed' and r.retry_at is null
                   and p.user_id <> $3 and b.provider_id is distinct from $3 order by r.updated_at limit 1001)
               union all
               (select 'dispute_open', d.id::text, p.id, d.amount_minor, p.currency, d.created_at, d.respond_by
                  from payment_disputes d join payments p on p.id = d.payment_id
                  left join bookings b on b.id = p.booking_id
                 where d.state = 'open' and p.user_id <> $3 and b.provider_id is distinct from $3 order by d.respond_by limit 1001)
               union all
               (select 'gateway_silent', id::text, payment_id, amount_minor, currency, created_at, null
                  from payment_operations where state in ('started', 'open') and created_at < $1 and task <> 'charge'
                 order by created_at limit 1001)
               union all
               (select 'gateway_silent', o.id::text, o.payment_id, o.amount_minor, o.currency, o.created_at, null
                  from payment_operations o join payments p on p.id = o.payment_id
                 where o.state in ('started', 'open') and o.created_at < $1 and o.task = 'charge'
                   and p.state = 'processing'
                 order by o.created_at limit 1001)
               union all
               (select 'books_differ', gateway || ' ' || kind || ' ' || reference, null,
                       coalesce(theirs, 0) - coalesce(ours, 0), currency, found_at, null
                  from payment_differences order by found_at limit 1001)
               union all
               (select 'goodwill_proposed', id::text, null, amount_minor, 'EUR', created_at, null
                  from goodwill_grants
                 where state = 'proposed' and created_at > $2 and user_id <> $3 order by id limit 1001)
               union all
               (select 'refund_requested', r.id::text, p.id, r.amount_minor, r.currency, r.created_at, r.expires_at
                  from refund_requests r join payments p on p.id = r.payment_id
                  left join bookings b on b.id = p.booking_id
                 where r.state = 'pending_approval' and r.expires_at > $4
                   and p.user_id <> $3 and b.provider_id is distinct from $3
                 order by r.expires_at limit 1001)
               union all
               (select 'review_waiting', r.booking_id::text, null, r.amount_minor, r.currency, r.created_at, null
                  from payment_reviews r join bookings b on b.id = r.booking_id
                 where r.state = 'waiting' and $3 not in (b.customer_id, b.provider_id)
                 order by r.created_at limit 1001)
               union all
               (select 'booking_disputed', b.id::text, (select p.id from payments p
                                                         where p.booking_id = b.id and not p.is_tip
                                                           and p.state not in ('failed', 'cancelled')),
                       b.secured_minor, b.currency, b.disputed_at, null
                  from bookings b
                 where b.state = 'disputed' and $3 not in (b.customer_id, b.provider_id) order by b.disputed_at limit 1001)
               union all
               (select 'customer_debt', booking_id::text, payment_id, amount_minor, currency, since, null
                  from payment_debts
                 where amount_minor > 0 and $3 not in (user_id, provider_id) order by since limit 1001)
               union all
               (select 'job_given_up', kind || ' ' || id, null, null, null, created_at, null
                  from jobs where dead_at is not null and (kind like 'payments.%' or kind like 'payouts.%')
                 order by dead_at limit 1001)
           )
           select kind as "kind!: TaskKind", id as "id!", payment_id as "payment_id: PaymentId", amount_minor,
                  currency as "currency: Currency", since as "since!: Instant", due_at as "due_at: Instant"
             from task order by due_at nulls last, since"#,
        now.minus(SILENCE) as _,
        now.minus(APPROVAL_WINDOW) as _,
        reader as _,
        now as _,
    )
    .fetch_all(db)
    .await
}
