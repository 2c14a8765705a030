//! Who pays for what does not happen: by fault and by what was agreed, whatever of the money is taken by then.

use jiff::SignedDuration;
use platform::{auth::StaffRole, money::Amount, testing::Client};
use rstest::rstest;
use serde_json::{Value, json};

use super::World;

/// What the customer has paid in the end, what the provider has earned of it, and our commission; in cents.
pub(super) type Ends = (i64, i64, i64);

/// If so much is kept.
pub(super) fn kept(minor: i64) -> Ends {
    let commission = minor * 15 / 100;
    (minor, minor - commission, commission)
}

impl World {
    /// A service for 100.00.
    pub(super) async fn for_hundred(is_instant: bool, policy: &str, args: &[&str]) -> Self {
        let w = Self::tuned(is_instant, args).await;
        sqlx::query!(
            "update services set price_minor = 10000, credits_required = 100, cancellation_policy = $1",
            policy
        )
        .execute(&w.t.app.db)
        .await
        .unwrap();
        w
    }

    /// Nothing is on its way, and the books are right.
    pub(super) async fn ends(&self) -> Ends {
        self.books().await;
        let row = sqlx::query!(
            r#"select coalesce(sum(balance) filter (where purpose in ('clearing', 'gateway_fees')), 0)::bigint as "paid!",
                      coalesce(sum(case purpose when 'provider_owed' then -balance else balance end)
                          filter (where purpose like 'provider%'), 0)::bigint as "earned!",
                      coalesce(sum(balance) filter (where purpose = 'commission'), 0)::bigint as "ours!",
                      coalesce(sum(abs(balance)) filter (where purpose in ('escrow', 'refunds_payable')), 0)::bigint
                          as "open!"
                 from ledger_balances"#
        );
        let row = row.fetch_one(&self.t.app.db).await.unwrap();
        assert_eq!(row.open, 0, "{}", self.books().await);
        (row.paid, row.earned, row.ours)
    }

    pub(super) async fn settles(&self) {
        for _ in 0..3 {
            self.later(10).await;
        }
    }

    /// Ann has cancelled so long before the start, and what the preview said is what happened.
    pub(super) async fn cancels(&self, booking: &str, hours_before: i64) -> Value {
        let start: jiff::Timestamp = self.booking(booking).await.str("starts_at").parse().unwrap();
        let wanted = platform::time::Instant::from(start - SignedDuration::from_hours(hours_before));
        self.t.advance(wanted.since(self.t.now()));
        self.cancels_now(booking).await
    }

    pub(super) async fn cancels_now(&self, booking: &str) -> Value {
        let preview = self.ann.get(&format!("/bookings/{booking}/cancellation/")).await.expect(200).body;
        self.cancel(&self.ann, booking).await;
        assert_eq!(self.booking(booking).await["refund_amount"], preview["refund_amount"]);
        self.settles().await;
        preview
    }

    /// Paid and agreed, but no job has taken the money yet.
    pub(super) async fn agreed_but_not_taken(&self, card: &str) -> String {
        let (booking, _) = self.paid(card).await;
        self.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
        booking
    }

    async fn resolve(&self, finance: &Client, booking: &str, outcome: &str) {
        let amount = if outcome == "split" { json!(30) } else { Value::Null };
        let body = json!({"outcome": outcome, "refund_amount": amount, "reason": "We looked at it."});
        finance.post(&format!("/admin/bookings/{booking}/resolve/"), body).await.expect(200);
        self.settles().await;
    }
}

/// In cents.
pub(super) fn amounts(preview: &Value) -> [i64; 5] {
    ["paid_amount", "reserved_amount", "charge_amount", "kept_amount", "refund_amount"]
        .map(|name| serde_json::from_value::<Amount>(preview[name].clone()).unwrap().hundredths())
}

