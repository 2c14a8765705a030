//! Offering, editing and withdrawing services.

use platform::{auth::StaffRole, ids::CategoryId};
use serde_json::json;

use super::{sentence, world};

#[tokio::test]
async fn a_provider_offers_a_service() {
    let w = world().await;
    w.sql("update providers set latitude = 45.46, longitude = 9.19, city = 'Milano', service_radius_km = 40")
        .await;
    let answer = w.create(&json!({})).await.expect(201);
    insta::assert_snapshot!(answer.masked());
    assert_eq!(answer.header("location"), format!("/services/{}/", answer.str("id")));
    assert!(answer.header("etag").starts_with("\"1-"));
    let created =
        format!("catalog.service_created {}", json!({"service_id": answer["id"], "provider_id": w.ada.id()}));
    assert_eq!(w.events().await, [created]);
}

#[tokio::test]
async fn everything_that_can_be_said_of_a_service_is_kept() {
    let w = world().await;
    let all = json!({"title": "  Türen  ", "description": "Alle", "price": "120.5", "currency": "CHF", "credits_required": 12,
        "duration_minutes": 1440, "cancellation_policy": "strict", "service_radius_km": 200, "language": "de",
        "location": {"latitude": 47.37, "longitude": 8.54, "city": "Zürich"}, "buffer_before_minutes": 15,
        "buffer_after_minutes": 30, "min_notice_minutes": 43200, "max_advance_days": 730, "is_active": false,
        "translations": {"en": {"title": "Doors", "description": "All"}, "de": {"title": "Zuviel"}}});
    let path = format!("/services/{}/", w.create(&all).await.expect(201).str("id"));
    let seen = w.ada.get(&path).await.expect(200);
    for name in [
        "credits_required",
        "duration_minutes",
        "cancellation_policy",
        "service_radius_km",
        "language",
        "location",
        "currency",
        "buffer_before_minutes",
        "buffer_after_minutes",
        "min_notice_minutes",
        "max_advance_days",
        "is_active",
    ] {
        assert_eq!(seen[name], all[name], "{name}");
    }
    assert_eq!((&seen["price"], &seen["title"]), (&json!(120.5), &json!("Doors")));
    assert_eq!(seen["original"]["title"], "Türen");
    assert_eq!(seen["translations"], json!({"en": {"title": "Doors", "description": "All"}}));
    // A PUT of the answer, in the language of the text, changes nothing but the version.
    let again = w
        .ada
        .put(&format!("{path}?lang=de"), w.ada.get(&format!("{path}?lang=de")).await.body)
        .await
        .expect(200);
    let mut expected = w.ada.get(&format!("{path}?lang=de")).await.body;
    expected["version"] = again["version"].clone();
    assert_eq!(again.body, expected);
    assert_eq!(again["translations"], seen["translations"]);
}

#[tokio::test]
async fn each_field_has_its_rule() {
    let w = world().await;
    for (field, value) in [
        ("title", json!("ab")),
        ("title", json!("  a ")),
        ("title", json!("x".repeat(121))),
        ("title", json!(null)),
        ("title", json!("a\u{0}bc")),
        ("description", json!("x".repeat(5001))),
        ("description", json!(7)),
        ("price", json!(-0.01)),
        ("price", json!(1_000_000)),
        ("price", json!(0.001)),
        ("price", json!("many")),
        ("currency", json!("XYZ")),
        ("currency", json!("eur")),
        ("credits_required", json!(-1)),
        ("credits_required", json!(100_001)),
        ("duration_minutes", json!(4)),
        ("duration_minutes", json!(1441)),
        ("duration_minutes", json!(60.5)),
        ("duration_minutes", json!(99_999_999_999_i64)),
        ("cancellation_policy", json!("kind")),
        ("location.latitude", json!({"latitude": 90.1, "longitude": 0})),
        ("location.longitude", json!({"latitude": 0, "longitude": -180.1})),
        ("location.longitude", json!({"latitude": 0})),
        ("location.city", json!({"latitude": 0, "longitude": 0, "city": "x".repeat(121)})),
        ("service_radius_km", json!(0)),
        ("service_radius_km", json!(201)),
        ("buffer_before_minutes", json!(1441)),
        ("buffer_after_minutes", json!(-1)),
        ("min_notice_minutes", json!(43_201)),
        ("max_advance_days", json!(0)),
        ("language", json!("fr")),
        ("category_id", json!("cleaning")),
        ("category_id", json!(CategoryId::at(w.t.now()))),
        ("translations.de.title", json!({"de": {"title": "x"}})),
        ("translations.de.description", json!({"de": {"title": "abc", "description": "x".repeat(5001)}})),
        ("is_active", json!("yes")),
    ] {
        let name = field.split('.').next().unwrap();
        let answer = w.create(&json!({ name: value })).await.refused(422, "validation_failed");
        assert!(!sentence(&answer, field).is_empty());
    }
    w.create(&json!({"translations": {"fr": {"title": "Fenêtres"}}})).await.refused(422, "validation_failed");
    let answer = w.create(&json!({"currency": "JPY", "price": 99.5})).await.refused(422, "validation_failed");
    assert_eq!(sentence(&answer, "price"), "An amount in JPY cannot have that many decimals.");
    assert_eq!(w.create(&json!({"currency": "JPY", "price": 9900})).await.expect(201)["price"], json!(9900));
    assert_eq!(w.create(&json!({"price": 999_999.99})).await.expect(201)["price"], json!(999_999.99));
    let answer =
        w.ada.post("/services/", json!({"title": "Windows"})).await.refused(422, "validation_failed");
    assert!(sentence(&answer, "category_id").contains("required"));
}

