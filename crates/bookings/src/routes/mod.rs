//! HTTP for bookings.

mod create;
mod disputes;
mod jobs;
mod parties;
mod read;
mod reschedule;
mod view;
mod when;

use axum::response::{IntoResponse, Response};
use platform::{
    app::App,
    auth::Caller,
    cache::Versioned,
    error::{ApiError, ApiResult},
    extract::IfMatch,
    ids::BookingId,
};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    change::{self, By},
    model::{Actor, Booking},
    store,
    transitions::Event,
};
use view::BookingView;

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_booking, read::list_bookings))
        .routes(routes!(read::get_booking))
        .routes(routes!(read::get_calendar))
        .routes(routes!(reschedule::reschedule_booking))
        .routes(routes!(reschedule::accept_reschedule))
        .routes(routes!(reschedule::decline_reschedule))
        .routes(routes!(parties::preview_cancellation))
        .routes(routes!(parties::cancel_booking))
        .routes(routes!(parties::set_status))
        .routes(routes!(parties::report_no_show))
        .routes(routes!(disputes::contest_no_show))
        .routes(routes!(disputes::dispute_booking))
        .routes(routes!(disputes::list_disputes))
        .routes(routes!(disputes::resolve_dispute))
        .routes(routes!(jobs::list_jobs))
        .routes(routes!(jobs::accept_job))
        .routes(routes!(jobs::decline_job))
}

/// Why somebody does it.
#[derive(Debug, Default, Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(as = BookingReason)]
struct Reason {
    /// In one's own words; the other side sees them.
    #[serde(default)]
    #[garde(inner(length(chars, max = 500)))]
    #[schema(max_length = 500, example = "I am ill.")]
    reason: Option<String>,
}

/// A booking that is locked, and which of its parties calls. For everybody else it does not exist.
async fn locked(
    db: &mut PgConnection,
    id: BookingId,
    caller: &Caller,
    if_match: &IfMatch,
) -> ApiResult<(Booking, Actor)> {
    let booking = store::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    let party = booking.party(caller.id).ok_or_else(ApiError::not_found)?;
    if_match.check(booking.version)?;
    Ok((booking, party))
}

/// Lets something happen to a booking in one transaction; `event` says what it is for this caller.
async fn happen(
    app: &App,
    id: BookingId,
    caller: &Caller,
    if_match: &IfMatch,
    reason: Option<String>,
    event: impl FnOnce(&Booking, Actor) -> ApiResult<Event> + Send,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (booking, party) = locked(&mut tx, id, caller, if_match).await?;
    let event = event(&booking, party)?;
    let by = By { actor: party, id: Some(caller.id), reason };
    let booking = change::change(&mut tx, booking, event, &by, None, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(answer(&booking, party, now))
}

/// A booking as one party sees it, with its version as `ETag`.
fn answer(booking: &Booking, party: Actor, now: platform::time::Instant) -> Response {
    Versioned(booking.version, BookingView::of(booking, party, now)).into_response()
}
