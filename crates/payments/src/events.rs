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
    /// A charge without its payer failed: how much, and what happens next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_failed: Option<ChargeFailed>,
    /// When it happened.
    pub at: Instant,
}

/// A charge that was made without its payer has failed: on its due date, as a part, or when it was captured; or a bank
/// has decided that work that was done stays unpaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeFailed {
    /// Of how much, in the payment's currency.
    pub amount_minor: i64,
    /// What happens next.
    pub next: NextStep,
}

/// What happens after a charge has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// It is tried again.
    Retry {
        /// When.
        at: Instant,
    },
    /// It was the last try, and the booking is cancelled.
    Cancelled,
    /// It was the last try, and the job is done or begun: the payer owes it.
    Owed,
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
            charge_failed: None,
            at: payment.updated_at,
        }
    }
}
