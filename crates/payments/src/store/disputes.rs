//! The SQL of disputes.

use platform::ports::gateway::GatewayName;
use sqlx::PgConnection;

use crate::dispute::StoredDispute;

/// A dispute; held until the transaction ends.
pub(crate) async fn lock(
    db: &mut PgConnection,
    gateway: GatewayName,
    reference: &str,
) -> sqlx::Result<Option<StoredDispute>> {
    sqlx::query_as!(
        StoredDispute,
        "select id, gateway, reference, payment_id, amount_minor, disputed_minor, is_from_escrow, state, respond_by,
                created_at, updated_at
           from payment_disputes where gateway = $1 and reference = $2 for update",
        gateway as _,
        reference,
    )
    .fetch_optional(db)
    .await
}

/// Writes how a dispute stands.
pub(crate) async fn save(db: &mut PgConnection, dispute: &StoredDispute) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into payment_disputes (id, gateway, reference, payment_id, amount_minor, disputed_minor, is_from_escrow,
                state, respond_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (gateway, reference) do update set state = excluded.state, updated_at = excluded.updated_at",
        dispute.id as _,
        dispute.gateway as _,
        dispute.reference,
        dispute.payment_id as _,
        dispute.amount_minor,
        dispute.disputed_minor,
        dispute.is_from_escrow,
        dispute.state as _,
        dispute.respond_by as _,
        dispute.created_at as _,
        dispute.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
