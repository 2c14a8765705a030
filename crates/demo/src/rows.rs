//! The rows of the demo, as plain values. Times are microseconds since 1970.
use crate::{
    hours::Hours,
    places::{Country, Position},
};
use std::ops::Range;
use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) country: Country,
    pub(crate) timezone: &'static str,
    pub(crate) is_provider: bool,
    pub(crate) password_hash: String,
    pub(crate) created_at: i64,
    pub(crate) last_login_at: i64,
}

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) id: Uuid,
    pub(crate) account_type: &'static str,
    pub(crate) business_name: Option<String>,
    pub(crate) description: String,
    pub(crate) skills: Vec<Uuid>,
    pub(crate) languages: Vec<&'static str>,
    pub(crate) is_verified: bool,
    pub(crate) is_available: bool,
    pub(crate) country: Country,
    pub(crate) city: &'static str,
    pub(crate) position: Position,
    pub(crate) radius_km: i32,
    pub(crate) record: Record,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// What a provider's bookings add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) rating: Rating,
    pub(crate) jobs_completed: i32,
    pub(crate) jobs_cancelled: i32,
    pub(crate) requests_received: i32,
    pub(crate) requests_answered: i32,
    pub(crate) response_minutes_sum: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rating {
    pub(crate) sum: i32,
    pub(crate) count: i32,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) provider_id: Uuid,
    pub(crate) timezone: &'static str,
    pub(crate) hours: Hours,
    pub(crate) updated_at: i64,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) id: Uuid,
    pub(crate) provider_id: Uuid,
    pub(crate) category_id: Uuid,
    pub(crate) language: &'static str,
    pub(crate) title: String,
    pub(crate) description: String,
    /// JSON.
    pub(crate) translations: String,
    pub(crate) price_minor: i64,
    pub(crate) currency: &'static str,
    pub(crate) credits_required: i32,
    pub(crate) duration_minutes: i32,
    pub(crate) cancellation_policy: &'static str,
    pub(crate) position: Position,
    pub(crate) city: &'static str,
    pub(crate) radius_km: i32,
    pub(crate) min_notice_minutes: Option<i32>,
    pub(crate) is_active: bool,
    pub(crate) withdrawn_at: Option<i64>,
    pub(crate) rating: Rating,
    pub(crate) popularity: f32,
    /// How often it is booked compared with the provider's others.
    pub(crate) appeal: u64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug)]
pub(crate) struct Booking {
    pub(crate) id: Uuid,
    pub(crate) reference: String,
    pub(crate) customer_id: Uuid,
    pub(crate) provider_id: Uuid,
    pub(crate) service_id: Uuid,
    pub(crate) state: State,
    pub(crate) timezone: &'static str,
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) respond_by: Option<i64>,
    pub(crate) service_title: String,
    pub(crate) price_minor: i64,
    pub(crate) credits_required: i32,
    pub(crate) currency: &'static str,
    pub(crate) duration_minutes: i32,
    pub(crate) buffer_before_minutes: i32,
    pub(crate) buffer_after_minutes: i32,
    pub(crate) cancellation_policy: &'static str,
    pub(crate) books_instantly: bool,
    pub(crate) notes: String,
    /// JSON.
    pub(crate) address: String,
    pub(crate) history: Vec<Event>,
    pub(crate) created_at: i64,
}

/// The states that the demo's bookings are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    PendingAcceptance,
    Confirmed,
    InProgress,
    Completed,
    Declined,
    RequestExpired,
    Withdrawn,
    CancelledByCustomer,
    CancelledByProvider,
    NoShowCustomer,
    NoShowProvider,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PendingAcceptance => "pending_acceptance",
            Self::Confirmed => "confirmed",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::RequestExpired => "request_expired",
            Self::Withdrawn => "withdrawn",
            Self::CancelledByCustomer => "cancelled_by_customer",
            Self::CancelledByProvider => "cancelled_by_provider",
            Self::NoShowCustomer => "no_show_customer",
            Self::NoShowProvider => "no_show_provider",
        }
    }

    /// Whether the booking holds its time.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::PendingAcceptance | Self::Confirmed | Self::InProgress)
    }
}

/// One line of a booking's history.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) name: &'static str,
    pub(crate) from: Option<State>,
    pub(crate) to: State,
    pub(crate) actor: Actor,
    pub(crate) reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Customer,
    Provider,
    System,
}

impl Actor {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Provider => "provider",
            Self::System => "system",
        }
    }
}

impl Booking {
    /// The time that an open booking holds, buffers included.
    pub(crate) fn blocked(&self) -> Range<i64> {
        let minute = crate::time::MINUTE;
        self.starts_at - i64::from(self.buffer_before_minutes) * minute
            ..self.ends_at + i64::from(self.buffer_after_minutes) * minute
    }

    pub(crate) fn updated_at(&self) -> i64 {
        self.history.last().map_or(self.created_at, |event| event.at)
    }
}

#[derive(Debug)]
pub(crate) struct Favourite {
    pub(crate) user_id: Uuid,
    pub(crate) service_id: Uuid,
    pub(crate) created_at: i64,
}
