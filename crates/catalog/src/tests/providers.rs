//! Becoming a provider, and profiles.

use platform::{
    auth::StaffRole,
    ids::{CategoryId, UserId},
};
use serde_json::json;

use super::{sentence, world};

#[tokio::test]
async fn registering_makes_a_provider_with_hours() {
    let w = world().await;
    let ben = w.t.user("Ben").await;
    w.sql("update users set timezone = 'Europe/Rome', language = 'it'").await;
    let body = json!({"account_type": "company", "business_name": " Ben & Co ", "skills": [w.category, w.category],
        "description": "Ten years.", "location": {"latitude": 45.46, "longitude": 9.19, "city": "Milano"}, "service_radius_km": 40});
    let answer = ben.post("/providers/register/", body).await.expect(201);
    insta::assert_snapshot!(answer.masked());
    assert_eq!(answer.header("location"), format!("/providers/{}/", ben.id()));
    assert_eq!(
        w.events().await,
        [format!("catalog.provider_registered {}", json!({"provider_id": ben.id()}))]
    );
    // The role counts at once.
    ben.post("/services/", w.offer()).await.expect(201);
}

#[tokio::test]
async fn the_other_nodes_hear_of_a_new_provider() {
    let w = world().await;
    let mut listener = sqlx::postgres::PgListener::connect_with(&w.t.app.db).await.unwrap();
    listener.listen("skillbuddy").await.unwrap();
    let ben = w.t.user("Ben").await;
    ben.post("/providers/register/", json!({"account_type": "individual", "skills": []})).await.expect(201);
    let said = listener.recv().await.unwrap().payload().to_owned();
    assert_eq!(said, json!({"type": "account_changed", "user": ben.id()}).to_string());
}

