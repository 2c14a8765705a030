//! Changing and resetting passwords.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

async fn change(person: &Person, old: &str, new: &str) -> Answer {
    person.client.post("/auth/password-change/", json!({"old_password": old, "new_password": new})).await
}

async fn confirm(w: &World, token: &str, new: &str) -> Answer {
    w.t.anonymous().post("/auth/reset-password/confirm/", json!({"token": token, "new_password": new})).await
}

#[tokio::test]
async fn a_change_ends_the_other_sessions_and_is_told_of() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    change(&ada, PASSWORD, OTHER_PASSWORD).await.expect(204);
    ada.client.get("/auth/current-user/").await.expect(200);
    other.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.sign_in(&ada.email, PASSWORD).await.refused(401, "invalid_credentials");
    w.sign_in(&ada.email, OTHER_PASSWORD).await.expect(200);
    let subjects: Vec<_> = w.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your password was changed"]);
}

#[tokio::test]
async fn a_change_needs_the_old_password_and_a_good_new_one() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let wrong = change(&ada, "not this", OTHER_PASSWORD).await.refused(422, "wrong_password");
    assert_eq!(wrong["errors"], json!({"old_password": ["This password is not right."]}));
    let weak = change(&ada, PASSWORD, "password123").await.refused(422, "validation_failed");
    assert!(weak["errors"]["new_password"].is_array());
    change(&ada, PASSWORD, "short").await.refused(422, "validation_failed");
    w.sql("update users set password_hash = null").await;
    change(&ada, PASSWORD, OTHER_PASSWORD).await.refused(409, "no_password");
    assert_eq!(w.mails().await, []);
}

#[tokio::test]
async fn guessing_the_old_password_is_held_back() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    for _ in 0..5 {
        change(&ada, "wrong", OTHER_PASSWORD).await.refused(422, "wrong_password");
    }
    change(&ada, PASSWORD, OTHER_PASSWORD).await.refused(429, "too_many_attempts");
    w.t.advance(SignedDuration::from_secs(1));
    change(&ada, PASSWORD, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn the_answer_does_not_tell_who_has_an_account() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let client = w.t.anonymous().with("accept-language", "it");
    let known = client.forgot(&ada.email).await.expect(202);
    let unknown = client.forgot("nobody@example.com").await.expect(202);
    assert_eq!(
        known.body,
        json!({"message": "Se esiste un account con questo indirizzo, un'e-mail è in arrivo."})
    );
    assert_eq!(known.bytes, unknown.bytes);
    let mails = w.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, ada.email.as_str()));
    w.t.anonymous()
        .post("/auth/reset-password/", json!({"email": "nonsense"}))
        .await
        .refused(422, "validation_failed");
}

trait AskForReset {
    async fn forgot(&self, email: &str) -> Answer;
}
impl AskForReset for Client {
    async fn forgot(&self, email: &str) -> Answer {
        self.post("/auth/reset-password/", json!({"email": email})).await
    }
}

#[tokio::test]
async fn a_reset_sets_the_password_ends_all_sessions_and_is_told_of() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.mails().await;
    w.t.anonymous().forgot("ADA@example.com").await.expect(202);
    let token = w.link().await;
    assert_eq!(token.len(), 43);
    confirm(&w, &token, OTHER_PASSWORD).await.expect(204);
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.sign_in(&ada.email, PASSWORD).await.refused(401, "invalid_credentials");
    let answer = w.sign_in(&ada.email, OTHER_PASSWORD).await.expect(200);
    // Whoever has the token reads the mailbox.
    assert_eq!(answer["user"]["is_email_verified"], true);
    assert_eq!(w.mails().await[0].subject, "Your password was changed");
    confirm(&w, &token, PASSWORD).await.refused(410, "link_expired");
}

#[tokio::test]
async fn a_refused_password_does_not_use_the_token_up() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let token = w.link().await;
    let weak = confirm(&w, &token, "password123").await.refused(422, "validation_failed");
    assert!(weak["errors"]["new_password"].is_array());
    confirm(&w, &token, "ada lovelace 1815").await.refused(422, "validation_failed");
    confirm(&w, &token, OTHER_PASSWORD).await.expect(204);
}

#[tokio::test]
async fn only_the_newest_token_counts_and_for_an_hour() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let old = w.link().await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let new = w.link().await;
    confirm(&w, &old, OTHER_PASSWORD).await.refused(410, "link_expired");
    w.t.advance(SignedDuration::from_hours(1));
    confirm(&w, &new, OTHER_PASSWORD).await.refused(410, "link_expired");
    confirm(&w, "nonsense", OTHER_PASSWORD).await.refused(410, "link_expired");
    // Nor is the link of another mail any good.
    ada.client.get("/auth/current-user/").await.refused(401, "token_expired");
}

#[tokio::test]
async fn of_two_uses_at_once_one_counts() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let token = w.link().await;
    let statuses = all((0..8).map(|i| {
        let (client, token) = (w.t.anonymous(), token.clone());
        let body = json!({"token": token, "new_password": format!("staple gun parade {i}")});
        async move { client.post("/auth/reset-password/confirm/", body).await.status.as_u16() }
    }));
    let mut statuses = statuses.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410, 410, 410, 410, 410, 410, 410]);
}

#[tokio::test]
async fn a_token_is_of_no_use_after_address_or_password_changed() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let token = w.link().await;
    change(&ada, PASSWORD, OTHER_PASSWORD).await.expect(204);
    confirm(&w, &token, PASSWORD).await.refused(410, "link_expired");
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    let token = w.link().await;
    ada.client.patch("/auth/current-user/", json!({"email": "new@example.com"})).await.expect(200);
    let mails = w.mails().await;
    let code = code_in(&mails.iter().find(|mail| mail.to == "new@example.com").unwrap().text);
    ada.client.post("/auth/verify-email/", json!({"token": code})).await.expect(200);
    confirm(&w, &token, PASSWORD).await.refused(410, "link_expired");
}

#[tokio::test]
async fn links_begin_with_the_configured_address_whatever_host_was_asked() {
    let w = World::with(&["--public-url", "https://api.example.org"]).await;
    let ada = w.verified("Ada").await;
    w.t.anonymous().with("host", "evil.example").forgot(&ada.email).await.expect(202);
    let mail = w.mails().await.remove(0);
    assert!(mail.text.contains("https://api.example.org/auth/reset-password/link/?token="), "{}", mail.text);
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"));
}

#[tokio::test]
async fn no_mail_after_the_fifth_in_an_hour_nor_to_a_closed_account() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    for _ in 0..7 {
        w.t.anonymous().forgot(&ada.email).await.expect(202);
    }
    assert_eq!(w.mails().await.len(), 5);
    w.t.advance(SignedDuration::from_hours(24));
    w.sql("update users set state = 'banned'").await;
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    assert_eq!(w.mails().await, []);
}

#[tokio::test]
async fn nothing_secret_waits_in_the_queue() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    ada.client
        .post("/auth/send-phone-verification/", json!({"phone_number": "+4915123456789"}))
        .await
        .expect(202);
    w.t.anonymous().forgot(&ada.email).await.expect(202);
    assert_eq!(w.count("select count(*) from jobs where kind like 'identity.%'").await, 3);
    let open = "select count(*) from jobs where payload::text like '%ada%' or payload::text like '%+49%' or payload::text like '%code%'";
    assert_eq!(w.count(open).await, 0);
}
