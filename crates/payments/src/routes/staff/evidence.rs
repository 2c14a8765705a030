//! What we can tell a bank about a disputed payment, and what we do.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use documents::{Column, Paper, Table};
use garde::Validate;
use jiff::tz::TimeZone;
use platform::{
    app::App,
    audit::Matter,
    auth::{Finance, Staff},
    config::MarketSettings,
    error::{ApiError, ApiResult},
    extract::{Path, Valid, WantsPdf},
    idempotency::Write,
    ids::{BookingId, DisputeId, OperationId, PaymentId, UserId},
    locale::Language,
    money::{Currency, Money},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

use crate::{
    evidence::{self, Submission, SubmissionState},
    store::evidence::{self as store, Evidence, Moment},
};

/// A disputed payment and its story.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DisputeEvidence)]
pub(in crate::routes) struct EvidenceView {
    dispute_id: DisputeId,
    /// The gateway's name for it.
    reference: String,
    /// `open`, `won`, `lost`.
    status: String,
    /// When the bank decides without us.
    respond_by: Option<Instant>,
    amount: Money,
    currency: Currency,
    payment_id: PaymentId,
    receipt_number: Option<String>,
    booking_id: Option<BookingId>,
    booking_reference: Option<String>,
    service_title: Option<String>,
    customer_name: String,
    provider_name: Option<String>,
    starts_at: Option<Instant>,
    ends_at: Option<Instant>,
    /// The town where the work was to be done.
    town: Option<String>,
    cancellation_policy: Option<String>,
    /// What happened, oldest first.
    timeline: Vec<MomentView>,
    /// What we said last; `null`: nothing yet.
    submission: Option<SubmissionView>,
}

/// Something that happened.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DisputeMoment)]
struct MomentView {
    at: Instant,
    /// `booking`, `payment`, `refund`.
    about: String,
    event: String,
    /// By whom, where it is known.
    by: Option<String>,
    /// In their words.
    reason: Option<String>,
}

impl From<Evidence> for EvidenceView {
    fn from(of: Evidence) -> Self {
        Self {
            dispute_id: of.id,
            reference: of.reference,
            status: of.state,
            respond_by: of.respond_by,
            amount: Money::new(of.amount_minor, of.currency),
            currency: of.currency,
            payment_id: of.payment_id,
            receipt_number: of.receipt,
            booking_id: of.booking_id,
            booking_reference: of.booking,
            service_title: of.service_title,
            customer_name: of.customer,
            provider_name: of.provider,
            starts_at: of.starts_at,
            ends_at: of.ends_at,
            town: of.town,
            cancellation_policy: of.policy,
            timeline: of.timeline.0.into_iter().map(MomentView::from).collect(),
            submission: None,
        }
    }
}

impl From<Moment> for MomentView {
    fn from(Moment { at, about, event, by, reason }: Moment) -> Self {
        Self { at, about, event, by, reason }
    }
}

/// What we know of a disputed payment, to be handed to its bank: for finance.
///
/// As JSON, or with `Accept: application/pdf` as a PDF file in the language of the answer.
#[utoipa::path(get, path = "/admin/disputes/{id}/evidence/", tag = "payments", operation_id = "get_dispute_evidence",
    security(("bearer" = [])), params(("id" = DisputeId, Path)),
    responses((status = OK, description = "Its story.",
            content((EvidenceView = "application/json"), (Vec<u8> = "application/pdf"))),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: their own booking.")))]
pub(in crate::routes) async fn get_evidence(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<DisputeId>,
    language: Language,
    WantsPdf(wants_pdf): WantsPdf,
) -> ApiResult<Response> {
    let mut db = app.db.acquire().await?;
    matter(&staff, &mut db, id).await?;
    let found = store::of_dispute(&mut db, id).await?.ok_or_else(ApiError::not_found)?;
    let submission = store::latest(&mut db, id).await?.map(SubmissionView::from);
    drop(db);
    let view = EvidenceView { submission, ..EvidenceView::from(found) };
    if !wants_pdf {
        return Ok(Json(view).into_response());
    }
    let today = TimeZone::UTC.to_datetime(app.clock.now().timestamp()).date();
    let file = view.paper(&app.settings.market, language).pdf(today).map_err(anyhow::Error::from)?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"evidence.pdf\"".to_owned()),
        (header::VARY, "Accept".to_owned()),
    ];
    Ok((headers, file).into_response())
}

