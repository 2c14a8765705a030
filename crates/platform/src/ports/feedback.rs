//! What services say afterwards of the mails and SMS that they took.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::gateway::WebhookError;

/// What somebody's mailbox or phone answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// There is no such mailbox.
    MailBounced(String),
    /// Whoever has the mailbox called a mail of ours spam.
    MailComplained(String),
    /// Whoever has the number (E.164) answered STOP.
    SmsStopped(String),
    /// They answered START.
    SmsStarted(String),
}

/// A request that a service sent to us.
#[derive(Debug)]
pub struct Report<'a> {
    /// Where to, as the service knows it: some sign it.
    pub url: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body as it came.
    pub body: &'a [u8],
}

/// Reads what one service reports.
pub trait FeedbackSource: Send + Sync {
    /// What a report says, where the service signed it. What is of no interest is left out.
    fn read(&self, report: &Report<'_>) -> Result<Vec<Feedback>, WebhookError>;
}

/// Those that are set up.
#[derive(Clone, Default)]
pub struct FeedbackSources {
    /// Twilio, of SMS.
    pub twilio: Option<Arc<dyn FeedbackSource>>,
    /// SendGrid, of mails.
    pub sendgrid: Option<Arc<dyn FeedbackSource>>,
}
