//! A booking, its states, and why a request about it is refused.

use platform::{
    error::{Fault, Kind},
    ids::{BookingId, ProposalId, ServiceId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use scheduling::{LocalTimeFault, Slot, SlotRefusal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sqlx::types::Json;

use crate::{
    address::Address,
    payment::{PaymentMethod, PaymentStatus, PaymentType},
    policy::Policy,
    transitions::Event,
};

/// What the app switches on; it follows from the [`State`].
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BookingStatus)]
pub enum Status {
    /// Still to come.
    Upcoming,
    /// Being done.
    Ongoing,
    /// Done.
    Completed,
    /// Did not take place.
    Cancelled,
}

/// The state of a booking; the app's `sub_status`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BookingSubStatus)]
pub enum State {
    /// The time is kept for a moment, until the payment is secured.
    AwaitingPayment,
    /// The provider has not answered yet.
    PendingAcceptance,
    /// Agreed.
    Confirmed,
    /// Begun.
    InProgress,
    /// Done.
    Completed,
    /// Done, but somebody disagrees.
    Disputed,
    /// The provider said no.
    Declined,
    /// The provider did not answer in time.
    RequestExpired,
    /// The payment did not come in time.
    PaymentExpired,
    /// The customer took the request back.
    Withdrawn,
    /// Called off by the customer.
    CancelledByCustomer,
    /// Called off by the provider.
    CancelledByProvider,
    /// Called off by staff.
    CancelledByOperator,
    /// Called off by the house's rules.
    CancelledBySystem,
    /// The customer was not there.
    NoShowCustomer,
    /// The provider was not there.
    NoShowProvider,
}

impl State {
    /// The one mapping between the two.
    pub fn status(self) -> Status {
        match self {
            Self::AwaitingPayment | Self::PendingAcceptance | Self::Confirmed => Status::Upcoming,
            Self::InProgress => Status::Ongoing,
            Self::Completed | Self::Disputed => Status::Completed,
            Self::Declined
            | Self::RequestExpired
            | Self::PaymentExpired
            | Self::Withdrawn
            | Self::CancelledByCustomer
            | Self::CancelledByProvider
            | Self::CancelledByOperator
            | Self::CancelledBySystem
            | Self::NoShowCustomer
            | Self::NoShowProvider => Status::Cancelled,
        }
    }

    /// Whether the booking keeps its time from others.
    pub fn holds_slot(self) -> bool {
        matches!(self.status(), Status::Upcoming | Status::Ongoing)
    }

    /// Whether both sides, or the provider's schedule, have agreed to it, and it still stands.
    pub fn is_agreed(self) -> bool {
        match self.status() {
            Status::Upcoming => self == Self::Confirmed,
            Status::Ongoing | Status::Completed => true,
            Status::Cancelled => matches!(self, Self::NoShowCustomer | Self::NoShowProvider),
        }
    }

    /// `snake_case`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who does something to a booking.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BookingActor)]
pub enum Actor {
    /// Who booked.
    Customer,
    /// Who is booked.
    Provider,
    /// Staff.
    Operator,
    /// A timer.
    System,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) starts_at: Instant,
    pub(crate) ends_at: Instant,
}

/// Another time for a booking, with the zone that its local date and time are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewTime {
    pub(crate) span: Span,
    pub(crate) timezone: String,
}

/// An open wish to move a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) id: ProposalId,
    pub(crate) proposed_by: Actor,
    pub(crate) span: Span,
    pub(crate) timezone: String,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: Instant,
    pub(crate) expires_at: Instant,
}

