//! What happens to every request, whatever it asks for.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::{Duration, Instant as Stopwatch},
};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, request::Parts,
        uri::PathAndQuery,
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{Predicate as _, SizeAbove},
    },
    cors::{AllowOrigin, CorsLayer, ExposeHeaders},
    timeout::TimeoutLayer,
};
use tracing::Instrument as _;

use crate::{
    app::App,
    body::UnreadBody,
    config::Environment,
    error::{self, ApiError, Kind},
    idempotency,
    ids::UserId,
    locale::{Language, Sentence},
    rate_limit::Remaining,
};

/// Largest JSON body. Uploads set their own limit on their route.
pub(crate) const MAX_JSON: usize = 256 * 1024;
/// Of the path and its query. 100 ids to look for fit twice.
const MAX_URI: usize = 8 * 1024;
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is known of the present request; found in its extensions.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    address: IpAddr,
    /// From `?lang=`, which goes before everything.
    chosen: Option<Language>,
    /// Why the request is refused before anybody reads it.
    refusal: Option<Refusal>,
    language: AtomicU8,
    user: OnceLock<UserId>,
    /// Whether staff do something that has no entry in the audit log yet.
    has_unrecorded_act: AtomicBool,
}

/// What the edge itself refuses.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    UriTooLong,
    UnknownLanguage,
    /// RFC 9112 3.2: no host, or two.
    Host,
    /// Bytes in the path that no name of ours has: there is nothing there.
    StrangePath,
    /// The query is no UTF-8.
    NotText,
    /// PostgreSQL cannot store a NUL.
    NulInQuery,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UriTooLong => Self::new(Kind::UriTooLong, "uri_too_long"),
            Refusal::UnknownLanguage => Self::invalid_field("lang", Sentence::new("field-unknown_choice")),
            Refusal::StrangePath => Self::not_found(),
            Refusal::Host | Refusal::NotText => Self::new(Kind::Malformed, "malformed_request"),
            Refusal::NulInQuery => Self::new(Kind::Invalid, "validation_failed"),
        }
    }
}

/// `?lang=`, if it is there once and is one of ours; an empty one counts as absent.
fn chosen_language(query: &str) -> Result<Option<Language>, Refusal> {
    let mut given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "lang");
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) if value.is_empty() => Ok(None),
        (Some((_, value)), None) => value.parse().map(Some).map_err(|_unknown| Refusal::UnknownLanguage),
        (Some(_), Some(_)) => Err(Refusal::UnknownLanguage),
    }
}

/// Whether the request names one host (RFC 9112 3.2; HTTP/1.0 may do without). In HTTP/2 it is part of the address.
fn has_one_host(request: &Request) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() < Version::HTTP_11 || request.uri().host().is_some(),
        count => count == 1,
    }
}

/// Why nobody shall read this query, if so.
fn check_query(query: &str) -> Result<(), Refusal> {
    if !query.contains('%') {
        return Ok(());
    }
    let has = |wanted: char| {
        form_urlencoded::parse(query.as_bytes())
            .any(|(name, value)| name.contains(wanted) || value.contains(wanted))
    };
    // What is no UTF-8 is decoded to the replacement character.
    if has(char::REPLACEMENT_CHARACTER) {
        return Err(Refusal::NotText);
    }
    if has('\0') { Err(Refusal::NulInQuery) } else { Ok(()) }
}

