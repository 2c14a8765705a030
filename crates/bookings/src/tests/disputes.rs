//! Who was not there, who was not content, and who decides.

use platform::auth::StaffRole;
use rstest::rstest;
use serde_json::{Value, json};

use super::{World, story};

impl World {
    /// Agreed for 10:00 in Berlin on 3 March, paid by card as if a gateway had taken it, and now it is 10:15.
    async fn missed(&self, policy: &str) -> String {
        let path = self.confirmed("2026-03-03", "10:00").await;
        sqlx::query!(
            "update bookings set payment_status = 'paid', payment_method = 'card', paid_minor = 10000,
                    agreed_minor = 10000, secured_minor = 10000, total_minor = 10000, cancellation_policy = $1",
            policy
        )
        .execute(&self.t.app.db)
        .await
        .unwrap();
        self.at("2026-03-03T09:15:00Z");
        path
    }

    /// Completed by its provider.
    async fn completed(&self) -> String {
        let path = self.missed("flexible").await;
        for status in ["ongoing", "completed"] {
            self.bob.put(&format!("{path}status/"), json!({"status": status})).await.expect(200);
        }
        path
    }

    /// `jobs_completed jobs_cancelled` of the provider.
    async fn record(&self) -> (i32, i32) {
        let row = sqlx::query!("select jobs_completed, jobs_cancelled from providers");
        let row = row.fetch_one(&self.t.app.db).await.unwrap();
        (row.jobs_completed, row.jobs_cancelled)
    }
}

fn why() -> Value {
    json!({"reason": "I was there."})
}

fn admin(path: &str) -> String {
    format!("/admin{path}resolve/")
}

#[rstest]
#[case("flexible", 50.0)]
#[case("moderate", 0.0)]
#[case("strict", 0.0)]
#[tokio::test]
async fn the_refund_follows_who_did_not_come(#[case] policy: &str, #[case] back: f64) {
    for (is_customer_absent, state, refund) in
        [(false, "no_show_provider", 100.0), (true, "no_show_customer", back)]
    {
        let w = World::new().await;
        let path = w.missed(policy).await;
        let reporter = if is_customer_absent { &w.bob } else { &w.ann };
        let answer =
            reporter.put(&format!("{path}no-show/"), json!({"reason": "Nobody there"})).await.expect(200);
        assert_eq!((&answer["sub_status"], &answer["refund_amount"]), (&json!(state), &json!(refund)));
        assert_eq!(answer["contest_until"], "2026-03-05T09:15:00Z");
        assert_eq!((w.held().await.len(), w.record().await), (0, (0, 0)));
        w.at("2026-03-05T09:15:00Z");
        w.t.run_jobs().await;
        let answer = w.ann.get(&path).await.expect(200);
        assert_eq!((&answer["sub_status"], &answer["refund_amount"]), (&json!(state), &json!(refund)));
        assert_eq!(
            (&answer["contest_until"], &answer["cancellation_reason"]),
            (&Value::Null, &json!("Nobody there"))
        );
        assert_eq!(w.record().await, (0, i32::from(!is_customer_absent)));
        assert!(story(&answer).ends_with(&format!("no_show_confirmed by system -> {state}")));
    }
}

#[tokio::test]
async fn a_provider_who_says_they_began_can_still_be_reported() {
    let w = World::new().await;
    let path = w.missed("flexible").await;
    w.bob.put(&format!("{path}status/"), json!({"status": "ongoing"})).await.expect(200);
    let answer = w.ann.put(&format!("{path}no-show/"), json!({})).await.expect(200);
    assert_eq!(answer["sub_status"], "no_show_provider");
}

