//! Receipts and credit notes.

use axum::{
    Json,
    http::header,
    response::{IntoResponse as _, Response},
};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, WantsPdf},
    ids::{BookingId, PaymentId, RefundId},
    locale::Language,
    money::{Currency, Money},
    time::Instant,
};
use serde::Serialize;

use super::read::shown;
use crate::{
    model::PaymentError,
    paper,
    receipt::{self, Papers, Receipt},
};

/// A receipt. What it says is what was so when it was issued; credit notes say what went back since.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Receipt)]
pub(super) struct ReceiptView {
    /// Numbered without gaps.
    number: String,
    /// Who issues it: name, address, tax number.
    issuer: Vec<String>,
    payment_id: PaymentId,
    booking_id: Option<BookingId>,
    /// The booking's short name.
    booking_reference: Option<String>,
    /// Who paid.
    customer_name: String,
    /// Who did the work.
    provider_name: String,
    description: String,
    /// What was paid.
    amount: Money,
    currency: Currency,
    tender: Vec<TenderView>,
    /// What the amount is made of; `[]` where it is the service alone.
    lines: Vec<LineView>,
    /// The tax in the price of the work; `null` where its provider has named none.
    tax: Option<TaxView>,
    /// What has gone back by now.
    refunded_amount: Money,
    credit_notes: Vec<CreditNoteView>,
    issued_at: Instant,
}

/// So much, by this.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptTender)]
pub(super) struct TenderView {
    /// `card`, `paypal`, `credits`.
    method: String,
    amount: Money,
}

/// The tax of the work, which is its provider's.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptTax)]
pub(super) struct TaxView {
    /// The provider's number.
    tax_id: Option<String>,
    /// In hundredths of a percent.
    rate_bps: i32,
    /// There is none because the provider's business is small.
    is_small_business: bool,
    net: Money,
    tax: Money,
    gross: Money,
}

/// A part of the amount.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptLine)]
pub(super) struct LineView {
    /// `service`, `discount` (below zero), `service_fee`, `tip`.
    kind: String,
    amount: Money,
}

/// What went back.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditNote)]
pub(super) struct CreditNoteView {
    /// Numbered together with receipts.
    number: String,
    payment_id: PaymentId,
    refund_id: Option<RefundId>,
    /// The receipt that it corrects.
    receipt_number: Option<String>,
    amount: Money,
    currency: Currency,
    tender: Vec<TenderView>,
    tax: Option<TaxView>,
    reason: Option<String>,
    issued_at: Instant,
}

impl ReceiptView {
    fn of(Papers { receipt, credit_notes }: Papers, refunded: Money) -> Self {
        let (number, amount, tender) = (receipt.name(), receipt.amount(), tender(&receipt));
        let line = |line: &receipt::Line| LineView {
            kind: line.kind.clone(),
            amount: receipt.money(line.amount_minor),
        };
        let lines = receipt.content.lines.iter().map(line).collect();
        let tax = tax(&receipt);
        Self {
            lines,
            tax,
            number,
            issuer: receipt.content.issuer,
            payment_id: receipt.payment_id,
            booking_id: receipt.content.booking_id,
            booking_reference: receipt.content.reference,
            customer_name: receipt.content.customer,
            provider_name: receipt.content.provider,
            description: receipt.content.title,
            amount,
            currency: amount.currency,
            tender,
            refunded_amount: refunded,
            credit_notes: credit_notes.into_iter().map(CreditNoteView::from).collect(),
            issued_at: receipt.issued_at,
        }
    }
}

impl From<Receipt> for CreditNoteView {
    fn from(note: Receipt) -> Self {
        let (number, amount, tender) = (note.name(), note.amount(), tender(&note));
        let tax = tax(&note);
        Self {
            tax,
            number,
            payment_id: note.payment_id,
            refund_id: note.refund_id,
            receipt_number: note.content.corrects,
            amount,
            currency: amount.currency,
            tender,
            reason: note.content.reason,
            issued_at: note.issued_at,
        }
    }
}

