//! Stripe's way to sign messages, which the sandbox follows: `t=<seconds>,v1=<hex of HMAC-SHA256>` over
//! `<t>.<body>`. Several `v1` are allowed, and several secrets, so that a secret can be changed at leisure.

use aws_lc_rs::hmac;
use jiff::SignedDuration;
use platform::{ports::gateway::WebhookError, time::Instant};
use secrecy::{ExposeSecret as _, SecretString};

/// A message older than this, or from further ahead, may be a recorded one.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(300);
/// Nobody sends more; it bounds the work that a forged header can cause.
const MOST_SIGNATURES: usize = 8;

/// The header's value for a message sent now.
pub fn sign(secret: &SecretString, body: &[u8], now: Instant) -> String {
    let at = now.timestamp().as_second().to_string();
    format!("t={at},v1={}", hex::encode(hmac::sign(&key(secret), &signed(&at, body))))
}

/// Whether the message was signed with one of the secrets, lately.
pub fn verify(
    header: Option<&str>,
    body: &[u8],
    secrets: &[SecretString],
    now: Instant,
) -> Result<(), WebhookError> {
    let parts = || header.unwrap_or_default().split(',').filter_map(|part| part.trim().split_once('='));
    let values = |name| parts().filter(move |(found, _)| *found == name).map(|(_, value)| value);
    let at = values("t").next().ok_or(WebhookError::WebhookNotSigned)?;
    let message = signed(at, body);
    let is_signed =
        values("v1").take(MOST_SIGNATURES).filter_map(|v1| hex::decode(v1).ok()).any(|signature| {
            // The comparison inside takes the same time wherever it fails.
            secrets.iter().any(|secret| hmac::verify(&key(secret), &message, &signature).is_ok())
        });
    let age = at.parse().ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
    let age = age.map(|at| now.since(at.into()).abs());
    match age {
        Some(age) if is_signed && age <= TOLERANCE => Ok(()),
        _ => Err(WebhookError::WebhookNotSigned),
    }
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

fn signed(at: &str, body: &[u8]) -> Vec<u8> {
    [at.as_bytes(), b".", body].concat()
}
