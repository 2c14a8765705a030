//! Nobody stays inside an account whose owner has taken it back, and a stolen token does not take one.

use jiff::SignedDuration;
use platform::ports::social::SocialProvider;
use rstest::rstest;
use serde_json::json;

use super::*;

const ME: &str = "/auth/current-user/";
const NUMBER: &str = "+4915123456789";

/// Somebody signs up with Ada's address by a service that does not verify addresses.
async fn squat(w: &World, token: &str) -> Person {
    let identity = identity(SocialProvider::Facebook, token, Some("ada@example.com"), false, Some("Eve"));
    w.t.social.vouch(token, identity);
    w.person(&facebook(w, token).await.expect(201))
}

async fn facebook(w: &World, token: &str) -> Answer {
    w.t.anonymous().post("/auth/social/facebook/", json!({"access_token": fresh(token)})).await
}

/// Whoever reads Ada's mailbox sets a new password.
async fn reset(w: &World) {
    w.mails().await;
    w.t.anonymous().post("/auth/reset-password/", json!({"email": "ada@example.com"})).await.expect(202);
    let body = json!({"token": w.link().await, "new_password": OTHER_PASSWORD});
    w.t.anonymous().post("/auth/reset-password/confirm/", body).await.expect(204);
}

async fn owner(w: &World) -> Answer {
    w.sign_in("ada@example.com", OTHER_PASSWORD).await.expect(200)
}

#[tokio::test]
async fn a_service_that_was_attached_before_the_address_was_proved_opens_nothing_after_a_reset() {
    let w = World::start().await;
    let eve = squat(&w, "eve").await;
    eve.client.patch(ME, json!({"phone_number": NUMBER})).await.expect(200);
    reset(&w).await;
    let ada = owner(&w).await;
    assert_eq!(ada["user"]["id"], eve.id.to_string());
    assert_eq!(
        (&ada["user"]["phone_number"], &ada["user"]["is_email_verified"]),
        (&json!(null), &json!(true))
    );
    facebook(&w, "eve").await.refused(409, "account_exists");
    eve.client.get(ME).await.refused(401, "session_ended");
    w.t.anonymous()
        .post("/auth/token/refresh/", json!({"refresh": eve.refresh}))
        .await
        .refused(401, "session_ended");
}

#[tokio::test]
async fn nor_where_the_address_was_proved_first_and_the_reset_comes_later() {
    let w = World::start().await;
    let eve = squat(&w, "eve").await;
    eve.client.patch(ME, json!({"phone_number": NUMBER})).await.expect(200);
    // Ada presses the button of a mail that she did not ask for.
    w.t.advance(SignedDuration::from_secs(1));
    let (kind, body) = (Some("application/x-www-form-urlencoded"), format!("token={}", w.link().await));
    let path = "/auth/verify-email/link/";
    w.t.anonymous().send(axum::http::Method::POST, path, kind, body.into()).await.expect(200);
    w.t.advance(SignedDuration::from_hours(1));
    reset(&w).await;
    assert_eq!(owner(&w).await["user"]["phone_number"], json!(null));
    facebook(&w, "eve").await.refused(409, "account_exists");
}

#[tokio::test]
async fn what_the_owner_attached_after_proving_the_address_stays() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    w.t.advance(SignedDuration::from_secs(1));
    google(&w, "ada", &ada.email, true);
    enter(&w, "ada").await.expect(200);
    ada.client.patch(ME, json!({"phone_number": NUMBER})).await.expect(200);
    reset(&w).await;
    assert_eq!(owner(&w).await["user"]["phone_number"], NUMBER);
    assert_eq!(enter(&w, "ada").await.expect(200)["user"]["id"], ada.id.to_string());
}

