//! Giving money back.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::{Caller, Finance, Staff},
    error::{ApiError, ApiResult, Kind},
    extract::Valid,
    idempotency::Write,
    ids::{PaymentId, RefundId, UserId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use super::staff::refund_requests::RefundRequestView;
use crate::{
    approval::{RefundRequest, needs_approval},
    case::Case,
    model::{Payment, PaymentError},
    refund::{self, Refund, RefundState, Source},
    store::{self, refund_requests},
};

/// What goes back, and why.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"payment_id": "019cad9a-7000-7000-8000-000000000010", "amount": 10.0, "reason": "A window was missed."}))]
pub(super) struct RefundPayment {
    #[garde(skip)]
    payment_id: PaymentId,
    /// All that is left where absent.
    #[serde(default)]
    #[garde(skip)]
    amount: Option<Amount>,
    /// For the customer.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Money on its way back.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Refund, example = json!({"id": "019cad9a-7000-7000-8000-000000000020",
    "payment_id": "019cad9a-7000-7000-8000-000000000010", "amount": 10.0, "currency": "EUR", "status": "processing",
    "reason": "A window was missed.", "refunded_amount": 10.0, "created_at": "2026-03-02T09:00:00Z"}))]
pub(super) struct RefundView {
    id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    currency: Currency,
    status: RefundState,
    reason: String,
    /// What went back of the payment in all.
    refunded_amount: Money,
    created_at: Instant,
}

/// Give a payment back, or a part of it.
///
/// As the booking's provider, or of finance; several times, and never more in all than was paid. The money is on its way
/// when this answers; GET /payments/{id}/ tells how the payment stands.
///
/// One person of finance gives back at most 100.00 of a payment (in other currencies as many units). What exceeds that
/// in all is a request, which somebody else of finance approves or rejects within 7 days: 202.
#[utoipa::path(post, path = "/payments/refund/", tag = "payments", operation_id = "refund_payment",
    security(("bearer" = [])), request_body = RefundPayment,
    responses(
        (status = CREATED, description = "The refund.", body = RefundView),
        (status = ACCEPTED, description = "A second person of finance has to approve it.", body = RefundRequestView),
        (status = FORBIDDEN, description = "`forbidden`: the payer cannot, nor staff who are not of finance; \
            `own_matter`: the payer is of finance."),
        (status = NOT_FOUND, description = "The caller has no such payment."),
        (status = CONFLICT, description = "`refund_too_large`, with what is `refundable`.")))]
pub(super) async fn refund_payment(
    app: App,
    caller: Caller,
    finance: Option<Finance>,
    write: Write,
    Valid(body): Valid<RefundPayment>,
) -> ApiResult<Response> {
    let people = store::payments::people(&mut *app.db.acquire().await?, body.payment_id).await?;
    let people = people.ok_or_else(ApiError::not_found)?;
    if people.provider == Some(caller.id) {
        return refund_as_provider(&app, &caller, write, body).await;
    }
    match finance {
        Some(Finance(staff)) => refund_as_finance(&app, &staff, write, body).await,
        None if people.payer == caller.id || caller.staff.is_some() => {
            Err(ApiError::new(Kind::Forbidden, "forbidden"))
        }
        None => Err(ApiError::not_found()),
    }
}

async fn refund_as_provider(
    app: &App,
    caller: &Caller,
    write: Write,
    body: RefundPayment,
) -> ApiResult<Response> {
    let mut tx = write.begin().await?;
    let case = Case::open(&mut tx, body.payment_id, app.clock.now()).await?;
    // Our fee is not the provider's to give.
    let amount = wanted(&case, body.amount, case.payment.retained_minor())?;
    let given = give_back(&mut tx, case, amount, &body.reason, caller.id).await?;
    tx.commit((StatusCode::CREATED, Json(RefundView::of(given, amount)))).await
}

async fn refund_as_finance(
    app: &App,
    staff: &Staff,
    write: Write,
    body: RefundPayment,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let case = Case::open(&mut tx, body.payment_id, now).await?;
    let people = [case.payment.user_id, case.booking.provider_id];
    let matter = staff.matter("payment", body.payment_id, people)?;
    let amount = wanted(&case, body.amount, 0)?;
    let entry = |action| {
        let details = json!({"amount_minor": amount.minor, "currency": amount.currency});
        matter.act(action).reason(&*body.reason).details(details)
    };
    let given_alone = refund_requests::given_alone(&mut tx, body.payment_id).await?;
    if needs_approval(given_alone, amount) {
        let asked = (staff.caller.id, &*body.reason);
        let request = RefundRequest::new(body.payment_id, None, amount, asked, now);
        refund_requests::insert(&mut tx, &request).await?;
        let answer = (StatusCode::ACCEPTED, Json(RefundRequestView::of(request, now)));
        return tx.commit(entry("refund.request"), answer).await;
    }
    let given = give_back(&mut tx, case, amount, &body.reason, staff.caller.id).await?;
    tx.commit(entry("refund.create"), (StatusCode::CREATED, Json(RefundView::of(given, amount)))).await
}

/// Gives so much back, which the caller has seen to be there; the refund, and the payment after it.
pub(super) async fn give_back(
    db: &mut PgConnection,
    mut case: Case,
    amount: Money,
    reason: &str,
    by: UserId,
) -> ApiResult<(Refund, Payment)> {
    let from = match case.payment.closed_at {
        None => Source::Account(case.escrow()),
        Some(_) => Source::Earnings,
    };
    let refund = refund::back(db, &mut case, from, amount.minor, reason, Some(by)).await?;
    let case = case.save(db, format!("refund:{}", refund.id), "refund_begun").await?;
    Ok((refund, case.payment))
}

impl RefundView {
    fn of((refund, payment): (Refund, Payment), amount: Money) -> Self {
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            amount,
            currency: amount.currency,
            status: refund.state,
            reason: refund.reason,
            refunded_amount: payment.money(payment.refunded_minor),
            created_at: refund.created_at,
        }
    }
}

/// What goes back, in the payment's currency: all that can where nothing is asked for. `retained` stays in any case.
fn wanted(case: &Case, amount: Option<Amount>, retained_minor: i64) -> ApiResult<Money> {
    let refundable = case.payment.money(case.payment.kept_minor() - retained_minor);
    let amount = parsed(amount, refundable)?;
    if amount.minor > refundable.minor || refundable.minor == 0 {
        return Err(PaymentError::RefundTooLarge { refundable }.into());
    }
    Ok(amount)
}

/// What is asked for, in the payment's currency.
fn parsed(amount: Option<Amount>, refundable: Money) -> ApiResult<Money> {
    let Some(amount) = amount else { return Ok(refundable) };
    let invalid = |word: &'static str| ApiError::invalid_field("amount", Sentence::new(word));
    let amount = amount.in_currency(refundable.currency).map_err(|_e| invalid("field-invalid_amount"))?;
    if amount.minor > 0 { Ok(amount) } else { Err(invalid("field-invalid_amount")) }
}
