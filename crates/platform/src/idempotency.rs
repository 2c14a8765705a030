//! `Idempotency-Key`: a repeated POST gets the first answer again, and its effect happens once.
//!
//! [`layer`] claims the key before the handler runs, so that no two requests with one key ever do. The answer is
//! stored in the transaction of the effect ([`Write::begin`], [`WriteTx::commit`]), so a crash leaves either both or
//! neither; the layer stores what a handler answers without. A claim is a lease: one whose holder died is taken over,
//! and a holder that was only slow finds out when it writes, since it writes by the id of its claim.

mod fingerprint;
mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use sqlx::{PgConnection, Postgres, Transaction};
use tracing::Instrument as _;
use uuid::Uuid;

use self::store::{Found, StoredAnswer};
use crate::{
    app::App,
    auth::MaybeCaller,
    error::{self, ApiError, ApiResult, Fault, Kind, Page},
    http::{MAX_JSON, RequestContext},
    locale::Sentence,
    time::Instant,
};

/// As large as the largest upload, with its multipart frame.
const MAX_UPLOAD: usize = 11 * 1024 * 1024;
/// Answers to a POST are small; more than this is a bug.
const MAX_ANSWER: usize = 1024 * 1024;
/// A claim lasts as long as a request may run, and so much longer for its answer to be written.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(15);
/// POSTs that take no key: they create nothing, and each has a reason of its own.
const WITHOUT_KEY: [&str; 8] = [
    // What other services send has ids of its own, and they repeat it as they please.
    "/webhooks/paypal/",
    "/webhooks/sandbox/",
    "/webhooks/sendgrid/",
    "/webhooks/stripe/",
    "/webhooks/twilio/",
    // A mail program sends it, which knows no keys.
    "/notifications/unsubscribe/",
    // A used token gives the same successor again for some seconds, and ends the session after; a key must not make
    // it last longer.
    "/auth/token/refresh/",
    // It ends the session that a key would belong to, and is fine when it is repeated.
    "/auth/signout/",
];
/// The form of a page that a mail links to; a browser sends none of our headers with it.
const FORM_OF_A_LINK: &str = "/link/";

/// Whether POST of a path takes an `Idempotency-Key`.
pub fn takes_key(path: &str) -> bool {
    !WITHOUT_KEY.contains(&path) && !path.ends_with(FORM_OF_A_LINK)
}

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

/// A key that this request holds.
#[derive(Clone, Debug)]
struct Claim {
    id: Uuid,
    key: RequestKey,
    /// What an earlier holder began.
    subject: Option<Uuid>,
    context: Option<RequestContext>,
    is_answered: Arc<AtomicBool>,
}

impl Claim {
    /// Stores an answer; returns it with its body read.
    async fn store(&self, app: &App, db: &mut PgConnection, answer: Response) -> ApiResult<Response> {
        // The sentence of a refusal is written now, and given again as it is.
        let mut answer = match &self.context {
            Some(context) => error::render(answer, context.language(), context.id()),
            None => answer,
        };
        if let Some(context) = &self.context {
            let language = HeaderValue::from_static(context.language().code());
            answer.headers_mut().entry(header::CONTENT_LANGUAGE).or_insert(language);
        }
        let (mut parts, body) = answer.into_parts();
        let body = to_bytes(body, MAX_ANSWER).await.map_err(anyhow::Error::from)?;
        let headers: BTreeMap<&str, &str> = parts
            .headers
            .iter()
            .filter(|(name, _)| *name != header::CONTENT_LENGTH)
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let stored = StoredAnswer {
            status: i16::try_from(parts.status.as_u16()).unwrap_or(200),
            headers: serde_json::to_value(headers).map_err(anyhow::Error::from)?,
            sealed_body: app.secrets.seal(&body)?,
        };
        if !store::save(db, &self.key, self.id, &stored).await? {
            return Err(KeyFault::RequestInProgress.into());
        }
        parts.extensions.insert(Page);
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    /// Lets a retry run. Should that fail, it can after the lease.
    async fn release(&self, app: &App) {
        let released = async {
            let mut db = app.db.acquire().await?;
            store::release(&mut db, &self.key, self.id, app.clock.now()).await
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "an idempotency key stays claimed until its lease ends");
        }
    }
}

/// Claims the key of a POST and runs it, or answers from what is stored.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let (claim, request) = match prepare(&app, request).await {
        Ok(Prepared::Unkeyed(request)) => return next.run(request).await,
        Ok(Prepared::Claimed(claim, request)) => (claim, request),
        Ok(Prepared::Answered(response)) => return response,
        Err(error) => return error.into_response(),
    };
    // A client that hangs up does not stop what it has begun: it will ask again.
    let running = tokio::spawn(run(app, *claim, request, next).in_current_span());
    match running.await {
        Ok(response) => response,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => ApiError::unavailable(error).into_response(),
    }
}

