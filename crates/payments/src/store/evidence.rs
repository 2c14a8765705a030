//! The SQL of what we can tell a bank about a disputed payment.

use platform::{
    ids::{BookingId, DisputeId, PaymentId},
    money::Currency,
    time::Instant,
};
use serde::Deserialize;
use sqlx::{PgConnection, types::Json};

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
