//! Refunds that one person of finance asks for and another one decides on.

use axum::{Json, response::Response};
use garde::Validate;
use platform::{
    app::App,
    audit::{AuditedTx, Matter},
    auth::{Finance, Staff},
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{LotId, PaymentId, RefundId, RefundRequestId, UserId},
    money::{Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    approval::{RefundRequest, RefundRequestState},
    case::Case,
    model::PaymentError,
    purchase,
    routes::refund::give_back,
    store::{self, refund_requests},
};

/// A refund that a second person of finance decides on.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RefundRequest)]
pub(in crate::routes) struct RefundRequestView {
    id: RefundRequestId,
    payment_id: PaymentId,
    /// Credits that were bought with the payment, where these are given back.
    lot_id: Option<LotId>,
    amount: Money,
    currency: Currency,
    status: RefundRequestState,
    reason: String,
    requested_by: UserId,
    decided_by: Option<UserId>,
    /// What came of it.
    refund_id: Option<RefundId>,
    created_at: Instant,
    /// After that nobody can decide on it.
    expires_at: Instant,
    decided_at: Option<Instant>,
}

impl RefundRequestView {
    pub(in crate::routes) fn of(request: RefundRequest, now: Instant) -> Self {
        Self {
            status: request.state_at(now),
            id: request.id,
            payment_id: request.payment_id,
            lot_id: request.lot_id,
            amount: Money::new(request.amount_minor, request.currency),
            currency: request.currency,
            reason: request.reason,
            requested_by: request.requested_by,
            decided_by: request.decided_by,
            refund_id: request.refund_id,
            created_at: request.created_at,
            expires_at: request.expires_at,
            decided_at: request.decided_at,
        }
    }
}

/// Which requests.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct RefundRequestQuery {
    #[garde(skip)]
    #[param(inline)]
    status: Option<RefundRequestState>,
}

/// Refunds that need two of finance, the newest first, none of one's own money: for finance.
#[utoipa::path(get, path = "/admin/refunds/", tag = "payments", operation_id = "list_refund_requests",
    security(("bearer" = [])), params(RefundRequestQuery, PageQuery),
    responses((status = OK, description = "A page of requests.", body = Page<RefundRequestView>),
        (status = FORBIDDEN, description = "`forbidden`: not of finance.")))]
pub(in crate::routes) async fn list_refund_requests(
    app: App,
    Finance(staff): Finance,
    Query(query): Query<RefundRequestQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<RefundRequestView>>> {
    let now = app.clock.now();
    let paging = page.paging::<RefundRequestId>(link)?;
    let (rows, total) = refund_requests::list(&app.db, (staff.caller.id, query.status, now), &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, |row| RefundRequestView::of(row, now))))
}

/// A request that the caller may decide on, held.
async fn open(
    tx: &mut AuditedTx,
    staff: &Staff,
    id: RefundRequestId,
    now: Instant,
) -> ApiResult<(RefundRequest, Matter)> {
    let request = refund_requests::lock(tx, id).await?.ok_or_else(ApiError::not_found)?;
    let people = store::payments::people(tx, request.payment_id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("refund_request", id, people.all())?;
    request.proposal().check(staff.caller.id, now)?;
    Ok((request, matter))
}

/// Approve a refund that somebody else of finance asked for. The money is on its way when this answers.
#[utoipa::path(post, path = "/admin/refunds/{id}/approve/", tag = "payments", operation_id = "approve_refund",
    security(("bearer" = [])), params(("id" = RefundRequestId, Path, description = "The request.")),
    responses((status = OK, description = "The request, with its refund.", body = RefundRequestView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `second_person_required`: their own request; \
            `own_matter`: their own money."),
        (status = CONFLICT, description = "`decided_already`; `approval_expired`: it is older than 7 days; \
            `refund_too_large`, `credits_not_refundable`: so much is not there any more.")))]
pub(in crate::routes) async fn approve_refund(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<RefundRequestId>,
    write: Write,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (mut request, matter) = open(&mut tx, &staff, id, now).await?;
    let refund = if let Some(lot) = request.lot_id {
        let (by, reason) = (request.requested_by, request.reason.as_str());
        let owner = store::payments::people(&mut tx, request.payment_id).await?;
        let owner = owner.ok_or_else(ApiError::not_found)?.payer;
        let back = purchase::give_back(&mut tx, owner, lot, (by, reason), now).await?;
        if back.refund.amount_minor > request.amount_minor {
            return Err(PaymentError::CreditsNotRefundable.into());
        }
        back.refund.id
    } else {
        let case = Case::open(&mut tx, request.payment_id, now).await?;
        let amount = Money::new(request.amount_minor, request.currency);
        let refundable = case.payment.money(case.payment.kept_minor());
        if amount.minor > refundable.minor {
            return Err(PaymentError::RefundTooLarge { refundable }.into());
        }
        give_back(&mut tx, case, amount, &request.reason, request.requested_by).await?.0.id
    };
    request.decide(staff.caller.id, Some(refund), now);
    refund_requests::save(&mut tx, &request).await?;
    let entry = matter.act("refund_request.approve").details(json!({"refund_id": refund}));
    tx.commit(entry, Json(RefundRequestView::of(request, now))).await
}

/// Why there is no refund.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(in crate::routes) struct RejectRefund {
    /// For colleagues.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Reject a refund that somebody else of finance asked for.
#[utoipa::path(post, path = "/admin/refunds/{id}/reject/", tag = "payments", operation_id = "reject_refund",
    security(("bearer" = [])), params(("id" = RefundRequestId, Path, description = "The request.")),
    request_body = RejectRefund,
    responses((status = OK, description = "The request.", body = RefundRequestView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `second_person_required`: their own request; \
            `own_matter`: their own money."),
        (status = CONFLICT, description = "`decided_already`; `approval_expired`: it is older than 7 days.")))]
pub(in crate::routes) async fn reject_refund(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<RefundRequestId>,
    write: Write,
    Valid(body): Valid<RejectRefund>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (mut request, matter) = open(&mut tx, &staff, id, now).await?;
    request.decide(staff.caller.id, None, now);
    refund_requests::save(&mut tx, &request).await?;
    let entry = matter.act("refund_request.reject").reason(body.reason);
    tx.commit(entry, Json(RefundRequestView::of(request, now))).await
}
