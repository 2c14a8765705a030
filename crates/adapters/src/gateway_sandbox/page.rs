//! The sandbox's page for people: a payer approves a payment there, or refuses it.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::{digest, hmac};
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::{
    app::App,
    crypto::Secrets,
    error::{ApiError, ApiResult, Page},
    extract::{Path, Query},
    http::RequestContext,
    locale::Language,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use super::{Sandbox, model::Kind, store};
use crate::gateways;

/// `/dev/sandbox/{reference}/`, where the sandbox is in use. Not in the OpenAPI document: apps follow the
/// URL that an answer gives.
pub fn sandbox_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().route("/dev/sandbox/{reference}/", get(show).post(decide))
}

/// The secret of the pages derives from the installation's.
pub fn secret(secrets: &Secrets) -> SecretString {
    SecretString::from(hex::encode(secrets.hash_token("sandbox", "pages")))
}

/// What opens the page of `reference`: only its payer is told.
pub fn key(secret: &SecretString, reference: &str) -> String {
    hex::encode(hmac::sign(&hmac_key(secret), reference.as_bytes()))
}

/// Where that page is.
pub fn url(public_url: &str, reference: &str, key: &str) -> String {
    format!("{public_url}/dev/sandbox/{reference}/?key={key}")
}

fn hmac_key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

#[derive(Deserialize, garde::Validate)]
struct PageKey {
    #[garde(length(max = 64))]
    key: String,
}

#[derive(Deserialize)]
struct Decision {
    key: String,
    decision: String,
}

async fn show(
    app: App,
    context: RequestContext,
    Path(reference): Path<String>,
    Query(query): Query<PageKey>,
) -> ApiResult<Response> {
    sandbox_of(&app, &reference, &query.key)?;
    let view = View::of(&app, &reference, context.language()).await?;
    view.response(&query.key)
}

async fn decide(
    app: App,
    context: RequestContext,
    Path(reference): Path<String>,
    body: Bytes,
) -> ApiResult<Response> {
    let form: Decision = serde_html_form::from_bytes(&body).map_err(|_cause| ApiError::not_found())?;
    let sandbox = sandbox_of(&app, &reference, &form.key)?;
    sandbox.decide(&reference, form.decision == "approve").await?;
    View::of(&app, &reference, context.language()).await?.response(&form.key)
}

/// The sandbox, for somebody with the right key.
fn sandbox_of(app: &App, reference: &str, key: &str) -> ApiResult<Sandbox> {
    let sandbox =
        Sandbox::new(app.db.clone(), app.clock.clone(), &app.secrets, &app.settings.http.public_url);
    let tag = hex::decode(key).unwrap_or_default();
    let fits = hmac::verify(&hmac_key(&sandbox.pages), reference.as_bytes(), &tag).is_ok();
    if fits && gateways::use_sandbox(&app.settings) { Ok(sandbox) } else { Err(ApiError::not_found()) }
}

const STYLE: &str = "body{margin:0;background:#f4f5f7;color:#1c2430;font:16px/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:12px}\
.brand{margin:0 0 1.5rem;color:#b45309;font-weight:700}h1{margin:0 0 .75rem;font-size:1.35rem}\
.amount{font-size:2rem;font-weight:700;margin:.5rem 0}\
button{display:block;width:100%;padding:.7rem;margin:.75rem 0 0;border:0;border-radius:8px;font:inherit;\
font-weight:600;background:#0f766e;color:#fff;cursor:pointer}button.no{background:#e5e7eb;color:#1c2430}";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
});

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="{{ language }}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>{{ style|safe }}</style>
<main>
<p class="brand">SkillBuddy Sandbox</p>
<h1>{{ title }}</h1>
{% if let Some(amount) = amount %}<p class="amount">{{ amount }}</p>
{% endif %}<p>{{ text }}</p>
{% if let Some(form) = form %}<form method="post" action="">
<input type="hidden" name="key" value="{{ form.key }}">
<button name="decision" value="approve">{{ form.approve }}</button>
<button name="decision" value="refuse" class="no">{{ form.refuse }}</button>
</form>
{% endif %}{% if let Some(back) = back %}<p><a href="{{ back.url }}">{{ back.label }}</a></p>
{% endif %}</main>
</html>
"#
)]
struct ApprovalPage<'a> {
    language: &'a str,
    title: String,
    text: String,
    amount: Option<&'a str>,
    form: Option<ApprovalForm<'a>>,
    back: Option<Back<'a>>,
    style: &'a str,
}

struct ApprovalForm<'a> {
    key: &'a str,
    approve: String,
    refuse: String,
}

struct Back<'a> {
    url: &'a str,
    label: String,
}

/// What there is to decide, or that it is decided.
struct View {
    language: Language,
    /// Names the sentences.
    kind: &'static str,
    amount: Option<String>,
    description: String,
    return_url: String,
}

impl View {
    async fn of(app: &App, reference: &str, language: Language) -> ApiResult<Self> {
        let mut view = Self {
            language,
            kind: "done",
            amount: None,
            description: String::new(),
            return_url: String::new(),
        };
        if let Some(account) = store::account(&app.db, reference).await? {
            if account.status == platform::ports::gateway::AccountStatus::Pending {
                view.kind = "account";
            }
            return Ok(view);
        }
        let mut db = app.db.acquire().await?;
        let row = store::lock(&mut db, reference).await?.ok_or_else(ApiError::not_found)?;
        view.return_url.clone_from(&row.return_url);
        if row.status != super::Status::RequiresAction {
            return Ok(view);
        }
        view.kind = if row.task == Kind::SetUp { "method" } else { "payment" };
        if row.task == Kind::Charge {
            view.amount = Some(format!("{} {}", row.money(), row.currency));
        }
        view.description = row.description;
        Ok(view)
    }

    fn response(&self, key: &str) -> ApiResult<Response> {
        let text = |key: &str| self.language.text(key, &[("description", &self.description)]);
        let waits = self.kind != "done";
        let page = ApprovalPage {
            language: self.language.code(),
            title: text(&format!("page-sandbox-{}-title", self.kind)),
            text: text(&format!("page-sandbox-{}-text", self.kind)),
            amount: self.amount.as_deref(),
            form: waits.then(|| ApprovalForm {
                key,
                approve: text("page-sandbox-approve"),
                refuse: text("page-sandbox-refuse"),
            }),
            back: (!waits && self.return_url.contains("://"))
                .then(|| Back { url: &self.return_url, label: text("page-sandbox-back") }),
            style: STYLE,
        };
        let body = page.render().map_err(anyhow::Error::from)?;
        let policy = HeaderValue::try_from(POLICY.as_str()).map_err(anyhow::Error::from)?;
        let mut response =
            (StatusCode::OK, [(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response();
        response.extensions_mut().insert(Page);
        Ok(response)
    }
}
