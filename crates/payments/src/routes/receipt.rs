//! Receipts.

use axum::Json;
use platform::{
    app::App,
    auth::Caller,
    error::ApiResult,
    extract::Path,
    ids::{BookingId, PaymentId},
    money::{Currency, Money},
    time::Instant,
};
use serde::Serialize;

use super::read::shown;
use crate::{model::PaymentError, receipt};

/// A receipt. What it says is what was so when it was issued.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Receipt)]
pub(super) struct ReceiptView {
    /// Numbered without gaps.
    number: String,
    payment_id: PaymentId,
    booking_id: Option<BookingId>,
    /// The booking's short name.
    booking_reference: Option<String>,
    /// Who paid.
    customer_name: String,
    /// Who did the work.
    provider_name: String,
    description: String,
    /// What was paid when it was issued.
    amount: Money,
    currency: Currency,
    /// By what: `card`, `paypal`, `credits`.
    tender: Vec<Tender>,
    /// What has gone back by now.
    refunded_amount: Money,
    issued_at: Instant,
}

/// So much, by this.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptTender)]
pub(super) struct Tender {
    method: String,
    amount: Money,
}

/// The receipt of a payment, issued when it is first asked for.
#[utoipa::path(get, path = "/payments/{id}/receipt/", tag = "payments", operation_id = "get_receipt",
    security(("bearer" = [])), params(("id" = PaymentId, Path)),
    responses((status = OK, description = "The receipt.", body = ReceiptView),
        (status = CONFLICT, description = "`nothing_paid`: there is nothing to acknowledge yet.")))]
pub(super) async fn get_receipt(
    app: App,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> ApiResult<Json<ReceiptView>> {
    let shown = shown(&app, id, &caller).await?;
    // Of a payment in parts there is one receipt, when all is paid.
    if shown.captured_minor == 0 || shown.captured_minor < shown.amount_minor {
        return Err(PaymentError::NothingPaid.into());
    }
    let mut tx = app.db.begin().await?;
    let receipt = receipt::of(&mut tx, &shown, app.clock.now()).await?;
    tx.commit().await?;
    let amount = receipt.paid();
    Ok(Json(ReceiptView {
        number: receipt.name(),
        payment_id: receipt.payment_id,
        booking_id: receipt.content.booking_id,
        booking_reference: receipt.content.reference,
        customer_name: receipt.content.customer,
        provider_name: receipt.content.provider,
        description: receipt.content.title,
        amount,
        currency: amount.currency,
        tender: vec![Tender { method: receipt.content.method, amount }],
        refunded_amount: Money::new(shown.refunded_minor, shown.currency),
        issued_at: receipt.issued_at,
    }))
}
