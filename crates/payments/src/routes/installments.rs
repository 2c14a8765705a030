//! Paying later, and in parts.

use axum::response::Response;
use bookings::{Booking, PaymentMethod, PaymentType};
use garde::Validate;
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Brief, Path, Valid},
    idempotency::Write,
    ids::{BookingId, InstallmentId},
    locale::Sentence,
    ports::gateway::Tender,
    time::Instant,
};
use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    charge,
    process::{answer, begin, new_payment, payable, priced},
};
use crate::{
    case::Case,
    installment::{self, Installment, InstallmentState, Interval},
    method::{self, Method},
    model::{PaymentError, State},
    operation::{self, Operation},
    review, store,
    superseded::{self, Subject},
};

/// How long after the work something may be due.
const DUE_WITHIN_DAYS: i32 = 14;

/// What is paid in parts, and how.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"booking_id": "019cad9a-7000-7000-8000-000000000002", "count": 3, "interval": "monthly",
    "payment_method_id": "pm_sandbox_visa"}))]
#[garde(allow_unvalidated)]
pub(super) struct PayInParts {
    booking_id: BookingId,
    /// How many parts.
    #[garde(range(min = 2, max = 12))]
    #[schema(minimum = 2, maximum = 12)]
    count: i32,
    interval: Interval,
    /// A promotion code.
    #[serde(default)]
    #[garde(inner(length(min = 4, max = 24), ascii))]
    #[schema(min_length = 4, max_length = 24, pattern = "^[A-Za-z0-9]+$")]
    promo_code: Option<String>,
    /// The id of a kept method, or a token, which is kept then; the usual one where absent.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 255), custom(method::plain)))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    payment_method_id: Option<String>,
}

/// Pay a booking in parts.
///
/// The parts add up exactly; the first ones take the odd cents. The first is charged now, the others when they are
/// due; a month's end is kept (31 January, 28 February, 31 March). What cannot be charged is tried again 1, 3 and 7
/// days later, and is `overdue` then.
#[utoipa::path(post, path = "/payments/installments/", tag = "payments", operation_id = "pay_in_installments",
    security(("bearer" = [])), request_body = PayInParts,
    responses(
        (status = CREATED, description = "The payment with its parts.", body = super::view::PaymentView),
        (status = PAYMENT_REQUIRED, description = "The first part was declined; `code` says why."),
        (status = NOT_FOUND, description = "The caller has no such booking."),
        (status = CONFLICT, description = "`already_paid`, `payment_in_progress`, `not_payable`."),
        (status = UNPROCESSABLE_ENTITY, description = "`payment_method_unavailable`, `method_not_found`, or a field is \
            not valid.")))]
pub(super) async fn pay_in_installments(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<PayInParts>,
) -> ApiResult<Response> {
    if let Some(begun) = write.subject() {
        return charge::resume(&app, &caller, write, begun).await;
    }
    review::look(&app, &caller, body.booking_id).await?;
    superseded::ask_about(&app, caller.id, Subject::Booking(body.booking_id)).await?;
    let promo = body.promo_code.as_deref();
    let wish = Parts { booking_id: body.booking_id, promo, count: body.count, interval: body.interval };
    Box::pin(in_parts(&app, &caller, write, &wish, body.payment_method_id.as_deref())).await
}

/// Which booking, in which parts.
pub(super) struct Parts<'a> {
    pub(super) booking_id: BookingId,
    /// A promotion code.
    pub(super) promo: Option<&'a str>,
    pub(super) count: i32,
    pub(super) interval: Interval,
}

/// Pays in parts, of which the first is charged now.
pub(super) async fn in_parts(
    app: &App,
    caller: &Caller,
    write: Write,
    wish: &Parts<'_>,
    named: Option<&str>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    if method::is_token(named) {
        check(app, caller, (wish.booking_id, wish.promo), now).await?;
    }
    let method = lasting(app, caller, named).await?;
    let mut tx = app.db.begin().await?;
    let booking = payable(&mut tx, wish.booking_id, caller, PaymentMethod::Card, now).await?;
    let today = local_date(&booking, now);
    let due: Vec<Date> = (0..wish.count).map(|number| wish.interval.due(today, number)).collect();
    let priced = priced(&mut tx, &booking, wish.promo, &app.settings.market, now).await?;
    let by = (PaymentMethod::Card, PaymentType::Installment);
    let (payment, charge) = new_payment(&booking, &priced, by, method, now);
    let parts = installment::parts(payment.id, payment.amount(), &due, now);
    let Some((first, rest)) = parts.split_first() else { return Err(ApiError::not_found()) };
    if parts.iter().any(|part| part.amount_minor == 0) {
        let too_many = Sentence::new("field-too_large").with("max", payment.amount_minor);
        return Err(ApiError::invalid_field("count", too_many));
    }
    begin(&mut tx, &payment).await?;
    store::installments::insert(&mut tx, &parts).await?;
    for part in rest {
        installment::schedule(&mut tx, part, 0, &booking.timezone, now).await?;
    }
    let charge = Operation {
        installment_id: Some(first.id),
        amount_minor: first.amount_minor,
        captures_later: false,
        ..charge
    };
    charge::begin(&mut tx, &write, &charge).await?;
    tx.commit().await?;
    let outcome = operation::ask(app, &charge).await;
    charge::conclude(app, write, caller, payment.id, charge.id, outcome).await
}

