//! Signing in with a password.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_right_password_signs_in() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    w.t.advance(SignedDuration::from_hours(1));
    let answer = w.sign_in("ADA@example.com", PASSWORD).await.expect(200);
    assert_eq!((answer.str("message"), answer.str("token_type")), ("Welcome back!".into(), "Bearer".into()));
    assert_eq!(
        (&answer["expires_in"], &answer["user"]["last_login_at"]),
        (&json!(900), &json!("2026-03-02T10:00:00Z"))
    );
    assert_ne!(answer.str("access"), ada.access);
    w.person(&answer).client.get("/auth/current-user/").await.expect(200);
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_wrong_password_from_a_missing_account() {
    let w = World::start().await;
    w.sign_up("Ada").await;
    w.sql(
        "insert into users (id, email, name, created_at, updated_at) values
           (gen_random_uuid(), 'social@example.com', 'No Password', now(), now())",
    )
    .await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.com", OTHER_PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("social@example.com", PASSWORD),
    ] {
        let mut answer = w.sign_in(email, password).await.refused(401, "invalid_credentials");
        answer.body["request_id"] = "".into();
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((answer.body, names));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_suspended_account_is_told_so_only_with_its_password() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for state in ["suspended", "banned"] {
        w.sql(&format!("update users set state = '{state}'")).await;
        w.sign_in(&ada.email, PASSWORD).await.refused(403, "account_suspended");
        w.sign_in(&ada.email, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    }
    w.t.anonymous()
        .post("/auth/token/refresh/", json!({"refresh": ada.refresh}))
        .await
        .refused(403, "account_suspended");
}

#[tokio::test]
async fn an_imported_django_password_works_and_is_hashed_anew() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let hash = "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=";
    w.sql(&format!("update users set password_hash = '{hash}'")).await;
    w.sign_in(&ada.email, "correct horsf").await.refused(401, "invalid_credentials");
    w.sign_in(&ada.email, "correct horse").await.expect(200);
    assert_eq!(w.count("select count(*) from users where password_hash like '$argon2id$%'").await, 1);
    w.sign_in(&ada.email, "correct horse").await.expect(200);
}

#[tokio::test]
async fn a_new_device_is_told_of_and_a_known_one_is_not() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let body = json!({"email": ada.email, "password": PASSWORD, "device_name": "Ada's phone"});
    let phone = w.device("203.0.113.7", "Dart/3.9");
    let token = phone.post("/auth/signin/", body.clone()).await.expect(200).str("device_token");
    let mails = w.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].text.contains("Ada's phone") && mails[0].text.contains("203.0.113.7"),
        "{}",
        mails[0].text
    );
    // The same phone elsewhere, and another program where the phone was.
    let mut known = body.clone();
    known["device_token"] = json!(token);
    w.device("198.51.100.9", "Dart/3.9").post("/auth/signin/", known).await.expect(200);
    w.device("203.0.113.7", "curl")
        .post("/auth/signin/", json!({"email": ada.email, "password": PASSWORD}))
        .await
        .expect(200);
    assert_eq!(w.mails().await, []);
    // What a stranger calls their device does not make it known.
    w.device("192.0.2.9", "Dart/3.9").post("/auth/signin/", body).await.expect(200);
    assert_eq!(w.mails().await.len(), 1);
}

#[tokio::test]
async fn an_old_token_sent_along_does_not_matter() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let client = w.t.anonymous().with_token("rubbish");
    client.post("/auth/signin/", json!({"email": ada.email, "password": PASSWORD})).await.expect(200);
    client.post("/auth/token/refresh/", json!({"refresh": ada.refresh})).await.expect(200);
    client.post("/auth/reset-password/", json!({"email": ada.email})).await.expect(202);
}

#[tokio::test]
async fn a_request_without_its_parts_is_refused() {
    let w = World::start().await;
    for body in [
        json!({}),
        json!({"email": "a@b.de"}),
        json!({"email": "a@b.de", "password": ""}),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(w.t.anonymous().post("/auth/signin/", body.clone()).await.status, 422, "{body}");
    }
}
