//! Moving a booking: at once, or by a proposal.

use serde_json::{Value, json};

use super::{World, job, story};

fn to(date: &str, time: &str) -> Value {
    json!({"scheduled_date": date, "scheduled_time": time, "reason": "Work"})
}

#[tokio::test]
async fn the_customer_of_an_instant_booking_moves_it_at_once() {
    let w = World::instant().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    let answer = w.ann.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
    assert_eq!(
        (answer.str("starts_at"), answer.str("scheduled_time")),
        ("2026-03-04T10:00:00Z".into(), "11:00:00".into())
    );
    assert_eq!((&answer["reschedule"], &answer["sub_status"]), (&Value::Null, &json!("confirmed")));
    assert_eq!(story(&answer), "created by customer -> confirmed, rescheduled by customer -> confirmed");
    assert_eq!(w.held().await, ["04 10:00-11:30"]);
    assert_eq!(w.timers().await, ["booking complete at 06 11:30"]);
}

#[tokio::test]
async fn the_provider_of_an_instant_booking_proposes() {
    let w = World::instant().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    let answer = w.bob.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
    assert_eq!(
        (&answer["starts_at"], &answer["reschedule"]["proposed_by"]),
        (&json!("2026-03-03T09:00:00Z"), &json!("provider"))
    );
    // The customer answers first, instead of moving it once more.
    let refused = w
        .ann
        .put(&format!("{path}reschedule/"), to("2026-03-05", "11:00"))
        .await
        .refused(409, "invalid_transition");
    assert_eq!(refused["allowed"], json!(["reschedule_accepted", "reschedule_declined", "cancelled"]));
}

#[tokio::test]
async fn an_accepted_proposal_moves_the_booking() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    let asked = w.ann.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
    insta::assert_snapshot!(
        format!("{:#}", asked["reschedule"]).replace(asked["reschedule"]["id"].as_str().unwrap(), "[id]")
    );
    assert_eq!(asked["can_reschedule"], false);
    // Both times are held.
    assert_eq!(w.held().await, ["03 09:00-10:30", "04 10:00-11:30 (proposal)"]);
    assert_eq!(w.timers().await, ["proposal expire at 03 09:00", "booking complete at 05 10:30"]);
    for time in [("2026-03-03", "10:00"), ("2026-03-04", "11:00")] {
        w.ann.post("/bookings/", w.body(time.0, time.1)).await.refused(409, "slot_taken");
    }
    // Nobody accepts their own proposal.
    w.ann.put(&format!("{path}reschedule/accept/"), json!({})).await.refused(409, "invalid_transition");
    let moved = w.bob.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    assert_eq!((&moved["starts_at"], &moved["reschedule"]), (&json!("2026-03-04T10:00:00Z"), &Value::Null));
    assert_eq!(w.held().await, ["04 10:00-11:30"]);
    assert_eq!(w.timers().await, ["booking complete at 06 11:30"]);
    w.bob.put(&format!("{path}reschedule/accept/"), json!({})).await.refused(409, "invalid_transition");
    let states =
        sqlx::query_scalar!("select state from reschedule_proposals").fetch_all(&w.t.app.db).await.unwrap();
    assert_eq!(states, ["accepted"]);
}

#[tokio::test]
async fn a_declined_or_withdrawn_proposal_changes_nothing() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    for (who, state) in [(&w.bob, "declined"), (&w.ann, "withdrawn")] {
        w.ann.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
        let answer = who.put(&format!("{path}reschedule/decline/"), json!({})).await.expect(200);
        assert_eq!(
            (&answer["starts_at"], &answer["reschedule"]),
            (&json!("2026-03-03T09:00:00Z"), &Value::Null)
        );
        assert_eq!((w.held().await.len(), w.timers().await.len()), (1, 1));
        let last = sqlx::query_scalar!(
            "select state from reschedule_proposals order by created_at desc, id desc limit 1"
        );
        assert_eq!(last.fetch_one(&w.t.app.db).await.unwrap(), state);
        w.bob.put(&format!("{path}reschedule/decline/"), json!({})).await.refused(409, "invalid_transition");
        w.hours(1);
    }
}

