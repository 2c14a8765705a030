//! What somebody can pay with, and the methods that they keep.

use axum::{Json, http::StatusCode, response::Response};
use bookings::PaymentMethod;
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Valid},
    idempotency::Write,
    ids::{MethodId, OperationId},
    jobs,
    ports::gateway::{self, Outcome, Task, Tender},
};
use serde::{Deserialize, Serialize};

use crate::{
    method::{self, Forget, KeptMethod},
    model::PaymentError,
    store,
};

/// What somebody can pay with.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = PaymentMethods)]
pub(super) struct MethodsView {
    available: Vec<AvailableMethod>,
    /// Those that I keep, the newest first.
    saved: Vec<MethodView>,
}

/// A way to pay.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AvailableMethod {
    r#type: PaymentMethod,
    enabled: bool,
}

/// A method that somebody keeps.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SavedPaymentMethod, example = json!({"id": "019cad9a-7000-7000-8000-000000000030", "type": "card", "brand": "visa",
    "last4": "4242", "exp_month": 12, "exp_year": 2040, "is_default": true}))]
pub(super) struct MethodView {
    id: MethodId,
    /// `card`, `paypal`, …
    r#type: String,
    brand: Option<String>,
    last4: Option<String>,
    exp_month: Option<i16>,
    exp_year: Option<i16>,
    is_default: bool,
}

impl From<KeptMethod> for MethodView {
    fn from(kept: KeptMethod) -> Self {
        Self {
            id: kept.id,
            r#type: kept.kind,
            brand: kept.brand,
            last4: kept.last4,
            exp_month: kept.exp_month,
            exp_year: kept.exp_year,
            is_default: kept.is_default,
        }
    }
}

/// What I can pay with.
#[utoipa::path(get, path = "/payments/methods/", tag = "payments", operation_id = "list_payment_methods",
    security(("bearer" = [])),
    responses((status = OK, description = "Ways to pay, and the methods that I keep.", body = MethodsView)))]
pub(super) async fn list_methods(app: App, caller: Caller) -> ApiResult<Json<MethodsView>> {
    let saved = store::methods::of_user(&mut *app.db.acquire().await?, caller.id).await?;
    let takes = |tender| app.gateways.taking(tender).is_some();
    let available = [
        (PaymentMethod::Card, takes(Tender::Card)),
        (PaymentMethod::Paypal, takes(Tender::Paypal)),
        (PaymentMethod::Credits, true),
        (PaymentMethod::Cash, true),
    ];
    let available = available.map(|(method, enabled)| AvailableMethod { r#type: method, enabled });
    Ok(Json(MethodsView {
        available: available.into(),
        saved: saved.into_iter().map(MethodView::from).collect(),
    }))
}

/// A method to keep.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"token": "pm_sandbox_visa"}))]
pub(super) struct KeepMethod {
    /// What the gateway's part of the app gave; never a card number.
    #[garde(length(min = 1, max = 255), custom(method::plain))]
    #[schema(min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    token: String,
    /// Whether it is used where no other is named; the first one is.
    #[serde(default)]
    #[garde(skip)]
    is_default: bool,
}

/// Keep a method for later.
///
/// Card numbers never come here: the app gives them to the gateway, begun by POST /payments/setup-intent/, and sends
/// the token that it gets.
#[utoipa::path(post, path = "/payments/methods/", tag = "payments", operation_id = "keep_payment_method",
    security(("bearer" = [])), request_body = KeepMethod,
    responses(
        (status = CREATED, description = "The method.", body = MethodView),
        (status = PAYMENT_REQUIRED, description = "The gateway does not take it; `code` says why.")))]