#[tokio::test]
async fn a_hidden_category_takes_no_new_services() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    w.sql("update categories set is_active = false").await;
    let refused = w.create(&json!({})).await.refused(422, "validation_failed");
    assert_eq!(sentence(&refused, "category_id"), "There is no such category.");
    // Those that are in it can still be edited.
    w.ada.patch(&path, json!({"title": "Doors"})).await.expect(200);
}

#[tokio::test]
async fn only_providers_offer_services() {
    let w = world().await;
    w.t.anonymous().post("/services/", w.offer()).await.refused(401, "unauthenticated");
    w.t.anonymous().post("/services/", json!({})).await.refused(401, "unauthenticated");
    w.t.user("Ben").await.post("/services/", w.offer()).await.refused(403, "provider_required");
}

#[tokio::test]
async fn a_repeated_offer_with_a_key_is_one_service() {
    let w = world().await;
    let keyed = w.ada.with("idempotency-key", "k1");
    let first = keyed.post("/services/", w.offer()).await.expect(201);
    let again = keyed.post("/services/", w.offer()).await.expect(201);
    assert_eq!((&first.body, again.header("idempotency-replayed")), (&again.body, "true"));
    assert_eq!(again.header("location"), first.header("location"));
}

#[tokio::test]
async fn put_puts_back_what_it_leaves_out_and_patch_keeps_it() {
    let w = world().await;
    let more = json!({"credits_required": 5, "cancellation_policy": "strict", "min_notice_minutes": 60, "is_active": false,
        "location": {"latitude": 1.5, "longitude": 2.5}, "translations": {"de": {"title": "Fenster"}}});
    let path = format!("/services/{}/", w.create(&more).await.expect(201).str("id"));
    let patched = w.ada.patch(&path, json!({"price": 10, "min_notice_minutes": null})).await.expect(200);
    assert_eq!((&patched["price"], &patched["credits_required"]), (&json!(10.0), &json!(5)));
    assert_eq!((&patched["min_notice_minutes"], &patched["location"]["city"]), (&json!(null), &json!(null)));
    assert_eq!(patched["translations"]["de"]["title"], "Fenster");
    let put = w.ada.put(&path, w.offer()).await.expect(200);
    assert_eq!((&put["credits_required"], &put["cancellation_policy"]), (&json!(0), &json!("flexible")));
    assert_eq!(
        (&put["location"], &put["translations"], &put["is_active"]),
        (&json!(null), &json!({}), &json!(true))
    );
    assert_eq!((put.header("etag").split_once('-').unwrap().0, &put["version"]), ("\"3", &json!(3)));
    assert_eq!(w.events().await.len(), 3);
}

#[tokio::test]
async fn the_text_stays_in_its_language_whoever_edits_it() {
    let w = world().await;
    let path = format!("/services/{}/", w.create(&json!({})).await.expect(201).str("id"));
    let put =
        w.ada.put(&format!("{path}?lang=it"), w.offer_with(&json!({"title": "Doors"}))).await.expect(200);
    assert_eq!(put["original"], json!({"language": "en", "title": "Doors", "description": ""}));
}

