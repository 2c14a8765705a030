//! Schedules and slots over HTTP.

use jiff::SignedDuration;
use platform::{
    ids::{BookingId, CategoryId, ServiceId},
    testing::{Client, TestApp},
};
use serde_json::{Value, json};

async fn app() -> TestApp {
    TestApp::start(crate::router()).await
}

/// A service of an hour and a half.
async fn service(t: &TestApp, provider: &Client) -> ServiceId {
    let (category, id) = (CategoryId::at(t.now()), ServiceId::at(t.now()));
    sqlx::query!(
        r#"with c as (insert into categories (id, slug, position, icon, color, name, description)
                      values ($1, $1::uuid::text, 1, 'home', '#112233', '{"en": "Home"}', '{"en": ""}'))
           insert into services (id, provider_id, category_id, language, title, description, price_minor, currency,
                  duration_minutes, service_radius_km, created_at, updated_at)
           values ($2, $3, $1, 'en', 'Window cleaning', 'All windows', 4990, 'EUR', 90, 25, $4, $4)"#,
        category as _,
        id as _,
        provider.id() as _,
        t.now() as _,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    id
}

fn weekdays() -> Value {
    json!({"timezone": "Europe/Berlin", "auto_accept": true, "slot_step_minutes": 60, "weekly":
        (1..=5).map(|weekday| json!({"weekday": weekday, "start": "09:00", "end": "13:00"})).collect::<Vec<_>>()})
}

fn starts(answer: &platform::testing::Answer) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    results
        .iter()
        .map(|slot| {
            format!("{} {}", slot["local_date"].as_str().unwrap(), slot["local_time"].as_str().unwrap())
        })
        .collect()
}

/// A booking with the time that it holds.
async fn booked(
    t: &TestApp,
    provider: &Client,
    customer: &Client,
    service: ServiceId,
    start: &str,
    end: &str,
) -> BookingId {
    let id = BookingId::at(t.now());
    let at = |text: &str| platform::time::Instant::from(text.parse::<jiff::Timestamp>().unwrap());
    sqlx::query!(
        "with r as (insert into reservations (provider_id, booking_id, purpose, starts_at, ends_at, blocked)
                    values ($3, $1, 'booking', $5, $6, tstzrange($5, $6)))
         insert into bookings (id, reference, customer_id, provider_id, service_id, state, list_position, timezone,
                starts_at, ends_at, service_title, service_price_minor, credits_required, currency, duration_minutes,
                buffer_before_minutes, buffer_after_minutes, cancellation_policy, commission_bps, books_instantly,
                total_minor, payment_method, payment_type, payment_status, created_at, updated_at)
         values ($1, 'SB-000001', $2, $3, $4, 'confirmed', 0, 'Europe/Berlin', $5, $6, 'x', 1, 0, 'EUR', 90, 0, 0,
                'strict', 0, true, 1, 'cash', 'immediate', 'unpaid', $7, $7)",
        id as _,
        customer.id() as _,
        provider.id() as _,
        service as _,
        at(start) as _,
        at(end) as _,
        t.now() as _,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn a_schedule_is_closed_until_it_is_set() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let answer = bob.get("/providers/schedule/").await.expect(200);
    assert!(answer.header("etag").starts_with("\"0-"));
    insta::assert_snapshot!(answer.masked());
}