/// Who reports whom, whether that is contested, what is decided, and what is kept; `None`: by the policy.
const ABSENCES: &[(&str, Option<&str>, Option<i64>)] = &[
    ("ann", None, Some(0)),
    ("bob", None, None),
    ("ann", Some("customer"), Some(0)),
    ("ann", Some("provider"), Some(10_000)),
    ("ann", Some("split"), Some(7_000)),
    ("bob", Some("customer"), Some(0)),
    ("bob", Some("provider"), None),
    ("bob", Some("split"), Some(7_000)),
    ("done", None, Some(10_000)),
    ("done", Some("customer"), Some(0)),
    ("done", Some("provider"), Some(10_000)),
    ("done", Some("split"), Some(7_000)),
];

#[rstest]
#[case("flexible", 5_000)]
#[case("moderate", 10_000)]
#[case("strict", 10_000)]
#[tokio::test]
async fn each_person_ends_with_what_their_fault_leaves_them(#[case] policy: &str, #[case] by_policy: i64) {
    let w = World::for_hundred(true, policy, &[]).await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let why = || json!({"reason": "I was there."});
    for (reporter, decided, expected) in ABSENCES {
        let before = w.ends().await;
        let today = jiff::tz::TimeZone::UTC.to_datetime(w.t.now().timestamp()).date();
        let date = today.checked_add(jiff::Span::new().days(4)).unwrap().to_string();
        let (booking, _) = w.paid_at(&date).await;
        let start: jiff::Timestamp = w.booking(&booking).await.str("starts_at").parse().unwrap();
        let path = format!("/bookings/{booking}/");
        w.t.run_jobs().await;
        w.at(&(start + SignedDuration::from_mins(15)).to_string());
        let (who, blamed) = if *reporter == "bob" { (&w.bob, &w.ann) } else { (&w.ann, &w.bob) };
        if *reporter == "done" {
            for status in ["ongoing", "completed"] {
                w.bob.put(&format!("{path}status/"), json!({"status": status})).await.expect(200);
            }
        } else {
            who.put(&format!("{path}no-show/"), json!({})).await.expect(200);
        }
        w.later(3600).await;
        if decided.is_some() {
            let verb = if *reporter == "done" { "dispute" } else { "no-show/contest" };
            let by = if *reporter == "done" { &w.ann } else { blamed };
            by.put(&format!("{path}{verb}/"), why()).await.expect(200);
        }
        w.later(72 * 3600).await;
        if let Some(outcome) = decided {
            let tasks = finance.get("/admin/payments/tasks/").await.expect(200);
            let is_there =
                |task: &Value| task["kind"] == "booking_disputed" && task["id"] == booking.as_str();
            assert!(tasks["results"].as_array().unwrap().iter().any(is_there));
            w.resolve(&finance, &booking, outcome).await;
        }
        w.settles().await;
        let after = w.ends().await;
        let ends = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
        assert_eq!(ends, kept(expected.unwrap_or(by_policy)), "{policy} {reporter} {decided:?}");
    }
    w.gateway_agrees().await;
}

#[tokio::test]
async fn while_people_disagree_the_money_waits() {
    let w = World::for_hundred(true, "flexible", &[]).await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (booking, _) = w.paid("visa").await;
    w.at("2026-03-04T09:15:00Z");
    w.bob.put(&format!("/bookings/{booking}/no-show/"), json!({})).await.expect(200);
    w.later(47 * 3600).await;
    assert_eq!(w.books().await, "clearing 10000, escrow 10000");
    w.ann
        .put(&format!("/bookings/{booking}/no-show/contest/"), json!({"reason": "I was."}))
        .await
        .expect(200);
    w.later(30 * 24 * 3600).await;
    assert_eq!(w.books().await, "clearing 10000, escrow 10000");
    w.resolve(&finance, &booking, "provider").await;
    assert_eq!(w.ends().await, kept(5_000));
}

