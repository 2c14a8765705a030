//! Making a booking.

use platform::{
    ids::ServiceId,
    testing::{Answer, Client},
};
use serde_json::{Value, json};

use super::{World, job, service};

#[tokio::test]
async fn a_customer_books_a_slot() {
    let w = World::new().await;
    let mut body = w.body("2026-03-03", "10:00");
    body["notes"] = json!("Please ring twice.");
    body["address"] = json!({"street_address": "Hauptstraße 5", "city": "Berlin", "postal_code": "10115",
        "country": "DE", "latitude": 52.5309, "longitude": 13.3847});
    let answer = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!(answer.header("location"), format!("/bookings/{}/", answer.str("id")));
    assert!(answer.header("etag").starts_with("\"1-"));
    assert!(answer.str("reference").starts_with("SB-") && answer.str("reference").len() == 9);
    insta::assert_snapshot!(answer.masked().replace(&answer.str("reference"), "[reference]"));
    let read = w.ann.get(&format!("/bookings/{}/", answer.str("id"))).await.expect(200);
    assert_eq!(read.body, answer.body);
    assert_eq!(w.held().await, ["03 09:00-10:30"]);
    assert_eq!(w.timers().await, ["booking respond_by at 03 09:00"]);
    assert_eq!(w.events().await, ["created by customer -> pending_acceptance v1"]);
}

#[tokio::test]
async fn a_booking_is_confirmed_at_once_where_the_schedule_says_so() {
    let w = World::instant().await;
    let answer = w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.expect(201);
    assert_eq!((&answer["status"], &answer["sub_status"]), (&json!("upcoming"), &json!("confirmed")));
    assert_eq!(answer["respond_by"], Value::Null);
    assert_eq!(w.timers().await, ["booking complete at 05 10:30"]);
}

#[tokio::test]
async fn an_answer_is_due_in_a_day_or_by_the_start() {
    let w = World::new().await;
    let soon = w.ann.post("/bookings/", w.body("2026-03-02", "15:00")).await.expect(201);
    assert_eq!(soon["respond_by"], "2026-03-02T14:00:00Z");
    let late = w.ann.post("/bookings/", w.body("2026-03-09", "15:00")).await.expect(201);
    assert_eq!(late["respond_by"], "2026-03-03T09:00:00Z");
}

#[tokio::test]
async fn a_start_can_be_an_instant() {
    let w = World::new().await;
    let body =
        json!({"service_id": w.service, "starts_at": "2026-03-03T09:00:00Z", "payment_method": "cash"});
    let answer = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!(
        (answer.str("scheduled_date"), answer.str("scheduled_time")),
        ("2026-03-03".into(), "10:00:00".into())
    );
}

