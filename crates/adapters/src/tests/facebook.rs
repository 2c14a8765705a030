//! Facebook's classic login, against a stub of ours: there is no program that plays the Graph API.

use platform::{
    config::Settings,
    error::{ApiResult, Kind},
    ports::social::{SocialIdentity, SocialProvider, SocialToken, SocialVerifier},
    time::Instant,
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param},
};

use crate::{outbound, social::Issuers};

const NOW: i64 = 1_772_442_000;

/// The Graph API with these two answers, asked about the token `EAAtoken`.
async fn verify(debug: ResponseTemplate, me: ResponseTemplate) -> ApiResult<SocialIdentity> {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/debug_token"))
        .and(query_param("input_token", "EAAtoken"))
        .and(query_param("access_token", "1001|app secret"))
        .respond_with(debug)
        .mount(&server)
        .await;
    // printf %s EAAtoken | openssl dgst -sha256 -hmac 'app secret'
    let proof = "45d01b22e41760765f46f22741a1fd88b32e5298348051854f19e66883ca21bf";
    Mock::given(method("GET"))
        .and(path("/me"))
        .and(query_param("fields", "id,name,email"))
        .and(query_param("access_token", "EAAtoken"))
        .and(query_param("appsecret_proof", proof))
        .respond_with(me)
        .mount(&server)
        .await;
    ask(&server.uri(), "EAAtoken").await
}

async fn ask(url: &str, token: &str) -> ApiResult<SocialIdentity> {
    let settings = Settings::for_tests(&[
        "--facebook-app-ids",
        "1001,1002",
        "--facebook-app-secret",
        "app secret",
        "--facebook-graph-url",
        url,
    ]);
    let verifier =
        Issuers::new(&settings.social, settings.http.environment, &outbound::client().unwrap()).unwrap();
    let now = Instant::from_micros(NOW * 1_000_000).unwrap();
    verifier.verify(SocialProvider::Facebook, &SocialToken::AccessToken(token.into()), now).await
}

fn debug(changes: &Value) -> ResponseTemplate {
    let mut data =
        json!({"app_id": "1001", "type": "USER", "is_valid": true, "expires_at": NOW + 60, "user_id": "77"});
    for (name, value) in changes.as_object().unwrap() {
        data[name] = value.clone();
    }
    ResponseTemplate::new(200).set_body_json(json!({"data": data}))
}

fn me() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"id": "77", "name": "Ada L", "email": "ada@example.com"}))
}

fn failure(status: u16, code: i64) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_json(json!({"error": {"message": "…", "type": "OAuthException", "code": code}}))
}

#[tokio::test]
async fn a_good_token_names_the_person_but_vouches_for_no_address() {
    let expected = SocialIdentity {
        provider: SocialProvider::Facebook,
        subject: "77".into(),
        email: Some("ada@example.com".into()),
        is_email_verified: false,
        name: Some("Ada L".into()),
        token_expires_at: Instant::from_micros((NOW + 60) * 1_000_000).unwrap(),
    };
    for changes in [json!({}), json!({"app_id": "1002"})] {
        assert_eq!(verify(debug(&changes), me()).await.unwrap(), expected, "{changes}");
    }
    // One that never ends is remembered for years.
    let unlimited = verify(debug(&json!({"expires_at": 0})), me()).await.unwrap();
    assert!(unlimited.token_expires_at > expected.token_expires_at);
    assert_eq!(SocialIdentity { token_expires_at: expected.token_expires_at, ..unlimited }, expected);
    let nameless = ResponseTemplate::new(200).set_body_json(json!({"id": "77"}));
    let identity = verify(debug(&json!({})), nameless).await.unwrap();
    assert_eq!((identity.email, identity.name), (None, None));
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused() {
    for changes in [
        json!({"is_valid": false}),
        json!({"is_valid": null, "app_id": null}),
        json!({"app_id": "6666"}),
        json!({"app_id": null}),
        json!({"type": "PAGE"}),
        json!({"type": null}),
        json!({"expires_at": NOW}),
        json!({"expires_at": null}),
        json!({"user_id": "78"}),
        json!({"user_id": null}),
    ] {
        let error = verify(debug(&changes), me()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (Kind::Unauthenticated, "social_token_invalid"),
            "{changes}: {error:?}"
        );
    }
    let error = verify(debug(&json!({})), failure(400, 190)).await.unwrap_err();
    assert_eq!(error.code(), "social_token_invalid");
}

#[tokio::test]
async fn a_text_that_cannot_be_a_token_is_refused_without_asking() {
    let server = MockServer::start().await;
    for token in ["", "a b", "a\nb", "ä", "\0", &"x".repeat(5000)] {
        assert_eq!(ask(&server.uri(), token).await.unwrap_err().code(), "social_token_invalid", "{token:?}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_facebook_that_fails_is_not_the_tokens_fault() {
    let html = ResponseTemplate::new(200).set_body_string("<html>");
    let endless = ResponseTemplate::new(200).set_body_string("x".repeat(1024 * 1024));
    let redirect = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    for (debug, me) in [
        (failure(500, 2), me()),
        (failure(400, 4), me()),
        // Our own app token is wrong.
        (failure(400, 190), me()),
        (html, me()),
        (endless, me()),
        (redirect, me()),
        (debug(&json!({})), failure(400, 4)),
        (debug(&json!({})), failure(503, 190)),
    ] {
        let error = verify(debug, me).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "unavailable"), "{error:?}");
        let words = format!("{error:?}");
        assert!(!words.contains("EAAtoken") && !words.contains("app secret"), "{words}");
    }
    let error = ask("http://127.0.0.1:1", "EAAtoken").await.unwrap_err();
    let words = format!("{error:?}");
    assert!(
        error.kind() == Kind::Unavailable && !words.contains("EAAtoken") && !words.contains("secret"),
        "{words}"
    );
}
