//! Where partners want to be told what happens.

use axum::{body::Body, http::Method};
use platform::{auth::StaffRole, testing::Watched};
use serde_json::json;

use super::{World, endpoint, of, shape};

const SOME_ID: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn only_superusers_see_and_change_webhooks() {
    let w = World::new().await;
    let ann = w.t.user("Ann Lee").await;
    let mut others = vec![ann, w.bob.clone()];
    for (name, role) in
        [("Sam", StaffRole::Support), ("Mo", StaffRole::Moderator), ("Fay", StaffRole::Finance)]
    {
        others.push(w.t.staff(name, role).await);
    }
    let (one, message) = (format!("endpoints/{SOME_ID}"), format!("deliveries/{SOME_ID}"));
    for (method, path) in [
        (Method::GET, "endpoints"),
        (Method::POST, "endpoints"),
        (Method::GET, &one),
        (Method::PATCH, &one),
        (Method::DELETE, &one),
        (Method::POST, &format!("{one}/rotate-secret")),
        (Method::POST, &format!("{one}/test")),
        (Method::GET, "deliveries"),
        (Method::GET, &message),
        (Method::POST, &format!("{message}/replay")),
    ] {
        let path = format!("/webhooks/{path}/");
        let body = || Body::from(endpoint(json!({})).to_string());
        for other in &others {
            let answer = other.send(method.clone(), &path, Some("application/json"), body()).await;
            answer.refused(403, "forbidden");
        }
        let nobody = w.t.anonymous().send(method.clone(), &path, Some("application/json"), body()).await;
        nobody.refused(401, "unauthenticated");
        if path.contains(SOME_ID) {
            let answer = w.sue.send(method, &path, Some("application/json"), body()).await;
            answer.refused(404, "not_found");
        }
    }
}

#[tokio::test]
async fn an_endpoint_is_made_changed_and_forgotten() {
    let w = World::new().await;
    let made = w.endpoint(json!({"provider_id": w.bob.id()})).await;
    let path = of(&made);
    assert!(made.header("etag").starts_with("\"1-"));
    shape!(made);
    let changed = w.sue.patch(&path, json!({"description": null, "is_active": false})).await.expect(200);
    assert_eq!(
        (changed.str("description"), changed.header("etag").split_once('-').unwrap().0),
        (String::new(), "\"2")
    );
    assert_eq!((&changed["is_active"], &changed["off_reason"]), (&json!(false), &json!(null)));
    assert_eq!(w.sue.get(&path).await.expect(200).body, changed.body);
    let list = w.sue.get("/webhooks/endpoints/").await.expect(200);
    let page =
        json!({"count": 1, "count_exact": true, "next": null, "previous": null, "results": [changed.body]});
    assert_eq!(list.body, page);
    w.sue.delete(&path).await.expect(204);
    w.sue.get(&path).await.refused(404, "not_found");
    w.sue.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_kept_sealed() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    let secret = made.str("secret");
    let rotated = w.sue.post(&format!("{}rotate-secret/", of(&made)), json!({})).await.expect(200);
    assert_ne!(rotated.str("secret"), secret);
    assert_eq!(rotated["old_secret_until"], "2026-03-03T09:00:00Z");
    for answer in [w.sue.get(&of(&made)).await, w.sue.patch(&of(&made), json!({})).await] {
        assert_eq!(answer.expect(200)["secret"], json!(null));
    }
    let sealed = sqlx::query!("select sealed_secret, sealed_old_secret from webhook_endpoints")
        .fetch_one(&w.t.app.db)
        .await
        .unwrap();
    for (sealed, shown) in
        [(sealed.sealed_secret, rotated.str("secret")), (sealed.sealed_old_secret.unwrap(), secret)]
    {
        let kept = crate::signature::Secret::open(&w.t.app.secrets, &sealed).unwrap();
        assert_eq!(kept.text(), shown);
    }
}

#[tokio::test]
async fn a_repeated_request_makes_one_endpoint_and_shows_the_same_secret() {
    let w = World::new().await;
    let sue = w.sue.with("Idempotency-Key", "once");
    let first = sue.post("/webhooks/endpoints/", endpoint(json!({}))).await.expect(201);
    let again = sue.post("/webhooks/endpoints/", endpoint(json!({}))).await.expect(201);
    assert_eq!(first.body, again.body);
    let list = w.sue.get("/webhooks/endpoints/").await;
    assert_eq!(list["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_old_version_overwrites_nothing() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    let sue = w.sue.with("If-Match", made.header("etag"));
    sue.patch(&of(&made), json!({"description": "One"})).await.expect(200);
    sue.patch(&of(&made), json!({"description": "Two"})).await.refused(412, "stale_version");
    sue.post(&format!("{}rotate-secret/", of(&made)), json!({})).await.refused(412, "stale_version");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    for (changes, field) in [
        (json!({"url": ""}), "url"),
        (json!({"url": "http://partner.example.com"}), "url"),
        (json!({"url": format!("https://partner.example.com/{}", "x".repeat(2000))}), "url"),
        (json!({"description": "x".repeat(201)}), "description"),
        (json!({"description": "a\u{0}b"}), "description"),
        (json!({"event_types": []}), "event_types"),
        (json!({"event_types": ["booking.exploded"]}), "event_types.0"),
        (json!({"event_types": ["webhook.test"]}), "event_types.0"),
        (json!({"event_types": ["booking.started", "booking.started"]}), "event_types"),
        (json!({"provider_id": w.sue.id()}), "provider_id"),
        (json!({"provider_id": "nobody"}), "provider_id"),
        (json!({"secret": "whsec_mine"}), "secret"),
    ] {
        let new = w.sue.post("/webhooks/endpoints/", endpoint(changes.clone())).await;
        let old = w.sue.patch(&of(&made), changes.clone()).await;
        for answer in [new, old] {
            let answer = answer.refused(422, "validation_failed");
            assert!(answer["errors"].get(field).is_some(), "{changes}: {}", answer.text());
        }
    }
    w.sue.post("/webhooks/endpoints/", json!({})).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn there_are_at_most_fifty() {
    let w = World::new().await;
    let first = w.endpoint(json!({})).await;
    for _ in 1..50 {
        w.endpoint(json!({})).await;
    }
    w.sue.post("/webhooks/endpoints/", endpoint(json!({}))).await.refused(409, "too_many_endpoints");
    w.sue.delete(&of(&first)).await.expect(204);
    w.endpoint(json!({})).await;
}

#[tokio::test]
async fn a_read_is_one_statement_and_reads_no_table_as_a_whole() {
    let w = World::with(&["--database-connections", "2"]).await;
    let made = w.endpoint(json!({})).await;
    w.confirmed().await;
    let delivery = w.delivery().await;
    let watched = Watched::start(&w.t.app.db).await;
    let to_one = format!("/webhooks/deliveries/?endpoint_id={}&status=delivered", made.str("id"));
    for path in [
        "/webhooks/endpoints/",
        &of(&made),
        "/webhooks/deliveries/",
        &to_one,
        &format!("/webhooks/deliveries/{delivery}/"),
    ] {
        let (_answer, plans) = watched.plans_of(async { w.sue.get(path).await.expect(200) }).await;
        // Who asks is one more.
        assert_eq!(plans.len(), 2, "{path}: {plans:#?}");
        assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{path}: {plans:#?}");
    }
}
