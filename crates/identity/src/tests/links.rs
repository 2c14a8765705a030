//! The pages behind the links of our mails.

use axum::{body::Body, http::Method};
use jiff::SignedDuration;
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_link_shows_a_button_and_the_button_verifies() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let link = w.link().await;
    let open = || async {
        w.t.anonymous().get(&format!("/auth/verify-email/link/?token={link}&lang=it")).await.expect(200)
    };
    // However often a scanner of mail opens it.
    for _ in 0..3 {
        let page = open().await;
        let form = "<form method=\"post\" action=\"/auth/verify-email/link/?lang=it\">";
        assert!(
            page.text().contains(form) && page.text().contains(&format!("value=\"{link}\"")),
            "{}",
            page.text()
        );
        assert!(!page.text().contains("password"));
    }
    assert_eq!(ada.client.get("/auth/current-user/").await["is_email_verified"], false);
    for page in [press(&w, &link).await.expect(200), press(&w, &link).await.expect(200), open().await] {
        assert!(page.text().contains("Il tuo indirizzo e-mail è confermato"), "{}", page.text());
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
        assert_eq!(
            (page.header("cache-control"), page.header("referrer-policy")),
            ("no-store", "no-referrer")
        );
    }
    assert_eq!(ada.client.get("/auth/current-user/").await["is_email_verified"], true);
}

#[tokio::test]
async fn an_old_or_foreign_link_verifies_nothing() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let link = w.link().await;
    let page =
        w.t.anonymous()
            .get(&format!("/auth/verify-email/link/?token={}", link.to_lowercase()))
            .await
            .expect(410);
    assert!(page.text().contains("This link is no longer good"));
    w.t.advance(SignedDuration::from_mins(15));
    w.t.anonymous().get(&format!("/auth/verify-email/link/?token={link}")).await.expect(410);
    press(&w, &link).await.expect(410);
    w.t.anonymous().get("/auth/verify-email/link/").await.refused(422, "validation_failed");
    assert_eq!(w.count("select count(*) from users where is_email_verified").await, 0);
    drop(ada);
}

#[tokio::test]
async fn a_link_is_of_no_use_after_the_address_changed() {
    let w = World::start().await;
    let ada = w.sign_up("Ada").await;
    let link = w.link().await;
    ada.client.patch("/auth/current-user/", json!({"email": "new@example.com"})).await.expect(200);
    press(&w, &link).await.expect(410);
    assert_eq!(ada.client.get("/auth/current-user/").await["is_email_verified"], false);
}

/// Presses the button of the page.
async fn press(w: &World, token: &str) -> Answer {
    let (kind, body) = (Some("application/x-www-form-urlencoded"), Body::from(format!("token={token}")));
    w.t.anonymous().send(Method::POST, "/auth/verify-email/link/?lang=it", kind, body).await
}

#[tokio::test]
async fn what_is_no_form_verifies_nothing() {
    let w = World::start().await;
    w.sign_up("Ada").await;
    let link = w.link().await;
    let post = |kind: &'static str, body: String| {
        let client = w.t.anonymous();
        async move { client.send(Method::POST, "/auth/verify-email/link/", Some(kind), Body::from(body)).await }
    };
    let form = "application/x-www-form-urlencoded";
    post("application/json", format!("{{\"token\":\"{link}\"}}"))
        .await
        .refused(415, "unsupported_media_type");
    post(form, String::new()).await.refused(422, "validation_failed");
    post(form, "token=".to_owned()).await.refused(422, "validation_failed");
    post(form, format!("token={link}&token={link}")).await.refused(400, "malformed_request");
    post(form, format!("token={}", "x".repeat(201))).await.refused(422, "validation_failed");
    post(form, "token=%00".to_owned()).await.refused(422, "validation_failed");
    assert_eq!(w.count("select count(*) from users where is_email_verified").await, 0);
}

async fn submit(w: &World, token: &str, password: &str) -> Answer {
    let body = format!("token={token}&new_password={}", password.replace(' ', "+"));
    let kind = Some("application/x-www-form-urlencoded");
    w.t.anonymous().send(Method::POST, "/auth/reset-password/link/?lang=de", kind, Body::from(body)).await
}

#[tokio::test]
async fn the_reset_form_sets_a_password_once() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    w.t.anonymous().post("/auth/reset-password/", json!({"email": ada.email})).await.expect(202);
    let link = w.link().await;
    let page = w.t.anonymous().get(&format!("/auth/reset-password/link/?token={link}")).await.expect(200);
    assert!(page.text().contains(&format!("value=\"{link}\"")) && page.text().contains("Set a new password"));
    let weak = submit(&w, &link, "password123").await.expect(422);
    assert!(
        weak.text().contains("role=\"alert\"") && weak.text().contains("Bitte wählen Sie"),
        "{}",
        weak.text()
    );
    assert!(submit(&w, &link, "short").await.expect(422).text().contains("<form"));
    assert!(
        submit(&w, &link, OTHER_PASSWORD)
            .await
            .expect(200)
            .text()
            .contains("Ihr neues Passwort ist festgelegt")
    );
    submit(&w, &link, OTHER_PASSWORD).await.expect(410);
    w.t.anonymous().get(&format!("/auth/reset-password/link/?token={link}")).await.expect(410);
    ada.client.get("/auth/current-user/").await.refused(401, "session_ended");
    w.sign_in(&ada.email, OTHER_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn what_stands_in_a_link_is_shown_as_text() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    w.t.anonymous().post("/auth/reset-password/", json!({"email": ada.email})).await.expect(202);
    let page = submit(&w, "\"><script>alert(1)</script>", "short").await.expect(422);
    assert!(!page.text().contains("<script>"), "{}", page.text());
    let kind = Some("application/json");
    let json = w.t.anonymous().send(Method::POST, "/auth/reset-password/link/", kind, Body::from("{}")).await;
    json.refused(415, "unsupported_media_type");
    let kind = Some("application/x-www-form-urlencoded");
    let empty =
        w.t.anonymous().send(Method::POST, "/auth/reset-password/link/", kind, Body::from("a=b")).await;
    empty.refused(422, "validation_failed");
    let nul =
        w.t.anonymous()
            .send(
                Method::POST,
                "/auth/reset-password/link/",
                kind,
                Body::from("token=%00&new_password=%00aaaaaaaaaaaaaaa"),
            )
            .await;
    nul.refused(422, "validation_failed");
}
