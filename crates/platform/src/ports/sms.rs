//! Sending SMS.

use async_trait::async_trait;

/// A short message to one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// E.164.
    pub to: String,
    /// What it says.
    pub text: String,
}

/// Sends SMS. Called from jobs, which try again when it fails.
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// Hands the message over; an error means that it was not taken.
    async fn send(&self, sms: Sms) -> anyhow::Result<()>;
}
