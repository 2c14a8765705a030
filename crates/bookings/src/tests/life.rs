//! From the request to the end of the job, and what happens by itself.

use platform::{ids::BookingId, outbox};
use rstest::rstest;
use serde_json::{Value, json};

use super::{World, job, story};

#[tokio::test]
async fn a_booking_goes_from_request_to_completion() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    w.hours(2);
    let accepted = w.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
    assert_eq!((&accepted["status"], &accepted["sub_status"]), (&json!("upcoming"), &json!("confirmed")));
    assert!(accepted.header("etag").starts_with("\"2-"));
    assert_eq!(w.timers().await, ["booking complete at 05 10:30"]);
    w.at("2026-03-03T08:30:00Z");
    let started = w.bob.put(&format!("{path}status/"), json!({"status": "ongoing"})).await.expect(200);
    assert_eq!((&started["status"], &started["sub_status"]), (&json!("ongoing"), &json!("in_progress")));
    w.at("2026-03-03T10:30:00Z");
    let done = w.bob.put(&format!("{path}status/"), json!({"status": "completed"})).await.expect(200);
    assert_eq!(
        (&done["status"], &done["is_paid"], &done["can_review"]),
        (&json!("completed"), &json!(true), &json!(true))
    );
    assert_eq!(
        story(&done),
        "created by customer -> pending_acceptance, accepted by provider -> confirmed, \
         started by provider -> in_progress, completed by provider -> completed"
    );
    assert_eq!(w.ann.get(&path).await["history"], done["history"]);
    assert_eq!((w.held().await.len(), w.timers().await.len()), (0, 0));
    let record = sqlx::query!(
        "select requests_received, requests_answered, response_minutes_sum, jobs_completed, jobs_cancelled
           from providers"
    )
    .fetch_one(&w.t.app.db)
    .await
    .unwrap();
    assert_eq!(
        (record.requests_received, record.requests_answered, record.response_minutes_sum),
        (1, 1, 120)
    );
    assert_eq!((record.jobs_completed, record.jobs_cancelled), (1, 0));
    w.hours(24 * 30);
    assert_eq!(w.ann.get(&path).await["can_review"], false);
    assert_eq!(
        w.events().await,
        [
            "created by customer -> pending_acceptance v1",
            "accepted by provider -> confirmed v2",
            "started by provider -> in_progress v3",
            "completed by provider -> completed v4"
        ]
    );
}

#[tokio::test]
async fn a_provider_declines_with_a_reason() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    let answer = w.bob.put(&job(&path, "decline"), json!({"reason": "On holiday"})).await.expect(200);
    assert_eq!((&answer["status"], &answer["sub_status"]), (&json!("cancelled"), &json!("declined")));
    assert_eq!(
        (&answer["cancelled_by"], &answer["cancellation_reason"]),
        (&json!("provider"), &json!("On holiday"))
    );
    assert_eq!(answer["refund_amount"], json!(0.0));
    assert_eq!((w.held().await.len(), w.timers().await.len()), (0, 0));
}

#[tokio::test]
async fn an_answer_needs_no_body() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    let none = axum::body::Body::empty();
    w.bob.send(axum::http::Method::PUT, &job(&path, "accept"), None, none).await.expect(200);
}

#[tokio::test]
async fn nobody_else_answers_or_changes_a_booking() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    let (eve, rob, nobody) = (w.t.user("Eve").await, w.t.provider("Rob").await, w.t.anonymous());
    for verb in ["accept", "decline"] {
        nobody.put(&job(&path, verb), json!({})).await.refused(401, "unauthenticated");
        eve.put(&job(&path, verb), json!({})).await.refused(403, "provider_required");
        w.ann.put(&job(&path, verb), json!({})).await.refused(403, "provider_required");
        rob.put(&job(&path, verb), json!({})).await.refused(404, "not_found");
        w.bob.put(&job("/bookings/x/", verb), json!({})).await.refused(404, "not_found");
    }
    for verb in [
        "cancel",
        "no-show",
        "no-show/contest",
        "dispute",
        "status",
        "reschedule",
        "reschedule/accept",
        "reschedule/decline",
    ] {
        let body = json!({"status": "ongoing", "reason": "So.", "scheduled_date": "2026-03-04", "scheduled_time": "10:00"});
        nobody.put(&format!("{path}{verb}/"), body.clone()).await.refused(401, "unauthenticated");
        eve.put(&format!("{path}{verb}/"), body.clone()).await.refused(404, "not_found");
        rob.put(&format!("{path}{verb}/"), body.clone()).await.refused(404, "not_found");
        let missing = format!("/bookings/{}/{verb}/", BookingId::at(w.t.now()));
        w.ann.put(&missing, body).await.refused(404, "not_found");
    }
    for read in ["", "cancellation/", "calendar.ics"] {
        nobody.get(&format!("{path}{read}")).await.refused(401, "unauthenticated");
        eve.get(&format!("{path}{read}")).await.refused(404, "not_found");
        rob.get(&format!("{path}{read}")).await.refused(404, "not_found");
    }
    // A provider's own bookings with others are not their jobs.
    let service = super::service(&w.t, &rob, 60).await;
    let schedule = w.bob.get("/providers/schedule/").await.body;
    rob.put("/providers/schedule/", schedule).await.expect(200);
    let body = json!({"service_id": service, "scheduled_date": "2026-03-03", "scheduled_time": "10:00", "payment_method": "cash"});
    let own = w.bob.post("/bookings/", body).await.expect(201).str("id");
    w.bob.put(&format!("/providers/jobs/{own}/accept/"), json!({})).await.refused(404, "not_found");
    assert_eq!(w.state(&path).await, "pending_acceptance");
    assert_eq!(w.ann.get(&path).await["version"], 1);
}

