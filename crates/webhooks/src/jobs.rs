//! What happens by itself: hearing events, sending, forgetting.

use bookings::BookingChanged;
use jiff::SignedDuration;
use payments::PaymentChanged;
use platform::{
    app::App,
    ids::EndpointId,
    jobs::{self, Job, Registry, Timing},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    deliver,
    message::{Message, Untold},
    store,
};

/// How long deliveries are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .on_if::<BookingChanged, Publish>(|app, _event| may_be_heard(app))
        .on_if::<PaymentChanged, Publish>(|app, _event| may_be_heard(app))
        .job::<Deliver>()
        .every(SignedDuration::from_hours(24), &Sweep {})
}

/// Whether there is an endpoint that is switched on, as far as this node remembers: without any, events are no work for
/// the queue.
pub(crate) const HEARD: &str = "webhooks.heard";

fn may_be_heard(app: &App) -> bool {
    app.kept.peek::<bool>(HEARD).is_none_or(|is_heard| *is_heard)
}

/// Writes down what happened for everybody who wants to hear of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Publish {
    message: Message,
}

impl TryFrom<BookingChanged> for Publish {
    type Error = Untold;
    fn try_from(event: BookingChanged) -> Result<Self, Untold> {
        event.try_into().map(|message| Self { message })
    }
}

impl TryFrom<PaymentChanged> for Publish {
    type Error = Untold;
    fn try_from(event: PaymentChanged) -> Result<Self, Untold> {
        event.try_into().map(|message| Self { message })
    }
}

impl Job for Publish {
    const KIND: &'static str = "webhooks.publish";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let message = self.message;
        let endpoints =
            store::endpoints::listening(&app.db, &message.event_type, message.provider_id).await?;
        if endpoints.is_empty() {
            let is_heard = async { Ok(store::endpoints::is_any_active(&app.db).await?) };
            let remembered = app.kept.get(HEARD, is_heard).await;
            return remembered.map(|_is_heard| ()).map_err(|error| anyhow::anyhow!("{error:?}"));
        }
        let now = app.clock.now();
        let mut tx = app.db.begin().await?;
        store::deliveries::insert(&mut tx, &endpoints, &message, now).await?;
        for endpoint in endpoints {
            deliver_at(&mut tx, endpoint, now, now).await?;
        }
        tx.commit().await?;
        app.jobs_waiting.notify_one();
        Ok(())
    }
}

/// Sends what is due at an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deliver {
    pub(crate) endpoint_id: EndpointId,
}

impl Job for Deliver {
    const KIND: &'static str = "webhooks.deliver";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        deliver::deliver(app, self.endpoint_id).await
    }
}

/// Looks at an endpoint then. Each has one such job: a slow one is one job's worth of waiting, however much it has
/// missed, and keeps no other from being done.
pub(crate) async fn deliver_at(
    db: &mut PgConnection,
    endpoint_id: EndpointId,
    at: Instant,
    now: Instant,
) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(format!("webhooks:{endpoint_id}")) };
    jobs::schedule(db, &Deliver { endpoint_id }, now, timing).await
}

/// Forgets what nobody looks at any more, and secrets that are not good any more.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "webhooks.sweep";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        store::endpoints::forget_old_secrets(&app.db, now).await?;
        while store::deliveries::delete_old(&app.db, now.minus(KEPT)).await? > 0 {}
        Ok(())
    }
}
