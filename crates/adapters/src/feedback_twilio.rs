//! What people answer to SMS, as Twilio passes it on.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use axum::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use platform::ports::{
    feedback::{Feedback, FeedbackSource, Report},
    gateway::WebhookError,
};
use secrecy::{ExposeSecret as _, SecretString};

/// Words with which people end SMS, in the languages that Twilio itself knows them and in ours.
const STOP: [&str; 10] =
    ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "stopp", "abmelden", "fine", "basta"];
/// Words with which they want them again.
const START: [&str; 5] = ["start", "yes", "unstop", "ja", "inizia"];

/// Reads messages to our number, signed with our account's token.
pub struct TwilioReplies {
    token: SecretString,
}

impl TwilioReplies {
    /// Checks signatures with `token`.
    pub fn new(token: SecretString) -> Self {
        Self { token }
    }

    /// `X-Twilio-Signature`: HMAC-SHA1, in base64, over the URL and each parameter, sorted by name
    /// (twilio.com/docs/usage/security).
    fn is_signed(&self, report: &Report<'_>, parameters: &BTreeMap<String, String>) -> bool {
        let header = report.headers.get("x-twilio-signature").map(HeaderValue::as_bytes);
        let Some(signature) = header.and_then(|value| STANDARD.decode(value).ok()) else { return false };
        let named = parameters.iter().map(|(name, value)| format!("{name}{value}"));
        let signed = format!("{}{}", report.url, named.collect::<String>());
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.token.expose_secret().as_bytes());
        hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
    }
}

impl FeedbackSource for TwilioReplies {
    fn read(&self, report: &Report<'_>) -> Result<Vec<Feedback>, WebhookError> {
        let parameters: BTreeMap<String, String> = form_urlencoded::parse(report.body).into_owned().collect();
        if !self.is_signed(report, &parameters) {
            return Err(WebhookError::WebhookNotSigned);
        }
        let number = parameters.get("From").ok_or(WebhookError::WebhookNotReadable)?.clone();
        // Twilio says what it understood where it answers for us; else the words themselves say it.
        let meant = parameters.get("OptOutType").or_else(|| parameters.get("Body"));
        let meant =
            meant.map(|word| word.trim().trim_end_matches(['.', '!']).to_lowercase()).unwrap_or_default();
        Ok(if STOP.contains(&meant.as_str()) {
            vec![Feedback::SmsStopped(number)]
        } else if START.contains(&meant.as_str()) {
            vec![Feedback::SmsStarted(number)]
        } else {
            Vec::new()
        })
    }
}