#[tokio::test]
async fn a_proposal_that_nobody_answers_expires() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    let asked = w.bob.put(&format!("{path}reschedule/"), to("2026-03-12", "11:00")).await.expect(200);
    assert_eq!(asked["reschedule"]["expires_at"], "2026-03-04T09:00:00Z");
    w.at("2026-03-04T09:00:00Z");
    w.ann.put(&format!("{path}reschedule/accept/"), json!({})).await.refused(409, "invalid_transition");
    w.t.run_jobs().await;
    let answer = w.ann.get(&path).await;
    assert_eq!((&answer["reschedule"], &answer["starts_at"]), (&Value::Null, &json!("2026-03-10T09:00:00Z")));
    assert_eq!(w.held().await, ["10 09:00-10:30"]);
}

#[tokio::test]
async fn a_cancelled_booking_drops_its_proposal() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    w.bob.put(&format!("{path}reschedule/"), to("2026-03-12", "11:00")).await.expect(200);
    let answer = w.ann.put(&format!("{path}cancel/"), json!({})).await.expect(200);
    assert_eq!(answer["reschedule"], Value::Null);
    assert_eq!((w.held().await.len(), w.timers().await.len()), (0, 0));
}

#[tokio::test]
async fn a_request_can_be_moved_before_it_is_answered() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "08:30").await;
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-02", "15:00")).await.expect(200);
    let moved = w.bob.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    // Approval is not bypassed, and its time follows the start.
    assert_eq!(
        (&moved["sub_status"], &moved["respond_by"]),
        (&json!("pending_acceptance"), &json!("2026-03-02T14:00:00Z"))
    );
    assert_eq!(w.timers().await, ["booking respond_by at 02 14:00"]);
    w.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
}

#[tokio::test]
async fn the_rules_of_new_bookings_hold() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.confirmed("2026-03-04", "10:00").await;
    for (date, time, status, code) in [
        ("2026-03-02", "10:30", 422, "too_soon"),
        ("2026-06-02", "10:00", 422, "too_far"),
        ("2026-03-03", "22:00", 422, "outside_schedule"),
        ("2026-03-29", "02:30", 422, "nonexistent_local_time"),
        ("2026-03-04", "11:00", 409, "slot_taken"),
        ("2026-03-03", "10:00", 422, "validation_failed"),
    ] {
        let answer = w.ann.put(&format!("{path}reschedule/"), to(date, time)).await.refused(status, code);
        assert_eq!(answer["alternatives"].is_array(), code == "slot_taken");
    }
    assert_eq!(w.ann.get(&path).await["version"], 2);
    // One's own time is not in the way.
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-03", "10:30")).await.expect(200);
    w.bob.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    assert_eq!(w.held().await, ["03 09:30-11:00", "04 09:00-10:30"]);
}

#[tokio::test]
async fn nothing_moves_after_the_start() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.at("2026-03-03T09:00:00Z");
    for who in [&w.ann, &w.bob] {
        assert_eq!(who.get(&path).await["can_reschedule"], false);
        who.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00"))
            .await
            .refused(409, "invalid_transition");
    }
}

#[tokio::test]
async fn a_booking_keeps_its_price_its_length_and_its_buffers() {
    let w = World::instant().await;
    w.schedule(json!({"auto_accept": true, "buffer_after_minutes": 60})).await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.schedule(json!({"auto_accept": true})).await;
    sqlx::query!("update services set price_minor = 1, duration_minutes = 30, is_active = false")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let moved = w.ann.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
    assert_eq!((&moved["total_amount"], &moved["duration_minutes"]), (&json!(49.9), &json!(90)));
    let blocked = sqlx::query_scalar!("select upper(blocked)::text from reservations")
        .fetch_one(&w.t.app.db)
        .await
        .unwrap();
    assert!(blocked.unwrap().starts_with("2026-03-04 12:30"));
}

