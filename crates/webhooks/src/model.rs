//! What partners may hear of, how a message to them stands, and when it is tried again.

use jiff::SignedDuration;
use platform::{
    error::{Fault, Kind},
    ids::WebhookDeliveryId,
    time::Instant,
};
use serde::{Deserialize, Serialize};

/// A try that fails is followed by another after each of these: the last is within three days.
const PAUSES: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(8),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(16),
    SignedDuration::from_hours(20),
];
/// An endpoint that takes nothing for so long is switched off.
const PATIENCE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// How long a secret is good beside the one that replaces it.
pub(crate) const OLD_SECRET_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// 410: the partner wants to hear no more.
const GONE: u16 = 410;

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// What an endpoint can hear of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[derive(utoipa::ToSchema, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
        #[schema(as = WebhookEventType)]
        pub(crate) enum EventType {
            $($(#[$doc])* #[serde(rename = $name)] #[strum(serialize = $name)] $variant),*
        }
    };
}

event_types! {
    /// Somebody asks, and the provider has to answer.
    BookingRequested = "booking.requested",
    /// It is agreed on.
    BookingConfirmed = "booking.confirmed",
    /// The provider said no.
    BookingDeclined = "booking.declined",
    /// The customer took the request back.
    BookingWithdrawn = "booking.withdrawn",
    /// The provider did not answer in time.
    BookingExpired = "booking.expired",
    /// One side would like another time.
    BookingRescheduleProposed = "booking.reschedule_proposed",
    /// That was refused, taken back or not answered: the time stays.
    BookingRescheduleRefused = "booking.reschedule_refused",
    /// It has another time.
    BookingRescheduled = "booking.rescheduled",
    /// The provider has begun.
    BookingStarted = "booking.started",
    /// It is done.
    BookingCompleted = "booking.completed",
    /// It was called off.
    BookingCancelled = "booking.cancelled",
    /// One of the two was not there.
    BookingNoShow = "booking.no_show",
    /// The one who is blamed contests that, or the customer is not content with what was done.
    BookingDisputed = "booking.disputed",
    /// An operator has decided.
    BookingResolved = "booking.resolved",
    /// It is on its way, or reserved until the provider agrees.
    PaymentProcessing = "payment.processing",
    /// All of it was paid.
    PaymentCompleted = "payment.completed",
    /// It did not work.
    PaymentFailed = "payment.failed",
    /// It was let go.
    PaymentCancelled = "payment.cancelled",
    /// A part of it went back.
    PaymentPartiallyRefunded = "payment.partially_refunded",
    /// All of it went back.
    PaymentRefunded = "payment.refunded",
}

impl EventType {
    /// Those with these names.
    pub(crate) fn named(names: &[String]) -> Vec<Self> {
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident as $schema:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[derive(sqlx::Type, utoipa::ToSchema, strum::IntoStaticStr)]
        #[serde(rename_all = "snake_case")]
        #[sqlx(type_name = "text", rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        #[schema(as = $schema)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant),* }
    };
}

word! {
    /// Why an endpoint was switched off by itself.
    OffReason as WebhookOffReason {
        /// It answered 410: it wants to hear no more.
        Gone,
        /// It took nothing for five days.
        Failing,
    }
}

word! {
    /// How a message to an endpoint stands.
    DeliveryState as WebhookDeliveryStatus {
        /// It will be sent, or sent again.
        Pending,
        /// It was taken, with a status from 200 to 299.
        Delivered,
        /// It was given up.
        Failed,
    }
}

/// What a try means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: DeliveryState,
    /// When it is tried again.
    pub(crate) due_at: Instant,
    /// What it means for the endpoint.
    pub(crate) off: Option<OffReason>,
}

/// Judges a try, which was one of so many since the message was written, by the status of the answer if there was one.
pub(crate) fn judge(
    id: WebhookDeliveryId,
    tries: i16,
    status: Option<u16>,
    failing_since: Option<Instant>,
    now: Instant,
) -> Verdict {
    let verdict = |state, due_at, off| Verdict { state, due_at, off };
    if status.is_some_and(|status| (200..300).contains(&status)) {
        return verdict(DeliveryState::Delivered, now, None);
    }
    if status == Some(GONE) {
        return verdict(DeliveryState::Failed, now, Some(OffReason::Gone));
    }
    let is_failing = failing_since.is_some_and(|since| now.since(since) >= PATIENCE);
    let off = is_failing.then_some(OffReason::Failing);
    match pause(tries, id) {
        Some(pause) => verdict(DeliveryState::Pending, now.plus(pause), off),
        None => verdict(DeliveryState::Failed, now, off),
    }
}

/// Up to a tenth more, so that what failed together does not come back together.
fn pause(tries: i16, id: WebhookDeliveryId) -> Option<SignedDuration> {
    let pause = *PAUSES.get(usize::try_from(tries).ok()?.checked_sub(1)?)?;
    let spread = i64::try_from(id.uuid().as_u128() % 1000).unwrap_or_default();
    Some(pause + SignedDuration::from_millis(pause.as_secs() * spread / 10))
}

/// What requests about webhooks are refused for.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum WebhookError {
    /// Fifty are enough.
    #[error("there are fifty endpoints already")]
    TooManyEndpoints,
    /// Nothing is sent to it.
    #[error("the endpoint is switched off")]
    EndpointOff,
}

impl Fault for WebhookError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooManyEndpoints | Self::EndpointOff => Kind::Conflict,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        "2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn ten_tries_take_almost_three_days() {
        let id = |n: u128| WebhookDeliveryId::from(uuid::Uuid::from_u128(n));
        for n in 0..1000 {
            let pauses: Vec<_> = (1..).map_while(|tries| pause(tries, id(n))).collect();
            let all: i64 = pauses.iter().map(SignedDuration::as_secs).sum();
            assert_eq!((pauses.len(), pauses[0].as_secs()), (9, 5));
            assert!((60 * 3600..=72 * 3600).contains(&all), "{all}");
            assert!(pauses.is_sorted());
        }
        assert!(pause(1, id(1)) < pause(1, id(999)));
        assert_eq!((pause(0, id(1)), pause(-1, id(1))), (None, None));
    }

    #[test]
    fn a_status_in_the_two_hundreds_is_taken_and_nothing_else() {
        let id = WebhookDeliveryId::at(now());
        for (status, state) in [
            (Some(200), DeliveryState::Delivered),
            (Some(204), DeliveryState::Delivered),
            (Some(299), DeliveryState::Delivered),
            (Some(199), DeliveryState::Pending),
            (Some(302), DeliveryState::Pending),
            (Some(404), DeliveryState::Pending),
            (Some(410), DeliveryState::Failed),
            (Some(500), DeliveryState::Pending),
            (None, DeliveryState::Pending),
        ] {
            let verdict = judge(id, 1, status, None, now());
            assert_eq!((verdict.state, verdict.off.is_some()), (state, status == Some(410)), "{status:?}");
        }
        assert_eq!(judge(id, 10, None, None, now()).state, DeliveryState::Failed);
    }

    #[test]
    fn an_endpoint_is_given_up_after_five_days_of_nothing_but_failures() {
        let id = WebhookDeliveryId::at(now());
        let since = |hours| Some(now().minus(SignedDuration::from_hours(hours)));
        let off = |status, hours| judge(id, 1, status, since(hours), now()).off;
        assert_eq!(off(Some(500), 119), None);
        assert_eq!(off(Some(500), 120), Some(OffReason::Failing));
        assert_eq!(off(Some(200), 200), None);
    }
}