#[tokio::test]
async fn a_number_that_was_proved_after_the_address_stays() {
    let w = World::start().await;
    let body =
        json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada", "phone_number": NUMBER});
    let ada = w.person(&w.t.anonymous().post("/auth/signup/", body).await.expect(201));
    let code = w.code().await;
    w.t.advance(SignedDuration::from_secs(1));
    ada.client.post("/auth/verify-email/", json!({"token": code})).await.expect(200);
    ada.client.post("/auth/send-phone-verification/", json!({})).await.expect(202);
    w.t.run_jobs().await;
    let code = code_in(&w.t.sms.take()[0].text);
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
    reset(&w).await;
    let me = owner(&w).await;
    assert_eq!(
        (&me["user"]["phone_number"], &me["user"]["is_phone_verified"]),
        (&json!(NUMBER), &json!(true))
    );
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn an_address_that_waited_dies_with_the_password(#[case] by_reset: bool) {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    ada.client.patch(ME, json!({"email": "eve@example.com"})).await.expect(200);
    let mails = w.mails().await;
    let mail = mails.iter().find(|mail| mail.to == "eve@example.com").unwrap();
    let (code, link) = (code_in(&mail.text), link_in(mail));
    if by_reset {
        reset(&w).await;
    } else {
        let body = json!({"old_password": PASSWORD, "new_password": OTHER_PASSWORD});
        ada.client.post("/auth/password-change/", body).await.expect(204);
    }
    let ada = w.person(&owner(&w).await);
    let kind = Some("application/x-www-form-urlencoded");
    let path = "/auth/verify-email/link/";
    let body = format!("token={link}").into();
    w.t.anonymous().send(axum::http::Method::POST, path, kind, body).await.expect(410);
    ada.client.post("/auth/verify-email/", json!({"token": code})).await.refused(410, "code_expired");
    let me = ada.client.get(ME).await.expect(200);
    assert_eq!((&me["email"], &me["pending_email"]), (&json!("ada@example.com"), &json!(null)));
}

#[tokio::test]
async fn devices_that_were_known_before_a_reset_are_known_no_more() {
    let w = World::start().await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Eve"});
    let eve = w.device("203.0.113.66", "curl");
    let token = eve.post("/auth/signup/", body).await.expect(201).str("device_token");
    let guess = |device_token: Option<String>| {
        let body = json!({"email": "ada@example.com", "password": "wrong", "device_token": device_token});
        let client = eve.clone();
        async move { client.post("/auth/signin/", body).await }
    };
    let fill = || async {
        for i in 0..6 {
            let body = json!({"email": "ada@example.com", "password": "wrong"});
            w.device(&format!("198.51.100.{i}"), "curl").post("/auth/signin/", body).await;
        }
    };
    fill().await;
    // Known by the token, and by the network.
    guess(Some(token.clone())).await.refused(401, "invalid_credentials");
    guess(None).await.refused(401, "invalid_credentials");
    reset(&w).await;
    fill().await;
    guess(Some(token)).await.refused(429, "too_many_attempts");
    guess(None).await.refused(429, "too_many_attempts");
}

#[tokio::test]
async fn a_reset_lets_the_owner_in_at_once_whoever_guessed_before() {
    let w = World::start().await;
    w.verified("Ada").await;
    for i in 0..30 {
        let body = json!({"email": "ada@example.com", "password": "wrong"});
        w.device(&format!("198.51.100.{i}"), "curl").post("/auth/signin/", body).await;
    }
    let phone = w.device("192.0.2.1", "Dart");
    let body = json!({"email": "ada@example.com", "password": OTHER_PASSWORD});
    phone.post("/auth/signin/", body.clone()).await.refused(429, "too_many_attempts");
    reset(&w).await;
    phone.post("/auth/signin/", body).await.expect(200);
}

#[rstest]
#[case("patch")]
#[case("put")]
#[case("form")]
#[tokio::test]
async fn a_stolen_access_token_does_not_change_the_address(#[case] way: &str) {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let change = |password: Option<&str>| {
        let (client, mut body) = (ada.client.clone(), json!({"email": "eve@example.com", "name": "Ada"}));
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        let mut form = String::new();
        for name in ["email", "name", "password"] {
            if let Some(text) = body[name].as_str() {
                let head = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
                form.extend([head.as_str(), text, "\r\n"]);
            }
        }
        async move {
            match way {
                "patch" => client.patch(ME, body).await,
                "put" => client.put(ME, body).await,
                _ => {
                    let kind = Some("multipart/form-data; boundary=x");
                    client.send(axum::http::Method::PATCH, ME, kind, (form + "--x--\r\n").into()).await
                }
            }
        }
    };
    w.t.advance(SignedDuration::from_mins(5));
    let refused = change(None).await.refused(422, "password_required");
    assert!(refused["errors"]["password"].is_array());
    change(Some("wrong")).await.refused(422, "wrong_password");
    assert_eq!(ada.client.get(ME).await["pending_email"], json!(null));
    assert_eq!(w.mails().await, []);
    let me = change(Some(PASSWORD)).await.expect(200);
    assert_eq!((&me["email"], &me["pending_email"]), (&json!("ada@example.com"), &json!("eve@example.com")));
    assert_eq!(w.mails().await.len(), 2);
    // The same wish again changes nothing and sends nothing.
    change(None).await.expect(200);
    assert_eq!(w.mails().await, []);
}

#[tokio::test]
async fn a_sign_in_of_the_last_five_minutes_does_what_the_password_does() {
    let w = World::start().await;
    google(&w, "grace", "grace@example.com", true);
    let grace = w.person(&enter(&w, "grace").await.expect(201));
    w.t.advance(SignedDuration::from_secs(299));
    grace.client.patch(ME, json!({"email": "hopper@example.com"})).await.expect(200);
    w.t.advance(SignedDuration::from_secs(1));
    // Carrying the session on is no sign-in, and there is no password to give.
    let body = json!({"refresh": grace.refresh});
    let next = w.t.anonymous().post("/auth/token/refresh/", body).await.expect(200);
    let client = w.t.anonymous().with_token(&next.str("access"));
    for body in [json!({"email": "eve@example.com"}), json!({"email": "eve@example.com", "password": "x"})] {
        client.patch(ME, body).await.refused(422, "password_required");
    }
    let again = w.person(&enter(&w, "grace").await.expect(200));
    again.client.patch(ME, json!({"email": "eve@example.com"})).await.expect(200);
}

