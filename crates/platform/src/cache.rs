//! Answers that everybody gets, from memory for less than a second; and `ETag`s. [`Kept`] remembers longer.
//!
//! Freshness of answers is by age alone: an entry lives [`MAX_AGE`], so an edit is seen by everybody on every node
//! within a second and there is no invalidation to get wrong. People who are signed in are answered from
//! the database, so an author sees an edit at once. Any number of callers at once cost one query.

use std::{
    any::Any,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    app::App,
    bus::Signal,
    error::{ApiError, ApiResult},
    locale::Language,
};

/// How long an answer is good for.
const MAX_AGE: Duration = Duration::from_millis(900);
/// How many bytes of answers are kept: some 400 pages. More would hardly be asked for again while it is good.
const CAPACITY: u64 = 8 * 1024 * 1024;

/// A JSON body with its ETag.
#[derive(Clone, Debug)]
pub struct Document {
    body: Bytes,
    etag: HeaderValue,
}

impl Document {
    /// Writes `value` as JSON.
    pub fn of(value: &impl Serialize) -> ApiResult<Self> {
        let body = Bytes::from(serde_json::to_vec(value).map_err(anyhow::Error::from)?);
        let etag = format!("W/\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&body));
        let etag = HeaderValue::try_from(etag).map_err(anyhow::Error::from)?;
        Ok(Self { body, etag })
    }

    /// The answer to a GET that everybody may make: 304 where the client has this very document.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let control = HeaderValue::from_static("public, max-age=0, must-revalidate");
        let vary = HeaderValue::from_static("Accept-Language, Authorization");
        let headers =
            [(header::ETAG, self.etag.clone()), (header::CACHE_CONTROL, control), (header::VARY, vary)];
        if matches(request, &self.etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.body.clone())
            .into_response()
    }

    /// The same for somebody in particular: their own answer, not to be stored by anybody.
    pub fn respond_privately(&self, request: &HeaderMap) -> Response {
        let mut response = self.respond(request);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Whether the client has this very document: weak comparison of `If-None-Match` (RFC 9110, 13.1.2).
pub fn matches(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let ours = etag.to_str().unwrap_or_default().trim_start_matches("W/");
    let lines = request.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    let mut wanted = lines.flat_map(|line| line.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    wanted.any(|tag| tag == "*" || tag == ours)
}

/// Something that is edited under `If-Match`, with its version in the `ETag`. What is shown of one version differs by
/// person and language, and two people have things of the same version: so the tag says what is shown as well.
#[derive(Debug)]
pub struct Versioned<T>(pub i32, pub T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let Self(version, shown) = self;
        match serde_json::to_vec(&shown) {
            Ok(body) => {
                let etag = format!("\"{version}-{:016x}\"", xxhash_rust::xxh3::xxh3_64(&body));
                let kind = HeaderValue::from_static("application/json");
                ([(header::ETAG, etag)], [(header::CONTENT_TYPE, kind)], body).into_response()
            }
            Err(error) => ApiError::from(anyhow::Error::from(error)).into_response(),
        }
    }
}

/// How long a value is good for that documents are made of: both ages together stay under a second.
const MAX_VALUE_AGE: Duration = Duration::from_millis(90);

type Value = Arc<dyn Any + Send + Sync>;

/// The cache of one node.
pub struct PublicCache {
    documents: moka::future::Cache<String, Document>,
    values: moka::future::Cache<&'static str, Value>,
}

impl Default for PublicCache {
    fn default() -> Self {
        let documents = moka::future::Cache::builder()
            .weigher(|key: &String, document: &Document| {
                u32::try_from(key.len() + document.body.len() + 200).unwrap_or(u32::MAX)
            })
            .max_capacity(CAPACITY)
            .time_to_live(MAX_AGE);
        let values = moka::future::Cache::builder().max_capacity(100).time_to_live(MAX_VALUE_AGE);
        Self { documents: documents.build(), values: values.build() }
    }
}

impl PublicCache {
    /// The document for `request` (its path and query) in `language`, made by `make` when it is not in memory.
    pub async fn get<T: Serialize>(
        &self,
        request: &str,
        language: Language,
        make: impl Future<Output = ApiResult<T>>,
    ) -> ApiResult<Document> {
        let key = format!("{language} {request}");
        if let Some(document) = self.documents.get(&key).await {
            return Ok(document);
        }
        // On the heap: the cache would copy the future through several of its own.
        let made = self.documents.try_get_with(key, Box::pin(async { Document::of(&make.await?) })).await;
        made.map_err(|error: Arc<ApiError>| ApiError::shared(error))
    }

    /// Something small that many answers are made of (the names of categories); `key` names it and
    /// its type.
    pub async fn value<T: Send + Sync + 'static>(
        &self,
        key: &'static str,
        make: impl Future<Output = ApiResult<T>>,
    ) -> ApiResult<Arc<T>> {
        let made = self
            .values
            .try_get_with(key, async { make.await.map(|value| -> Value { Arc::new(value) }) })
            .await;
        typed(key, made)
    }

    /// Forgets everything; for tests and benchmarks.
    pub fn clear(&self) {
        self.documents.invalidate_all();
        self.values.invalidate_all();
    }
}

fn typed<T: Send + Sync + 'static>(key: &str, made: Result<Value, Arc<ApiError>>) -> ApiResult<Arc<T>> {
    let value = made.map_err(ApiError::shared)?;
    value.downcast().map_err(|_other| anyhow::anyhow!("{key} is kept with another type").into())
}

