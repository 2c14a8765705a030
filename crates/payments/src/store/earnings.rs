//! The SQL of what providers earned.

use platform::ids::BookingId;
use sqlx::PgConnection;

use crate::earnings::Earning;

/// What was earned with a booking; held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<Option<Earning>> {
    sqlx::query_as!(
        Earning,
        "select booking_id, provider_id, currency, gross_minor, commission_minor, is_cash, earned_at, released_at
           from payment_earnings where booking_id = $1 for update",
        booking as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what was earned with a booking by now.
pub(crate) async fn save(db: &mut PgConnection, earning: &Earning) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_earnings (booking_id, provider_id, currency, gross_minor, commission_minor, is_cash, earned_at,
                released_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (booking_id) do update
            set gross_minor = excluded.gross_minor, commission_minor = excluded.commission_minor",
        earning.booking_id as _,
        earning.provider_id as _,
        earning.currency as _,
        earning.gross_minor,
        earning.commission_minor,
        earning.is_cash,
        earning.earned_at as _,
        earning.released_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
