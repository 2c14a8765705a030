//! Access tokens: what they say, what is refused, what is remembered.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::{auth::Authenticator as _, bus::Signal};
use serde_json::{Value, json};

use super::*;
use crate::{keys, listen, rotate};

/// The two readable parts of a token.
fn parts(token: &str) -> (Value, Value) {
    let part =
        |i: usize| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(i).unwrap()).unwrap());
    (part(0).unwrap(), part(1).unwrap())
}

fn without_end(token: &str, length: usize) -> &str {
    token.split_at(token.len() - length).0
}

/// The private half of the key that signs now.
async fn private_key(w: &World) -> Vec<u8> {
    let mut db = w.t.app.db.acquire().await.unwrap();
    let key = crate::store::keys::newest(&mut db).await.unwrap().unwrap();
    w.t.app.secrets.open(&key.sealed).unwrap()
}

fn signed(header: &Value, claims: &Value, key: &Ed25519KeyPair) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes())))
}

#[tokio::test]
async fn a_token_names_user_session_and_roles_and_is_signed_by_a_published_key() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let (header, claims) = parts(&ada.access);
    let keys = w.t.anonymous().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(header, json!({"typ": "at+jwt", "alg": "EdDSA", "kid": keys["keys"][0]["kid"]}));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("http://localhost:8000"), &json!("skillbuddy")));
    assert_eq!((&claims["sub"], &claims["roles"]), (&json!(ada.id.to_string()), &json!(["customer"])));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    let names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "roles", "sid", "sub"]);
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_audience(&["skillbuddy"]);
    jsonwebtoken::decode::<Value>(
        &ada.access,
        &jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap(),
        &validation,
    )
    .unwrap();
    let tag = keys.header("etag").to_owned();
    assert!(!tag.is_empty());
    w.t.anonymous().with("if-none-match", &tag).get("/.well-known/jwks.json").await.expect(304);
}

#[tokio::test]
async fn a_token_lives_fifteen_minutes() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.advance(SignedDuration::from_secs(899));
    ada.client.get("/auth/current-user/").await.expect(200);
    w.t.advance(SignedDuration::from_secs(1));
    // Remembered, and then not.
    ada.client.get("/auth/current-user/").await.refused(401, "token_expired");
    w.tokens.forget(&Signal::Resync);
    let refused = ada.client.get("/auth/current-user/").await.refused(401, "token_expired");
    assert!(refused.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let (header, claims) = parts(&ada.access);
    let ours = Ed25519KeyPair::from_pkcs8(&private_key(&w).await).unwrap();
    let theirs =
        Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref())
            .unwrap();
    let with = |value: &Value, name: &str, new: Value| {
        let mut value = value.clone();
        value[name] = new;
        value
    };
    let without = |value: &Value, name: &str| {
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(name);
        value
    };
    // What is built here by hand is accepted where nothing is wrong with it.
    w.t.anonymous().with_token(&signed(&header, &claims, &ours)).get("/auth/current-user/").await.expect(200);

    let public = ours.public_key().as_ref();
    let hmac = |key: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = Some(parts(&ada.access).0["kid"].as_str().unwrap().into());
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key)).unwrap()
    };
    let none = |alg: &str| {
        let header = with(&header, "alg", alg.into());
        format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        )
    };
    let x = URL_SAFE_NO_PAD.encode(theirs.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA"});
    let their_header = without(&with(&header, "jwk", jwk), "kid");
    let tampered = {
        let swapped = URL_SAFE_NO_PAD
            .encode(with(&claims, "sub", json!("019b76da-a800-7000-8000-000000000009")).to_string());
        let mut pieces = ada.access.split('.');
        format!("{}.{swapped}.{}", pieces.next().unwrap(), pieces.nth(1).unwrap())
    };
    let last = if ada.access.ends_with('A') { "Q" } else { "A" };
    for (what, token) in [
        ("alg none", none("none")),
        ("alg None", none("None")),
        ("HS256 with the public key", hmac(public)),
        ("HS256 with the public key as text", hmac(URL_SAFE_NO_PAD.encode(public).as_bytes())),
        ("unknown kid", signed(&with(&header, "kid", "0123456789abcdef".into()), &claims, &ours)),
        ("kid that is a path", signed(&with(&header, "kid", "../../dev/null".into()), &claims, &ours)),
        ("kid that is SQL", signed(&with(&header, "kid", "' or 1=1 --".into()), &claims, &ours)),
        ("no kid", signed(&without(&header, "kid"), &claims, &ours)),
        ("another key under our kid", signed(&header, &claims, &theirs)),
        ("its own key along", signed(&their_header, &claims, &theirs)),
        (
            "its own key along, our kid",
            signed(&with(&their_header, "kid", header["kid"].clone()), &claims, &theirs),
        ),
        (
            "a key elsewhere",
            signed(&with(&header, "jku", "https://evil.example/keys".into()), &claims, &theirs),
        ),
        ("unknown critical header", signed(&with(&header, "crit", json!(["b64"])), &claims, &ours)),
        ("typ JWT", signed(&with(&header, "typ", "JWT".into()), &claims, &ours)),
        ("no typ", signed(&without(&header, "typ"), &claims, &ours)),
        ("another audience", signed(&header, &with(&claims, "aud", "other".into()), &ours)),
        ("no audience", signed(&header, &without(&claims, "aud"), &ours)),
        ("another issuer", signed(&header, &with(&claims, "iss", "https://evil.example".into()), &ours)),
        ("no issuer", signed(&header, &without(&claims, "iss"), &ours)),
        ("no end", signed(&header, &without(&claims, "exp"), &ours)),
        ("an end beyond time", signed(&header, &with(&claims, "exp", json!(i64::MAX)), &ours)),
        ("no person", signed(&header, &without(&claims, "sub"), &ours)),
        ("no session", signed(&header, &without(&claims, "sid"), &ours)),
        ("changed claims", tampered),
        ("truncated", without_end(&ada.access, 10).to_owned()),
        ("a changed signature", format!("{}{last}", without_end(&ada.access, 2))),
        ("no signature", ada.access.rsplit_once('.').unwrap().0.to_owned()),
        ("a fourth part", format!("{}.x", ada.access)),
        ("a refresh token", ada.refresh.clone()),
        ("nothing", String::new()),
        ("very long", "x".repeat(7000)),
    ] {
        let answer = w.t.anonymous().with_token(&token).get("/auth/current-user/").await;
        assert_eq!((answer.status.as_u16(), answer["code"].as_str()), (401, Some("token_invalid")), "{what}");
    }
    let expired = signed(&header, &with(&claims, "exp", claims["iat"].clone()), &ours);
    w.t.anonymous().with_token(&expired).get("/auth/current-user/").await.refused(401, "token_expired");
    // A good signature does not open the session of somebody else.
    let eve = w.sign_up("Eve").await;
    let (_, eves) = parts(&eve.access);
    let mixed = signed(&header, &with(&claims, "sid", eves["sid"].clone()), &ours);
    w.t.anonymous().with_token(&mixed).get("/auth/current-user/").await.refused(401, "session_ended");
}

