//! Credits: what there is, what there was, buying more, and giving back what is not used.

use axum::{Json, http::StatusCode, response::Response};
use bookings::{PaymentMethod, PaymentType};
use garde::Validate;
use platform::{
    app::App,
    auth::{Caller, Finance, Staff},
    error::{ApiError, ApiResult, Kind, OnConstraint as _},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{BookingId, LotId, PaymentId, RefundId, UserId},
    locale::Language,
    money::{Currency, Money},
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{charge, staff::refund_requests::RefundRequestView};
use crate::{
    approval::{RefundRequest, needs_approval},
    credits::{CreditKind, HeldLot, Package, euros},
    method,
    model::{Payment, PaymentError},
    operation::{self, Operation},
    purchase::{self, GivenBack},
    refund::RefundState,
    store::{self, credits::CreditLine, refund_requests},
    superseded::{self, Subject},
};

/// A package of credits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditPackage)]
pub(super) struct PackageView {
    id: Uuid,
    name: String,
    /// What is bought.
    credits: Money,
    /// What we give on top.
    bonus: Money,
    price: Money,
    currency: Currency,
    /// How long they can be spent.
    valid_days: i32,
}

impl From<Package> for PackageView {
    fn from(package: Package) -> Self {
        let money = |minor| Money::new(minor, Currency::EUR);
        Self {
            id: package.id,
            name: package.name,
            credits: money(package.credits_minor),
            bonus: money(package.bonus_minor),
            price: money(package.price_minor),
            currency: Currency::EUR,
            valid_days: package.valid_days,
        }
    }
}

/// Packages of credits that can be bought. A credit is worth one euro.
#[utoipa::path(get, path = "/credits/packages/", tag = "payments", operation_id = "list_credit_packages",
    params(PageQuery), responses((status = OK, description = "The packages.", body = Page<PackageView>)))]
pub(super) async fn list_packages(
    app: App,
    language: Language,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<PackageView>>> {
    let packages = store::credits::packages(&mut *app.db.acquire().await?, language).await?;
    let packages = packages.into_iter().map(PackageView::from).collect();
    Ok(Json(page.slice(link, packages, |package: &PackageView| package.id.to_string())?))
}

/// Somebody's credits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Credits)]
pub(super) struct CreditsView {
    balance: Money,
    /// What the balance is made of, in the order in which it is spent.
    lots: Vec<LotView>,
    /// A page of what happened, newest first.
    transactions: Vec<CreditView>,
    /// How many transactions there are; at least so many where `count_exact` is false.
    count: i64,
    count_exact: bool,
    next: Option<String>,
    previous: Option<String>,
}

/// Credits that were bought, granted or given back together.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditLot)]
pub(super) struct LotView {
    id: LotId,
    /// What is left.
    amount: Money,
    /// By us, for nothing.
    is_granted: bool,
    /// What of it can go back to the card or account that bought it: see POST /users/{id}/credits/refund/.
    refundable: Money,
    /// Until when its owner can ask for that; later only staff.
    refundable_until: Option<Instant>,
    expires_at: Instant,
    created_at: Instant,
}

impl LotView {
    fn of(lot: &HeldLot, now: Instant) -> Self {
        Self {
            id: lot.id,
            amount: euros(lot.left_minor),
            is_granted: lot.is_granted,
            refundable: euros(lot.refundable_minor(now)),
            refundable_until: lot.kept_minor.map(|_| lot.change_of_mind_ends()),
            expires_at: lot.expires_at,
            created_at: lot.created_at,
        }
    }
}

/// What happened to somebody's credits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditTransaction)]
pub(super) struct CreditView {
    id: Uuid,
    /// Negative where they went.
    amount: Money,
    transaction_type: CreditKind,
    description: String,
    booking_id: Option<BookingId>,
    balance_after: Money,
    created_at: Instant,
}

impl From<CreditLine> for CreditView {
    fn from(line: CreditLine) -> Self {
        Self {
            id: line.id,
            amount: Money::new(line.amount_minor, Currency::EUR),
            transaction_type: line.kind,
            description: line.description,
            booking_id: line.booking_id,
            balance_after: Money::new(line.balance_after_minor, Currency::EUR),
            created_at: line.created_at,
        }
    }
}

/// My credits; anybody's for staff.
#[utoipa::path(get, path = "/users/{id}/credits/", tag = "payments", operation_id = "get_credits",
    security(("bearer" = [])), params(("id" = UserId, Path), PageQuery),
    responses((status = OK, description = "What there is, and a page of what happened.", body = CreditsView)))]