/// A dispute as a matter of others.
async fn matter(staff: &Staff, db: &mut PgConnection, id: DisputeId) -> ApiResult<Matter> {
    let people = store::people(db, id).await?.ok_or_else(ApiError::not_found)?;
    staff.matter("dispute", id, people)
}

/// What we say.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"statement": "The work was done as agreed; the customer signed for it."}))]
pub(in crate::routes) struct SubmitEvidence {
    /// To the payer's bank, in its words.
    #[garde(length(chars, min = 1, max = 5000), custom(not_blank))]
    #[schema(min_length = 1, max_length = 5000)]
    statement: String,
}

/// What we said in a dispute.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EvidenceSubmission)]
pub(in crate::routes) struct SubmissionView {
    id: OperationId,
    dispute_id: DisputeId,
    status: SubmissionState,
    /// Why the gateway does not take it: a code of docs/api-design.md.
    code: Option<String>,
    statement: String,
    submitted_by: UserId,
    created_at: Instant,
    updated_at: Instant,
}

impl From<Submission> for SubmissionView {
    fn from(of: Submission) -> Self {
        Self {
            id: of.id,
            dispute_id: of.dispute_id,
            status: of.state,
            code: of.code,
            statement: of.content.0.statement,
            submitted_by: of.submitted_by,
            created_at: of.created_at,
            updated_at: of.updated_at,
        }
    }
}

/// Say to the payer's bank why a disputed payment is ours, with all that we know: for finance.
///
/// Once and for good, while the dispute is open. It is on its way when this answers; GET tells whether the gateway took it.
/// What the gateway refused can be said again. PayPal refuses: it hears evidence on its own pages only.
#[utoipa::path(post, path = "/admin/disputes/{id}/evidence/", tag = "payments", operation_id = "submit_dispute_evidence",
    security(("bearer" = [])), params(("id" = DisputeId, Path)), request_body = SubmitEvidence,
    responses((status = CREATED, description = "It is on its way.", body = SubmissionView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `own_matter`: their own booking."),
        (status = CONFLICT, description = "`dispute_not_open`, `evidence_submitted`.")))]
pub(in crate::routes) async fn submit_evidence(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<DisputeId>,
    write: Write,
    Valid(body): Valid<SubmitEvidence>,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let matter = matter(&staff, &mut tx, id).await?;
    let submission = evidence::submit(&mut tx, id, body.statement, staff.caller.id, app.clock.now()).await?;
    let entry = matter.act("dispute.submit_evidence").details(json!({"submission_id": submission.id}));
    tx.commit(entry, (StatusCode::CREATED, Json(SubmissionView::from(submission)))).await
}

impl EvidenceView {
    fn paper(&self, market: &MarketSettings, language: Language) -> Paper {
        let word = |key: &str| language.text(&format!("receipt-{key}"), &[]);
        let moment = |at: &Instant| {
            let at = TimeZone::UTC.to_datetime(at.timestamp());
            format!("{} {:02}:{:02} UTC", language.date(at.date()), at.hour(), at.minute())
        };
        let optional = [
            ("receipt_number", self.receipt_number.clone()),
            ("booking", self.booking_reference.clone()),
            ("item", self.service_title.clone()),
            ("provider", self.provider_name.clone()),
            ("starts_at", self.starts_at.as_ref().map(moment)),
            ("ends_at", self.ends_at.as_ref().map(moment)),
            ("town", self.town.clone()),
            ("policy", self.cancellation_policy.clone()),
            ("respond_by", self.respond_by.as_ref().map(moment)),
        ];
        let optional = optional.into_iter().filter_map(|(key, value)| Some((word(key), value?)));
        let row = |happened: &MomentView| {
            let by = happened.by.as_deref().unwrap_or_default();
            let what = format!("{}: {}", happened.about, happened.event);
            let why = happened.reason.clone().unwrap_or_default();
            vec![moment(&happened.at), what, by.to_owned(), why]
        };
        Paper {
            language: language.code().to_owned(),
            issuer: std::iter::once(&market.legal_name).chain(&market.legal_address).cloned().collect(),
            title: language.text("receipt-evidence", &[("reference", &self.reference)]),
            facts: std::iter::once((word("customer"), self.customer_name.clone())).chain(optional).collect(),
            table: Table {
                columns: vec![
                    Column::words(word("when"), 3.0),
                    Column::words(word("what"), 3.5),
                    Column::words(word("who"), 1.6),
                    Column::words(word("reason"), 3.5),
                ],
                rows: self.timeline.iter().map(row).collect(),
            },
            sums: vec![(word("disputed"), language.money(self.amount))],
            notes: Vec::new(),
        }
    }
}
