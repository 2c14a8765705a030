//! The pages behind the links of our mails, for people without the app: plain HTML, no scripts.
//!
//! The verification link does its work when it is opened, as promised; a mail scanner that opens it first
//! verifies the address too, which proves the same: the mail arrived. The reset link only shows a form.

use askama::Template;
use aws_lc_rs::digest;
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::{
    app::App,
    error::{self, ApiError, ApiResult, Kind, Problem},
    extract::Query,
    http::RequestContext,
    locale::Language,
    validation,
};
use serde::Deserialize;

use super::{email, password};
use crate::{
    codes::{self, Purpose},
    store,
};

const STYLE: &str = "body{margin:0;background:#f4f5f7;color:#1c2430;font:16px/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:12px}\
.brand{margin:0 0 1.5rem;color:#0f766e;font-weight:700}h1{margin:0 0 .75rem;font-size:1.35rem}\
label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}\
input{margin:.25rem 0 1rem;padding:.6rem .75rem;border:1px solid #9aa4b2;border-radius:8px}\
button{padding:.7rem;border:0;border-radius:8px;background:#0f766e;color:#fff;font-weight:600;cursor:pointer}\
.problem{color:#b42318}";

#[derive(Template)]
#[template(path = "pages/plain.html")]
struct PlainPage<'a> {
    language: &'a str,
    title: &'a str,
    text: &'a str,
    style: &'a str,
    form: Option<Form<'a>>,
}

struct Form<'a> {
    action: &'a str,
    token: &'a str,
    label: &'a str,
    button: &'a str,
    problem: &'a str,
}

/// The token of a link.
#[derive(Deserialize, garde::Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkToken {
    /// From the mail.
    #[garde(length(chars, min = 1, max = 200))]
    #[param(min_length = 1, max_length = 200)]
    token: String,
}

/// Verify an address by opening the link of the mail. Shows a page for people.
#[utoipa::path(get, path = "/auth/verify-email/link/", operation_id = "open_verification_link", tag = "identity",
    params(LinkToken),
    responses((status = OK, body = String, content_type = "text/html", description = "The address is verified."),
        (status = GONE, description = "The link was used, is old, or is none of ours. (A page for people.)", content_type = "text/html", body = String)))]
pub async fn open_verification_link(
    app: App,
    context: RequestContext,
    Query(link): Query<LinkToken>,
) -> ApiResult<Response> {
    let language = context.language();
    let key = if verified_by(&app, &link.token).await? { "page-verified" } else { "page-expired" };
    let status = if key == "page-verified" { StatusCode::OK } else { StatusCode::GONE };
    page(status, language, key, None)
}

/// Whether this link stands for a verified address, now or since an earlier opening.
async fn verified_by(app: &App, token: &str) -> ApiResult<bool> {
    let Some(row) = codes::find_link(app, Purpose::VerifyEmail, token).await? else { return Ok(false) };
    if row.used_at.is_none() && row.expires_at > app.clock.now() {
        return match email::accept(app, row.id, row.user_id, &row.target).await {
            Ok(_user) => Ok(true),
            Err(error) if error.kind() == Kind::Gone => Ok(false),
            Err(error) => Err(error),
        };
    }
    let user = store::users::by_id(&app.db, row.user_id).await?;
    Ok(user.is_some_and(|user| user.is_email_verified && user.email.to_lowercase() == row.target))
}

/// The form behind the reset link of the mail. Shows a page for people.
#[utoipa::path(get, path = "/auth/reset-password/link/", operation_id = "open_reset_link", tag = "identity",
    params(LinkToken),
    responses((status = OK, body = String, content_type = "text/html", description = "A form for the new password."),
        (status = GONE, description = "The link was used, is old, or is none of ours. (A page for people.)", content_type = "text/html", body = String)))]
pub async fn open_reset_link(
    app: App,
    context: RequestContext,
    Query(link): Query<LinkToken>,
) -> ApiResult<Response> {
    let language = context.language();
    match codes::open_link(&app, Purpose::ResetPassword, &link.token).await {
        Ok(_row) => form(StatusCode::OK, language, &link.token, ""),
        Err(error) if error.kind() == Kind::Gone => page(StatusCode::GONE, language, "page-expired", None),
        Err(error) => Err(error),
    }
}

/// What the form sends.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct ResetForm {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    #[garde(length(chars, min = 10, max = 128))]
    #[schema(min_length = 10, max_length = 128, format = Password)]
    new_password: String,
}

/// Set a new password with the form behind the link. Shows a page for people.
#[utoipa::path(post, path = "/auth/reset-password/link/", operation_id = "submit_reset_form", tag = "identity",
    request_body(content = ResetForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, body = String, content_type = "text/html", description = "The new password holds."),
        (status = GONE, description = "The link was used, is old, or is none of ours. (A page for people.)", content_type = "text/html", body = String),
        (status = UNPROCESSABLE_ENTITY, description = "The password is too weak. (The form again.)",
            content((String = "text/html"), (Problem = "application/problem+json")))))]
pub async fn submit_reset_form(
    app: App,
    context: RequestContext,
    headers: axum::http::HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::new(Kind::Unsupported, "unsupported_media_type"));
    }
    let language = context.language();
    let request = read_form(&body)?;
    let outcome = match validation::check(&request) {
        Ok(()) => password::reset(&app, &request.token, &request.new_password).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => page(StatusCode::OK, language, "page-password_set", None),
        Err(error) if error.kind() == Kind::Gone => page(StatusCode::GONE, language, "page-expired", None),
        Err(error) if error.kind() == Kind::Invalid => {
            let problem = language.text("page-reset-problem", &[]);
            form(StatusCode::UNPROCESSABLE_ENTITY, language, &request.token, &problem)
        }
        Err(error) => Err(error),
    }
}

fn read_form(body: &[u8]) -> ApiResult<ResetForm> {
    let (mut token, mut new_password) = (None, None);
    for (name, value) in form_urlencoded::parse(body) {
        // A NUL, or what is no UTF-8.
        if value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(ApiError::new(Kind::Malformed, "malformed_request"));
        }
        match &*name {
            "token" => token = Some(value.into_owned()),
            "new_password" => new_password = Some(value.into_owned()),
            _ => {}
        }
    }
    let missing = || ApiError::new(Kind::Invalid, "validation_failed");
    Ok(ResetForm { token: token.ok_or_else(missing)?, new_password: new_password.ok_or_else(missing)? })
}

fn form(status: StatusCode, language: Language, token: &str, problem: &str) -> ApiResult<Response> {
    let (label, button) = (language.text("page-reset-label", &[]), language.text("page-reset-button", &[]));
    let action = format!("/auth/reset-password/link/?lang={language}");
    let form = Form { action: &action, token, label: &label, button: &button, problem };
    page(status, language, "page-reset", Some(form))
}

fn page(status: StatusCode, language: Language, key: &str, form: Option<Form<'_>>) -> ApiResult<Response> {
    let (title, text) =
        (language.text(&format!("{key}-title"), &[]), language.text(&format!("{key}-text"), &[]));
    let page = PlainPage { language: language.code(), title: &title, text: &text, style: STYLE, form };
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::try_from(policy).map_err(anyhow::Error::from)?;
    let html = page.render().map_err(anyhow::Error::from)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    let mut response = (status, headers, html).into_response();
    response.extensions_mut().insert(error::Page);
    Ok(response)
}
