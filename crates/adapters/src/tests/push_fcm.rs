//! FCM, against a stub of ours that knows the shapes of Google's reference: there is no program that plays FCM.

use jiff::SignedDuration;
use platform::{
    config::Settings,
    ports::push::{DevicePlatform, Push, PushSender as _},
    testing::Log,
    time::Clock,
};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

use super::{
    push::{clock, push, requests, said, silent, sized},
    push_fcm_account::{Account, PROJECT},
};
use crate::{
    outbound,
    push_fcm::{FcmPush, ServiceAccount},
};

pub const TOKEN_PATH: &str = "/token";
const SEND_PATH: &str = "/v1/projects/skillbuddy-1/messages:send";
const DEVICE: &str = "device-token-0123456789";

/// What the reference says of `Message`, as far as we use it: a field that is not in it fails.
#[expect(dead_code, reason = "it is read for its shape")]
mod documented {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct SendRequest {
        pub message: Message,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Message {
        pub token: String,
        pub notification: Option<Notification>,
        pub data: BTreeMap<String, String>,
        android: Option<Android>,
        apns: Option<Apns>,
        webpush: Option<Webpush>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Notification {
        pub title: String,
        pub body: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Android {
        collapse_key: Option<String>,
        priority: AndroidPriority,
        notification: Option<AndroidNotification>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "UPPERCASE")]
    enum AndroidPriority {
        Normal,
        High,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct AndroidNotification {
        tag: Option<String>,
        notification_count: Option<i32>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Apns {
        headers: BTreeMap<String, String>,
        payload: ApnsPayload,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ApnsPayload {
        aps: Aps,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Aps {
        badge: Option<u32>,
        content_available: Option<u8>,
        sound: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Webpush {
        headers: BTreeMap<String, String>,
        notification: Option<WebNotification>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct WebNotification {
        tag: Option<String>,
    }
}

/// Google: gives tokens to the account, and takes messages with one of them.
pub struct Google {
    pub server: MockServer,
    pub account: Account,
    pub clock: Clock,
}

impl Google {
    /// Gives tokens. What it says to messages is for [`Google::answers`].
    pub async fn start() -> Self {
        let google = Self { server: MockServer::start().await, account: Account::new(), clock: clock() };
        google.gives_tokens().await;
        google
    }

    pub async fn gives_tokens(&self) {
        let given = std::sync::atomic::AtomicUsize::new(1);
        let next = move |_: &wiremock::Request| {
            let number = given.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let token = format!("ya29.secret-{number}");
            let granted = json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"});
            ResponseTemplate::new(200).set_body_json(granted)
        };
        Mock::given(method("POST")).and(path(TOKEN_PATH)).respond_with(next).mount(&self.server).await;
    }

    /// What it says from now on to messages with the token of this number.
    pub async fn answers(&self, token: usize, template: ResponseTemplate) {
        Mock::given(method("POST"))
            .and(path(SEND_PATH))
            .and(header("authorization", format!("Bearer ya29.secret-{token}")))
            .and(header("content-type", "application/json"))
            .respond_with(template)
            .mount(&self.server)
            .await;
    }

    pub async fn takes(&self, token: usize) {
        let name = json!({"name": format!("projects/{PROJECT}/messages/1")});
        self.answers(token, ResponseTemplate::new(200).set_body_json(name)).await;
    }

    pub fn sender(&self) -> FcmPush {
        let url = self.server.uri();
        let json = self.account.json(&format!("{url}{TOKEN_PATH}"));
        let settings = Settings::for_tests(&["--fcm-service-account", &json, "--fcm-url", &url]);
        let account = ServiceAccount::from_settings(&settings.push, settings.http.environment);
        let client = outbound::client().unwrap();
        FcmPush::new(&settings.push.fcm_url, account.unwrap().unwrap(), client, self.clock.clone())
    }

    pub async fn asked_for_tokens(&self) -> usize {
        requests(&self.server, TOKEN_PATH).await.len()
    }

    async fn messages(&self) -> Vec<Value> {
        let requests = requests(&self.server, SEND_PATH).await;
        requests.iter().map(|request| request.body_json().unwrap()).collect()
    }
}

fn android() -> Push {
    push(DevicePlatform::Android, DEVICE)
}

fn refusal(status: &str, details: &Value) -> Value {
    json!({"error": {"code": 400, "message": "to device-token-0123456789", "status": status, "details": details}})
}

fn fcm_error(code: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code})
}

fn bad_request(fields: &[&str]) -> Value {
    let violations = fields.iter().map(|field| json!({"field": field, "description": "to device-token"}));
    json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations.collect::<Vec<_>>()})
}

#[tokio::test]
async fn each_kind_of_device_gets_the_message_that_is_made_for_it() {
    let google = Google::start().await;
    google.takes(1).await;
    let sender = google.sender();
    for platform in [DevicePlatform::Android, DevicePlatform::Ios, DevicePlatform::Web] {
        for push in [push(platform, DEVICE), silent(platform, DEVICE)] {
            assert_eq!(said(sender.send(push).await), "taken as projects/skillbuddy-1/messages/1");
        }
    }
    let messages = google.messages().await;
    for message in &messages {
        let shape = serde_json::from_value::<documented::SendRequest>(message.clone());
        assert_eq!(shape.unwrap_or_else(|e| panic!("{e}: {message:#}")).message.token, DEVICE);
    }
    insta::assert_json_snapshot!(messages);
}

#[tokio::test]
async fn keys_fit_apple_and_badges_are_seen() {
    let google = Google::start().await;
    google.takes(1).await;
    let sender = google.sender();
    let plain = Push { collapse_key: None, badge: None, ..push(DevicePlatform::Ios, DEVICE) };
    let counting = Push { badge: Some(0), ..silent(DevicePlatform::Ios, DEVICE) };
    let long_key = Push { collapse_key: Some("k".repeat(65)), ..push(DevicePlatform::Ios, DEVICE) };
    for push in [plain, counting, long_key] {
        sender.send(push).await.unwrap();
    }
    let [plain, counting, long_key] = google.messages().await.try_into().unwrap();
    let apns = |message: &Value| message["message"]["apns"].clone();
    assert_eq!(
        apns(&plain),
        json!({"headers": {"apns-priority": "10", "apns-push-type": "alert"}, "payload": {"aps": {"sound": "default"}}})
    );
    assert_eq!(apns(&counting)["headers"]["apns-push-type"], "alert");
    assert_eq!(apns(&counting)["payload"], json!({"aps": {"badge": 0, "content-available": 1}}));
    // What `printf 'k%.0s' $(seq 65) | openssl dgst -sha256 -binary | base64` begins with, for URLs.
    assert_eq!(apns(&long_key)["headers"]["apns-collapse-id"], "85zcJYR1jJnPgcH0HSVy9U4XBmr__J0Y");
}

#[tokio::test]
async fn a_body_is_shortened_so_far_that_the_message_can_be_sent() {
    let google = Google::start().await;
    google.takes(1).await;
    let sender = google.sender();
    for body in ["😀 ".repeat(3000), "\"\\\n".repeat(3000), "\u{1}\u{7f}ß".repeat(3000), "wort ".repeat(760)]
    {
        sender.send(sized(DEVICE, body.clone(), 100)).await.unwrap();
        let request = requests(&google.server, SEND_PATH).await.pop().unwrap();
        assert!((4085..=4096).contains(&request.body.len()), "{}", request.body.len());
        let sent: documented::SendRequest = request.body_json().unwrap();
        let shown = sent.message.notification.unwrap();
        let kept = shown.body.strip_suffix('…').unwrap();
        assert!(body.starts_with(kept) && !kept.is_empty() && shown.title == "Neue Buchung");
        assert_eq!(sent.message.data["route"].len(), 100);
    }
    assert_eq!(
        said(sender.send(sized(DEVICE, "Kurz".to_owned(), 5000)).await),
        "refused: it is too large even without its body"
    );
    assert_eq!(google.messages().await.len(), 4, "what is too large is not even sent");
}

#[rstest]
#[case::unregistered(404, refusal("NOT_FOUND", &json!([fcm_error("UNREGISTERED")])), "gone")]
#[case::no_project(404, refusal("NOT_FOUND", &json!([])), "FCM does not take the message: status 404, code NOT_FOUND")]
#[case::bad_token(
    400, refusal("INVALID_ARGUMENT", &json!([fcm_error("INVALID_ARGUMENT"), bad_request(&["message.token"])])), "gone"
)]
#[case::bad_token_in_words_only(
    400,
    json!({"error": {"code": 400, "message": "The registration token is not a valid FCM registration token",
        "status": "INVALID_ARGUMENT", "details": [fcm_error("INVALID_ARGUMENT")]}}),
    "gone"
)]
#[case::bad_data(
    400, refusal("INVALID_ARGUMENT", &json!([bad_request(&["message.data[0].value"])])),
    "refused: status 400, code INVALID_ARGUMENT"
)]
#[case::bad_data_too(
    400, refusal("INVALID_ARGUMENT", &json!([bad_request(&["message.token", "message.data[0].value"])])),
    "refused: status 400, code INVALID_ARGUMENT"
)]
#[case::too_large(400, refusal("INVALID_ARGUMENT", &json!([])), "refused: status 400, code INVALID_ARGUMENT")]
#[case::other_project(
    403, refusal("PERMISSION_DENIED", &json!([fcm_error("SENDER_ID_MISMATCH")])),
    "refused: status 403, code SENDER_ID_MISMATCH"
)]
#[case::no_permission(
    403, refusal("PERMISSION_DENIED", &json!([])), "FCM does not take the message: status 403, code PERMISSION_DENIED"
)]
#[case::apple_refuses(
    401, refusal("UNAUTHENTICATED", &json!([fcm_error("THIRD_PARTY_AUTH_ERROR")])),
    "FCM does not take the message: status 401, code THIRD_PARTY_AUTH_ERROR"
)]
#[case::no_code(400, json!("device-token-0123456789"), "refused: status 400, code ")]
#[case::strange_code(400, refusal("to max@example.com", &json!([])), "refused: status 400, code ")]
#[case::senseless_success(200, json!({"messages": 1}), "FCM's answer makes no sense")]
#[case::redirect(307, json!({}), "FCM does not take the message: status 307, code ")]
#[tokio::test]
async fn a_refusal_says_what_it_is_about(#[case] status: u16, #[case] body: Value, #[case] expected: &str) {
    let google = Google::start().await;
    google.answers(1, ResponseTemplate::new(status).set_body_json(body)).await;
    assert_eq!(said(google.sender().send(android()).await), expected);
    assert_eq!((google.messages().await.len(), google.asked_for_tokens().await), (1, 1));
}