#[tokio::test]
async fn a_calendar_file_follows_the_booking() {
    let w = World::instant().await;
    sqlx::query!("update services set title = 'Windows, doors; and a very long title that goes on and on and on – Größe', translations = '{}'")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let path = w.confirmed("2026-03-03", "10:00").await;
    let file = w.ann.get(&format!("{path}calendar.ics")).await.expect(200);
    assert_eq!(file.header("content-type"), "text/calendar; charset=utf-8");
    let booking = w.ann.get(&path).await;
    let mask = |file: &platform::testing::Answer| {
        file.text()
            .replace(&booking.str("id"), "[booking]")
            .replace(&booking.str("reference"), "[reference]")
            .replace(&booking.str("provider_id"), "[provider]")
            .replace("\r\n", "\n")
    };
    assert!(file.text().lines().all(|line| line.len() <= 75));
    insta::assert_snapshot!(mask(&file));
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-04", "11:00")).await.expect(200);
    let moved = mask(&w.bob.get(&format!("{path}calendar.ics")).await.expect(200));
    assert!(
        moved.contains("SEQUENCE:1\n")
            && moved.contains("DTSTART:20260304T100000Z\n")
            && moved.contains("METHOD:PUBLISH")
    );
    w.ann.put(&format!("{path}cancel/"), json!({})).await.expect(200);
    let gone = mask(&w.ann.get(&format!("{path}calendar.ics")).await.expect(200));
    assert!(
        gone.contains("METHOD:CANCEL\n")
            && gone.contains("STATUS:CANCELLED\n")
            && gone.contains("SEQUENCE:2\n")
    );
    assert!(gone.contains("UID:[booking]@skillbuddy\n"));
}

