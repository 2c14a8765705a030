//! The SQL of what gateways tell.

use platform::{
    ids::OperationId,
    ports::gateway::{Event, GatewayName},
    time::Instant,
};
use sqlx::PgConnection;

/// Keeps a message. Whether it has to be looked into: not where it has come before, nor where it is about an operation
/// whose end is known. (A refund that arrived may be sent back, so the end of a refund is never known.)
pub(crate) async fn insert(
    db: &mut PgConnection,
    gateway: GatewayName,
    event: &Event,
    now: Instant,
) -> sqlx::Result<bool> {
    let is_new = sqlx::query_scalar!(
        r#"insert into payment_events (gateway, id, subject, operation, reference, happened_at, received_at, heard_at)
           values ($1, $2, $3, $4, $5, $6, $7::timestamptz,
                   (select $7::timestamptz from payment_operations
                     where id = $4 and $3 = 'charge' and state in ('succeeded', 'declined') and task <> 'refund'
                       and not (is_superseded and state = 'declined')))
           on conflict (gateway, id) do nothing
           returning heard_at is null as "is_new!""#,
        gateway as _,
        event.id,
        event.subject as _,
        event.operation as _,
        event.reference,
        event.at as _,
        now as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(is_new.unwrap_or(false))
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
