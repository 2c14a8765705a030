//! Telling partners what happened, at addresses that are not ours and that nobody here vouches for.

use async_trait::async_trait;

/// A message to a partner, in the form of Standard Webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// The same at every try.
    pub id: String,
    /// When this try was signed, in seconds since 1970.
    pub timestamp: i64,
    /// One or more signatures, separated by spaces.
    pub signature: String,
    /// JSON.
    pub body: String,
}

/// What the partner's server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookReply {
    /// The HTTP status; a redirect is not followed.
    pub status: u16,
    /// How its body begins, for people to read.
    pub beginning: String,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SendError {
    /// The address is not one that may be called.
    #[error("the address may not be called")]
    AddressRefused,
    /// Nothing came in time.
    #[error("no answer in time")]
    TimedOut,
    /// There is no such name, nobody listens, or the two do not understand each other.
    #[error("the server was not reached")]
    NotReached,
}

/// Sends webhooks. Called from jobs, which try again.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Whether a URL may be called, as far as it says itself. What its name leads to is looked at with every call.
    fn accepts(&self, url: &str) -> bool;

    /// Sends one, and reads the answer.
    async fn send(&self, webhook: Webhook) -> Result<WebhookReply, SendError>;
}