#[tokio::test]
async fn what_the_state_forbids_is_refused_with_what_it_allows() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    let answer = w
        .bob
        .put(&format!("{path}status/"), json!({"status": "ongoing"}))
        .await
        .refused(409, "invalid_transition");
    assert_eq!(answer["state"], "pending_acceptance");
    assert_eq!(answer["allowed"], json!(["accepted", "declined", "reschedule_proposed"]));
    w.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
    let twice = w.bob.put(&job(&path, "accept"), json!({})).await.refused(409, "invalid_transition");
    assert_eq!(
        (&twice["state"], &twice["allowed"]),
        (&json!("confirmed"), &json!(["reschedule_proposed", "cancelled"]))
    );
    w.bob.put(&job(&path, "decline"), json!({})).await.refused(409, "invalid_transition");
    for status in ["upcoming", "completed"] {
        w.bob
            .put(&format!("{path}status/"), json!({"status": status}))
            .await
            .refused(409, "invalid_transition");
    }
    w.ann.put(&format!("{path}status/"), json!({"status": "cancelled"})).await.refused(403, "forbidden");
    w.bob.put(&format!("{path}status/"), json!({"status": "done"})).await.refused(422, "validation_failed");
    assert_eq!(w.ann.get(&path).await["version"], 2);
}

#[tokio::test]
async fn an_old_version_changes_nothing() {
    let w = World::new().await;
    let path = w.book("2026-03-03", "10:00").await;
    w.bob.with("if-match", "\"7\"").put(&job(&path, "accept"), json!({})).await.refused(412, "stale_version");
    w.bob.with("if-match", "\"1\"").put(&job(&path, "accept"), json!({})).await.expect(200);
    w.ann
        .with("if-match", "\"1\"")
        .put(&format!("{path}cancel/"), json!({}))
        .await
        .refused(412, "stale_version");
}

#[tokio::test]
async fn a_job_starts_half_an_hour_early_at_most() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.at("2026-03-03T08:29:59Z");
    w.bob
        .put(&format!("{path}status/"), json!({"status": "ongoing"}))
        .await
        .refused(409, "invalid_transition");
    w.at("2026-03-03T08:30:00Z");
    w.bob.put(&format!("{path}status/"), json!({"status": "ongoing"})).await.expect(200);
    w.ann.put(&format!("{path}cancel/"), json!({})).await.refused(409, "invalid_transition");
    w.bob
        .put(&format!("{path}status/"), json!({"status": "cancelled"}))
        .await
        .refused(409, "invalid_transition");
}

#[rstest]
#[case("ann", "no_show_provider")]
#[case("bob", "no_show_customer")]
#[tokio::test]
async fn either_side_reports_absence(#[case] who: &str, #[case] state: &str) {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    let who = if who == "ann" { &w.ann } else { &w.bob };
    w.at("2026-03-03T09:14:59Z");
    who.put(&format!("{path}no-show/"), json!({})).await.refused(409, "invalid_transition");
    w.at("2026-03-03T09:15:00Z");
    let answer = who.put(&format!("{path}no-show/"), json!({"reason": "Nobody there"})).await.expect(200);
    assert_eq!((&answer["status"], &answer["sub_status"]), (&json!("cancelled"), &json!(state)));
    let counted =
        sqlx::query_scalar!("select jobs_cancelled from providers").fetch_one(&w.t.app.db).await.unwrap();
    // It counts once it is final.
    assert_eq!((counted, w.held().await.len()), (0, 0));
}

#[tokio::test]
async fn absence_is_reported_within_a_day() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.at("2026-03-04T10:30:01Z");
    w.ann.put(&format!("{path}no-show/"), json!({})).await.refused(409, "invalid_transition");
}

