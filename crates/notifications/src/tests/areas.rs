//! Places that people want to hear of.

use platform::ids::ServiceId;
use serde_json::{Value, json};

use super::{World, shape};

/// Bob's test services are in the middle of Berlin.
fn berlin(changes: &Value) -> Value {
    let mut body =
        json!({"name": "Home", "latitude": 52.5, "longitude": 13.4, "radius_km": 10, "consent": true});
    body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    body
}

/// Bob offers something new.
async fn offer(w: &World, title: &str) {
    let category =
        sqlx::query_scalar!(r#"select id as "id: platform::ids::CategoryId" from categories limit 1"#);
    let category = category.fetch_one(&w.t.app.db).await.unwrap();
    let service_id: ServiceId = catalog::testing::service(&w.t.app, w.bob.id(), category, title).await;
    let event = catalog::ServiceCreated { service_id, provider_id: w.bob.id() };
    let mut db = w.t.app.db.acquire().await.unwrap();
    platform::outbox::emit(&mut db, &event, w.t.now()).await.unwrap();
    drop(db);
    w.t.run_jobs().await;
}

#[tokio::test]
async fn a_new_service_near_a_saved_place_is_told() {
    let w = World::new().await;
    shape!(w.ann.post("/notifications/areas/", berlin(&json!({}))).await);
    let far = w.t.user("Far Away").await;
    far.post("/notifications/areas/", berlin(&json!({"latitude": 52.7}))).await.expect(201);
    w.bob.post("/notifications/areas/", berlin(&json!({}))).await.expect(201);
    offer(&w, "Lawn mowing").await;
    let list = w.ann.get("/notifications/").await.expect(200);
    assert_eq!(list["results"][0]["message"], "“Lawn mowing” is offered near Home now.");
    assert!(w.told(&far).await.is_empty() && w.told(&w.bob).await.is_empty());
}

#[tokio::test]
async fn nobody_hears_of_more_than_three_a_day() {
    let w = World::new().await;
    w.ann.post("/notifications/areas/", berlin(&json!({}))).await.expect(201);
    w.ann.post("/notifications/areas/", berlin(&json!({"name": "Work"}))).await.expect(201);
    for number in 0..5 {
        offer(&w, &format!("Service {number}")).await;
    }
    assert_eq!(w.told(&w.ann).await.len(), 3);
    w.t.advance(jiff::SignedDuration::from_hours(24));
    offer(&w, "Tomorrow").await;
    assert_eq!(w.told(&w.ann).await.len(), 4);
}

#[tokio::test]
async fn a_place_can_be_about_a_category() {
    let w = World::new().await;
    let other = catalog::testing::category(&w.t.app, "garden").await;
    w.ann.post("/notifications/areas/", berlin(&json!({"category_id": other}))).await.expect(201);
    offer(&w, "Cleaning").await;
    assert!(w.told(&w.ann).await.is_empty());
    let unknown = json!({"category_id": "00000000-0000-7000-8000-000000000000"});
    w.ann.post("/notifications/areas/", berlin(&unknown)).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn somebody_has_at_most_three_places() {
    let w = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(w.ann.post("/notifications/areas/", berlin(&json!({}))).await.expect(201).str("id"));
    }
    w.ann.post("/notifications/areas/", berlin(&json!({}))).await.refused(409, "too_many_areas");
    let path = format!("/notifications/areas/{}/", ids[1]);
    w.bob.delete(&path).await.refused(404, "not_found");
    w.ann.delete(&path).await.expect(204);
    w.ann.post("/notifications/areas/", berlin(&json!({}))).await.expect(201);
    assert_eq!(w.ann.get("/notifications/areas/").await["results"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_place_needs_consent_and_a_radius_of_at_most_50_km() {
    let w = World::new().await;
    for changes in [
        json!({"consent": false}),
        json!({"radius_km": 51}),
        json!({"radius_km": 0}),
        json!({"latitude": 91}),
        json!({"name": "  "}),
    ] {
        w.ann.post("/notifications/areas/", berlin(&changes)).await.refused(422, "validation_failed");
    }
}
