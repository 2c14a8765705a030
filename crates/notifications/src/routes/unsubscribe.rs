//! The page behind the link that ends mails of a kind. Opening it changes nothing: mail scanners open links.

use askama::Template;
use aws_lc_rs::digest;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use garde::Validate;
use platform::{
    app::App,
    error::{self, ApiResult},
    extract::Query,
    http::RequestContext,
    ids::UserId,
    locale::Language,
};
use serde::Deserialize;

use crate::{model::Category, store::preferences as store, unsubscribe};

const STYLE: &str = "body{margin:0;background:#f4f5f7;color:#1c2430;font:16px/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:12px}\
.brand{margin:0 0 1.5rem;color:#0f766e;font-weight:700}h1{margin:0 0 .75rem;font-size:1.35rem}\
button{display:block;width:100%;padding:.7rem;border:0;border-radius:8px;background:#0f766e;color:#fff;\
font:inherit;font-weight:600;cursor:pointer}";

#[derive(Template)]
#[template(path = "pages/unsubscribe.html")]
struct UnsubscribePage<'a> {
    language: &'a str,
    title: &'a str,
    text: &'a str,
    style: &'a str,
    /// Where the button leads; "" where there is none.
    action: &'a str,
    button: &'a str,
}

/// What the link holds.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UnsubscribeToken {
    /// From the mail.
    #[garde(length(chars, min = 1, max = 200))]
    #[param(min_length = 1, max_length = 200)]
    token: String,
}

/// The page behind the link in a mail, with a button that ends mails of its kind.
#[utoipa::path(get, path = "/notifications/unsubscribe/", tag = "notifications", operation_id = "show_unsubscribe",
    params(UnsubscribeToken),
    responses((status = OK, description = "The page.", body = String, content_type = "text/html"),
        (status = NOT_FOUND, description = "The link is none of ours. (A page for people.)", body = String,
            content_type = "text/html")))]
pub(super) async fn show_unsubscribe(
    app: App,
    context: RequestContext,
    Query(query): Query<UnsubscribeToken>,
) -> ApiResult<Response> {
    let language = context.language();
    match unsubscribe::read(&app, &query.token) {
        Some((_, category)) => {
            let action = format!("/notifications/unsubscribe/?token={}&lang={language}", query.token);
            page(StatusCode::OK, language, "ask", Some(category), &action)
        }
        None => page(StatusCode::NOT_FOUND, language, "unknown", None, ""),
    }
}

/// End mails of a kind, with one click and without a sign-in (RFC 8058). What the body says does not matter.
#[utoipa::path(post, path = "/notifications/unsubscribe/", tag = "notifications", operation_id = "unsubscribe",
    params(UnsubscribeToken),
    responses((status = OK, description = "No more mails of this kind. (A page for people.)", body = String,
            content_type = "text/html"),
        (status = NOT_FOUND, description = "The link is none of ours. (A page for people.)", body = String,
            content_type = "text/html")))]
pub(super) async fn unsubscribe(
    app: App,
    context: RequestContext,
    Query(query): Query<UnsubscribeToken>,
) -> ApiResult<Response> {
    let language = context.language();
    match unsubscribe::read(&app, &query.token) {
        Some((user, category)) => {
            end_mails(&app, user, category).await?;
            page(StatusCode::OK, language, "done", Some(category), "")
        }
        None => page(StatusCode::NOT_FOUND, language, "unknown", None, ""),
    }
}

async fn end_mails(app: &App, user: UserId, category: Category) -> ApiResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    store::lock(&mut tx, user).await?;
    // Whoever is gone gets no mails.
    let Some(mut known) = store::find(&mut *tx, user, now).await? else { return Ok(()) };
    known.choices.of_mut(category).email = false;
    known.agree(now);
    store::save(&mut tx, user, &known, now).await?;
    tx.commit().await?;
    Ok(())
}

fn page(
    status: StatusCode,
    language: Language,
    what: &str,
    category: Option<Category>,
    action: &str,
) -> ApiResult<Response> {
    let kind = category.map_or_else(String::new, |category| {
        language.text(&format!("notification-kind-{}", <&str>::from(category)), &[])
    });
    let text = |part: &str| language.text(&format!("page-unsubscribe_{what}-{part}"), &[("kind", &kind)]);
    let button = if action.is_empty() { String::new() } else { text("button") };
    let page = UnsubscribePage {
        language: language.code(),
        title: &text("title"),
        text: &text("text"),
        style: STYLE,
        action,
        button: &button,
    };
    let html = page.render().map_err(anyhow::Error::from)?;
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).map_err(anyhow::Error::from)?),
    ];
    let mut response = (status, headers, html).into_response();
    response.extensions_mut().insert(error::Page);
    Ok(response)
}