pub(super) async fn keep_method(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<KeepMethod>,
) -> ApiResult<Response> {
    let gateway = app.gateways.taking(Tender::Card).ok_or(PaymentError::PaymentMethodUnavailable)?;
    // To keep a card is to try it.
    method::admit(&app, &caller, gateway.name(), Some(&body.token))?;
    let (payer, saved) = method::keep(&app, caller.id, gateway, &body.token).await?;
    let mut tx = write.begin().await?;
    let now = app.clock.now();
    let kept =
        store::methods::keep(&mut tx, caller.id, gateway.name(), (&payer, &saved), body.is_default, now)
            .await?;
    tx.commit((StatusCode::CREATED, Json(MethodView::from(kept)))).await
}

/// Forget a method that I keep.
#[utoipa::path(delete, path = "/payments/methods/{id}/", tag = "payments", operation_id = "forget_payment_method",
    security(("bearer" = [])), params(("id" = MethodId, Path)),
    responses(
        (status = NO_CONTENT, description = "It is forgotten, here and at the gateway."),
        (status = CONFLICT, description = "`method_in_use`: a payment that is still to come uses it.")))]
pub(super) async fn forget_method(
    app: App,
    caller: Caller,
    Path(id): Path<MethodId>,
) -> ApiResult<StatusCode> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (gateway, reference) =
        store::methods::lock(&mut tx, caller.id, id).await?.ok_or_else(ApiError::not_found)?;
    if store::methods::is_used(&mut tx, caller.id, &reference).await? {
        return Err(PaymentError::MethodInUse.into());
    }
    store::methods::delete(&mut tx, caller.id, id).await?;
    jobs::enqueue(&mut tx, &Forget { gateway: <&str>::from(gateway).to_owned(), reference }, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Use a method where no other is named.
#[utoipa::path(put, path = "/payments/methods/{id}/default/", tag = "payments",
    operation_id = "set_default_payment_method", security(("bearer" = [])), params(("id" = MethodId, Path)),
    responses((status = OK, description = "The method.", body = MethodView)))]
pub(super) async fn set_default(
    app: App,
    caller: Caller,
    Path(id): Path<MethodId>,
) -> ApiResult<Json<MethodView>> {
    let mut tx = app.db.begin().await?;
    store::methods::lock(&mut tx, caller.id, id).await?.ok_or_else(ApiError::not_found)?;
    store::methods::clear_default(&mut tx, caller.id).await?;
    let kept = store::methods::make_default(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(kept.into()))
}

/// What the app needs to ask for a method.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SetupIntent {
    /// The gateway's name for it.
    id: String,
    /// For the gateway's part of the app.
    client_secret: Option<String>,
    /// A page of the gateway that asks for it.
    action_url: Option<String>,
}

/// Begin to keep a method.
///
/// With `client_secret` the gateway's part of the app asks for the card; what it gives goes to POST
/// /payments/methods/.
#[utoipa::path(post, path = "/payments/setup-intent/", tag = "payments", operation_id = "begin_payment_method",
    security(("bearer" = [])),
    responses((status = CREATED, description = "What the app needs.", body = SetupIntent)))]
pub(super) async fn begin_setup(app: App, caller: Caller) -> ApiResult<(StatusCode, Json<SetupIntent>)> {
    let gateway = app.gateways.taking(Tender::Card).ok_or(PaymentError::PaymentMethodUnavailable)?;
    // A card is tried with what this gives.
    method::admit(&app, &caller, gateway.name(), None)?;
    let payer = method::payer(&app, caller.id, gateway).await?;
    let task = Task::SetUp { payer, return_url: app.url("/") };
    // It moves no money: one that gets lost is begun anew.
    let operation = gateway::Operation { id: OperationId::at(app.clock.now()), task };
    match gateway.perform(&operation).await {
        Outcome::RequiresAction { reference, action } => {
            let intent =
                SetupIntent { id: reference, client_secret: action.client_secret, action_url: action.url };
            Ok((StatusCode::CREATED, Json(intent)))
        }
        Outcome::Declined { code } => Err(code.into()),
        _ => Err(ApiError::unavailable(anyhow::anyhow!("the gateway does not answer"))),
    }
}
