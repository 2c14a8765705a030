//! What others may learn of payments. Fields are only ever added.

use platform::{
    ids::{BookingId, PaymentId, UserId},
    outbox,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Payment, Status};

/// Something happened to a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentChanged {
    /// Which.
    pub payment_id: PaymentId,
    /// For which booking; `None`: for credits.
    pub booking_id: Option<BookingId>,
    /// Who pays.
    pub user_id: UserId,
    /// For whose work.
    pub provider_id: Option<UserId>,
    /// How it is now.
    pub status: Status,
    /// Why the last charge was declined.
    pub failure_code: Option<String>,
    /// When it happened.
    pub at: Instant,
}

impl outbox::Event for PaymentChanged {
    const TOPIC: &'static str = "payments.changed";
    fn subject(&self) -> Uuid {
        self.payment_id.uuid()
    }
}

impl PaymentChanged {
    pub(crate) fn of(payment: &Payment, provider: Option<UserId>) -> Self {
        Self {
            payment_id: payment.id,
            booking_id: payment.booking_id,
            user_id: payment.user_id,
            provider_id: provider,
            status: payment.status(),
            failure_code: payment.failure_code.clone(),
            at: payment.updated_at,
        }
    }
}
