//! Making an account.

use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn ada() -> Value {
    json!({"email": "Ada@Example.com", "password": PASSWORD, "name": " Ada Lovelace ", "phone_number": "+49 151 23456789", "language": "de"})
}

#[tokio::test]
async fn signing_up_signs_in() {
    let w = World::start().await;
    let answer = w.t.anonymous().post("/auth/signup/", ada()).await.expect(201);
    assert!(answer.header("location").ends_with("/auth/current-user/"));
    let mut shown = answer.clone();
    shown.body["access"] = "[jwt]".into();
    shown.body["refresh"] = "[token]".into();
    shown.body["device_token"] = "[token]".into();
    insta::assert_snapshot!(shown.masked());
    let me = w.person(&answer).client.get("/auth/current-user/").await.expect(200);
    assert_eq!(me.body, answer.body["user"]);
    let mails = w.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "Ada@Example.com"));
    assert!(mails[0].subject.contains("Bestätigen"));
}

#[tokio::test]
async fn an_address_makes_one_account_whatever_its_case() {
    let w = World::start().await;
    w.t.anonymous().post("/auth/signup/", ada()).await.expect(201);
    let body = json!({"email": "ADA@example.COM", "password": PASSWORD, "name": "Eve"});
    let again = w.t.anonymous().post("/auth/signup/", body).await.refused(409, "email_taken");
    assert_eq!(again["errors"]["email"][0], "There is already an account with this email address.");
}

#[tokio::test]
async fn of_equal_sign_ups_at_once_one_wins() {
    let w = World::start().await;
    let answers = all((0..8).map(|_| {
        let client = w.t.anonymous();
        async move { client.post("/auth/signup/", ada()).await.status.as_u16() }
    }));
    let mut statuses = answers.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(w.count("select count(*) from users").await, 1);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_first_answer() {
    let w = World::start().await;
    let client = w.t.anonymous().with("idempotency-key", "one");
    let first = client.post("/auth/signup/", ada()).await.expect(201);
    let again = client.post("/auth/signup/", ada()).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first.body));
    // Whoever sends something else is somebody else: not a word of Ada's answer is for them.
    let mut other = ada();
    other["password"] = "another horse battery".into();
    client.post("/auth/signup/", other.clone()).await.refused(409, "email_taken");
    other["email"] = "eve@example.com".into();
    let eve = client.post("/auth/signup/", other).await.expect(201);
    assert_ne!(eve["access"], first["access"]);
    assert_eq!(w.count("select count(*) from users").await, 2);
}

#[rstest]
#[case("email", json!("no address"), "This is not a valid email address.")]
#[case("email", json!("a@b"), "This is not a valid email address.")]
#[case("email", json!("a@b.de\r\nBcc: x@y.de"), "This is not a valid email address.")]
#[case("email", json!(1), "This has the wrong type.")]
#[case("password", json!("short"), "Please enter at least 10 characters.")]
#[case("password", json!("x".repeat(129)), "Please enter at most 128 characters.")]
#[case("password", json!("password123"), "This password is too easy to guess. Try several unrelated words.")]
#[case("password", json!("Ada Lovelace 1815"), "The password must not contain your name or email address.")]
#[case("password", json!("ada@example.com"), "The password must not contain your name or email address.")]
#[case("name", json!("  "), "This is required.")]
#[case("name", json!("a\nb"), "This contains a character that is not allowed.")]
#[case("name", json!("a\u{0}b"), "This contains a character that is not allowed.")]
#[case("name", json!("x".repeat(151)), "Please enter at most 150 characters.")]
#[case("name", Value::Null, "This is required.")]
#[case("phone_number", json!("0151 23456789"), "This is not a valid phone number. Please include the country code, like +49.")]
#[case("language", json!("fr"), "This is not one of the possible choices.")]
#[tokio::test]
async fn a_bad_field_is_named(#[case] field: &str, #[case] value: Value, #[case] sentence: &str) {
    let w = World::start().await;
    let mut body = ada();
    body[field] = value;
    let answer = w.t.anonymous().post("/auth/signup/", body).await.refused(422, "validation_failed");
    assert_eq!(answer["errors"], json!({field: [sentence]}));
    assert_eq!(w.count("select count(*) from users").await, 0);
}

#[tokio::test]
async fn a_huge_password_costs_nothing() {
    let w = World::start().await;
    let mut body = ada();
    body["password"] = "x".repeat(1_000_000).into();
    w.t.anonymous().post("/auth/signup/", body).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id() {
    let w = World::start().await;
    w.sign_up("Ada").await;
    let weak = "select count(*) from users where password_hash not like '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(w.count(weak).await, 0);
}
