//! The SQL of reviews.

use platform::{
    ids::{BookingId, UserId},
    money::Currency,
    time::Instant,
};
use sqlx::PgConnection;

use crate::review::{Review, ReviewState};

/// How the review of a booking stands, which is asked for if need be; `None`: it needs none.
pub(crate) async fn ask(
    db: &mut PgConnection,
    booking: BookingId,
    customer: UserId,
    limit_minor: i64,
    now: Instant,
) -> sqlx::Result<Option<ReviewState>> {
    sqlx::query_scalar!(
        r#"insert into payment_reviews as r (booking_id, user_id, amount_minor, currency, state, created_at)
           select b.id, b.customer_id, b.total_minor, b.currency, 'waiting', $4
             from bookings b
            where b.id = $1 and b.customer_id = $2 and b.total_minor > $3
              and b.payment_method in ('card', 'paypal')
              and not exists (select from payments
                               where user_id = $2 and captured_minor > refunded_minor + disputed_minor)
           on conflict (booking_id) do update set state = r.state
           returning state as "state: ReviewState""#,
        booking as _,
        customer as _,
        limit_minor,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// The oldest hundred that wait.
pub(crate) async fn waiting(db: &mut PgConnection) -> sqlx::Result<Vec<Review>> {
    sqlx::query_as!(
        Review,
        r#"select booking_id as "booking_id: BookingId", user_id as "user_id: UserId", amount_minor,
                  currency as "currency: Currency", state as "state: ReviewState", decided_by as "decided_by: UserId",
                  created_at as "created_at: Instant", decided_at as "decided_at: Instant"
             from payment_reviews where state = 'waiting' order by created_at limit 1001"#
    )
    .fetch_all(db)
    .await
}

/// Writes a decision.
pub(crate) async fn decide(
    db: &mut PgConnection,
    booking: BookingId,
    state: ReviewState,
    by: UserId,
    now: Instant,
) -> sqlx::Result<Option<Review>> {
    sqlx::query_as!(
        Review,
        r#"update payment_reviews set state = $2, decided_by = $3, decided_at = $4 where booking_id = $1
        returning booking_id as "booking_id: BookingId", user_id as "user_id: UserId", amount_minor,
                  currency as "currency: Currency", state as "state: ReviewState", decided_by as "decided_by: UserId",
                  created_at as "created_at: Instant", decided_at as "decided_at: Instant""#,
        booking as _,
        state as _,
        by as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}