pub(super) async fn get_credits(
    app: App,
    caller: Caller,
    Path(id): Path<UserId>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<CreditsView>> {
    if caller.id != id && caller.staff.is_none() {
        return Err(ApiError::not_found());
    }
    let (paging, now) = (page.paging::<i64>(link)?, app.clock.now());
    let mut db = app.db.acquire().await?;
    let lots = store::credits::held(&mut db, id, None).await?;
    let (lines, total) = store::credits::lines(&mut db, id, &paging).await?;
    let page = paging.finish(lines, total, |line| line.number, CreditView::from);
    Ok(Json(CreditsView {
        balance: euros(lots.iter().map(|lot| lot.left_minor).sum()),
        lots: lots.iter().map(|lot| LotView::of(lot, now)).collect(),
        transactions: page.results,
        count: page.count,
        count_exact: page.count_exact,
        next: page.next,
        previous: page.previous,
    }))
}

/// Which credits go back, and why.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"lot_id": "019cad9a-7000-7000-8000-000000000030", "reason": "I do not need them."}))]
pub(super) struct RefundCredits {
    #[garde(skip)]
    lot_id: LotId,
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 500), custom(not_blank)))]
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Bought credits that go back as money.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditRefund)]
pub(super) struct CreditRefundView {
    id: RefundId,
    payment_id: PaymentId,
    lot_id: LotId,
    /// What goes back to the card or account that bought them.
    amount: Money,
    /// What we had given on top, and is gone with them.
    bonus_withdrawn: Money,
    currency: Currency,
    status: RefundState,
    reason: String,
    created_at: Instant,
}

/// Give bought credits back that are not used.
///
/// What was paid for them goes back to the card or account that bought them; what we gave on top is gone, and counts as
/// used last. Their owner can do so for 14 days after buying them, finance as long as they can be spent.
#[utoipa::path(post, path = "/users/{id}/credits/refund/", tag = "payments", operation_id = "refund_credits",
    security(("bearer" = [])), params(("id" = UserId, Path)), request_body = RefundCredits,
    responses(
        (status = CREATED, description = "The refund, which is on its way.", body = CreditRefundView),
        (status = ACCEPTED, description = "More than 100.00 by finance: a second person has to approve it.",
            body = RefundRequestView),
        (status = FORBIDDEN, description = "`forbidden`: staff, but not of finance."),
        (status = NOT_FOUND, description = "The caller has no such credits."),
        (status = CONFLICT, description = "`credits_not_refundable`: they were not bought, are used or expired, or it is \
            too late.")))]
pub(super) async fn refund_credits(
    app: App,
    caller: Caller,
    finance: Option<Finance>,
    Path(id): Path<UserId>,
    write: Write,
    Valid(body): Valid<RefundCredits>,
) -> ApiResult<Response> {
    let reason = body.reason.as_deref().unwrap_or("not_used");
    match finance {
        // Whoever gives their own back does it as everybody does.
        _ if caller.id == id => {
            let mut tx = write.begin().await?;
            let back = purchase::give_back(&mut tx, id, body.lot_id, (id, reason), app.clock.now()).await?;
            tx.commit((StatusCode::CREATED, Json(CreditRefundView::of(back, body.lot_id)))).await
        }
        Some(Finance(staff)) => refund_as_finance(&app, &staff, id, write, (body.lot_id, reason)).await,
        None if caller.staff.is_some() => Err(ApiError::new(Kind::Forbidden, "forbidden")),
        None => Err(ApiError::not_found()),
    }
}

