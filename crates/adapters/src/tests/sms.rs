//! Twilio, against a stub of ours: there is no program that plays Twilio.

use std::time::Duration;

use platform::{
    config::Settings,
    ports::sms::{Sms, SmsError, SmsSender},
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{basic_auth, body_string, header, method, path},
};

use crate::{
    outbound,
    sms_twilio::{Account, TwilioSms},
};

const SID: &str = "AC0123456789abcdef0123456789abcdef";

fn twilio(url: &str, from: &str) -> TwilioSms {
    let args = [
        "--twilio-account-sid",
        SID,
        "--twilio-auth-token",
        "token",
        "--twilio-from",
        from,
        "--twilio-url",
        url,
    ];
    let settings = Settings::for_tests(&args);
    let account = Account::from_settings(&settings.sms, settings.http.environment).unwrap().unwrap();
    TwilioSms::new(account, outbound::client().unwrap())
}

fn sms() -> Sms {
    Sms {
        to: "+4930123456".into(), text: "Ihr Code: 123456 – gültig für 10 Minuten & nur für Sie".into()
    }
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(template).mount(&server).await;
    server
}

#[tokio::test]
async fn an_sms_is_posted_as_twilio_wants_it() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(format!("/2010-04-01/Accounts/{SID}/Messages.json")))
        .and(basic_auth(SID, "token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string("To=%2B4930123456&From=SkillBuddy&Body=Ihr+Code%3A+123456+%E2%80%93+g%C3%BCltig+f%C3%BCr+10+Minuten+%26+nur+f%C3%BCr+Sie"))
        .respond_with(ResponseTemplate::new(201).set_body_string("{}"))
        .expect(1)
        .mount(&server)
        .await;
    twilio(&server.uri(), "SkillBuddy").send(sms()).await.unwrap();
}

#[tokio::test]
async fn a_messaging_service_is_named_as_one() {
    let server = answering(ResponseTemplate::new(201)).await;
    let service = "MG0123456789abcdef0123456789abcdef";
    twilio(&server.uri(), service).send(sms()).await.unwrap();
    let body = String::from_utf8(server.received_requests().await.unwrap()[0].body.clone()).unwrap();
    assert!(body.contains(&format!("&MessagingServiceSid={service}&")), "{body}");
}

#[tokio::test]
async fn a_refusal_is_an_error_without_the_number_and_the_text() {
    let refusal = r#"{"code": 21211, "message": "Invalid 'To' Phone Number: +4930123456", "status": 400}"#;
    let server = answering(ResponseTemplate::new(400).set_body_string(refusal)).await;
    let error = twilio(&server.uri(), "+4930999999").send(sms()).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "Twilio refused the SMS: status 400, code 21211");
}

#[tokio::test]
async fn a_recipient_who_wants_no_sms_is_told_apart() {
    let refusal = r#"{"code": 21610, "message": "Attempt to send to unsubscribed recipient", "status": 400}"#;
    let server = answering(ResponseTemplate::new(400).set_body_string(refusal)).await;
    let error = twilio(&server.uri(), "+4930999999").send(sms()).await.unwrap_err();
    assert!(matches!(error, SmsError::OptedOut), "{error:?}");
    assert_eq!(error.to_string(), "the recipient wants no SMS of ours");
}

#[tokio::test]
async fn an_endless_or_senseless_answer_is_an_error_all_the_same() {
    for body in ["x".repeat(1024 * 1024), "<html>".into(), r#"{"code": "no number"}"#.into()] {
        let server = answering(ResponseTemplate::new(503).set_body_string(body)).await;
        let error = twilio(&server.uri(), "+4930999999").send(sms()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "Twilio refused the SMS: status 503, code 0");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = answering(ResponseTemplate::new(201)).await;
    let server = answering(ResponseTemplate::new(307).insert_header("location", elsewhere.uri())).await;
    let error = twilio(&server.uri(), "+4930999999").send(sms()).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "Twilio refused the SMS: status 307, code 0");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_twilio_that_does_not_answer_is_an_error() {
    let error = twilio("http://127.0.0.1:1", "+4930999999").send(sms()).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.starts_with("Twilio cannot be reached") && !error.contains(SID), "{error}");

    let server = answering(ResponseTemplate::new(201).set_delay(Duration::from_mins(1))).await;
    let settings = Settings::for_tests(&[
        "--twilio-account-sid",
        SID,
        "--twilio-auth-token",
        "t",
        "--twilio-from",
        "+491234567",
        "--twilio-url",
        &server.uri(),
    ]);
    let account = Account::from_settings(&settings.sms, settings.http.environment).unwrap().unwrap();
    let hasty = reqwest::Client::builder().timeout(Duration::from_millis(50)).build().unwrap();
    TwilioSms::new(account, hasty).send(sms()).await.unwrap_err();
}
