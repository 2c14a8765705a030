//! What every message says in every language, for people who write or translate them.

use std::sync::LazyLock;

use askama::Template as _;
use aws_lc_rs::digest;
use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::{
    app::App,
    config::Environment,
    error::{ApiError, ApiResult},
    locale::Language,
    money::Currency,
};
use strum::VariantArray as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    model::{Args, Template, Texts, Words, route},
    render,
    wording::{self, Wordings},
};

/// `GET /dev/templates/`, for [`Environment::Development`] only. Not in the OpenAPI document: no app may rely on it.
pub fn dev_templates_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().route("/dev/templates/", get(list))
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
section{border-top:1px solid #8888;padding:.5rem 0}article{margin:.5rem 0 1rem}pre{white-space:pre-wrap}\
h2{font-size:1.1rem}h3{font-size:1rem;margin:0}p{margin:.25rem 0}";

/// No scripts, nothing from elsewhere; only our own style sheet, known by its hash.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

#[derive(askama::Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Templates</title>
<style>{{ style|safe }}</style>
<h1>Templates</h1>
<p>What people are told, in every language, as push, mail and SMS.</p>
{% for preview in previews %}<section>
<h2>{{ preview.name }}</h2>
<p>{{ preview.nature }}</p>
{% for rendering in preview.renderings %}<article lang="{{ rendering.language }}">
<h3>{{ rendering.language }}: {{ rendering.title }}</h3>
<p>{{ rendering.body }}</p>
{% if !rendering.mail.is_empty() %}<details><summary>Mail</summary><pre>{{ rendering.mail }}</pre></details>{% endif %}
<details><summary>SMS</summary><pre>{{ rendering.sms }}</pre></details>
</article>
{% endfor %}</section>
{% endfor %}</html>
"#
)]
struct TemplatesPage {
    previews: Vec<Preview>,
    style: &'static str,
}

struct Preview {
    name: &'static str,
    /// Its category, priority and channels.
    nature: String,
    renderings: Vec<Rendering>,
}

struct Rendering {
    language: Language,
    title: String,
    body: String,
    /// "" where it is not mailed.
    mail: String,
    sms: String,
}

async fn list(app: App) -> ApiResult<Response> {
    if app.settings.http.environment != Environment::Development {
        return Err(ApiError::not_found());
    }
    let wordings = wording::in_force(&app).await?;
    let previews = Template::VARIANTS.iter().map(|template| preview(&app, &wordings, *template));
    let previews = previews.collect::<anyhow::Result<Vec<_>>>()?;
    let body = TemplatesPage { previews, style: STYLE }.render().map_err(anyhow::Error::from)?;
    let policy = HeaderValue::try_from(POLICY.as_str()).map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response())
}

fn preview(app: &App, wordings: &Wordings, template: Template) -> anyhow::Result<Preview> {
    let nature = template.nature();
    let args = sample(app, template);
    let rendering = |language: Language| {
        let said = render::words(wordings, template, &args, 3, language);
        let mail = if nature.is_mailed {
            let route = route(nature.entity, None);
            render::mail(app, &said, "ada@example.com".to_owned(), language, &route, None)?.text
        } else {
            String::new()
        };
        let sms = render::sms(&said, String::new()).text;
        Ok(Rendering { language, title: said.title, body: said.body, mail, sms })
    };
    let renderings = Language::ALL.into_iter().map(rendering).collect::<anyhow::Result<_>>()?;
    let (category, priority): (&str, &str) = (nature.category.into(), nature.priority.into());
    Ok(Preview { name: template.name(), nature: format!("{category}, {priority}"), renderings })
}

/// Something for every placeholder.
pub(crate) fn sample(app: &App, template: Template) -> Args {
    let texts = |en: &str, de: &str, it: &str| Texts {
        en: en.to_owned(),
        de: Some(de.to_owned()),
        it: Some(it.to_owned()),
    };
    let words = Words {
        title: texts("Spring cleaning", "Frühjahrsputz", "Pulizie di primavera"),
        message: texts("Find help now.", "Finde jetzt Hilfe.", "Trova aiuto adesso."),
    };
    Args {
        service: Some("Window cleaning".to_owned()),
        other: Some("Bob Weber".to_owned()),
        starts_at: Some(app.clock.now()),
        timezone: Some("Europe/Berlin".to_owned()),
        amount: Some((123_450, Currency::EUR)),
        number: Some("SB-00000017".to_owned()),
        reason: Some("Telephone numbers do not belong into titles.".to_owned()),
        preview: (template == Template::MessageReceived).then(|| "See you tomorrow!".to_owned()),
        attachment: None,
        words: matches!(template, Template::Announcement | Template::Offer).then_some(words),
    }
}
