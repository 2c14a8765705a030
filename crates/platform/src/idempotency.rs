//! `Idempotency-Key`: a repeated POST gets the first answer again, and its effect happens once.
//!
//! The answer is stored in the transaction of the effect ([`Write::begin`], [`WriteTx::commit`]), so a crash
//! leaves either both or neither, and a key is never stuck. While the first request runs, it holds an
//! advisory lock that ends with its transaction; whoever comes meanwhile is told to wait.

use std::collections::BTreeMap;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    app::App,
    auth::MaybeCaller,
    error::{ApiError, ApiResult, Fault, Kind},
    locale::Sentence,
};

/// As large as the largest upload, with its multipart frame.
const MAX_BODY: usize = 11 * 1024 * 1024;
/// Headers of an answer that belong to its body.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// What a key can be refused for.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum KeyFault {
    #[error("the key was used for another request")]
    IdempotencyKeyReused,
    #[error("the first request with the key is still running")]
    RequestInProgress,
}

impl Fault for KeyFault {
    fn kind(&self) -> Kind {
        match self {
            Self::IdempotencyKeyReused => Kind::Invalid,
            Self::RequestInProgress => Kind::Conflict,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::RequestInProgress).then_some(1)
    }
}

/// One request that may be repeated.
#[derive(Clone, Debug)]
struct RequestKey {
    user: Uuid,
    method: Method,
    path: String,
    key: String,
    fingerprint: Vec<u8>,
}

/// Answers a repeated POST from what is stored; gives all others their key, for [`Write`].
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    match prepare(&app, request).await {
        Ok(Prepared::Fresh(request)) => next.run(request).await,
        Ok(Prepared::Answered(response)) => response,
        Err(error) => error.into_response(),
    }
}

enum Prepared {
    Fresh(Request),
    Answered(Response),
}

async fn prepare(app: &App, request: Request) -> ApiResult<Prepared> {
    let Some(key) = request.headers().get("idempotency-key").filter(|_| request.method() == Method::POST)
    else {
        return Ok(Prepared::Fresh(request));
    };
    let is_plain =
        |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(is_plain).map(str::to_owned);
    let key =
        key.ok_or_else(|| ApiError::invalid_field("Idempotency-Key", Sentence::new("field-invalid")))?;

    let (mut parts, body) = request.into_parts();
    // Who needs a caller refuses a wrong token; a sign-in with an old one sent along is nobody's request.
    let caller = MaybeCaller::from_request_parts(&mut parts, app).await.ok().and_then(|caller| caller.0);
    let user = caller.map_or(Uuid::nil(), |caller| caller.id.uuid());
    let body =
        to_bytes(body, MAX_BODY).await.map_err(|_e| ApiError::new(Kind::TooLarge, "payload_too_large"))?;
    let key = RequestKey {
        user,
        fingerprint: fingerprint(app, &parts, &body),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        key,
    };
    if let Some(stored) = stored(app, &key).await? {
        if stored.fingerprint != key.fingerprint {
            return Err(KeyFault::IdempotencyKeyReused.into());
        }
        return Ok(Prepared::Answered(stored.into_response(app)?));
    }
    parts.extensions.insert(key);
    Ok(Prepared::Fresh(Request::from_parts(parts, Body::from(body))))
}

