//! Methods that people keep.

use serde_json::{Value, json};

use super::World;

#[tokio::test]
async fn methods_are_kept_used_and_forgotten() {
    let w = World::instant().await;
    let none = w.ann.get("/payments/methods/").await.expect(200);
    assert_eq!(none["saved"], json!([]));
    let keep = |token: &str| w.ann.post("/payments/methods/", json!({"token": token}));
    let visa = keep("pm_sandbox_visa").await.expect(201);
    assert_eq!(visa["is_default"], true);
    w.later(1).await;
    let other = keep("pm_sandbox_mastercard").await.expect(201);
    assert_eq!(other["is_default"], false);
    assert_eq!(keep("pm_sandbox_visa").await.expect(201)["id"], visa["id"], "the same again is the same");
    shape!(w.ann.get("/payments/methods/").await.expect(200));

    let path = format!("/payments/methods/{}/", other.str("id"));
    assert_eq!(w.ann.put(&format!("{path}default/"), json!({})).await.expect(200)["is_default"], true);
    let booking = w.book("card", "immediate").await;
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": other["id"]});
    w.ann.post("/payments/process/", body).await.expect(201);
    assert_eq!(w.state(&booking).await, "confirmed paid");

    w.ann.delete(&path).await.expect(204);
    w.ann.delete(&path).await.refused(404, "not_found");
    w.t.run_jobs().await;
    let left = w.ann.get("/payments/methods/").await.expect(200);
    assert_eq!((&left["saved"][0]["id"], &left["saved"][0]["is_default"]), (&visa["id"], &json!(true)));
    assert_eq!(left["saved"][1], Value::Null);
}

#[tokio::test]
async fn methods_are_their_keepers_alone() {
    let w = World::instant().await;
    let visa = w.ann.post("/payments/methods/", json!({"token": "pm_sandbox_visa"})).await.expect(201);
    let path = format!("/payments/methods/{}/", visa.str("id"));
    for (client, status, code) in [(&w.bob, 404, "not_found"), (&w.t.anonymous(), 401, "unauthenticated")] {
        client.delete(&path).await.refused(status, code);
        client.put(&format!("{path}default/"), json!({})).await.refused(status, code);
    }
    w.t.anonymous().get("/payments/methods/").await.refused(401, "unauthenticated");
    w.t.anonymous().post("/payments/setup-intent/", json!({})).await.refused(401, "unauthenticated");
    assert_eq!(w.bob.get("/payments/methods/").await.expect(200)["saved"], json!([]));
    let refused = w.ann.post("/payments/methods/", json!({"token": "pm_sandbox_nothing"})).await;
    refused.refused(422, "method_not_found");
    for token in [json!(""), json!("a b"), json!("ä"), json!("x".repeat(256)), json!(1)] {
        w.ann.post("/payments/methods/", json!({"token": token})).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_card_is_asked_for_by_the_gateway() {
    let w = World::instant().await;
    let intent = w.ann.post("/payments/setup-intent/", json!({})).await.expect(201);
    assert!(intent["client_secret"].is_string() && intent["action_url"].is_string());
    assert!(w.sandbox.decide(&intent.str("id"), true).await.unwrap());
    w.ann.post("/payments/methods/", json!({"token": "pm_sandbox_visa"})).await.expect(201);
}
