//! How keys are fetched and kept, against a stub of ours: it can count, be late, lie and fall silent.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use platform::time::Instant;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use crate::{outbound, social_keys::IssuerKeys};

fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000).unwrap()
}

/// A public key of 2,048 bits; who has the private half does not matter here.
fn rsa(kid: &str) -> Value {
    json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "e": "AQAB", "n": format!("u{}", "A".repeat(341))})
}

/// An issuer whose answers a test chooses.
struct Stub {
    server: MockServer,
    keys: Arc<IssuerKeys>,
}

impl Stub {
    async fn start() -> Self {
        let server = MockServer::start().await;
        let (url, client) = (server.uri(), outbound::client().unwrap());
        let discovery = format!("{url}/.well-known/openid-configuration");
        let keys = Arc::new(IssuerKeys::new(url.clone(), discovery, client));
        let stub = Self { server, keys };
        stub.discovers(json!({"issuer": url, "jwks_uri": format!("{url}/jwks")})).await;
        stub
    }

    async fn answers(&self, at: &str, template: ResponseTemplate) {
        // The newest answer goes first.
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(template)
            .with_priority(1)
            .mount(&self.server)
            .await;
    }

    async fn discovers(&self, document: Value) {
        self.answers("/.well-known/openid-configuration", ResponseTemplate::new(200).set_body_json(document))
            .await;
    }

    async fn publishes(&self, keys: &[Value], cache_control: &str) {
        let template = ResponseTemplate::new(200).set_body_json(json!({"keys": keys}));
        self.answers("/jwks", template.insert_header("cache-control", cache_control)).await;
    }

    /// Forgets all answers but keeps the address.
    async fn becomes_silent(&self) {
        self.server.reset().await;
    }

    async fn asked(&self) -> usize {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == "/jwks").count()
    }

    /// `Some` when the key was found, `None` when the issuer has none; an error in words.
    async fn find(&self, kid: &str, now: i64) -> Result<Option<()>, String> {
        let found = self.keys.find(kid, Algorithm::RS256, at(now)).await;
        found.map(|key| key.map(|_| ())).map_err(|error| format!("{error:#}"))
    }
}

#[rstest]
#[case::in_between("public, max-age=3600", 3600)]
#[case::too_short("max-age=10", 300)]
#[case::too_long("max-age=31536000", 86400)]
#[case::absent("public", 300)]
#[case::forbidden("no-store, max-age=3600", 300)]
#[case::senseless("max-age=soon", 300)]
#[case::negative("max-age=-5", 300)]
#[case::huge("max-age=99999999999999999999999", 300)]
#[tokio::test]
async fn keys_are_kept_as_long_as_the_issuer_says_within_bounds(#[case] control: &str, #[case] life: i64) {
    let stub = Stub::start().await;
    stub.publishes(&[rsa("a")], control).await;
    for now in [0, 1, life - 1] {
        assert_eq!(stub.find("a", now).await, Ok(Some(())));
        assert_eq!(stub.asked().await, 1);
    }
    assert_eq!(stub.find("a", life).await, Ok(Some(())));
    assert_eq!(stub.asked().await, 2);
}

#[tokio::test]
async fn unknown_keys_make_us_ask_once_in_thirty_seconds() {
    let stub = Stub::start().await;
    stub.publishes(&[rsa("a")], "max-age=86400").await;
    assert_eq!(stub.find("a", 1000).await, Ok(Some(())));
    for now in 1000..1030 {
        assert_eq!(stub.find(&format!("made-up-{now}"), now).await, Ok(None));
    }
    assert_eq!(stub.asked().await, 1);
    for now in 1030..1060 {
        assert_eq!(stub.find(&format!("made-up-{now}"), now).await, Ok(None));
    }
    assert_eq!(stub.asked().await, 2);
}

