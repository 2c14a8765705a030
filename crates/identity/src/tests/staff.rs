//! What other parts of the house do with accounts.

use jiff::SignedDuration;
use platform::{auth::StaffRole, bus::Signal};
use secrecy::SecretString;
use serde_json::Value;

use super::*;
use crate::{NewStaff, StaffCreated, create_staff, make_provider};

fn new(email: &str, name: &str, password: &str) -> NewStaff {
    NewStaff {
        email: email.to_owned(),
        name: name.to_owned(),
        role: StaffRole::Finance,
        password: Some(SecretString::from(password.to_owned())),
    }
}

/// What the audit log says, newest first, as a superuser reads it.
async fn audit_log(w: &World, query: &str) -> Vec<Value> {
    create_staff(
        &w.t.app,
        NewStaff { role: StaffRole::Superuser, ..new("root@example.com", "Root", PASSWORD) },
    )
    .await
    .unwrap();
    let tokens = w.sign_in("root@example.com", PASSWORD).await.expect(200);
    let root = w.t.anonymous().with_token(&tokens.str("access"));
    let answer = root.get(&format!("/admin/audit/?{query}")).await.expect(200);
    answer["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn staff_sign_in_like_everybody_and_their_tokens_say_so() {
    let w = World::start().await;
    let created = create_staff(&w.t.app, new("desk@example.com", "Front Desk", PASSWORD)).await.unwrap();
    assert!(matches!(created, StaffCreated::Account(_)), "{created:?}");
    let answer = w.sign_in("desk@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer["user"]["id"], created.user().to_string());
    let claims: crate::keys::Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(answer.str("access")).unwrap();
    assert_eq!(claims.roles, ["customer", "finance"]);
    for (email, name, password, expected) in [
        ("nonsense", "Front Desk", PASSWORD, "mail address"),
        ("new@example.com", " ", PASSWORD, "name"),
        ("new@example.com", "Front Desk", "short", "10 to 128"),
        ("new@example.com", "Front Desk", "password123", "easy to guess"),
    ] {
        let error = create_staff(&w.t.app, new(email, name, password)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let without = NewStaff { password: None, ..new("new@example.com", "Front Desk", PASSWORD) };
    assert!(create_staff(&w.t.app, without).await.unwrap_err().to_string().contains("needs a password"));
}

#[tokio::test]
async fn a_known_address_becomes_staff_with_its_own_password_and_no_session_of_before() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let wanted = NewStaff { password: None, ..new("ADA@example.com", "Ada Lovelace", "") };
    let created = create_staff(&w.t.app, wanted).await.unwrap();
    assert_eq!(created, StaffCreated::Promoted(ada.id));
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    let answer = w.sign_in(&ada.email, PASSWORD).await.expect(200);
    let claims: crate::keys::Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(answer.str("access")).unwrap();
    assert_eq!(claims.roles, ["customer", "finance"]);
}

#[tokio::test]
async fn whoever_signed_up_with_an_address_that_is_not_theirs_does_not_become_staff() {
    let w = World::start().await;
    let eve = w.sign_up("Desk").await;
    let created = create_staff(&w.t.app, new(&eve.email, "Front Desk", OTHER_PASSWORD)).await.unwrap();
    assert_eq!(created, StaffCreated::TakenOver(eve.id));
    eve.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.sign_in(&eve.email, PASSWORD).await.refused(401, "invalid_credentials");
    w.sign_in(&eve.email, OTHER_PASSWORD).await.expect(200);
}

/// Whether the address was proved: then its owner keeps the password.
#[rstest::rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn an_address_that_waits_does_not_become_one_of_staff(#[case] is_proved: bool) {
    let w = World::start().await;
    let desk = if is_proved { w.verified("Desk").await } else { w.sign_up("Desk").await };
    let change = json!({"email": "mallory@example.com", "password": PASSWORD});
    desk.client.patch("/auth/current-user/", change).await.expect(200);
    let mails = w.mails().await;
    let mail = mails.iter().find(|mail| mail.to == "mallory@example.com").unwrap();
    let link = link_in(mail);
    create_staff(&w.t.app, new(&desk.email, "Front Desk", OTHER_PASSWORD)).await.unwrap();
    let (kind, body) = (Some("application/x-www-form-urlencoded"), format!("token={link}").into());
    let path = "/auth/verify-email/link/";
    w.t.anonymous().send(axum::http::Method::POST, path, kind, body).await.expect(410);
    let password = if is_proved { PASSWORD } else { OTHER_PASSWORD };
    let me = w.sign_in(&desk.email, password).await.expect(200)["user"].clone();
    assert_eq!((&me["email"], &me["pending_email"]), (&json!(desk.email), &Value::Null));
}

#[tokio::test]
async fn what_is_done_at_the_console_is_in_the_audit_log() {
    let w = World::start().await;
    let desk = create_staff(&w.t.app, new("desk@example.com", "Front Desk", PASSWORD)).await.unwrap();
    w.t.advance(SignedDuration::from_secs(1));
    crate::rotate(&w.t.app).await.unwrap();
    w.t.advance(SignedDuration::from_secs(1));
    let log = audit_log(&w, "").await;
    let actions: Vec<_> = log.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["staff.create", "signing_keys.rotate", "staff.create"]);
    let first = &log[2];
    assert_eq!((&first["actor_id"], &first["role"]), (&Value::Null, &json!("console")));
    assert_eq!(first["subject_id"], desk.user().to_string());
    assert_eq!(first["details"], json!({"role": "finance", "is_new": true}));
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_for_superusers_alone() {
    let w = World::start().await;
    create_staff(&w.t.app, new("desk@example.com", "Front Desk", PASSWORD)).await.unwrap();
    let desk = w.sign_in("desk@example.com", PASSWORD).await.expect(200);
    let desk = w.t.anonymous().with_token(&desk.str("access"));
    desk.get("/admin/audit/").await.refused(403, "forbidden");
    crate::rotate(&w.t.app).await.unwrap();
    assert_eq!(audit_log(&w, "action=signing_keys.rotate").await.len(), 1);
    let entries: i64 = sqlx::query_scalar!(r#"select count(*) as "count!" from audit_log"#)
        .fetch_one(&w.t.app.db)
        .await
        .unwrap();
    assert_eq!(entries, 3);
    for change in ["update audit_log set reason = 'other'", "delete from audit_log", "truncate audit_log"] {
        let error = sqlx::raw_sql(change).execute(&w.t.app.db).await.unwrap_err().to_string();
        assert!(error.contains("only ever added to"), "{change}: {error}");
    }
}

#[tokio::test]
async fn a_new_provider_is_one_with_the_token_that_they_have() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let caller = || w.t.app.authenticator.authenticate(&w.t.app, &ada.access);
    assert!(!caller().await.unwrap().is_provider);
    let mut tx = w.t.app.db.begin().await.unwrap();
    make_provider(&mut tx, ada.id, w.t.now()).await.unwrap();
    tx.commit().await.unwrap();
    w.t.app.authenticator.forget(&Signal::AccountChanged { user: ada.id });
    assert!(caller().await.unwrap().is_provider);
}
