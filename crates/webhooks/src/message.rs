//! What happened, as partners are told it: thin, so that nothing is old that they did not ask for.

use bookings::{BookingChanged, Event, State};
use payments::{PaymentChanged, Status};
use platform::{
    ids::{BookingId, EndpointId, PaymentId, ServiceId, UserId},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::model::EventType;

/// What an endpoint hears when staff try it.
pub(crate) const TEST: &str = "webhook.test";

/// Something that partners are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    /// What it tells of: the same however often it is told.
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    /// Whom it concerns.
    pub(crate) provider_id: Option<UserId>,
    /// The very bytes that are sent.
    pub(crate) body: String,
}

#[derive(Serialize)]
struct Body<'a, T> {
    r#type: &'a str,
    timestamp: Instant,
    data: T,
}

#[derive(Serialize)]
struct BookingNews {
    booking_id: BookingId,
    service_id: ServiceId,
    customer_id: UserId,
    provider_id: UserId,
    status: bookings::Status,
    sub_status: State,
    version: i32,
    starts_at: Instant,
}

#[derive(Serialize)]
struct PaymentNews<'a> {
    payment_id: PaymentId,
    booking_id: Option<BookingId>,
    customer_id: UserId,
    provider_id: Option<UserId>,
    status: Status,
    failure_code: Option<&'a str>,
}

#[derive(Serialize)]
struct Test {
    endpoint_id: EndpointId,
}

