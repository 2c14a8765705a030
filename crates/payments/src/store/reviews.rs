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
              and b.state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress', 'completed', 'disputed')
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

/// Whose review it is: the customer and the provider of the booking.
pub(crate) async fn people(db: &mut PgConnection, id: BookingId) -> sqlx::Result<Option<[UserId; 2]>> {
    let people = sqlx::query!(
        r#"select b.customer_id as "customer: UserId", b.provider_id as "provider: UserId"
             from payment_reviews r join bookings b on b.id = r.booking_id where r.booking_id = $1"#,
        id as _,
    );
    Ok(people.fetch_optional(db).await?.map(|people| [people.customer, people.provider]))
}

/// Those that wait, the oldest first, without those of a reader's own.
pub(crate) async fn waiting(db: &mut PgConnection, reader: UserId) -> sqlx::Result<Vec<Review>> {
    sqlx::query_as!(
        Review,
        r#"select r.booking_id as "booking_id: BookingId", r.user_id as "user_id: UserId", r.amount_minor,
                  r.currency as "currency: Currency", r.state as "state: ReviewState",
                  r.decided_by as "decided_by: UserId", r.created_at as "created_at: Instant",
                  r.decided_at as "decided_at: Instant"
             from payment_reviews r join bookings b on b.id = r.booking_id
            where r.state = 'waiting' and $1 not in (b.customer_id, b.provider_id)
            order by r.created_at limit 1001"#,
        reader as _,
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
