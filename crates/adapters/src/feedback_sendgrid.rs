//! What became of mails, as SendGrid's event webhook reports it.

use anyhow::{Context as _, anyhow};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use platform::{
    ports::{
        feedback::{Feedback, FeedbackSource, Report},
        gateway::WebhookError,
    },
    time::Clock,
};
use serde::Deserialize;

/// SendGrid tries for a day to bring a report to us; an older one is a recorded one.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(25);

/// Reads events that are signed with SendGrid's key for us.
pub struct SendgridEvents {
    key: ParsedPublicKey,
    clock: Clock,
}

impl SendgridEvents {
    /// `key` is the verification key as SendGrid shows it: base64 of a public key on P-256.
    pub fn new(key: &str, clock: Clock) -> anyhow::Result<Self> {
        let der = STANDARD.decode(key.trim()).context("SENDGRID_WEBHOOK_KEY is not base64")?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der)
            .map_err(|_says_no_more| anyhow!("SENDGRID_WEBHOOK_KEY is not a public key on P-256"))?;
        Ok(Self { key, clock })
    }

    /// The signature is over the seconds of its header and the body as it came.
    fn is_signed(&self, report: &Report<'_>) -> bool {
        let header = |name: &str| report.headers.get(name).and_then(|value| value.to_str().ok());
        let at = header("x-twilio-email-event-webhook-timestamp").unwrap_or_default();
        let signature = header("x-twilio-email-event-webhook-signature").unwrap_or_default();
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let Some(sent) = at.parse().ok().and_then(|at| Timestamp::from_second(at).ok()) else { return false };
        let signed = [at.as_bytes(), report.body].concat();
        let is_recent = self.clock.now().since(sent.into()).abs() <= TOLERANCE;
        is_recent && self.key.verify_sig(&signed, &signature).is_ok()
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    email: String,
    #[serde(default, rename = "event")]
    name: String,
    /// Of a bounce: "blocked" is about our mail, and the mailbox is there.
    #[serde(default, rename = "type")]
    kind: String,
    /// Of what SendGrid did not even try.
    #[serde(default)]
    reason: String,
}

impl Event {
    fn feedback(self) -> Option<Feedback> {
        match (self.name.as_str(), self.reason.as_str()) {
            ("bounce", _) if self.kind != "blocked" => Some(Feedback::MailBounced(self.email)),
            ("dropped", "Bounced Address" | "Invalid") => Some(Feedback::MailBounced(self.email)),
            ("spamreport", _) | ("dropped", "Spam Reporting Address") => {
                Some(Feedback::MailComplained(self.email))
            }
            _ => None,
        }
    }
}

impl FeedbackSource for SendgridEvents {
    fn read(&self, report: &Report<'_>) -> Result<Vec<Feedback>, WebhookError> {
        if !self.is_signed(report) {
            return Err(WebhookError::WebhookNotSigned);
        }
        let events: Vec<Event> =
            serde_json::from_slice(report.body).map_err(|_quotes_it| WebhookError::WebhookNotReadable)?;
        Ok(events.into_iter().filter_map(Event::feedback).collect())
    }
}
