//! Making a booking.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use garde::Validate;
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    cache::Versioned,
    error::{ApiError, ApiResult},
    extract::Valid,
    idempotency::Write,
    ids::{BookingId, ServiceId, UserId},
    locale::Language,
    money::Money,
    time::Instant,
};
use scheduling::{CalendarDate, Schedule, ServiceDuration, Slot, SlotRefusal, TimeOfDay};
use serde::Deserialize;
use sqlx::{PgConnection, types::Json as Stored};
use uuid::Uuid;

use super::{view::BookingView, when::When};
use crate::{
    address::Address,
    change::respond_by,
    jobs::{CompleteBooking, ExpirePayment, ExpireRequest},
    model::{Actor, Booking, BookingError, HistoryEntry, State, list_position},
    payment::{self, PaymentMethod, PaymentPlan, PaymentStatus, PaymentType},
    store::{self, Terms},
    transitions::{Effect, Event},
};

/// How many other times a refusal names.
const ALTERNATIVES: usize = 5;

/// What is booked, when, where and how it is paid.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"service_id": "019cad9a-7000-7000-8000-000000000001", "scheduled_date": "2026-03-03",
    "scheduled_time": "10:00:00", "payment_method": "cash"}))]
#[garde(allow_unvalidated)]
pub(super) struct CreateBooking {
    service_id: ServiceId,
    /// In the provider's time zone; with `scheduled_time`, and without `starts_at`.
    #[serde(default)]
    scheduled_date: Option<CalendarDate>,
    /// In the provider's time zone. A time that the clocks show twice is the first of the two.
    #[serde(default)]
    scheduled_time: Option<TimeOfDay>,
    /// Instead of date and time.
    #[serde(default)]
    starts_at: Option<Instant>,
    /// For the provider.
    #[serde(default)]
    #[garde(inner(length(chars, max = 2000)))]
    #[schema(max_length = 2000)]
    notes: Option<String>,
    /// One of the caller's stored addresses; instead of `address`.
    #[serde(default)]
    address_id: Option<Uuid>,
    /// Where the work is done.
    #[serde(default)]
    #[garde(dive)]
    address: Option<Address>,
    payment_method: PaymentMethod,
    /// `immediate` where absent; with cash, that is on site.
    #[serde(default)]
    payment_type: Option<PaymentType>,
}

/// Book a service.
///
/// The time must be one of the service's slots. Confirmed at once where the provider's schedule says so;
/// else the provider has 24 hours, at most until the start, to answer. What is not paid in cash is paid first, by
/// POST /payments/process/: until then it is `awaiting_payment`, for 15 minutes, and a person holds at most 3 unpaid
/// times of one provider and 5 in all. What costs nothing needs no payment, whatever `payment_method` says. Two people who ask for the same time
/// never both get it: the other one's 409 `slot_taken` lists free times near it in `alternatives`.
#[utoipa::path(post, path = "/bookings/", tag = "bookings", operation_id = "create_booking",
    security(("bearer" = [])), request_body = CreateBooking,
    responses(
        (status = CREATED, description = "The booking.", body = BookingView,
            headers(("Location" = String, description = "Where it is."), ("ETag" = String, description = "Its version."))),
        (status = FORBIDDEN, description = "`blocked`: one of the two has blocked the other."),
        (status = NOT_FOUND, description = "There is no such service, or it is not offered."),
        (status = CONFLICT, description = "`slot_taken`, with `alternatives`; `too_many_holds`."),
        (status = UNPROCESSABLE_ENTITY, description = "`own_service`, `too_soon`, `too_far`, `outside_schedule`, \
            `nonexistent_local_time`, `payment_method_unavailable`, `address_not_found`, or a field is not valid.")))]