/// What a node remembers until it hears that something of it has changed: small things that change seldom and are
/// needed all the time.
pub struct Kept {
    /// Counts the changes. What was being read when one came in is not taken for what is true after it.
    epoch: AtomicU64,
    values: moka::future::Cache<(&'static str, u64), Value>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { epoch: AtomicU64::new(0), values: moka::future::Cache::builder().max_capacity(100).build() }
    }
}

impl Kept {
    /// The value `key`, made by `make` where this node does not have it; any number of callers at once cost one query.
    pub async fn get<T: Send + Sync + 'static>(
        &self,
        key: &'static str,
        make: impl Future<Output = ApiResult<T>>,
    ) -> ApiResult<Arc<T>> {
        let place = (key, self.epoch.load(SeqCst));
        let make = async { make.await.map(|value| -> Value { Arc::new(value) }) };
        typed(key, self.values.try_get_with(place, make).await)
    }

    /// The value `key`, where this node has it at hand.
    pub fn peek<T: Send + Sync + 'static>(&self, key: &'static str) -> Option<Arc<T>> {
        let place = (key, self.epoch.load(SeqCst));
        self.values.get(&place).now_or_never().flatten()?.downcast().ok()
    }

    /// Forgets everything. Whoever publishes [`Signal::KeptChanged`] calls this after the commit, so that this node
    /// knows before it answers; the other nodes hear it over the bus.
    pub fn forget(&self) {
        self.epoch.fetch_add(1, SeqCst);
        self.values.invalidate_all();
    }
}

/// Forgets what this node [keeps](Kept) when another one says that it has changed, for as long as the process lives. It
/// hears from the moment of the call on.
pub fn listen(app: &App) -> impl Future<Output = ()> + Send + 'static {
    let (mut signals, app) = (app.bus.subscribe(), app.clone());
    async move {
        loop {
            match signals.recv().await {
                Ok(Signal::KeptChanged | Signal::Resync) | Err(RecvError::Lagged(_)) => app.kept.forget(),
                Ok(_other) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_read_once_until_it_changes() {
        let kept = Kept::default();
        assert_eq!(*kept.get("n", async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(*kept.get("n", async { Ok(2) }).await.unwrap(), 1);
        assert_eq!(kept.peek("n"), Some(Arc::new(1)));
        kept.forget();
        assert_eq!(kept.peek::<i32>("n"), None);
        assert_eq!(*kept.get("n", async { Ok(3) }).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn what_was_being_read_when_it_changed_is_not_kept() {
        let kept = Kept::default();
        let slow = kept.get("n", async {
            kept.forget();
            Ok(1)
        });
        assert_eq!(*slow.await.unwrap(), 1);
        assert_eq!(*kept.get("n", async { Ok(2) }).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn what_could_not_be_read_is_tried_again() {
        let kept = Kept::default();
        assert!(kept.get::<i32>("n", async { Err(ApiError::not_found()) }).await.is_err());
        assert_eq!(*kept.get("n", async { Ok(1) }).await.unwrap(), 1);
    }
}
