//! How a booking is paid. Here is all that bookings know of it; another way to pay is added in [`plan`].

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

/// Whether a booking can be paid so, and what follows from it.
pub(crate) fn plan(method: PaymentMethod, kind: Option<PaymentType>) -> Result<PaymentPlan, BookingError> {
    let kind = kind.unwrap_or(PaymentType::Immediate);
    match (method, kind) {
        (PaymentMethod::Cash, PaymentType::Immediate | PaymentType::Later) => {
            Ok(PaymentPlan { method, kind, status: PaymentStatus::Unpaid, pays_first: false })
        }
        _ => Err(BookingError::PaymentMethodUnavailable),
    }
}

impl crate::model::Booking {
    /// Whether the time is only kept until the payment is secured.
    pub(crate) fn pays_first(&self) -> bool {
        plan(self.payment_method, Some(self.payment_type)).is_ok_and(|plan| plan.pays_first)
    }

    /// How much has been paid and not gone back, as far as the status alone tells. Cash is taken whole or
    /// not at all.
    pub(crate) fn paid_minor(&self) -> i64 {
        if self.payment_status == PaymentStatus::Paid { self.total_minor } else { 0 }
    }

    /// What the payment shows once the job is done: cash has changed hands then.
    pub(crate) fn payment_status_after_work(&self) -> PaymentStatus {
        match self.payment_method {
            PaymentMethod::Cash => PaymentStatus::Paid,
            _ => self.payment_status,
        }
    }
}
