//! Refunds that a gateway could not bring.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Finance,
    error::{ApiError, ApiResult},
    extract::{Path, Valid},
    idempotency::Write,
    ids::{PaymentId, RefundId},
    money::{Currency, Money},
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    refund::RefundState,
    retry::{self, Attempt, Way},
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
/// Some are tried again by themselves: after an hour, a day and three days. Nobody has to wait for that.
/// `gateway` tries at once; `credits` gives the customer credits for it, in euros only; `bank_transfer` notes that we sent
/// it ourselves.
#[utoipa::path(post, path = "/admin/refunds/{id}/bring/", tag = "payments", operation_id = "bring_refund",
    security(("bearer" = [])), params(("id" = RefundId, Path)), request_body = BringRefund,
    responses((status = CREATED, description = "The refund.", body = BroughtView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: their own money."),
        (status = CONFLICT, description = "`refund_not_failed`."),
        (status = UNPROCESSABLE_ENTITY, description = "`payment_method_unavailable`: credits are in euros.")))]
pub(in crate::routes) async fn bring_refund(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<RefundId>,
    write: Write,
    Valid(body): Valid<BringRefund>,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let of = store::refunds::payment_of(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let people = store::payments::people(&mut tx, of).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("refund", id, people.all())?;
    let attempt = Attempt::Staff(body.by, &body.note);
    let (refund, payment) = retry::bring_failed(&mut tx, id, attempt, app.clock.now()).await?;
    let amount = payment.money(refund.amount_minor);
    let (payment_id, status, currency) = (refund.payment_id, refund.state, amount.currency);
    let view = BroughtView { id, payment_id, amount, currency, status, note: body.note };
    let entry = matter.act("refund.bring").reason(&*view.note);
    let entry = entry.details(json!({"by": <&str>::from(body.by), "payment_id": payment_id}));
    tx.commit(entry, (StatusCode::CREATED, Json(view))).await
}