pub(super) async fn create_booking(
    app: App,
    caller: Caller,
    language: Language,
    write: Write,
    Valid(body): Valid<CreateBooking>,
) -> ApiResult<Response> {
    let plan = payment::plan(body.payment_method, body.payment_type)?;
    if body.address_id.is_some() {
        return Err(BookingError::AddressNotFound.into());
    }
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    let holds_unpaid = plan.pays_first;
    let terms = store::terms_and_holds(&mut tx, body.service_id, caller.id, language, holds_unpaid).await?;
    let mut terms = terms.filter(|terms| terms.is_offered).ok_or_else(ApiError::not_found)?;
    if terms.provider_id == caller.id {
        return Err(BookingError::OwnService.into());
    }
    if terms.is_blocked {
        return Err(BookingError::Blocked.into());
    }
    let min_notice_minutes = terms.min_notice_minutes();
    let schedule = terms.schedule()?;
    let when = When {
        scheduled_date: body.scheduled_date,
        scheduled_time: body.scheduled_time,
        starts_at: body.starts_at,
    };
    let wanted =
        Wanted { provider: terms.provider_id, duration: duration(terms.duration_minutes)?, except: None };
    let slot = wanted.offered(&schedule, when.resolve(schedule.timezone())?, now)?;
    let price = Money::new(terms.price_minor, terms.currency);
    let total = payment::total(plan.method, price, terms.credits_required);
    let total = total.ok_or(BookingError::PaymentMethodUnavailable)?;
    let is_free = total == 0;
    if !is_free && plan.method.tender().is_some_and(|tender| app.gateways.taking(tender).is_none()) {
        return Err(BookingError::PaymentMethodUnavailable.into());
    }
    let plan = if is_free { PaymentPlan { status: PaymentStatus::Paid, ..plan } } else { plan };
    let commission_bps = app.settings.market.commission_bps.into();
    let bill = Bill { plan, total_minor: total, commission_bps, min_notice_minutes };
    let mut booking = new_booking(body, &caller, terms, &schedule, slot, &bill, now);
    match begin(&mut tx, &mut booking, now).await {
        Ok(Begun::Held) => {}
        Ok(Begun::TimeTaken) => return Err(wanted.taken(&mut tx, &schedule, slot.starts_at, now).await),
        Ok(Begun::TooManyHolds) => return Err(BookingError::TooManyHolds.into()),
        Err(error) if is_conflict(&error) => {
            drop(tx);
            let mut db = app.db.acquire().await?;
            return Err(wanted.taken(&mut db, &schedule, slot.starts_at, now).await);
        }
        Err(error) => return Err(error.into()),
    }
    let location = format!("/bookings/{}/", booking.id);
    let shown = Versioned(booking.version, BookingView::of(&booking, Actor::Customer, now));
    tx.commit((StatusCode::CREATED, [(header::LOCATION, location)], shown)).await
}

/// What became of a new booking.
enum Begun {
    /// It holds its time.
    Held,
    TimeTaken,
    TooManyHolds,
}

/// Lets the new booking begin by the table of transitions, and writes it.
async fn begin(db: &mut PgConnection, booking: &mut Booking, now: Instant) -> anyhow::Result<Begun> {
    let line =
        booking.beginning(now).ok_or_else(|| anyhow::anyhow!("no line of the table begins this booking"))?;
    booking.state = line.to.unwrap_or(booking.state);
    booking.list_position = list_position(booking.state, booking.starts_at);
    let first = HistoryEntry {
        at: now,
        event: Event::Created,
        from: None,
        to: booking.state,
        by: Actor::Customer,
        reason: None,
    };
    booking.history = Some(Stored(vec![first]));
    let counts_request = line.effects.contains(&Effect::CountRequest);
    let id = booking.id;
    let inserted = if booking.state == State::AwaitingPayment {
        let job = ExpirePayment { booking_id: id };
        store::insert(db, booking, counts_request, (&job, ExpirePayment::timing(id, now))).await?
    } else if line.effects.contains(&Effect::AwaitAnswer) {
        let respond_by = respond_by(now, booking.starts_at);
        booking.respond_by = Some(respond_by);
        let job = ExpireRequest { booking_id: id };
        store::insert(db, booking, counts_request, (&job, ExpireRequest::timing(id, respond_by))).await?
    } else {
        let timing = CompleteBooking::timing(id, booking.ends_at);
        store::insert(db, booking, counts_request, (&CompleteBooking { booking_id: id }, timing)).await?
    };
    if inserted.exceeds_holds {
        return Ok(Begun::TooManyHolds);
    }
    let Some(reference) = inserted.reference else { return Ok(Begun::TimeTaken) };
    booking.reference = reference;
    Ok(Begun::Held)
}

/// What is to be paid, how, what of it is ours, and until when it can be moved.
struct Bill {
    plan: PaymentPlan,
    total_minor: i64,
    commission_bps: i32,
    min_notice_minutes: i32,
}

