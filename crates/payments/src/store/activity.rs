//! The SQL of everything that happened to somebody's money.

use platform::{
    ids::{BookingId, PaymentId, UserId},
    money::Currency,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// What sort of thing happened.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    strum::IntoStaticStr,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = ActivityKind)]
pub(crate) enum ActivityKind {
    /// A card or PayPal was charged.
    Charge,
    /// The same, for a tip.
    Tip,
    /// Money came back, or is on its way.
    Refund,
    /// Credits came or went.
    Credits,
    /// The payer's bank took a payment back: it asks for it, or keeps it.
    Dispute,
    /// What was earned went to the bank.
    Payout,
}

/// Something that happened, as its person sees it: below zero it cost them.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub(crate) id: Uuid,
    pub(crate) kind: ActivityKind,
    pub(crate) at: Instant,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) status: String,
    pub(crate) title: Option<String>,
    pub(crate) payment_id: Option<PaymentId>,
    pub(crate) booking_id: Option<BookingId>,
}

/// Which part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) from: Option<Instant>,
    pub(crate) until: Option<Instant>,
    pub(crate) kind: Option<ActivityKind>,
    pub(crate) most: i64,
}

/// What happened to somebody's money, newest first.
pub(crate) async fn of_user(
    db: &mut PgConnection,
    user: UserId,
    window: Window,
) -> sqlx::Result<Vec<Activity>> {
    sqlx::query_as!(
        Activity,
        r#"with activity (id, kind, at, amount_minor, currency, status, title, payment_id, booking_id) as (
               select o.id, case when p.is_tip then 'tip' else 'charge' end, o.updated_at, -o.amount_minor, p.currency,
                      'succeeded', b.service_title, p.id, p.booking_id
                 from payments p
                 join payment_operations o on o.payment_id = p.id
                 left join bookings b on b.id = p.booking_id
                where p.user_id = $1 and o.state = 'succeeded'
                  and (o.task = 'capture' or o.task = 'charge' and not o.captures_later)
               union all
               select o.id, 'refund', o.updated_at, o.amount_minor, p.currency, 'succeeded', b.service_title, p.id,
                      p.booking_id
                 from payments p
                 join payment_operations o on o.payment_id = p.id
                 left join bookings b on b.id = p.booking_id
                where p.user_id = $1 and o.state = 'succeeded' and o.task = 'refund' and o.refund_id is null
               union all
               select r.id, 'refund', r.created_at, r.amount_minor - r.credits_minor, p.currency, r.state, b.service_title,
                      p.id, p.booking_id
                 from payments p
                 join refunds r on r.payment_id = p.id and r.amount_minor > r.credits_minor
                 left join bookings b on b.id = p.booking_id
                where p.user_id = $1
               union all
               select d.id, 'dispute', d.created_at, d.amount_minor, p.currency, d.state, b.service_title, p.id, p.booking_id
                 from payments p
                 join payment_disputes d on d.payment_id = p.id and d.state <> 'won'
                 left join bookings b on b.id = p.booking_id
                where p.user_id = $1
               union all
               select id, 'credits', created_at, amount_minor, 'EUR', kind, description, null, booking_id
                 from credit_transactions where user_id = $1
               union all
               select id, 'payout', created_at, amount_minor, currency, state, null, null, null
                 from withdrawals where provider_id = $1
           )
           select id as "id!", kind as "kind!: ActivityKind", at as "at!: Instant", amount_minor as "amount_minor!",
                  currency as "currency!: Currency", status as "status!", title, payment_id as "payment_id: PaymentId",
                  booking_id as "booking_id: BookingId"
             from activity
            where ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
              and ($4::text is null or kind = $4)
            order by at desc, id desc limit $5"#,
        user as _,
        window.from as _,
        window.until as _,
        window.kind.map(<&str>::from),
        window.most,
    )
    .fetch_all(db)
    .await
}
