//! Paying a booking.

use axum::{
    Json,
    http::{StatusCode, header},
    response::Response,
};
use bookings::{Booking, PaymentMethod, PaymentType};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    config::MarketSettings,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::Valid,
    idempotency::{Write, WriteTx},
    ids::{BookingId, PaymentId},
    money::Amount,
    ports::gateway::Tender,
    time::Instant,
};
use scheduling::CalendarDate;
use serde::Deserialize;
use sqlx::PgConnection;

use super::{
    charge,
    installments::{self, Parts},
    view::PaymentView,
};
use crate::{
    case::{Case, Stage},
    credits, debt,
    installment::Interval,
    method::{self, Method},
    model::{Payment, PaymentError},
    operation::{self, Operation},
    price::{Price, Priced},
    promo, review, store,
    superseded::{self, Subject},
};

/// What is paid, and how.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"booking_id": "019cad9a-7000-7000-8000-000000000002", "payment_type": "immediate",
    "payment_method": "card", "payment_method_id": "pm_sandbox_visa"}))]
#[garde(allow_unvalidated)]
pub(super) struct ProcessPayment {
    booking_id: BookingId,
    payment_type: PaymentType,
    payment_method: PaymentMethod,
    /// The id of a kept method, or a token of the gateway. Without one the payer chooses on the gateway's page.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 255), custom(method::plain)))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    payment_method_id: Option<String>,
    /// So much of it is paid by credits, and the rest as `payment_method` says: with `immediate` only, for prices in
    /// euros; all of it where they cover the whole price, which needs no `payment_method` then. They go back if the rest cannot be paid; what is refunded later goes back to
    /// both in proportion.
    #[serde(default)]
    credits_amount: Option<Amount>,
    /// A promotion code, for `card` and `paypal`.
    #[serde(default)]
    #[garde(inner(length(min = 4, max = 24), ascii))]
    #[schema(min_length = 4, max_length = 24, pattern = "^[A-Za-z0-9]+$")]
    promo_code: Option<String>,
    /// For `installment`: how many monthly parts; POST /payments/installments/ has other intervals.
    #[serde(default)]
    #[garde(inner(range(min = 2, max = 12)))]
    #[schema(minimum = 2, maximum = 12)]
    installment_count: Option<i32>,
    /// For `later`: when it is charged, at the latest 14 days after the appointment; the day before it where absent.
    #[serde(default)]
    due_date: Option<CalendarDate>,
}

/// Pay a booking.
///
/// Of one that its customer ended, what is owed all the same where the bank took the payment back: `immediate`, without a
/// code and without credits.
///
/// `immediate`: at once, by card or PayPal; where the provider has to agree first, the amount is reserved, and taken when they do. `requires_action`
/// means that the payer has to approve, with `client_secret` or at `action_url`; then ask for the payment again. A
/// new try gives up one that waits for its payer. Where the gateway does not say what became of it, the payment is
/// `processing`, and we go on asking; the payer may try again meanwhile, and what the first try turns out to have taken
/// goes back. `later` charges a kept method on `due_date`, `installment` in monthly parts of
/// which the first is charged now: both need a card. `credits` takes what the service costs in credits.
#[utoipa::path(post, path = "/payments/process/", tag = "payments", operation_id = "process_payment",
    security(("bearer" = [])), request_body = ProcessPayment,
    responses(
        (status = CREATED, description = "The payment.", body = PaymentView,
            headers(("Location" = String, description = "Where it is."))),
        (status = PAYMENT_REQUIRED, description = "Declined; `code` says why, and `payment_id` names the attempt. The \
            booking stays payable. `insufficient_credits`."),
        (status = NOT_FOUND, description = "The caller has no such booking."),
        (status = CONFLICT, description = "`already_paid`, `payment_in_progress` (both with `payment_id`), `not_payable`, \
            `payment_needs_review`: a person looks at it first."),
        (status = UNPROCESSABLE_ENTITY, description = "`payment_method_unavailable`, `method_not_found`, \
            `promo_not_found` and the other refusals of GET /payments/quote/, or a field is not valid.")))]