#[rstest]
#[case("customer", 0)]
#[case("provider", 10_000)]
#[tokio::test]
async fn what_was_earned_is_held_while_the_job_is_disputed(#[case] outcome: &str, #[case] in_the_end: i64) {
    let w = World::for_hundred(true, "strict", &[]).await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    w.later(47 * 3600).await;
    w.ann.put(&format!("/bookings/{booking}/dispute/"), json!({"reason": "Still dirty."})).await.expect(200);
    w.later(30 * 24 * 3600).await;
    assert_eq!(w.books().await, "clearing 10000, commission 1500, provider_pending 8500");
    assert_eq!(w.bob.get("/providers/earnings/").await.expect(200)["available"], json!(0.0));
    w.resolve(&finance, &booking, outcome).await;
    assert_eq!(w.ends().await, kept(in_the_end));
    assert!(!w.books().await.contains("provider_pending"));
}

/// The examination's own: three hours before, accepted but not yet captured.
#[rstest]
#[case("flexible", 3, 5_000)]
#[case("moderate", 3, 10_000)]
#[case("strict", 3, 10_000)]
#[case("moderate", 24, 5_000)]
#[case("flexible", 25, 0)]
#[case("strict", 25, 10_000)]
#[tokio::test]
async fn of_what_is_reserved_that_is_captured_which_is_kept(
    #[case] policy: &str,
    #[case] hours: i64,
    #[case] minor: i64,
) {
    let w = World::for_hundred(false, policy, &[]).await;
    let booking = w.agreed_but_not_taken("visa").await;
    let preview = w.cancels(&booking, hours).await;
    assert_eq!(amounts(&preview), [10_000, 10_000, 0, minor, 10_000 - minor]);
    assert_eq!(w.ends().await, kept(minor));
    let book = if minor == 0 { String::new() } else { format!("charge {minor}") };
    assert_eq!(w.gateway_book().await, book);
    w.gateway_agrees().await;
}

#[tokio::test]
async fn what_the_provider_ends_is_let_go_whole() {
    let w = World::for_hundred(false, "strict", &[]).await;
    let booking = w.agreed_but_not_taken("visa").await;
    w.at("2026-03-04T06:00:00Z");
    w.cancel(&w.bob, &booking).await;
    w.settles().await;
    assert_eq!((w.ends().await, w.gateway_book().await.as_str()), (kept(0), ""));
}

#[tokio::test]
async fn what_is_being_captured_comes_and_the_rest_of_it_goes_back() {
    let w = World::for_hundred(false, "flexible", &[]).await;
    let booking = w.agreed_but_not_taken("capture_drops_reply").await;
    w.at("2026-03-04T06:00:00Z");
    w.t.run_jobs().await;
    w.cancels_now(&booking).await;
    w.settles().await;
    assert_eq!(w.ends().await, kept(5_000));
    assert_eq!(w.gateway_book().await, "charge 10000, refund 5000");
}

#[tokio::test]
async fn of_credits_and_a_card_that_are_reserved_a_share_of_both_is_kept() {
    let w = World::for_hundred(false, "flexible", &[]).await;
    w.buy(super::credits::SMALL, "visa").await.expect(201);
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "visa", 20).await.expect(201);
    w.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
    let preview = w.cancels(&booking, 3).await;
    assert_eq!(amounts(&preview), [10_000, 10_000, 0, 5_000, 5_000]);
    assert_eq!(w.books().await, "clearing 6500, commission 750, credits 1500, provider_pending 4250");
    assert_eq!(w.gateway_book().await, "charge 2500, charge 4000");
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn a_fee_that_is_not_refundable_is_kept_also_of_what_is_reserved(#[case] is_instant: bool) {
    let args = ["--service-fee-bps", "1000", "--service-fee-refundable", "false"];
    let w = World::for_hundred(is_instant, "flexible", &args).await;
    let booking = if is_instant { w.paid("visa").await.0 } else { w.agreed_but_not_taken("visa").await };
    let preview = w.cancels(&booking, 30).await;
    assert_eq!((&preview["kept_amount"], &preview["refund_amount"]), (&json!(10.0), &json!(100.0)));
    assert_eq!(w.books().await, "clearing 1000, service_fees 1000");
}