#[tokio::test]
async fn only_who_is_blamed_contests_and_only_in_time() {
    for is_customer_absent in [false, true] {
        let w = World::new().await;
        let path = w.missed("flexible").await;
        let contest = format!("{path}no-show/contest/");
        let (reporter, blamed) = if is_customer_absent { (&w.bob, &w.ann) } else { (&w.ann, &w.bob) };
        blamed.put(&contest, why()).await.refused(409, "invalid_transition");
        reporter.put(&format!("{path}no-show/"), json!({})).await.expect(200);
        let own = reporter.put(&contest, why()).await.refused(409, "invalid_transition");
        assert_eq!(own["allowed"], json!([]));
        // Reported by both, or twice.
        for who in [reporter, blamed] {
            let twice =
                who.put(&format!("{path}no-show/"), json!({})).await.refused(409, "invalid_transition");
            assert_eq!(
                twice["state"],
                if is_customer_absent { "no_show_customer" } else { "no_show_provider" }
            );
        }
        let (eve, rob) = (w.t.user("Eve").await, w.t.provider("Rob").await);
        for stranger in [&eve, &rob] {
            stranger.put(&contest, why()).await.refused(404, "not_found");
        }
        for reason in
            [json!({}), json!({"reason": " "}), json!({"reason": "x".repeat(2001)}), json!({"reason": 7})]
        {
            blamed.put(&contest, reason).await.refused(422, "validation_failed");
        }
        assert_eq!(blamed.get(&path).await["can_contest"], true);
        assert_eq!(reporter.get(&path).await["can_contest"], false);
        w.at("2026-03-05T09:15:00Z");
        blamed.put(&contest, why()).await.refused(409, "invalid_transition");
        assert_eq!(blamed.get(&path).await["can_contest"], false);
    }
}

#[tokio::test]
async fn a_contest_waits_for_an_operator_and_both_see_why() {
    let w = World::new().await;
    let path = w.missed("flexible").await;
    w.ann.put(&format!("{path}no-show/"), json!({})).await.expect(200);
    w.at("2026-03-05T09:14:59Z");
    let answer = w.bob.put(&format!("{path}no-show/contest/"), why()).await.expect(200);
    assert_eq!((&answer["status"], &answer["sub_status"]), (&json!("completed"), &json!("disputed")));
    assert_eq!((&answer["refund_amount"], &answer["cancelled_by"]), (&Value::Null, &Value::Null));
    assert!(w.timers().await.is_empty());
    w.hours(24 * 30);
    w.t.run_jobs().await;
    let seen = w.ann.get(&path).await.expect(200);
    assert_eq!(seen["sub_status"], "disputed");
    assert_eq!(seen["history"].as_array().unwrap().last().unwrap()["reason"], "I was there.");
    // Nobody does anything to it but the operator.
    for who in [&w.ann, &w.bob] {
        for verb in ["no-show", "no-show/contest", "dispute", "cancel"] {
            let answer = who.put(&format!("{path}{verb}/"), why()).await.refused(409, "invalid_transition");
            assert_eq!((&answer["state"], &answer["allowed"]), (&json!("disputed"), &json!([])));
        }
    }
}

#[tokio::test]
async fn a_customer_disputes_a_completed_job_within_two_days_and_once() {
    let w = World::new().await;
    let path = w.completed().await;
    let dispute = format!("{path}dispute/");
    w.bob.put(&dispute, why()).await.refused(409, "invalid_transition");
    w.t.user("Eve").await.put(&dispute, why()).await.refused(404, "not_found");
    w.ann.put(&dispute, json!({"reason": ""})).await.refused(422, "validation_failed");
    let before = w.ann.get(&path).await;
    assert_eq!(
        (&before["can_dispute"], &before["contest_until"]),
        (&json!(true), &json!("2026-03-05T09:15:00Z"))
    );
    w.at("2026-03-05T09:14:59Z");
    let answer = w.ann.put(&dispute, why()).await.expect(200);
    assert_eq!((&answer["sub_status"], &answer["can_review"]), (&json!("disputed"), &json!(false)));
    w.ann.put(&dispute, why()).await.refused(409, "invalid_transition");
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let decided = json!({"outcome": "provider", "reason": "The photos show it."});
    finance.post(&admin(&path), decided).await.expect(200);
    let after = w.ann.put(&dispute, why()).await.refused(409, "invalid_transition");
    assert_eq!(after["state"], "completed");
    assert_eq!(w.record().await, (1, 0));

    let late = World::new().await;
    let path = late.completed().await;
    late.at("2026-03-05T09:15:00Z");
    late.ann.put(&format!("{path}dispute/"), why()).await.refused(409, "invalid_transition");
    assert_eq!(late.ann.get(&path).await["can_dispute"], false);
}