/// One line of a booking's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BookingHistoryEntry)]
pub struct HistoryEntry {
    /// When.
    pub at: Instant,
    /// What happened.
    pub event: Event,
    /// The `sub_status` before; `null` for the first.
    pub from: Option<State>,
    /// The `sub_status` after.
    pub to: State,
    /// Who did it.
    pub by: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// A booking as it is stored, with the names of its parties and its open proposal.
#[derive(Clone, Debug, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Booking {
    pub id: BookingId,
    pub reference: String,
    pub customer_id: UserId,
    pub customer_name: String,
    pub provider_id: UserId,
    pub provider_name: String,
    pub service_id: ServiceId,
    pub state: State,
    pub list_position: i64,
    pub timezone: String,
    pub starts_at: Instant,
    pub ends_at: Instant,
    pub respond_by: Option<Instant>,
    pub service_title: String,
    pub service_price_minor: i64,
    pub credits_required: i32,
    pub currency: Currency,
    pub duration_minutes: i32,
    pub buffer_before_minutes: i32,
    pub buffer_after_minutes: i32,
    pub cancellation_policy: Policy,
    pub commission_bps: i32,
    pub books_instantly: bool,
    pub total_minor: i64,
    pub paid_minor: i64,
    pub retained_minor: i64,
    pub refund_minor: Option<i64>,
    pub agreed_minor: i64,
    pub secured_minor: i64,
    pub kept_minor: Option<i64>,
    pub min_kept_percent: i16,
    pub customer_moves: i16,
    pub min_notice_minutes: i32,
    pub contest_until: Option<Instant>,
    pub disputed_from: Option<State>,
    pub disputed_at: Option<Instant>,
    pub payment_method: PaymentMethod,
    pub payment_type: PaymentType,
    pub payment_status: PaymentStatus,
    pub notes: String,
    pub address: Option<Json<Address>>,
    pub cancelled_by: Option<Actor>,
    pub cancellation_reason: Option<String>,
    pub ics_sequence: i32,
    pub version: i32,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub completed_at: Option<Instant>,
    pub proposal_id: Option<ProposalId>,
    pub proposal_by: Option<Actor>,
    pub proposal_starts_at: Option<Instant>,
    pub proposal_ends_at: Option<Instant>,
    pub proposal_timezone: Option<String>,
    pub proposal_reason: Option<String>,
    pub proposal_created_at: Option<Instant>,
    pub proposal_expires_at: Option<Instant>,
    /// Not read for lists.
    pub history: Option<Json<Vec<HistoryEntry>>>,
}

impl Booking {
    /// Which party somebody is; `None` for everybody else.
    pub fn party(&self, user: UserId) -> Option<Actor> {
        if user == self.customer_id {
            Some(Actor::Customer)
        } else if user == self.provider_id {
            Some(Actor::Provider)
        } else {
            None
        }
    }

    /// Whether it is open who was there: the money waits.
    pub fn is_contested(&self) -> bool {
        match self.state {
            State::NoShowCustomer | State::NoShowProvider => self.contest_until.is_some(),
            State::Disputed => self.disputed_from != Some(State::Completed),
            _ => false,
        }
    }

    /// An amount in the booking's currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    pub(crate) fn proposal(&self) -> Option<Proposal> {
        Some(Proposal {
            id: self.proposal_id?,
            proposed_by: self.proposal_by?,
            span: Span { starts_at: self.proposal_starts_at?, ends_at: self.proposal_ends_at? },
            timezone: self.proposal_timezone.clone().unwrap_or_else(|| self.timezone.clone()),
            reason: self.proposal_reason.clone(),
            created_at: self.proposal_created_at?,
            expires_at: self.proposal_expires_at?,
        })
    }

    pub(crate) fn set_proposal(&mut self, proposal: Option<Proposal>) {
        self.proposal_id = proposal.as_ref().map(|p| p.id);
        self.proposal_by = proposal.as_ref().map(|p| p.proposed_by);
        self.proposal_starts_at = proposal.as_ref().map(|p| p.span.starts_at);
        self.proposal_ends_at = proposal.as_ref().map(|p| p.span.ends_at);
        self.proposal_created_at = proposal.as_ref().map(|p| p.created_at);
        self.proposal_expires_at = proposal.as_ref().map(|p| p.expires_at);
        self.proposal_timezone = proposal.as_ref().map(|p| p.timezone.clone());
        self.proposal_reason = proposal.and_then(|p| p.reason);
    }

    /// A time with this booking's buffers around it.
    pub(crate) fn blocked(&self, span: Span) -> Span {
        let minutes = |n: i32| jiff::SignedDuration::from_mins(n.into());
        Span {
            starts_at: span.starts_at.minus(minutes(self.buffer_before_minutes)),
            ends_at: span.ends_at.plus(minutes(self.buffer_after_minutes)),
        }
    }
}

