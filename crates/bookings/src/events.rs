//! What others may learn of bookings, and what bookings want to hear. Fields are only ever added.

use platform::{
    ids::{BookingId, ServiceId, UserId},
    outbox,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    change::By,
    model::{Actor, Booking, State},
    transitions::Event,
};

/// Something happened to a booking; `event` says what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingChanged {
    /// Which.
    pub booking_id: BookingId,
    /// Who booked.
    pub customer_id: UserId,
    /// Who is booked.
    pub provider_id: UserId,
    /// For what.
    pub service_id: ServiceId,
    /// What happened.
    pub event: Event,
    /// The state before; `None` for a new booking.
    pub from: Option<State>,
    /// The state after.
    pub state: State,
    /// Grows with every change; an older one never overwrites a newer one.
    pub version: i32,
    /// Who did it.
    pub by: Actor,
    /// When it starts, after the change.
    pub starts_at: Instant,
    /// When it happened.
    pub at: Instant,
}

impl outbox::Event for BookingChanged {
    const TOPIC: &'static str = "bookings.changed";
    fn subject(&self) -> Uuid {
        self.booking_id.uuid()
    }
}

impl BookingChanged {
    /// After the change.
    pub(crate) fn of(booking: &Booking, from: Option<State>, event: Event, by: &By) -> Self {
        Self {
            booking_id: booking.id,
            customer_id: booking.customer_id,
            provider_id: booking.provider_id,
            service_id: booking.service_id,
            event,
            from,
            state: booking.state,
            version: booking.version,
            by: by.actor,
            starts_at: booking.starts_at,
            at: booking.updated_at,
        }
    }
}
