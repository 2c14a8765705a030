//! Giving money back: in parts, at once by many, after it was earned, when the gateway stumbles, and again when it failed.

use platform::{auth::StaffRole, testing::Client};
use rstest::rstest;
use serde_json::{Value, json};

use super::World;

fn body(payment: &str, amount: impl Into<Value>) -> Value {
    let amount = amount.into();
    json!({"payment_id": payment, "amount": amount, "reason": "A window was missed."})
}

#[tokio::test]
async fn a_provider_gives_back_in_parts() {
    let w = World::instant().await;
    let (booking, payment) = w.paid("visa").await;
    let answer = w.bob.post("/payments/refund/", body(&payment, json!("10.00"))).await.expect(201);
    shape!(answer);
    assert_eq!(w.books().await, "clearing 4990, escrow 3990, refunds_payable 1000");
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 3990, escrow 3990");
    assert_eq!(w.state(&booking).await, "confirmed partially_refunded");
    assert_eq!(w.status(&payment).await, "partially_refunded");
    let refused = w.bob.post("/payments/refund/", body(&payment, json!(39.91))).await;
    assert_eq!(refused.refused(409, "refund_too_large")["refundable"], json!(39.9));
    w.bob.post("/payments/refund/", json!({"payment_id": payment, "reason": "The rest"})).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!((w.books().await.as_str(), w.status(&payment).await.as_str()), ("", "refunded"));
    w.bob.post("/payments/refund/", body(&payment, Value::Null)).await.refused(409, "refund_too_large");
    assert_eq!(w.gateway_book().await, "charge 4990, refund 1000, refund 3990");
}

#[tokio::test]
async fn what_was_earned_is_taken_back_with_our_share() {
    let w = World::instant().await;
    let (booking, payment) = w.paid("visa").await;
    w.complete(&booking).await;
    w.bob.post("/payments/refund/", body(&payment, json!(9.9))).await.expect(201);
    w.t.run_jobs().await;
    // 15 % of the 40.00 that are left is ours.
    assert_eq!(w.books().await, "clearing 4000, commission 600, provider_pending 3400");
    // What the provider has withdrawn by now they owe.
    w.later(48 * 3600).await;
    assert_eq!(w.books().await, "clearing 4000, commission 600, provider_available 3400");
    w.bob_withdraws().await;
    w.bob.post("/payments/refund/", body(&payment, Value::Null)).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing -3400, provider_owed 3400");
}

#[tokio::test]
async fn many_at_once_never_give_back_more_than_was_paid() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    let all = (0..30).map(|_| w.bob.post("/payments/refund/", body(&payment, json!(4.99))));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer["code"] == "refund_too_large"));
    w.t.run_jobs().await;
    w.later(60).await;
    assert_eq!((w.books().await.as_str(), w.status(&payment).await.as_str()), ("", "refunded"));
}

#[tokio::test]
async fn a_repeated_request_gives_back_once() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    let bob = w.bob.with("Idempotency-Key", "back-1");
    let first = bob.post("/payments/refund/", body(&payment, json!(5))).await.expect(201);
    let again = bob.post("/payments/refund/", body(&payment, json!(5))).await.expect(201);
    assert_eq!(first["id"], again["id"]);
    bob.post("/payments/refund/", body(&payment, json!(6))).await.refused(422, "idempotency_key_reused");
    w.t.run_jobs().await;
    assert_eq!(w.gateway_book().await, "charge 4990, refund 500");
}

#[rstest]
#[case("refund_drops_reply", "refund 4990", "")]
#[case("refund_late", "refund 4990", "")]
#[case("refund_declined", "", "clearing 4990, refunds_payable 4990")]
#[case("refund_returned", "refund 4990, refund_failure 4990", "clearing 4990, refunds_payable 4990")]
#[tokio::test]
async fn a_gateway_that_stumbles_is_asked_again(
    #[case] method: &str,
    #[case] book: &str,
    #[case] books: &str,
) {
    let w = World::instant().await;
    let (booking, _) = w.paid(method).await;
    w.cancel(&w.bob, &booking).await;
    for _ in 0..4 {
        w.later(10).await;
    }
    w.tell().await;
    let expected = ["charge 4990", book].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    assert_eq!(w.gateway_book().await, expected.join(", "));
    assert_eq!(w.books().await, books);
}

