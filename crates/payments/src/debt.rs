//! What customers owe: for work that was done and not paid in the end, and of bookings that they ended for less than all
//! of it.

use bookings::Booking;
use platform::{
    error::ApiResult,
    ids::{BookingId, PaymentId, UserId},
    money::Money,
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    case::Stage,
    model::State,
    price::{Price, Priced},
    store,
};

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

/// What is to be paid of a booking that ended before its job, with the shares that its payment had; `None` where nothing is
/// owed. The caller has locked it.
pub(crate) async fn of_ended(db: &mut PgConnection, booking: &Booking) -> ApiResult<Option<Priced>> {
    if Stage::of(booking) != Stage::Off {
        return Ok(None);
    }
    let owed = store::debts::of_booking(db, booking.customer_id, booking.id).await?;
    let Some((payment, owed_minor)) = owed else { return Ok(None) };
    // What was to be charged later is paid as a part.
    let payment = store::payments::lock(db, payment).await?.filter(|it| it.state != State::Scheduled);
    let Some(payment) = payment else { return Ok(None) };
    let shares = payment.parts().between(payment.earned_minor, payment.earned_minor + owed_minor);
    let price = Price {
        total: payment.money(owed_minor),
        discount_minor: shares.subsidy,
        subsidy_minor: shares.subsidy,
        fee_minor: shares.fee,
    };
    Ok(Some(Priced { price, promo: None, fee_is_refundable: payment.fee_is_refundable }))
}
