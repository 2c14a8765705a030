//! What happens to bookings by itself. Each timer asks the table again, so one that comes late, twice, or
//! after its booking has moved on does nothing.

use catalog::ServiceWithdrawn;
use platform::{
    app::App,
    ids::{BookingId, ProposalId, ServiceId, UserId},
    jobs::{Job, Registry},
};
use serde::{Deserialize, Serialize};

use crate::{
    change::{self, By},
    events::BookingChanged,
    model::{Actor, Booking, State},
    store,
    transitions::Event,
};

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .job::<ExpirePayment>()
        .job::<ExpireRequest>()
        .job::<CompleteBooking>()
        .job::<ExpireProposal>()
        .job::<ConfirmNoShow>()
        .on::<ServiceWithdrawn, CancelUpcoming>()
        .look(|event: BookingChanged| vec![event.customer_id, event.provider_id])
}

/// The payment did not come in time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpirePayment {
    pub(crate) booking_id: BookingId,
}

impl Job for ExpirePayment {
    const KIND: &'static str = "bookings.expire_payment";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        // What was secured meanwhile expires only by what becomes of its charges.
        by_itself(app, self.booking_id, Event::PaymentExpired, |it| it.state == State::AwaitingPayment).await
    }
}

/// The provider's time for an answer is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireRequest {
    pub(crate) booking_id: BookingId,
}

impl Job for ExpireRequest {
    const KIND: &'static str = "bookings.expire_request";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        by_itself(app, self.booking_id, Event::Expired, |_| true).await
    }
}

/// Nobody said anything for 48 hours after the end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompleteBooking {
    pub(crate) booking_id: BookingId,
}

impl Job for CompleteBooking {
    const KIND: &'static str = "bookings.complete";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        by_itself(app, self.booking_id, Event::Completed, |_| true).await
    }
}

/// Nobody contested in time that somebody was not there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ConfirmNoShow {
    pub(crate) booking_id: BookingId,
}

impl ConfirmNoShow {
    pub(crate) fn key(id: BookingId) -> String {
        format!("booking:{id}:contest_until")
    }
}

impl Job for ConfirmNoShow {
    const KIND: &'static str = "bookings.confirm_no_show";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        by_itself(app, self.booking_id, Event::NoShowConfirmed, |_| true).await
    }
}

/// Nobody answered the wish to move a booking.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireProposal {
    pub(crate) booking_id: BookingId,
    pub(crate) proposal_id: ProposalId,
}

impl ExpireProposal {
    pub(crate) fn key(id: ProposalId) -> String {
        format!("proposal:{id}:expire")
    }
}

impl Job for ExpireProposal {
    const KIND: &'static str = "bookings.expire_proposal";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let is_meant = |booking: &Booking| booking.proposal_id == Some(self.proposal_id);
        by_itself(app, self.booking_id, Event::RescheduleExpired, is_meant).await
    }
}

async fn by_itself(
    app: &App,
    id: BookingId,
    event: Event,
    is_meant: impl FnOnce(&Booking) -> bool,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let Some(booking) = store::lock(&mut tx, id).await? else { return Ok(()) };
    if !is_meant(&booking) || !booking.allows(event, Actor::System, now) {
        return Ok(());
    }
    change::change(&mut tx, booking, event, &By::SYSTEM, None, now).await.map_err(|error| refused(&error))?;
    tx.commit().await?;
    Ok(())
}

fn refused(error: &platform::error::ApiError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

/// A service was withdrawn together with its bookings: all that are still to come are called off by whoever withdrew it,
/// the provider or a moderator for the operator.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelUpcoming {
    service_id: ServiceId,
    #[serde(rename = "cancel_upcoming")]
    is_wanted: bool,
    #[serde(default)]
    moderator_id: Option<UserId>,
}

impl From<ServiceWithdrawn> for CancelUpcoming {
    fn from(event: ServiceWithdrawn) -> Self {
        Self {
            service_id: event.service_id,
            is_wanted: event.cancel_upcoming,
            moderator_id: event.moderator_id,
        }
    }
}

impl Job for CancelUpcoming {
    const KIND: &'static str = "bookings.cancel_upcoming";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        if !self.is_wanted {
            return Ok(());
        }
        let upcoming = store::upcoming_of(&mut *app.db.acquire().await?, self.service_id).await?;
        for id in upcoming {
            let now = app.clock.now();
            let mut tx = app.db.begin().await?;
            let Some(booking) = store::lock(&mut tx, id).await? else { continue };
            let by = match self.moderator_id {
                Some(moderator) => By { actor: Actor::Operator, id: Some(moderator), reason: None },
                None => By { actor: Actor::Provider, id: Some(booking.provider_id), reason: None },
            };
            let event = booking.cancelling(by.actor);
            if booking.allows(event, by.actor, now) {
                change::change(&mut tx, booking, event, &by, None, now)
                    .await
                    .map_err(|error| refused(&error))?;
                tx.commit().await?;
            }
        }
        Ok(())
    }
}
