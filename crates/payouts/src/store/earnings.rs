//! The SQL of earnings.

use platform::{ids::BookingId, time::Instant};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::earning::{EarningRow, Reversal};

/// Writes the first of an earning.
pub(crate) async fn insert(db: &mut PgConnection, earned: &EarningRow) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into earnings (booking_id, provider_id, service_title, is_cash, currency, gross_minor, commission_bps,
                fees_minor, tax_minor, tax_country, reversed_minor, pending_minor, state, earned_at, release_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        earned.booking_id as _,
        earned.provider_id as _,
        earned.service_title,
        earned.is_cash,
        earned.currency as _,
        earned.gross_minor,
        earned.commission_bps,
        earned.fees_minor,
        earned.tax_minor,
        earned.tax_country,
        earned.reversed_minor,
        earned.pending_minor,
        earned.state as _,
        earned.earned_at as _,
        earned.release_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An earning, kept from others until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<Option<EarningRow>> {
    sqlx::query_as!(
        EarningRow,
        "select booking_id, provider_id, service_title, is_cash, currency, gross_minor, commission_bps, fees_minor,
                tax_minor, tax_country, reversed_minor, reversed_fees_minor, reversed_tax_minor, pending_minor, state,
                earned_at, release_at
           from earnings where booking_id = $1 for update",
        booking as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what may change of an earning.
pub(crate) async fn save(db: &mut PgConnection, earned: &EarningRow) -> sqlx::Result<()> {
    sqlx::query!(
        "update earnings set gross_minor = $2, fees_minor = $3, tax_minor = $4, reversed_minor = $5,
                reversed_fees_minor = $6, reversed_tax_minor = $7, pending_minor = $8, state = $9, release_at = $10
          where booking_id = $1",
        earned.booking_id as _,
        earned.gross_minor,
        earned.fees_minor,
        earned.tax_minor,
        earned.reversed_minor,
        earned.reversed_fees_minor,
        earned.reversed_tax_minor,
        earned.pending_minor,
        earned.state as _,
        earned.release_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a reversal was done before.
pub(crate) async fn is_reversed(db: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from earning_reversals where id = $1) as "yes!""#, id)
        .fetch_one(db)
        .await
}

/// Writes a reversal.
pub(crate) async fn insert_reversal(
    db: &mut PgConnection,
    reversal: &Reversal,
    earned: &EarningRow,
    fees_minor: i64,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into earning_reversals (id, booking_id, provider_id, currency, gross_minor, fees_minor, reversed_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        reversal.id,
        earned.booking_id as _,
        earned.provider_id as _,
        earned.currency as _,
        reversal.amount.minor,
        fees_minor,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether an operator has still to decide about a job.
pub(crate) async fn is_disputed(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from bookings where id = $1 and state = 'disputed') as "found!""#,
        booking as _,
    )
    .fetch_one(db)
    .await
}
