//! Signing in with an account at another service.

use platform::ports::social::{SocialIdentity, SocialProvider};
use rstest::rstest;
use serde_json::json;

use super::*;

fn identity(
    provider: SocialProvider,
    subject: &str,
    email: Option<&str>,
    verified: bool,
    name: Option<&str>,
) -> SocialIdentity {
    SocialIdentity {
        provider,
        subject: subject.to_owned(),
        email: email.map(str::to_owned),
        is_email_verified: verified,
        name: name.map(str::to_owned),
    }
}

fn google(w: &World, token: &str, email: &str, verified: bool) {
    w.t.social
        .vouch(token, identity(SocialProvider::Google, token, Some(email), verified, Some("Grace Hopper")));
}

async fn enter(w: &World, token: &str) -> Answer {
    w.t.anonymous().post("/auth/social/google/", json!({"id_token": token})).await
}

#[rstest]
#[case("google", SocialProvider::Google, "id_token")]
#[case("apple", SocialProvider::Apple, "id_token")]
#[case("facebook", SocialProvider::Facebook, "id_token")]
#[case("facebook", SocialProvider::Facebook, "access_token")]
#[tokio::test]
async fn the_first_time_makes_an_account_and_the_next_signs_in(
    #[case] service: &str,
    #[case] provider: SocialProvider,
    #[case] field: &str,
) {
    let w = World::start().await;
    w.t.social.vouch("t", identity(provider, "sub-1", Some("Grace@example.com"), true, Some("Grace Hopper")));
    let path = format!("/auth/social/{service}/");
    let new = w.t.anonymous().post(&path, json!({field: "t", "device_name": "Phone"})).await.expect(201);
    assert_eq!(
        (&new["user"]["name"], &new["user"]["is_email_verified"]),
        (&json!("Grace Hopper"), &json!(true))
    );
    w.person(&new).client.get("/auth/current-user/").await.expect(200);
    let again = w.t.anonymous().post(&path, json!({field: "t"})).await.expect(200);
    assert_eq!(again["user"]["id"], new["user"]["id"]);
    // A verified address needs no mail.
    assert_eq!(w.mails().await, []);
}

#[tokio::test]
async fn the_service_counts_by_its_own_id_and_not_by_the_address() {
    let w = World::start().await;
    google(&w, "sub-1", "grace@example.com", true);
    let grace = enter(&w, "sub-1").await.expect(201);
    w.t.social
        .vouch("sub-1", identity(SocialProvider::Google, "sub-1", Some("renamed@example.com"), true, None));
    let again = enter(&w, "sub-1").await.expect(200);
    assert_eq!(
        (&again["user"]["id"], &again["user"]["email"]),
        (&grace["user"]["id"], &json!("grace@example.com"))
    );
    // The same id at another service is somebody else.
    w.t.social
        .vouch("apple", identity(SocialProvider::Apple, "sub-1", Some("other@example.com"), true, None));
    let apple =
        w.t.anonymous()
            .post("/auth/social/apple/", json!({"id_token": "apple", "name": "Other One"}))
            .await
            .expect(201);
    assert_ne!(apple["user"]["id"], grace["user"]["id"]);
}

#[tokio::test]
async fn accounts_are_linked_where_both_sides_verified_the_address() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    google(&w, "t", "ADA@example.com", true);
    let linked = enter(&w, "t").await.expect(200);
    assert_eq!(linked["user"]["id"], ada.id.to_string());
    w.sign_in(&ada.email, PASSWORD).await.expect(200);
}

#[rstest]
#[case(false, true)]
#[case(true, false)]
#[case(false, false)]
#[tokio::test]
async fn and_nowhere_else(#[case] ours: bool, #[case] theirs: bool) {
    let w = World::start().await;
    let ada = if ours { w.verified("Ada").await } else { w.sign_up("Ada").await };
    google(&w, "t", &ada.email, theirs);
    enter(&w, "t").await.refused(409, "account_exists");
    assert_eq!(w.count("select count(*) from social_identities").await, 0);
}

#[tokio::test]
async fn an_address_that_the_service_did_not_verify_is_verified_here() {
    let w = World::start().await;
    google(&w, "t", "grace@example.com", false);
    let grace = w.person(&enter(&w, "t").await.expect(201));
    assert_eq!(grace.client.get("/auth/current-user/").await["is_email_verified"], false);
    let code = w.code().await;
    grace.client.post("/auth/verify-email/", json!({"token": code})).await.expect(200);
}

#[tokio::test]
async fn apples_name_comes_from_the_app_and_only_at_first() {
    let w = World::start().await;
    w.t.social
        .vouch("t", identity(SocialProvider::Apple, "s", Some("x7@privaterelay.appleid.com"), true, None));
    let post = |name: Option<&str>| {
        let body = json!({"id_token": "t", "nonce": "n", "name": name});
        let client = w.t.anonymous();
        async move { client.post("/auth/social/apple/", body).await }
    };
    let new = post(Some("Grace Hopper")).await.expect(201);
    assert_eq!(new["user"]["name"], "Grace Hopper");
    let again = post(Some("Mallory")).await.expect(200);
    assert_eq!(again["user"]["name"], "Grace Hopper");
    // Without any name, the mailbox is one.
    w.t.social
        .vouch("u", identity(SocialProvider::Apple, "u", Some("y8@privaterelay.appleid.com"), true, None));
    let nameless = w.t.anonymous().post("/auth/social/apple/", json!({"id_token": "u"})).await.expect(201);
    assert_eq!(nameless["user"]["name"], "y8");
}

#[tokio::test]
async fn what_does_not_hold_is_refused() {
    let w = World::start().await;
    w.sign_up("Ada").await;
    enter(&w, "forged").await.refused(401, "social_token_invalid");
    // A token of another service.
    google(&w, "t", "grace@example.com", true);
    w.t.anonymous()
        .post("/auth/social/apple/", json!({"id_token": "t"}))
        .await
        .refused(401, "social_token_invalid");
    w.t.anonymous().post("/auth/social/google/", json!({})).await.refused(422, "validation_failed");
    w.t.anonymous()
        .post("/auth/social/google/", json!({"id_token": ""}))
        .await
        .refused(422, "validation_failed");
    let none =
        w.t.anonymous().post("/auth/social/facebook/", json!({})).await.refused(422, "validation_failed");
    assert!(none["errors"]["access_token"].is_array());
    w.t.social.vouch("f", identity(SocialProvider::Facebook, "f", None, false, Some("No Mail")));
    w.t.anonymous()
        .post("/auth/social/facebook/", json!({"access_token": "f"}))
        .await
        .refused(422, "social_email_missing");
    assert_eq!(w.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn first_sign_ins_at_once_make_one_account() {
    let w = World::start().await;
    google(&w, "t", "grace@example.com", true);
    let answers = all((0..8).map(|_| {
        let client = w.t.anonymous();
        async move { client.post("/auth/social/google/", json!({"id_token": "t"})).await.status.as_u16() }
    }));
    let mut statuses = answers.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!(w.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn a_suspended_account_stays_closed() {
    let w = World::start().await;
    google(&w, "t", "grace@example.com", true);
    enter(&w, "t").await.expect(201);
    w.sql("update users set state = 'suspended'").await;
    enter(&w, "t").await.refused(403, "account_suspended");
}
