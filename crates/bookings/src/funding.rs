//! What payments learn of a booking, and tell it. Bookings know nothing of gateways.

use platform::{error::ApiResult, ids::BookingId, time::Instant};
use sqlx::PgConnection;

use crate::{
    change::{self, By},
    model::{Booking, State},
    payment::{PaymentMethod, PaymentStatus, PaymentType},
    store,
    transitions::Event,
};

/// How a booking is paid by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funding {
    /// By what means.
    pub method: PaymentMethod,
    /// At what time.
    pub kind: PaymentType,
    /// How far it has come.
    pub status: PaymentStatus,
    /// What was paid and has not gone back.
    pub paid_minor: i64,
    /// What the customer agreed to pay in all, less what was given back since; 0 until that is certain.
    pub agreed_minor: i64,
    /// How much of that was paid or is reserved; what a bank holds back counts.
    pub secured_minor: i64,
    /// How much of what was agreed does not go back when the customer cancels: a fee.
    pub retained_minor: i64,
}

/// A booking, held until the transaction ends: what is to be paid, by whom, to whom.
pub async fn lock(db: &mut PgConnection, id: BookingId) -> sqlx::Result<Option<Booking>> {
    store::lock(db, id).await
}

/// The payment has come, or is certain to come: a booking that waited for it goes on by the table of transitions,
/// any other only notes it. The caller has locked it, and seen that it still stands.
pub async fn payment_secured(
    db: &mut PgConnection,
    mut booking: Booking,
    funding: Funding,
    now: Instant,
) -> ApiResult<Booking> {
    let event = match (booking.state, booking.payment_status) {
        (State::AwaitingPayment, _) => Event::PaymentSecured,
        (_, before @ (PaymentStatus::Unpaid | PaymentStatus::Failed)) if before != funding.status => {
            Event::PaymentRestored
        }
        _ => return Ok(set_paid(db, booking, funding, now).await?),
    };
    booking.take(funding);
    change::change(db, booking, event, &By::SYSTEM, None, now).await
}

/// The payment of a booking that still stands is gone again: both are told. The caller has locked it.
pub async fn payment_lost(
    db: &mut PgConnection,
    mut booking: Booking,
    funding: Funding,
    now: Instant,
) -> ApiResult<Booking> {
    if booking.state == State::AwaitingPayment || booking.funding() == funding {
        return Ok(set_paid(db, booking, funding, now).await?);
    }
    booking.take(funding);
    change::change(db, booking, Event::PaymentLost, &By::SYSTEM, None, now).await
}

/// Notes how a booking is paid by now. The caller has locked it.
pub async fn set_paid(
    db: &mut PgConnection,
    mut booking: Booking,
    funding: Funding,
    now: Instant,
) -> sqlx::Result<Booking> {
    if booking.funding() != funding {
        booking.take(funding);
        booking.version += 1;
        booking.updated_at = now;
        store::save_funding(db, &booking).await?;
    }
    Ok(booking)
}

impl Booking {
    /// How it is paid by now.
    pub fn funding(&self) -> Funding {
        Funding {
            method: self.payment_method,
            kind: self.payment_type,
            status: self.payment_status,
            paid_minor: self.paid_minor,
            agreed_minor: self.agreed_minor,
            secured_minor: self.secured_minor,
            retained_minor: self.retained_minor,
        }
    }

    fn take(&mut self, funding: Funding) {
        let Funding { method, kind, status, paid_minor, agreed_minor, secured_minor, retained_minor } =
            funding;
        (self.payment_method, self.payment_type, self.payment_status) = (method, kind, status);
        (self.paid_minor, self.retained_minor) = (paid_minor, retained_minor);
        (self.agreed_minor, self.secured_minor) = (agreed_minor, secured_minor);
    }
}
