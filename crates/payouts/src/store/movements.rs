//! The SQL of what gateways should have in their books of withdrawals.

use platform::{
    ids::OperationId,
    money::Currency,
    ports::gateway::{GatewayName, Period},
    time::Instant,
};
use sqlx::PgConnection;

use crate::movements::{Known, PayoutMovement};

/// Payouts of a period, and those that the gateway names. One that failed after it had gone has come back.
pub(crate) async fn find(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
    known: Known<'_>,
) -> sqlx::Result<Vec<PayoutMovement>> {
    sqlx::query_as!(
        PayoutMovement,
        r#"with w as (
               select * from withdrawals
                where gateway = $1
                  and (updated_at >= $2 and updated_at < $3 or paid_at >= $2 and paid_at < $3
                       or reference = any($4) or id = any($5))
           )
           select false as "is_return!", reference, id as "operation!: OperationId", amount_minor as "amount_minor!",
                  currency as "currency!: Currency", coalesce(paid_at, updated_at) as "at!: Instant",
                  paid_at is not null as "is_certain!"
             from w where state <> 'requested'
           union all
           select true, reference, id, amount_minor, currency, updated_at, paid_at is not null
             from w where state = 'failed'"#,
        gateway as _,
        period.from as _,
        period.until as _,
        known.references,
        known.operations as _,
    )
    .fetch_all(db)
    .await
}