/// Runs the handler, and sees to it that its claim ends in an answer, or in nothing.
async fn run(app: App, claim: Claim, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(claim.clone());
    let limit = Duration::from_secs(app.settings.http.request_timeout);
    let handler = tokio::time::timeout(limit, next.run(request));
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(Ok(answer)) => finish(&app, &claim, answer).await,
        Ok(Err(elapsed)) => {
            claim.release(&app).await;
            ApiError::unavailable(elapsed).into_response()
        }
        Err(panic) => {
            claim.release(&app).await;
            resume_unwind(panic)
        }
    }
}

async fn finish(app: &App, claim: &Claim, answer: Response) -> Response {
    if claim.is_answered.load(Ordering::Acquire) {
        return answer;
    }
    if !is_final(&answer) {
        claim.release(app).await;
        return answer;
    }
    let stored = async {
        let mut db = app.db.acquire().await?;
        claim.store(app, &mut db, answer).await
    };
    stored.await.unwrap_or_else(IntoResponse::into_response)
}

/// Whether an answer is the handler's word. What was refused for its form, its sender or its number, or could not be
/// done, has changed nothing: once that is mended, the key may be used again.
fn is_final(answer: &Response) -> bool {
    match answer.status() {
        StatusCode::BAD_REQUEST
        | StatusCode::UNAUTHORIZED
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::TOO_MANY_REQUESTS => false,
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT => {
            let code = answer.extensions().get::<Arc<ApiError>>().map(|error| error.code());
            code.is_some_and(|code| !["validation_failed", "request_in_progress"].contains(&code))
        }
        status => !status.is_server_error(),
    }
}

enum Prepared {
    Unkeyed(Request),
    Claimed(Box<Claim>, Request),
    Answered(Response),
}