#[tokio::test]
async fn an_edit_obeys_the_same_rules() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let refused = w.ada.patch(&path, json!({"title": "x"})).await.refused(422, "validation_failed");
    sentence(&refused, "title");
    let refused = w.ada.patch(&path, json!({"title": null})).await.refused(422, "validation_failed");
    sentence(&refused, "title");
    let refused = w.ada.patch(&path, json!({"currency": "JPY"})).await.refused(422, "validation_failed");
    sentence(&refused, "price");
    let refused = w.ada.put(&path, w.offer_with(&json!({"category_id": CategoryId::at(w.t.now())}))).await;
    sentence(&refused.refused(422, "validation_failed"), "category_id");
    assert_eq!(w.ada.get(&path).await["version"], json!(1));
}

#[tokio::test]
async fn only_the_provider_edits_a_service() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let ben = w.t.provider("Ben").await;
    ben.put(&path, w.offer()).await.refused(404, "not_found");
    ben.patch(&path, json!({})).await.refused(404, "not_found");
    ben.delete(&path).await.refused(404, "not_found");
    w.t.anonymous().put(&path, w.offer()).await.refused(401, "unauthenticated");
    w.t.anonymous().patch(&path, json!({})).await.refused(401, "unauthenticated");
    w.t.anonymous().delete(&path).await.refused(401, "unauthenticated");
    for role in [StaffRole::Support, StaffRole::Moderator, StaffRole::Finance, StaffRole::Superuser] {
        let staff = w.t.staff(<&str>::from(role), role).await;
        staff.put(&path, w.offer()).await.refused(404, "not_found");
        staff.patch(&path, json!({"title": "Doors"})).await.refused(404, "not_found");
        staff.delete(&path).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_stale_edit_is_refused() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let first = w.ada.with("if-match", "\"1\"");
    first.patch(&path, json!({"title": "Doors"})).await.expect(200);
    first.patch(&path, json!({"title": "Walls"})).await.refused(412, "stale_version");
    first.put(&path, w.offer()).await.refused(412, "stale_version");
    first.delete(&path).await.refused(412, "stale_version");
    w.ada.with("if-match", "\"2\"").delete(&path).await.expect(204);
}

#[tokio::test]
async fn of_two_edits_of_one_version_one_wins() {
    let w = world().await;
    let path = format!("/services/{}/", w.service().await);
    let client = w.ada.with("if-match", "\"1\"");
    let edits = (0..8).map(|n| {
        let (client, path) = (client.clone(), path.clone());
        tokio::spawn(async move { client.patch(&path, json!({"credits_required": n})).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for edit in edits.collect::<Vec<_>>() {
        statuses.push(edit.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test]
async fn withdrawing_says_so_and_keeps_the_row() {
    let w = world().await;
    let id = w.service().await;
    w.book(id, "completed").await;
    w.book(id, "cancelled_by_customer").await;
    w.ada.delete(&format!("/services/{id}/")).await.expect(204);
    let said = json!({"service_id": id, "provider_id": w.ada.id(), "cancel_upcoming": false});
    assert_eq!(w.events().await, [format!("catalog.service_withdrawn {said}")]);
    let row = sqlx::query!("select is_active, withdrawn_at is not null as gone from services")
        .fetch_one(&w.t.app.db);
    let row = row.await.unwrap();
    assert_eq!((row.is_active, row.gone), (false, Some(true)));
}

#[tokio::test]
async fn upcoming_bookings_keep_a_service_unless_they_are_to_go_with_it() {
    for state in ["awaiting_payment", "pending_acceptance", "confirmed", "in_progress"] {
        let w = world().await;
        let path = format!("/services/{}/", w.service().await);
        let id = path.split('/').nth(2).unwrap().parse().unwrap();
        w.book(id, state).await;
        w.ada.delete(&path).await.refused(409, "upcoming_bookings");
        w.ada.delete(&format!("{path}?cancel_upcoming=false")).await.refused(409, "upcoming_bookings");
        w.ada.delete(&format!("{path}?cancel_upcoming=maybe")).await.refused(422, "validation_failed");
        w.ada.get(&path).await.expect(200);
        w.ada.delete(&format!("{path}?cancel_upcoming=true")).await.expect(204);
        assert!(w.events().await[0].contains("\"cancel_upcoming\":true"));
    }
}
