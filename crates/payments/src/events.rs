//! What others may learn of payments. Fields are only ever added.

use platform::{
    ids::{BookingId, PaymentId, UserId},
    outbox,
    stream::{self, Kind},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
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

/// What the payer is told live.
#[derive(Serialize)]
struct News<'a> {
    payment_id: PaymentId,
    booking_id: Option<BookingId>,
    status: Status,
    failure_code: Option<&'a str>,
}

impl PaymentChanged {
    /// Tells others of it: later by the outbox, and live the payer.
    pub(crate) async fn tell(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        outbox::emit(db, self, self.at).await?;
        let (payment_id, booking_id, status) = (self.payment_id, self.booking_id, self.status);
        let news = News { payment_id, booking_id, status, failure_code: self.failure_code.as_deref() };
        stream::append(db, &[self.user_id], Kind::PaymentUpdated, &news, self.at).await?;
        Ok(())
    }

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
