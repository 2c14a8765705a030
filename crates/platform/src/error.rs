//! The one error a handler returns, and the one body that a client sees.
//!
//! Features define small enums of *rules that were broken* and implement [`Fault`]. Anything else
//! (`sqlx::Error`, `anyhow::Error`) is a bug or an outage: logged in full, shown as a bare 500 or 503.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use crate::{
    locale::{Language, Sentence},
    money::Money,
};

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// Sentences by the path of the field that they are about: `address.postal_code`, `weekly.0.start`.
pub type FieldErrors = BTreeMap<String, Vec<Sentence>>;

/// Why a request was refused, without HTTP. [`Kind::status`] is the only place that knows statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It cannot be parsed.
    Malformed,
    /// Nobody, or nobody that we know.
    Unauthenticated,
    /// The payment did not go through.
    PaymentRequired,
    /// Known, but not allowed.
    Forbidden,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, the method on it does not.
    MethodNotAllowed,
    /// It conflicts with the present state.
    Conflict,
    /// A token or link that has been used or has expired.
    Gone,
    /// The caller edits an old version.
    Stale,
    /// The body is larger than we read.
    TooLarge,
    /// The address with its query is longer than we read.
    UriTooLong,
    /// A content type that we do not read.
    Unsupported,
    /// Well-formed, but against a rule.
    Invalid,
    /// Too often.
    Throttled,
    /// Something that we depend on is down.
    Unavailable,
    /// A bug of ours.
    Internal,
}

impl Kind {
    /// The HTTP status of this kind.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Gone => StatusCode::GONE,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn of(status: StatusCode) -> (Self, &'static str) {
        match status {
            StatusCode::UNAUTHORIZED => (Self::Unauthenticated, "unauthenticated"),
            StatusCode::FORBIDDEN => (Self::Forbidden, "forbidden"),
            StatusCode::NOT_FOUND => (Self::NotFound, "not_found"),
            StatusCode::METHOD_NOT_ALLOWED => (Self::MethodNotAllowed, "method_not_allowed"),
            StatusCode::PAYLOAD_TOO_LARGE => (Self::TooLarge, "payload_too_large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (Self::Unsupported, "unsupported_media_type"),
            StatusCode::UNPROCESSABLE_ENTITY => (Self::Invalid, "validation_failed"),
            StatusCode::TOO_MANY_REQUESTS => (Self::Throttled, "too_many_requests"),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => {
                (Self::Unavailable, "unavailable")
            }
            s if s.is_server_error() => (Self::Internal, "internal"),
            _ => (Self::Malformed, "malformed_request"),
        }
    }
}

/// A rule of a feature that a request broke.
pub trait Fault: std::error::Error {
    /// What sort of refusal this is.
    fn kind(&self) -> Kind;
    /// Stable `snake_case` name; clients switch on it, and the sentence in `locales/` is keyed by it.
    fn code(&self) -> &'static str;
    /// The field at fault, if there is one; its sentence is then the message itself.
    fn field(&self) -> Option<&'static str> {
        None
    }
    /// What fills the placeholders of the sentence.
    fn args(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// Amounts that fill placeholders; they are written in the reader's form.
    fn amounts(&self) -> Vec<(&'static str, Money)> {
        Vec::new()
    }
    /// Further members of the body: `alternatives`, `allowed`.
    fn extra(&self) -> Map<String, Value> {
        Map::new()
    }
    /// After how many seconds another try makes sense.
    fn retry_after(&self) -> Option<u64> {
        None
    }
    /// How many tries the limit allows that refused this one.
    fn limit(&self) -> Option<u32> {
        None
    }
}

/// The one error of the API.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    code: &'static str,
    message: Sentence,
    errors: FieldErrors,
    extra: Map<String, Value>,
    retry_after: Option<u64>,
    limit: Option<u32>,
    cause: Option<anyhow::Error>,
}

