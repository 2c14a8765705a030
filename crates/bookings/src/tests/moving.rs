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
