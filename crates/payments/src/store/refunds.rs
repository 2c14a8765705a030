//! The SQL of refunds.

use platform::{ids::RefundId, time::Instant};
use sqlx::PgConnection;

use crate::refund::Refund;

/// Writes a new refund.
pub(crate) async fn insert(db: &mut PgConnection, refund: &Refund) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into refunds (id, payment_id, amount_minor, credits_minor, state, reason, requested_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        refund.id as _,
        refund.payment_id as _,
        refund.amount_minor,
        refund.credits_minor,
        refund.state as _,
        refund.reason,
        refund.requested_by as _,
        refund.created_at as _,
        refund.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A part of a refund has arrived; all of it, where no other part is on its way.
pub(crate) async fn arrived(db: &mut PgConnection, id: RefundId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update refunds set state = 'succeeded', updated_at = $2
          where id = $1 and not exists (select from payment_operations where refund_id = $1 and state <> 'succeeded')",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A part of a refund could not be brought back.
pub(crate) async fn failed(db: &mut PgConnection, id: RefundId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("update refunds set state = 'failed', updated_at = $2 where id = $1", id as _, now as _)
        .execute(db)
        .await?;
    Ok(())
}
