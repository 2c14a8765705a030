//! What customers owe for work that was done and not paid in the end.

use platform::{
    error::ApiResult,
    ids::{BookingId, PaymentId, UserId},
    money::Money,
    time::Instant,
};
use sqlx::PgConnection;

use crate::store;

/// What somebody owes for one booking. A part of a plan is paid by POST /payments/installments/{id}/pay/, anything else by
/// POST /payments/process/.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// For which work.
    pub booking_id: BookingId,
    /// Which payment did not come.
    pub payment_id: PaymentId,
    /// How much of it.
    pub amount: Money,
    /// Since when.
    pub since: Instant,
}

/// What a customer owes, the oldest first.
pub async fn debts(db: &mut PgConnection, customer: UserId) -> ApiResult<Vec<Debt>> {
    Ok(store::debts::of(db, customer).await?)
}
