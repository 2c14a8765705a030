//! Id tokens, against oauth2-mock-server: it publishes real keys by discovery and signs whatever we ask for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::{
    config::Settings,
    error::{ApiResult, Kind},
    ports::social::{SocialIdentity, SocialProvider, SocialToken, SocialVerifier},
    time::Instant,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::programs::Program;
use crate::{outbound, social::Issuers};

/// The present of these tests; the machine's own clock is never asked.
const NOW: i64 = 1_772_442_000;
/// What the app asks for a token with.
const NONCE: Option<&str> = Some("n-0S6_WzA2Mj");

fn at(seconds: i64) -> Instant {
    Instant::from_micros(seconds * 1_000_000).unwrap()
}

/// An OpenID provider that plays Google, Apple and Facebook at once, and our apps there.
struct Issuer {
    server: Program,
    verifier: Issuers,
    /// What the first key looks like to everybody.
    published: Value,
}

impl Issuer {
    async fn start() -> Self {
        let mut server = Program::oidc().await;
        let published = generate(&mut server, "RS256", "first").await;
        let url = server.url();
        let settings = Settings::for_tests(&[
            "--google-client-ids",
            "our-ios-app, our-android-app",
            "--google-issuer",
            &url,
            "--apple-client-ids",
            "our-ios-app",
            "--apple-issuer",
            &url,
            "--facebook-app-ids",
            "our-ios-app",
            "--facebook-issuer",
            &url,
        ]);
        let client = outbound::client().unwrap();
        let verifier = Issuers::new(&settings.social, settings.http.environment, &client).unwrap();
        Self { server, verifier, published }
    }

