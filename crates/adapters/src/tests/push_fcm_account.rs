//! How we show Google who we are: the account's file, the JWT that its key signs, and the tokens that come of it.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use platform::{
    config::{Environment, Settings},
    ports::push::{DevicePlatform, PushSender as _},
};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{
    Mock, ResponseTemplate,
    matchers::{method, path},
};

use super::{
    push::{now, push, requests, said},
    push_fcm::{Google, TOKEN_PATH},
};
use crate::push_fcm::{FcmPush, ServiceAccount};

pub const PROJECT: &str = "skillbuddy-1";
const EMAIL: &str = "push@skillbuddy-1.iam.gserviceaccount.com";

/// A service account with a key of its own.
pub struct Account {
    key: KeyPair,
}

impl Account {
    pub fn new() -> Self {
        Self { key: KeyPair::generate(KeySize::Rsa2048).unwrap() }
    }

    /// The key as it stands in the file, without its frame.
    pub fn secret(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.key.as_der().unwrap();
        STANDARD.encode(der.as_ref())
    }

    /// The file that Google gives for it.
    pub fn json(&self, token_url: &str) -> String {
        let lines: Vec<_> = self
            .secret()
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        let kind = "PRIVATE KEY";
        let pem = format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"));
        json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "key-1",
            "private_key": pem,
            "client_email": EMAIL,
            "client_id": "1",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_url,
            "universe_domain": "googleapis.com",
        })
        .to_string()
    }

    /// What a JWT says, if this account signed it.
    fn claims(&self, jwt: &str) -> Value {
        let mut validation = Validation::new(Algorithm::RS256);
        // The clock of the test stands still; what it says is compared below.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let key = DecodingKey::from_rsa_der(self.key.public_key().as_ref());
        let token = jsonwebtoken::decode::<Value>(jwt, &key, &validation).unwrap();
        assert_eq!((token.header.kid.as_deref(), token.header.typ.as_deref()), (Some("key-1"), Some("JWT")));
        token.claims
    }
}

async fn send(sender: &FcmPush) -> String {
    said(sender.send(push(DevicePlatform::Android, "device")).await)
}

#[tokio::test]
async fn a_token_is_asked_for_as_google_documents_it() {
    let google = Google::start().await;
    google.takes(1).await;
    google.sender().send(push(DevicePlatform::Android, "device")).await.unwrap();
    let request = requests(&google.server, TOKEN_PATH).await.pop().unwrap();
    assert_eq!(request.method, "POST");
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    assert!(!request.headers.contains_key("authorization"));
    let form: Vec<(String, String)> = serde_html_form::from_bytes(&request.body).unwrap();
    let [(grant, grant_type), (name, jwt)] = form.try_into().unwrap();
    assert_eq!((&*grant, &*grant_type), ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"));
    assert_eq!(name, "assertion");
    let issued = now().timestamp().as_second();
    let expected = json!({
        "iss": EMAIL,
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
        "aud": format!("{}{TOKEN_PATH}", google.server.uri()),
        "iat": issued,
        "exp": issued + 3600,
    });
    assert_eq!(google.account.claims(&jwt), expected);
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_it_ends() {
    let google = Google::start().await;
    for token in [1, 2] {
        google.takes(token).await;
    }
    let sender = google.sender();
    let taken = "taken as projects/skillbuddy-1/messages/1";
    for (seconds, asked) in [(0, 1), (3599 - 300 - 1, 1), (1, 2), (60, 2)] {
        google.clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(send(&sender).await, taken);
        assert_eq!(google.asked_for_tokens().await, asked, "after {seconds} s more");
    }
}

#[tokio::test]
async fn callers_at_once_cost_one_question() {
    let google = Google::start().await;
    google.takes(1).await;
    let sender = Arc::new(google.sender());
    let calls = (0..50).map(|_| {
        let sender = sender.clone();
        tokio::spawn(async move { sender.send(push(DevicePlatform::Web, "device")).await.unwrap() })
    });
    for call in join_all(calls).await {
        call.unwrap();
    }
    assert_eq!(google.asked_for_tokens().await, 1);
}

#[rstest]
#[case(500, "<html>", "in 60 s")]
#[case(429, "", "in 60 s")]
#[case(
    400,
    r#"{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}"#,
    "Google gives no access token: status 400, code invalid_grant"
)]
#[case(401, "ya29", "Google gives no access token: status 401, code ")]
#[case(200, r#"{"access_token": "ya29"}"#, "Google's answer holds no access token")]
#[tokio::test]
async fn without_a_token_google_is_left_alone_for_a_moment(
    #[case] status: u16,
    #[case] body: &str,
    #[case] expected: &str,
) {
    let google = Google::start().await;
    google.server.reset().await;
    let refusal = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(method("POST")).and(path(TOKEN_PATH)).respond_with(refusal).mount(&google.server).await;
    let sender = google.sender();
    assert_eq!(send(&sender).await, expected);
    assert_eq!(send(&sender).await, "in 5 s");
    assert_eq!(google.asked_for_tokens().await, 1);
    google.clock.advance(SignedDuration::from_secs(5));
    google.server.reset().await;
    google.gives_tokens().await;
    google.takes(1).await;
    assert_eq!(send(&sender).await, "taken as projects/skillbuddy-1/messages/1");
}

fn account(setting: &str, environment: Environment) -> Result<bool, String> {
    let settings = Settings::for_tests(&["--fcm-service-account", setting]);
    let account = ServiceAccount::from_settings(&settings.push, environment);
    account.map(|account| account.is_some()).map_err(|error| format!("{error:#}"))
}

#[test]
fn the_account_is_a_file_or_stands_in_the_setting() {
    let json = Account::new().json("https://oauth2.googleapis.com/token");
    assert_eq!(account(&json, Environment::Production), Ok(true));
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("account.json");
    std::fs::write(&file, json).unwrap();
    assert_eq!(account(file.to_str().unwrap(), Environment::Production), Ok(true));
}

#[test]
fn a_wrong_account_is_named_and_not_told() {
    let json = Account::new().json("https://oauth2.googleapis.com/token");
    let with = |name: &str, value: &str| {
        let mut file: Value = serde_json::from_str(&json).unwrap();
        file[name] = json!(value);
        file.to_string()
    };
    let whole: Value = serde_json::from_str(&json).unwrap();
    let lines: Vec<_> = whole["private_key"].as_str().unwrap().lines().collect();
    let with_line = |other: &str| [&lines[..5], &[other], &lines[6..]].concat().join("\n");
    for (setting, sentence) in [
        ("/no/such/file".to_owned(), "the file of FCM_SERVICE_ACCOUNT cannot be read"),
        ("{}".to_owned(), "FCM_SERVICE_ACCOUNT is not the JSON key file"),
        (with("type", "authorized_user"), "FCM_SERVICE_ACCOUNT is not the JSON key file"),
        (with("project_id", "../x"), "FCM_SERVICE_ACCOUNT has a project_id that is none"),
        (with("private_key", "SECRET"), "FCM_SERVICE_ACCOUNT has a private_key that is none"),
        (with("private_key", &with_line("")), "FCM_SERVICE_ACCOUNT has a private_key that is none"),
        (
            with("private_key", &with_line(&"A".repeat(64))),
            "the private_key of FCM_SERVICE_ACCOUNT cannot sign",
        ),
        (
            with("token_uri", "http://tokens.example.com"),
            "token_uri of FCM_SERVICE_ACCOUNT must begin with https://",
        ),
    ] {
        let error = account(&setting, Environment::Production).unwrap_err();
        assert!(error.starts_with(sentence) && !error.contains("SECRET"), "{error}");
    }
}
