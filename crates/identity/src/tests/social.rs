//! Signing in with an account at another service.

use platform::ports::social::SocialProvider;
use rstest::rstest;
use serde_json::json;

use super::*;

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
    let again = w.t.anonymous().post(&path, json!({field: fresh("t")})).await.expect(200);
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
#[case(true)]
#[case(false)]
#[tokio::test]
async fn an_address_that_the_service_did_not_verify_links_nothing(#[case] ours: bool) {
    let w = World::start().await;
    let ada = if ours { w.verified("Ada").await } else { w.sign_up("Ada").await };
    google(&w, "t", &ada.email, false);
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
        let body = json!({"id_token": fresh("t"), "nonce": "n", "name": name});
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
    let answers =
        all(
            (0..8).map(|_| {
                let client = w.t.anonymous();
                let token = fresh("t");
                async move {
                    client.post("/auth/social/google/", json!({"id_token": token})).await.status.as_u16()
                }
            }),
        );
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

#[tokio::test]
async fn whoever_signed_up_without_proving_the_address_loses_the_account_to_its_owner() {
    let w = World::start().await;
    let eve = w.sign_up("Ada").await;
    eve.client.patch("/auth/current-user/", json!({"phone_number": "+4915123456789"})).await.expect(200);
    eve.client.patch("/auth/current-user/", json!({"email": "eve@example.com"})).await.expect(200);
    let mails = w.mails().await;
    let trap = link_in(mails.iter().find(|mail| mail.to == "eve@example.com").unwrap());
    eve.client.get("/auth/current-user/").await.expect(200);

    google(&w, "t", &eve.email, true);
    let owner = enter(&w, "t").await.expect(200);
    assert_eq!(owner["user"]["id"], eve.id.to_string());
    let ours = ["is_email_verified", "phone_number", "pending_email"].map(|name| owner["user"][name].clone());
    assert_eq!(ours, [json!(true), json!(null), json!(null)]);
    eve.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.t.anonymous()
        .post("/auth/token/refresh/", json!({"refresh": eve.refresh}))
        .await
        .refused(401, "session_ended");
    w.sign_in(&eve.email, PASSWORD).await.refused(401, "invalid_credentials");
    press(&w, &trap).await.expect(410);
    w.person(&owner).client.get("/auth/current-user/").await.expect(200);
    enter(&w, "t").await.expect(200);
}

async fn press(w: &World, token: &str) -> Answer {
    let (kind, body) = (Some("application/x-www-form-urlencoded"), format!("token={token}"));
    w.t.anonymous().send(axum::http::Method::POST, "/auth/verify-email/link/", kind, body.into()).await
}

#[tokio::test]
async fn an_account_of_staff_is_never_entered_by_a_service() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    google(&w, "linked", &ada.email, true);
    enter(&w, "linked").await.expect(200);
    w.sql("update users set staff_role = 'support'").await;
    // Neither by a service that was linked before, nor by another.
    enter(&w, "linked").await.refused(409, "account_exists");
    google(&w, "other", &ada.email, true);
    enter(&w, "other").await.refused(409, "account_exists");
    assert_eq!(w.count("select count(*) from social_identities").await, 1);
    w.sql("update users set is_email_verified = false").await;
    enter(&w, "other").await.refused(409, "account_exists");
    // And none proves that its owner wants it deleted.
    let body = json!({"provider": "google", "id_token": fresh("linked")});
    let ada = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    let (kind, body) = (Some("application/json"), body.to_string().into());
    let deleted = ada.client.send(axum::http::Method::DELETE, "/auth/current-user/", kind, body).await;
    deleted.refused(401, "social_token_invalid");
}

#[tokio::test]
async fn a_token_is_good_once_also_at_the_same_time() {
    let w = World::start().await;
    google(&w, "t", "grace@example.com", true);
    let post = |token: &str, key: &str| {
        let client =
            if key.is_empty() { w.t.anonymous() } else { w.t.anonymous().with("idempotency-key", key) };
        let body = json!({"id_token": token});
        async move { client.post("/auth/social/google/", body).await }
    };
    let answers = all((0..10).map(|_| post("head.t.signature", ""))).await;
    assert!(answers.iter().all(|answer| answer.status == 401), "nobody vouches for this one");
    let token = "t#1.claims.signature";
    let mut statuses: Vec<_> =
        all((0..10).map(|_| post(token, ""))).await.iter().map(|a| a.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201].as_slice(), &[401; 9]].concat());
    // Another signature of the same claims is no other token.
    post("t#1.claims.other", "").await.refused(401, "social_token_invalid");
    // Whoever lost the answer asks with the same key again.
    let first = post("t#2.claims.signature", "again").await.expect(200);
    assert_eq!(post("t#2.claims.signature", "again").await.expect(200).bytes, first.bytes);
    // One that was refused for another reason is not used up.
    w.sql("update users set state = 'suspended'").await;
    post("t#3.claims.signature", "").await.refused(403, "account_suspended");
    w.sql("update users set state = 'active'").await;
    post("t#3.claims.signature", "").await.expect(200);
}

#[tokio::test]
async fn used_tokens_are_forgotten_when_they_have_expired() {
    let w = World::start().await;
    google(&w, "t", "grace@example.com", true);
    enter(&w, "t").await.expect(201);
    assert_eq!(w.count("select count(*) from used_social_tokens").await, 1);
    w.sql("update used_social_tokens set expires_at = '2026-03-02T09:30:00Z'").await;
    w.t.advance(jiff::SignedDuration::from_hours(25));
    w.t.run_jobs().await;
    assert_eq!(w.count("select count(*) from used_social_tokens").await, 0);
}

#[rstest]
#[case("  Grace@Example.com ", Some("Grace@Example.com"))]
#[case("grace@example.com\u{200b}", None)]
#[case("gräce@example.com", None)]
#[case("grace@localhost", None)]
#[case("\"grace\"@example.com", None)]
#[case("grace@@example.com", None)]
#[case("Grace <grace@example.com>", None)]
#[tokio::test]
async fn the_address_of_a_service_is_read_like_any_other(#[case] given: &str, #[case] read: Option<&str>) {
    let w = World::start().await;
    google(&w, "t", given, true);
    let answer = enter(&w, "t").await;
    match read {
        Some(email) => assert_eq!(answer.expect(201)["user"]["email"], email),
        None => drop(answer.refused(422, "social_email_missing")),
    }
}
