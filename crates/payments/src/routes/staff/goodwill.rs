//! Goodwill: one proposes, another one decides.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::{Finance, SupportOrFinance},
    error::{ApiError, ApiResult},
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
use serde_json::json;

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

impl GrantView {
    fn of(grant: Grant, now: Instant) -> Self {
        Self {
            status: grant.state_at(now),
            id: grant.id,
            user_id: grant.user_id,
            amount: Money::new(grant.amount_minor, Currency::EUR),
            reason: grant.reason,
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
    _staff: SupportOrFinance,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<GrantView>>> {
    let now = app.clock.now();
    let found = store::newest(&mut *app.db.acquire().await?).await?;
    let views = found.into_iter().map(|grant| GrantView::of(grant, now)).collect();
    Ok(Json(page.slice(link, views, |grant: &GrantView| grant.id.to_string())?))
}

/// Propose credits for somebody: for support and finance.
#[utoipa::path(post, path = "/admin/credits/grants/", tag = "payments", operation_id = "propose_grant",
    security(("bearer" = [])), request_body = ProposeGrant,
    responses((status = CREATED, description = "Somebody of finance decides.", body = GrantView),
        (status = NOT_FOUND, description = "There is no such person."),
        (status = FORBIDDEN, description = "`forbidden`: of another role; `own_matter`: credits for themselves.")))]
pub(in crate::routes) async fn propose_grant(
    app: App,
    SupportOrFinance(staff): SupportOrFinance,
    write: Write,
    Valid(body): Valid<ProposeGrant>,
) -> ApiResult<Response> {
    let limit = i64::from(app.settings.market.goodwill_limit);
    let amount = body.amount.in_currency(Currency::EUR).ok();
    let amount = amount.filter(|amount| (1..=limit).contains(&amount.minor));
    let most = Money::new(limit, Currency::EUR);
    let amount = amount.ok_or_else(|| {
        ApiError::invalid_field("amount", Sentence::new("field-too_large").with_money("max", most))
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
    let matter = staff.matter("goodwill_grant", grant.id, [grant.user_id])?;
    let mut tx = staff.begin(write).await?;
    if !store::insert(&mut tx, &grant).await? {
        return Err(ApiError::not_found());
    }
    let entry = matter.act("goodwill_grant.propose").reason(&*grant.reason);
    let entry = entry.details(json!({"user_id": grant.user_id, "amount_minor": grant.amount_minor}));
    tx.commit(entry, (StatusCode::CREATED, Json(GrantView::of(grant, now)))).await
}

/// Decide on a proposal of somebody else's: for finance.
#[utoipa::path(put, path = "/admin/credits/grants/{id}/", tag = "payments", operation_id = "decide_grant",
    security(("bearer" = [])), params(("id" = GrantId, Path)), request_body = Decision,
    responses((status = OK, description = "The decision.", body = GrantView),
        (status = FORBIDDEN, description = "`forbidden`: not of finance; `second_person_required`: their own proposal; \
            `own_matter`: credits for themselves."),
        (status = CONFLICT, description = "`decided_already`; `approval_expired`: it is older than 7 days.")))]
pub(in crate::routes) async fn decide_grant(
    app: App,
    Finance(staff): Finance,
    Path(id): Path<GrantId>,
    write: Write,
    Valid(body): Valid<Decision>,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let grant = store::lock(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("goodwill_grant", id, [grant.user_id])?;
    let now = app.clock.now();
    let grant = goodwill::decide(&mut tx, grant, body.approve, staff.caller.id, now).await?;
    let entry = matter.act("goodwill_grant.decide").details(json!({"is_approved": body.approve}));
    tx.commit(entry, Json(GrantView::of(grant, now))).await
}
