//! A notification as FCM's HTTP v1 API wants it, with what each kind of device needs.

use platform::ports::push::{DevicePlatform, Push, PushError};
use serde_json::{Value, json};

use crate::push_payload::{collapse_id, fitting, is_silent, topic};

/// Apple takes so many bytes.
const MAX_APNS_COLLAPSE_ID: usize = 64;

/// The body of `messages:send`.
pub fn request(push: &Push) -> Result<String, PushError> {
    let (field, options) = match push.platform {
        DevicePlatform::Android => ("android", android(push)),
        DevicePlatform::Ios => ("apns", apns(push)),
        DevicePlatform::Web => ("webpush", webpush(push)),
    };
    fitting(&push.body, |body| {
        let notification = (!is_silent(push)).then(|| json!({"title": push.title, "body": body}));
        let message =
            json!({"token": push.token, "notification": notification, "data": push.data, field: options});
        json!({"message": message})
    })
}

fn android(push: &Push) -> Value {
    // A silent one wakes nobody: Android would soon put one of high priority behind the others.
    let priority = if is_silent(push) { "NORMAL" } else { "HIGH" };
    // The key holds for what waits at the service, the tag for what is on the screen.
    let on_screen =
        (!is_silent(push)).then(|| json!({"tag": push.collapse_key, "notification_count": push.badge}));
    json!({"collapse_key": push.collapse_key, "priority": priority, "notification": on_screen})
}

fn apns(push: &Push) -> Value {
    let silent = is_silent(push);
    // For Apple a badge is seen, so only what has neither is of the kind `background`.
    let kind = if silent && push.badge.is_none() { "background" } else { "alert" };
    let headers = json!({
        "apns-collapse-id": push.collapse_key.as_deref().map(|key| collapse_id(key, MAX_APNS_COLLAPSE_ID)),
        "apns-priority": if silent { "5" } else { "10" },
        "apns-push-type": kind,
    });
    let aps = json!({
        "badge": push.badge,
        "content-available": silent.then_some(1),
        "sound": (!silent).then_some("default"),
    });
    json!({"headers": headers, "payload": {"aps": aps}})
}

fn webpush(push: &Push) -> Value {
    let headers = json!({
        "Topic": push.collapse_key.as_deref().map(topic),
        "Urgency": if is_silent(push) { "low" } else { "high" },
    });
    let on_screen = (!is_silent(push)).then(|| json!({"tag": push.collapse_key}));
    json!({"headers": headers, "notification": on_screen})
}