    /// Claims that are right, for tests to make wrong.
    fn claims(&self, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.server.url(), "aud": "our-ios-app", "sub": "1234567890", "iat": NOW - 10, "exp": NOW + 3600,
            "nonce": "n-0S6_WzA2Mj", "email": "max@example.com", "email_verified": true, "name": "Max Mustermann",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        // Null stands for a claim that is not there.
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    async fn token(&mut self, changes: Value) -> String {
        self.signed("first", &changes, false).await
    }

    async fn signed(&mut self, kid: &str, changes: &Value, elsewhere: bool) -> String {
        let claims = self.claims(changes);
        let command = json!({"sign": {"kid": kid, "claims": claims, "elsewhere": elsewhere}});
        serde_json::from_str(&self.server.ask(&command.to_string()).await).unwrap()
    }

    async fn verify(&self, token: &str) -> ApiResult<SocialIdentity> {
        self.verify_at(SocialProvider::Google, token, NONCE, at(NOW)).await
    }

    async fn verify_at(
        &self,
        provider: SocialProvider,
        token: &str,
        nonce: Option<&str>,
        now: Instant,
    ) -> ApiResult<SocialIdentity> {
        let token = SocialToken::IdToken { token: token.to_owned(), nonce: nonce.map(str::to_owned) };
        self.verifier.verify(provider, &token, now).await
    }
}

async fn generate(server: &mut Program, alg: &str, kid: &str) -> Value {
    let command = json!({"generate": {"alg": alg, "kid": kid}});
    serde_json::from_str(&server.ask(&command.to_string()).await).unwrap()
}

#[track_caller]
fn assert_invalid(verified: ApiResult<SocialIdentity>) {
    let error = verified.expect_err("a refusal");
    assert_eq!((error.kind(), error.code()), (Kind::Unauthenticated, "social_token_invalid"), "{error:?}");
}

#[rstest]
#[case(SocialProvider::Google)]
#[case(SocialProvider::Apple)]
#[case(SocialProvider::Facebook)]
#[tokio::test]
async fn a_good_token_names_the_person(#[case] provider: SocialProvider) {
    let mut issuer = Issuer::start().await;
    let token = issuer.token(json!({})).await;
    let identity = issuer.verify_at(provider, &token, Some("n-0S6_WzA2Mj"), at(NOW)).await.unwrap();
    let expected = SocialIdentity {
        provider,
        subject: "1234567890".into(),
        email: Some("max@example.com".into()),
        is_email_verified: true,
        name: Some("Max Mustermann".into()),
        // As long as it could be shown once more.
        token_expires_at: at(NOW + 3630),
    };
    assert_eq!(identity, expected);
}

#[tokio::test]
async fn claims_that_are_good_in_other_forms_are_taken() {
    let mut issuer = Issuer::start().await;
    for (changes, is_verified) in [
        (json!({"aud": "our-android-app"}), true),
        (json!({"aud": ["our-ios-app", "our-android-app"], "azp": "our-ios-app"}), true),
        (json!({"azp": "our-android-app"}), true),
        (json!({"nbf": NOW + 29, "iat": NOW + 29}), true),
        (json!({"exp": NOW - 29}), true),
        (json!({"email_verified": "true"}), true),
        (json!({"email_verified": "false"}), false),
        (json!({"email_verified": false}), false),
        (json!({"email_verified": null}), false),
        (json!({"email": null}), false),
        (json!({"email": " max@example.com\n"}), true),
        (json!({"email": "not an address"}), false),
        (json!({"name": "Max\u{0}imilian", "name_2": [1]}), true),
    ] {
        let token = issuer.token(changes.clone()).await;
        let identity = issuer.verify(&token).await.unwrap_or_else(|e| panic!("{changes}: {e:?}"));
        assert_eq!(identity.is_email_verified, is_verified, "{changes}");
        assert!(!identity.name.unwrap_or_default().contains('\0'));
    }
}

#[tokio::test]
async fn claims_that_are_wrong_are_refused() {
    let mut issuer = Issuer::start().await;
    for changes in [
        json!({"aud": "another-app"}),
        json!({"aud": ["our-ios-app", "another-app"]}),
        json!({"aud": ["our-ios-app", "another-app"], "azp": "our-ios-app"}),
        json!({"aud": ["our-ios-app", "our-android-app"]}),
        json!({"azp": "another-app"}),
        json!({"azp": ""}),
        json!({"azp": ["our-ios-app"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"iss": "https://accounts.google.com"}),
        json!({"iss": format!("{}/", issuer.server.url())}),
        json!({"iss": null}),
        json!({"exp": NOW - 30}),
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"exp": -1}),
        json!({"iat": NOW + 31}),
        json!({"iat": null}),
        json!({"nbf": NOW + 31}),
        json!({"sub": ""}),
        json!({"sub": "a b"}),
        json!({"sub": "x\u{0}"}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": null}),
        json!({"sub": 5}),
    ] {
        let token = issuer.token(changes.clone()).await;
        let verified = issuer.verify(&token).await;
        assert!(verified.is_err(), "{changes}");
        assert_invalid(verified);
    }
}

#[tokio::test]
async fn the_time_that_is_given_decides() {
    let mut issuer = Issuer::start().await;
    let token = issuer.token(json!({})).await;
    for (now, holds) in [(NOW - 41, false), (NOW - 40, true), (NOW + 3629, true), (NOW + 3630, false)] {
        let verified = issuer.verify_at(SocialProvider::Google, &token, NONCE, at(now)).await;
        assert_eq!(verified.is_ok(), holds, "{}", now - NOW);
    }
}

#[tokio::test]
async fn the_nonce_must_be_the_one_of_this_sign_in_or_its_hash() {
    let mut issuer = Issuer::start().await;
    // What `printf %s n-0S6_WzA2Mj | sha256sum` says.
    let hashed = "0823a09b54cb9381561068b00aaf4e539b3f54604631d3e6a820879b6b04cc19";
    for (claimed, given, holds) in [
        (NONCE, NONCE, true),
        (Some(hashed), NONCE, true),
        (NONCE, Some(hashed), false),
        (NONCE, Some("another"), false),
        (NONCE, Some(""), false),
        (None, NONCE, false),
        // A token that was asked for with a nonce is good for nobody who does not know it.
        (NONCE, None, false),
        (Some(hashed), None, false),
        (Some(""), None, false),
        (None, None, true),
    ] {
        let token = issuer.token(json!({"nonce": claimed})).await;
        let verified = issuer.verify_at(SocialProvider::Apple, &token, given, at(NOW)).await;
        assert_eq!(verified.is_ok(), holds, "{claimed:?} {given:?}");
    }
}

#[tokio::test]
async fn a_token_signed_with_another_key_of_the_same_name_is_refused() {
    let mut issuer = Issuer::start().await;
    let forged = issuer.signed("first", &json!({}), true).await;
    assert_invalid(issuer.verify(&forged).await);
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let mut issuer = Issuer::start().await;
    let token = issuer.token(json!({})).await;
    let parts: Vec<_> = token.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(issuer.claims(&json!({"sub": "another"})).to_string());
    for changed in [
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}x"),
        format!("{token}.{}", parts[2]),
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        "ä".repeat(3),
        format!("{}{token}", "x".repeat(16 * 1024)),
    ] {
        assert_invalid(issuer.verify(&changed).await);
    }
}