#[tokio::test]
async fn a_schedule_is_kept_as_it_was_set() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let mut schedule = weekdays();
    schedule["exceptions"] = json!([
        {"date": "2026-03-04", "is_available": false, "reason": "Dentist"},
        {"date": "2026-03-07", "is_available": true, "intervals": [{"start": "22:00", "end": "24:00"}]}]);
    let set = bob.put("/providers/schedule/", schedule).await.expect(200);
    assert!(set.header("etag").starts_with("\"1-"));
    insta::assert_snapshot!(set.masked());
    assert_eq!(bob.get("/providers/schedule/").await.expect(200).body, set.body);
    let mut again = set.body.clone();
    again["min_notice_minutes"] = json!(0);
    let again = bob.put("/providers/schedule/", again).await.expect(200);
    assert_eq!((&again["version"], &again["min_notice_minutes"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn an_old_version_is_not_overwritten_unseen() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    bob.with("if-match", "\"1\"").put("/providers/schedule/", weekdays()).await.refused(412, "stale_version");
    bob.with("if-match", "\"0\"").put("/providers/schedule/", weekdays()).await.expect(200);
    bob.with("if-match", "\"0\"").put("/providers/schedule/", weekdays()).await.refused(412, "stale_version");
    bob.with("if-match", "\"1\"").put("/providers/schedule/", weekdays()).await.expect(200);
}

#[tokio::test]
async fn a_bad_schedule_names_every_field() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let answer = bob
        .put("/providers/schedule/", json!({"timezone": "Mars/Base", "slot_step_minutes": 1, "weekly": [
            {"weekday": 8, "start": "09:00", "end": "10:00"}, {"weekday": 1, "start": "10:00", "end": "09:00"},
            {"weekday": 2, "start": "09:00", "end": "12:00"}, {"weekday": 2, "start": "11:00", "end": "13:00"}]}))
        .await
        .refused(422, "validation_failed");
    insta::assert_snapshot!(format!("{:#}", answer["errors"]), @r#"
    {
      "slot_step_minutes": [
        "This must be between 5 and 1,440."
      ],
      "timezone": [
        "This time zone is not known."
      ],
      "weekly.0.weekday": [
        "This must be between 1 and 7."
      ],
      "weekly.1.end": [
        "The end must be after the start."
      ],
      "weekly.3.start": [
        "This overlaps another interval of the same day."
      ]
    }
    "#);
    for (body, field) in [
        (
            json!({"timezone": "Europe/Berlin", "weekly": [{"weekday": 1, "start": "9", "end": "10:00"}]}),
            "weekly.0.start",
        ),
        (
            json!({"timezone": "Europe/Berlin", "weekly": [], "exceptions": [{"date": "20260304", "is_available": false}]}),
            "exceptions.0.date",
        ),
        (json!({"timezone": "Europe/Berlin"}), "weekly"),
    ] {
        let answer = bob.put("/providers/schedule/", body).await.refused(422, "validation_failed");
        assert!(answer["errors"][field][0].is_string(), "{}", answer.text());
    }
    assert_eq!(bob.get("/providers/schedule/").await["version"], 0);
}

#[tokio::test]
async fn only_providers_have_a_schedule() {
    let t = app().await;
    let (nobody, ann) = (t.anonymous(), t.user("Ann").await);
    nobody.get("/providers/schedule/").await.refused(401, "unauthenticated");
    nobody.put("/providers/schedule/", json!({})).await.refused(401, "unauthenticated");
    ann.get("/providers/schedule/").await.refused(403, "provider_required");
    ann.put("/providers/schedule/", weekdays()).await.refused(403, "provider_required");
}

#[tokio::test]
async fn bookings_outside_a_narrowed_schedule_stay_and_are_listed() {
    let t = app().await;
    let (ann, bob) = (t.user("Ann").await, t.provider("Bob").await);
    bob.put("/providers/schedule/", weekdays()).await.expect(200);
    let service = service(&t, &bob).await;
    let id = booked(&t, &bob, &ann, service, "2026-03-03T10:00:00Z", "2026-03-03T11:30:00Z").await;
    let mut narrow = weekdays();
    narrow["exceptions"] = json!([{"date": "2026-03-03", "is_available": false}]);
    let answer = bob.put("/providers/schedule/", narrow).await.expect(200);
    assert_eq!(
        answer["conflicts"],
        json!([{"id": id, "reference": "SB-000001",
        "starts_at": "2026-03-03T10:00:00Z", "ends_at": "2026-03-03T11:30:00Z"}])
    );
    assert_eq!(bob.get("/providers/schedule/").await["conflicts"], answer["conflicts"]);
    t.advance(SignedDuration::from_hours(48));
    assert_eq!(bob.get("/providers/schedule/").await["conflicts"], json!([]));
}

#[tokio::test]
async fn everybody_sees_the_free_slots_of_a_service() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    bob.put("/providers/schedule/", weekdays()).await.expect(200);
    let id = service(&t, &bob).await;
    let answer = t.anonymous().get(&format!("/services/{id}/slots/")).await.expect(200);
    insta::assert_snapshot!(answer.masked());
    let etag = answer.header("etag").to_owned();
    assert!(!etag.is_empty());
    t.anonymous().with("if-none-match", &etag).get(&format!("/services/{id}/slots/")).await.expect(304);
    let day =
        t.anonymous().get(&format!("/services/{id}/slots/?from=2026-03-04&to=2026-03-04")).await.expect(200);
    assert_eq!(starts(&day), ["2026-03-04 09:00:00", "2026-03-04 10:00:00", "2026-03-04 11:00:00"]);
}

#[tokio::test]
async fn a_booking_and_its_buffers_take_slots_away() {
    let t = app().await;
    let (ann, bob) = (t.user("Ann").await, t.provider("Bob").await);
    bob.put("/providers/schedule/", weekdays()).await.expect(200);
    let id = service(&t, &bob).await;
    booked(&t, &bob, &ann, id, "2026-03-04T08:00:00Z", "2026-03-04T09:30:00Z").await;
    let path = format!("/services/{id}/slots/?from=2026-03-04&to=2026-03-04");
    assert_eq!(starts(&ann.get(&path).await.expect(200)), ["2026-03-04 11:00:00"]);
    // The service's own buffers go before the schedule's.
    sqlx::query!("update services set buffer_before_minutes = 45").execute(&t.app.db).await.unwrap();
    assert_eq!(starts(&ann.get(&path).await.expect(200)), Vec::<String>::new());
}

#[tokio::test]
async fn slots_follow_the_wall_clock_through_a_clock_change() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let mut schedule = weekdays();
    schedule["weekly"] = json!([{"weekday": 7, "start": "01:00", "end": "05:00"}]);
    bob.put("/providers/schedule/", schedule).await.expect(200);
    let id = service(&t, &bob).await;
    let slots = |day: &str| format!("/services/{id}/slots/?from={day}&to={day}");
    let spring = bob.get(&slots("2026-03-29")).await.expect(200);
    // 02:00 does not exist on that day.
    assert_eq!(starts(&spring), ["2026-03-29 01:00:00", "2026-03-29 03:00:00"]);
    assert_eq!(spring["results"][1]["starts_at"], "2026-03-29T01:00:00Z");
}

