//! OneSignal, against a stub of ours that knows the shape of its reference.

use platform::{
    config::Settings,
    ports::push::{DevicePlatform, Push, PushSender as _},
    testing::Log,
};
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

use super::push::{clock, push, requests, said, silent, sized};
use crate::{
    outbound,
    push_onesignal::{OneSignalApp, OneSignalPush},
};

const APP: &str = "8250eaf6-1a58-489e-b136-7c74a864b434";
const DEVICE: &str = "1dd608f2-c6a1-11e3-851d-000c2940e62c";
const KEY: &str = "os_v2_app_secret";

/// What the reference says of a push, as far as we use it: a field that is not in it fails.
#[expect(dead_code, reason = "it is read for its shape")]
mod documented {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Notification {
        app_id: String,
        target_channel: Channel,
        pub include_subscription_ids: Vec<String>,
        headings: Option<BTreeMap<String, String>>,
        pub contents: Option<BTreeMap<String, String>>,
        content_available: Option<bool>,
        pub data: BTreeMap<String, String>,
        collapse_id: Option<String>,
        web_push_topic: Option<String>,
        priority: u8,
        #[serde(rename = "ios_badgeType")]
        ios_badge_type: Option<BadgeType>,
        #[serde(rename = "ios_badgeCount")]
        ios_badge_count: Option<u32>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Channel {
        Push,
    }

    #[derive(Deserialize)]
    enum BadgeType {
        SetTo,
    }
}

fn onesignal(url: &str) -> OneSignalPush {
    let args = ["--onesignal-app-id", APP, "--onesignal-api-key", KEY, "--onesignal-url", url];
    let settings = Settings::for_tests(&args);
    let app = OneSignalApp::from_settings(&settings.push, settings.http.environment).unwrap().unwrap();
    OneSignalPush::new(app, outbound::client().unwrap(), clock())
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/notifications"))
        .and(header("authorization", format!("Key {KEY}")))
        .and(header("content-type", "application/json"))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

fn created() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"id": "n-1", "external_id": null}))
}

#[tokio::test]
async fn a_push_is_posted_as_onesignal_wants_it() {
    let server = answering(created()).await;
    let sender = onesignal(&server.uri());
    let without_body = Push { body: String::new(), ..push(DevicePlatform::Web, DEVICE) };
    let long_key = Push { collapse_key: Some("k".repeat(65)), ..push(DevicePlatform::Ios, DEVICE) };
    for push in
        [push(DevicePlatform::Android, DEVICE), silent(DevicePlatform::Ios, DEVICE), without_body, long_key]
    {
        assert_eq!(said(sender.send(push).await), "taken as n-1");
    }
    let requests = requests(&server, "/notifications").await;
    let bodies: Vec<Value> = requests.iter().map(|request| request.body_json().unwrap()).collect();
    for body in &bodies {
        let shape = serde_json::from_value::<documented::Notification>(body.clone());
        assert_eq!(shape.unwrap_or_else(|e| panic!("{e}: {body:#}")).include_subscription_ids, [DEVICE]);
    }
    insta::assert_json_snapshot!(bodies);
}

#[tokio::test]
async fn a_body_is_shortened_so_far_that_the_message_can_be_sent() {
    let server = answering(created()).await;
    let sender = onesignal(&server.uri());
    sender.send(sized(DEVICE, "wort ".repeat(3000), 100)).await.unwrap();
    let request = requests(&server, "/notifications").await.pop().unwrap();
    assert!((4000..=4096).contains(&request.body.len()), "{}", request.body.len());
    let sent: documented::Notification = request.body_json().unwrap();
    assert!(sent.contents.unwrap()["en"].ends_with("wort…") && sent.data["route"].len() == 100);
}

#[rstest]
#[case::unknown(200, json!({"id": "", "errors": {"invalid_player_ids": [DEVICE]}}), "gone")]
#[case::unknown_by_its_new_name(200, json!({"errors": {"invalid_subscription_ids": [DEVICE]}}), "gone")]
#[case::switched_off(
    200, json!({"id": "", "recipients": 0, "errors": ["All included players are not subscribed"]}), "gone"
)]
#[case::nothing(200, json!({"id": "", "errors": {"invalid_player_ids": []}}), "refused: OneSignal made nothing of it")]
#[case::taken(200, json!({"id": "n-1", "errors": {"invalid_aliases": {}}}), "taken as n-1")]
#[case::empty(200, json!({}), "OneSignal's answer makes no sense")]
#[case::senseless_success(200, json!("<html>"), "OneSignal's answer makes no sense")]
#[case::bad(400, json!({"errors": ["Max möchte is not in English"]}), "refused: status 400")]
#[case::wrong_key(403, json!({"errors": ["os_v2_app_secret"]}), "OneSignal does not take the message: status 403")]
#[case::redirect(307, json!({}), "OneSignal does not take the message: status 307")]
#[case::quota(429, json!({}), "in 60 s")]
#[case::broken(503, json!("<html>"), "in 60 s")]
#[tokio::test]
async fn an_answer_says_what_came_of_it(#[case] status: u16, #[case] body: Value, #[case] expected: &str) {
    let (log, _logging) = Log::start("adapters=trace");
    let server = answering(ResponseTemplate::new(status).set_body_json(body)).await;
    assert_eq!(said(onesignal(&server.uri()).send(push(DevicePlatform::Ios, DEVICE)).await), expected);
    assert!(!log.text().contains("möchte") && !log.text().contains(KEY) && !log.text().contains(DEVICE));
}

#[tokio::test]
async fn a_busy_service_is_asked_again_when_it_says() {
    let server = answering(ResponseTemplate::new(429).insert_header("retry-after", "7")).await;
    assert_eq!(said(onesignal(&server.uri()).send(push(DevicePlatform::Ios, DEVICE)).await), "in 7 s");
}

#[tokio::test]
async fn a_token_that_is_no_subscription_is_not_asked_about() {
    let server = answering(created()).await;
    for token in ["fcm:token", "", "1dd608f2c6a111e3851d000c2940e62c", "1dd608f2-c6a1-11e3-851d-000c2940e62g"]
    {
        let outcome = onesignal(&server.uri()).send(push(DevicePlatform::Ios, token)).await;
        assert_eq!(said(outcome), "gone");
    }
    assert!(requests(&server, "/notifications").await.is_empty());
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_an_error() {
    let said = said(onesignal("http://127.0.0.1:1").send(push(DevicePlatform::Ios, DEVICE)).await);
    assert!(said.starts_with("OneSignal cannot be reached") && !said.contains(KEY), "{said}");
}

#[test]
fn the_key_is_not_shown_with_the_settings() {
    let settings = Settings::for_tests(&["--onesignal-app-id", APP, "--onesignal-api-key", KEY]);
    assert!(!format!("{settings:?}").contains(KEY));
}
