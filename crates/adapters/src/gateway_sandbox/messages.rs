//! What the sandbox tells us by itself, signed as Stripe signs.

use std::sync::LazyLock;

use anyhow::{Context as _, anyhow, ensure};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use platform::{
    app::App,
    crypto::Secrets,
    ids::OperationId,
    jobs::Job,
    ports::gateway::{Event, Subject, WebhookError},
    time::Instant,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::store::{self, Telling};
use crate::{outbound, webhook_signature};

/// Carries the signature.
const SIGNATURE: HeaderName = HeaderName::from_static("sandbox-signature");

/// A message on its way to `POST /webhooks/sandbox/`.
#[derive(Clone, Debug)]
pub struct SandboxMessage {
    /// Ends its sending: [`super::Sandbox::delivered`].
    pub id: i64,
    /// With the signature.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Body {
    id: String,
    subject: String,
    operation: Option<OperationId>,
    reference: String,
    at: Instant,
}

/// The secret of the signatures derives from the installation's.
pub fn secret(secrets: &Secrets) -> SecretString {
    SecretString::from(hex::encode(secrets.hash_token("sandbox", "messages")))
}

/// What is sent of it.
pub fn message(telling: &Telling, secret: &SecretString, now: Instant) -> anyhow::Result<SandboxMessage> {
    let body = serde_json::to_vec(&Body {
        id: format!("evt_sandbox_{}", telling.id),
        subject: <&str>::from(telling.subject).to_owned(),
        operation: telling.operation,
        reference: telling.reference.clone(),
        at: telling.due_at,
    })?;
    let signature = HeaderValue::try_from(webhook_signature::sign(secret, &body, now))?;
    Ok(SandboxMessage {
        id: telling.id,
        headers: HeaderMap::from_iter([(SIGNATURE, signature)]),
        body: body.into(),
    })
}

/// Reads what was sent.
pub fn read(
    headers: &HeaderMap,
    body: &[u8],
    secret: &SecretString,
    now: Instant,
) -> Result<Event, WebhookError> {
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    webhook_signature::verify(signature, body, std::slice::from_ref(secret), now)?;
    let unreadable = |_cause| WebhookError::WebhookNotReadable;
    let body: Body = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(Event {
        id: body.id,
        subject: body.subject.parse().unwrap_or(Subject::Other),
        operation: body.operation,
        reference: body.reference,
        at: body.at,
    })
}

/// Made once: reading the system's certificates takes as long as a payment.
static CLIENT: LazyLock<reqwest::Result<reqwest::Client>> = LazyLock::new(outbound::client);

/// Sends a message to this installation, over its public address, as an outside gateway would.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendSandboxMessage {
    /// Which.
    pub id: i64,
}

impl Job for SendSandboxMessage {
    const KIND: &'static str = "adapters.send_sandbox_message";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let Some(telling) = store::telling(&app.db, self.id).await? else { return Ok(()) };
        let message = message(&telling, &secret(&app.secrets), app.clock.now())?;
        let client = CLIENT.as_ref().map_err(|error| anyhow!("no client for messages: {error}"))?;
        let request = client.post(app.url("/webhooks/sandbox/")).headers(message.headers);
        let response = request
            .header("content-type", "application/json")
            .body(message.body)
            .send()
            .await
            .context("PUBLIC_URL cannot be reached from here: the sandbox's messages stay")?;
        ensure!(response.status().is_success(), "the webhook answered {}", response.status().as_u16());
        Ok(store::told(&app.db, self.id).await?)
    }
}