/// Equal for equal requests. A multipart boundary is chosen anew for every try, so it does not count.
fn fingerprint(app: &App, parts: &Parts, body: &Bytes) -> Vec<u8> {
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (essence, boundary) = match content_type.split_once("boundary=") {
        Some((essence, boundary)) => (essence, boundary.trim_matches('"')),
        None => (content_type, ""),
    };
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut pieces = vec![essence.as_bytes(), query];
    if boundary.is_empty() {
        pieces.push(body);
        return app.secrets.fingerprint(&pieces);
    }
    let mut rest: &[u8] = body;
    while let Some(at) = find(rest, boundary.as_bytes()) {
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after.get(boundary.len()..).unwrap_or_default();
    }
    pieces.push(rest);
    app.secrets.fingerprint(&pieces)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

struct Stored {
    fingerprint: Vec<u8>,
    status: i16,
    headers: serde_json::Value,
    sealed_body: Vec<u8>,
}

impl Stored {
    fn into_response(self, app: &App) -> ApiResult<Response> {
        let status = u16::try_from(self.status)
            .ok()
            .and_then(|s| StatusCode::from_u16(s).ok())
            .unwrap_or(StatusCode::OK);
        let kept: BTreeMap<String, String> =
            serde_json::from_value(self.headers).map_err(anyhow::Error::from)?;
        let mut headers = HeaderMap::new();
        for (name, value) in kept {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
        Ok((status, headers, app.secrets.open(&self.sealed_body)?).into_response())
    }
}

async fn stored(app: &App, key: &RequestKey) -> sqlx::Result<Option<Stored>> {
    sqlx::query_as!(
        Stored,
        "select fingerprint, status, headers, sealed_body from idempotency_keys
          where user_id = $1 and method = $2 and path = $3 and key = $4",
        key.user,
        key.method.as_str(),
        key.path,
        key.key,
    )
    .fetch_optional(&app.db)
    .await
}

/// A POST that creates something. Take it as an argument, `begin`, do everything in the one transaction,
/// and `commit` with the answer.
pub struct Write {
    app: App,
    key: Option<RequestKey>,
}

impl FromRequestParts<App> for Write {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self { app: app.clone(), key: parts.extensions.get::<RequestKey>().cloned() })
    }
}

impl Write {
    /// Whether an answer has to be kept. Without a key a write that is one statement needs no transaction.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Opens the transaction; 409 `request_in_progress` while the first request with the key runs.
    pub async fn begin(self) -> ApiResult<WriteTx> {
        let mut tx = self.app.db.begin().await?;
        if let Some(key) = &self.key {
            let ours = sqlx::query_scalar!(
                r#"select pg_try_advisory_xact_lock(hashtextextended($1, 0))
                      and not exists (select from idempotency_keys
                                       where user_id = $2 and method = $3 and path = $4 and key = $5) as "ours!""#,
                format!("{} {} {} {}", key.user, key.method, key.path, key.key),
                key.user,
                key.method.as_str(),
                key.path,
                key.key,
            )
            .fetch_one(&mut *tx)
            .await?;
            if !ours {
                return Err(KeyFault::RequestInProgress.into());
            }
        }
        Ok(WriteTx { app: self.app, key: self.key, tx })
    }
}

/// The transaction of a [`Write`]; use it as `&mut tx` where a `&mut PgConnection` is wanted.
pub struct WriteTx {
    app: App,
    key: Option<RequestKey>,
    tx: Transaction<'static, Postgres>,
}

impl std::ops::Deref for WriteTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}
impl std::ops::DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

impl WriteTx {
    /// The present.
    pub(crate) fn now(&self) -> crate::time::Instant {
        self.app.clock.now()
    }

    /// Stores the answer with its effect, commits, and returns the answer.
    pub async fn commit(mut self, answer: impl IntoResponse) -> ApiResult<Response> {
        let mut answer = answer.into_response();
        if let Some(key) = &self.key {
            let (parts, body) = answer.into_parts();
            let body = to_bytes(body, MAX_BODY).await.map_err(anyhow::Error::from)?;
            let kept: BTreeMap<&str, &str> = KEPT_HEADERS
                .iter()
                .filter_map(|name| Some((name.as_str(), parts.headers.get(name)?.to_str().ok()?)))
                .collect();
            sqlx::query!(
                "insert into idempotency_keys (user_id, method, path, key, fingerprint, status, headers, sealed_body, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                key.user,
                key.method.as_str(),
                key.path,
                key.key,
                key.fingerprint,
                i16::try_from(parts.status.as_u16()).unwrap_or(200),
                serde_json::to_value(kept).map_err(anyhow::Error::from)?,
                self.app.secrets.seal(&body)?,
                self.app.clock.now() as _,
            )
            .execute(&mut *self.tx)
            .await?;
            answer = Response::from_parts(parts, Body::from(body));
        }
        self.tx.commit().await?;
        self.app.jobs_waiting.notify_one();
        Ok(answer)
    }
}

/// Forgets keys after three days; 24 hours are promised.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct ForgetKeys {}

impl crate::jobs::Job for ForgetKeys {
    const KIND: &'static str = "platform.forget_idempotency_keys";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let before = app.clock.now().minus(jiff::SignedDuration::from_hours(72));
        sqlx::query!("delete from idempotency_keys where created_at < $1", before as _)
            .execute(&app.db)
            .await?;
        Ok(())
    }
}