pub(super) async fn process_payment(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<ProcessPayment>,
) -> ApiResult<Response> {
    if let Some(begun) = write.subject() {
        return charge::resume(&app, &caller, write, begun).await;
    }
    let (id, named) = (body.booking_id, body.payment_method_id.as_deref());
    let promo = body.promo_code.as_deref();
    superseded::ask_about(&app, caller.id, Subject::Booking(id)).await?;
    let is_at_once =
        body.payment_type == PaymentType::Immediate && body.payment_method != PaymentMethod::Credits;
    if body.credits_amount.is_some() && !is_at_once {
        return Err(PaymentError::CreditsAmountInvalid.into());
    }
    review::look(&app, &caller, id).await?;
    let tender = match (body.payment_method, body.payment_type) {
        (PaymentMethod::Card, PaymentType::Immediate) => Tender::Card,
        (PaymentMethod::Paypal, PaymentType::Immediate) => Tender::Paypal,
        (PaymentMethod::Card, PaymentType::Later) => {
            let due = body.due_date.map(CalendarDate::date);
            return Box::pin(installments::later(&app, &caller, write, (id, promo), due, named)).await;
        }
        (PaymentMethod::Credits, PaymentType::Credits | PaymentType::Immediate) if promo.is_none() => {
            return by_credits(&app, &caller, write, id).await;
        }
        (PaymentMethod::Card, PaymentType::Installment) => {
            let count = body.installment_count.unwrap_or(2);
            let wish = Parts { booking_id: id, promo, count, interval: Interval::Monthly };
            return Box::pin(installments::in_parts(&app, &caller, write, &wish, named)).await;
        }
        _ => return Err(PaymentError::PaymentMethodUnavailable.into()),
    };
    let gateway = app.gateways.taking(tender).ok_or(PaymentError::PaymentMethodUnavailable)?;
    let method = method::chosen(&app, &caller, gateway.name(), named).await?;
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let booking = own(&mut tx, id, &caller).await?;
    let owed = debt::of_ended(&mut tx, &booking).await?;
    let booking = match owed {
        Some(_) if promo.is_some() || body.credits_amount.is_some() => {
            return Err(PaymentError::NotPayable.into());
        }
        Some(_) => open_to_payment(&mut tx, booking, body.payment_method, now).await?,
        None => payable(&mut tx, id, &caller, body.payment_method, now).await?,
    };
    let priced = match owed {
        Some(owed) => owed,
        None => priced(&mut tx, &booking, promo, &app.settings.market, now).await?,
    };
    let by = (body.payment_method, body.payment_type);
    let (mut payment, mut charge) = new_payment(&booking, &priced, by, method, now);
    if body.credits_amount.is_some_and(|amount| credits::cover_all(&payment, amount)) {
        drop(tx);
        return Box::pin(all_by_credits(&app, &caller, write, id, promo)).await;
    }
    if let Some(amount) = body.credits_amount {
        payment.credits_minor = credits::part_of(&payment, amount)?;
        charge.amount_minor -= payment.credits_minor;
    }
    begin(&mut tx, &payment).await?;
    credits::reserve(&mut tx, &booking, &payment).await?;
    charge::begin(&mut tx, &write, &charge).await?;
    tx.commit().await?;

    let outcome = operation::ask(&app, &charge).await;
    charge::conclude(&app, write, &caller, payment.id, charge.id, outcome).await
}

/// Pays by credits, in one transaction.
async fn by_credits(app: &App, caller: &Caller, write: Write, id: BookingId) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    let booking = payable(&mut tx, id, caller, PaymentMethod::Credits, now).await?;
    let by = (PaymentMethod::Credits, PaymentType::Credits);
    let amount = booking.money(booking.total_minor);
    let payment = Payment::new(booking.customer_id, Some(booking.id), amount, by, now);
    let case = credits::pay(&mut tx, booking, payment).await?;
    answer(app, tx, caller, case.payment.id).await
}

/// Pays by credits what has a price in money: nothing is left for a gateway.
async fn all_by_credits(
    app: &App,
    caller: &Caller,
    write: Write,
    id: BookingId,
    promo: Option<&str>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    let booking = payable(&mut tx, id, caller, PaymentMethod::Card, now).await?;
    let Priced { price, promo, fee_is_refundable } =
        priced(&mut tx, &booking, promo, &app.settings.market, now).await?;
    let by = (PaymentMethod::Credits, PaymentType::Credits);
    let payment = Payment {
        fee_minor: price.fee_minor,
        fee_is_refundable,
        promo_id: promo,
        discount_minor: price.discount_minor,
        subsidy_minor: price.subsidy_minor,
        ..Payment::new(booking.customer_id, Some(booking.id), price.total, by, now)
    };
    let case = credits::pay(&mut tx, booking, payment).await?;
    promo::take(&mut tx, &case.payment).await?;
    answer(app, tx, caller, case.payment.id).await
}