#[tokio::test]
async fn registering_twice_is_refused_also_at_once() {
    let w = world().await;
    let ben = w.t.user("Ben").await;
    let body = json!({"account_type": "individual", "skills": []});
    let tries = (0..6).map(|_| {
        let (ben, body) = (ben.clone(), body.clone());
        tokio::spawn(async move { ben.post("/providers/register/", body).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    ben.post("/providers/register/", body).await.refused(409, "already_provider");
    assert_eq!(w.events().await.len(), 1);
}

#[tokio::test]
async fn each_field_of_a_profile_has_its_rule() {
    let w = world().await;
    let ben = w.t.user("Ben").await;
    for (field, value) in [
        ("account_type", json!("freelancer")),
        ("account_type", json!(null)),
        ("business_name", json!("x".repeat(121))),
        ("business_name", json!("")),
        ("description", json!("x".repeat(5001))),
        ("skills", json!("cleaning")),
        ("skills.1", json!([w.category, CategoryId::at(w.t.now())])),
        ("skills", json!(vec![w.category; 51])),
        ("languages", json!([])),
        ("languages.1", json!(["de", "DE"])),
        ("languages.0", json!(["deu"])),
        ("languages", json!(vec!["de"; 21])),
        ("is_available", json!(1)),
        ("location.latitude", json!({"longitude": 1})),
        ("service_radius_km", json!(0)),
        ("service_radius_km", json!(201)),
    ] {
        let mut body = json!({"account_type": "individual", "skills": []});
        body[field.split('.').next().unwrap()] = value;
        let answer = ben.post("/providers/register/", body).await.refused(422, "validation_failed");
        assert!(!sentence(&answer, field).is_empty());
    }
    w.t.anonymous().post("/providers/register/", json!({})).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn one_edits_ones_own_profile() {
    let w = world().await;
    let first = w.ada.get("/providers/profile/").await.expect(200);
    assert_eq!((first.header("etag").split_once('-').unwrap().0, &first["id"]), ("\"1", &json!(w.ada.id())));
    let patch = json!({"description": "Hello", "is_available": false, "languages": ["de", "it", "de"],
        "location": {"latitude": 1.5, "longitude": 2.5, "city": "Mitte"}});
    let patched = w.ada.patch("/providers/profile/", patch).await.expect(200);
    assert_eq!((&patched["description"], &patched["languages"]), (&json!("Hello"), &json!(["de", "it"])));
    assert_eq!(
        patched["service_area"],
        json!({"type": "radius", "center": {"latitude": 1.5, "longitude": 2.5}, "radius_km": 25})
    );
    assert_eq!((&patched["is_available"], &patched["city"]), (&json!(false), &json!("Mitte")));
    let kept = w.ada.patch("/providers/profile/", json!({"description": null})).await.expect(200);
    assert_eq!((&kept["description"], &kept["is_available"]), (&json!(""), &json!(false)));
    let put = w
        .ada
        .put("/providers/profile/", json!({"account_type": "business", "skills": [w.category]}))
        .await
        .expect(200);
    assert_eq!(
        (&put["is_available"], &put["service_area"], &put["languages"]),
        (&json!(true), &json!(null), &json!(["en"]))
    );
    assert_eq!(put["skills"], json!([{"category_id": w.category, "name": "cleaning en"}]));
    assert_eq!((put.header("etag").split_once('-').unwrap().0, &put["version"]), ("\"4", &json!(4)));
}

#[tokio::test]
async fn profiles_are_edited_by_the_same_rules_and_in_the_present_version() {
    let w = world().await;
    let refused = w.ada.patch("/providers/profile/", json!({"skills": [UserId::at(w.t.now())]})).await;
    sentence(&refused.refused(422, "validation_failed"), "skills.0");
    w.ada.put("/providers/profile/", json!({"skills": []})).await.refused(422, "validation_failed");
    let first = w.ada.with("if-match", "\"1\"");
    first.patch("/providers/profile/", json!({"description": "a"})).await.expect(200);
    first.patch("/providers/profile/", json!({"description": "b"})).await.refused(412, "stale_version");
    first
        .put("/providers/profile/", json!({"account_type": "business", "skills": []}))
        .await
        .refused(412, "stale_version");
}

#[tokio::test]
async fn whoever_is_no_provider_has_no_profile() {
    let w = world().await;
    let ben = w.t.user("Ben").await;
    let body = json!({"account_type": "business", "skills": []});
    ben.get("/providers/profile/").await.refused(403, "provider_required");
    ben.put("/providers/profile/", body.clone()).await.refused(403, "provider_required");
    ben.patch("/providers/profile/", json!({})).await.refused(403, "provider_required");
    w.t.anonymous().get("/providers/profile/").await.refused(401, "unauthenticated");
    w.t.anonymous().put("/providers/profile/", body).await.refused(401, "unauthenticated");
    w.t.anonymous().patch("/providers/profile/", json!({})).await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn everybody_sees_a_provider_but_not_their_earnings() {
    let w = world().await;
    let path = format!("/providers/{}/", w.ada.id());
    let public = w.t.anonymous().get(&path).await.expect(200);
    assert_eq!(public["total_earnings"], json!(null));
    w.t.anonymous().with("if-none-match", public.header("etag")).get(&path).await.expect(304);
    let ben = w.t.user("Ben").await;
    assert_eq!(ben.get(&path).await.expect(200)["total_earnings"], json!(null));
    assert_eq!(w.ada.get(&path).await.expect(200)["total_earnings"], json!(0.0));
    let staff = w.t.staff("Sam", StaffRole::Support).await;
    assert_eq!(staff.get(&path).await.expect(200)["total_earnings"], json!(0.0));
    w.t.anonymous().get(&format!("/providers/{}/", ben.id())).await.refused(404, "not_found");
    w.t.anonymous().get("/providers/nobody/").await.refused(404, "not_found");
}

#[tokio::test]
async fn total_earnings_are_what_the_books_say_in_the_main_currency() {
    let w = world().await;
    w.sql(
        "update providers set jobs_completed = 9;
           insert into provider_earnings select user_id, 'EUR', 12345 from providers;
           insert into provider_earnings select user_id, 'JPY', 500000 from providers",
    )
    .await;
    assert_eq!(w.ada.get("/providers/profile/").await.expect(200)["total_earnings"], json!(123.45));
    w.sql("update providers set currency = 'JPY'").await;
    assert_eq!(w.ada.get("/providers/profile/").await.expect(200)["total_earnings"], json!(500_000));
}
