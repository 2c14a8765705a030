//! The SQL of disputes.

use platform::{
    ids::{BookingId, DisputeId, LotId, PaymentId},
    ports::gateway::GatewayName,
};
use sqlx::PgConnection;

use crate::dispute::{Standing, StoredDispute};

/// A dispute; held until the transaction ends.
pub(crate) async fn lock(
    db: &mut PgConnection,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<Option<StoredDispute>> {
    sqlx::query_as!(
        StoredDispute,
        "select id, gateway, reference, payment_id, amount_minor, disputed_minor, is_from_escrow, credits_minor, bonus_minor,
                state, respond_by, created_at, updated_at
           from payment_disputes where gateway = $1 and reference = $2 for update",
        gateway as _,
        reference,
    )
    .fetch_optional(db)
    .await
}

/// Whether a bank has still to decide about what a booking cost.
pub(crate) async fn is_any_open(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from payment_disputes d join payments p on p.id = d.payment_id
                           where p.booking_id = $1 and not p.is_tip and d.state = 'open') as "found!""#,
        booking as _,
    )
    .fetch_one(db)
    .await
}

/// Writes how a dispute stands.
pub(crate) async fn save(db: &mut PgConnection, dispute: &StoredDispute) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_disputes (id, gateway, reference, payment_id, amount_minor, disputed_minor, is_from_escrow,
                credits_minor, bonus_minor, state, respond_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (gateway, reference) do update set state = excluded.state, updated_at = excluded.updated_at",
        dispute.id as _,
        dispute.gateway as _,
        dispute.reference,
        dispute.payment_id as _,
        dispute.amount_minor,
        dispute.disputed_minor,
        dispute.is_from_escrow,
        dispute.credits_minor,
        dispute.bonus_minor,
        dispute.state as _,
        dispute.respond_by as _,
        dispute.created_at as _,
        dispute.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The disputes about what a lot cost for which not all is paid, the oldest first; held until the transaction ends.
pub(crate) async fn uncovered(db: &mut PgConnection, lot: LotId) -> sqlx::Result<Vec<StoredDispute>> {
    sqlx::query_as!(
        StoredDispute,
        "select d.id, d.gateway, d.reference, d.payment_id, d.amount_minor, d.disputed_minor, d.is_from_escrow,
                d.credits_minor, d.bonus_minor, d.state, d.respond_by, d.created_at, d.updated_at
           from credit_lots l
           join payment_disputes d on d.payment_id = l.payment_id
          where l.id = $1 and d.state <> 'won' and d.disputed_minor > d.credits_minor order by d.id for update of d",
        lot as _,
    )
    .fetch_all(db)
    .await
}

/// Credits pay for so much of a dispute.
pub(crate) async fn cover(db: &mut PgConnection, dispute: DisputeId, minor: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_disputes set credits_minor = credits_minor + $2 where id = $1",
        dispute as _,
        minor,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a bank has not decided yet about a payment, and whether it has decided against us.
pub(crate) async fn standing(db: &mut PgConnection, payment: PaymentId) -> sqlx::Result<Standing> {
    sqlx::query_as!(
        Standing,
        r#"select coalesce(bool_or(state = 'open'), false) as "is_open!", coalesce(bool_or(state = 'lost'), false) as "is_lost!"
             from payment_disputes where payment_id = $1"#,
        payment as _
    )
    .fetch_one(db)
    .await
}