#[tokio::test]
async fn the_token_does_not_choose_how_it_is_checked() {
    let mut issuer = Issuer::start().await;
    // From here on the keys are in memory.
    let good = issuer.token(json!({})).await;
    issuer.verify(&good).await.unwrap();
    let claims = issuer.claims(&json!({}));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for alg in ["none", "None", "NONE", ""] {
        let header = encode(&json!({"alg": alg, "kid": "first", "typ": "JWT"}));
        assert_invalid(issuer.verify(&format!("{header}.{}.", encode(&claims))).await);
        assert_invalid(issuer.verify(&format!("{header}.{}.c2ln", encode(&claims))).await);
    }
    // The published key as a shared secret, in the forms that libraries have fallen for.
    let modulus = issuer.published["n"].as_str().unwrap().to_owned();
    let forms = [
        modulus.clone().into_bytes(),
        URL_SAFE_NO_PAD.decode(&modulus).unwrap(),
        issuer.published.to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in forms {
        for alg in [Algorithm::HS256, Algorithm::HS512] {
            let mut header = Header::new(alg);
            header.kid = Some("first".into());
            let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
            assert_invalid(issuer.verify(&forged).await);
        }
    }
    // Signed by the issuer, but with an extension that must be understood.
    let command =
        json!({"sign": {"kid": "first", "claims": claims, "header": {"b64": true, "crit": ["b64"]}}});
    let token: String = serde_json::from_str(&issuer.server.ask(&command.to_string()).await).unwrap();
    assert_invalid(issuer.verify(&token).await);
    // Strong, but not among those that the three issuers use, whether or not the key is said to be for it.
    let mut now = NOW;
    for alg in ["RS512", "PS256", "ES384", "EdDSA"] {
        for kid in [format!("named-{alg}"), format!("bare-{alg}")] {
            generate(&mut issuer.server, alg, &kid).await;
            let token = issuer.signed(&kid, &json!({}), false).await;
            now += 31;
            assert_invalid(issuer.verify_at(SocialProvider::Google, &token, NONCE, at(now)).await);
        }
    }
}

#[tokio::test]
async fn a_key_need_not_say_what_it_is_for() {
    let mut issuer = Issuer::start().await;
    generate(&mut issuer.server, "RS256", "bare").await;
    let token = issuer.signed("bare", &json!({}), false).await;
    issuer.verify(&token).await.unwrap();
}

#[tokio::test]
async fn elliptic_curve_keys_are_taken_too() {
    let mut issuer = Issuer::start().await;
    generate(&mut issuer.server, "ES256", "curve").await;
    let token = issuer.signed("curve", &json!({}), false).await;
    issuer.verify(&token).await.unwrap();
    // A header that names the key of another family.
    let parts: Vec<_> = token.split('.').collect();
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "ES256", "kid": "first"}).to_string());
    assert_invalid(issuer.verify(&format!("{header}.{}.{}", parts[1], parts[2])).await);
}

#[tokio::test]
async fn a_new_key_is_found_when_a_token_names_it() {
    let mut issuer = Issuer::start().await;
    let old = issuer.token(json!({})).await;
    issuer.verify(&old).await.unwrap();
    generate(&mut issuer.server, "RS256", "second").await;
    let new = issuer.signed("second", &json!({}), false).await;
    // We have just asked.
    assert_invalid(issuer.verify(&new).await);
    let later = at(NOW + 30);
    issuer.verify_at(SocialProvider::Google, &new, NONCE, later).await.unwrap();
    issuer.verify_at(SocialProvider::Google, &old, NONCE, later).await.unwrap();
}

#[tokio::test]
async fn an_issuer_that_is_down_is_not_the_tokens_fault() {
    let mut issuer = Issuer::start().await;
    let token = issuer.token(json!({})).await;
    let Issuer { server, verifier, .. } = issuer;
    drop(server);
    let token = SocialToken::IdToken { token, nonce: None };
    let error = verifier.verify(SocialProvider::Google, &token, at(NOW)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "unavailable"));
}

#[tokio::test]
async fn what_is_not_configured_is_said_to_be_unavailable() {
    let settings = Settings::for_tests(&["--facebook-app-ids", "5", "--google-client-ids", ""]);
    let client = outbound::client().unwrap();
    let verifier = Issuers::new(&settings.social, settings.http.environment, &client).unwrap();
    let id_token = SocialToken::IdToken { token: "a.b.c".into(), nonce: None };
    let access_token = SocialToken::AccessToken("token".into());
    for (provider, token) in [
        (SocialProvider::Google, &id_token),
        (SocialProvider::Apple, &id_token),
        // Limited login needs no secret, classic login does.
        (SocialProvider::Facebook, &access_token),
    ] {
        let error = verifier.verify(provider, token, at(NOW)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (Kind::Invalid, "social_provider_unavailable"),
            "{provider}"
        );
    }
}

#[tokio::test]
async fn access_tokens_are_for_facebook_only() {
    let issuer = Issuer::start().await;
    for provider in [SocialProvider::Google, SocialProvider::Apple] {
        let token = SocialToken::AccessToken("token".into());
        assert_invalid(issuer.verifier.verify(provider, &token, at(NOW)).await);
    }
}