#[tokio::test]
async fn a_request_without_an_answer_expires() {
    let w = World::new().await;
    let path = w.book("2026-03-05", "10:00").await;
    w.at("2026-03-03T08:59:59Z");
    w.t.run_jobs().await;
    assert_eq!(w.state(&path).await, "pending_acceptance");
    w.at("2026-03-03T09:00:00Z");
    // The deadline counts, not the timer.
    w.bob.put(&job(&path, "accept"), json!({})).await.refused(409, "invalid_transition");
    w.t.run_jobs().await;
    let answer = w.ann.get(&path).await;
    assert_eq!(
        (&answer["sub_status"], &answer["cancelled_by"]),
        (&json!("request_expired"), &json!("system"))
    );
    assert_eq!((w.held().await.len(), w.timers().await.len()), (0, 0));
    let late = w.bob.put(&job(&path, "accept"), json!({})).await.refused(409, "invalid_transition");
    assert_eq!((&late["state"], &late["allowed"]), (&json!("request_expired"), &json!([])));
}

#[tokio::test]
async fn a_booking_that_is_left_alone_completes_itself() {
    for started in [false, true] {
        let w = World::new().await;
        let path = w.confirmed("2026-03-03", "10:00").await;
        if started {
            w.at("2026-03-03T09:00:00Z");
            w.bob.put(&format!("{path}status/"), json!({"status": "ongoing"})).await.expect(200);
        }
        w.at("2026-03-05T10:29:59Z");
        w.t.run_jobs().await;
        assert_ne!(w.state(&path).await, "completed");
        w.at("2026-03-05T10:30:00Z");
        w.t.run_jobs().await;
        assert_eq!(w.state(&path).await, "completed");
        let done =
            sqlx::query_scalar!("select jobs_completed from providers").fetch_one(&w.t.app.db).await.unwrap();
        assert_eq!(done, 1);
    }
}

#[tokio::test]
async fn a_timer_whose_booking_has_moved_on_does_nothing() {
    let w = World::new().await;
    let path = w.book("2026-03-05", "10:00").await;
    let id: BookingId = path.trim_matches('/').rsplit('/').next().unwrap().parse().unwrap();
    w.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
    w.hours(48);
    let mut db = w.t.app.db.acquire().await.unwrap();
    for booking_id in [id, BookingId::at(w.t.now())] {
        let late = crate::jobs::ExpireRequest { booking_id };
        platform::jobs::enqueue(&mut db, &late, w.t.now()).await.unwrap();
    }
    drop(db);
    w.t.run_jobs().await;
    assert_eq!(w.state(&path).await, "confirmed");
    assert_eq!(w.timers().await, ["booking complete at 07 10:30"]);
}

#[tokio::test]
async fn a_withdrawn_service_calls_its_bookings_off() {
    let w = World::new().await;
    let (asked, agreed) = (w.book("2026-03-03", "10:00").await, w.confirmed("2026-03-04", "10:00").await);
    for cancel_upcoming in [false, true] {
        let event = catalog::ServiceWithdrawn {
            service_id: w.service,
            provider_id: w.bob.id(),
            cancel_upcoming,
            moderator_id: None,
        };
        outbox::emit(&mut w.t.app.db.acquire().await.unwrap(), &event, w.t.now()).await.unwrap();
        w.t.run_jobs().await;
        let states = (w.state(&asked).await, w.state(&agreed).await);
        let expected = if cancel_upcoming {
            ("declined", "cancelled_by_provider")
        } else {
            ("pending_acceptance", "confirmed")
        };
        assert_eq!((states.0.as_str(), states.1.as_str()), expected);
    }
    assert_eq!(w.held().await.len(), 0);
    assert_ne!(w.ann.get(&agreed).await["refund_amount"], Value::Null);
}

#[tokio::test]
async fn what_a_moderator_withdraws_is_cancelled_by_the_operator_and_not_the_providers_fault() {
    let w = World::new().await;
    let (asked, agreed) = (w.book("2026-03-03", "10:00").await, w.confirmed("2026-03-04", "10:00").await);
    let event = catalog::ServiceWithdrawn {
        service_id: w.service,
        provider_id: w.bob.id(),
        cancel_upcoming: true,
        moderator_id: Some(w.ann.id()),
    };
    outbox::emit(&mut w.t.app.db.acquire().await.unwrap(), &event, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
    for path in [&asked, &agreed] {
        let booking = w.ann.get(path).await.expect(200);
        assert_eq!(booking.str("sub_status"), "cancelled_by_operator");
        assert_eq!(booking["history"].as_array().unwrap().last().unwrap()["by"], "operator");
    }
    let let_down =
        sqlx::query_scalar!("select jobs_cancelled from providers where user_id = $1", w.bob.id() as _);
    assert_eq!(let_down.fetch_one(&w.t.app.db).await.unwrap(), 0);
}
