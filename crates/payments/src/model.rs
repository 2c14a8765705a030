//! A payment, its states, and why a request about it is refused.

use bookings::{Funding, PaymentMethod, PaymentStatus, PaymentType};
use platform::{
    error::{Fault, Kind},
    ids::{BookingId, PaymentId, PromoId, UserId},
    money::{Currency, Money},
    ports::gateway::GatewayName,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::price::Parts;

/// The state of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::VariantArray)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum State {
    /// A gateway was asked, and has not said its last word.
    Processing,
    /// The payer has to approve.
    RequiresAction,
    /// The money is reserved until the provider agrees.
    Authorized,
    /// It, or what is left of it, is charged on a later day.
    Scheduled,
    /// All of it was taken.
    Captured,
    /// The payer's bank took it back while it was held for the booking, which may be paid anew.
    Disputed,
    /// Nothing was taken; another payment may be tried.
    Failed,
    /// It was let go.
    Cancelled,
}

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub(crate) enum Change {
    /// The gateway wants the payer.
    ActionNeeded,
    /// The gateway takes its time.
    StillRunning,
    /// The money is reserved.
    Reserved,
    /// All of it was taken.
    Taken,
    /// A part of it was taken; the rest is due later.
    PartTaken,
    /// The first charge was declined.
    Declined,
    /// The last try to charge it was declined.
    LastDeclined,
    /// The payer's bank took it back before the job.
    TakenBack,
    /// The bank has given it back, and all of it was paid.
    Restored,
    /// The bank has given it back, and the rest is due later.
    PartRestored,
    /// Nobody wants it any more.
    LetGo,
    /// Its gateway does not answer, and the payer tries again.
    Superseded,
}

impl State {
    /// The whole life of a payment. `None`: it stays what it is.
    pub(crate) fn after(self, change: Change) -> Option<Self> {
        use {Change::*, State::*};
        match (self, change) {
            (Processing | RequiresAction, ActionNeeded) => Some(RequiresAction),
            (Processing | RequiresAction, StillRunning) => Some(Processing),
            (Processing | RequiresAction, Reserved) => Some(Authorized),
            (Processing | RequiresAction | Authorized | Scheduled, Taken) | (Disputed, Restored) => {
                Some(Captured)
            }
            (Processing | RequiresAction | Scheduled, PartTaken) | (Disputed, PartRestored) => {
                Some(Scheduled)
            }
            (Processing | RequiresAction | Authorized, Declined) | (Scheduled, LastDeclined) => Some(Failed),
            (Captured | Scheduled, TakenBack) => Some(Disputed),
            (RequiresAction | Authorized | Scheduled, LetGo) | (Processing, Superseded) => Some(Cancelled),
            _ => None,
        }
    }
}

/// The `failure_code` of a payment that the payer's bank took back before the job.
pub const DISPUTED: &str = "disputed";

/// What the app sees of a payment.
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
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = PaymentState)]
pub enum Status {
    /// It will be charged later.
    Pending,
    /// The payer has to approve it: see `client_secret` and `action_url`.
    RequiresAction,
    /// It is on its way, or reserved until the provider agrees.
    Processing,
    /// All of it was paid.
    Completed,
    /// It did not work; see `failure_code`.
    Failed,
    /// All of it went back.
    Refunded,
    /// A part of it went back.
    PartiallyRefunded,
    /// It was let go.
    Cancelled,
}