impl Message {
    fn new(
        event_id: String,
        event_type: &str,
        provider_id: Option<UserId>,
        at: Instant,
        data: impl Serialize,
    ) -> serde_json::Result<Self> {
        let body = serde_json::to_string(&Body { r#type: event_type, timestamp: at, data })?;
        Ok(Self { event_id, event_type: event_type.to_owned(), provider_id, body })
    }

    /// What a partner needs who has just entered the secret.
    pub(crate) fn test(endpoint: EndpointId, event_id: String, at: Instant) -> serde_json::Result<Self> {
        Self::new(event_id, TEST, None, at, Test { endpoint_id: endpoint })
    }
}

/// Nothing that partners are told of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error("it concerns nobody else")]
    Internal,
    #[error(transparent)]
    Unwritable(#[from] serde_json::Error),
}

impl TryFrom<BookingChanged> for Message {
    type Error = Untold;

    fn try_from(event: BookingChanged) -> Result<Self, Untold> {
        let event_type = of_booking(&event).ok_or(Untold::Internal)?;
        let data = BookingNews {
            booking_id: event.booking_id,
            service_id: event.service_id,
            customer_id: event.customer_id,
            provider_id: event.provider_id,
            status: event.state.status(),
            sub_status: event.state,
            version: event.version,
            starts_at: event.starts_at,
        };
        let id = format!("booking:{}:{}", event.booking_id, event.version);
        Ok(Self::new(id, event_type.into(), Some(event.provider_id), event.at, data)?)
    }
}

impl TryFrom<PaymentChanged> for Message {
    type Error = Untold;

    fn try_from(event: PaymentChanged) -> Result<Self, Untold> {
        let event_type = of_payment(event.status).ok_or(Untold::Internal)?;
        let data = PaymentNews {
            payment_id: event.payment_id,
            booking_id: event.booking_id,
            customer_id: event.user_id,
            provider_id: event.provider_id,
            status: event.status,
            failure_code: event.failure_code.as_deref(),
        };
        let name: &str = event_type.into();
        let id = format!("{name}:{}:{}", event.payment_id, event.at.as_micros());
        Ok(Self::new(id, name, event.provider_id, event.at, data)?)
    }
}

/// A booking that still has to be paid is nobody's business but the customer's, also when it comes to nothing.
fn of_booking(event: &BookingChanged) -> Option<EventType> {
    let was_told = event.from.is_some_and(|from| from != State::AwaitingPayment);
    match (event.event, event.state) {
        (Event::Created | Event::PaymentSecured, State::PendingAcceptance) => {
            Some(EventType::BookingRequested)
        }
        (Event::Created | Event::PaymentSecured, State::Confirmed) | (Event::Accepted, _) => {
            Some(EventType::BookingConfirmed)
        }
        (Event::Created | Event::PaymentSecured, _) => None,
        _ if !was_told => None,
        // Of a payment its own events tell.
        (Event::PaymentLost | Event::PaymentRestored, _) => None,
        (Event::Declined, _) => Some(EventType::BookingDeclined),
        (Event::Withdrawn, _) => Some(EventType::BookingWithdrawn),
        (Event::Expired, _) => Some(EventType::BookingExpired),
        (Event::Rescheduled | Event::RescheduleAccepted, _) => Some(EventType::BookingRescheduled),
        (Event::RescheduleProposed, _) => Some(EventType::BookingRescheduleProposed),
        (Event::RescheduleDeclined | Event::RescheduleWithdrawn | Event::RescheduleExpired, _) => {
            Some(EventType::BookingRescheduleRefused)
        }
        (Event::Started, _) => Some(EventType::BookingStarted),
        (Event::Completed, _) => Some(EventType::BookingCompleted),
        (Event::Cancelled | Event::PaymentExpired, _) => Some(EventType::BookingCancelled),
        (Event::NoShow | Event::NoShowConfirmed, _) => Some(EventType::BookingNoShow),
        (Event::NoShowContested | Event::Disputed, _) => Some(EventType::BookingDisputed),
        (Event::ResolvedForCustomer | Event::ResolvedForProvider | Event::ResolvedBySplit, _) => {
            Some(EventType::BookingResolved)
        }
    }
}

fn of_payment(status: Status) -> Option<EventType> {
    match status {
        Status::Pending | Status::RequiresAction => None,
        Status::Processing => Some(EventType::PaymentProcessing),
        Status::Completed => Some(EventType::PaymentCompleted),
        Status::Failed => Some(EventType::PaymentFailed),
        Status::Cancelled => Some(EventType::PaymentCancelled),
        Status::PartiallyRefunded => Some(EventType::PaymentPartiallyRefunded),
        Status::Refunded => Some(EventType::PaymentRefunded),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use bookings::Actor;
    use strum::VariantArray as _;

    use super::*;

    fn told(event: Event, from: Option<State>, state: State) -> Option<String> {
        let at = Instant::from("2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap());
        let changed = BookingChanged {
            booking_id: BookingId::at(at),
            customer_id: UserId::at(at),
            provider_id: UserId::at(at),
            service_id: ServiceId::at(at),
            event,
            from,
            state,
            version: 1,
            by: Actor::Provider,
            starts_at: at,
            at,
        };
        Message::try_from(changed).ok().map(|message| message.event_type)
    }

    #[test]
    fn what_is_told_of_a_booking() {
        let mut table = String::new();
        for (from, state) in [
            (None, State::PendingAcceptance),
            (None, State::Confirmed),
            (Some(State::AwaitingPayment), State::PendingAcceptance),
            (Some(State::AwaitingPayment), State::Confirmed),
        ] {
            let event = if from.is_none() { Event::Created } else { Event::PaymentSecured };
            writeln!(table, "{event:?} {state:?}: {:?}", told(event, from, state)).unwrap();
        }
        for event in Event::VARIANTS {
            let told = told(*event, Some(State::PendingAcceptance), State::Disputed);
            writeln!(table, "{event:?}: {told:?}").unwrap();
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_booking_that_is_not_paid_is_nobodys_business() {
        assert_eq!(told(Event::Created, None, State::AwaitingPayment), None);
        for event in Event::VARIANTS {
            if !matches!(event, Event::Accepted) {
                assert_eq!(told(*event, Some(State::AwaitingPayment), State::Withdrawn), None, "{event:?}");
            }
        }
    }
}