#[tokio::test]
async fn only_the_provider_and_finance_give_back() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    let (rob, support) = (w.t.provider("Rob").await, w.t.staff("Sue", StaffRole::Support).await);
    w.t.anonymous().post("/payments/refund/", body(&payment, json!(1))).await.refused(401, "unauthenticated");
    w.ann.post("/payments/refund/", body(&payment, json!(1))).await.refused(403, "forbidden");
    rob.post("/payments/refund/", body(&payment, json!(1))).await.refused(404, "not_found");
    for amount in [json!(0), json!(-1), json!("1.001"), json!("x")] {
        w.bob.post("/payments/refund/", body(&payment, amount)).await.refused(422, "validation_failed");
    }
    let no_reason = json!({"payment_id": payment, "amount": 1, "reason": " "});
    w.bob.post("/payments/refund/", no_reason).await.refused(422, "validation_failed");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    support.post("/payments/refund/", body(&payment, json!(1))).await.refused(403, "forbidden");
    let finance = w.t.staff("Fin", StaffRole::Finance).await;
    finance.post("/payments/refund/", body(&payment, json!(1))).await.expect(201);
}

impl World {
    /// How often the gateway was asked for a refund, and the tasks of finance.
    async fn tries(&self, finance: &Client) -> (i64, Vec<String>) {
        let asked = sqlx::query_scalar!(
            r#"select count(distinct id) as "count!" from payment_operations where task = 'refund'"#
        );
        (asked.fetch_one(&self.t.app.db).await.unwrap(), self.tasks(finance).await)
    }
}

#[tokio::test]
async fn a_refund_that_failed_is_tried_again_and_arrives() {
    let w = World::instant().await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (booking, payment) = w.paid("refund_recovers").await;
    w.cancel(&w.bob, &booking).await;
    w.later(3599).await;
    assert_eq!(w.tries(&finance).await, (1, vec![]));
    assert_eq!(w.books().await, "clearing 4990, refunds_payable 4990");
    w.later(1).await;
    assert_eq!(w.tries(&finance).await, (2, vec![]));
    assert_eq!((w.books().await.as_str(), w.status(&payment).await.as_str()), ("", "refunded"));
    assert_eq!(w.gateway_book().await, "charge 4990, refund 4990");
}

#[tokio::test]
async fn after_three_more_tries_it_is_up_to_finance() {
    let w = World::instant().await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (_, payment) = w.paid("refund_declined").await;
    for amount in [json!(10), json!(20)] {
        w.bob.post("/payments/refund/", body(&payment, amount)).await.expect(201);
    }
    w.t.run_jobs().await;
    for (hours, asked, tasks) in [(1, 4, 0), (24, 6, 0), (71, 6, 0), (1, 8, 2), (1000, 8, 2)] {
        w.later(hours * 3600).await;
        let expected = (asked, vec!["refund_failed".to_owned(); tasks]);
        assert_eq!(w.tries(&finance).await, expected, "after {hours} hours more");
        assert!(w.books().await.contains("refunds_payable 3000"));
    }
    assert_eq!(w.gateway_book().await, "charge 4990");
}

#[tokio::test]
async fn what_would_fail_again_is_up_to_finance_at_once() {
    let w = World::instant().await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (_, payment) = w.paid("visa").await;
    // The charge was refunded by hand, at the gateway.
    sqlx::raw_sql("update sandbox_operations set refunded = captured").execute(&w.t.app.db).await.unwrap();
    w.bob.post("/payments/refund/", body(&payment, Value::Null)).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!(w.tries(&finance).await, (1, vec!["refund_failed".to_owned()]));
    w.later(1000 * 3600).await;
    assert_eq!(w.tries(&finance).await.0, 1);
}

#[tokio::test]
async fn finance_need_not_wait_for_the_next_try() {
    let w = World::instant().await;
    let finance = w.t.staff("Fin Ance", StaffRole::Finance).await;
    let (booking, _) = w.paid("refund_declined").await;
    w.cancel(&w.bob, &booking).await;
    let refund = sqlx::query_scalar!(r#"select id::text as "id!" from refunds"#);
    let refund = refund.fetch_one(&w.t.app.db).await.unwrap();
    let body = json!({"by": "bank_transfer", "note": "They asked for it."});
    finance.post(&format!("/admin/refunds/{refund}/bring/"), body).await.expect(201);
    w.later(1000 * 3600).await;
    assert_eq!(w.tries(&finance).await, (1, vec![]));
    assert_eq!(w.books().await, "bank -4990, clearing 4990");
}