impl ApiError {
    /// A refusal whose sentence in `locales/` has the code as its key.
    pub fn new(kind: Kind, code: &'static str) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message: Sentence::new(code),
            errors: FieldErrors::new(),
            extra: Map::new(),
            retry_after: None,
            limit: None,
            cause: None,
        }))
    }

    /// 422 `validation_failed` with the sentences of each field.
    pub fn invalid(errors: FieldErrors) -> Self {
        let mut error = Self::new(Kind::Invalid, "validation_failed");
        error.0.errors = errors;
        error
    }

    /// 422 `validation_failed` for one field; `key` names a sentence of the catalogue.
    pub fn invalid_field(field: impl Into<String>, sentence: Sentence) -> Self {
        Self::invalid(FieldErrors::from([(field.into(), vec![sentence])]))
    }

    /// 404 `not_found`.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not_found")
    }

    /// 503 `unavailable`; `cause` goes to the log.
    pub fn unavailable(cause: impl Into<anyhow::Error>) -> Self {
        let mut error = Self::new(Kind::Unavailable, "unavailable").retry_after(1);
        error.0.cause = Some(cause.into());
        error
    }

    fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let mut error = Self::new(Kind::Internal, "internal");
        error.0.cause = Some(cause.into());
        error
    }

    /// One of several callers' own copy of a failure that they share; the cause goes to the last.
    pub fn shared(error: Arc<Self>) -> Self {
        Arc::try_unwrap(error).unwrap_or_else(|error| {
            let Inner { kind, code, message, errors, extra, retry_after, limit, cause: _ } = &*error.0;
            Self(Box::new(Inner {
                kind: *kind,
                code,
                message: message.clone(),
                errors: errors.clone(),
                extra: extra.clone(),
                retry_after: *retry_after,
                limit: *limit,
                cause: None,
            }))
        })
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn extra(mut self, name: &str, value: Value) -> Self {
        self.0.extra.insert(name.to_owned(), value);
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// How many tries the limit allows that refused this one, for `RateLimit-Limit`.
    #[must_use]
    pub fn limit(mut self, tries: u32) -> Self {
        self.0.limit = Some(tries);
        self
    }

    /// What a client is told of it. Our own faults are logged here, once.
    pub fn problem(&self, language: Language, request_id: &str) -> Problem {
        let Inner { kind, code, message, errors, extra, cause, .. } = &*self.0;
        if let Some(cause) = cause {
            tracing::error!(code, error = format!("{cause:#}"), "request failed");
        }
        let (status, message) = (kind.status(), message.render(language));
        let in_words =
            |all: &[Sentence]| all.iter().map(|sentence| sentence.render(language)).collect::<Vec<_>>();
        Problem {
            r#type: format!("/problems/{code}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: message.clone(),
            code,
            success: false,
            message,
            errors: errors.iter().map(|(field, all)| (field.clone(), in_words(all))).collect(),
            request_id: request_id.to_owned(),
            extra: extra.clone(),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }
}

impl<E: Fault> From<E> for ApiError {
    fn from(fault: E) -> Self {
        let mut error = Self::new(fault.kind(), fault.code());
        for (name, value) in fault.args() {
            error.0.message = error.0.message.with(name, value);
        }
        for (name, amount) in fault.amounts() {
            error.0.message = error.0.message.with_money(name, amount);
        }
        if let Some(field) = fault.field() {
            error.0.errors.insert(field.to_owned(), vec![error.0.message.clone()]);
        }
        error.0.extra = fault.extra();
        error.0.retry_after = fault.retry_after();
        error.0.limit = fault.limit();
        error
    }
}

/// What the caller is told where a value or a constraint stopped a statement that nobody foresaw: the request is at
/// fault, not the server. That we did not see it before is logged as a fault of ours all the same.
fn refusal_of(state: &str) -> Option<(Kind, &'static str)> {
    match state {
        // Numbers, times and texts out of range, characters that cannot be stored; a check.
        "22001" | "22003" | "22008" | "22021" | "22P05" | "23514" | "54000" => {
            Some((Kind::Invalid, "validation_failed"))
        }
        // Something that is there, is gone, or overlaps.
        "23503" | "23505" | "23P01" => Some((Kind::Conflict, "conflict")),
        _ => None,
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        let state = error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned));
        if let Some((kind, code)) = state.as_deref().and_then(refusal_of) {
            let mut refusal = Self::new(kind, code);
            refusal.0.cause = Some(error.into());
            return refusal;
        }
        let down = match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_) => true,
            // Shutting down, starting up, out of connections, disk full: passing states of the server.
            // Deadlocks and serialization failures too: another try of the whole request may succeed.
            sqlx::Error::Database(e) => e.code().is_some_and(|code| {
                [
                    "57P01", "57P02", "57P03", "53300", "53100", "53200", "40P01", "40001", "57014", "25006",
                    "55P03",
                ]
                .contains(&&*code)
            }),
            _ => false,
        };
        if down { Self::unavailable(error) } else { Self::internal(error) }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<sqlx::Error>() {
            Ok(error) => error.into(),
            Err(error) => Self::internal(error),
        }
    }
}