#[tokio::test]
async fn after_its_first_use_a_token_costs_neither_signature_check_nor_query() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let before = w.tokens.signatures_checked();
    for _ in 0..10 {
        ada.client.get("/auth/current-user/").await.expect(200);
    }
    assert_eq!(w.tokens.signatures_checked(), before + 1);
    // Where there is no database, there is no query.
    w.t.app.db.close().await;
    let caller = w.tokens.authenticate(&w.t.app, &ada.access).await.unwrap();
    assert_eq!((caller.id, w.tokens.signatures_checked()), (ada.id, before + 1));
}

#[tokio::test]
async fn other_nodes_hear_that_a_session_ended() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    // Another node: its own memory, its own end of the bus.
    let there = AccessTokens::default();
    there.authenticate(&w.t.app, &ada.access).await.unwrap();
    let mut db = sqlx::postgres::PgListener::connect_with(&w.t.app.db).await.unwrap();
    db.listen("skillbuddy").await.unwrap();
    ada.client.post("/auth/signout/", json!({})).await.expect(204);
    let signal: Signal = serde_json::from_str(db.recv().await.unwrap().payload()).unwrap();
    assert!(matches!(signal, Signal::SessionEnded { .. }));
    assert_eq!(code_of(there.authenticate(&w.t.app, &ada.access).await), "ok");
    there.forget(&signal);
    assert_eq!(code_of(there.authenticate(&w.t.app, &ada.access).await), "session_ended");
}

#[tokio::test]
async fn a_node_that_may_have_missed_signals_asks_again() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    ada.client.get("/auth/current-user/").await.expect(200);
    w.sql("update users set state = 'suspended'").await;
    ada.client.get("/auth/current-user/").await.expect(200);
    w.tokens.forget(&Signal::Resync);
    ada.client.get("/auth/current-user/").await.refused(403, "account_suspended");
    w.sql("update users set state = 'active'").await;
    ada.client.get("/auth/current-user/").await.expect(200);
    w.sql("update users set state = 'banned'").await;
    w.tokens.forget(&Signal::AccountChanged { user: ada.id });
    ada.client.get("/auth/current-user/").await.refused(403, "account_suspended");
}

