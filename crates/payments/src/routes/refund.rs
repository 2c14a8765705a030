//! Giving money back.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Valid,
    idempotency::Write,
    ids::{PaymentId, RefundId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};

use crate::{
    case::Case,
    model::PaymentError,
    refund::{self, RefundState, Source},
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
/// As the booking's provider, or staff; several times, and never more in all than was paid. The money is on its way
/// when this answers; GET /payments/{id}/ tells how the payment stands.
#[utoipa::path(post, path = "/payments/refund/", tag = "payments", operation_id = "refund_payment",
    security(("bearer" = [])), request_body = RefundPayment,
    responses(
        (status = CREATED, description = "The refund.", body = RefundView),
        (status = FORBIDDEN, description = "`forbidden`: the payer cannot."),
        (status = NOT_FOUND, description = "The caller has no such payment."),
        (status = CONFLICT, description = "`refund_too_large`, with what is `refundable`.")))]
pub(super) async fn refund_payment(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<RefundPayment>,
) -> ApiResult<Response> {
    let mut tx = write.begin().await?;
    let mut case = Case::open(&mut tx, body.payment_id, app.clock.now()).await?;
    if caller.id != case.booking.provider_id && caller.staff.is_none() {
        let is_payer = caller.id == case.payment.user_id;
        let forbidden = ApiError::new(platform::error::Kind::Forbidden, "forbidden");
        return Err(if is_payer { forbidden } else { ApiError::not_found() });
    }
    // Our fee is not the provider's to give.
    let retained = if caller.staff.is_some() { 0 } else { case.payment.retained_minor() };
    let refundable = case.payment.money(case.payment.kept_minor() - retained);
    let amount = wanted(body.amount, refundable)?;
    if amount.minor > refundable.minor || refundable.minor == 0 {
        return Err(PaymentError::RefundTooLarge { refundable }.into());
    }
    let from = match case.payment.closed_at {
        None => Source::Account(case.escrow()),
        Some(_) => Source::Earnings,
    };
    let refund = refund::back(&mut tx, &mut case, from, amount.minor, &body.reason, Some(caller.id)).await?;
    let case = case.save(&mut tx, format!("refund:{}", refund.id), "refund_begun").await?;
    let view = RefundView {
        id: refund.id,
        payment_id: refund.payment_id,
        amount,
        currency: amount.currency,
        status: refund.state,
        reason: refund.reason,
        refunded_amount: case.payment.money(case.payment.refunded_minor),
        created_at: refund.created_at,
    };
    tx.commit((StatusCode::CREATED, Json(view))).await
}

/// What is asked for, in the payment's currency.
fn wanted(amount: Option<Amount>, refundable: Money) -> ApiResult<Money> {
    let Some(amount) = amount else { return Ok(refundable) };
    let invalid = |word: &'static str| ApiError::invalid_field("amount", Sentence::new(word));
    let amount = amount.in_currency(refundable.currency).map_err(|_e| invalid("field-invalid_amount"))?;
    if amount.minor > 0 { Ok(amount) } else { Err(invalid("field-invalid_amount")) }
}