/// What was disputed, what is decided, and what follows: the state, what goes back, jobs done and let down.
#[rstest]
#[case("completed", "customer", "completed", Some(100.0), (1, 0))]
#[case("completed", "provider", "completed", None, (1, 0))]
#[case("completed", "split", "completed", Some(30.0), (1, 0))]
#[case("no_show_provider", "customer", "no_show_provider", Some(100.0), (0, 1))]
#[case("no_show_provider", "provider", "completed", None, (1, 0))]
#[case("no_show_provider", "split", "cancelled_by_operator", Some(30.0), (0, 0))]
#[case("no_show_customer", "customer", "no_show_provider", Some(100.0), (0, 1))]
#[case("no_show_customer", "provider", "no_show_customer", Some(50.0), (0, 0))]
#[case("no_show_customer", "split", "cancelled_by_operator", Some(30.0), (0, 0))]
#[tokio::test]
async fn an_operator_decides(
    #[case] disputed: &str,
    #[case] outcome: &str,
    #[case] state: &str,
    #[case] refund: Option<f64>,
    #[case] record: (i32, i32),
) {
    let w = World::new().await;
    let path = if disputed == "completed" { w.completed().await } else { w.missed("flexible").await };
    match disputed {
        "completed" => w.ann.put(&format!("{path}dispute/"), why()).await.expect(200),
        "no_show_provider" => {
            w.ann.put(&format!("{path}no-show/"), json!({})).await.expect(200);
            w.bob.put(&format!("{path}no-show/contest/"), why()).await.expect(200)
        }
        _ => {
            w.bob.put(&format!("{path}no-show/"), json!({})).await.expect(200);
            w.ann.put(&format!("{path}no-show/contest/"), why()).await.expect(200)
        }
    };
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let listed = finance.get("/admin/bookings/disputes/").await.expect(200);
    assert_eq!((&listed["count"], &listed["results"][0]["disputed_from"]), (&json!(1), &json!(disputed)));
    let amount = if outcome == "split" { json!(30) } else { Value::Null };
    let body = json!({"outcome": outcome, "refund_amount": amount, "reason": "We looked at it."});
    let answer = finance.post(&admin(&path), body.clone()).await.expect(200);
    assert_eq!((&answer["sub_status"], &answer["refund_amount"]), (&json!(state), &json!(refund)));
    let seen = w.bob.get(&path).await.expect(200);
    assert_eq!(seen["sub_status"], state);
    assert_eq!(seen["history"].as_array().unwrap().last().unwrap()["reason"], "We looked at it.");
    assert_eq!(w.record().await, record);
    // It is final, and off the list.
    finance.post(&admin(&path), body).await.refused(409, "invalid_transition");
    assert_eq!(finance.get("/admin/bookings/disputes/").await.expect(200)["count"], 0);
}