/// A booking of the caller's, locked.
pub(super) async fn own(db: &mut PgConnection, id: BookingId, caller: &Caller) -> ApiResult<Booking> {
    let booking = bookings::lock(db, id).await?.filter(|booking| booking.customer_id == caller.id);
    booking.ok_or_else(ApiError::not_found)
}

/// The booking that is to be paid, locked; a payment of it that waits for its payer, or whose gateway does not answer, is
/// given up.
pub(super) async fn payable(
    db: &mut PgConnection,
    id: BookingId,
    caller: &Caller,
    method: PaymentMethod,
    now: Instant,
) -> ApiResult<Booking> {
    let booking = own(db, id, caller).await?;
    let is_owed = booking.total_minor > 0 && booking.payment_method != PaymentMethod::Cash;
    if Stage::of(&booking) == Stage::Off || !is_owed {
        return Err(PaymentError::NotPayable.into());
    }
    open_to_payment(db, booking, method, now).await
}

/// The same for a booking of which something is to be paid.
async fn open_to_payment(
    db: &mut PgConnection,
    booking: Booking,
    method: PaymentMethod,
    now: Instant,
) -> ApiResult<Booking> {
    let live = store::payments::lock_live(db, booking.id).await?;
    if let Some(paid) = live.as_ref().filter(|payment| !payment.is_waiting_in_vain()) {
        return Err(PaymentError::AlreadyPaid { payment: paid.id }.into());
    }
    let in_credits = |method| method == PaymentMethod::Credits;
    // Credits have a price of their own.
    if in_credits(method) != in_credits(booking.payment_method) {
        return Err(PaymentError::PaymentMethodUnavailable.into());
    }
    match live {
        Some(payment) => Ok(superseded::give_way(db, Case::of(booking, payment, now)).await?.booking),
        None => Ok(booking),
    }
}

/// The price of a booking with a promotion code, which is kept from others until the transaction ends.
pub(super) async fn priced(
    db: &mut PgConnection,
    booking: &Booking,
    code: Option<&str>,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<Priced> {
    let applied = match code {
        Some(code) => Some(promo::apply(db, code, booking, now).await?),
        None => None,
    };
    let (discount, is_ours) = applied.map_or((0, false), |it| (it.discount_minor, it.is_ours));
    let service = booking.money(booking.total_minor);
    Ok(Priced {
        price: Price::new(service, discount, is_ours, market.service_fee_bps),
        promo: applied.map(|it| it.id),
        fee_is_refundable: market.service_fee_refundable,
    })
}

/// Writes a new payment of a booking.
pub(super) async fn begin(db: &mut PgConnection, payment: &Payment) -> ApiResult<()> {
    let written = store::payments::insert(db, payment).await;
    written.on_constraint("payments_one_live", PaymentError::PaymentInProgress { payment: None })?;
    promo::take(db, payment).await
}

/// A payment of all of a booking, and its charge.
pub(crate) fn new_payment(
    booking: &Booking,
    priced: &Priced,
    by: (PaymentMethod, PaymentType),
    method: Method,
    now: Instant,
) -> (Payment, Operation) {
    let (gateway, price) = (method.gateway, priced.price);
    let payment = Payment {
        gateway: Some(gateway),
        payer: method.payer,
        method: method.reference,
        fee_minor: price.fee_minor,
        fee_is_refundable: priced.fee_is_refundable,
        promo_id: priced.promo,
        discount_minor: price.discount_minor,
        subsidy_minor: price.subsidy_minor,
        ..Payment::new(booking.customer_id, Some(booking.id), price.total, by, now)
    };
    let charge = Operation {
        captures_later: booking.state == bookings::State::AwaitingPayment && !booking.books_instantly,
        description: booking.service_title.clone(),
        ..Operation::by_payer(&payment, gateway, now)
    };
    (payment, charge)
}

/// The payment as it is now, stored with what happened to it.
pub(super) async fn answer(
    app: &App,
    mut tx: WriteTx,
    caller: &Caller,
    payment: PaymentId,
) -> ApiResult<Response> {
    let shown = store::views::find(&mut tx, payment).await?.ok_or_else(ApiError::not_found)?;
    let view = PaymentView::of(app, shown, caller.id)?;
    let location = [(header::LOCATION, format!("/payments/{payment}/"))];
    tx.commit((StatusCode::CREATED, location, Json(view))).await
}
