//! Push notifications by OneSignal.

use anyhow::{anyhow, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use platform::{
    config::{Environment, PushSettings},
    ports::push::{DevicePlatform, Push, PushError, PushSender},
    time::Clock,
};
use reqwest::{Client, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    outbound,
    push_payload::{collapse_id, fitting, is_silent, topic},
};

const MAX_ANSWER: usize = 64 * 1024;
const MAX_COLLAPSE_ID: usize = 64;
/// OneSignal's words where it has a device on its list that has switched notifications off.
const NOT_SUBSCRIBED: &str = "All included players are not subscribed";

/// Our app at OneSignal.
pub struct OneSignalApp {
    id: String,
    key: SecretString,
    url: String,
}

impl OneSignalApp {
    /// The app that the settings name, if they name one.
    pub fn from_settings(settings: &PushSettings, environment: Environment) -> anyhow::Result<Option<Self>> {
        let Some(id) = settings.onesignal_app_id.clone() else {
            ensure!(settings.onesignal_api_key.is_none(), "ONESIGNAL_API_KEY needs ONESIGNAL_APP_ID");
            return Ok(None);
        };
        ensure!(is_uuid(&id), "ONESIGNAL_APP_ID must be like 8250eaf6-1a58-489e-b136-7c74a864b434");
        let key = settings.onesignal_api_key.clone().filter(|key| !key.expose_secret().is_empty());
        let key = key.ok_or_else(|| anyhow!("ONESIGNAL_APP_ID needs ONESIGNAL_API_KEY"))?;
        outbound::check_url("ONESIGNAL_URL", &settings.onesignal_url, environment)?;
        Ok(Some(Self { id, key, url: settings.onesignal_url.clone() }))
    }
}

/// Apps and devices have such names at OneSignal: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Sends by OneSignal; a device's token is the id of its subscription there.
pub struct OneSignalPush {
    app: OneSignalApp,
    client: Client,
    clock: Clock,
}

impl OneSignalPush {
    /// Sends for `app`.
    pub fn new(app: OneSignalApp, client: Client, clock: Clock) -> Self {
        Self { app, client, clock }
    }

    fn request(&self, push: &Push) -> Result<String, PushError> {
        let is_seen = !is_silent(push);
        let key = push.collapse_key.as_deref();
        fitting(&push.body, |body| {
            // Without contents nothing is shown, so a title that stands alone takes their place.
            let (title, body) = if body.is_empty() { ("", &*push.title) } else { (&*push.title, body) };
            // Everybody for whom there is no text in their own language gets "en", of whatever language it is.
            let text = |text: &str| (is_seen && !text.is_empty()).then(|| json!({"en": text}));
            json!({
                "app_id": self.app.id,
                "target_channel": "push",
                "include_subscription_ids": [push.token],
                "headings": text(title),
                "contents": text(body),
                "content_available": (!is_seen).then_some(true),
                "data": push.data,
                "collapse_id": key.map(|key| collapse_id(key, MAX_COLLAPSE_ID)),
                "web_push_topic": key.filter(|_| push.platform == DevicePlatform::Web).map(topic),
                "priority": if is_seen { 10 } else { 5 },
                "ios_badgeType": push.badge.map(|_| "SetTo"),
                "ios_badgeCount": push.badge,
            })
        })
    }
}

#[async_trait]
impl PushSender for OneSignalPush {
    async fn send(&self, push: Push) -> Result<String, PushError> {
        if !is_uuid(&push.token) {
            // A device that was registered while another service was in use.
            return Err(PushError::DeviceGone);
        }
        let request = self.request(&push)?;
        let mut authorization =
            header::HeaderValue::try_from(format!("Key {}", self.app.key.expose_secret()))
                .map_err(|_quotes_it| anyhow!("ONESIGNAL_API_KEY cannot stand in a header"))?;
        authorization.set_sensitive(true);
        let response = self
            .client
            .post(format!("{}/notifications", self.app.url))
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, "application/json")
            .body(request)
            .send()
            .await
            .map_err(|error| anyhow!(error.without_url()).context("OneSignal cannot be reached"))?;
        let status = response.status();
        if outbound::asks_to_wait(status) {
            return Err(PushError::Later(outbound::pause(response.headers(), self.clock.now())));
        }
        let body = outbound::bounded_body(response, MAX_ANSWER).await.unwrap_or_default();
        outcome(status, &body)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Created {
    id: String,
    /// Sentences, or the ids that are wrong by kind.
    errors: Value,
}

fn outcome(status: StatusCode, body: &Bytes) -> Result<String, PushError> {
    // Sentences of OneSignal may repeat what was sent, so only the status is told on.
    let status = status.as_u16();
    match status {
        200..=299 => {
            let Created { id, errors } = serde_json::from_slice(body).unwrap_or_default();
            Err(match errors {
                _ if !id.is_empty() => return Ok(id),
                Value::Null => PushError::Other(anyhow!("OneSignal's answer makes no sense")),
                errors if is_about_the_device(&errors) => PushError::DeviceGone,
                _ => PushError::Refused("OneSignal made nothing of it".to_owned()),
            })
        }
        400 | 413 | 422 => Err(PushError::Refused(format!("status {status}"))),
        _ => Err(anyhow!("OneSignal does not take the message: status {status}").into()),
    }
}

/// It was for one device only, so any id that is wrong is the device's.
fn is_about_the_device(errors: &Value) -> bool {
    let lists_ids =
        |kind: &str| errors.get(kind).and_then(Value::as_array).is_some_and(|ids| !ids.is_empty());
    let says =
        |sentence: &Value| sentence.as_str().is_some_and(|sentence| sentence.starts_with(NOT_SUBSCRIBED));
    ["invalid_player_ids", "invalid_subscription_ids"].into_iter().any(lists_ids)
        || errors.as_array().is_some_and(|sentences| sentences.iter().any(says))
}