#[tokio::test]
async fn a_taken_time_is_refused_with_free_ones_near_it() {
    let w = World::new().await;
    w.book("2026-03-03", "10:00").await;
    for time in ["09:00", "10:00", "11:00"] {
        w.ann.post("/bookings/", w.body("2026-03-03", time)).await.refused(409, "slot_taken");
    }
    let answer = w.ann.post("/bookings/", w.body("2026-03-03", "10:30")).await.refused(409, "slot_taken");
    let times: Vec<_> = answer["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|slot| slot["local_time"].as_str().unwrap())
        .collect();
    assert_eq!(times, ["11:30:00", "12:00:00", "08:30:00", "12:30:00", "08:00:00"]);
    w.book("2026-03-03", "11:30").await;
}

#[tokio::test]
async fn buffers_keep_neighbours_apart() {
    let w = World::new().await;
    w.schedule(json!({"buffer_before_minutes": 15, "buffer_after_minutes": 30})).await;
    w.book("2026-03-03", "10:00").await;
    w.ann.post("/bookings/", w.body("2026-03-03", "11:30")).await.refused(409, "slot_taken");
    w.ann.post("/bookings/", w.body("2026-03-03", "12:00")).await.refused(409, "slot_taken");
    w.book("2026-03-03", "12:30").await;
    // Later, narrower buffers do not shrink what was promised then.
    w.schedule(json!({})).await;
    w.ann.post("/bookings/", w.body("2026-03-03", "14:00")).await.refused(409, "slot_taken");
}

#[tokio::test]
async fn only_slots_of_the_schedule_can_be_booked() {
    let w = World::new().await;
    for (date, time, code) in [
        ("2026-03-02", "10:30", "too_soon"),
        ("2026-03-01", "10:00", "too_soon"),
        ("2026-05-02", "10:00", "too_far"),
        ("2026-03-03", "07:30", "outside_schedule"),
        ("2026-03-03", "19:00", "outside_schedule"),
        ("2026-03-03", "10:10", "outside_schedule"),
    ] {
        let answer = w.ann.post("/bookings/", w.body(date, time)).await.refused(422, code);
        assert!(answer["errors"]["scheduled_time"][0].is_string(), "{date} {time}");
    }
    sqlx::query!("update services set min_notice_minutes = 2880").execute(&w.t.app.db).await.unwrap();
    w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(422, "too_soon");
    sqlx::query!("update services set max_advance_days = 5").execute(&w.t.app.db).await.unwrap();
    w.ann.post("/bookings/", w.body("2026-03-10", "10:00")).await.refused(422, "too_far");
    assert_eq!(w.held().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_provider_who_is_away_or_without_a_schedule_is_closed() {
    let w = World::new().await;
    sqlx::query!("update providers set is_available = false").execute(&w.t.app.db).await.unwrap();
    w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(422, "outside_schedule");
    sqlx::query!("with p as (update providers set is_available = true) delete from schedules")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(422, "outside_schedule");
}

#[tokio::test]
async fn a_time_that_the_clocks_skip_is_refused_and_a_repeated_one_is_the_first() {
    let w = World::new().await;
    w.schedule(json!({"max_advance_days": 365,
        "weekly": [{"weekday": 7, "start": "00:00", "end": "12:00"}]}))
        .await;
    w.ann.post("/bookings/", w.body("2026-03-29", "02:30")).await.refused(422, "nonexistent_local_time");
    let spring = w.ann.post("/bookings/", w.body("2026-03-29", "03:00")).await.expect(201);
    assert_eq!(spring["starts_at"], "2026-03-29T01:00:00Z");
    let autumn = w.ann.post("/bookings/", w.body("2026-10-25", "02:30")).await.expect(201);
    assert_eq!(
        (&autumn["starts_at"], &autumn["scheduled_time"]),
        (&json!("2026-10-25T00:30:00Z"), &json!("02:30:00"))
    );
    // The second 02:30 of that night is no slot.
    let second =
        json!({"service_id": w.service, "starts_at": "2026-10-25T01:30:00Z", "payment_method": "cash"});
    w.ann.post("/bookings/", second).await.refused(422, "outside_schedule");
}

#[tokio::test]
async fn half_hour_zones_work() {
    let w = World::new().await;
    w.schedule(json!({"timezone": "Asia/Kolkata"})).await;
    let answer = w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.expect(201);
    assert_eq!(
        (&answer["starts_at"], &answer["timezone"]),
        (&json!("2026-03-03T04:30:00Z"), &json!("Asia/Kolkata"))
    );
}

#[tokio::test]
async fn one_cannot_book_oneself() {
    let w = World::new().await;
    let answer = w.bob.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(422, "own_service");
    assert!(answer["errors"]["service_id"][0].is_string());
}

#[tokio::test]
async fn what_is_not_offered_is_not_found() {
    let w = World::new().await;
    let mut body = w.body("2026-03-03", "10:00");
    body["service_id"] = json!(ServiceId::at(w.t.now()));
    w.ann.post("/bookings/", body).await.refused(404, "not_found");
    sqlx::query!("update users set state = 'suspended' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(404, "not_found");
    sqlx::query!("with u as (update users set state = 'active') update services set is_active = false")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(404, "not_found");
}

#[tokio::test]
async fn people_who_blocked_each_other_do_not_book() {
    let w = World::new().await;
    for (blocker, blocked) in [(&w.ann, &w.bob), (&w.bob, &w.ann)] {
        sqlx::query!(
            "with d as (delete from user_blocks) insert into user_blocks values ($1, $2, $3)",
            blocker.id() as _,
            blocked.id() as _,
            w.t.now() as _,
        )
        .execute(&w.t.app.db)
        .await
        .unwrap();
        w.ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.refused(403, "blocked");
    }
}

#[tokio::test]
async fn what_is_not_cash_is_paid_first() {
    let w = World::new().await;
    for (method, kind) in [
        // This service has no price in credits.
        ("credits", None),
        // Nobody takes them here.
        ("card", None),
        ("paypal", None),
        ("paypal", Some("later")),
        ("cash", Some("installment")),
        ("cash", Some("credits")),
    ] {
        let mut body = w.body("2026-03-03", "10:00");
        (body["payment_method"], body["payment_type"]) = (json!(method), json!(kind));
        w.ann.post("/bookings/", body).await.refused(422, "payment_method_unavailable");
    }
    let mut body = w.body("2026-03-03", "10:00");
    body["payment_type"] = json!("immediate");
    let answer = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!((&answer["payment_status"], &answer["is_paid"]), (&json!("unpaid"), &json!(false)));
    assert_eq!(answer["sub_status"], "pending_acceptance");

    sqlx::query!("update services set credits_required = 45").execute(&w.t.app.db).await.unwrap();
    let mut body = w.body("2026-03-03", "12:00");
    body["payment_method"] = json!("credits");
    let answer = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!(
        (&answer["sub_status"], &answer["payment_type"]),
        (&json!("awaiting_payment"), &json!("credits"))
    );
    assert_eq!(w.held().await.len(), 2);
    w.t.advance(jiff::SignedDuration::from_mins(15));
    w.t.run_jobs().await;
    assert_eq!(w.state(&format!("/bookings/{}/", answer.str("id"))).await, "payment_expired");
    assert_eq!(w.held().await.len(), 1);
}

#[tokio::test]
async fn what_is_paid_by_credits_has_its_own_price() {
    let w = World::new().await;
    let db = &w.t.app.db;
    sqlx::query!("update services set credits_required = 45").execute(db).await.unwrap();
    let mut body = w.body("2026-03-03", "10:00");
    body["payment_method"] = json!("credits");
    let answer = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!((&answer["total_amount"], &answer["service_price"]), (&json!(45.0), &json!(49.9)));
    assert_eq!(
        (&answer["payment_type"], &answer["sub_status"]),
        (&json!("credits"), &json!("awaiting_payment"))
    );
}

#[tokio::test]
async fn bad_fields_are_named() {
    let w = World::new().await;
    for (changes, field) in [
        (json!({"service_id": "x"}), "service_id"),
        (json!({"service_id": null}), "service_id"),
        (json!({"scheduled_date": "2026-02-30"}), "scheduled_date"),
        (json!({"scheduled_date": null}), "scheduled_date"),
        (json!({"scheduled_time": null}), "scheduled_time"),
        (json!({"scheduled_time": "25:00"}), "scheduled_time"),
        (json!({"starts_at": "2026-03-03T09:00:00Z"}), "starts_at"),
        (json!({"starts_at": "soon"}), "starts_at"),
        (json!({"notes": "x".repeat(2001)}), "notes"),
        (json!({"notes": "a\u{0}b"}), "notes"),
        (json!({"payment_method": "gold"}), "payment_method"),
        (json!({"address_id": w.service}), "address_id"),
        (json!({"address": {"city": "Berlin", "country": "DE"}}), "address.street_address"),
        (
            json!({"address": {"street_address": " ", "city": "Berlin", "country": "DE"}}),
            "address.street_address",
        ),
        (json!({"address": {"street_address": "x", "city": "y", "country": "de"}}), "address.country"),
        (
            json!({"address": {"street_address": "x", "city": "y", "country": "DE", "latitude": 1}}),
            "address.latitude",
        ),
        (
            json!({"address": {"street_address": "x", "city": "y", "country": "DE", "latitude": 91, "longitude": 0}}),
            "address.latitude",
        ),
    ] {
        let mut body = w.body("2026-03-03", "10:00");
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let answer = w.ann.post("/bookings/", body).await.expect(422);
        assert!(answer["errors"][field][0].is_string(), "{field}: {}", answer.text());
    }
    w.t.anonymous().post("/bookings/", json!({})).await.refused(401, "unauthenticated");
    assert_eq!(w.held().await, Vec::<String>::new());
}

#[tokio::test]
async fn later_edits_of_the_service_do_not_change_a_booking() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    let before = w.ann.get(&path).await.expect(200);
    sqlx::query!(
        "update services set title = 'x', translations = '{}', price_minor = 1, duration_minutes = 5,
                cancellation_policy = 'strict', is_active = false"
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    assert_eq!(w.ann.get(&path).await.expect(200).body, before.body);
}

#[tokio::test]
async fn the_title_is_copied_in_the_customers_language() {
    let w = World::new().await;
    let answer = w.ann.post("/bookings/?lang=de", w.body("2026-03-03", "10:00")).await.expect(201);
    assert_eq!(answer["service_title"], "Fensterputzen");
    let refused =
        w.ann.post("/bookings/?lang=it", w.body("2026-03-03", "10:00")).await.refused(409, "slot_taken");
    assert_eq!(refused["message"], "Questo orario è appena stato preso.");
}

#[tokio::test]
async fn a_repeated_request_with_the_same_key_books_once() {
    let w = World::new().await;
    let ann = w.ann.with("idempotency-key", "k1");
    let first = ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.expect(201);
    let second = ann.post("/bookings/", w.body("2026-03-03", "10:00")).await.expect(201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.bytes, second.bytes);
    ann.post("/bookings/", w.body("2026-03-04", "10:00")).await.refused(422, "idempotency_key_reused");
    assert_eq!(w.held().await.len(), 1);
}

#[tokio::test]
async fn a_booking_that_gave_its_time_back_stands_in_nobodys_way() {
    let w = World::new().await;
    for verb in ["decline", "accept"] {
        let path = w.book("2026-03-03", "10:00").await;
        w.bob.put(&job(&path, verb), json!({})).await.expect(200);
    }
    assert_eq!(w.held().await, ["03 09:00-10:30"]);
}

#[tokio::test]
async fn one_statement_writes_all_that_follows() {
    let w = World::new().await;
    w.book("2026-03-03", "10:00").await;
    let rows = sqlx::query!(
        r#"select (select count(*) from reservations) as "reservations!", (select count(*) from bookings) as "bookings!",
                  (select count(*) from booking_history) as "history!", (select count(*) from outbox) as "outbox!",
                  (select count(*) from jobs) as "jobs!", (select requests_received from providers) as "requests!""#
    )
    .fetch_one(&w.t.app.db)
    .await
    .unwrap();
    assert_eq!(
        (rows.reservations, rows.bookings, rows.history, rows.outbox, rows.jobs, rows.requests),
        (1, 1, 1, 1, 1, 1)
    );
}

/// Ann asks for this time, to pay by credits.
async fn hold(w: &World, who: &Client, service: ServiceId, time: &str) -> Answer {
    let body = json!({"service_id": service, "scheduled_date": "2026-03-03", "scheduled_time": time,
        "payment_method": "credits"});
    let answer = who.post("/bookings/", body).await;
    assert!(w.held().await.len() <= 8);
    answer
}

#[tokio::test]
async fn nobody_holds_many_times_without_paying() {
    let w = World::new().await;
    let mut providers = vec![w.service];
    for name in ["Carl", "Dora"] {
        let other = w.t.provider(name).await;
        providers.push(service(&w.t, &other, 90).await);
        let weekly: Vec<_> =
            (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
        let schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly});
        other.put("/providers/schedule/", schedule).await.expect(200);
    }
    sqlx::query!("update services set credits_required = 45").execute(&w.t.app.db).await.unwrap();
    let mut first = String::new();
    for time in ["08:00", "10:00", "12:00"] {
        first = hold(&w, &w.ann, providers[0], time).await.expect(201).str("id");
    }
    hold(&w, &w.ann, providers[0], "14:00").await.refused(409, "too_many_holds");
    for time in ["14:00", "16:00"] {
        hold(&w, &w.ann, providers[1], time).await.expect(201);
    }
    hold(&w, &w.ann, providers[2], "18:00").await.refused(409, "too_many_holds");
    // What needs no payment first is no hold, another person has their own, and what is given back makes room.
    w.ann.post("/bookings/", w.body("2026-03-03", "14:00")).await.expect(201);
    let eve = w.t.user("Eve").await;
    hold(&w, &eve, providers[0], "16:00").await.expect(201);
    w.ann.put(&format!("/bookings/{first}/cancel/"), json!({})).await.expect(200);
    hold(&w, &w.ann, providers[0], "18:00").await.expect(201);
    w.t.advance(jiff::SignedDuration::from_mins(15));
    w.t.run_jobs().await;
    hold(&w, &w.ann, providers[2], "08:00").await.expect(201);
}

#[tokio::test]
async fn what_costs_nothing_goes_on_as_if_it_had_been_paid() {
    let w = World::new().await;
    sqlx::query!("update services set price_minor = 0").execute(&w.t.app.db).await.unwrap();
    for (time, method) in [("08:00", "card"), ("10:00", "paypal"), ("12:00", "credits"), ("14:00", "cash")] {
        let mut body = w.body("2026-03-03", time);
        body["payment_method"] = json!(method);
        let booking = w.ann.post("/bookings/", body).await.expect(201);
        let shown =
            ["sub_status", "payment_status", "is_paid", "total_amount"].map(|name| booking[name].clone());
        assert_eq!(shown, [json!("pending_acceptance"), json!("paid"), json!(true), json!(0.0)], "{method}");
    }
    w.schedule(json!({"auto_accept": true})).await;
    let mut body = w.body("2026-03-03", "16:00");
    body["payment_method"] = json!("card");
    let booking = w.ann.post("/bookings/", body).await.expect(201);
    assert_eq!(booking["sub_status"], "confirmed");
    let cancelled =
        w.ann.put(&format!("/bookings/{}/cancel/", booking.str("id")), json!({})).await.expect(200);
    assert_eq!(cancelled["refund_amount"], json!(0.0));
}
