//! Push notifications by Firebase Cloud Messaging, HTTP v1.

mod access;
mod message;

use std::time::Duration;

use anyhow::anyhow;
use async_trait::async_trait;
use bytes::Bytes;
use platform::{
    ports::push::{Push, PushError, PushSender},
    time::Clock,
};
use reqwest::{Client, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use self::access::AccessTokens;
pub use self::access::ServiceAccount;
use crate::outbound;

const MAX_ANSWER: usize = 64 * 1024;
/// Google's code for a device that has removed the app, or has another token by now.
const UNREGISTERED: &str = "UNREGISTERED";
/// The token belongs to the app of another project.
const OTHER_PROJECT: &str = "SENDER_ID_MISMATCH";
/// 401 too, but it is Apple that refuses the project's key.
const APPLE_REFUSES: &str = "THIRD_PARTY_AUTH_ERROR";

/// Sends by FCM.
pub struct FcmPush {
    url: String,
    tokens: AccessTokens,
    client: Client,
    clock: Clock,
}

impl FcmPush {
    /// Sends for `account`, to the API at `url`.
    pub fn new(url: &str, account: ServiceAccount, client: Client, clock: Clock) -> Self {
        let url = format!("{url}/v1/projects/{}/messages:send", account.project);
        let tokens = AccessTokens::new(account, client.clone(), clock.clone());
        Self { url, tokens, client, clock }
    }

    async fn post(&self, request: String, token: &SecretString) -> Result<Answer, PushError> {
        let response = self
            .client
            .post(&self.url)
            .bearer_auth(token.expose_secret())
            .header(header::CONTENT_TYPE, "application/json")
            .body(request)
            .send()
            .await
            .map_err(|error| anyhow!(error.without_url()).context("FCM cannot be reached"))?;
        let status = response.status();
        let pause = outbound::pause(response.headers(), self.clock.now());
        let body = outbound::bounded_body(response, MAX_ANSWER).await.unwrap_or_default();
        Ok(Answer { status, pause, body })
    }
}

#[async_trait]
impl PushSender for FcmPush {
    async fn send(&self, push: Push) -> Result<String, PushError> {
        let request = message::request(&push)?;
        let token = self.tokens.get(None).await?;
        let answer = self.post(request.clone(), &token).await?;
        if !answer.refuses_the_token() {
            return answer.outcome();
        }
        // It was taken back before its time.
        let token = self.tokens.get(Some(&token)).await?;
        self.post(request, &token).await?.outcome()
    }
}

struct Answer {
    status: StatusCode,
    pause: Duration,
    body: Bytes,
}

#[derive(Deserialize)]
struct Taken {
    name: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    error: Cause,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cause {
    status: String,
    message: String,
    details: Vec<Detail>,
}

/// Of several types; each has some of these.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: Option<String>,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Answer {
    fn cause(&self) -> Cause {
        serde_json::from_slice::<Refusal>(&self.body).unwrap_or_default().error
    }

    fn refuses_the_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.cause().code() != APPLE_REFUSES
    }

    fn outcome(self) -> Result<String, PushError> {
        if self.status.is_success() {
            let taken = serde_json::from_slice::<Taken>(&self.body);
            return taken
                .map(|taken| taken.name)
                .map_err(|_may_quote_it| anyhow!("FCM's answer makes no sense").into());
        }
        if outbound::asks_to_wait(self.status) {
            return Err(PushError::Later(self.pause));
        }
        let cause = self.cause();
        let (status, code) = (self.status, cause.code());
        let said = format!("status {}, code {}", status.as_u16(), outbound::code(code));
        Err(match status {
            // 404 without the code is about the project, and says nothing of the device.
            StatusCode::NOT_FOUND if code == UNREGISTERED => PushError::DeviceGone,
            StatusCode::BAD_REQUEST if cause.is_about_the_device() => PushError::DeviceGone,
            StatusCode::BAD_REQUEST => PushError::Refused(said),
            StatusCode::FORBIDDEN if code == OTHER_PROJECT => PushError::Refused(said),
            _ => PushError::Other(anyhow!("FCM does not take the message: {said}")),
        })
    }
}

impl Cause {
    /// FCM's own code where there is one, else Google's general one.
    fn code(&self) -> &str {
        self.details.iter().find_map(|detail| detail.error_code.as_deref()).unwrap_or(&self.status)
    }

    /// Whether a bad request is bad because of the device's token, and nothing else.
    fn is_about_the_device(&self) -> bool {
        let mut fields = self.details.iter().flat_map(|detail| &detail.field_violations).peekable();
        if fields.peek().is_some() {
            return fields.all(|violation| violation.field == "message.token");
        }
        // Older answers name no field.
        self.message.contains("registration token is not a valid")
    }
}