#[rstest]
#[case("flexible", 5_000, 3_334)]
#[case("moderate", 10_000, 3_334)]
#[tokio::test]
async fn open_instalments_are_dropped_and_what_was_paid_is_kept(
    #[case] policy: &str,
    #[case] owed: i64,
    #[case] minor: i64,
) {
    assert!(minor < owed);
    let w = World::for_hundred(true, policy, &[]).await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 3, "interval": "monthly", "payment_method_id": "pm_sandbox_visa"});
    w.ann.post("/payments/installments/", body).await.expect(201);
    let preview = w.cancels(&booking, 3).await;
    assert_eq!(amounts(&preview), [3_334, 0, 0, 3_334, 0]);
    w.later(90 * 24 * 3600).await;
    assert_eq!((w.ends().await, w.gateway_book().await.as_str()), (kept(minor), "charge 3334"));
}

impl World {
    /// To be charged ten days after the appointment.
    async fn pays_later(&self, card: &str) -> String {
        let booking = self.book("card", "later").await;
        let body = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
            "payment_method_id": format!("pm_sandbox_{card}"), "due_date": "2026-03-14"});
        self.ann.post("/payments/process/", body).await.expect(201);
        booking
    }
}

#[tokio::test]
async fn of_what_is_charged_later_that_is_charged_at_once_which_is_kept() {
    for (hours, minor) in [(3, 5_000), (30, 0)] {
        let w = World::for_hundred(true, "flexible", &[]).await;
        let booking = w.pays_later("visa").await;
        let preview = w.cancels(&booking, hours).await;
        assert_eq!(amounts(&preview), [0, 0, minor, minor, 0]);
        assert_eq!(w.ends().await, kept(minor));
        w.later(30 * 24 * 3600).await;
        assert_eq!(w.ends().await, kept(minor));
    }
}

#[tokio::test]
async fn what_cannot_be_charged_is_tried_again_and_then_a_debt() {
    let w = World::for_hundred(true, "flexible", &[]).await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    // Without its payer it cannot be charged.
    let booking = w.pays_later("3ds").await;
    w.cancels(&booking, 3).await;
    assert_eq!(w.ends().await, kept(0));
    let debts = || async {
        let tasks = finance.get("/admin/payments/tasks/").await.expect(200);
        let tasks =
            tasks["results"].as_array().unwrap().iter().filter(|task| task["kind"] == "customer_debt");
        tasks
            .map(|task| (task["payment_id"].as_str().unwrap().to_owned(), task["amount"].clone()))
            .collect::<Vec<_>>()
    };
    assert!(debts().await.is_empty());
    for _ in 0..9 {
        w.later(24 * 3600).await;
        w.settles().await;
    }
    let open = debts().await;
    assert_eq!((open.len(), &open[0].1), (1, &json!(50.0)));
    let owed = w.ann.get(&format!("/payments/{}/", open[0].0)).await.expect(200);
    let path = format!("/payments/installments/{}/pay/", owed["installments"][0]["id"].as_str().unwrap());
    w.ann.post(&path, json!({"payment_method_id": "pm_sandbox_visa"})).await.expect(201);
    w.settles().await;
    assert_eq!(w.ends().await, kept(5_000));
    assert!(debts().await.is_empty());
}

#[rstest]
#[case("ann", 0)]
#[case("bob", 5_000)]
#[tokio::test]
async fn nobody_is_charged_while_it_is_open_who_was_there(#[case] reporter: &str, #[case] minor: i64) {
    let w = World::for_hundred(true, "flexible", &[]).await;
    let booking = w.book("card", "later").await;
    let body = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa", "due_date": "2026-03-05"});
    w.ann.post("/payments/process/", body).await.expect(201);
    w.at("2026-03-04T09:15:00Z");
    let who = if reporter == "ann" { &w.ann } else { &w.bob };
    who.put(&format!("/bookings/{booking}/no-show/"), json!({})).await.expect(200);
    w.later(24 * 3600).await;
    assert_eq!(w.gateway_book().await, "");
    for _ in 0..5 {
        w.later(24 * 3600).await;
        w.settles().await;
    }
    assert_eq!(w.ends().await, kept(minor));
}