impl IntoResponse for ApiError {
    /// Only tags the response; [`render`] writes the body, since it knows the request's language and id.
    fn into_response(self) -> Response {
        let mut response = self.0.kind.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// The body of every error: RFC 9457 members and the app's envelope in one, each reader ignores the
/// other's fields. Some codes carry further members, which the code's documentation names.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(example = json!({"type": "/problems/slot_taken", "title": "Conflict", "status": 409,
    "detail": "That time has just been taken.", "code": "slot_taken", "success": false,
    "message": "That time has just been taken.", "errors": {}, "request_id": "019a..."}))]
pub struct Problem {
    /// `/problems/<code>`.
    r#type: String,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The same sentence as `message`.
    detail: String,
    /// Stable machine word; listed in docs/api-design.md.
    code: &'static str,
    /// Always `false`.
    success: bool,
    /// A sentence for a person, in the request's language.
    message: String,
    /// Sentences by field path; `{}` where no field is at fault.
    errors: BTreeMap<String, Vec<String>>,
    /// Quote it when you ask us.
    request_id: String,
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

/// In a response's extensions: its body is written already (a page for people, an answer that is given again), and stays
/// whatever the status.
#[derive(Clone, Copy, Debug)]
pub struct Page;

/// Gives an error response its body: the tagged [`ApiError`], or one made from the bare status for what
/// axum itself refuses. Logs our own faults once, inside the request's span. Other responses pass.
pub fn render(response: Response, language: Language, request_id: &str) -> Response {
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if !is_refusal || response.extensions().get::<Page>().is_some() {
        return response;
    }
    let tagged = response.extensions().get::<Arc<ApiError>>().cloned();
    let error = tagged.unwrap_or_else(|| {
        let (kind, code) = Kind::of(status);
        Arc::new(ApiError::new(kind, code))
    });
    let problem = error.problem(language, request_id);
    // What inner layers said (Allow, RateLimit-*) stays; only the body is ours.
    let mut headers = response.into_parts().0.headers;
    set_problem_headers(&mut headers, &error.0);
    (error.kind().status(), headers, serde_json::to_vec(&problem).unwrap_or_default()).into_response()
}

fn set_problem_headers(headers: &mut HeaderMap, error: &Inner) {
    let mut set = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
    set(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after {
        set(header::RETRY_AFTER, seconds.into());
    }
    if error.kind == Kind::Throttled {
        // The headers are of the limit that refused, whatever is left of others.
        if let Some(limit) = error.limit {
            set(HeaderName::from_static("ratelimit-limit"), limit.into());
        }
        set(HeaderName::from_static("ratelimit-remaining"), 0.into());
        set(HeaderName::from_static("ratelimit-reset"), error.retry_after.unwrap_or(1).into());
    }
    if error.kind == Kind::Unauthenticated {
        // RFC 6750, 3: a request without a token learns only the scheme.
        let challenge = match error.code {
            "unauthenticated" | "invalid_credentials" => "Bearer realm=\"skillbuddy\"",
            _ => "Bearer realm=\"skillbuddy\", error=\"invalid_token\"",
        };
        set(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::ETAG);
}

/// Turns the violation of a constraint into the rule that it guards.
pub trait OnConstraint<T> {
    /// When the constraint `name` was violated, the error is `fault`.
    fn on_constraint(self, name: &str, fault: impl Fault) -> ApiResult<T>;
}

impl<T> OnConstraint<T> for sqlx::Result<T> {
    fn on_constraint(self, name: &str, fault: impl Fault) -> ApiResult<T> {
        self.map_err(|error| match error.as_database_error().and_then(|e| e.constraint()) {
            Some(constraint) if constraint == name => fault.into(),
            _ => error.into(),
        })
    }
}
