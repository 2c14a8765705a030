//! The few pages that people open in a browser: the start page and the documentation.

mod clock;

use askama::Template;
use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use platform::{app::App, cache::Document, config::Environment, error::ApiResult, locale::Language};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::dev;

const OWN_STYLE_ONLY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
/// Swagger UI styles itself inline and draws with data images; its scripts are our own files.
const SWAGGER: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `/`, `/docs/`, `/openapi.json` and `/asyncapi.json`.
pub fn router(openapi: Document, asyncapi: Document) -> Router<App> {
    let swagger: Router<App> = SwaggerUi::new("/docs").config(Config::from("/openapi.json")).into();
    let policy = SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(SWAGGER),
    );
    Router::new()
        .route("/", get(start))
        .route("/openapi.json", get(|headers: HeaderMap| async move { openapi.respond(&headers) }))
        .route("/asyncapi.json", get(|headers: HeaderMap| async move { asyncapi.respond(&headers) }))
        .merge(swagger.layer(policy))
}

/// A page of ours may open the socket, and run its own script.
const SOCKET: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// `/dev/socket/`: a page where a developer can watch the socket; `/dev/clock/`: what puts the clock forward.
pub fn dev_router() -> Router<App> {
    let script = || async {
        let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
        (headers, include_str!("../../templates/socket.js"))
    };
    Router::new()
        .route("/dev/socket/", get(socket))
        .route("/dev/socket.js", get(script))
        .merge(clock::router())
}

#[derive(Template)]
#[template(path = "socket.html")]
struct Socket {
    language: Language,
    email: &'static str,
    password: &'static str,
}

impl Socket {
    fn text(&self, key: &str) -> String {
        self.language.text(&format!("socket-{key}"), &[])
    }
}

async fn socket(language: Language) -> ApiResult<Response> {
    let email = ::demo::LOGINS.first().map_or("", |login| login.email);
    let html = Socket { language, email, password: dev::PASSWORD }.render().map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, SOCKET)], Html(html)).into_response())
}

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    language: Language,
    development: bool,
    password: &'static str,
    logins: Vec<(&'static str, &'static str, &'static str)>,
}

impl Start {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        clippy::unused_self,
        reason = "a loop of the template hands it over so"
    )]
    fn name_of(&self, language: &Language) -> String {
        language.text("start-language_name", &[])
    }

    fn text(&self, key: &str) -> String {
        self.language.text(&format!("start-{key}"), &[])
    }
}

/// What this is and where to go; in development, who to be.
async fn start(app: App, language: Language) -> ApiResult<Response> {
    let logins = ::demo::LOGINS.iter().map(|login| (login.email, login.name, login.role(language.code())));
    let page = Start {
        language,
        development: app.settings.http.environment == Environment::Development,
        password: dev::PASSWORD,
        logins: logins.collect(),
    };
    let html = page.render().map_err(anyhow::Error::from)?;
    Ok(([(header::CONTENT_SECURITY_POLICY, OWN_STYLE_ONLY)], Html(html)).into_response())
}