async fn prepare(app: &App, request: Request) -> ApiResult<Prepared> {
    let is_keyed = request.method() == Method::POST
        && request.extensions().get::<MatchedPath>().is_some_and(|path| takes_key(path.as_str()));
    let Some(key) = request.headers().get("idempotency-key").filter(|_| is_keyed) else {
        return Ok(Prepared::Unkeyed(request));
    };
    let is_plain =
        |key: &&str| (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let key = key.to_str().ok().filter(is_plain).map(str::to_owned);
    let key =
        key.ok_or_else(|| ApiError::invalid_field("Idempotency-Key", Sentence::new("field-invalid")))?;

    let (mut parts, body) = request.into_parts();
    let caller = match MaybeCaller::from_request_parts(&mut parts, app).await {
        Ok(MaybeCaller(caller)) => caller,
        Err(error) if error.kind() == Kind::Unauthenticated => None,
        Err(error) => return Err(error),
    };
    let body = to_bytes(body, max_body(&parts.headers))
        .await
        .map_err(|_e| ApiError::new(Kind::TooLarge, "payload_too_large"))?;
    let fingerprint = fingerprint::fingerprint(&app.secrets, &parts, &body);
    let key = RequestKey {
        user: caller.map_or_else(|| stranger(&fingerprint), |caller| caller.id.uuid()),
        fingerprint,
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        key,
    };
    let context = parts.extensions.get::<RequestContext>().cloned();
    match claim(app, key, context).await? {
        Ok(claim) => Ok(Prepared::Claimed(Box::new(claim), Request::from_parts(parts, Body::from(body)))),
        Err(answer) => Ok(Prepared::Answered(answer)),
    }
}

/// The key is ours, or has an answer.
async fn claim(
    app: &App,
    key: RequestKey,
    context: Option<RequestContext>,
) -> ApiResult<Result<Claim, Response>> {
    #[expect(clippy::disallowed_methods, reason = "the name of a claim, which nobody sorts by")]
    let id = Uuid::new_v4();
    let now = app.clock.now();
    let longest = i64::try_from(app.settings.http.request_timeout).unwrap_or(i64::MAX);
    let leased_until = now.plus(SignedDuration::from_secs(longest).saturating_add(LEASE_MARGIN));
    let mut db = app.db.acquire().await?;
    match store::claim(&mut db, &key, id, leased_until, now).await? {
        Some(Found::Claimed { subject }) => {
            Ok(Ok(Claim { id, key, subject, context, is_answered: Arc::default() }))
        }
        Some(Found::Taken { fingerprint, .. }) if fingerprint != key.fingerprint => {
            Err(KeyFault::IdempotencyKeyReused.into())
        }
        Some(Found::Taken { answer: Some(answer), .. }) => Ok(Err(replay(app, answer)?)),
        // Nothing is seen of a row that was written in this very moment.
        Some(Found::Taken { answer: None, .. }) | None => Err(KeyFault::RequestInProgress.into()),
    }
}

fn max_body(headers: &HeaderMap) -> usize {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_upload =
        content_type.is_some_and(|it| it.get(..10).is_some_and(|it| it.eq_ignore_ascii_case("multipart/")));
    if is_upload { MAX_UPLOAD } else { MAX_JSON }
}

/// Who has no account is known by what they send: two strangers may use one key, and an answer that holds tokens goes
/// to whoever knows all of the request, the password in it included.
fn stranger(fingerprint: &[u8]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(fingerprint).for_each(|(byte, of)| *byte = *of);
    // The version of ids that are made otherwise: never that of an account.
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn replay(app: &App, stored: StoredAnswer) -> ApiResult<Response> {
    let status = u16::try_from(stored.status)
        .ok()
        .and_then(|s| StatusCode::from_u16(s).ok())
        .unwrap_or(StatusCode::OK);
    let kept: BTreeMap<String, String> =
        serde_json::from_value(stored.headers).map_err(anyhow::Error::from)?;
    let mut headers = HeaderMap::new();
    for (name, value) in kept {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    let mut answer = (status, headers, app.secrets.open(&stored.sealed_body)?).into_response();
    answer.extensions_mut().insert(Page);
    Ok(answer)
}

/// A POST that creates something. Take it as an argument, `begin`, do everything in the one transaction,
/// and `commit` with the answer.
pub struct Write {
    app: App,
    claim: Option<Claim>,
}

impl FromRequestParts<App> for Write {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self { app: app.clone(), claim: parts.extensions.get::<Claim>().cloned() })
    }
}

impl Write {
    /// Whether an answer has to be kept. Without a key a write that is one statement needs no transaction.
    pub fn has_key(&self) -> bool {
        self.claim.is_some()
    }

    /// What an earlier request with the key has begun ([`Self::bind`]) without coming to an answer: go on with it.
    pub fn subject(&self) -> Option<Uuid> {
        self.claim.as_ref().and_then(|claim| claim.subject)
    }

    /// Notes in the transaction that begins something lasting what it is, before anybody outside is asked for it.
    pub async fn bind(&self, db: &mut PgConnection, subject: Uuid) -> ApiResult<()> {
        let Some(claim) = &self.claim else { return Ok(()) };
        if store::set_subject(db, &claim.key, claim.id, Some(subject)).await? {
            Ok(())
        } else {
            Err(KeyFault::RequestInProgress.into())
        }
    }

    /// Opens the transaction.
    pub async fn begin(self) -> ApiResult<WriteTx> {
        let tx = self.app.db.begin().await?;
        Ok(WriteTx { app: self.app, claim: self.claim, tx })
    }
}

/// The transaction of a [`Write`]; use it as `&mut tx` where a `&mut PgConnection` is wanted.
pub struct WriteTx {
    app: App,
    claim: Option<Claim>,
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

    /// Stores the answer with its effect, commits, and returns the answer. 409 `request_in_progress`, and no effect,
    /// where this took so long that another request with the key has begun.
    pub async fn commit(mut self, answer: impl IntoResponse) -> ApiResult<Response> {
        let mut answer = answer.into_response();
        if let Some(claim) = &self.claim {
            answer = claim.store(&self.app, &mut self.tx, answer).await?;
        }
        self.tx.commit().await?;
        if let Some(claim) = &self.claim {
            claim.is_answered.store(true, Ordering::Release);
        }
        self.app.jobs_waiting.notify_one();
        Ok(answer)
    }

    /// Commits that what was begun under the key has come to nothing: the next request with it begins anew.
    pub async fn commit_unanswered(mut self) -> ApiResult<()> {
        if let Some(claim) = &self.claim {
            // Whoever has taken the key over has read the subject, and will find what became of it.
            let _is_ours = store::set_subject(&mut self.tx, &claim.key, claim.id, None).await?;
        }
        self.tx.commit().await?;
        self.app.jobs_waiting.notify_one();
        Ok(())
    }
}

/// Forgets keys after three days; 24 hours are promised.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct ForgetKeys {}

impl crate::jobs::Job for ForgetKeys {
    const KIND: &'static str = "platform.forget_idempotency_keys";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let before: Instant = app.clock.now().minus(SignedDuration::from_hours(72));
        store::forget(&mut *app.db.acquire().await?, before).await?;
        Ok(())
    }
}