#[tokio::test]
async fn nobody_is_offered_what_cannot_be_booked() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let id = service(&t, &bob).await;
    let path = format!("/services/{id}/slots/");
    // No schedule yet.
    let empty = bob.get(&path).await.expect(200);
    assert_eq!((&empty["count"], &empty["timezone"]), (&json!(0), &json!("Europe/Berlin")));
    bob.put("/providers/schedule/", weekdays()).await.expect(200);
    assert_ne!(bob.get(&path).await["count"], 0);
    sqlx::query!("update providers set is_available = false").execute(&t.app.db).await.unwrap();
    assert_eq!(bob.get(&path).await["count"], 0);
    sqlx::query!("update services set is_active = false").execute(&t.app.db).await.unwrap();
    bob.get(&path).await.refused(404, "not_found");
    bob.get(&format!("/services/{}/slots/", ServiceId::at(t.now()))).await.refused(404, "not_found");
    bob.get("/services/x/slots/").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_window_is_at_most_31_days_and_not_reversed() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let id = service(&t, &bob).await;
    for (query, status, code) in [
        ("from=2026-03-01&to=2026-03-31", 200, ""),
        ("from=2026-03-01&to=2026-04-01", 422, "window_too_long"),
        ("from=2026-03-02&to=2026-03-01", 422, "window_reversed"),
        ("to=2026-03-01", 422, "window_reversed"),
        ("from=2026-02-30", 422, "validation_failed"),
        ("from=20260301", 422, "validation_failed"),
        ("from=9999-12-31&to=9999-12-31", 200, ""),
        ("from=0001-01-01&to=0001-01-01", 200, ""),
        ("from=0000-01-01", 422, "validation_failed"),
    ] {
        let answer = bob.get(&format!("/services/{id}/slots/?{query}")).await.expect(status);
        assert_eq!(answer["code"].as_str().unwrap_or_default(), code, "{query}");
    }
}

#[tokio::test]
async fn slots_are_one_page_unless_pages_are_asked_for() {
    let t = app().await;
    let bob = t.provider("Bob").await;
    let service = service(&t, &bob).await;
    bob.put("/providers/schedule/", weekdays()).await.expect(200);
    let path = format!("/services/{service}/slots/?from=2026-03-09&to=2026-03-20");
    let whole = t.anonymous().get(&path).await.expect(200);
    let all = starts(&whole);
    assert!(all.len() > 20 && whole["next"].is_null() && whole["count"] == all.len());
    let page = t.anonymous().get(&format!("{path}&page=2")).await.expect(200);
    assert_eq!((starts(&page).as_slice(), &page["count"]), (&all[20..], &whole["count"]));
    let first = bob.get(&format!("{path}&page_size=3")).await.expect(200);
    let next = first["next"].as_str().unwrap().split_once(":8000").unwrap().1.to_owned();
    assert_eq!(starts(&bob.get(&next).await.expect(200)), all[3..6]);
    t.anonymous().get(&format!("{path}&cursor=x")).await.refused(400, "cursor_invalid");
}
