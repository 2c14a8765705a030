//! What cancelling pays back, and that the preview says exactly that.

use jiff::SignedDuration;
use platform::time::Instant;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use strum::VariantArray as _;

use super::{World, instant};
use crate::policy::{self, Policy, RefundReason};

fn start() -> Instant {
    instant("2026-03-20T09:00:00Z")
}

fn percent(policy: Policy, before: SignedDuration) -> i64 {
    policy::refund(policy, RefundReason::Policy, 0, start(), start().minus(before)).percent
}

#[rstest]
#[case(Policy::Flexible, &[(1000, 100), (24, 100), (23, 50), (0, 50)])]
#[case(Policy::Moderate, &[(1000, 100), (72, 100), (71, 50), (24, 50), (23, 0), (0, 0)])]
#[case(Policy::Strict, &[(1000, 50), (168, 50), (167, 0), (0, 0)])]
fn policies_pay_back_by_elapsed_hours(#[case] policy: Policy, #[case] table: &[(i64, i64)]) {
    for (hours, expected) in table {
        assert_eq!(percent(policy, SignedDuration::from_hours(*hours)), *expected, "{policy:?} {hours} h");
    }
}

#[test]
fn the_boundary_counts_as_before() {
    let second = SignedDuration::from_secs(1);
    for (policy, hours, at, after) in [
        (Policy::Flexible, 24, 100, 50),
        (Policy::Moderate, 72, 100, 50),
        (Policy::Moderate, 24, 50, 0),
        (Policy::Strict, 168, 50, 0),
    ] {
        let boundary = SignedDuration::from_hours(hours);
        assert_eq!(
            (percent(policy, boundary), percent(policy, boundary - second)),
            (at, after),
            "{policy:?}"
        );
    }
}

#[test]
fn hours_elapse_through_a_clock_change() {
    // 24 elapsed hours before 10:00 on the day after the clocks went forward is 09:00 on the wall.
    let start = instant("2026-03-29T08:00:00Z");
    let at = |text| policy::refund(Policy::Flexible, RefundReason::Policy, 0, start, instant(text)).percent;
    assert_eq!((at("2026-03-28T08:00:00Z"), at("2026-03-28T08:00:01Z")), (100, 50));
}

#[test]
fn half_a_cent_goes_to_the_customer() {
    assert_eq!(
        (policy::share(4999, 50), policy::share(1, 50), policy::share(4990, 100), policy::share(7, 0)),
        (2500, 1, 4990, 0)
    );
}

proptest! {
    #[test]
    fn what_is_previewed_is_what_is_executed_until_it_ends(
        policy in proptest::sample::select(Policy::VARIANTS),
        reason in proptest::sample::select(RefundReason::VARIANTS),
        floor in 0..=100_i64,
        seconds in 0..2_000_000_i64,
        later in 0.0..=1.0_f64,
        paid in 0..10_000_000_i64,
    ) {
        let now = start().minus(SignedDuration::from_secs(seconds));
        let preview = policy::refund(policy, reason, floor, start(), now);
        prop_assert!(now <= preview.valid_until && preview.valid_until <= start());
        let then = now.plus(preview.valid_until.since(now).mul_f64(later)).min(preview.valid_until);
        let executed = policy::refund(policy, reason, floor, start(), then);
        prop_assert_eq!(policy::share(paid, preview.percent), policy::share(paid, executed.percent));
        prop_assert!((0..=paid).contains(&policy::share(paid, preview.percent)));
        let after = policy::refund(policy, reason, floor, start(), preview.valid_until.plus(SignedDuration::from_secs(1)));
        prop_assert!(after.percent <= preview.percent);
        prop_assert!(reason != RefundReason::Policy || preview.percent + floor <= 100);
    }
}