fn tax(receipt: &Receipt) -> Option<TaxView> {
    let tax = receipt.content.tax.as_ref()?;
    Some(TaxView {
        tax_id: tax.tax_id.clone(),
        rate_bps: tax.rate_bps,
        is_small_business: tax.is_small_business,
        net: receipt.money(tax.gross_minor - tax.tax_minor),
        tax: receipt.money(tax.tax_minor),
        gross: receipt.money(tax.gross_minor),
    })
}

fn tender(receipt: &Receipt) -> Vec<TenderView> {
    let parts = receipt.content.tender.iter();
    let view = |part: &receipt::Tender| TenderView {
        method: part.method.clone(),
        amount: receipt.money(part.amount_minor),
    };
    parts.map(view).collect()
}

/// The receipt of a payment, issued when it is first asked for.
///
/// As JSON, or with `Accept: application/pdf` as a PDF file in the language of the answer. A payment in parts has one
/// when all of it is paid, or the rest of it is not wanted any more.
#[utoipa::path(get, path = "/payments/{id}/receipt/", tag = "payments", operation_id = "get_receipt",
    security(("bearer" = [])), params(("id" = PaymentId, Path)),
    responses((status = OK, description = "The receipt.",
            content((ReceiptView = "application/json"), (Vec<u8> = "application/pdf"))),
        (status = CONFLICT, description = "`nothing_paid`: there is nothing to acknowledge yet.")))]
pub(super) async fn get_receipt(
    app: App,
    caller: Caller,
    Path(id): Path<PaymentId>,
    language: Language,
    WantsPdf(wants_pdf): WantsPdf,
) -> ApiResult<Response> {
    let (papers, refunded) = papers(&app, &caller, id).await?;
    if wants_pdf {
        file(&papers.receipt, language)
    } else {
        Ok(Json(ReceiptView::of(papers, refunded)).into_response())
    }
}

/// The credit note of a refund: JSON or PDF, as the receipt.
#[utoipa::path(get, path = "/payments/{id}/credit-notes/{refund_id}/", tag = "payments",
    operation_id = "get_credit_note", security(("bearer" = [])),
    params(("id" = PaymentId, Path), ("refund_id" = RefundId, Path)),
    responses((status = OK, description = "The credit note.",
            content((CreditNoteView = "application/json"), (Vec<u8> = "application/pdf"))),
        (status = CONFLICT, description = "`nothing_paid`: there is no receipt that it could correct.")))]
pub(super) async fn get_credit_note(
    app: App,
    caller: Caller,
    Path((id, refund)): Path<(PaymentId, RefundId)>,
    language: Language,
    WantsPdf(wants_pdf): WantsPdf,
) -> ApiResult<Response> {
    let (papers, _refunded) = papers(&app, &caller, id).await?;
    let note = papers.credit_notes.into_iter().find(|note| note.refund_id == Some(refund));
    let note = note.ok_or_else(ApiError::not_found)?;
    if wants_pdf { file(&note, language) } else { Ok(Json(CreditNoteView::from(note)).into_response()) }
}

/// The papers of a payment that the caller may see, and what went back.
async fn papers(app: &App, caller: &Caller, id: PaymentId) -> ApiResult<(Papers, Money)> {
    let shown = shown(app, id, caller).await?;
    if !shown.has_receipt() {
        return Err(PaymentError::NothingPaid.into());
    }
    let mut tx = app.db.begin().await?;
    let papers = receipt::papers(&mut tx, &shown, &app.settings.market, app.clock.now()).await?;
    tx.commit().await?;
    Ok((papers, Money::new(shown.refunded_minor, shown.currency)))
}

fn file(receipt: &Receipt, language: Language) -> ApiResult<Response> {
    let name = format!("attachment; filename=\"{}.pdf\"", receipt.name());
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::VARY, "Accept".to_owned()),
    ];
    Ok((headers, paper::pdf(receipt, language)?).into_response())
}
