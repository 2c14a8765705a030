//! Messages of gateways.

use axum::{
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, StatusCode},
};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    jobs,
    ports::gateway::GatewayName,
};

use crate::{message::HearGateway, store};

/// Keeps a message that its gateway has signed, once; a job asks what is true of it.
async fn receive(
    app: &App,
    name: GatewayName,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    let gateway = app.gateways.named(name).ok_or_else(ApiError::not_found)?;
    let event = gateway.event(headers, &body?).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if store::events::insert(&mut tx, name, &event, now).await? {
        let job = HearGateway { gateway: <&str>::from(name).to_owned(), id: event.id };
        jobs::enqueue(&mut tx, &job, now).await?;
    }
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// A message of Stripe, signed by it. It is taken once, and only makes us ask.
#[utoipa::path(post, path = "/webhooks/stripe/", tag = "payments", operation_id = "hear_stripe",
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = NO_CONTENT, description = "It is taken."),
        (status = BAD_REQUEST, description = "`webhook_not_signed`, `webhook_not_readable`."),
        (status = NOT_FOUND, description = "Stripe is not set up here.")))]
pub(super) async fn hear_stripe(
    app: App,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    receive(&app, GatewayName::Stripe, &headers, body).await
}

/// A message of PayPal, signed by it. It is taken once, and only makes us ask.
#[utoipa::path(post, path = "/webhooks/paypal/", tag = "payments", operation_id = "hear_paypal",
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = NO_CONTENT, description = "It is taken."),
        (status = BAD_REQUEST, description = "`webhook_not_signed`, `webhook_not_readable`."),
        (status = NOT_FOUND, description = "PayPal is not set up here."),
        (status = SERVICE_UNAVAILABLE, description = "`webhook_not_checkable`: send it again.")))]
pub(super) async fn hear_paypal(
    app: App,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    receive(&app, GatewayName::Paypal, &headers, body).await
}

/// A message of the sandbox. It is not in the document: nobody outside sends it.
pub(super) async fn hear_sandbox(
    app: App,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    receive(&app, GatewayName::Sandbox, &headers, body).await
}
