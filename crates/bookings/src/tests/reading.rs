//! Lists of bookings, and who sees what.

use platform::testing::{Answer, Client};
use serde_json::{Value, json};

use super::{World, job};

fn starts(answer: &Answer) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|booking| booking["starts_at"].as_str().unwrap().get(8..13).unwrap().to_owned())
        .collect()
}

/// One booking in each status, at 9:00 UTC of the days 4 to 8.
async fn five() -> (World, Vec<String>) {
    let w = World::new().await;
    let mut paths = Vec::new();
    for day in ["2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07", "2026-03-08"] {
        paths.push(w.book(day, "10:00").await);
    }
    for path in &paths[..3] {
        w.bob.put(&job(path, "accept"), json!({})).await.expect(200);
    }
    w.bob.put(&job(&paths[4], "decline"), json!({})).await.expect(200);
    w.hours(23);
    w.book("2026-03-03", "12:30").await;
    (w, paths)
}

#[tokio::test]
async fn what_is_ahead_comes_soonest_first_and_what_is_past_latest_first() {
    let (w, paths) = five().await;
    w.ann.put(&format!("{}cancel/", paths[0]), json!({})).await.expect(200);
    assert_eq!(
        starts(&w.ann.get("/bookings/").await.expect(200)),
        ["03T11", "05T09", "06T09", "07T09", "08T09", "04T09"]
    );
    assert_eq!(
        starts(&w.bob.get("/bookings/?ordering=-starts_at").await.expect(200)),
        ["08T09", "07T09", "06T09", "05T09", "04T09", "03T11"]
    );
    assert_eq!(starts(&w.bob.get("/bookings/?ordering=starts_at").await.expect(200))[0], "03T11");
    assert_eq!(
        starts(&w.bob.get("/bookings/?ordering=created_at").await.expect(200)).last().unwrap(),
        "03T11"
    );
    assert_eq!(starts(&w.bob.get("/bookings/?ordering=-created_at").await.expect(200))[0], "03T11");
}

#[tokio::test]
async fn lists_are_filtered() {
    let (w, _) = five().await;
    let reference =
        w.ann.get("/bookings/?page_size=1").await["results"][0]["reference"].as_str().unwrap().to_owned();
    let service = w.service;
    for (query, expected) in [
        ("", 6),
        ("status=upcoming", 5),
        ("status=cancelled", 1),
        ("status=ongoing", 0),
        ("status=upcoming&status=cancelled", 6),
        ("sub_status=confirmed", 3),
        ("sub_status=confirmed&sub_status=declined", 4),
        ("status=cancelled&sub_status=confirmed", 0),
        ("role=customer", 6),
        ("role=provider", 0),
        ("from=2026-03-06", 3),
        ("to=2026-03-05", 3),
        ("from=2026-03-05&to=2026-03-06", 2),
        (&format!("service={service}"), 6),
        (&format!("service={}", w.ann.id()), 0),
        ("search=window", 6),
        ("search=BOB", 6),
        ("search=%25", 0),
        (&format!("search={reference}"), 1),
    ] {
        let answer = w.ann.get(&format!("/bookings/?{query}")).await.expect(200);
        assert_eq!(
            (&answer["count"], answer["results"].as_array().unwrap().len()),
            (&json!(expected), expected),
            "{query}"
        );
    }
    for query in [
        "status=open",
        "sub_status=upcoming",
        "role=staff",
        "from=tomorrow",
        "service=x",
        "ordering=price",
        "page_size=0",
    ] {
        w.ann.get(&format!("/bookings/?{query}")).await.refused(422, "validation_failed");
    }
    w.ann.get("/bookings/?cursor=x").await.refused(400, "cursor_invalid");
    w.t.anonymous().get("/bookings/").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_person_in_both_roles_sees_both() {
    let (w, _) = five().await;
    let rob = w.t.provider("Rob").await;
    let schedule = w.bob.get("/providers/schedule/").await.body;
    rob.put("/providers/schedule/", schedule).await.expect(200);
    let service = super::service(&w.t, &rob, 60).await;
    let body = json!({"service_id": service, "scheduled_date": "2026-03-05", "scheduled_time": "15:00", "payment_method": "cash"});
    w.bob.post("/bookings/", body).await.expect(201);
    assert_eq!(
        starts(&w.bob.get("/bookings/").await),
        ["03T11", "04T09", "05T09", "05T14", "06T09", "07T09", "08T09"]
    );
    assert_eq!(starts(&w.bob.get("/bookings/?role=customer").await), ["05T14"]);
    assert_eq!(w.bob.get("/bookings/?role=provider").await["count"], 6);
    assert_eq!(w.bob.get("/bookings/?page=2&page_size=3").await["results"].as_array().unwrap().len(), 3);
    assert_eq!(w.bob.get("/bookings/?page=9").await["count"], 7);
    assert_eq!(w.t.user("Eve").await.get("/bookings/").await["count"], 0);
}

async fn walk(client: &Client, query: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    let mut next = Some(format!("/bookings/?{query}"));
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        seen.extend(page["results"].as_array().unwrap().iter().map(|booking| booking["id"].clone()));
        next = page["next"].as_str().map(|url| url.split_once("8000").unwrap().1.to_owned());
    }
    seen
}

