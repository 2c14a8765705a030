//! Calls to Stripe.

use std::fmt::Display;

use reqwest::{Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::codes::Refusal;
use crate::gateway_call::{self, Failure};

/// The version of the API that this code was written for; Stripe keeps answering as it was then.
const VERSION: &str = "2025-09-30.clover";

/// What a call gives.
pub type Answer<T> = Result<T, Failure<Refusal>>;

/// Our account at Stripe.
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: SecretString,
}

/// A call that is being put together.
pub struct Call<'a> {
    client: &'a Client,
    method: Method,
    path: String,
    params: Vec<(&'a str, String)>,
    idempotency_key: Option<String>,
    account: Option<&'a str>,
}

impl Client {
    /// Calls with `key`.
    pub fn new(http: reqwest::Client, url: &str, key: SecretString) -> Self {
        Self { http, url: url.to_owned(), key }
    }

    /// Reads.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path.into(), None)
    }

    /// Does something, at most once for each `key`.
    pub fn post(&self, path: impl Into<String>, key: &(impl Display + ?Sized)) -> Call<'_> {
        self.call(Method::POST, path.into(), Some(key.to_string()))
    }

    /// Does something that may be done again.
    pub fn post_again(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path.into(), None)
    }

    fn call(&self, method: Method, path: String, idempotency_key: Option<String>) -> Call<'_> {
        Call { client: self, method, path, params: Vec::new(), idempotency_key, account: None }
    }
}

impl<'a> Call<'a> {
    /// With a parameter.
    pub fn with(mut self, name: &'a str, value: &(impl Display + ?Sized)) -> Self {
        self.params.push((name, value.to_string()));
        self
    }

    /// With a parameter that may be absent.
    pub fn with_some(self, name: &'a str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, &value),
            None => self,
        }
    }

    /// On behalf of a connected account.
    pub fn of_account(mut self, account: &'a str) -> Self {
        self.account = Some(account);
        self
    }

    /// Calls.
    pub async fn send<T: DeserializeOwned>(self) -> Answer<T> {
        let is_read = self.method == Method::GET;
        let address = format!("{}/v1/{}", self.client.url, self.path);
        let query: &[_] = if is_read { &self.params } else { &[] };
        let address = Url::parse_with_params(&address, query).map_err(|_cause| Failure::NotCalled)?;
        let mut request = self
            .client
            .http
            .request(self.method, address)
            .bearer_auth(self.client.key.expose_secret())
            .header("stripe-version", VERSION);
        if let Some(key) = &self.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(account) = self.account {
            request = request.header("stripe-account", account);
        }
        if !is_read {
            request = request.form(&self.params);
        }
        let answer = gateway_call::send("stripe", request).await;
        if let Err(Failure::Refused(status, Refusal { error })) = &answer {
            let code = error.decline_code.as_deref().or(error.code.as_deref()).unwrap_or_default();
            tracing::info!(status = status.as_u16(), code, param = error.param, "Stripe refused");
        }
        answer
    }
}
