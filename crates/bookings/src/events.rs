//! What others may learn of bookings, and what bookings want to hear. Fields are only ever added.

use platform::{
    ids::{BookingId, ServiceId, UserId},
    outbox,
    stream::{self, Kind},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    change::By,
    model::{Actor, Booking, State, Status},
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

/// What the two people of a booking are told live: enough to know whether what they show is old.
#[derive(Serialize)]
pub(crate) struct News {
    booking_id: BookingId,
    service_id: ServiceId,
    customer_id: UserId,
    provider_id: UserId,
    event: Event,
    status: Status,
    sub_status: State,
    version: i32,
    by: Actor,
    starts_at: Instant,
}

impl BookingChanged {
    /// Whether the provider has to answer now, and had not before.
    fn asks_provider(&self) -> bool {
        self.state == State::PendingAcceptance && self.from != Some(self.state)
    }

    /// What the two people are told live.
    pub(crate) fn news(&self) -> News {
        News {
            booking_id: self.booking_id,
            service_id: self.service_id,
            customer_id: self.customer_id,
            provider_id: self.provider_id,
            event: self.event,
            status: self.state.status(),
            sub_status: self.state,
            version: self.version,
            by: self.by,
            starts_at: self.starts_at,
        }
    }

    /// Who of the two is told live of what.
    pub(crate) fn live(&self) -> Vec<(UserId, Kind)> {
        let asked = self.asks_provider().then_some((self.provider_id, Kind::JobRequested));
        let both = [self.customer_id, self.provider_id].map(|person| (person, Kind::BookingUpdated));
        asked.into_iter().chain(both).collect()
    }

    /// Tells others of it: later by the outbox, and live the two people.
    pub(crate) async fn tell(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        outbox::emit(db, self, self.at).await?;
        stream::append_kinds(db, &self.live(), &self.news(), self.at).await
    }

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