/// As if the customer had paid by card already.
async fn paid(w: &World, policy: &str) {
    sqlx::query!(
        "update bookings set payment_status = 'paid', payment_method = 'card', paid_minor = 10000, agreed_minor = 10000,
                secured_minor = 10000, total_minor = 10000, cancellation_policy = $1",
        policy
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
}

async fn costs(w: &World, path: &str) -> Value {
    w.ann.get(&format!("{path}cancellation/")).await.expect(200)["kept_amount"].clone()
}

/// The examination's own: moderate, two hours before, moved by 30 days, then cancelled.
#[rstest::rstest]
#[case("flexible", 50.0, 50.0)]
#[case("moderate", 100.0, 0.0)]
#[case("strict", 100.0, 0.0)]
#[tokio::test]
async fn moving_never_makes_cancelling_cheaper(#[case] policy: &str, #[case] kept: f64, #[case] back: f64) {
    let w = World::instant().await;
    w.schedule(json!({"auto_accept": true, "min_notice_minutes": 60})).await;
    let path = w.confirmed("2026-03-03", "12:00").await;
    paid(&w, policy).await;
    w.at("2026-03-03T09:00:00Z");
    assert_eq!(costs(&w, &path).await, json!(kept));
    w.ann.put(&format!("{path}reschedule/"), to("2026-04-02", "12:00")).await.expect(200);
    let preview = w.ann.get(&format!("{path}cancellation/")).await.expect(200);
    assert_eq!((&preview["kept_amount"], &preview["free_until"]), (&json!(kept), &Value::Null));
    let answer = w.ann.put(&format!("{path}cancel/"), json!({})).await.expect(200);
    assert_eq!(answer["refund_amount"], json!(back));
}

#[tokio::test]
async fn a_free_move_stays_free_and_a_later_one_costs_what_it_costs_then() {
    let w = World::instant().await;
    let path = w.confirmed("2026-03-06", "12:00").await;
    paid(&w, "moderate").await;
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-07", "12:00")).await.expect(200);
    assert_eq!(costs(&w, &path).await, json!(0.0));
    w.at("2026-03-05T11:00:00Z");
    assert_eq!(costs(&w, &path).await, json!(50.0));
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-20", "12:00")).await.expect(200);
    assert_eq!(costs(&w, &path).await, json!(50.0));
    // Nearer the start it grows on as ever, and the provider's cancelling costs nothing.
    w.at("2026-03-19T11:30:00Z");
    assert_eq!(costs(&w, &path).await, json!(100.0));
    assert_eq!(w.bob.get(&format!("{path}cancellation/")).await["refund_amount"], json!(100.0));
}

#[tokio::test]
async fn a_proposal_raises_the_cost_only_if_the_customer_made_it() {
    for (is_customers, kept) in [(true, 100.0), (false, 0.0)] {
        let w = World::new().await;
        w.schedule(json!({"min_notice_minutes": 60})).await;
        let path = w.confirmed("2026-03-03", "12:00").await;
        paid(&w, "moderate").await;
        w.at("2026-03-03T08:00:00Z");
        let (asks, answers) = if is_customers { (&w.ann, &w.bob) } else { (&w.bob, &w.ann) };
        asks.put(&format!("{path}reschedule/"), to("2026-03-20", "12:00")).await.expect(200);
        answers.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
        assert_eq!(costs(&w, &path).await, json!(kept));
    }
}

#[tokio::test]
async fn a_customer_moves_three_times_and_the_provider_as_often_as_it_takes() {
    let w = World::instant().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    for day in 11..14 {
        assert_eq!(w.ann.get(&path).await["can_reschedule"], true);
        w.ann.put(&format!("{path}reschedule/"), to(&format!("2026-03-{day}"), "10:00")).await.expect(200);
    }
    assert_eq!(w.ann.get(&path).await["can_reschedule"], false);
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-14", "10:00")).await.refused(409, "too_many_moves");
    for day in 14..19 {
        w.bob.put(&format!("{path}reschedule/"), to(&format!("2026-03-{day}"), "10:00")).await.expect(200);
        w.ann.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn a_proposal_that_was_declined_is_no_move() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    for _ in 0..4 {
        w.ann.put(&format!("{path}reschedule/"), to("2026-03-11", "10:00")).await.expect(200);
        w.bob.put(&format!("{path}reschedule/decline/"), json!({})).await.expect(200);
    }
    for day in 11..14 {
        w.ann.put(&format!("{path}reschedule/"), to(&format!("2026-03-{day}"), "10:00")).await.expect(200);
        w.bob.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    }
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-14", "10:00")).await.refused(409, "too_many_moves");
}

#[tokio::test]
async fn a_customer_moves_until_the_providers_notice_before_the_start() {
    for is_instant in [true, false] {
        let w = World::new().await;
        w.schedule(json!({"auto_accept": is_instant, "min_notice_minutes": 180})).await;
        let path = w.confirmed("2026-03-03", "12:00").await;
        // What is changed later holds for later bookings.
        w.schedule(json!({"auto_accept": is_instant, "min_notice_minutes": 600})).await;
        w.at("2026-03-03T08:00:01Z");
        assert_eq!(w.ann.get(&path).await["can_reschedule"], false);
        w.ann
            .put(&format!("{path}reschedule/"), to("2026-03-05", "12:00"))
            .await
            .refused(409, "too_late_to_move");
        assert_eq!(w.bob.get(&path).await["can_reschedule"], true);
        w.bob.put(&format!("{path}reschedule/"), to("2026-03-05", "12:00")).await.expect(200);

        let other = w.confirmed("2026-03-06", "12:00").await;
        w.at("2026-03-06T01:00:00Z");
        assert_eq!(w.ann.get(&other).await["can_reschedule"], true);
        w.ann.put(&format!("{other}reschedule/"), to("2026-03-08", "12:00")).await.expect(200);
    }
}

#[tokio::test]
async fn a_declined_proposal_leaves_the_time_zone_alone() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    let before = w.ann.get(&path).await;
    w.schedule(json!({"timezone": "Europe/Lisbon"})).await;
    for accepts in [false, true] {
        let asked = w.ann.put(&format!("{path}reschedule/"), to("2026-03-12", "11:00")).await.expect(200);
        for name in ["timezone", "scheduled_date", "scheduled_time", "starts_at"] {
            assert_eq!(asked[name], before[name], "{name}");
        }
        assert_eq!(
            (&asked["reschedule"]["scheduled_time"], &asked["reschedule"]["starts_at"]),
            (&json!("11:00:00"), &json!("2026-03-12T11:00:00Z"))
        );
        let verb = if accepts { "accept" } else { "decline" };
        let after = w.bob.put(&format!("{path}reschedule/{verb}/"), json!({})).await.expect(200);
        let (zone, time) =
            if accepts { ("Europe/Lisbon", "11:00:00") } else { ("Europe/Berlin", "10:00:00") };
        assert_eq!((&after["timezone"], &after["scheduled_time"]), (&json!(zone), &json!(time)));
    }
}

#[tokio::test]
async fn bookings_move_while_the_provider_takes_no_new_ones() {
    let w = World::instant().await;
    let path = w.confirmed("2026-03-10", "10:00").await;
    sqlx::query!("update providers set is_available = false").execute(&w.t.app.db).await.unwrap();
    w.ann.post("/bookings/", w.body("2026-03-12", "10:00")).await.refused(422, "outside_schedule");
    w.ann.put(&format!("{path}reschedule/"), to("2026-03-11", "10:00")).await.expect(200);
    w.bob.put(&format!("{path}reschedule/"), to("2026-03-12", "10:00")).await.expect(200);
    w.ann.put(&format!("{path}reschedule/accept/"), json!({})).await.expect(200);
    assert_eq!(w.held().await, ["12 09:00-10:30"]);
}
