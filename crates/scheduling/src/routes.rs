//! HTTP for schedules and free slots.

use axum::{
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use garde::Validate;
use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use platform::{
    app::App,
    auth::{MaybeCaller, Provider},
    cache::{Document, Versioned},
    error::{ApiError, ApiResult, Fault, FieldErrors, Kind},
    extract::{IfMatch, Path, Query, Valid},
    ids::{BookingId, ServiceId},
    locale::{Language, Sentence},
    page::{Link, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    calendar_date::CalendarDate,
    draft::{InvalidSchedule, ScheduleDraft, ScheduleFault},
    model::{Schedule, ServiceDuration},
    opening::conflicts,
    slots::{Slot, Window, WindowFault, free_slots},
    store,
};

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_slots)).routes(routes!(get_schedule, put_schedule))
}

impl Fault for WindowFault {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn field(&self) -> Option<&'static str> {
        Some("to")
    }
}

/// Which days to look at.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
struct SlotQuery {
    /// The first date, in the provider's time zone; today where absent.
    from: Option<CalendarDate>,
    /// The last date, at most 30 days after `from`; six days after it where absent.
    to: Option<CalendarDate>,
}

/// The starts that can be booked. The whole window is one page, unless pages are asked for.
#[derive(Serialize, utoipa::ToSchema)]
struct SlotList {
    /// The provider's time zone, which the local dates and times are in.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// How many starts there are.
    count: i64,
    /// Whether `count` is exact.
    count_exact: bool,
    /// The next page; `null` where the whole window is one.
    next: Option<String>,
    /// The page before.
    previous: Option<String>,
    /// The starts, soonest first.
    results: Vec<Slot>,
}

impl SlotList {
    fn page(self, page: &PageQuery, link: Link) -> ApiResult<Self> {
        let page = page.slice(link, self.results, |slot: &Slot| slot.starts_at.to_string())?;
        Ok(Self {
            timezone: self.timezone,
            count: page.count,
            count_exact: page.count_exact,
            next: page.next,
            previous: page.previous,
            results: page.results,
        })
    }
}

/// When a service can be booked.
///
/// Starts lie on the grid of the provider's schedule, keep its notice, horizon and buffers, and do not
/// overlap bookings that hold their time. A time that the clocks skip is left out, one that they repeat is
/// offered once. A provider who takes no bookings at present has no slots.
#[utoipa::path(get, path = "/services/{id}/slots/", tag = "scheduling", operation_id = "list_slots",
    params(("id" = ServiceId, Path), SlotQuery, PageQuery), security((), ("bearer" = [])),
    responses((status = OK, description = "The starts that can be booked.", body = SlotList, example = json!({
        "timezone": "Europe/Berlin", "count": 1, "count_exact": true, "next": null, "previous": null,
        "results": [{"starts_at": "2026-03-03T08:00:00Z", "ends_at": "2026-03-03T09:30:00Z",
            "local_date": "2026-03-03", "local_time": "09:00:00"}]}))))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
async fn list_slots(
    app: App,
    MaybeCaller(caller): MaybeCaller,
    language: Language,
    Path(id): Path<ServiceId>,
    Query(query): Query<SlotQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let slots = Box::pin(async {
        let slots = slots_of(&app, id, &query).await?;
        if page.is_given() { slots.page(&page, link) } else { Ok(slots) }
    });
    if caller.is_some() {
        // Who has just booked sees it here at once; everybody else within a second.
        return Ok(Document::of(&slots.await?)?.respond_privately(&headers));
    }
    let document = app.cache.get(&uri.to_string(), language, slots).await?;
    Ok(document.respond(&headers))
}

async fn slots_of(app: &App, id: ServiceId, query: &SlotQuery) -> ApiResult<SlotList> {
    let now = app.clock.now();
    // Wide enough for every time zone; the exact window needs the provider's.
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map(|day| Instant::new(day.timestamp())).ok();
    let from = query.from.and_then(|from| midnight(from.date())).unwrap_or(now);
    let until =
        query.to.and_then(|to| midnight(to.date())).unwrap_or(from.plus(SignedDuration::from_hours(24 * 6)));
    let (margin, tail) = (SignedDuration::from_hours(48), SignedDuration::from_hours(24 * 6));
    let mut db = app.db.acquire().await?;
    let offer = store::offer(&mut db, id, from.minus(margin), until.plus(tail).max(from)).await?;
    let offer = offer.ok_or_else(ApiError::not_found)?;
    let schedule = match offer.schedule {
        Some(stored) => stored.into_schedule()?,
        None => closed(&offer.home_timezone)?,
    };
    let today = schedule.timezone().to_datetime(now.timestamp()).date();
    let first = query.from.map_or(today, CalendarDate::date);
    let last = query.to.map_or_else(|| first.saturating_add(jiff::Span::new().days(6)), CalendarDate::date);
    let window = Window::parse(first, last)?;
    let duration =
        ServiceDuration::from_minutes(offer.duration_minutes.into()).map_err(anyhow::Error::from)?;
    let results = if offer.is_available {
        free_slots(&schedule, duration, &offer.busy, window, now.timestamp())
    } else {
        Vec::new()
    };
    Ok(SlotList {
        timezone: schedule.timezone_name().to_owned(),
        count: i64::try_from(results.len()).unwrap_or(i64::MAX),
        count_exact: true,
        next: None,
        previous: None,
        results,
    })
}