/// A payment as it is stored.
#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    /// `None`: credits are bought.
    pub(crate) booking_id: Option<BookingId>,
    /// Which credits.
    pub(crate) package_id: Option<Uuid>,
    pub(crate) user_id: UserId,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) payment_method: PaymentMethod,
    pub(crate) payment_type: PaymentType,
    pub(crate) gateway: Option<GatewayName>,
    pub(crate) state: State,
    /// On top of a booking that was paid.
    pub(crate) is_tip: bool,
    /// How much of the amount is our fee.
    pub(crate) fee_minor: i64,
    /// Whether that goes back, too, when the customer cancels.
    pub(crate) fee_is_refundable: bool,
    pub(crate) promo_id: Option<PromoId>,
    /// How much less the amount is because of it.
    pub(crate) discount_minor: i64,
    /// How much of that we pay to the provider.
    pub(crate) subsidy_minor: i64,
    /// How much of the amount is paid by credits, beside the gateway.
    pub(crate) credits_minor: i64,
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
    pub(crate) disputed_minor: i64,
    /// How much of what was taken has become the provider's and ours.
    pub(crate) earned_minor: i64,
    pub(crate) failure_code: Option<String>,
    pub(crate) sealed_action: Option<Vec<u8>>,
    pub(crate) payer: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) closed_at: Option<Instant>,
    /// When the last try to charge a part of it failed.
    pub(crate) overdue_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl Payment {
    /// Of an amount by somebody, for a booking where one is given; no gateway was asked.
    pub(crate) fn new(
        user: UserId,
        booking: Option<BookingId>,
        amount: Money,
        (payment_method, payment_type): (PaymentMethod, PaymentType),
        now: Instant,
    ) -> Self {
        Self {
            id: PaymentId::at(now),
            booking_id: booking,
            package_id: None,
            user_id: user,
            amount_minor: amount.minor,
            currency: amount.currency,
            payment_method,
            payment_type,
            gateway: None,
            state: State::Processing,
            is_tip: false,
            fee_minor: 0,
            fee_is_refundable: true,
            promo_id: None,
            discount_minor: 0,
            subsidy_minor: 0,
            credits_minor: 0,
            captured_minor: 0,
            refunded_minor: 0,
            disputed_minor: 0,
            earned_minor: 0,
            failure_code: None,
            sealed_action: None,
            payer: None,
            method: None,
            closed_at: None,
            overdue_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// An amount in the payment's currency.
    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Lets something happen to it by the table above.
    pub(crate) fn change(&mut self, change: Change) {
        self.state = self.state.after(change).unwrap_or(self.state);
    }

    /// All of the amount.
    pub(crate) fn amount(&self) -> Money {
        self.money(self.amount_minor)
    }

    /// What it is made of.
    pub(crate) fn parts(&self) -> Parts {
        Parts {
            amount_minor: self.amount_minor,
            fee_minor: self.fee_minor,
            fee_is_refundable: self.fee_is_refundable,
            subsidy_minor: self.subsidy_minor,
        }
    }

    /// Whether the booking may go on because of it.
    pub(crate) fn is_certain(&self) -> bool {
        matches!(self.state, State::Authorized | State::Scheduled | State::Captured)
    }

    /// What its payer agreed to, less what was given back since. A bank's dispute changes nothing of it.
    pub(crate) fn agreed_minor(&self) -> i64 {
        let is_agreed = self.is_certain() || self.state == State::Disputed;
        if is_agreed { self.amount_minor - self.refunded_minor } else { 0 }
    }

    /// How much of that was taken or is reserved. What is disputed counts: the bank has not decided yet.
    fn secured_minor(&self) -> i64 {
        let taken = if self.state == State::Authorized { self.amount_minor } else { self.captured_minor };
        taken - self.refunded_minor
    }

    /// How much of what was agreed stays with us when the customer cancels.
    pub(crate) fn retained_minor(&self) -> i64 {
        if self.fee_is_refundable { 0 } else { self.fee_minor.min(self.agreed_minor()).max(0) }
    }

    /// Whether another try may take its place: it waits for its payer, for a gateway, or was charged in vain.
    pub(crate) fn is_waiting_in_vain(&self) -> bool {
        match self.state {
            State::Processing | State::RequiresAction => true,
            State::Scheduled => self.captured_minor == 0 && self.failure_code.is_some(),
            _ => false,
        }
    }

    /// What was taken and has not gone back.
    pub(crate) fn kept_minor(&self) -> i64 {
        self.captured_minor - self.refunded_minor - self.disputed_minor
    }

    /// What the app sees.
    pub(crate) fn status(&self) -> Status {
        match self.state {
            _ if self.refunded_minor > 0 && self.refunded_minor == self.captured_minor => Status::Refunded,
            _ if self.refunded_minor > 0 => Status::PartiallyRefunded,
            State::Processing | State::Authorized => Status::Processing,
            State::RequiresAction => Status::RequiresAction,
            State::Scheduled if self.overdue_at.is_some() => Status::Failed,
            State::Scheduled => Status::Pending,
            State::Captured => Status::Completed,
            State::Failed | State::Disputed => Status::Failed,
            State::Cancelled => Status::Cancelled,
        }
    }

    /// What the booking shows of it.
    pub(crate) fn funding(&self) -> Funding {
        let status = match self.state {
            State::Disputed if self.kept_minor() <= 0 => PaymentStatus::Unpaid,
            State::Disputed => PaymentStatus::PartiallyPaid,
            _ if self.refunded_minor > 0 && self.kept_minor() <= 0 => PaymentStatus::Refunded,
            _ if self.refunded_minor > 0 => PaymentStatus::PartiallyRefunded,
            _ if self.captured_minor == self.amount_minor => PaymentStatus::Paid,
            // The rest was let go.
            State::Captured => PaymentStatus::PartiallyRefunded,
            State::Failed => PaymentStatus::Failed,
            State::Scheduled if self.failure_code.is_some() => PaymentStatus::Failed,
            _ if self.captured_minor > 0 => PaymentStatus::PartiallyPaid,
            State::Authorized | State::Scheduled => PaymentStatus::Scheduled,
            _ => PaymentStatus::Unpaid,
        };
        Funding {
            method: self.payment_method,
            kind: self.payment_type,
            status,
            paid_minor: self.kept_minor(),
            agreed_minor: self.agreed_minor(),
            secured_minor: self.secured_minor(),
            retained_minor: self.retained_minor(),
        }
    }
}

/// Why a request about a payment is refused.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum PaymentError {
    /// The booking is paid, or certain to be.
    #[error("the booking is paid already")]
    AlreadyPaid {
        /// By which payment.
        payment: PaymentId,
    },
    /// A payment of the booking is on its way.
    #[error("the booking is being paid")]
    PaymentInProgress {
        /// Which one.
        payment: Option<PaymentId>,
    },
    /// The booking is off, or paid in cash.
    #[error("the booking is not to be paid")]
    NotPayable,
    /// The booking was made for another way to pay, or nobody takes this one.
    #[error("this way to pay is not available")]
    PaymentMethodUnavailable,
    /// The caller keeps no such method.
    #[error("there is no such method")]
    MethodNotFound,
    /// The wallet has less than that.
    #[error("there are not enough credits")]
    InsufficientCredits,
    /// All of it or nothing, not in euros, or not at once.
    #[error("credits cannot pay this part")]
    CreditsAmountInvalid,
    /// There is nothing to acknowledge yet.
    #[error("it is not paid yet")]
    NothingPaid,
    /// A payment that is still to come uses it.
    #[error("the method is still needed")]
    MethodInUse,
    /// Before today, or too long after the work.
    #[error("nothing can be due then")]
    DueDateOutOfRange,
    /// It is paid, or not wanted any more.
    #[error("the part is not to be paid")]
    InstallmentNotPayable,
    /// There is none, or not now, or not for this booking.
    #[error("there is no such promotion")]
    PromoNotFound,
    /// They have used it.
    #[error("the promotion was used")]
    PromoUsed,
    /// Others have used it up.
    #[error("the promotion is used up")]
    PromoExhausted,
    /// The price is too low.
    #[error("the promotion is for higher prices")]
    PromoPriceTooLow,
    /// They have paid before.
    #[error("the promotion is for new customers")]
    PromoForNewCustomers,
    /// Somebody has it.
    #[error("the code is taken")]
    PromoCodeTaken,
    /// Before the job is done, long after it, or by cash.
    #[error("there is nothing to tip for")]
    TipNotPossible,
    /// Nothing, or far too much.
    #[error("a tip is at most {0}")]
    TipOutOfRange(Money),
    /// It is on its way, or there.
    #[error("the refund has not failed")]
    RefundNotFailed,
    /// They were given, are used or expired, or it is too late.
    #[error("the credits are not paid out")]
    CreditsNotRefundable,
    /// The bank has decided.
    #[error("the dispute is over")]
    DisputeNotOpen,
    /// A bank hears us once.
    #[error("evidence was submitted already")]
    EvidenceSubmitted,
    /// Somebody of finance looks at it first.
    #[error("a person looks at the payment first")]
    PaymentNeedsReview,
    /// More than what was paid and has not gone back.
    #[error("that is more than what can go back")]
    RefundTooLarge {
        /// What can.
        refundable: Money,
    },
}

impl Fault for PaymentError {
    fn kind(&self) -> Kind {
        match self {
            Self::AlreadyPaid { .. }
            | Self::PaymentInProgress { .. }
            | Self::NotPayable
            | Self::MethodInUse
            | Self::NothingPaid
            | Self::InstallmentNotPayable
            | Self::PromoCodeTaken
            | Self::TipNotPossible
            | Self::RefundNotFailed
            | Self::CreditsNotRefundable
            | Self::DisputeNotOpen
            | Self::EvidenceSubmitted
            | Self::PaymentNeedsReview
            | Self::RefundTooLarge { .. } => Kind::Conflict,
            Self::InsufficientCredits => Kind::PaymentRequired,
            Self::PaymentMethodUnavailable
            | Self::MethodNotFound
            | Self::CreditsAmountInvalid
            | Self::PromoNotFound
            | Self::PromoUsed
            | Self::PromoExhausted
            | Self::PromoPriceTooLow
            | Self::PromoForNewCustomers
            | Self::TipOutOfRange(_)
            | Self::DueDateOutOfRange => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::PaymentMethodUnavailable => Some("payment_method"),
            Self::MethodNotFound => Some("payment_method_id"),
            Self::DueDateOutOfRange => Some("due_date"),
            Self::CreditsAmountInvalid => Some("credits_amount"),
            Self::RefundTooLarge { .. } | Self::TipOutOfRange(_) => Some("amount"),
            Self::PromoNotFound
            | Self::PromoUsed
            | Self::PromoExhausted
            | Self::PromoPriceTooLow
            | Self::PromoForNewCustomers => Some("promo_code"),
            Self::PromoCodeTaken => Some("code"),
            _ => None,
        }
    }

    fn amounts(&self) -> Vec<(&'static str, Money)> {
        match self {
            Self::TipOutOfRange(most) => vec![("most", *most)],
            _ => Vec::new(),
        }
    }

    fn extra(&self) -> Map<String, Value> {
        let members = match self {
            Self::AlreadyPaid { payment } => json!({"payment_id": payment}),
            Self::PaymentInProgress { payment } => json!({"payment_id": payment}),
            Self::RefundTooLarge { refundable } => json!({"refundable": refundable}),
            _ => json!({}),
        };
        members.as_object().cloned().unwrap_or_default()
    }
}
