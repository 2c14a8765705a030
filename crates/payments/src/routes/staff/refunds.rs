//! Refunds that a gateway could not bring.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Staff,
    error::{ApiError, ApiResult},
    extract::{Path, Valid},
    idempotency::Write,
    ids::{PaymentId, RefundId},
    money::{Currency, Money},
    validation::not_blank,
};
use serde::{Deserialize, Serialize};

use super::of_finance;
use crate::{
    case::Case,
    model::PaymentError,
    refund::{self, RefundState, Way},
    store,
};

/// How it is brought.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"by": "bank_transfer", "note": "Transfer of 4 March, card closed."}))]
pub(in crate::routes) struct BringRefund {
    #[garde(skip)]
    by: Way,
    /// For the books.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500)]
    note: String,
}

/// A refund after that.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BroughtRefund)]
pub(in crate::routes) struct BroughtView {
    id: RefundId,
    payment_id: PaymentId,
    amount: Money,
    currency: Currency,
    status: RefundState,
    note: String,
}

/// Bring a refund that failed another way: for finance.
///
/// `gateway` tries again; `credits` gives the customer credits for it, in euros only; `bank_transfer` notes that we sent
/// it ourselves.
#[utoipa::path(post, path = "/admin/refunds/{id}/bring/", tag = "payments", operation_id = "bring_refund",
    security(("bearer" = [])), params(("id" = RefundId, Path)), request_body = BringRefund,
    responses((status = CREATED, description = "The refund.", body = BroughtView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance."),
        (status = CONFLICT, description = "`refund_not_failed`."),
        (status = UNPROCESSABLE_ENTITY, description = "`payment_method_unavailable`: credits are in euros.")))]
pub(in crate::routes) async fn bring_refund(
    app: App,
    staff: Staff,
    Path(id): Path<RefundId>,
    write: Write,
    Valid(body): Valid<BringRefund>,
) -> ApiResult<Response> {
    of_finance(&staff)?;
    let mut tx = write.begin().await?;
    let payment = store::refunds::payment_of(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let mut case = Case::open(&mut tx, payment, app.clock.now()).await?;
    let refund = store::refunds::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    if refund.state != RefundState::Failed {
        return Err(PaymentError::RefundNotFailed.into());
    }
    let refund = refund::bring_otherwise(&mut tx, &mut case, refund, body.by, &body.note).await?;
    let name = format!("refund:{id}:{}", tx_name(body.by, case.now));
    let case = case.save(&mut tx, name, "refund_brought").await?;
    let amount = case.payment.money(refund.amount_minor);
    let (payment_id, status, currency) = (refund.payment_id, refund.state, amount.currency);
    let view = BroughtView { id, payment_id, amount, currency, status, note: body.note };
    tx.commit((StatusCode::CREATED, Json(view))).await
}

/// A refund may fail and be brought several times.
fn tx_name(by: Way, now: platform::time::Instant) -> String {
    format!("{}:{now}", <&str>::from(by))
}
