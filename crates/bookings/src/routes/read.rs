//! Reading bookings.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query},
    ids::{BookingId, ServiceId},
    page::{Link, Page, PageQuery},
};
use scheduling::CalendarDate;
use serde::Deserialize;
use strum::VariantArray as _;

use super::{answer, view::BookingView};
use crate::{
    calendar,
    model::{Actor, State, Status},
    store::{self, Filter, Ordering, Role},
};

/// Which bookings.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct BookingQuery {
    /// Any of these.
    #[serde(default)]
    #[garde(length(max = 4))]
    #[param(max_items = 4)]
    status: Vec<Status>,
    /// Any of these.
    #[serde(default)]
    #[garde(length(max = 16))]
    #[param(max_items = 16)]
    sub_status: Vec<State>,
    /// Those that I booked, or those that I am booked for; both where absent.
    #[param(inline)]
    role: Option<Role>,
    /// Those that start on this date or later, in their own time zone.
    from: Option<CalendarDate>,
    /// Those that start on this date or earlier.
    to: Option<CalendarDate>,
    /// Those of one service.
    service: Option<ServiceId>,
    /// Part of the title, the reference or a name.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100)]
    search: Option<String>,
    /// `upcoming` where absent: what is ahead, soonest first; then what is past, latest first.
    #[param(inline)]
    ordering: Option<Ordering>,
}

impl BookingQuery {
    fn states(&self) -> Option<Vec<State>> {
        if self.status.is_empty() && self.sub_status.is_empty() {
            return None;
        }
        let fits = |state: &&State| {
            (self.status.is_empty() || self.status.contains(&state.status()))
                && (self.sub_status.is_empty() || self.sub_status.contains(state))
        };
        Some(State::VARIANTS.iter().filter(fits).copied().collect())
    }
}

/// My bookings.
///
/// Those that I made and those that I am booked for. `history` is `null` here.
#[utoipa::path(get, path = "/bookings/", tag = "bookings", operation_id = "list_bookings",
    security(("bearer" = [])), params(BookingQuery, PageQuery),
    responses((status = OK, description = "A page of bookings.", body = Page<BookingView>)))]
pub(super) async fn list_bookings(
    app: App,
    caller: Caller,
    Query(query): Query<BookingQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<BookingView>>> {
    let filter = Filter {
        user: caller.id,
        // Who is no provider was never booked.
        role: query.role.or((!caller.is_provider).then_some(Role::Customer)),
        states: query.states(),
        from: query.from.map(CalendarDate::date),
        to: query.to.map(CalendarDate::date),
        service: query.service,
        search: query.search.filter(|search| !search.trim().is_empty()),
        ordering: query.ordering.unwrap_or_default(),
    };
    Ok(Json(page_of(&app, &filter, &page, link).await?))
}

/// One page of somebody's bookings.
pub(super) async fn page_of(
    app: &App,
    filter: &Filter,
    page: &PageQuery,
    link: Link,
) -> ApiResult<Page<BookingView>> {
    let paging = page.paging::<store::Key>(link)?;
    let now = app.clock.now();
    let (rows, total) = store::list(&mut *app.db.acquire().await?, filter, &paging).await?;
    let view = |booking: crate::model::Booking| {
        BookingView::of(&booking, booking.party(filter.user).unwrap_or(Actor::Provider), now)
    };
    Ok(paging.finish(rows, total, |booking| filter.ordering.key(booking), view))
}

/// One of my bookings, with its history.
#[utoipa::path(get, path = "/bookings/{id}/", tag = "bookings", operation_id = "get_booking",
    security(("bearer" = [])), params(("id" = BookingId, Path)),
    responses((status = OK, description = "The booking.", body = BookingView,
        headers(("ETag" = String, description = "Its version.")))))]
pub(super) async fn get_booking(app: App, caller: Caller, Path(id): Path<BookingId>) -> ApiResult<Response> {
    let booking = store::find(&mut *app.db.acquire().await?, id).await?.ok_or_else(ApiError::not_found)?;
    let party = booking.party(caller.id).ok_or_else(ApiError::not_found)?;
    Ok(answer(&booking, party, app.clock.now()))
}

/// One of my bookings for a calendar.
///
/// An iCalendar file with one event. Its `UID` stays, its `SEQUENCE` grows when the booking moves, and once
/// the booking is cancelled the file's method is `CANCEL`.
#[utoipa::path(get, path = "/bookings/{id}/calendar.ics", tag = "bookings", operation_id = "get_booking_calendar",
    security(("bearer" = [])), params(("id" = BookingId, Path)),
    responses((status = OK, description = "An iCalendar file (RFC 5545).", body = String,
        content_type = "text/calendar")))]
pub(super) async fn get_calendar(app: App, caller: Caller, Path(id): Path<BookingId>) -> ApiResult<Response> {
    let booking = store::find(&mut *app.db.acquire().await?, id).await?.ok_or_else(ApiError::not_found)?;
    let party = booking.party(caller.id).ok_or_else(ApiError::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.ics\"", booking.reference)),
    ];
    Ok((headers, calendar::file(&booking, party)).into_response())
}
