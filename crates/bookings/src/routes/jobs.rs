//! A provider's side: what waits for an answer, and the answer.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Provider,
    error::{ApiError, ApiResult},
    extract::{Brief, IfMatch, Path, Query},
    ids::BookingId,
    page::{Link, Page, PageQuery},
};
use scheduling::CalendarDate;
use serde::Deserialize;
use strum::VariantArray as _;

use super::{Reason, happen, read::page_of, view::BookingView};
use crate::{
    model::{Actor, Booking, State, Status},
    store::{Filter, Ordering, Role},
    transitions::Event,
};

/// Which kind of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum JobType {
    /// What waits for an answer.
    #[default]
    Request,
    /// What is agreed and still to come.
    Upcoming,
    /// What has begun.
    Ongoing,
    /// What is done.
    Completed,
    /// What did not take place.
    Cancelled,
    /// Everything.
    All,
}

impl JobType {
    fn states(self) -> Option<Vec<State>> {
        let of = |status| State::VARIANTS.iter().copied().filter(|state| state.status() == status).collect();
        match self {
            Self::Request => Some(vec![State::PendingAcceptance]),
            Self::Upcoming => Some(vec![State::Confirmed]),
            Self::Ongoing => Some(of(Status::Ongoing)),
            Self::Completed => Some(of(Status::Completed)),
            Self::Cancelled => Some(of(Status::Cancelled)),
            Self::All => None,
        }
    }
}

/// Which jobs.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct JobQuery {
    /// `request` where absent: what waits for an answer.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<JobType>,
    /// Those that start on this date or later, in the provider's time zone.
    from: Option<CalendarDate>,
    /// Those that start on this date or earlier.
    to: Option<CalendarDate>,
}

/// My jobs as a provider.
///
/// Soonest first, what is past latest first. Until a job is confirmed its `address` is the town and a
/// position to about 1 km.
#[utoipa::path(get, path = "/providers/jobs/", tag = "bookings", operation_id = "list_jobs",
    security(("bearer" = [])), params(JobQuery, PageQuery),
    responses((status = OK, description = "A page of jobs.", body = Page<BookingView>),
        (status = FORBIDDEN, description = "`provider_required`: only providers have jobs.")))]
pub(super) async fn list_jobs(
    app: App,
    Provider(caller): Provider,
    Query(query): Query<JobQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<BookingView>>> {
    let filter = Filter {
        user: caller.id,
        role: Some(Role::Provider),
        states: query.kind.unwrap_or_default().states(),
        from: query.from.map(CalendarDate::date),
        to: query.to.map(CalendarDate::date),
        service: None,
        search: None,
        ordering: Ordering::Upcoming,
    };
    Ok(Json(page_of(&app, &filter, &page, link).await?))
}

/// Say yes to a request.
#[utoipa::path(put, path = "/providers/jobs/{id}/accept/", tag = "bookings", operation_id = "accept_job",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking, confirmed.", body = BookingView),
        (status = FORBIDDEN, description = "`provider_required`: only providers have jobs."),
        (status = CONFLICT, description = "`invalid_transition`: it was answered, withdrawn or has expired; `state` says which."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn accept_job(
    app: App,
    Provider(caller): Provider,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    let accept = |booking: &Booking, party| own(booking, party, Event::Accepted);
    happen(&app, id, &caller, &if_match, body.reason, accept).await
}

/// Say no to a request.
#[utoipa::path(put, path = "/providers/jobs/{id}/decline/", tag = "bookings", operation_id = "decline_job",
    security(("bearer" = [])), params(("id" = BookingId, Path),
        ("If-Match" = Option<String>, Header, description = "The version that you saw.")), request_body = Option<Reason>,
    responses((status = OK, description = "The booking, declined.", body = BookingView),
        (status = FORBIDDEN, description = "`provider_required`: only providers have jobs."),
        (status = CONFLICT, description = "`invalid_transition`: it was answered, withdrawn or has expired; `state` says which."),
        (status = PRECONDITION_FAILED, description = "`stale_version`.")))]
pub(super) async fn decline_job(
    app: App,
    Provider(caller): Provider,
    Path(id): Path<BookingId>,
    if_match: IfMatch,
    Brief(body): Brief<Reason>,
) -> ApiResult<Response> {
    let decline = |booking: &Booking, party| own(booking, party, Event::Declined);
    happen(&app, id, &caller, &if_match, body.reason, decline).await
}

/// A provider's job is what they are booked for; what they booked themselves is none.
fn own(_booking: &Booking, party: Actor, event: Event) -> ApiResult<Event> {
    if party == Actor::Provider { Ok(event) } else { Err(ApiError::not_found()) }
}
