//! The SQL of tips.

use platform::time::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::tip::Tip;

/// Writes a tip; one that was won back after a dispute comes on top of what is there.
pub(crate) async fn insert(db: &mut PgConnection, tip: &Tip, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tips (payment_id, booking_id, provider_id, service_title, currency, amount_minor, earned_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (payment_id) do update set amount_minor = tips.amount_minor + excluded.amount_minor",
        tip.payment as _,
        tip.booking as _,
        tip.provider as _,
        tip.service_title,
        tip.amount.currency as _,
        tip.amount.minor,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what of a tip goes back.
pub(crate) async fn insert_reversal(
    db: &mut PgConnection,
    id: Uuid,
    tip: &Tip,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tip_reversals (id, payment_id, provider_id, currency, amount_minor, reversed_at)
         values ($1, $2, $3, $4, $5, $6)",
        id,
        tip.payment as _,
        tip.provider as _,
        tip.amount.currency as _,
        tip.amount.minor,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