#[tokio::test]
async fn a_split_gives_back_a_part_and_nothing_else_has_one() {
    let w = World::new().await;
    let path = w.completed().await;
    w.ann.put(&format!("{path}dispute/"), why()).await.expect(200);
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let decide = |outcome: &str, amount: Value| {
        let body = json!({"outcome": outcome, "refund_amount": amount, "reason": "So."});
        let (finance, path) = (finance.clone(), admin(&path));
        async move { finance.post(&path, body).await }
    };
    for (outcome, amount) in [
        ("split", Value::Null),
        ("split", json!(0)),
        ("split", json!(-1)),
        ("split", json!("1.001")),
        ("customer", json!(5)),
        ("provider", json!(5)),
        ("nobody", Value::Null),
    ] {
        decide(outcome, amount).await.refused(422, "validation_failed");
    }
    let refused = decide("split", json!("100.01")).await.refused(409, "refund_too_large");
    assert_eq!(refused["refundable"], json!(100.0));
    finance.post(&admin(&path), json!({"outcome": "customer"})).await.refused(422, "validation_failed");
    finance
        .with("if-match", "\"1\"")
        .post(&admin(&path), json!({"outcome": "customer", "reason": "So."}))
        .await
        .refused(412, "stale_version");
    assert_eq!(w.state(&path).await, "disputed");
}

#[tokio::test]
async fn only_finance_decides_and_nobody_about_their_own() {
    let w = World::new().await;
    let path = w.completed().await;
    w.ann.put(&format!("{path}dispute/"), why()).await.expect(200);
    let body = json!({"outcome": "customer", "reason": "So."});
    w.t.anonymous().post(&admin(&path), body.clone()).await.refused(401, "unauthenticated");
    let mut refused = vec![w.ann.clone(), w.bob.clone()];
    for (n, role) in [StaffRole::Support, StaffRole::Moderator].into_iter().enumerate() {
        refused.push(w.t.staff(&format!("Staff {n}"), role).await);
    }
    for who in &refused {
        who.post(&admin(&path), body.clone()).await.refused(403, "forbidden");
        who.get("/admin/bookings/disputes/").await.refused(403, "forbidden");
    }
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    sqlx::query!("update bookings set customer_id = $1", finance.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    finance.post(&admin(&path), body.clone()).await.refused(403, "own_matter");
    let root = w.t.staff("Root", StaffRole::Superuser).await;
    root.post(&admin("/bookings/x/"), body.clone()).await.refused(404, "not_found");
    root.post(&admin(&path), body).await.expect(200);
}

#[tokio::test]
async fn the_list_of_disputes_has_pages() {
    let w = World::new().await;
    for day in 3..6 {
        let path = w.confirmed(&format!("2026-03-0{day}"), "10:00").await;
        w.at(&format!("2026-03-0{day}T09:15:00Z"));
        w.ann.put(&format!("{path}no-show/"), json!({})).await.expect(200);
        w.bob.put(&format!("{path}no-show/contest/"), why()).await.expect(200);
    }
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let mut page = finance.get("/admin/bookings/disputes/?page_size=2").await.expect(200);
    assert_eq!((&page["count"], page["results"].as_array().unwrap().len()), (&json!(3), 2));
    let mut starts: Vec<_> =
        page["results"].as_array().unwrap().iter().map(|b| b["starts_at"].clone()).collect();
    let next = page["next"].as_str().unwrap().split_once("/admin").unwrap().1.to_owned();
    page = finance.get(&format!("/admin{next}")).await.expect(200);
    starts.extend(page["results"].as_array().unwrap().iter().map(|b| b["starts_at"].clone()));
    assert_eq!(starts, ["2026-03-03T09:00:00Z", "2026-03-04T09:00:00Z", "2026-03-05T09:00:00Z"]);
}

#[tokio::test]
async fn a_calendar_file_takes_a_missed_booking_out_and_back_in() {
    let w = World::new().await;
    let path = w.missed("flexible").await;
    let ics = format!("{path}calendar.ics");
    w.ann.put(&format!("{path}no-show/"), json!({})).await.expect(200);
    let gone = w.ann.get(&ics).await.expect(200).text();
    assert!(gone.contains("METHOD:CANCEL") && gone.contains("SEQUENCE:1"));
    w.bob.put(&format!("{path}no-show/contest/"), why()).await.expect(200);
    let back = w.ann.get(&ics).await.expect(200).text();
    assert!(back.contains("METHOD:PUBLISH") && back.contains("SEQUENCE:2"));
}
