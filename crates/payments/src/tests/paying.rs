//! Paying a booking at once, and what becomes of the money.

use rstest::rstest;
use serde_json::json;

use super::{World, euros};

#[tokio::test]
async fn an_instant_booking_is_paid_done_and_earned() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    assert_eq!(w.state(&booking).await, "awaiting_payment unpaid");
    let answer = w.pay(&booking, "visa").await.expect(201);
    shape!(answer);
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    w.complete(&booking).await;
    assert_eq!(w.state(&booking).await, "completed paid");
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
    assert_eq!(w.gateway_book().await, "charge 4990");
}

#[tokio::test]
async fn a_request_reserves_and_the_answer_takes_or_lets_go() {
    let w = World::new().await;
    let (booking, payment) = w.paid("visa").await;
    assert_eq!(w.state(&booking).await, "pending_acceptance scheduled");
    assert_eq!((w.status(&payment).await.as_str(), w.books().await.as_str()), ("processing", ""));
    w.accept(&booking).await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(
        (w.status(&payment).await.as_str(), w.books().await.as_str()),
        ("completed", "clearing 4990, escrow 4990")
    );

    let booking = w.book_at("2026-03-05", "10:00", "card", "immediate").await;
    let payment = w.pay(&booking, "visa").await.expect(201).str("id");
    w.bob.put(&format!("/providers/jobs/{booking}/decline/"), json!({})).await.expect(200);
    w.t.run_jobs().await;
    assert_eq!(
        (w.state(&booking).await.as_str(), w.status(&payment).await.as_str()),
        ("declined unpaid", "cancelled")
    );
    assert_eq!(w.gateway_book().await, "charge 4990", "only the first was ever taken");
}

#[rstest]
#[case("declined", "card_declined")]
#[case("insufficient_funds", "insufficient_funds")]
#[case("expired", "expired_card")]
#[tokio::test]
async fn a_declined_booking_stays_payable(#[case] method: &str, #[case] code: &str) {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let refused = w.pay(&booking, method).await.refused(402, code);
    assert_eq!(w.status(&refused.str("payment_id")).await, "failed");
    assert_eq!(w.state(&booking).await, "awaiting_payment failed");
    w.pay(&booking, "visa").await.expect(201);
    assert_eq!(w.state(&booking).await, "confirmed paid");
    w.pay(&booking, "visa").await.refused(409, "already_paid");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
}

#[tokio::test]
async fn a_payer_approves_on_a_page() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let answer = w.pay(&booking, "3ds").await.expect(201);
    assert_eq!(answer["status"], "requires_action");
    assert!(answer["client_secret"].is_string() && answer["action_url"].is_string());
    let payment = answer.str("id");
    let seen_by_bob = w.bob.get(&format!("/payments/{payment}/")).await.expect(200);
    assert!(seen_by_bob["client_secret"].is_null());
    assert!(w.sandbox.decide(&answer.str("transaction_id"), true).await.unwrap());
    w.later(10).await;
    assert_eq!(
        (w.status(&payment).await.as_str(), w.state(&booking).await.as_str()),
        ("completed", "confirmed paid")
    );
}

#[tokio::test]
async fn another_try_gives_up_the_one_that_waits() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let first = w.pay(&booking, "3ds").await.expect(201);
    w.pay(&booking, "visa").await.expect(201);
    // The payer approves the first one all the same, before it could be let go: it goes back.
    assert!(w.sandbox.decide(&first.str("transaction_id"), true).await.unwrap());
    w.later(10).await;
    w.later(10).await;
    assert_eq!(w.status(&first.str("id")).await, "refunded");
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    assert_eq!(w.gateway_book().await, "charge 4990, charge 4990, refund 4990");
}

#[tokio::test]
async fn a_payment_that_comes_too_late_goes_back_once() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let answer = w.pay(&booking, "reports_late").await.expect(201);
    assert_eq!(answer["status"], "processing");
    w.pay(&booking, "visa").await.refused(409, "payment_in_progress");
    // The booking is off before anybody asks the gateway again.
    w.ann.put(&format!("/bookings/{booking}/cancel/"), json!({})).await.expect(200);
    for _ in 0..3 {
        w.later(10).await;
    }
    assert_eq!(w.state(&booking).await, "withdrawn refunded");
    assert_eq!(w.status(&answer.str("id")).await, "refunded");
    assert_eq!(w.gateway_book().await, "charge 4990, refund 4990");
    assert_eq!(w.books().await, "");
}

#[tokio::test]
async fn a_time_that_is_not_paid_is_free_again() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let answer = w.pay(&booking, "3ds").await.expect(201);
    w.later(15 * 60).await;
    assert_eq!(w.state(&booking).await, "payment_expired unpaid");
    assert_eq!(w.status(&answer.str("id")).await, "cancelled");
    assert!(!w.sandbox.decide(&answer.str("transaction_id"), true).await.unwrap(), "nobody can pay any more");
    w.pay(&booking, "visa").await.refused(409, "not_payable");
    assert_eq!(w.gateway_book().await, "");
}