#[rstest]
#[case::quota(429, Some("30"), "in 30 s")]
#[case::date(503, Some("Mon, 02 Mar 2026 09:05:00 GMT"), "in 300 s")]
#[case::unsaid(429, None, "in 60 s")]
#[case::broken(500, None, "in 60 s")]
#[case::page(502, None, "in 60 s")]
#[tokio::test]
async fn a_busy_service_is_asked_again_when_it_says(
    #[case] status: u16,
    #[case] retry_after: Option<&str>,
    #[case] expected: &str,
) {
    let google = Google::start().await;
    let answer = ResponseTemplate::new(status).set_body_string("<!DOCTYPE html>");
    let answer = match retry_after {
        Some(pause) => answer.insert_header("retry-after", pause),
        None => answer,
    };
    google.answers(1, answer).await;
    assert_eq!(said(google.sender().send(android()).await), expected);
}

#[tokio::test]
async fn an_access_token_that_was_taken_back_is_replaced_once() {
    let google = Google::start().await;
    google.answers(1, ResponseTemplate::new(401).set_body_json(refusal("UNAUTHENTICATED", &json!([])))).await;
    google.takes(2).await;
    let sender = google.sender();
    for _ in 0..2 {
        assert_eq!(said(sender.send(android()).await), "taken as projects/skillbuddy-1/messages/1");
    }
    assert_eq!((google.messages().await.len(), google.asked_for_tokens().await), (3, 2));

    google.server.reset().await;
    google.gives_tokens().await;
    for token in 1..4 {
        google.answers(token, ResponseTemplate::new(401)).await;
    }
    let expected = "FCM does not take the message: status 401, code ";
    assert_eq!(said(google.sender().send(android()).await), expected);
    assert_eq!((google.messages().await.len(), google.asked_for_tokens().await), (2, 2));
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_an_error() {
    let google = Google::start().await;
    let json = google.account.json(&format!("{}{TOKEN_PATH}", google.server.uri()));
    let settings = Settings::for_tests(&["--fcm-service-account", &json]);
    let account = ServiceAccount::from_settings(&settings.push, settings.http.environment).unwrap().unwrap();
    let sender = FcmPush::new("http://127.0.0.1:1", account, outbound::client().unwrap(), clock());
    let said = said(sender.send(android()).await);
    assert!(said.starts_with("FCM cannot be reached") && !said.contains(PROJECT), "{said}");
}

#[tokio::test]
async fn no_log_and_no_error_holds_a_secret_or_a_person() {
    let (log, _logging) = Log::start("adapters=trace");
    let google = Google::start().await;
    let private = format!("Max möchte ya29.secret device-token {}", google.account.secret());
    let mut heard = String::new();
    for status in [200, 400, 401, 403, 404, 429, 500] {
        google.server.reset().await;
        google.gives_tokens().await;
        for token in 1..3 {
            google.answers(token, ResponseTemplate::new(status).set_body_string(&private)).await;
        }
        heard += &said(google.sender().send(android()).await);
        google.server.reset().await;
        let refusal = ResponseTemplate::new(status).set_body_json(json!({"error": private}));
        Mock::given(method("POST")).respond_with(refusal).mount(&google.server).await;
        heard += &said(google.sender().send(android()).await);
        google.clock.advance(SignedDuration::from_mins(1));
    }
    heard += &log.text();
    let json = google.account.json("http://localhost/token");
    let settings = format!("{:?}", Settings::for_tests(&["--fcm-service-account", &json]));
    heard += &settings;
    for private in
        ["möchte", "Buchung", "ya29", "device-token", "PRIVATE", google.account.secret().get(..64).unwrap()]
    {
        assert!(!heard.contains(private), "{private} was told: {heard}");
    }
}