impl RequestContext {
    fn of(request: &Request, trusted_proxies: &[IpNet]) -> Self {
        let is_too_long = request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > MAX_URI);
        let query = request.uri().query().unwrap_or_default();
        let (chosen, refusal) = match chosen_language(query) {
            _ if is_too_long => (None, Some(Refusal::UriTooLong)),
            _ if !has_one_host(request) => (None, Some(Refusal::Host)),
            _ if request.uri().path().contains("%00") => (None, Some(Refusal::StrangePath)),
            Ok(chosen) => (chosen, check_query(query).err()),
            Err(refusal) => (None, Some(refusal)),
        };
        let accepted = || Language::accepted(request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?);
        let language: Language = chosen.or_else(accepted).unwrap_or_default();
        Self(Arc::new(Inner {
            id: request_id(request.headers()),
            address: client_address(request, trusted_proxies),
            chosen,
            refusal,
            language: AtomicU8::new(index(language)),
            user: OnceLock::new(),
            has_unrecorded_act: AtomicBool::new(false),
        }))
    }

    /// The id that is in the answer and on every log line.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Where the request comes from, as far as trusted proxies say.
    pub fn address(&self) -> IpAddr {
        self.0.address
    }

    /// The language that the answer is written in.
    pub fn language(&self) -> Language {
        let index = usize::from(self.0.language.load(Ordering::Relaxed));
        Language::ALL.get(index).copied().unwrap_or_default()
    }

    /// Who is calling, once that is known.
    pub fn user(&self) -> Option<UserId> {
        self.0.user.get().copied()
    }

    /// A member of staff is about to do something.
    pub(crate) fn begin_act(&self) {
        self.0.has_unrecorded_act.store(true, Ordering::Relaxed);
    }

    /// It is in the audit log, or was nothing that belongs there.
    pub(crate) fn end_act(&self) {
        self.0.has_unrecorded_act.store(false, Ordering::Relaxed);
    }

    /// Whether staff have done something that nobody will know of.
    fn is_unrecorded(&self) -> bool {
        self.0.has_unrecorded_act.load(Ordering::Relaxed)
    }

    /// Notes who is calling; their own language goes before the browser's.
    pub(crate) fn signed_in(&self, user: UserId, language: Language) {
        let _already_known = self.0.user.set(user);
        if self.0.chosen.is_none() {
            self.0.language.store(index(language), Ordering::Relaxed);
        }
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _state: &S,
    ) -> Result<Self, ApiError> {
        let missing = || anyhow::anyhow!("the request has no context").into();
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

fn index(language: Language) -> u8 {
    match language {
        Language::En => 0,
        Language::De => 1,
        Language::It => 2,
    }
}

/// Takes a sane id over, so that one id follows a request through several services; else makes one.
fn request_id(headers: &HeaderMap) -> String {
    let sane = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match headers.get(&REQUEST_ID).and_then(|v| v.to_str().ok()).filter(sane) {
        Some(id) => id.to_owned(),
        #[expect(clippy::disallowed_methods, reason = "an id for logs, not for a row")]
        None => uuid::Uuid::now_v7().simple().to_string(),
    }
}

/// The nearest address that is none of our proxies: each of them appends to `X-Forwarded-For` who called it, and what
/// stands before the first stranger was written by strangers.
fn client_address(request: &Request, trusted_proxies: &[IpNet]) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let mut nearest = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    let is_trusted =
        |address: IpAddr| trusted_proxies.iter().any(|proxies| proxies.contains(&address.to_canonical()));
    let hops = request.headers().get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = hops.flat_map(|hops| hops.to_str().unwrap_or_default().split(',')).collect();
    for hop in hops.into_iter().rev() {
        let Some(caller) = is_trusted(nearest).then(|| hop.trim().parse().ok()).flatten() else { break };
        nearest = caller;
    }
    nearest
}

/// Wraps the routes of all features in what every request needs.
pub fn service(router: Router<App>, app: App) -> axum::routing::RouterIntoService<axum::body::Body, ()> {
    let timeout = Duration::from_secs(app.settings.http.request_timeout);
    router
        .fallback(|| async { ApiError::not_found() })
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
        .layer(DefaultBodyLimit::max(MAX_JSON))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, timeout))
        .layer(CatchPanicLayer::custom(|_panic| {
            ApiError::from(anyhow::anyhow!("the handler panicked")).into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), edge))
        .layer(CompressionLayer::new().compress_when(SizeAbove::new(860).and(not_compressed_yet)))
        .layer(cors(&app))
        .with_state(app)
        .into_service()
}

fn not_compressed_yet(
    _: StatusCode,
    _: axum::http::Version,
    headers: &HeaderMap,
    _: &axum::http::Extensions,
) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    // A stream of events would wait in the compressor.
    !content_type.starts_with("image/") && content_type != "text/event-stream"
}

fn cors(app: &App) -> CorsLayer {
    let settings = &app.settings.http;
    let origins: Vec<HeaderValue> =
        settings.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    // `flutter run` serves an app for browsers on another port each time.
    let is_development = settings.environment == Environment::Development;
    let origins = AllowOrigin::predicate(move |origin: &HeaderValue, _request: &Parts| {
        origins.contains(origin) || is_development && is_this_machine(origin)
    });
    let exposed = [
        "etag",
        "x-request-id",
        "retry-after",
        "location",
        "content-language",
        "idempotency-replayed",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
    ];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            REQUEST_ID.clone(),
        ])
        .expose_headers(ExposeHeaders::list(exposed.map(HeaderName::from_static)))
        .max_age(Duration::from_hours(1))
}

/// Whether a page of this machine asks, on whatever port.
fn is_this_machine(origin: &HeaderValue) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    origin.is_some_and(|origin| matches!(origin.host(), Some("localhost" | "127.0.0.1" | "[::1]")))
}

/// An act of staff that succeeded without an entry in the audit log is a bug: reported, and in builds for tests an error.
fn recorded(response: Response, context: &RequestContext) -> Response {
    if !response.status().is_success() || !context.is_unrecorded() {
        return response;
    }
    let bug = anyhow::anyhow!("an act of staff has no entry in the audit log");
    if cfg!(debug_assertions) {
        return ApiError::from(bug).into_response();
    }
    tracing::error!(error = format!("{bug:#}"), "request not recorded");
    response
}

