//! What runs later: looking after operations, following bookings.

use bookings::{BookingChanged, By, Event};
use jiff::SignedDuration;
use platform::{
    app::App,
    error::ApiError,
    ids::{BookingId, OperationId},
    jobs::{self, Job, Registry, Timing},
    ports::gateway::{DeclineCode, Outcome},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    credits::ExpireLot,
    dispute,
    events::PaymentChanged,
    evidence::SubmitEvidence,
    follow,
    installment::ChargePart,
    message::HearGateway,
    method::Forget,
    operation::{self, Operation, Progress, Task},
    reconcile::Reconcile,
    retry::RetryRefund,
    settle::settle,
    store,
};

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .job::<Pursue>()
        .job::<ChargePart>()
        .job::<Forget>()
        .job::<ExpireLot>()
        .job::<HearGateway>()
        .job::<RetryRefund>()
        .job::<SubmitEvidence>()
        .job::<ExpireUnpaid>()
        .every(SignedDuration::from_hours(24), &Reconcile {})
        .on::<BookingChanged, FollowBooking>()
        .look(|event: PaymentChanged| vec![event.user_id])
}

pub(crate) fn failed(error: &ApiError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

/// Asks what became of an operation, until it is final; one that no gateway has heard of is performed, or given up
/// where nobody wants it any more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pursue {
    pub(crate) operation_id: OperationId,
}

impl Pursue {
    pub(crate) fn key(id: OperationId) -> String {
        format!("operation:{id}")
    }
}

impl Job for Pursue {
    const KIND: &'static str = "payments.pursue_operation";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        pursue(app, self.operation_id).await
    }
}

/// The same, once.
pub(crate) async fn pursue(app: &App, id: OperationId) -> anyhow::Result<()> {
    let mut db = app.db.acquire().await?;
    let found = store::operations::find(&mut db, id).await?;
    // A refund that arrived may be sent back, and what was given up may come all the same.
    let is_open =
        |found: &Operation| !found.state.is_final() || found.task == Task::Refund || found.is_superseded;
    let Some(operation) = found.filter(is_open) else { return Ok(()) };
    let (is_wanted, is_let_go) = store::operations::is_wanted(&mut db, operation.id).await?;
    drop(db);
    // Asking PayPal takes what the payer has approved.
    if is_let_go && operation.state == Progress::Open {
        return Ok(());
    }
    let outcome = match operation::ask_again(app, &operation).await {
        Some(outcome) => outcome,
        None if operation.task == Task::Charge && !is_wanted => {
            Outcome::Declined { code: DeclineCode::PaymentCancelled }
        }
        None => operation::ask(app, &operation).await,
    };
    let mut tx = app.db.begin().await?;
    settle(app, &mut tx, operation.id, &outcome).await.map_err(|error| failed(&error))?;
    tx.commit().await?;
    Ok(())
}

impl Operation {
    /// When it is asked about again: soon, and then less and less often.
    pub(crate) fn next_look(&self, now: Instant) -> Instant {
        let pause = match self.asked {
            ..=2 => SignedDuration::from_secs(5),
            3..=5 => SignedDuration::from_secs(30),
            6..=15 => SignedDuration::from_mins(5),
            16..=40 => SignedDuration::from_hours(1),
            _ => SignedDuration::from_hours(24),
        };
        if self.asked > 40 {
            tracing::error!(operation.id = %self.id, "a gateway does not say what became of an operation");
        }
        now.plus(pause)
    }
}

/// Lets the money follow the booking, once this has committed.
pub(crate) async fn follow_later(
    db: &mut PgConnection,
    booking: BookingId,
    now: Instant,
) -> sqlx::Result<()> {
    jobs::schedule(db, &FollowBooking { booking_id: booking }, now, Timing { at: Some(now), key: None }).await
}

/// A booking whose payer tries another way than the one that had failed is cancelled all the same when the last try
/// would have failed, where it is not paid by then.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireUnpaid {
    booking_id: BookingId,
}

impl ExpireUnpaid {
    pub(crate) async fn schedule(
        db: &mut PgConnection,
        booking_id: BookingId,
        at: Instant,
        now: Instant,
    ) -> sqlx::Result<()> {
        let timing = Timing { at: Some(at), key: Some(format!("booking:{booking_id}:expire_unpaid")) };
        jobs::schedule(db, &Self { booking_id }, now, timing).await
    }
}

impl Job for ExpireUnpaid {
    const KIND: &'static str = "payments.expire_unpaid";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let (mut tx, now) = (app.db.begin().await?, app.clock.now());
        let Some(booking) = bookings::lock(&mut tx, self.booking_id).await? else { return Ok(()) };
        let is_to_come = booking.state.status() == bookings::Status::Upcoming && now < booking.starts_at;
        let has_failed = booking.payment_status == bookings::PaymentStatus::Failed;
        let live = store::payments::lock_live(&mut tx, booking.id).await?;
        if is_to_come && has_failed && live.is_none_or(|payment| payment.is_waiting_in_vain()) {
            bookings::transition(&mut tx, booking.id, Event::PaymentExpired, &By::SYSTEM, now)
                .await
                .map_err(|error| failed(&error))?;
            tx.commit().await?;
            app.jobs_waiting.notify_one();
        }
        Ok(())
    }
}

/// Lets the money follow what became of a booking.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FollowBooking {
    booking_id: BookingId,
}

impl TryFrom<BookingChanged> for FollowBooking {
    type Error = BookingChanged;

    /// For a new booking nothing was paid yet, and that it is paid now is known here.
    fn try_from(event: BookingChanged) -> Result<Self, BookingChanged> {
        match event.event {
            Event::Created | Event::PaymentSecured => Err(event),
            _ => Ok(Self { booking_id: event.booking_id }),
        }
    }
}

impl Job for FollowBooking {
    const KIND: &'static str = "payments.follow_booking";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        let market = &app.settings.market;
        follow::follow(&mut tx, self.booking_id, market, app.clock.now())
            .await
            .map_err(|error| failed(&error))?;
        tx.commit().await?;
        let disputed = store::payments::disputed(&mut *app.db.acquire().await?, self.booking_id).await?;
        for payment in disputed {
            let mut tx = app.db.begin().await?;
            let followed = Box::pin(dispute::follow(&mut tx, payment, market, app.clock.now())).await;
            followed.map_err(|error| failed(&error))?;
            tx.commit().await?;
        }
        app.jobs_waiting.notify_one();
        Ok(())
    }
}
