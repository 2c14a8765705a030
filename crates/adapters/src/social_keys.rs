//! The public keys of an issuer, found by discovery and kept as long as it allows.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context as _, anyhow, ensure};
use bytes::Bytes;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse},
};
use platform::time::Instant;
use reqwest::{Client, StatusCode, Url, header};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use crate::outbound;

const MAX_ANSWER: usize = 256 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
const SHORTEST_LIFE: i64 = 5 * 60;
const LONGEST_LIFE: i64 = 24 * 60 * 60;
/// A token with an unknown key makes us ask again, but anybody can make such tokens.
const PAUSE_WHEN_SERVED: i64 = 30;
/// While we have no keys at all, an issuer that is back should be noticed sooner.
const PAUSE_WHEN_EMPTY: i64 = 5;

/// A key that tokens are signed with.
pub struct Key {
    id: String,
    algorithm: Option<Algorithm>,
    /// For `jsonwebtoken`.
    pub decoding: DecodingKey,
}

struct KeySet {
    keys: Vec<Arc<Key>>,
    good_until: Instant,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: Instant,
    failed: bool,
}

/// The keys of one issuer, as this process knows them.
pub struct IssuerKeys {
    client: Client,
    issuer: String,
    discovery: String,
    held: RwLock<Option<Arc<KeySet>>>,
    /// Whoever holds it asks; the others wait, and find what was found.
    turn: Mutex<Option<Attempt>>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Jwks {
    /// Read one by one: a kind of key that we do not know must not hide the others.
    keys: Vec<serde_json::Value>,
}

impl IssuerKeys {
    /// The keys that `discovery` leads to; nothing is asked yet.
    pub fn new(issuer: String, discovery: String, client: Client) -> Self {
        Self { client, issuer, discovery, held: RwLock::default(), turn: Mutex::default() }
    }

    /// The key `id` for `algorithm`; `None` when the issuer has none, an error when it cannot be asked.
    pub async fn find(
        &self,
        id: &str,
        algorithm: Algorithm,
        now: Instant,
    ) -> anyhow::Result<Option<Arc<Key>>> {
        if let Some(key) = self.fresh(now).and_then(|set| set.find(id, algorithm)) {
            return Ok(Some(key));
        }
        let mut last = self.turn.lock().await;
        let fresh = self.fresh(now);
        if let Some(key) = fresh.as_ref().and_then(|set| set.find(id, algorithm)) {
            return Ok(Some(key));
        }
        let pause = if fresh.is_some() { PAUSE_WHEN_SERVED } else { PAUSE_WHEN_EMPTY };
        if let Some(Attempt { at, failed }) = *last
            && now.since(at).as_secs() < pause
        {
            ensure!(!failed, "it could not be asked a moment ago");
            return Ok(None);
        }
        // Noted before it is tried, so that a caller who goes away leaves a trace.
        *last = Some(Attempt { at: now, failed: true });
        let set = Arc::new(self.fetch(now).await?);
        *last = Some(Attempt { at: now, failed: false });
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(set.clone());
        Ok(set.find(id, algorithm))
    }

    fn fresh(&self, now: Instant) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        held.filter(|set| now < set.good_until)
    }

    async fn fetch(&self, now: Instant) -> anyhow::Result<KeySet> {
        let discovery: Discovery = parse(&self.get(&self.discovery).await?.0)?;
        ensure!(discovery.issuer == self.issuer, "its discovery document names another issuer");
        let uri = Url::parse(&discovery.jwks_uri).context("its jwks_uri is not a URL")?;
        let is_downgrade = self.issuer.starts_with("https:") && uri.scheme() != "https";
        ensure!(!is_downgrade && matches!(uri.scheme(), "https" | "http"), "its jwks_uri is not https");
        let (body, life) = self.get(uri.as_str()).await?;
        let jwks: Jwks = parse(&body)?;
        let keys: Vec<_> = jwks.keys.into_iter().filter_map(usable).map(Arc::new).collect();
        ensure!(!keys.is_empty(), "it publishes no key that we can use");
        let life = life.clamp(SHORTEST_LIFE, LONGEST_LIFE);
        Ok(KeySet {
            keys,
            good_until: now.plus(std::time::Duration::from_secs(life.unsigned_abs()).try_into()?),
        })
    }

    /// The body, and for how many seconds it may be kept.
    async fn get(&self, url: &str) -> anyhow::Result<(Bytes, i64)> {
        let response = self.client.get(url).timeout(TIMEOUT).send().await.context("no answer")?;
        ensure!(response.status() == StatusCode::OK, "{url} answers {}", response.status());
        let control = response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
        let life = max_age(control.unwrap_or_default());
        let body = outbound::bounded_body(response, MAX_ANSWER).await.with_context(|| url.to_owned())?;
        Ok((body, life))
    }
}

impl KeySet {
    fn find(&self, id: &str, algorithm: Algorithm) -> Option<Arc<Key>> {
        let fits = |key: &Key| {
            key.id == id
                && key.decoding.family() == algorithm.family()
                && key.algorithm.is_none_or(|own| own == algorithm)
        };
        self.keys.iter().find(|key| fits(key)).cloned()
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body)
        .map_err(|e| anyhow!("its answer is not what OpenID Connect Discovery says: {e}"))
}

/// RSA and elliptic curve keys that are for signing.
fn usable(jwk: serde_json::Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let is_for_signing = jwk.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
    let algorithm = match jwk.common.key_algorithm {
        None => None,
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(_) => return None,
    };
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    let id = jwk.common.key_id.filter(|_| is_for_signing)?;
    Some(Key { id, algorithm, decoding })
}

/// `max-age` in seconds; 0 where there is none or the answer is not to be kept.
fn max_age(control: &str) -> i64 {
    let mut directives = control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    if directives.clone().any(|directive| directive == "no-store" || directive == "no-cache") {
        return 0;
    }
    let age =
        directives.find_map(|directive| directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    age.unwrap_or_default()
}