/// Where a booking stands in lists, in one ascending order: what is ahead, soonest first; then what is
/// past, latest first.
pub(crate) fn list_position(state: State, starts_at: Instant) -> i64 {
    if state.holds_slot() { starts_at.as_micros() } else { PAST - starts_at.as_micros() }
}

const PAST: i64 = 9_000_000_000_000_000;
/// Between the two halves; a start in the year 2112.
pub(crate) const PAST_FROM: i64 = PAST / 2;

/// Why a request about a booking is refused.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum BookingError {
    /// Not possible in this state, or not now, or not for this party.
    #[error("not possible while the booking is {state:?}")]
    InvalidTransition {
        /// What it is.
        state: State,
        /// What the caller could do now.
        allowed: Vec<Event>,
    },
    /// The customer has moved it as often as they can.
    #[error("moved too often")]
    TooManyMoves,
    /// The provider needs more notice before the start.
    #[error("too late to move it")]
    TooLateToMove,
    /// More than what could go back.
    #[error("that is more than what can go back")]
    RefundTooLarge {
        /// What can.
        refundable: Money,
    },
    /// Another booking is there.
    #[error("the time is taken")]
    SlotTaken {
        /// Free times near it.
        alternatives: Vec<Slot>,
    },
    /// The schedule says no; the code is the reason's.
    #[error("{0}")]
    NotOffered(SlotRefusal),
    /// The date and time name no instant; the code is the reason's.
    #[error("{0}")]
    NoSuchTime(LocalTimeFault),
    /// One cannot book oneself.
    #[error("one's own service")]
    OwnService,
    /// One of the two has blocked the other.
    #[error("one of the two has blocked the other")]
    Blocked,
    /// Nobody can pay so at present.
    #[error("this way to pay is not available")]
    PaymentMethodUnavailable,
    /// The caller has no such address.
    #[error("no such address")]
    AddressNotFound,
    /// The caller keeps too many times from others without paying for them.
    #[error("too many unpaid bookings")]
    TooManyHolds,
}

impl Fault for BookingError {
    fn kind(&self) -> Kind {
        match self {
            Self::InvalidTransition { .. }
            | Self::SlotTaken { .. }
            | Self::TooManyHolds
            | Self::TooManyMoves
            | Self::TooLateToMove
            | Self::RefundTooLarge { .. } => Kind::Conflict,
            Self::Blocked => Kind::Forbidden,
            Self::NotOffered(_)
            | Self::NoSuchTime(_)
            | Self::OwnService
            | Self::PaymentMethodUnavailable
            | Self::AddressNotFound => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotOffered(refusal) => refusal.into(),
            Self::NoSuchTime(fault) => fault.into(),
            other => other.into(),
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotOffered(_) | Self::NoSuchTime(_) => Some("scheduled_time"),
            Self::OwnService => Some("service_id"),
            Self::PaymentMethodUnavailable => Some("payment_method"),
            Self::AddressNotFound => Some("address_id"),
            Self::RefundTooLarge { .. } => Some("refund_amount"),
            Self::InvalidTransition { .. }
            | Self::SlotTaken { .. }
            | Self::TooManyHolds
            | Self::TooManyMoves
            | Self::TooLateToMove
            | Self::Blocked => None,
        }
    }

    fn extra(&self) -> Map<String, Value> {
        let members = match self {
            Self::InvalidTransition { state, allowed } => json!({"state": state, "allowed": allowed}),
            Self::RefundTooLarge { refundable } => json!({"refundable": refundable}),
            Self::SlotTaken { alternatives } => json!({"alternatives": alternatives}),
            _ => json!({}),
        };
        members.as_object().cloned().unwrap_or_default()
    }
}