/// What a provider has who never set a schedule.
fn closed(timezone: &str) -> anyhow::Result<Schedule> {
    Ok(ScheduleDraft::closed(timezone)
        .parse()
        .or_else(|_unknown_zone| ScheduleDraft::closed("UTC").parse())?)
}

/// A provider's schedule.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Schedule)]
struct ScheduleView {
    #[serde(flatten)]
    schedule: ScheduleDraft,
    /// Grows with every change; 0 where no schedule was ever set. Also the `ETag`.
    version: i32,
    /// Bookings that the schedule has no room for any more. They stay as they are.
    conflicts: Vec<Conflict>,
}

/// A booking outside the opening hours.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ScheduleConflict)]
struct Conflict {
    /// The booking.
    id: BookingId,
    /// Its short name.
    #[schema(example = "SB-7K3M9Q")]
    reference: String,
    /// When it starts.
    starts_at: Instant,
    /// When it ends.
    ends_at: Instant,
}

/// A schedule whose rules are checked by [`ScheduleDraft::parse`], which names each field itself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
struct PutSchedule(ScheduleDraft);

impl Validate for PutSchedule {
    type Context = ();
    fn validate_into(
        &self,
        _context: &(),
        _path: &mut dyn FnMut() -> garde::Path,
        _report: &mut garde::Report,
    ) {
    }
}

fn refusal(invalid: InvalidSchedule) -> ApiError {
    let mut errors = FieldErrors::new();
    for field in invalid.0 {
        errors.entry(field.path).or_default().push(sentence(&field.fault));
    }
    ApiError::invalid(errors)
}

fn sentence(fault: &ScheduleFault) -> Sentence {
    let sentence = Sentence::new(format!("field-{}", fault.code()));
    match fault {
        ScheduleFault::OutOfRange { min, max } => sentence.with_number("min", min).with_number("max", max),
        ScheduleFault::TooMany { max } | ScheduleFault::TooLong { max } => sentence.with_number("max", max),
        _ => sentence,
    }
}

/// My schedule.
///
/// Before the first PUT it is closed all week, in the time zone of the account, with `version` 0.
#[utoipa::path(get, path = "/providers/schedule/", tag = "scheduling", operation_id = "get_schedule",
    security(("bearer" = [])),
    responses((status = OK, description = "The schedule.", body = ScheduleView),
        (status = FORBIDDEN, description = "`provider_required`: only providers have a schedule.")))]
async fn get_schedule(app: App, Provider(caller): Provider) -> ApiResult<Response> {
    let mut db = app.db.acquire().await?;
    let (schedule, version) = match store::find(&mut db, caller.id).await? {
        Some((stored, version)) => (stored.into_schedule()?, version),
        None => (closed(&store::timezone_of(&mut db, caller.id).await?)?, 0),
    };
    let held = store::held(&mut db, caller.id, app.clock.now()).await?;
    Ok(view(&schedule, version, &held))
}

/// Set my schedule.
///
/// The whole schedule is replaced. Bookings that no longer fit stay, and are listed in `conflicts`.
/// Send `If-Match` with the `ETag` that you read, to notice changes made elsewhere.
#[utoipa::path(put, path = "/providers/schedule/", tag = "scheduling", operation_id = "put_schedule",
    security(("bearer" = [])), request_body = ScheduleDraft,
    params(("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    responses((status = OK, description = "The new schedule.", body = ScheduleView),
        (status = FORBIDDEN, description = "`provider_required`: only providers have a schedule."),
        (status = PRECONDITION_FAILED, description = "`stale_version`: it was changed in the meantime.")))]
async fn put_schedule(
    app: App,
    Provider(caller): Provider,
    if_match: IfMatch,
    Valid(PutSchedule(draft)): Valid<PutSchedule>,
) -> ApiResult<Response> {
    let schedule = draft.parse().map_err(refusal)?;
    let now = app.clock.now();
    if !store::knows_timezone(&mut *app.db.acquire().await?, schedule.timezone_name()).await? {
        let unknown = Sentence::new("field-unknown_timezone");
        return Err(ApiError::invalid_field("timezone", unknown));
    }
    let mut tx = app.db.begin().await?;
    // A booking is made by the old schedule or by the new one, never by a bit of both.
    store::lock_calendar(&mut tx, caller.id).await?;
    let version = store::find(&mut tx, caller.id).await?.map_or(0, |(_, version)| version);
    if_match.check(version)?;
    let version = store::save(&mut tx, caller.id, &ScheduleDraft::from(&schedule), now).await?;
    let held = store::held(&mut tx, caller.id, now).await?;
    tx.commit().await?;
    Ok(view(&schedule, version, &held))
}

fn view(schedule: &Schedule, version: i32, held: &[store::Held]) -> Response {
    let spans: Vec<_> =
        held.iter().map(|held| (held, held.starts_at.timestamp()..held.ends_at.timestamp())).collect();
    let conflicts = conflicts(schedule, &spans).into_iter().map(|held| Conflict {
        id: held.id,
        reference: held.reference.clone(),
        starts_at: held.starts_at,
        ends_at: held.ends_at,
    });
    let view = ScheduleView { schedule: schedule.into(), version, conflicts: conflicts.collect() };
    Versioned(version, view).into_response()
}