#[rstest]
#[case("drops_reply")]
#[case("timeout")]
#[tokio::test]
async fn a_lost_reply_is_asked_for(#[case] method: &str) {
    let w = World::instant().await;
    let (booking, payment) = w.paid(method).await;
    assert_eq!(w.status(&payment).await, "processing");
    w.later(30).await;
    if method == "drops_reply" {
        assert_eq!(w.state(&booking).await, "confirmed paid");
        assert_eq!(w.gateway_book().await, "charge 4990");
        return;
    }
    // The gateway never hears of it, so nothing is ever charged.
    w.later(20 * 60).await;
    w.later(60).await;
    assert_eq!(w.state(&booking).await, "payment_expired failed");
    assert_eq!((w.status(&payment).await.as_str(), w.gateway_book().await.as_str()), ("failed", ""));
}

#[tokio::test]
async fn a_gateway_that_is_down_is_said_so() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    w.pay(&booking, "unavailable").await.refused(503, "unavailable");
    w.pay(&booking, "visa").await.expect(201);
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
}

#[tokio::test]
async fn a_cancelled_booking_pays_back_by_its_policy() {
    let w = World::instant().await;
    for (hours, back, books) in [
        (0, 49.9, ""),
        // Flexible: half of it, within a day of the start. The provider keeps the other half, less our share.
        (30, 24.95, "clearing 2495, commission 374, provider_pending 2121"),
    ] {
        let booking = w.book_at("2026-03-04", "10:00", "card", "immediate").await;
        let payment = w.pay(&booking, "visa").await.expect(201).str("id");
        w.later(hours * 3600).await;
        w.cancel(&w.ann, &booking).await;
        let payment = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
        assert!((euros(&payment["refunded_amount"]) - back).abs() < 1e-9);
        assert_eq!(w.books().await, books);
    }
}

#[tokio::test]
async fn nobody_pays_for_others_or_in_another_way() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card"});
    w.t.anonymous().post("/payments/process/", body.clone()).await.refused(401, "unauthenticated");
    w.bob.post("/payments/process/", body.clone()).await.refused(404, "not_found");
    let with = |name: &str, value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let unknown = w.booking(&booking).await.str("service_id");
    for (body, status, code) in [
        (with("payment_method", json!("credits")), 422, "payment_method_unavailable"),
        (with("payment_method", json!("cash")), 422, "payment_method_unavailable"),
        (with("payment_method_id", json!(unknown)), 422, "method_not_found"),
        (with("payment_method_id", json!("a b")), 422, "validation_failed"),
        (with("booking_id", json!(unknown)), 404, "not_found"),
        (with("booking_id", json!("x")), 422, "validation_failed"),
    ] {
        w.ann.post("/payments/process/", body).await.refused(status, code);
    }
    let cash = w.book_at("2026-03-05", "10:00", "cash", "immediate").await;
    w.ann.post("/payments/process/", with("booking_id", json!(cash))).await.refused(409, "not_payable");
    let eve = w.t.user("Eve").await;
    let (_, payment) = w.paid_at("2026-03-06").await;
    eve.get(&format!("/payments/{payment}/")).await.refused(404, "not_found");
    w.t.anonymous().get(&format!("/payments/{payment}/")).await.refused(401, "unauthenticated");
    w.ann.get("/payments/x/").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_job_for_cash_leaves_the_provider_owing_our_share() {
    let w = World::instant().await;
    let booking = w.book("cash", "immediate").await;
    w.complete(&booking).await;
    assert_eq!(w.books().await, "commission 748, provider_owed 748");
}

#[tokio::test]
async fn the_history_has_mine_newest_first() {
    let w = World::instant().await;
    let (_, first) = w.paid("visa").await;
    w.later(1).await;
    let (_, second) = w.paid_at("2026-03-06").await;
    let all = w.ann.get("/payments/history/").await.expect(200);
    assert_eq!(
        (&all["count"], &all["results"][0]["id"], &all["results"][1]["id"]),
        (&json!(2), &json!(second), &json!(first))
    );
    for (query, count) in [
        ("status=completed", 2),
        ("status=failed", 0),
        ("type=immediate", 2),
        ("type=later", 0),
        ("from=2026-03-02&to=2026-03-02", 2),
        ("from=2026-03-03", 0),
        ("to=2026-03-01", 0),
    ] {
        assert_eq!(
            w.ann.get(&format!("/payments/history/?{query}")).await.expect(200)["count"],
            count,
            "{query}"
        );
    }
    assert_eq!(w.bob.get("/payments/history/").await.expect(200)["count"], 0);
    w.ann.get("/payments/history/?status=gone").await.refused(422, "validation_failed");
    w.t.anonymous().get("/payments/history/").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_that_is_used_again_gets_the_first_answer() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let ann = w.ann.with("Idempotency-Key", "pay-1");
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa"});
    let all = (0..20).map(|_| ann.post("/payments/process/", body.clone()));
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status.as_u16())));
    assert!(answers.iter().any(|answer| answer.status == 201));
    let again = ann.post("/payments/process/", body).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(w.gateway_book().await, "charge 4990");
}