#[tokio::test]
async fn what_the_bus_says_reaches_the_tokens() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    ada.client.get("/auth/current-user/").await.expect(200);
    let checked = w.tokens.signatures_checked();
    let listening = tokio::spawn(listen(&w.t.app));
    let bus = tokio::spawn(w.t.app.bus.clone().run(w.t.app.db.clone()));
    let mut heard = w.t.app.bus.subscribe();
    // The bus begins with a resync.
    heard.recv().await.unwrap();
    let mut tx = w.t.app.db.begin().await.unwrap();
    platform::bus::Bus::publish(&mut tx, &Signal::AccountChanged { user: ada.id }).await.unwrap();
    tx.commit().await.unwrap();
    while heard.recv().await.unwrap() == Signal::Resync {}
    tokio::task::yield_now().await;
    ada.client.get("/auth/current-user/").await.expect(200);
    assert!(w.tokens.signatures_checked() > checked);
    listening.abort();
    bus.abort();
}

#[tokio::test]
async fn checks_that_run_while_sessions_end_leave_no_dead_token_behind() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for _ in 0..15 {
        let person = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
        let checks = (0..6).map(|_| {
            let client = person.client.clone();
            tokio::spawn(async move { client.get("/auth/current-user/").await.status.as_u16() })
        });
        let checks: Vec<_> = checks.collect();
        person.client.post("/auth/signout/", json!({})).await.expect(204);
        person.client.get("/auth/current-user/").await.refused(401, "session_ended");
        for check in checks {
            check.await.unwrap();
        }
        person.client.get("/auth/current-user/").await.refused(401, "session_ended");
    }
}

#[tokio::test]
async fn a_new_key_signs_and_old_ones_verify_until_their_tokens_are_gone() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    rotate(&w.t.app).await.unwrap();
    let new = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    assert_ne!(parts(&new.access).0["kid"], parts(&ada.access).0["kid"]);
    ada.client.get("/auth/current-user/").await.expect(200);
    new.client.get("/auth/current-user/").await.expect(200);
    let kids = |answer: &Answer| {
        answer["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let published = w.t.anonymous().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(kids(&published), [parts(&new.access).0["kid"].clone(), parts(&ada.access).0["kid"].clone()]);
    w.t.advance(SignedDuration::from_mins(15));
    w.t.app.cache.clear();
    let published = w.t.anonymous().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(kids(&published), [parts(&new.access).0["kid"].clone()]);
    // Even a token that would live longer is refused then.
    let (header, mut claims) = parts(&ada.access);
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 100_000);
    let mut db = w.t.app.db.acquire().await.unwrap();
    let sealed: Vec<u8> = sqlx::query_scalar!("select sealed from signing_keys where retired_at is not null")
        .fetch_one(&mut *db)
        .await
        .unwrap();
    let old = Ed25519KeyPair::from_pkcs8(&w.t.app.secrets.open(&sealed).unwrap()).unwrap();
    w.t.anonymous()
        .with_token(&signed(&header, &claims, &old))
        .get("/auth/current-user/")
        .await
        .refused(401, "token_invalid");
}

#[tokio::test]
async fn keys_rotate_by_themselves_every_ninety_days() {
    let w = World::start().await;
    let count = || w.count("select count(*) from signing_keys");
    // Nothing to rotate before the first sign-in.
    w.t.run_jobs().await;
    assert_eq!(count().await, 0);
    let ada = w.sign_up("Ada").await;
    w.t.advance(SignedDuration::from_hours(89 * 24));
    w.t.run_jobs().await;
    assert_eq!(count().await, 1);
    w.t.advance(SignedDuration::from_hours(24));
    w.t.run_jobs().await;
    assert_eq!(
        (count().await, w.count("select count(*) from signing_keys where retired_at is null").await),
        (2, 1)
    );
    w.sign_in(&ada.email, PASSWORD).await.expect(200);
    w.t.advance(SignedDuration::from_hours(91 * 24));
    keys::rotate_when_old(&w.t.app).await.unwrap();
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn the_first_sign_ins_of_all_make_one_key() {
    let w = World::start().await;
    all((0..6).map(|i| {
        let client = w.t.anonymous();
        let body = json!({"email": format!("p{i}@example.com"), "password": PASSWORD, "name": "Some Person"});
        async move { client.post("/auth/signup/", body).await.expect(201) }
    }))
    .await;
    assert_eq!(w.count("select count(*) from signing_keys").await, 1);
    assert_eq!(
        w.count(
            "select count(*) from signing_keys where position('PRIVATE' in encode(sealed, 'escape')) > 0"
        )
        .await,
        0
    );
}
