//! What gateways should have in their books of money to providers, for whoever compares them.

use platform::{
    ids::OperationId,
    money::Currency,
    ports::gateway::{GatewayName, Period},
    time::Instant,
};
use sqlx::PgConnection;

use crate::store::movements as store;

/// A payout, or its return.
#[derive(Clone, Debug)]
pub struct PayoutMovement {
    /// Whether the money came back.
    pub is_return: bool,
    /// The gateway's name for the payout.
    pub reference: Option<String>,
    /// Our operation: the withdrawal.
    pub operation: OperationId,
    /// How much.
    pub amount_minor: i64,
    /// Of the amount.
    pub currency: Currency,
    /// When we heard of it.
    pub at: Instant,
    /// Whether the gateway must have it: what was never sent need not be in its book.
    pub is_certain: bool,
}

/// What a gateway's book names.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// By its own names.
    pub references: &'a [String],
    /// By our ids.
    pub operations: &'a [uuid::Uuid],
}

/// The payouts of a period, and those that the gateway names.
pub async fn movements(
    db: &mut PgConnection,
    gateway: GatewayName,
    period: Period,
    known: Known<'_>,
) -> sqlx::Result<Vec<PayoutMovement>> {
    store::find(db, gateway, period, known).await
}
