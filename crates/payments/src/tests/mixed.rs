//! Credits and a card together: one payment, both parts or none, and back in proportion.

use serde_json::{Value, json};

use super::{Answer, World, credits::SMALL};

impl World {
    /// Ann has 25 credits.
    pub(super) async fn with_credits(auto_accept: bool) -> Self {
        let w = Self::with(auto_accept).await;
        w.buy(SMALL, "visa").await.expect(201);
        w
    }

    pub(super) async fn pay_mixed(&self, booking: &str, card: &str, credits: impl Into<Value>) -> Answer {
        let credits = credits.into();
        let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
            "payment_method_id": format!("pm_sandbox_{card}"), "credits_amount": credits});
        self.ann.post("/payments/process/", body).await
    }

    /// Ann's credits, as they are written.
    async fn balance(&self) -> String {
        let credits = self.ann.get(&format!("/users/{}/credits/", self.ann.id())).await.expect(200);
        credits["balance"].to_string()
    }
}

#[tokio::test]
async fn credits_for_all_of_it_leave_nothing_to_pay() {
    let w = World::with_credits(true).await;
    sqlx::query!("update services set price_minor = 2000").execute(&w.t.app.db).await.unwrap();
    let booking = w.book("card", "immediate").await;
    // No such card would pay a cent.
    let answer = w.pay_mixed(&booking, "card_declined", 20).await.expect(201);
    let shown = ["status", "payment_method", "paid_amount"].map(|name| answer[name].clone());
    assert_eq!(shown, [json!("completed"), json!("credits"), json!(20.0)]);
    assert_eq!((w.balance().await.as_str(), w.state(&booking).await.as_str()), ("5.0", "confirmed paid"));
    assert_eq!(w.books().await, "clearing 2500, credits 500, escrow 2000");
    w.pay_mixed(&booking, "visa", 20).await.refused(409, "already_paid");
    w.cancel(&w.ann, &booking).await;
    assert_eq!(
        (w.balance().await.as_str(), w.books().await.as_str()),
        ("25.0", "clearing 2500, credits 2500")
    );
    // More than there are.
    sqlx::query!("update services set price_minor = 2501").execute(&w.t.app.db).await.unwrap();
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "visa", 25.01).await.refused(402, "insufficient_credits");
    assert_eq!(w.state(&booking).await, "awaiting_payment unpaid");
}

#[tokio::test]
async fn both_parts_pay_and_go_back_in_proportion() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    let answer = w.pay_mixed(&booking, "visa", 20).await.expect(201);
    assert_eq!(
        (answer.str("status").as_str(), &answer["paid_amount"], &answer["credits_amount"]),
        ("completed", &json!(49.9), &json!(20.0))
    );
    assert_eq!((w.balance().await.as_str(), w.state(&booking).await.as_str()), ("5.0", "confirmed paid"));
    assert_eq!(w.books().await, "clearing 5490, credits 500, escrow 4990");
    let payment = answer.str("id");
    let receipt = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    let tender = json!([{"method": "card", "amount": 29.9}, {"method": "credits", "amount": 20.0}]);
    assert_eq!(receipt["tender"], tender);
    let refund =
        |amount: Value| json!({"payment_id": payment, "amount": amount, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", refund(json!(10))).await.expect(201);
    w.later(1).await;
    // 20 of 49.90 were credits: 4.01 of 10.
    assert_eq!(w.books().await, "clearing 4891, credits 901, escrow 3990");
    w.bob.post("/payments/refund/", refund(Value::Null)).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!((w.balance().await.as_str(), w.status(&payment).await.as_str()), ("25.0", "refunded"));
    assert_eq!(w.books().await, "clearing 2500, credits 2500");
    assert_eq!(w.gateway_book().await, "charge 2500, charge 2990, refund 599, refund 2391");
    let receipt = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    let tender = json!([{"method": "card", "amount": 5.99}, {"method": "credits", "amount": 4.01}]);
    assert_eq!(receipt["credit_notes"][0]["tender"], tender);
}

#[tokio::test]
async fn what_was_earned_is_the_whole_price() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "visa", "24.95").await.expect(201);
    w.complete(&booking).await;
    assert_eq!(w.books().await, "clearing 4995, commission 748, credits 5, provider_pending 4242");
}

