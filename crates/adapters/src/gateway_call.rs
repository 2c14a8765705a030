//! A call to a real gateway, and what its failure says about the money.

use platform::{error::ApiError, ports::gateway::Outcome};
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use crate::outbound;

/// A page of a book with everything in it stays below this.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Why a call gave no result. `R` is how the gateway words a refusal.
#[derive(Debug)]
pub enum Failure<R> {
    /// It certainly did nothing: there was no connection, or the gateway turned us away at the door.
    NotCalled,
    /// It may have done it: the answer is missing, or makes no sense.
    Lost,
    /// It understood, and did not do it.
    Refused(StatusCode, R),
}

impl<R> Failure<R> {
    /// What it means for an operation; `refused` words a refusal.
    pub fn outcome(self, refused: impl FnOnce(StatusCode, R) -> Outcome) -> Outcome {
        match self {
            Self::NotCalled => Outcome::Unavailable,
            Self::Lost => Outcome::Unknown,
            Self::Refused(status, refusal) => refused(status, refusal),
        }
    }
}

/// A read that failed, and not because there is nothing to be read: 503.
impl<R> From<Failure<R>> for ApiError {
    fn from(failure: Failure<R>) -> Self {
        Self::unavailable(match failure {
            Failure::NotCalled => anyhow::anyhow!("the gateway cannot be called"),
            Failure::Lost => anyhow::anyhow!("the gateway's answer is missing or makes no sense"),
            Failure::Refused(status, _) => {
                anyhow::anyhow!("the gateway refused with status {}", status.as_u16())
            }
        })
    }
}

/// `None` for what does not exist.
pub fn found<T, R>(result: Result<T, Failure<R>>) -> Result<Option<T>, Failure<R>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Refused(StatusCode::NOT_FOUND, _)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Sends the request and reads the answer. Nothing of either goes into the log but status and error code:
/// they hold secrets and people.
pub async fn send<T: DeserializeOwned, R: DeserializeOwned>(
    gateway: &'static str,
    request: RequestBuilder,
) -> Result<T, Failure<R>> {
    let response = request.send().await.map_err(|error| {
        let error = error.without_url();
        let never_reached = error.is_connect() || error.is_builder();
        tracing::warn!(gateway, error = format!("{:#}", anyhow::Error::from(error)), "a call failed");
        if never_reached { Failure::NotCalled } else { Failure::Lost }
    })?;
    let status = response.status();
    let body = outbound::bounded_body(response, MAX_ANSWER).await;
    let lost = |why: &str| {
        tracing::warn!(gateway, status = status.as_u16(), why, "an answer makes no sense");
        Failure::Lost
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::error!(gateway, status = status.as_u16(), "the gateway does not take our keys");
            Err(Failure::NotCalled)
        }
        StatusCode::TOO_MANY_REQUESTS => Err(Failure::NotCalled),
        // 409: the first call with this key still runs.
        StatusCode::CONFLICT => Err(Failure::Lost),
        _ if status.is_success() => {
            let body = body.map_err(|_cause| lost("it breaks off or does not end"))?;
            let body = if body.is_empty() { b"null" } else { &body[..] };
            serde_json::from_slice(body).map_err(|_cause| lost("it has another shape"))
        }
        _ if status.is_client_error() => {
            let body = body.map_err(|_cause| lost("it breaks off or does not end"))?;
            let refusal = serde_json::from_slice(&body).map_err(|_cause| lost("it is no refusal"))?;
            Err(Failure::Refused(status, refusal))
        }
        _ => Err(lost("the gateway stumbled, or sends us elsewhere")),
    }
}

/// Whether a reference may stand in a path: what came from an app must not lead anywhere else.
pub fn is_plain(reference: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=128).contains(&reference.len()) && reference.bytes().all(is_plain)
}