fn new_booking(
    body: CreateBooking,
    caller: &Caller,
    terms: Terms,
    schedule: &Schedule,
    slot: Slot,
    bill: &Bill,
    now: Instant,
) -> Booking {
    let buffers = schedule.blocked_range(slot.starts_at, slot.ends_at);
    let minutes = |span: SignedDuration| i32::try_from(span.as_mins()).unwrap_or_default();
    Booking {
        id: BookingId::at(now),
        reference: String::new(),
        customer_id: caller.id,
        customer_name: terms.customer_name,
        provider_id: terms.provider_id,
        provider_name: terms.provider_name,
        service_id: body.service_id,
        state: State::PendingAcceptance,
        list_position: 0,
        timezone: schedule.timezone_name().to_owned(),
        starts_at: slot.starts_at.into(),
        ends_at: slot.ends_at.into(),
        respond_by: None,
        service_title: terms.title,
        service_price_minor: terms.price_minor,
        credits_required: terms.credits_required,
        currency: terms.currency,
        duration_minutes: terms.duration_minutes,
        buffer_before_minutes: minutes(slot.starts_at.duration_since(buffers.start)),
        buffer_after_minutes: minutes(buffers.end.duration_since(slot.ends_at)),
        cancellation_policy: terms.cancellation_policy,
        commission_bps: bill.commission_bps,
        books_instantly: schedule.auto_accept(),
        total_minor: bill.total_minor,
        paid_minor: 0,
        retained_minor: 0,
        refund_minor: None,
        agreed_minor: 0,
        secured_minor: 0,
        kept_minor: None,
        min_kept_percent: 0,
        customer_moves: 0,
        min_notice_minutes: bill.min_notice_minutes,
        contest_until: None,
        disputed_from: None,
        disputed_at: None,
        payment_method: bill.plan.method,
        payment_type: bill.plan.kind,
        payment_status: bill.plan.status,
        notes: body.notes.unwrap_or_default(),
        address: body.address.map(Stored),
        cancelled_by: None,
        cancellation_reason: None,
        ics_sequence: 0,
        version: 1,
        created_at: now,
        updated_at: now,
        completed_at: None,
        proposal_id: None,
        proposal_by: None,
        proposal_starts_at: None,
        proposal_ends_at: None,
        proposal_timezone: None,
        proposal_reason: None,
        proposal_created_at: None,
        proposal_expires_at: None,
        history: None,
    }
}

pub(super) fn duration(minutes: i32) -> anyhow::Result<ServiceDuration> {
    Ok(ServiceDuration::from_minutes(minutes.into())?)
}

/// Whether a statement failed because of another booking: PostgreSQL may notice two of them that wait for
/// each other as a deadlock.
fn is_conflict(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    error.is_some_and(|error| {
        error.constraint() == Some("reservations_no_overlap") || error.code().as_deref() == Some("40P01")
    })
}

/// A time with a provider that somebody asks for.
pub(super) struct Wanted {
    pub(super) provider: UserId,
    pub(super) duration: ServiceDuration,
    /// A booking whose own time does not stand in the way.
    pub(super) except: Option<BookingId>,
}

impl Wanted {
    /// The slot, if the schedule offers it; whether it is taken is another question.
    pub(super) fn offered(&self, schedule: &Schedule, at: jiff::Timestamp, now: Instant) -> ApiResult<Slot> {
        let offered = scheduling::check(schedule, self.duration, at, &[], now.timestamp());
        Ok(offered.map_err(BookingError::NotOffered)?)
    }

    /// The same, and free.
    pub(super) async fn free(
        &self,
        db: &mut PgConnection,
        schedule: &Schedule,
        at: jiff::Timestamp,
        now: Instant,
    ) -> ApiResult<Slot> {
        let busy = scheduling::busy(&mut *db, self.provider, now, self.except).await?;
        match scheduling::check(schedule, self.duration, at, &busy, now.timestamp()) {
            Ok(slot) => Ok(slot),
            Err(SlotRefusal::Taken) => Err(self.taken(db, schedule, at, now).await),
            Err(refusal) => Err(BookingError::NotOffered(refusal).into()),
        }
    }

    /// 409 `slot_taken`, with the free times nearest to the wanted one.
    pub(super) async fn taken(
        &self,
        db: &mut PgConnection,
        schedule: &Schedule,
        at: jiff::Timestamp,
        now: Instant,
    ) -> ApiError {
        match scheduling::busy(db, self.provider, now, self.except).await {
            Ok(busy) => {
                let alternatives = scheduling::alternatives(
                    schedule,
                    self.duration,
                    at,
                    &busy,
                    now.timestamp(),
                    ALTERNATIVES,
                );
                BookingError::SlotTaken { alternatives }.into()
            }
            Err(error) => error.into(),
        }
    }
}
