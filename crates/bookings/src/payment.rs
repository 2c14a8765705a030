//! How a booking is paid. Here is all that bookings know of it; another way to pay is added in [`plan`].

use platform::{
    money::{Currency, Money},
    ports::gateway::Tender,
};
use serde::{Deserialize, Serialize};

use crate::model::BookingError;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[sqlx(type_name = "text", rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),* }
    };
}

word! {
    /// By what means.
    PaymentMethod {
        /// A card.
        Card,
        /// PayPal.
        Paypal,
        /// Credits of ours.
        Credits,
        /// On site.
        Cash,
    }
}

word! {
    /// At what time.
    PaymentType {
        /// When it is booked; cash changes hands on site.
        Immediate,
        /// On a later date.
        Later,
        /// In parts.
        Installment,
        /// By credits.
        Credits,
    }
}

word! {
    /// How far the payment has come.
    PaymentStatus {
        /// Nothing was paid.
        Unpaid,
        /// It will be charged later.
        Scheduled,
        /// Some instalments were paid.
        PartiallyPaid,
        /// All of it was paid.
        Paid,
        /// Some of it went back.
        PartiallyRefunded,
        /// All of it went back.
        Refunded,
        /// The last charge failed.
        Failed,
    }
}

/// How a new booking will be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PaymentPlan {
    pub(crate) method: PaymentMethod,
    pub(crate) kind: PaymentType,
    /// What the booking shows at first.
    pub(crate) status: PaymentStatus,
    /// Whether the time is only kept for a moment until the payment is secured.
    pub(crate) pays_first: bool,
}

impl PaymentMethod {
    /// What a gateway calls it; `None` where no gateway is needed.
    pub fn tender(self) -> Option<Tender> {
        match self {
            Self::Card => Some(Tender::Card),
            Self::Paypal => Some(Tender::Paypal),
            Self::Credits | Self::Cash => None,
        }
    }
}

/// Whether a booking can be paid so, and what follows from it. What is charged later needs a method that is kept.
pub(crate) fn plan(method: PaymentMethod, kind: Option<PaymentType>) -> Result<PaymentPlan, BookingError> {
    use {
        PaymentMethod::{Card, Cash, Paypal},
        PaymentType::{Immediate, Installment, Later},
    };
    let kind = kind.unwrap_or(Immediate);
    let plan = |kind, pays_first| PaymentPlan { method, kind, status: PaymentStatus::Unpaid, pays_first };
    match (method, kind) {
        (Cash, Immediate | Later) => Ok(plan(kind, false)),
        (Card, Immediate | Later | Installment) | (Paypal, Immediate) => Ok(plan(kind, true)),
        (PaymentMethod::Credits, Immediate | PaymentType::Credits) => Ok(plan(PaymentType::Credits, true)),
        _ => Err(BookingError::PaymentMethodUnavailable),
    }
}

/// What a service costs in this way to pay; a credit is worth one euro. `None` where it cannot be paid so. What is free
/// needs no way to pay.
pub(crate) fn total(method: PaymentMethod, price: Money, credits: i32) -> Option<i64> {
    match method {
        PaymentMethod::Credits if credits > 0 && price.currency == Currency::EUR => {
            Some(i64::from(credits) * 100)
        }
        PaymentMethod::Credits if price.minor > 0 => None,
        _ => Some(price.minor),
    }
}

impl crate::model::Booking {
    /// Whether the time is only kept until the payment is secured.
    pub(crate) fn pays_first(&self) -> bool {
        self.total_minor > 0
            && plan(self.payment_method, Some(self.payment_type)).is_ok_and(|plan| plan.pays_first)
    }

    /// Cash changes hands when the job is done.
    pub(crate) fn take_cash(&mut self) {
        if self.payment_method == PaymentMethod::Cash {
            self.payment_status = PaymentStatus::Paid;
            self.paid_minor = self.total_minor;
        }
    }
}
