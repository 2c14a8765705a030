//! Credits: what there is, what there was, and buying more.

use axum::{Json, response::Response};
use bookings::{PaymentMethod, PaymentType};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::{Path, Valid},
    idempotency::Write,
    ids::{BookingId, UserId},
    locale::Language,
    money::{Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::process::conclude;
use crate::{
    credits::{CreditKind, Package},
    method,
    model::{Payment, PaymentError},
    operation::{self, Operation, Settler},
    store::{self, credits::CreditLine},
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

/// Packages of credits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CreditPackages)]
pub(super) struct PackagesView {
    results: Vec<PackageView>,
}

/// Packages of credits that can be bought. A credit is worth one euro.
#[utoipa::path(get, path = "/credits/packages/", tag = "payments", operation_id = "list_credit_packages",
    responses((status = OK, description = "The packages.", body = PackagesView)))]
pub(super) async fn list_packages(app: App, language: Language) -> ApiResult<Json<PackagesView>> {
    let packages = store::credits::packages(&mut *app.db.acquire().await?, language).await?;
    Ok(Json(PackagesView { results: packages.into_iter().map(PackageView::from).collect() }))
}

/// Somebody's credits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Credits)]
pub(super) struct CreditsView {
    balance: Money,
    /// The last hundred, newest first.
    transactions: Vec<CreditView>,
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
    security(("bearer" = [])), params(("id" = UserId, Path)),
    responses((status = OK, description = "What there is, and what happened.", body = CreditsView)))]
pub(super) async fn get_credits(
    app: App,
    caller: Caller,
    Path(id): Path<UserId>,
) -> ApiResult<Json<CreditsView>> {
    if caller.id != id && caller.staff.is_none() {
        return Err(ApiError::not_found());
    }
    let lines = store::credits::lines(&mut *app.db.acquire().await?, id).await?;
    let balance = lines.first().map_or(0, |line| line.balance_after_minor);
    Ok(Json(CreditsView {
        balance: Money::new(balance, Currency::EUR),
        transactions: lines.into_iter().map(CreditView::from).collect(),
    }))
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
    let gateway = method::gateway_of(&app, body.payment_method)?;
    let method = method::chosen(&app, &caller, gateway.name(), body.payment_method_id.as_deref()).await?;
    let mut tx = app.db.begin().await?;
    let packages = store::credits::packages(&mut tx, language).await?;
    let package = packages.into_iter().find(|package| package.id == body.package_id);
    let package = package.ok_or_else(ApiError::not_found)?;
    let now = app.clock.now();
    let price = Money::new(package.price_minor, Currency::EUR);
    let payment = Payment {
        package_id: Some(package.id),
        gateway: Some(method.gateway),
        payer: method.payer,
        method: method.reference,
        ..Payment::new(caller.id, None, price, (body.payment_method, PaymentType::Immediate), now)
    };
    let charge =
        Operation { description: package.name, ..Operation::by_payer(&payment, method.gateway, now) };
    let written = store::payments::insert(&mut tx, &payment).await;
    written.on_constraint("payments_one_purchase", PaymentError::PaymentInProgress { payment: None })?;
    operation::begin(&mut tx, &charge, Settler::Request).await?;
    tx.commit().await?;
    let outcome = operation::ask(&app, &charge).await;
    conclude(&app, write, &caller, payment.id, charge.id, outcome).await
}