#[tokio::test]
async fn an_address_taken_over_by_an_edit_is_the_owners_when_they_come() {
    let w = World::start().await;
    google(&w, "eve", "eve@example.com", true);
    let eve = w.person(&enter(&w, "eve").await.expect(201));
    eve.client.patch(ME, json!({"email": "ada@example.com"})).await.expect(200);
    // Nobody has the address yet: its owner signs up with it, and the code that Eve's edit sent is worth nothing.
    let code = code_in(&w.mails().await.iter().find(|mail| mail.to == "ada@example.com").unwrap().text);
    let ada = w.sign_up("Ada").await;
    assert_ne!(ada.id, eve.id);
    eve.client.post("/auth/verify-email/", json!({"token": code})).await.refused(409, "email_taken");
    assert_eq!(eve.client.get(ME).await["email"], "eve@example.com");
    // Or she presses the button, and then it is she who resets the password: Eve's service is out.
    eve.client.patch(ME, json!({"email": "bob@example.com"})).await.expect(200);
    let mails = w.mails().await;
    let link = link_in(mails.iter().find(|mail| mail.to == "bob@example.com").unwrap());
    w.t.advance(SignedDuration::from_secs(1));
    let (kind, body) = (Some("application/x-www-form-urlencoded"), format!("token={link}"));
    let path = "/auth/verify-email/link/";
    w.t.anonymous().send(axum::http::Method::POST, path, kind, body.into()).await.expect(200);
    w.t.anonymous().post("/auth/reset-password/", json!({"email": "bob@example.com"})).await.expect(202);
    let body = json!({"token": w.link().await, "new_password": OTHER_PASSWORD});
    w.t.anonymous().post("/auth/reset-password/confirm/", body).await.expect(204);
    eve.client.get(ME).await.refused(401, "session_ended");
    let again = enter(&w, "eve").await.expect(201);
    assert_ne!(again["user"]["id"], eve.id.to_string());
}

#[tokio::test]
async fn a_code_for_an_earlier_number_dies_with_it() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    for next in [json!("+4915123456780"), json!(null)] {
        ada.client.patch(ME, json!({"phone_number": NUMBER})).await.expect(200);
        ada.client.post("/auth/send-phone-verification/", json!({})).await.expect(202);
        w.t.run_jobs().await;
        let code = code_in(&w.t.sms.take()[0].text);
        ada.client.patch(ME, json!({"phone_number": next})).await.expect(200);
        ada.client.post("/auth/verify-phone/", json!({"token": code})).await.refused(410, "code_expired");
        let me = ada.client.get(ME).await;
        assert_eq!((&me["phone_number"], &me["is_phone_verified"]), (&next, &json!(false)));
    }
}

#[rstest]
#[case("")]
#[case("?everywhere=true")]
#[tokio::test]
async fn a_refresh_token_that_is_used_up_or_dead_signs_nobody_out(#[case] query: &str) {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let sign_out = |token: &str| {
        let (client, body) = (w.t.anonymous(), json!({"refresh": token}));
        async move { client.post(&format!("/auth/signout/{query}"), body).await.expect(204) }
    };
    let dead = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    dead.client.post("/auth/signout/", json!({})).await.expect(204);
    let next =
        w.t.anonymous().post("/auth/token/refresh/", json!({"refresh": ada.refresh})).await.expect(200);
    for wait in [0, 5, 20] {
        w.t.advance(SignedDuration::from_secs(wait));
        sign_out(&ada.refresh).await;
        sign_out(&dead.refresh).await;
        ada.client.get(ME).await.expect(200);
    }
    // An access token of this session and a used-up token of another end only this one.
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    other.client.post("/auth/signout/", json!({"refresh": ada.refresh})).await.expect(204);
    ada.client.get(ME).await.expect(200);
    dead.client.get(ME).await.refused(401, "session_ended");
    sign_out(&next.str("refresh")).await;
    ada.client.get(ME).await.refused(401, "session_ended");
}

#[tokio::test]
async fn a_token_whose_session_has_gone_stale_signs_nobody_out() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    w.t.advance(SignedDuration::from_hours(14 * 24));
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    let body = json!({"refresh": ada.refresh});
    w.t.anonymous().post("/auth/signout/?everywhere=true", body).await.expect(204);
    other.client.get(ME).await.expect(200);
}
