//! The SQL of what gateways tell.

use platform::{
    ids::OperationId,
    ports::gateway::{Event, GatewayName},
    time::Instant,
};
use sqlx::PgConnection;

/// Keeps a message; `false` where it has come before.
pub(crate) async fn insert(
    db: &mut PgConnection,
    gateway: GatewayName,
    event: &Event,
    now: Instant,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into payment_events (gateway, id, subject, operation, reference, happened_at, received_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (gateway, id) do nothing",
        gateway as _,
        event.id,
        event.subject as _,
        event.operation as _,
        event.reference,
        event.at as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A message.
pub(crate) async fn find(
    db: &mut PgConnection,
    gateway: GatewayName,
    id: &str,
) -> sqlx::Result<Option<Event>> {
    sqlx::query_as!(
        Event,
        r#"select id, subject, operation as "operation: OperationId", reference, happened_at as at
             from payment_events where gateway = $1 and id = $2"#,
        gateway as _,
        id,
    )
    .fetch_optional(db)
    .await
}

/// A message has been dealt with.
pub(crate) async fn heard(
    db: &mut PgConnection,
    gateway: GatewayName,
    id: &str,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update payment_events set heard_at = $3 where gateway = $1 and id = $2",
        gateway as _,
        id,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}
