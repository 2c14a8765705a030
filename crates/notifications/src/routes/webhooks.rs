//! What services report of mails and SMS.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ports::feedback::{FeedbackSource, Report},
};

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::feedback;

/// SendGrid gathers events up to 768 kB before it reports them.
const MOST_READ: usize = 1024 * 1024;

/// The paths that services call.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(hear_twilio))
        .routes(routes!(hear_sendgrid))
        .layer(DefaultBodyLimit::max(MOST_READ))
}

async fn receive(
    app: &App,
    source: Option<&Arc<dyn FeedbackSource>>,
    path: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    let source = source.ok_or_else(ApiError::not_found)?;
    let said = source.read(&Report { url: &app.url(path), headers, body: &body? })?;
    if !said.is_empty() {
        feedback::hear(app, said).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// An SMS that somebody sent to our number: whoever answers STOP gets no more.
#[utoipa::path(post, path = "/webhooks/twilio/", tag = "notifications", operation_id = "hear_twilio",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = NO_CONTENT, description = "It is taken."),
        (status = BAD_REQUEST, description = "`webhook_not_signed`, `webhook_not_readable`."),
        (status = NOT_FOUND, description = "Twilio is not set up here.")))]
pub(super) async fn hear_twilio(
    app: App,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    receive(&app, app.feedback.twilio.as_ref(), "/webhooks/twilio/", &headers, body).await
}

/// What became of mails: an address that bounced is left alone, and so is whoever called a mail spam.
#[utoipa::path(post, path = "/webhooks/sendgrid/", tag = "notifications", operation_id = "hear_sendgrid",
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = NO_CONTENT, description = "It is taken."),
        (status = BAD_REQUEST, description = "`webhook_not_signed`, `webhook_not_readable`."),
        (status = NOT_FOUND, description = "SendGrid is not set up here.")))]
pub(super) async fn hear_sendgrid(
    app: App,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    receive(&app, app.feedback.sendgrid.as_ref(), "/webhooks/sendgrid/", &headers, body).await
}
