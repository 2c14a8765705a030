//! Showing that one reads one's mailbox.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn verify(ada: &Person, code: &str) -> Answer {
    ada.client.post("/auth/verify-email/", json!({"token": code})).await
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn the_code_of_the_mail_verifies() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let code = w.code().await;
    verify(&ada, &wrong(&code)).await.refused(422, "code_incorrect");
    let user = verify(&ada, &code).await.expect(200);
    assert_eq!((&user["is_email_verified"], &user["version"]), (&json!(true), &json!(2)));
    verify(&ada, &code).await.refused(410, "code_expired");
    ada.client.post("/auth/send-email-verification/", json!({})).await.refused(409, "email_already_verified");
}

#[tokio::test]
async fn a_code_is_good_for_fifteen_minutes() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let code = w.code().await;
    w.t.advance(SignedDuration::from_mins(15));
    let ada = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    verify(&ada, &code).await.refused(410, "code_expired");
}

#[tokio::test]
async fn a_code_is_good_for_five_tries() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let code = w.code().await;
    for _ in 0..5 {
        verify(&ada, &wrong(&code)).await.refused(422, "code_incorrect");
    }
    verify(&ada, &code).await.refused(410, "code_expired");
    ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    verify(&ada, &w.code().await).await.expect(200);
}

#[tokio::test]
async fn of_a_hundred_guesses_at_once_five_are_looked_at() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let code = wrong(&w.code().await);
    let statuses = all((0..100).map(|_| {
        let (client, code) = (ada.client.clone(), code.clone());
        async move { client.post("/auth/verify-email/", json!({"token": code})).await.status.as_u16() }
    }));
    let statuses = statuses.await;
    assert_eq!(statuses.iter().filter(|status| **status == 422).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 410).count(), 95);
}

#[tokio::test]
async fn only_the_newest_code_counts_and_only_for_its_owner() {
    let w = World::start().await;
    let (ada, eve) = (w.sign_up("Ada").await, w.sign_up("Eve").await);
    let mails = w.mails().await;
    let old = code_in(&mails.iter().find(|mail| mail.to == ada.email).unwrap().text);
    let answer = ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    assert_eq!(answer.body, json!({"message": "We have sent you an email with a code."}));
    let new = w.code().await;
    if old != new {
        verify(&ada, &old).await.refused(422, "code_incorrect");
    }
    verify(&eve, &new).await.refused(422, "code_incorrect");
    verify(&ada, &new).await.expect(200);
}

#[tokio::test]
async fn five_mails_an_hour_and_ten_a_day_are_enough() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    // The first came with the account.
    for _ in 0..4 {
        ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    }
    let refused =
        ada.client.post("/auth/send-email-verification/", json!({})).await.refused(429, "too_many_codes");
    assert_eq!(refused.header("retry-after"), "3600");
    w.t.advance(SignedDuration::from_hours(1));
    let ada = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    for _ in 0..5 {
        ada.client.post("/auth/send-email-verification/", json!({})).await.expect(202);
    }
    w.t.advance(SignedDuration::from_hours(1));
    let ada = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    let refused =
        ada.client.post("/auth/send-email-verification/", json!({})).await.refused(429, "too_many_codes");
    assert_eq!(refused.header("retry-after"), (22 * 3600).to_string());
}

#[tokio::test]
async fn an_address_cannot_make_us_send_mails_without_end() {
    let w = World::start().await;
    let mut refused = 0;
    for i in 0..62 {
        let body =
            json!({"email": format!("p{i}@example.com"), "password": PASSWORD, "name": "Somebody Else"});
        refused += u32::from(w.t.anonymous().post("/auth/signup/", body).await.status == 429);
    }
    assert_eq!((refused, w.mails().await.len()), (2, 60));
    let elsewhere = w.device("203.0.113.7", "Dart");
    let body = json!({"email": "q@example.com", "password": PASSWORD, "name": "Somebody Else"});
    elsewhere.post("/auth/signup/", body).await.expect(201);
}

#[tokio::test]
async fn what_is_no_code_is_refused() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let code = w.code().await;
    for bad in
        [json!({}), json!({"token": 123_456}), json!({"token": "12345"}), json!({"token": "1".repeat(13)})]
    {
        ada.client.post("/auth/verify-email/", bad).await.refused(422, "validation_failed");
    }
    // As it may be copied.
    let (first, second) = code.split_at(3);
    verify(&ada, &format!(" {first} {second} ")).await.expect(200);
}
