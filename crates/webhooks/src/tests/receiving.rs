//! A partner's real server, which checks signatures with the standard's own library.

use std::sync::Arc;

use adapters::HttpWebhooks;
use axum::http::HeaderMap;
use platform::time::Clock;
use serde_json::json;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::{World, of};

/// A world whose webhooks really go out, at the time that it really is, and a server.
async fn world() -> (World, MockServer) {
    let w = World::new().await;
    w.t.advance(Clock::System.now().since(w.t.now()));
    w.t.webhooks.through(Arc::new(HttpWebhooks::new(true).unwrap()));
    (w, MockServer::start().await)
}

fn verify(secret: &str, request: &Request) -> Result<(), standardwebhooks::WebhookError> {
    let headers: HeaderMap = request.headers.clone();
    standardwebhooks::Webhook::new(secret).unwrap().verify(&request.body, &headers)
}

#[tokio::test]
async fn a_partner_can_check_what_it_gets() {
    let (w, partner) = world().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&partner).await;
    let made = w.endpoint(json!({"url": format!("{}/hook?from=us", partner.uri())})).await;
    w.confirmed().await;
    let heard = partner.received_requests().await.unwrap();
    assert_eq!((heard.len(), heard[0].method.as_str(), heard[0].url.path()), (1, "POST", "/hook"));
    assert_eq!(heard[0].headers["content-type"], "application/json");
    assert_eq!(heard[0].headers["webhook-id"].to_str().unwrap(), w.delivery().await);
    assert_eq!(heard[0].body_json::<serde_json::Value>().unwrap()["type"], "booking.confirmed");
    let secret = made.str("secret");
    verify(&secret, &heard[0]).unwrap();

    let mut forged = heard[0].clone();
    forged.body.push(b' ');
    verify(&secret, &forged).unwrap_err();
    let mut forged = heard[0].clone();
    forged.headers.insert("webhook-id", "another".parse().unwrap());
    verify(&secret, &forged).unwrap_err();
    let other = w.endpoint(json!({})).await.str("secret");
    verify(&other, &heard[0]).unwrap_err();
}

#[tokio::test]
async fn a_partner_who_replaces_the_secret_can_check_with_either() {
    let (w, partner) = world().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&partner).await;
    let made = w.endpoint(json!({"url": partner.uri()})).await;
    let new = w.sue.post(&format!("{}rotate-secret/", of(&made)), json!({})).await.expect(200).str("secret");
    w.confirmed().await;
    let heard = partner.received_requests().await.unwrap();
    verify(&new, &heard[0]).unwrap();
    verify(&made.str("secret"), &heard[0]).unwrap();
}

#[tokio::test]
async fn how_an_answer_begins_is_kept_and_a_redirect_is_not_followed() {
    let (w, partner) = world().await;
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307)
        .insert_header("location", elsewhere.uri())
        .set_body_string(format!("Please\u{0}ask\n{}", "x".repeat(5000)));
    Mock::given(any()).respond_with(redirect).mount(&partner).await;
    w.endpoint(json!({"url": partner.uri()})).await;
    w.confirmed().await;
    let delivery = w.sue.get(&format!("/webhooks/deliveries/{}/", w.delivery().await)).await.expect(200);
    let tried = &delivery["tried"][0];
    assert_eq!((&tried["status"], &delivery["status"]), (&json!(307), &json!("pending")));
    let reply = tried["reply"].as_str().unwrap();
    assert!(reply.starts_with("Please ask\nxxx") && reply.len() == 1024, "{reply}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_may_not_be_called_is_neither_entered_nor_called() {
    let (w, partner) = world().await;
    let made = w.endpoint(json!({"url": partner.uri()})).await;
    // From here on as in production.
    w.t.webhooks.through(Arc::new(HttpWebhooks::new(false).unwrap()));
    w.confirmed().await;
    assert!(partner.received_requests().await.unwrap().is_empty());
    let delivery = w.sue.get(&format!("/webhooks/deliveries/{}/", w.delivery().await)).await.expect(200);
    assert_eq!(delivery["tried"][0]["error"], "address_refused");
    for url in [partner.uri(), "https://127.0.0.1/".to_owned(), "https://[::ffff:10.0.0.1]/".to_owned()] {
        let answer = w.sue.patch(&of(&made), json!({"url": url})).await.refused(422, "validation_failed");
        assert!(answer["errors"]["url"][0].as_str().unwrap().contains("https://"), "{}", answer.text());
    }
}
