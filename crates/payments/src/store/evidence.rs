//! The SQL of what we can tell a bank about a disputed payment.

use platform::{
    ids::{BookingId, DisputeId, OperationId, PaymentId, UserId},
    money::Currency,
    ports::gateway::{Defence, GatewayName},
    time::Instant,
};
use serde::Deserialize;
use sqlx::{PgConnection, types::Json};

use crate::evidence::{Submission, SubmissionState, Waiting};

/// A disputed payment and its story.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) id: DisputeId,
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) respond_by: Option<Instant>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) payment_id: PaymentId,
    pub(crate) receipt: Option<String>,
    pub(crate) booking_id: Option<BookingId>,
    pub(crate) booking: Option<String>,
    pub(crate) service_title: Option<String>,
    pub(crate) customer: String,
    pub(crate) provider: Option<String>,
    pub(crate) starts_at: Option<Instant>,
    pub(crate) ends_at: Option<Instant>,
    pub(crate) town: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) timeline: Json<Vec<Moment>>,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) about: String,
    pub(crate) event: String,
    pub(crate) by: Option<String>,
    pub(crate) reason: Option<String>,
}

/// Whose dispute it is: who paid, and who earned it.
pub(crate) async fn people(db: &mut PgConnection, id: DisputeId) -> sqlx::Result<Option<Vec<UserId>>> {
    let people = sqlx::query!(
        r#"select p.user_id as "payer: UserId", b.provider_id as "provider?: UserId"
             from payment_disputes d join payments p on p.id = d.payment_id left join bookings b on b.id = p.booking_id
            where d.id = $1"#,
        id as _,
    );
    let people = people.fetch_optional(db).await?;
    Ok(people.map(|people| std::iter::once(people.payer).chain(people.provider).collect()))
}

/// All that we know of a disputed payment.
pub(crate) async fn of_dispute(db: &mut PgConnection, id: DisputeId) -> sqlx::Result<Option<Evidence>> {
    sqlx::query_as!(
        Evidence,
        r#"select d.id as "id: DisputeId", d.reference, d.state as "state: String", d.respond_by as "respond_by: Instant",
                  d.amount_minor, p.currency as "currency: Currency", p.id as "payment_id: PaymentId",
                  (select r.entity || '-' || lpad(r.number::text, 8, '0') from receipts r
                    where r.payment_id = p.id and r.refund_id is null) as receipt,
                  b.id as "booking_id?: BookingId", b.reference as "booking?", b.service_title as "service_title?",
                  c.name as customer, w.name as "provider?", b.starts_at as "starts_at?: Instant",
                  b.ends_at as "ends_at?: Instant", b.address ->> 'city' as town,
                  b.cancellation_policy as "policy?",
                  (select coalesce(json_agg(m order by m.at), '[]')
                     from (select at, 'booking' as about, event, actor as by, reason
                             from booking_history where booking_id = b.id
                           union all
                           select created_at, 'payment', task || ' ' || state, null, code
                             from payment_operations where payment_id = p.id and task <> 'refund'
                           union all
                           select used.created_at, 'credits', 'used', null, at.service_title
                             from credit_lots l
                             join credit_uses u on u.lot_id = l.id
                             join payments used on used.id = u.payment_id
                             join bookings at on at.id = used.booking_id
                            where l.payment_id = p.id
                           union all
                           select created_at, 'refund', state, null, reason from refunds where payment_id = p.id) m
                  ) as "timeline!: Json<Vec<Moment>>"
             from payment_disputes d
             join payments p on p.id = d.payment_id
             join users c on c.id = p.user_id
             left join bookings b on b.id = p.booking_id
             left join users w on w.id = b.provider_id
            where d.id = $1"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what we say.
pub(crate) async fn insert(db: &mut PgConnection, submission: &Submission) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dispute_evidence (id, dispute_id, content, state, submitted_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
        submission.id as _,
        submission.dispute_id as _,
        &submission.content as _,
        submission.state as _,
        submission.submitted_by as _,
        submission.created_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What was said last in a dispute.
pub(crate) async fn latest(db: &mut PgConnection, dispute: DisputeId) -> sqlx::Result<Option<Submission>> {
    sqlx::query_as!(
        Submission,
        r#"select id as "id: OperationId", dispute_id as "dispute_id: DisputeId", content as "content: Json<Defence>",
                  state as "state: SubmissionState", code, submitted_by as "submitted_by: UserId", created_at, updated_at
             from dispute_evidence where dispute_id = $1 order by id desc limit 1"#,
        dispute as _,
    )
    .fetch_optional(db)
    .await
}

/// What is on its way, and where to.
pub(crate) async fn waiting(db: &mut PgConnection, id: OperationId) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as!(
        Waiting,
        r#"select d.gateway as "gateway: GatewayName", d.reference as dispute, e.content as "content: Json<Defence>"
             from dispute_evidence e join payment_disputes d on d.id = e.dispute_id
            where e.id = $1 and e.state = 'started'"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what the gateway said to it.
pub(crate) async fn settle(
    db: &mut PgConnection,
    id: OperationId,
    state: SubmissionState,
    code: Option<&str>,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update dispute_evidence set state = $2, code = $3, updated_at = $4 where id = $1 and state = 'started'",
        id as _,
        state as _,
        code,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
