//! A gateway that does not say what became of a charge: its payer tries again, and pays once.

use platform::ids::OperationId;
use rstest::rstest;
use serde_json::json;

use super::{Answer, World, credits::SMALL};

impl World {
    /// The charges of which nobody knows what became of them, in the order in which they were made.
    async fn unanswered(&self) -> Vec<OperationId> {
        let found = sqlx::query_scalar!(
            r#"select id as "id: OperationId" from payment_operations where task = 'charge' and state = 'started' order by id"#
        );
        found.fetch_all(&self.t.app.db).await.unwrap()
    }

    /// The gateway does it after all, long after its caller has given up waiting.
    async fn comes_late(&self, charge: OperationId) {
        sqlx::query!("update payment_operations set method = 'pm_sandbox_visa' where id = $1", charge as _)
            .execute(&self.t.app.db)
            .await
            .unwrap();
        self.asked(charge).await;
        self.tell().await;
        for _ in 0..3 {
            self.later(30).await;
        }
    }
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn who_gets_no_answer_pays_another_way_at_once_and_what_comes_late_goes_back(#[case] is_instant: bool) {
    let w = World::with(is_instant).await;
    let booking = w.book("card", "immediate").await;
    let first = w.pay(&booking, "timeout").await.expect(201);
    assert_eq!(first["status"], "processing");
    w.pay(&booking, "visa").await.expect(201);
    assert_eq!(w.status(&first.str("id")).await, "cancelled");
    let paid = if is_instant { "confirmed paid" } else { "pending_acceptance scheduled" };
    assert_eq!(w.state(&booking).await, paid);
    let silent = w.unanswered().await;
    w.comes_late(silent[0]).await;
    if !is_instant {
        w.accept(&booking).await;
    }
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    let book = w.gateway_book().await;
    assert_eq!(book.contains("refund 4990"), is_instant, "{book}");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn what_was_given_up_and_comes_all_the_same_goes_back() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    w.pay(&booking, "timeout").await.expect(201);
    let silent = w.unanswered().await;
    w.pay(&booking, "visa").await.expect(201);
    // The gateway has never heard of it, so it counts as declined; and then it arrives there.
    w.later(60).await;
    assert!(w.unanswered().await.is_empty());
    w.comes_late(silent[0]).await;
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn a_try_that_had_worked_is_found_before_another_is_made() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let first = w.pay(&booking, "drops_reply").await.expect(201);
    assert_eq!(first["status"], "processing");
    let refused = w.pay(&booking, "visa").await;
    assert_eq!(refused["payment_id"], first["id"]);
    refused.refused(409, "already_paid");
    assert_eq!(w.gateway_book().await, "charge 4990");
    assert_eq!(w.state(&booking).await, "confirmed paid");
}

#[tokio::test]
async fn many_new_tries_at_once_are_one() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    w.pay(&booking, "timeout").await.expect(201);
    let answers = futures_util::future::join_all((0..8).map(|_| w.pay(&booking, "visa"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(w.gateway_book().await, "charge 4990");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn other_ways_to_pay_may_take_the_place_of_a_silent_one() {
    for kind in ["later", "installment"] {
        let w = World::instant().await;
        let booking = w.book("card", "immediate").await;
        w.pay(&booking, "timeout").await.expect(201);
        let body = json!({"booking_id": booking, "payment_type": kind, "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa"});
        w.ann.post("/payments/process/", body).await.expect(201);
    }
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "timeout", 20).await.expect(201);
    // The credits of the first try pay for the second.
    w.pay_mixed(&booking, "visa", 25).await.expect(201);
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
}

#[tokio::test]
async fn a_plan_whose_first_part_is_not_answered_may_be_made_anew() {
    let w = World::instant().await;
    let booking = w.book("card", "installment").await;
    let plan = |card: &str| json!({"booking_id": booking, "count": 2, "interval": "weekly", "payment_method_id": format!("pm_sandbox_{card}")});
    w.ann.post("/payments/installments/", plan("visa_timeout")).await.refused(422, "method_not_found");
    w.ann.post("/payments/installments/", plan("timeout")).await.expect(201);
    w.ann.post("/payments/installments/", plan("visa")).await.expect(201);
    assert_eq!(w.state(&booking).await, "confirmed partially_paid");
    let silent = w.unanswered().await;
    w.comes_late(silent[0]).await;
    assert_eq!(w.books().await, "clearing 2495, escrow 2495");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn a_tip_that_is_not_answered_or_not_approved_does_not_block_the_next() {
    for first in ["timeout", "3ds"] {
        let w = World::instant().await;
        let (booking, _) = w.paid("visa").await;
        w.complete(&booking).await;
        w.tip(&booking, first, 5).await.expect(201);
        w.tip(&booking, "visa", 7).await.expect(201);
        if first == "timeout" {
            let silent = w.unanswered().await;
            w.comes_late(silent[0]).await;
        }
        w.later(60).await;
        let books = "clearing 5690, commission 748, provider_available 700, provider_pending 4242";
        assert_eq!(w.books().await, books, "{first}");
        w.gateway_agrees().await;
    }
}

#[tokio::test]
async fn a_purchase_of_credits_that_is_not_answered_does_not_block_the_next() {
    let w = World::instant().await;
    w.buy(SMALL, "timeout").await.expect(201);
    w.buy(SMALL, "visa").await.expect(201);
    let silent = w.unanswered().await;
    w.comes_late(silent[0]).await;
    assert_eq!(w.books().await, "clearing 2500, credits 2500");
    assert_eq!(w.gateway_book().await, "charge 2500, charge 2500, refund 2500");
    w.gateway_agrees().await;
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn a_part_that_is_not_answered_may_be_paid_another_way(#[case] is_by_payer: bool) {
    let w = World::instant().await;
    let (booking, payment) = w.in_parts("visa").await;
    w.complete(&booking).await;
    let pay = async |card: &str| -> Answer {
        let parts = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
        let part = parts["installments"][1]["id"].as_str().unwrap().to_owned();
        let body = json!({"payment_method_id": format!("pm_sandbox_{card}")});
        w.ann.post(&format!("/payments/installments/{part}/pay/"), body).await
    };
    if is_by_payer {
        pay("timeout").await.expect(201);
    } else {
        sqlx::query!("update payments set method = 'pm_sandbox_timeout'").execute(&w.t.app.db).await.unwrap();
        w.days(32).await;
    }
    pay("visa").await.expect(201);
    assert_eq!(w.parts(&payment).await[1], "2026-04-02 paid");
    let silent = w.unanswered().await;
    w.comes_late(silent[0]).await;
    assert!(w.books().await.starts_with("clearing 3327, "), "{}", w.books().await);
    w.gateway_agrees().await;
}