async fn refund_as_finance(
    app: &App,
    staff: &Staff,
    owner: UserId,
    write: Write,
    (lot, reason): (LotId, &str),
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let matter = staff.matter("credit_lot", lot, [owner])?;
    let (payment, amount) = purchase::refundable(&mut tx, owner, lot, now).await?;
    let given_alone = refund_requests::given_alone(&mut tx, payment).await?;
    let entry = |action| {
        matter.act(action).reason(reason).details(json!({"user_id": owner, "amount_minor": amount.minor}))
    };
    if needs_approval(given_alone, amount) {
        let request = RefundRequest::new(payment, Some(lot), amount, (staff.caller.id, reason), now);
        refund_requests::insert(&mut tx, &request).await?;
        let answer = (StatusCode::ACCEPTED, Json(RefundRequestView::of(request, now)));
        return tx.commit(entry("refund.request"), answer).await;
    }
    let back = purchase::give_back(&mut tx, owner, lot, (staff.caller.id, reason), now).await?;
    tx.commit(entry("refund.create"), (StatusCode::CREATED, Json(CreditRefundView::of(back, lot)))).await
}

impl CreditRefundView {
    fn of(back: GivenBack, lot_id: LotId) -> Self {
        let refund = back.refund;
        Self {
            id: refund.id,
            payment_id: refund.payment_id,
            lot_id,
            amount: euros(refund.amount_minor),
            bonus_withdrawn: back.forfeited,
            currency: Currency::EUR,
            status: refund.state,
            reason: refund.reason,
            created_at: refund.created_at,
        }
    }
}

/// What is bought, and how.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"package_id": "019cad9a-7000-7000-8000-00000000c001", "payment_method": "card",
    "payment_method_id": "pm_sandbox_visa"}))]
#[garde(allow_unvalidated)]
pub(super) struct BuyCredits {
    package_id: Uuid,
    /// `card` or `paypal`.
    payment_method: PaymentMethod,
    /// The id of a kept method, or a token of the gateway. Without one the payer chooses on the gateway's page.
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 255), custom(method::plain)))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    payment_method_id: Option<String>,
}

/// Buy credits. Everybody buys for themselves; the answer is a payment, as of POST /payments/process/.
#[utoipa::path(post, path = "/users/{id}/credits/purchase/", tag = "payments", operation_id = "buy_credits",
    security(("bearer" = [])), params(("id" = UserId, Path)), request_body = BuyCredits,
    responses(
        (status = CREATED, description = "The payment.", body = super::view::PaymentView),
        (status = PAYMENT_REQUIRED, description = "Declined; `code` says why."),
        (status = UNPROCESSABLE_ENTITY, description = "`payment_method_unavailable`, `method_not_found`, or a field is \
            not valid."),
        (status = CONFLICT, description = "`payment_in_progress`: the same package is being bought right now.")))]
pub(super) async fn buy_credits(
    app: App,
    caller: Caller,
    Path(id): Path<UserId>,
    language: Language,
    write: Write,
    Valid(body): Valid<BuyCredits>,
) -> ApiResult<Response> {
    if caller.id != id {
        return Err(ApiError::not_found());
    }
    if let Some(begun) = write.subject() {
        return charge::resume(&app, &caller, write, begun).await;
    }
    let gateway = method::gateway_of(&app, body.payment_method)?;
    superseded::ask_about(&app, caller.id, Subject::Credits(body.package_id)).await?;
    let method = method::chosen(&app, &caller, gateway.name(), body.payment_method_id.as_deref()).await?;
    let mut tx = app.db.begin().await?;
    let packages = store::credits::packages(&mut tx, language).await?;
    let package = packages.into_iter().find(|package| package.id == body.package_id);
    let package = package.ok_or_else(ApiError::not_found)?;
    let now = app.clock.now();
    let price = Money::new(package.price_minor, Currency::EUR);
    let payment = Payment {
        package_id: Some(body.package_id),
        gateway: Some(method.gateway),
        payer: method.payer,
        method: method.reference,
        ..Payment::new(caller.id, None, price, (body.payment_method, PaymentType::Immediate), now)
    };
    let charge =
        Operation { description: package.name, ..Operation::by_payer(&payment, method.gateway, now) };
    purchase::give_way(&mut tx, caller.id, body.package_id, now).await?;
    let written = store::payments::insert(&mut tx, &payment).await;
    written.on_constraint("payments_one_purchase", PaymentError::PaymentInProgress { payment: None })?;
    charge::begin(&mut tx, &write, &charge).await?;
    tx.commit().await?;
    let outcome = operation::ask(&app, &charge).await;
    charge::conclude(&app, write, &caller, payment.id, charge.id, outcome).await
}