#[tokio::test]
async fn callers_at_once_cost_one_question() {
    let stub = Stub::start().await;
    stub.publishes(&[rsa("a")], "").await;
    let calls = (0..50).map(|_| {
        let keys = stub.keys.clone();
        tokio::spawn(async move { keys.find("a", Algorithm::RS256, at(0)).await.unwrap().is_some() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert_eq!(stub.asked().await, 1);
}

#[tokio::test]
async fn an_issuer_that_fails_is_left_alone_for_a_moment_and_then_asked_again() {
    let stub = Stub::start().await;
    stub.answers("/jwks", ResponseTemplate::new(500)).await;
    assert!(stub.find("a", 0).await.is_err());
    assert!(stub.find("a", 4).await.is_err());
    assert_eq!(stub.asked().await, 1);
    stub.becomes_silent().await;
    let url = stub.server.uri();
    stub.discovers(json!({"issuer": url, "jwks_uri": format!("{url}/jwks")})).await;
    stub.publishes(&[rsa("a")], "").await;
    assert_eq!(stub.find("a", 5).await, Ok(Some(())));
}

#[tokio::test]
async fn an_issuer_that_fails_does_not_take_its_good_keys_away() {
    let stub = Stub::start().await;
    stub.publishes(&[rsa("a")], "max-age=600").await;
    assert_eq!(stub.find("a", 0).await, Ok(Some(())));
    stub.becomes_silent().await;
    // An unknown key could be new, so this is not the token's fault; and the question is not repeated at once.
    assert!(stub.find("b", 30).await.is_err());
    assert!(stub.find("b", 31).await.is_err());
    assert_eq!(stub.find("a", 599).await, Ok(Some(())));
    assert!(stub.find("a", 600).await.is_err(), "keys are not trusted beyond their time");
}

#[tokio::test]
async fn keys_that_we_cannot_use_hide_no_others() {
    let stub = Stub::start().await;
    let unusable = [
        json!({"kty": "new", "kid": "a"}),
        json!("not an object"),
        json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"}),
        json!({"kty": "RSA", "kid": "a", "use": "enc", "e": "AQAB", "n": "uAAA"}),
        json!({"kty": "RSA", "kid": "a", "alg": "RS512", "e": "AQAB", "n": "uAAA"}),
        json!({"kty": "RSA", "e": "AQAB", "n": "uAAA"}),
    ];
    stub.publishes(&[&unusable[..], &[rsa("b")]].concat(), "").await;
    assert_eq!(stub.find("a", 0).await, Ok(None));
    assert_eq!(stub.find("b", 0).await, Ok(Some(())));
}

#[tokio::test]
async fn answers_that_are_wrong_are_not_believed() {
    let redirect = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    let too_large =
        ResponseTemplate::new(200).set_body_string(format!("{{\"keys\":[{}1]}}", "1,".repeat(256 * 1024)));
    for (template, said) in [
        (redirect, "answers 302"),
        (too_large, "larger than"),
        (ResponseTemplate::new(404), "answers 404"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "not what OpenID Connect Discovery says"),
        (ResponseTemplate::new(200).set_body_json(json!({"keys": []})), "no key that we can use"),
        (
            ResponseTemplate::new(200).set_body_json(json!({"keys": {}})),
            "not what OpenID Connect Discovery says",
        ),
    ] {
        let stub = Stub::start().await;
        stub.answers("/jwks", template).await;
        let error = stub.find("a", 0).await.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[rstest]
#[case(json!({"issuer": "https://accounts.google.com", "jwks_uri": "https://example.com/jwks"}), "names another issuer")]
#[case(json!({"issuer": "$url", "jwks_uri": "file:///etc/passwd"}), "is not https")]
#[case(json!({"issuer": "$url", "jwks_uri": "jwks"}), "is not a URL")]
#[case(json!({"issuer": "$url"}), "not what OpenID Connect Discovery says")]
#[tokio::test]
async fn a_discovery_document_that_is_wrong_is_not_believed(#[case] document: Value, #[case] said: &str) {
    let stub = Stub::start().await;
    stub.becomes_silent().await;
    let document = document.to_string().replace("$url", &stub.server.uri());
    stub.discovers(serde_json::from_str(&document).unwrap()).await;
    let error = stub.find("a", 0).await.unwrap_err();
    assert!(error.contains(said), "{error}");
}
