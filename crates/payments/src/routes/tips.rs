//! Tips.

use axum::response::Response;
use bookings::{Booking, PaymentMethod, PaymentType};
use garde::Validate;
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiResult, OnConstraint as _},
    extract::Valid,
    idempotency::Write,
    ids::BookingId,
    money::{Amount, Money},
    time::Instant,
};
use serde::Deserialize;

use super::{charge, process::own};
use crate::{
    case::Case,
    method,
    model::{Payment, PaymentError},
    operation::{self, Operation},
    store,
    superseded::{self, Subject},
};

/// So long after the job somebody can say thank you.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A tip is at most the price, or this many whole units of the currency where that is less: more is a slip of the finger.
const MIN_TIP_LIMIT_UNITS: i64 = 50;
/// All tips for a booking together are at most its price, or this many whole units of the currency where that is less:
/// more is money that wants to be moved.
const MIN_TIPS_LIMIT_UNITS: i64 = 100;

/// What is given, and how.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"booking_id": "019cad9a-7000-7000-8000-000000000002", "amount": 5.0, "payment_method": "card",
    "payment_method_id": "pm_sandbox_visa"}))]
#[garde(allow_unvalidated)]
pub(super) struct GiveTip {
    booking_id: BookingId,
    amount: Amount,
    /// `card` or `paypal`.
    payment_method: PaymentMethod,
    /// The id of a kept method, or a token of the gateway. Without one the payer chooses on the gateway's page.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 255), custom(method::plain)))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    payment_method_id: Option<String>,
}

/// Give a tip for a job that is done, within 30 days: at most the price, or 50.00 where that is less, and all tips for a
/// booking together at most the price, or 100.00. All of it is the provider's; the answer is a payment, as of POST
/// /payments/process/.
#[utoipa::path(post, path = "/payments/tips/", tag = "payments", operation_id = "give_tip",
    security(("bearer" = [])), request_body = GiveTip,
    responses(
        (status = CREATED, description = "The payment.", body = super::view::PaymentView),
        (status = PAYMENT_REQUIRED, description = "Declined; `code` says why."),
        (status = NOT_FOUND, description = "The caller has no such booking."),
        (status = CONFLICT, description = "`tip_not_possible`: not done, or done long ago; `payment_in_progress`."),
        (status = UNPROCESSABLE_ENTITY, description = "`tip_out_of_range`, `payment_method_unavailable`, \
            `method_not_found`, or a field is not valid.")))]
pub(super) async fn give_tip(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<GiveTip>,
) -> ApiResult<Response> {
    if let Some(begun) = write.subject() {
        return charge::resume(&app, &caller, write, begun).await;
    }
    let gateway = method::gateway_of(&app, body.payment_method)?;
    superseded::ask_about(&app, caller.id, Subject::Tip(body.booking_id)).await?;
    let method = method::chosen(&app, &caller, gateway.name(), body.payment_method_id.as_deref()).await?;
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let mut booking = own(&mut tx, body.booking_id, &caller).await?;
    if let Some(open) = store::payments::lock_open_tip(&mut tx, booking.id).await? {
        booking = superseded::give_way(&mut tx, Case::of(booking, open, now)).await?.booking;
    }
    let given_minor = store::payments::tips_of(&mut tx, booking.id).await?;
    let amount = tip(&booking, body.amount, given_minor, now)?;
    let by = (body.payment_method, PaymentType::Immediate);
    let payment = Payment {
        is_tip: true,
        gateway: Some(method.gateway),
        payer: method.payer,
        method: method.reference,
        ..Payment::new(caller.id, Some(booking.id), amount, by, now)
    };
    let description = booking.service_title.clone();
    let charge = Operation { description, ..Operation::by_payer(&payment, method.gateway, now) };
    let written = store::payments::insert(&mut tx, &payment).await;
    written.on_constraint("payments_one_tip", PaymentError::PaymentInProgress { payment: None })?;
    charge::begin(&mut tx, &write, &charge).await?;
    tx.commit().await?;
    let outcome = operation::ask(&app, &charge).await;
    charge::conclude(&app, write, &caller, payment.id, charge.id, outcome).await
}

/// What may be given for a booking now.
fn tip(booking: &Booking, amount: Amount, given_minor: i64, now: Instant) -> Result<Money, PaymentError> {
    let is_recent = booking.completed_at.is_some_and(|done| now <= done.plus(WITHIN));
    if booking.state != bookings::State::Completed || !is_recent {
        return Err(PaymentError::TipNotPossible);
    }
    let units = |count: i64| booking.total_minor.max(count * 10_i64.pow(booking.currency.exponent()));
    let left = (units(MIN_TIPS_LIMIT_UNITS) - given_minor).max(0);
    let most = units(MIN_TIP_LIMIT_UNITS).min(left);
    let amount = amount.in_currency(booking.currency).ok().filter(|given| (1..=most).contains(&given.minor));
    amount.ok_or(PaymentError::TipOutOfRange(booking.money(most)))
}