/// Lets all of it be charged on a later day.
pub(super) async fn later(
    app: &App,
    caller: &Caller,
    write: Write,
    (id, promo): (BookingId, Option<&str>),
    due: Option<Date>,
    named: Option<&str>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    if method::is_token(named) {
        let booking = check(app, caller, (id, promo), now).await?;
        due_date(&booking, due, now)?;
    }
    let method = lasting(app, caller, named).await?;
    let mut tx = write.begin().await?;
    let booking = payable(&mut tx, id, caller, PaymentMethod::Card, now).await?;
    let due = due_date(&booking, due, now)?;
    let priced = priced(&mut tx, &booking, promo, &app.settings.market, now).await?;
    let by = (PaymentMethod::Card, PaymentType::Later);
    let (mut payment, _charge) = new_payment(&booking, &priced, by, method, now);
    payment.state = State::Scheduled;
    let parts = installment::parts(payment.id, payment.amount(), &[due], now);
    begin(&mut tx, &payment).await?;
    store::installments::insert(&mut tx, &parts).await?;
    for part in &parts {
        installment::schedule(&mut tx, part, 0, &booking.timezone, now).await?;
    }
    let id = payment.id;
    Case::of(booking, payment, now).save(&mut tx, format!("payment:{id}"), "payment_scheduled").await?;
    answer(app, tx, caller, id).await
}

/// When a booking is charged later: on the day before it, where nothing is said.
fn due_date(booking: &Booking, due: Option<Date>, now: Instant) -> Result<Date, PaymentError> {
    let (today, start) = (local_date(booking, now), local_date(booking, booking.starts_at));
    let due = due.unwrap_or_else(|| start.saturating_sub(1.day()).max(today));
    if due < today || start.saturating_add(DUE_WITHIN_DAYS.days()) < due {
        return Err(PaymentError::DueDateOutOfRange);
    }
    Ok(due)
}

/// What refuses a payment before the gateway is given a card to keep for it; nothing of it stays.
async fn check(
    app: &App,
    caller: &Caller,
    (id, promo): (BookingId, Option<&str>),
    now: Instant,
) -> ApiResult<Booking> {
    let mut tx = app.db.begin().await?;
    let booking = payable(&mut tx, id, caller, PaymentMethod::Card, now).await?;
    priced(&mut tx, &booking, promo, &app.settings.market, now).await?;
    tx.rollback().await?;
    Ok(booking)
}

/// How a part is paid early.
#[derive(Debug, Default, Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct PayPart {
    /// The id of a kept method, or a token; the payment's own method where absent.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 255), custom(method::plain)))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    payment_method_id: Option<String>,
}

/// Pay a part before it is due, or one that is overdue. Also a payment that is made later: it is one part.
#[utoipa::path(post, path = "/payments/installments/{id}/pay/", tag = "payments", operation_id = "pay_installment",
    security(("bearer" = [])), params(("id" = InstallmentId, Path)), request_body = Option<PayPart>,
    responses(
        (status = CREATED, description = "The payment with its parts.", body = super::view::PaymentView),
        (status = PAYMENT_REQUIRED, description = "Declined; `code` says why."),
        (status = CONFLICT, description = "`installment_not_payable`, `payment_in_progress`.")))]
pub(super) async fn pay_installment(
    app: App,
    caller: Caller,
    Path(id): Path<InstallmentId>,
    write: Write,
    Brief(body): Brief<PayPart>,
) -> ApiResult<Response> {
    if let Some(begun) = write.subject() {
        return charge::resume(&app, &caller, write, begun).await;
    }
    let gateway = app.gateways.taking(Tender::Card).ok_or(PaymentError::PaymentMethodUnavailable)?;
    let other = match body.payment_method_id.as_deref() {
        Some(named) => Some(method::chosen(&app, &caller, gateway.name(), Some(named)).await?),
        None => None,
    };
    superseded::ask_about(&app, caller.id, Subject::Installment(id)).await?;
    let mut tx = app.db.begin().await?;
    let payment = store::installments::payment_of(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let case = Case::open(&mut tx, payment, app.clock.now()).await?;
    if case.payment.user_id != caller.id {
        return Err(ApiError::not_found());
    }
    let part = store::installments::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let charge = early(&mut tx, &case, &part, other).await?;
    charge::begin(&mut tx, &write, &charge).await?;
    tx.commit().await?;
    let outcome = operation::ask(&app, &charge).await;
    charge::conclude(&app, write, &caller, payment, charge.id, outcome).await
}

/// The charge of a part by its payer.
async fn early(
    db: &mut PgConnection,
    case: &Case,
    part: &Installment,
    other: Option<Method>,
) -> ApiResult<Operation> {
    let is_open = !matches!(part.state, InstallmentState::Paid | InstallmentState::Cancelled);
    if !is_open || case.payment.state != State::Scheduled || !case.is_wanted() {
        return Err(PaymentError::InstallmentNotPayable.into());
    }
    if let Some(mut running) = store::operations::charge_of_part(db, part.id).await? {
        superseded::supersede(db, &mut running, case.now).await?;
    }
    let charge = installment::charge(case, part).ok_or(PaymentError::InstallmentNotPayable)?;
    let charge = Operation { is_payer_present: true, ..charge };
    Ok(match other {
        Some(other) => {
            Operation { gateway: other.gateway, payer: other.payer, method: other.reference, ..charge }
        }
        None => charge,
    })
}

async fn lasting(app: &App, caller: &Caller, named: Option<&str>) -> ApiResult<Method> {
    let gateway = app.gateways.taking(Tender::Card).ok_or(PaymentError::PaymentMethodUnavailable)?;
    method::lasting(app, caller, gateway, named).await
}

fn local_date(booking: &Booking, at: Instant) -> Date {
    let zone = TimeZone::get(&booking.timezone).unwrap_or(TimeZone::UTC);
    zone.to_datetime(at.timestamp()).date()
}