#[tokio::test]
async fn credits_come_back_when_the_card_does_not_pay() {
    for card in ["declined", "declines_late"] {
        let w = World::with_credits(true).await;
        let booking = w.book("card", "immediate").await;
        w.pay_mixed(&booking, card, 20).await;
        for _ in 0..3 {
            w.later(10).await;
        }
        assert_eq!(
            (w.balance().await.as_str(), w.books().await.as_str()),
            ("25.0", "clearing 2500, credits 2500"),
            "{card}"
        );
        w.pay_mixed(&booking, "visa", 25).await.expect(201);
        assert_eq!((w.balance().await.as_str(), w.state(&booking).await.as_str()), ("0.0", "confirmed paid"));
    }
}

#[tokio::test]
async fn credits_come_back_with_what_was_only_reserved() {
    let w = World::with_credits(false).await;
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "visa", 20).await.expect(201);
    assert_eq!(
        (w.balance().await.as_str(), w.books().await.as_str()),
        ("5.0", "clearing 2500, credits 500, escrow 2000")
    );
    w.bob.put(&format!("/providers/jobs/{booking}/decline/"), json!({})).await.expect(200);
    w.t.run_jobs().await;
    assert_eq!(
        (w.balance().await.as_str(), w.books().await.as_str()),
        ("25.0", "clearing 2500, credits 2500")
    );
}

#[tokio::test]
async fn credits_come_back_where_the_card_is_reserved_after_the_booking_was_off() {
    let w = World::with_credits(false).await;
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "reports_late", 20).await.expect(201);
    w.cancel(&w.ann, &booking).await;
    for _ in 0..3 {
        w.later(20).await;
    }
    assert_eq!(
        (w.balance().await.as_str(), w.books().await.as_str()),
        ("25.0", "clearing 2500, credits 2500")
    );
}

#[tokio::test]
async fn a_payer_who_never_approves_has_the_credits_back() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    let waiting = w.pay_mixed(&booking, "3ds", 20).await.expect(201);
    assert_eq!((waiting.str("status").as_str(), w.balance().await.as_str()), ("requires_action", "5.0"));
    // Another try takes its place.
    w.pay_mixed(&booking, "visa", 10).await.expect(201);
    assert_eq!(w.balance().await.as_str(), "15.0");
    // The first one is approved all the same: only the card's part had been asked for, and goes back.
    assert!(w.sandbox.decide(&waiting.str("transaction_id"), true).await.unwrap());
    w.later(10).await;
    w.later(10).await;
    assert_eq!(w.books().await, "clearing 6490, credits 1500, escrow 4990");
}

#[tokio::test]
async fn only_a_part_in_euros_and_at_once() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    for amount in [json!(0), json!(-1), json!(49.91), json!(50)] {
        w.pay_mixed(&booking, "visa", amount).await.refused(422, "credits_amount_invalid");
    }
    w.pay_mixed(&booking, "visa", "x").await.refused(422, "validation_failed");
    for more_than_there_are in [25.01, 49.9] {
        w.pay_mixed(&booking, "visa", more_than_there_are).await.refused(402, "insufficient_credits");
    }
    let later = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa", "credits_amount": 5});
    w.ann.post("/payments/process/", later).await.refused(422, "credits_amount_invalid");
    assert_eq!(
        (w.balance().await.as_str(), w.state(&booking).await.as_str()),
        ("25.0", "awaiting_payment unpaid")
    );
    assert_eq!(w.books().await, "clearing 2500, credits 2500");
}

#[tokio::test]
async fn credits_are_spent_once_however_many_pay_with_them() {
    let w = World::with_credits(true).await;
    let mut bookings = Vec::new();
    for day in 5..10 {
        for time in ["08:00", "11:00", "14:00", "17:00"] {
            bookings.push(w.hold_at(&format!("2026-03-{day:02}"), time, "card", "immediate").await);
        }
    }
    let all = bookings.iter().map(|booking| w.pay_mixed(booking, "visa", 5));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer["code"] == "insufficient_credits"));
    assert_eq!(w.balance().await.as_str(), "0.0");
    w.books().await;
}
