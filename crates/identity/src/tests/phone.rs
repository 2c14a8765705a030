//! Showing that one holds a phone.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

const NUMBER: &str = "+4915123456789";

async fn send(person: &Person, number: &str) -> Answer {
    person.client.post("/auth/send-phone-verification/", json!({"phone_number": number})).await
}

async fn sms_code(w: &World) -> String {
    w.t.run_jobs().await;
    code_in(&w.t.sms.take().last().expect("an SMS").text)
}

#[tokio::test]
async fn the_code_of_the_sms_verifies_a_new_number() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let answer = send(&ada, "+49 151 2345 6789").await.expect(202);
    assert_eq!(answer.str("message"), "We have sent you a message with a code.");
    w.t.run_jobs().await;
    let sms = w.t.sms.take();
    assert_eq!((sms.len(), sms[0].to.as_str()), (1, NUMBER));
    let code = code_in(&sms[0].text);
    assert_eq!(
        sms[0].text,
        format!(
            "{code} is your SkillBuddy code. It is good for 15 minutes. Do not share it.\n\n@localhost #{code}"
        )
    );
    // Until then the account has no number.
    assert_eq!(ada.client.get("/auth/current-user/").await["phone_number"], json!(null));
    let user = ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
    assert_eq!((&user["phone_number"], &user["is_phone_verified"]), (&json!(NUMBER), &json!(true)));
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.refused(410, "code_expired");
    send(&ada, NUMBER).await.refused(409, "phone_already_verified");
}

#[tokio::test]
async fn without_a_number_the_one_of_the_account_is_meant() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let none =
        ada.client.post("/auth/send-phone-verification/", json!({})).await.refused(422, "validation_failed");
    assert_eq!(none["errors"], json!({"phone_number": ["This is required."]}));
    ada.client.patch("/auth/current-user/", json!({"phone_number": NUMBER})).await.expect(200);
    let (path, empty) = ("/auth/send-phone-verification/", axum::body::Body::empty());
    ada.client.send(axum::http::Method::POST, path, None, empty).await.expect(202);
    let code = sms_code(&w).await;
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
}

#[tokio::test]
async fn a_verified_number_belongs_to_one_account() {
    let w = World::start().await;
    let (ada, eve) = (w.sign_up("Ada").await, w.sign_up("Eve").await);
    send(&ada, NUMBER).await.expect(202);
    let code = sms_code(&w).await;
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
    send(&eve, NUMBER).await.expect(202);
    let code = sms_code(&w).await;
    let taken = eve
        .client
        .post("/auth/verify-phone/", json!({"token": code}))
        .await
        .refused(409, "phone_number_taken");
    assert_eq!(taken["errors"]["phone_number"][0], "This phone number belongs to another account.");
    assert_eq!(eve.client.get("/auth/current-user/").await["phone_number"], json!(null));
}

#[tokio::test]
async fn codes_of_phones_have_five_tries_and_a_quarter_of_an_hour() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    send(&ada, NUMBER).await.expect(202);
    let code = sms_code(&w).await;
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    for _ in 0..5 {
        let answer = ada
            .client
            .post("/auth/verify-phone/", json!({"token": wrong}))
            .await
            .refused(422, "code_incorrect");
        assert_eq!(answer["errors"]["token"][0], "This code is not right.");
    }
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.refused(410, "code_expired");
    send(&ada, NUMBER).await.expect(202);
    let code = sms_code(&w).await;
    w.t.advance(SignedDuration::from_mins(14) + SignedDuration::from_secs(59));
    ada.client.post("/auth/verify-phone/", json!({"token": code})).await.expect(200);
    // A mail's code is none of a phone.
    let mail = w.code().await;
    ada.client.post("/auth/verify-phone/", json!({"token": mail})).await.refused(410, "code_expired");
}

#[tokio::test]
async fn a_number_gets_three_sms_in_ten_minutes_and_five_an_hour() {
    let w = World::start().await;
    let (ada, eve) = (w.sign_up("Ada").await, w.sign_up("Eve").await);
    for person in [&ada, &eve, &ada] {
        send(person, NUMBER).await.expect(202);
    }
    let refused = send(&eve, NUMBER).await.refused(429, "sms_limit");
    assert_eq!(refused.header("retry-after"), "600");
    w.t.advance(SignedDuration::from_mins(10));
    for person in [&ada, &eve] {
        send(person, NUMBER).await.expect(202);
    }
    let refused = send(&eve, NUMBER).await.refused(429, "sms_limit");
    assert_eq!(refused.header("retry-after"), "3000");
    w.t.run_jobs().await;
    assert_eq!(w.t.sms.take().len(), 5);
}

#[tokio::test]
async fn a_number_that_wants_no_sms_gets_none_and_is_not_tried_again() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.sms.stop(NUMBER);
    send(&ada, NUMBER).await.expect(202);
    w.t.run_jobs().await;
    w.t.sms.start(NUMBER);
    w.t.advance(SignedDuration::from_mins(10));
    w.t.run_jobs().await;
    assert_eq!(w.t.sms.take(), [], "the code of ten minutes ago");
    send(&ada, NUMBER).await.expect(202);
    w.t.run_jobs().await;
    assert_eq!(w.t.sms.take().len(), 1);
}

#[tokio::test]
async fn an_account_gets_no_more_by_changing_the_number() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for i in 0..3 {
        send(&ada, &format!("+491512345678{i}")).await.expect(202);
    }
    send(&ada, "+4915123456785").await.refused(429, "sms_limit");
}

#[tokio::test]
async fn an_address_gets_twenty_sms_a_day() {
    let w = World::start().await;
    let mut statuses = Vec::new();
    for i in 0..21 {
        let person = w.sign_up(&format!("Person{i}")).await;
        statuses.push(send(&person, &format!("+491512345{:04}", 6000 + i)).await.status.as_u16());
    }
    assert_eq!((statuses.iter().filter(|status| **status == 202).count(), statuses.last()), (20, Some(&429)));
}

#[tokio::test]
async fn sms_go_to_the_countries_of_the_settings_only() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    send(&ada, "+447911123456").await.expect(202);
    let refused = send(&ada, "+12025550143").await.refused(422, "sms_country_not_supported");
    assert!(refused["errors"]["phone_number"].is_array());
    for bad in ["12", "+49", "hello", "0151 23456789"] {
        send(&ada, bad).await.refused(422, "validation_failed");
    }
}
