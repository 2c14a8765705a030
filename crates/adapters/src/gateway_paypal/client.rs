//! Calls to PayPal, with a token that is asked for once and kept while it is good.

use jiff::SignedDuration;
use platform::time::{Clock, Instant};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use super::codes::Refusal;
use crate::gateway_call::{self, Failure};

/// What a call gives.
pub type Answer<T> = Result<T, Failure<Refusal>>;

/// A token is not used in its last minute.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// Our account at PayPal.
pub struct Client {
    http: reqwest::Client,
    url: String,
    id: String,
    secret: SecretString,
    clock: Clock,
    token: Mutex<Option<Token>>,
}

struct Token {
    value: SecretString,
    good_until: Instant,
}

#[derive(Deserialize)]
struct NewToken {
    access_token: SecretString,
    expires_in: i64,
}

impl Client {
    /// Calls with an id and its secret.
    pub fn new(http: reqwest::Client, url: &str, id: String, secret: SecretString, clock: Clock) -> Self {
        Self { http, url: url.to_owned(), id, secret, clock, token: Mutex::default() }
    }

    /// Reads.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Answer<T> {
        let address = Url::parse_with_params(&format!("{}/{path}", self.url), query);
        let address = address.map_err(|_cause| Failure::NotCalled)?;
        self.send(self.http.request(Method::GET, address)).await
    }

    /// Does something, at most once for each `key`.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &(impl Serialize + Sync),
    ) -> Answer<T> {
        let request = self.http.post(format!("{}/{path}", self.url)).json(body);
        self.send(request.header("paypal-request-id", key).header("prefer", "return=representation")).await
    }

    /// Asks something that has a body.
    pub async fn ask<T: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Answer<T> {
        self.send(self.http.post(format!("{}/{path}", self.url)).json(body)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Answer<T> {
        let token = self.token().await?;
        let answer: Answer<T> =
            gateway_call::send("paypal", request.bearer_auth(token.expose_secret())).await;
        match &answer {
            // Perhaps for the token, which may have been revoked before its time.
            Err(Failure::NotCalled) => *self.token.lock().await = None,
            Err(Failure::Refused(status, refusal)) => {
                tracing::info!(status = status.as_u16(), issue = refusal.issue(), "PayPal refused");
            }
            _ => {}
        }
        answer
    }

    /// The token; whoever comes while it is being asked for waits for the same.
    async fn token(&self) -> Answer<SecretString> {
        let mut kept = self.token.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| now < token.good_until) {
            return Ok(token.value.clone());
        }
        let request = self
            .http
            .post(format!("{}/v1/oauth2/token", self.url))
            .basic_auth(&self.id, Some(self.secret.expose_secret()))
            .form(&[("grant_type", "client_credentials")]);
        // Whatever went wrong here, the call itself was not made.
        let new = gateway_call::send::<NewToken, Refusal>("paypal", request).await;
        let new = new.map_err(|_failure| Failure::NotCalled)?;
        let life = SignedDuration::from_secs(new.expires_in.clamp(0, 86_400));
        let value = new.access_token.clone();
        *kept = Some(Token { value: new.access_token, good_until: now.plus(life).minus(MARGIN) });
        Ok(value)
    }
}