/// The examination's own: a dispute that is open while the customer cancels.
#[rstest]
#[case("disputed_won", "flexible", 5_000)]
#[case("disputed_won", "moderate", 10_000)]
#[case("disputed_lost", "flexible", 0)]
#[tokio::test]
async fn a_banks_dispute_changes_nothing_of_what_is_owed(
    #[case] card: &str,
    #[case] policy: &str,
    #[case] minor: i64,
) {
    let w = World::for_hundred(true, policy, &[]).await;
    let booking = w.book_at("2026-03-03", "09:00", "card", "immediate").await;
    w.pay(&booking, card).await.expect(201);
    w.later(3).await;
    w.tell().await;
    assert_eq!(w.books().await, "disputes 10000, escrow 10000");
    let preview = w.ann.get(&format!("/bookings/{booking}/cancellation/")).await.expect(200).body;
    let back = if policy == "flexible" { 5_000 } else { 0 };
    assert_eq!(amounts(&preview), [10_000, 10_000, 0, 10_000 - back, back]);
    w.cancel(&w.ann, &booking).await;
    assert_eq!(w.books().await, "disputes 10000, escrow 10000");
    w.later(6).await;
    w.tell_in(|count| (0..3 * count).map(|place| place % count).collect()).await;
    w.settles().await;
    assert_eq!(w.ends().await, kept(minor));
    w.gateway_agrees().await;
}

#[tokio::test]
async fn an_operators_decision_waits_for_the_bank_where_it_has_the_money() {
    for (card, minor) in [("disputed_won", 7_000), ("disputed_lost", 0)] {
        let w = World::for_hundred(true, "flexible", &[]).await;
        let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
        let (booking, _) = w.paid(card).await;
        w.complete(&booking).await;
        w.later(3).await;
        w.tell().await;
        w.ann.put(&format!("/bookings/{booking}/dispute/"), json!({"reason": "Dirty."})).await.expect(200);
        w.t.run_jobs().await;
        let body = json!({"outcome": "split", "refund_amount": 30, "reason": "Two of five."});
        finance.post(&format!("/admin/bookings/{booking}/resolve/"), body).await.expect(200);
        w.t.run_jobs().await;
        w.later(6).await;
        w.tell_in(|count| (0..3 * count).map(|place| place % count).collect()).await;
        w.settles().await;
        assert_eq!(w.ends().await, kept(minor), "{card}");
    }
}

#[tokio::test]
async fn a_moved_booking_that_is_cancelled_costs_what_it_cost_before() {
    let w = World::for_hundred(true, "moderate", &[]).await;
    sqlx::query!("update schedules set min_notice_minutes = 60").execute(&w.t.app.db).await.unwrap();
    let (booking, _) = w.paid("visa").await;
    w.at("2026-03-04T07:00:00Z");
    let to = json!({"scheduled_date": "2026-04-03", "scheduled_time": "10:00"});
    w.ann.put(&format!("/bookings/{booking}/reschedule/"), to).await.expect(200);
    let preview = w.cancels_now(&booking).await;
    assert_eq!(amounts(&preview), [10_000, 0, 0, 10_000, 0]);
    assert_eq!((w.ends().await, w.gateway_book().await.as_str()), (kept(10_000), "charge 10000"));
}

#[tokio::test]
async fn a_tip_has_nothing_to_do_with_a_dispute() {
    let w = World::for_hundred(true, "flexible", &[]).await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    let tip = json!({"booking_id": booking, "amount": 10, "payment_method": "card", "payment_method_id": "pm_sandbox_visa"});
    w.ann.post("/payments/tips/", tip).await.expect(201);
    w.ann.put(&format!("/bookings/{booking}/dispute/"), json!({"reason": "Dirty."})).await.expect(200);
    w.t.run_jobs().await;
    w.resolve(&finance, &booking, "customer").await;
    assert_eq!(w.ends().await, (1_000, 1_000, 0));
}
