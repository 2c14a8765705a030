//! What Twilio and SendGrid report, checked with the examples that they publish themselves.

use axum::http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use platform::{
    ports::{
        feedback::{Feedback, FeedbackSource, Report},
        gateway::WebhookError,
    },
    time::Clock,
};
use rstest::rstest;
use secrecy::SecretString;

use crate::{feedback_sendgrid::SendgridEvents, feedback_twilio::TwilioReplies};

const URL: &str = "https://api.skillbuddy.app/webhooks/twilio/";

fn headers<const N: usize>(all: [(&'static str, &str); N]) -> HeaderMap {
    all.into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect()
}

/// As Twilio does it, written down once more.
fn signed(url: &str, token: &str, parameters: &[(&str, &str)]) -> (String, String) {
    let mut sorted = parameters.to_vec();
    sorted.sort_unstable();
    let text = sorted.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let signature = aws_lc_rs::hmac::sign(&key, text.as_bytes());
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    (base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature), body)
}

fn heard(url: &str, token: &str, signature: &str, body: &str) -> Result<Vec<Feedback>, WebhookError> {
    let headers = headers([("x-twilio-signature", signature)]);
    let report = Report { url, headers: &headers, body: body.as_bytes() };
    TwilioReplies::new(SecretString::from(token)).read(&report)
}

#[test]
fn the_signature_of_twilios_own_example_holds() {
    let body =
        "CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212";
    let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    assert_eq!(heard(url, "12345", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", body), Ok(vec![]));
    assert_eq!(
        heard(url, "12346", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", body),
        Err(WebhookError::WebhookNotSigned)
    );
    let elsewhere = "https://mycompany.com/myapp.php?foo=1&bar=3";
    assert_eq!(
        heard(elsewhere, "12345", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", body),
        Err(WebhookError::WebhookNotSigned)
    );
}

#[rstest]
#[case("STOP", None, Some(false))]
#[case(" Stop. ", None, Some(false))]
#[case("Abmelden!", None, Some(false))]
#[case("basta", None, Some(false))]
#[case("START", None, Some(true))]
#[case("Please stop by at ten", None, None)]
#[case("Danke", None, None)]
#[case("", None, None)]
#[case("please no more", Some("STOP"), Some(false))]
#[case("stop", Some("HELP"), None)]
fn an_answer_says_whether_sms_are_wanted(
    #[case] words: &str,
    #[case] understood: Option<&str>,
    #[case] wants: Option<bool>,
) {
    let number = "+4915112345678".to_owned();
    let mut parameters = vec![("From", number.as_str()), ("Body", words)];
    parameters.extend(understood.map(|kind| ("OptOutType", kind)));
    let (signature, body) = signed(URL, "token", &parameters);
    let expected = match wants {
        Some(false) => vec![Feedback::SmsStopped(number.clone())],
        Some(true) => vec![Feedback::SmsStarted(number.clone())],
        None => vec![],
    };
    assert_eq!(heard(URL, "token", &signature, &body), Ok(expected));
    assert_eq!(heard(URL, "token", &signature, &format!("{body}&a=b")), Err(WebhookError::WebhookNotSigned));
    assert_eq!(heard(URL, "token", "", &body), Err(WebhookError::WebhookNotSigned));
}

#[test]
fn an_answer_of_nobody_cannot_be_read() {
    let (signature, body) = signed(URL, "token", &[("Body", "STOP")]);
    assert_eq!(heard(URL, "token", &signature, &body), Err(WebhookError::WebhookNotReadable));
}

/// From the tests of SendGrid's own library.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
const SIGNATURE: &str =
    "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
const BODY: &str = concat!(
    r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
    r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
    r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
    r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
    "\r\n"
);
const SENT: i64 = 1_600_112_502;

fn reported(now: i64, at: &str, signature: &str, body: &str) -> Result<Vec<Feedback>, WebhookError> {
    let clock = Clock::manual(Timestamp::from_second(now).unwrap().into());
    let headers = headers([
        ("x-twilio-email-event-webhook-timestamp", at),
        ("x-twilio-email-event-webhook-signature", signature),
    ]);
    let report = Report { url: "", headers: &headers, body: body.as_bytes() };
    SendgridEvents::new(KEY, clock).unwrap().read(&report)
}

#[test]
fn the_signature_of_sendgrids_own_example_holds() {
    let bounced = vec![Feedback::MailBounced("hello@world.com".to_owned())];
    assert_eq!(reported(SENT, "1600112502", SIGNATURE, BODY), Ok(bounced));
}

#[test]
fn a_report_that_is_changed_or_old_is_not_taken() {
    let not_signed = Err(WebhookError::WebhookNotSigned);
    let other = BODY.replace("hello@world.com", "jello@world.com");
    assert_eq!(reported(SENT, "1600112502", SIGNATURE, &other), not_signed);
    assert_eq!(reported(SENT, "1600112503", SIGNATURE, BODY), not_signed);
    assert_eq!(reported(SENT, "", SIGNATURE, BODY), not_signed);
    assert_eq!(reported(SENT, "1600112502", "", BODY), not_signed);
    assert_eq!(reported(SENT, "1600112502", "AAAA", BODY), not_signed);
    assert_eq!(reported(SENT + 26 * 3600, "1600112502", SIGNATURE, BODY), not_signed);
}

#[rstest]
#[case("")]
#[case("no base64!")]
#[case("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")]
fn a_key_that_is_none_is_said_at_the_start(#[case] key: &str) {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH.into());
    let error = SendgridEvents::new(key, clock).err().expect("an error");
    assert!(error.to_string().starts_with("SENDGRID_WEBHOOK_KEY"), "{error}");
}
