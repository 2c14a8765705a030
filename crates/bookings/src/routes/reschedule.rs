//! Moving a booking.

use axum::response::Response;
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Brief, IfMatch, Path, Valid},
    ids::BookingId,
    locale::{Language, Sentence},
    time::Instant,
};
use scheduling::{CalendarDate, TimeOfDay};
use serde::Deserialize;

use super::{
    Reason, answer,
    create::{Wanted, duration},
    happen, locked,
    view::BookingView,
    when::When,
};
use crate::{
    change::{self, By},
    model::{Booking, NewTime, Span},
    store,
    transitions::Event,
};

/// The other time.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"scheduled_date": "2026-03-04", "scheduled_time": "11:00:00", "reason": "I have to work."}))]
#[garde(allow_unvalidated)]
pub(super) struct RescheduleBooking {
    /// In the provider's time zone; with `scheduled_time`, and without `starts_at`.
    #[serde(default)]
    scheduled_date: Option<CalendarDate>,
    /// In the provider's time zone.
    #[serde(default)]
    scheduled_time: Option<TimeOfDay>,
    /// Instead of date and time.
    #[serde(default)]
    starts_at: Option<Instant>,
    /// Why; the other side sees it.
    #[serde(default)]
    #[garde(inner(length(chars, max = 500)))]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Move a booking, or propose to.
///
/// The customer of a booking that was confirmed instantly moves it at once. Everybody else makes a proposal,
/// which the other side accepts or declines within 48 hours, at most until the earlier of both starts; until
/// then both times are held. Who made a proposal can take it back by declining it. The same rules as for a
/// new booking hold, but that the provider need not take new ones, and nothing is paid twice. A customer moves a booking
/// at most 3 times, and not later than the provider's minimum notice before its start; moving never makes cancelling
/// cheaper than it was at that moment.
#[utoipa::path(put, path = "/bookings/{id}/reschedule/", tag = "bookings", operation_id = "reschedule_booking",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = RescheduleBooking,
    responses((status = OK, description = "The booking, moved or with the proposal in `reschedule`.", body = BookingView),
        (status = CONFLICT, description = "`slot_taken` with `alternatives`; `invalid_transition` with `state` and `allowed`; \
            `too_many_moves`; `too_late_to_move`."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn reschedule_booking(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Valid(body): Valid<RescheduleBooking>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (booking, party) = locked(&mut tx, id, &caller, &if_match).await?;
    let event = booking.moving(party, now)?;

    let terms = store::terms(&mut tx, booking.service_id, booking.customer_id, language).await?;
    let mut terms = terms.ok_or_else(ApiError::not_found)?;
    terms.keep_buffers(booking.buffer_before_minutes, booking.buffer_after_minutes);
    let schedule = terms.schedule_for_moves()?;
    let RescheduleBooking { scheduled_date, scheduled_time, starts_at, reason } = body;
    let at = When { scheduled_date, scheduled_time, starts_at }.resolve(schedule.timezone())?;
    if at == booking.starts_at.timestamp() {
        return Err(ApiError::invalid_field("scheduled_time", Sentence::new("field-same_time")));
    }
    let wanted = Wanted {
        provider: booking.provider_id,
        duration: duration(booking.duration_minutes)?,
        except: Some(id),
    };
    let slot = wanted.free(&mut tx, &schedule, at, now).await?;
    let span = Span { starts_at: slot.starts_at.into(), ends_at: slot.ends_at.into() };
    let to = NewTime { span, timezone: schedule.timezone_name().to_owned() };
    let by = By { actor: party, id: Some(caller.id), reason };
    let booking = change::change(&mut tx, booking, event, &by, Some(to), now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(answer(&booking, party, now))
}

/// Agree to move a booking, as the side that was asked.
#[utoipa::path(put, path = "/bookings/{id}/reschedule/accept/", tag = "bookings", operation_id = "accept_reschedule",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking at its new time.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`: there is no open proposal of the other side."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn accept_reschedule(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    happen(&app, id, &caller, &if_match, body.reason, |_booking, _party| Ok(Event::RescheduleAccepted)).await
}

/// Refuse to move a booking, or take one's own proposal back. The booking stays as it was.
#[utoipa::path(put, path = "/bookings/{id}/reschedule/decline/", tag = "bookings", operation_id = "decline_reschedule",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking as it was.", body = BookingView),
        (status = CONFLICT, description = "`invalid_transition`: there is no open proposal."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn decline_reschedule(
    app: App,
    caller: Caller,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    let answer = |booking: &Booking, party| {
        let own = booking.proposal().is_some_and(|open| open.proposed_by == party);
        Ok(if own { Event::RescheduleWithdrawn } else { Event::RescheduleDeclined })
    };
    happen(&app, id, &caller, &if_match, body.reason, answer).await
}