#[tokio::test]
async fn walking_the_pages_sees_everything_once() {
    let (w, _) = five().await;
    for ordering in ["upcoming", "starts_at", "-starts_at", "created_at", "-created_at"] {
        let all = walk(&w.bob, &format!("ordering={ordering}&page_size=100")).await;
        assert_eq!(all.len(), 6);
        assert_eq!(walk(&w.bob, &format!("ordering={ordering}&page_size=2")).await, all, "{ordering}");
    }
}

#[tokio::test]
async fn jobs_are_listed_by_what_they_need() {
    let (w, _) = five().await;
    for (query, expected) in [
        ("", vec!["03T11", "07T09"]),
        ("?type=request", vec!["03T11", "07T09"]),
        ("?type=upcoming", vec!["04T09", "05T09", "06T09"]),
        ("?type=ongoing", vec![]),
        ("?type=completed", vec![]),
        ("?type=cancelled", vec!["08T09"]),
        ("?type=all&from=2026-03-05&to=2026-03-07", vec!["05T09", "06T09", "07T09"]),
    ] {
        assert_eq!(
            starts(&w.bob.get(&format!("/providers/jobs/{query}")).await.expect(200)),
            expected,
            "{query}"
        );
    }
    w.bob.get("/providers/jobs/?type=old").await.refused(422, "validation_failed");
    w.ann.get("/providers/jobs/").await.refused(403, "provider_required");
    w.t.anonymous().get("/providers/jobs/").await.refused(401, "unauthenticated");
    assert_eq!(w.t.provider("Rob").await.get("/providers/jobs/?type=all").await["count"], 0);
}

#[tokio::test]
async fn a_provider_sees_the_exact_address_while_the_booking_is_agreed() {
    let w = World::new().await;
    let mut body = w.body("2026-03-05", "10:00");
    body["address"] = json!({"street_address": "Hauptstraße 5", "city": "Berlin", "postal_code": "10115",
        "country": "DE", "latitude": 52.5309, "longitude": 13.3847});
    let id = w.ann.post("/bookings/", body).await.expect(201).str("id");
    let path = format!("/bookings/{id}/");
    let around = json!({"street_address": null, "city": "Berlin", "state": null, "postal_code": null, "country": "DE",
        "latitude": 52.53, "longitude": 13.3805, "is_exact": false});
    assert_eq!(w.ann.get(&path).await["address"]["is_exact"], true);
    assert_eq!(w.bob.get(&path).await["address"], around);
    assert_eq!(w.bob.get("/providers/jobs/").await["results"][0]["address"], around);
    assert_eq!(w.bob.get("/bookings/").await["results"][0]["address"], around);
    let ics = |file: Answer| file.text().contains("Hauptstraße");
    assert!(
        !ics(w.bob.get(&format!("{path}calendar.ics")).await)
            && ics(w.ann.get(&format!("{path}calendar.ics")).await)
    );
    let agreed = w.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
    assert_eq!(
        (&agreed["address"]["street_address"], &agreed["address"]["is_exact"]),
        (&json!("Hauptstraße 5"), &json!(true))
    );
    assert_eq!(
        w.bob.get("/providers/jobs/?type=upcoming").await["results"][0]["address"]["latitude"],
        json!(52.5309)
    );
    w.ann.put(&format!("{path}cancel/"), json!({})).await.expect(200);
    assert_eq!(w.bob.get(&path).await["address"], around);
}

#[tokio::test]
async fn a_page_of_bookings_looks_like_this() {
    let w = World::new().await;
    w.book("2026-03-03", "10:00").await;
    let page = w.ann.get("/bookings/").await.expect(200);
    let reference = page["results"][0]["reference"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(page.masked().replace(&reference, "[reference]"));
}

#[tokio::test]
async fn lists_are_read_by_their_indexes() {
    let (w, _) = five().await;
    let mut db = w.t.app.db.acquire().await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off").execute(&mut *db).await.unwrap();
    for (side, index) in [("customer_id", "bookings_customer"), ("provider_id", "bookings_provider")] {
        let sql = format!(
            "explain (format text) select * from bookings b where b.{side} = '{}' and b.list_position < 4500000000000000
              order by b.list_position, b.id limit 21",
            w.ann.id()
        );
        let plan: Vec<String> = sqlx::QueryBuilder::<sqlx::Postgres>::new(sql)
            .build_query_scalar()
            .fetch_all(&mut *db)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
    }
}
