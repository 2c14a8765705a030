//! What an installation in development would have sent, for people and for tests that read mails.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::{
    app::App,
    config::Environment,
    error::{ApiError, ApiResult},
    extract::Query,
    page::{Link, Page, PageQuery},
};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use crate::outbox_store::{self, Channel, Filter, Kept};

/// `GET /dev/outbox/`, for [`Environment::Development`] only. Not in the OpenAPI document: no app may rely
/// on it.
pub fn dev_outbox_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().route("/dev/outbox/", get(list))
}

#[derive(Deserialize, garde::Validate)]
struct OutboxQuery {
    /// A mail address or a number.
    #[garde(inner(length(max = 320)))]
    #[serde(default)]
    to: Option<String>,
    #[garde(skip)]
    #[serde(default)]
    channel: Option<Channel>,
}

impl OutboxQuery {
    fn filter(self) -> Filter {
        // A plus sign in a query means a space, which neither addresses nor numbers have.
        Filter { to: self.to.map(|to| to.replace(' ', "+")), channel: self.channel }
    }
}

async fn list(
    app: App,
    Query(query): Query<OutboxQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
    request: HeaderMap,
) -> ApiResult<Response> {
    // Codes and links that sign people in: should the route ever be wired by mistake, it answers nobody.
    if app.settings.http.environment != Environment::Development {
        return Err(ApiError::not_found());
    }
    let filter = query.filter();
    let paging = page.paging::<i64>(link)?;
    let kept = outbox_store::list(&app.db, &filter, &paging).await?;
    let count = outbox_store::count(&app.db, &filter).await?;
    let page = paging.finish(kept, count, |kept| kept.id, |kept| kept);
    let vary = [(header::VARY, HeaderValue::from_static("Accept"))];
    if wants_html(&request) {
        return Ok((vary, html(&page)?).into_response());
    }
    Ok((vary, Json(page)).into_response())
}

fn wants_html(request: &HeaderMap) -> bool {
    let accepted = request.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("text/html")
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
article{border-top:1px solid #8888;padding:.5rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}h2{font-size:1rem}";

/// No scripts, no pictures, nothing from elsewhere; only our own style sheet, known by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The page for people. Askama escapes everything that comes from a mail.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Outbox</title>
<style>{{ style|safe }}</style>
<h1>Outbox</h1>
<p>What would have been sent, newest first: <a href="?">all</a>, <a href="?channel=mail">mails</a>, <a href="?channel=sms">SMS</a>, <a href="?channel=push">push notifications</a>.</p>
{% for kept in page.results %}<article>
<h2>{{ kept.subject.as_deref().unwrap_or("SMS") }}</h2>
<p>To {{ kept.recipient }}, {{ kept.created_at }}</p>
<pre>{% for part in self::parts(kept.text) %}{% if self::is_link(part) %}<a href="{{ part }}">{{ part }}</a>{% else %}{{ part }}{% endif %}{% endfor %}</pre>
{% if let Some(html) = kept.html %}<details><summary>HTML</summary><pre>{{ html }}</pre></details>{% endif %}
</article>
{% else %}<p>Nothing yet.</p>
{% endfor %}{% if let Some(next) = page.next %}<p><a href="{{ next }}">Older</a></p>{% endif %}
</html>
"#
)]
struct OutboxPage<'a> {
    page: &'a Page<Kept>,
    style: &'static str,
}

/// A text in pieces that are a link or hold none.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace).flat_map(|word| {
        let bare = word.trim_end();
        [bare, word.strip_prefix(bare).unwrap_or_default()]
    })
}

fn is_link(part: &str) -> bool {
    part.starts_with("https://") || part.starts_with("http://")
}

fn html(page: &Page<Kept>) -> ApiResult<Response> {
    let body = OutboxPage { page, style: STYLE }.render().map_err(anyhow::Error::from)?;
    let policy = HeaderValue::try_from(POLICY.as_str()).map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response())
}