/// As if the customer had paid already, for policies to have something to pay back.
async fn paid(w: &World, policy: &str) {
    sqlx::query!(
        "update bookings set payment_status = 'paid', paid_minor = total_minor, agreed_minor = total_minor,
                secured_minor = total_minor, cancellation_policy = $1",
        policy
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_customer_cancels_by_the_policy() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "12:00").await;
    paid(&w, "flexible").await;
    insta::assert_snapshot!(w.ann.get(&format!("{path}cancellation/")).await.expect(200).masked());
    w.at("2026-03-02T11:00:00Z");
    let preview = w.ann.get(&format!("{path}cancellation/")).await.expect(200);
    assert_eq!((&preview["refund_percent"], &preview["refund_amount"]), (&json!(100), &json!(49.9)));
    assert_eq!(preview["valid_until"], "2026-03-02T11:00:00Z");
    w.at("2026-03-02T11:00:01Z");
    let preview = w.ann.get(&format!("{path}cancellation/")).await.expect(200);
    assert_eq!((&preview["refund_percent"], &preview["refund_amount"]), (&json!(50), &json!(24.95)));
    let answer = w.ann.put(&format!("{path}cancel/"), json!({"reason": "Ill"})).await.expect(200);
    assert_eq!(
        (&answer["status"], &answer["sub_status"]),
        (&json!("cancelled"), &json!("cancelled_by_customer"))
    );
    assert_eq!((&answer["refund_amount"], &answer["cancelled_by"]), (&json!(24.95), &json!("customer")));
    assert_eq!(answer["cancellation_reason"], "Ill");
    assert_eq!((w.held().await.len(), w.timers().await.len()), (0, 0));
    w.ann.put(&format!("{path}cancel/"), json!({})).await.refused(409, "invalid_transition");
    w.ann.get(&format!("{path}cancellation/")).await.refused(409, "invalid_transition");
}

#[tokio::test]
async fn a_provider_who_cancels_pays_everything_back() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "12:00").await;
    paid(&w, "strict").await;
    assert_eq!(w.ann.get(&format!("{path}cancellation/")).await["refund_percent"], 0);
    let preview = w.bob.get(&format!("{path}cancellation/")).await.expect(200);
    assert_eq!(
        (&preview["refund_amount"], &preview["reason"], &preview["free_until"]),
        (&json!(49.9), &json!("not_by_customer"), &Value::Null)
    );
    let answer = w
        .bob
        .put(&format!("{path}status/"), json!({"status": "cancelled", "reason": "Ill"}))
        .await
        .expect(200);
    assert_eq!(
        (&answer["sub_status"], &answer["refund_amount"]),
        (&json!("cancelled_by_provider"), &json!(49.9))
    );
    let let_down =
        sqlx::query_scalar!("select jobs_cancelled from providers").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(let_down, 1);
}

#[tokio::test]
async fn a_request_that_nobody_confirmed_costs_nothing() {
    let w = World::new().await;
    for (who, state) in [(&w.ann, "withdrawn"), (&w.bob, "declined")] {
        let path = w.book("2026-03-03", "12:00").await;
        paid(&w, "strict").await;
        let preview = who.get(&format!("{path}cancellation/")).await.expect(200);
        assert_eq!((&preview["refund_percent"], &preview["refund_amount"]), (&json!(100), &json!(49.9)));
        let answer = who.put(&format!("{path}cancel/"), json!({})).await.expect(200);
        assert_eq!((&answer["sub_status"], &answer["refund_amount"]), (&json!(state), &json!(49.9)));
    }
}

#[tokio::test]
async fn cash_that_was_not_paid_does_not_go_back() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-10", "12:00").await;
    let preview = w.ann.get(&format!("{path}cancellation/")).await.expect(200);
    assert_eq!(
        (&preview["refund_percent"], &preview["refund_amount"], &preview["paid_amount"]),
        (&json!(100), &json!(0.0), &json!(0.0))
    );
    assert_eq!(
        w.ann.put(&format!("{path}cancel/"), json!({})).await.expect(200)["refund_amount"],
        json!(0.0)
    );
}

#[tokio::test]
async fn a_customer_cannot_cancel_after_the_start() {
    let w = World::new().await;
    let path = w.confirmed("2026-03-03", "10:00").await;
    w.at("2026-03-03T09:00:00Z");
    let answer = w.ann.put(&format!("{path}cancel/"), json!({})).await.refused(409, "invalid_transition");
    assert_eq!((&answer["state"], &answer["allowed"]), (&json!("confirmed"), &json!([])));
    assert_eq!(w.ann.get(&path).await["can_cancel"], false);
    w.ann
        .put(&format!("{path}cancel/"), json!({"reason": "x".repeat(501)}))
        .await
        .refused(422, "validation_failed");
}
