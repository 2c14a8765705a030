//! The pages behind the links of our mails, for people without the app: plain HTML, no scripts.
//!
//! A link only shows a form, and the form does the work: scanners of mail open every link before people do.

use askama::Template;
use aws_lc_rs::digest;
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
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
    /// What is to be typed; "" where the button is all.
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

/// The page behind the verification link of the mail: its one button verifies the address. Shows a page for people.
#[utoipa::path(get, path = "/auth/verify-email/link/", operation_id = "open_verification_link", tag = "identity",
    params(LinkToken),
    responses((status = OK, body = String, content_type = "text/html", description = "The button, or the news that the address is verified already."),
        (status = GONE, description = "The link was used, is old, or is none of ours. (A page for people.)", content_type = "text/html", body = String)))]
pub async fn open_verification_link(
    app: App,
    context: RequestContext,
    Query(link): Query<LinkToken>,
) -> ApiResult<Response> {
    let language = context.language();
    match codes::find_link(&app, Purpose::VerifyEmail, &link.token).await? {
        Some(row) if row.used_at.is_none() && row.expires_at > app.clock.now() => {
            let button = language.text("page-verify-button", &[]);
            let action = format!("/auth/verify-email/link/?lang={language}");
            let form = Form { action: &action, token: &link.token, label: "", button: &button, problem: "" };
            page(StatusCode::OK, language, "page-verify", Some(form))
        }
        Some(row) if is_verified(&app, &row).await? => page(StatusCode::OK, language, "page-verified", None),
        _ => page(StatusCode::GONE, language, "page-expired", None),
    }
}

/// What the button sends.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct VerificationForm {
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
}

/// Verify an address with the button behind the link. Shows a page for people.
#[utoipa::path(post, path = "/auth/verify-email/link/", operation_id = "submit_verification_form", tag = "identity",
    request_body(content = VerificationForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, body = String, content_type = "text/html", description = "The address is verified."),
        (status = GONE, description = "The link was used, is old, or is none of ours. (A page for people.)", content_type = "text/html", body = String)))]
pub async fn submit_verification_form(
    app: App,
    context: RequestContext,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let [token] = read_form(&headers, &body, ["token"])?;
    let request = VerificationForm { token };
    validation::check(&request)?;
    let is_done = verify(&app, &request.token).await?;
    let (status, key) =
        if is_done { (StatusCode::OK, "page-verified") } else { (StatusCode::GONE, "page-expired") };
    page(status, context.language(), key, None)
}

/// Verifies the address that a link went to; `true` where it is verified now, or has been by this link before.
async fn verify(app: &App, token: &str) -> ApiResult<bool> {
    let Some(row) = codes::find_link(app, Purpose::VerifyEmail, token).await? else { return Ok(false) };
    if row.used_at.is_some() || row.expires_at <= app.clock.now() {
        return is_verified(app, &row).await;
    }
    match email::accept(app, row.id, row.user_id, &row.target).await {
        Ok(_user) => Ok(true),
        // It is no more to be had by this link, for somebody else has it.
        Err(error) if matches!(error.kind(), Kind::Gone | Kind::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the address of this link is its person's, and verified.
async fn is_verified(app: &App, row: &store::codes::LinkRow) -> ApiResult<bool> {
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
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let language = context.language();
    let [token, new_password] = read_form(&headers, &body, ["token", "new_password"])?;
    let request = ResetForm { token, new_password };
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

/// The fields of a form with these names, each of which must be there once.
fn read_form<const N: usize>(headers: &HeaderMap, body: &[u8], names: [&str; N]) -> ApiResult<[String; N]> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::new(Kind::Unsupported, "unsupported_media_type"));
    }
    let mut fields = names.map(|_| None);
    for (name, value) in form_urlencoded::parse(body) {
        // PostgreSQL cannot store a NUL; what is no UTF-8 is decoded to the replacement character.
        if value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(ApiError::new(Kind::Invalid, "validation_failed"));
        }
        let field = names.iter().position(|known| *known == name).and_then(|place| fields.get_mut(place));
        let Some(field) = field else { continue };
        if field.replace(value.into_owned()).is_some() {
            return Err(ApiError::new(Kind::Malformed, "malformed_request"));
        }
    }
    if fields.iter().any(Option::is_none) {
        return Err(ApiError::new(Kind::Invalid, "validation_failed"));
    }
    Ok(fields.map(Option::unwrap_or_default))
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