/// The edge of the server: id, language, limits, error bodies, headers, metrics, log.
async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Stopwatch::now();
    let (mut request, unread) = UnreadBody::of(request);
    let context = RequestContext::of(&request, &app.settings.http.trusted_proxies);
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |path| path.as_str()).to_owned();
    let span = tracing::info_span!("request", id = context.id(), %method, route);

    let (response, remaining) = async {
        let (response, remaining) = match app.limits.check_address(context.address()) {
            Err(refused) => (refused.into_response(), None),
            Ok(remaining) => match context.0.refusal {
                Some(refusal) => (ApiError::from(refusal).into_response(), remaining),
                None => (recorded(next.run(request).await, &context), remaining),
            },
        };
        (error::render(response, context.language(), context.id()), remaining)
    }
    .instrument(span.clone())
    .await;
    let mut response = with_headers(response, &context, remaining);
    if let Some(unread) = unread
        && !unread.drain().await
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }

    let (status, took) = (response.status().as_u16(), started.elapsed());
    metrics::histogram!("http_request_seconds", "method" => method.to_string(), "route" => route, "status" => status.to_string())
        .record(took);
    span.in_scope(|| {
        let user = context.0.user.get().map(tracing::field::display);
        tracing::info!(
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            user,
            "answered"
        );
    });
    response
}

fn with_headers(mut response: Response, context: &RequestContext, remaining: Option<Remaining>) -> Response {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    headers.entry(header::CONTENT_LANGUAGE).or_insert(HeaderValue::from_static(context.language().code()));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains"),
    );
    // A limit that refused has said so already.
    if let Some(left) = remaining.filter(|_| !headers.contains_key("ratelimit-remaining")) {
        headers.insert("ratelimit-limit", left.limit.into());
        headers.insert("ratelimit-remaining", left.remaining.into());
        headers.insert("ratelimit-reset", left.reset.into());
    }
    response
}

/// Paths that end without a slash; every other path is known with one. Either form is accepted of all.
const WITHOUT_SLASH: [&str; 5] = ["/", "/healthz", "/readyz", "/metrics", "/version"];

/// Gives the path the form that routes are registered in, so that both forms are the same request.
pub fn canonical(mut request: Request) -> Request {
    let path = request.uri().path();
    let bare = path.trim_end_matches('/');
    let is_file = bare.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let wanted = if bare.is_empty() || path == "/" {
        "/".to_owned()
    } else if is_file || WITHOUT_SLASH.contains(&bare) {
        bare.to_owned()
    } else {
        format!("{bare}/")
    };
    if wanted != path {
        let query = request.uri().query().map(|q| format!("?{q}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{wanted}{query}")).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn both_forms_of_a_path_are_one() {
        for (path, wanted) in [
            ("/services", "/services/"),
            ("/services/", "/services/"),
            ("/services//", "/services/"),
            ("/services?x=1/", "/services/?x=1/"),
            ("/healthz/", "/healthz"),
            ("/", "/"),
            ("//", "/"),
            ("/bookings/1/calendar.ics/", "/bookings/1/calendar.ics"),
            ("/.well-known/jwks.json", "/.well-known/jwks.json"),
        ] {
            let request = canonical(Request::builder().uri(path).body(Body::empty()).unwrap());
            assert_eq!(request.uri().to_string(), wanted);
        }
    }

    #[test]
    fn in_development_pages_of_this_machine_may_call() {
        for (origin, wanted) in [
            ("http://localhost:53411", true),
            ("http://127.0.0.1:1", true),
            ("https://localhost", true),
            ("http://[::1]:8080", true),
            ("http://localhost.example.com", false),
            ("http://192.168.0.1:8000", false),
            ("null", false),
        ] {
            assert_eq!(is_this_machine(&HeaderValue::from_static(origin)), wanted, "{origin}");
        }
    }

    #[test]
    fn only_trusted_proxies_say_where_a_request_comes_from() {
        let request = |forwarded: &str| {
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 5))));
            request
        };
        let seen = |forwarded: &str, proxies: &[&str]| {
            let proxies: Vec<IpNet> = proxies.iter().map(|proxies| proxies.parse().unwrap()).collect();
            client_address(&request(forwarded), &proxies).to_string()
        };
        assert_eq!(seen("6.6.6.6", &[]), "10.0.0.1");
        assert_eq!(seen("6.6.6.6", &["192.168.0.0/16"]), "10.0.0.1", "who reaches the port is no proxy");
        assert_eq!(seen("6.6.6.6, 1.2.3.4", &["10.0.0.1/32"]), "1.2.3.4");
        assert_eq!(seen("6.6.6.6, 1.2.3.4, 10.0.0.9", &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(seen("6.6.6.6,2001:db8::1 , 10.0.0.9", &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(seen("garbage", &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("1.2.3.4, garbage, 10.0.0.9", &["10.0.0.0/8"]), "10.0.0.9");
        assert_eq!(seen("10.0.0.3, 10.0.0.9", &["10.0.0.0/8"]), "10.0.0.3");
    }
}
