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

/// Why an SMS was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// Who has the number has answered STOP: nothing reaches it until they answer START.
    #[error("the recipient wants no SMS of ours")]
    OptedOut,
    /// Anything else; it may work another time.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Sends SMS. Called from jobs, which try again when it may work another time.
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// Hands the message over; an error means that it was not taken.
    async fn send(&self, sms: Sms) -> Result<(), SmsError>;
}
