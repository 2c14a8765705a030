//! Goodwill: one proposes, another one decides.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Staff,
    error::{ApiError, ApiResult, Kind},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{GrantId, UserId},
    locale::Sentence,
    money::{Amount, Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};

use crate::{
    goodwill::{self, Grant, GrantState},
    store::goodwill as store,
};

/// Credits that somebody shall have.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"user_id": "019cad9a-7000-7000-8000-000000000003", "amount": 10.0, "reason": "The plumber came an hour late."}))]
pub(in crate::routes) struct ProposeGrant {
    #[garde(skip)]
    user_id: UserId,
    /// At most the limit of the installation (GOODWILL_LIMIT).
    #[garde(skip)]
    amount: Amount,
    /// The customer reads it.
    #[garde(length(chars, min = 1, max = 200), custom(not_blank))]
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// What is decided.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(in crate::routes) struct Decision {
    /// `false`: not.
    #[garde(skip)]
    approve: bool,
}

/// Credits because something went wrong.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = GoodwillGrant)]
pub(in crate::routes) struct GrantView {
    id: GrantId,
    user_id: UserId,
    amount: Money,
    reason: String,
    status: GrantState,
    proposed_by: UserId,
    decided_by: Option<UserId>,
    created_at: Instant,
    decided_at: Option<Instant>,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            id: grant.id,
            user_id: grant.user_id,
            amount: Money::new(grant.amount_minor, Currency::EUR),
            reason: grant.reason,
            status: grant.state,
            proposed_by: grant.proposed_by,
            decided_by: grant.decided_by,
            created_at: grant.created_at,
            decided_at: grant.decided_at,
        }
    }
}

/// Proposals and decisions, newest first: for staff.
#[utoipa::path(get, path = "/admin/credits/grants/", tag = "payments", operation_id = "list_grants",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "The newest 1,000.", body = Page<GrantView>),
        (status = FORBIDDEN, description = "`forbidden`: of another role.")))]
pub(in crate::routes) async fn list_grants(
    app: App,
    staff: Staff,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<GrantView>>> {
    may_propose(&staff)?;
    let found = store::newest(&mut *app.db.acquire().await?).await?;
    Ok(Json(page.slice(link, found.into_iter().map(GrantView::from).collect(), |grant: &GrantView| {
        grant.id.to_string()
    })?))
}

/// Propose credits for somebody: for support and finance.
#[utoipa::path(post, path = "/admin/credits/grants/", tag = "payments", operation_id = "propose_grant",
    security(("bearer" = [])), request_body = ProposeGrant,
    responses((status = CREATED, description = "Somebody of finance decides.", body = GrantView),
        (status = NOT_FOUND, description = "There is no such person."),
        (status = FORBIDDEN, description = "`forbidden`: of another role.")))]
pub(in crate::routes) async fn propose_grant(
    app: App,
    staff: Staff,
    write: Write,
    Valid(body): Valid<ProposeGrant>,
) -> ApiResult<Response> {
    may_propose(&staff)?;
    let limit = i64::from(app.settings.market.goodwill_limit);
    let amount = body.amount.in_currency(Currency::EUR).ok();
    let amount = amount.filter(|amount| (1..=limit).contains(&amount.minor));
    let most = Money::new(limit, Currency::EUR).to_string();
    let amount = amount.ok_or_else(|| {
        ApiError::invalid_field("amount", Sentence::new("field-too_large").with("max", most))
    })?;
    let now = app.clock.now();
    let grant = Grant {
        id: GrantId::at(now),
        user_id: body.user_id,
        amount_minor: amount.minor,
        reason: body.reason,
        state: GrantState::Proposed,
        proposed_by: staff.caller.id,
        decided_by: None,
        created_at: now,
        decided_at: None,
    };
    let mut tx = write.begin().await?;
    if !store::insert(&mut tx, &grant).await? {
        return Err(ApiError::not_found());
    }
    tx.commit((StatusCode::CREATED, Json(GrantView::from(grant)))).await
}

/// Decide on a proposal of somebody else's: for finance.
#[utoipa::path(put, path = "/admin/credits/grants/{id}/", tag = "payments", operation_id = "decide_grant",
    security(("bearer" = [])), params(("id" = GrantId, Path)), request_body = Decision,
    responses((status = OK, description = "The decision.", body = GrantView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `second_person_required`: their own proposal."),
        (status = CONFLICT, description = "`decided_already`.")))]
pub(in crate::routes) async fn decide_grant(
    app: App,
    staff: Staff,
    Path(id): Path<GrantId>,
    Valid(body): Valid<Decision>,
) -> ApiResult<Json<GrantView>> {
    staff.of_finance()?;
    let mut tx = app.db.begin().await?;
    let grant = goodwill::decide(&mut tx, id, body.approve, staff.caller.id, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(GrantView::from(grant)))
}

fn may_propose(staff: &Staff) -> ApiResult<()> {
    if goodwill::may_propose(staff.role) { Ok(()) } else { Err(ApiError::new(Kind::Forbidden, "forbidden")) }
}
