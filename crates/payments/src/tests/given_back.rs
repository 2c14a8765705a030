//! What a payment had used up comes back with its money, and nobody uses an offer for the new more than once.

use futures_util::future::join_all;
use platform::testing::Client;
use rstest::rstest;
use serde_json::json;

use super::{World, prices::pay_with};

impl World {
    async fn book_as(&self, who: &Client, date: &str, kind: &str) -> String {
        let body = json!({"service_id": self.service, "scheduled_date": date, "scheduled_time": "14:00",
            "payment_method": "card", "payment_type": kind});
        who.post("/bookings/", body).await.expect(201).str("id")
    }

    async fn refund(&self, payment: &str) {
        let body = json!({"payment_id": payment, "reason": "All windows were missed."});
        self.bob.post("/payments/refund/", body).await.expect(201);
        self.t.run_jobs().await;
    }
}

#[rstest]
#[case(&[])]
#[case(&["--service-fee-bps", "500", "--service-fee-refundable", "false"])]
#[tokio::test]
async fn a_code_can_be_used_again_when_all_of_it_went_back(#[case] fee: &[&str]) {
    let w = World::tuned(true, fee).await;
    let terms = json!({"code": "SPRING", "currency": "EUR", "amount": 10, "budget": 10, "is_for_new_customers": true});
    w.our_code(terms).await;
    let booking = w.book("card", "immediate").await;
    let paid = w.pay_with(&booking, "visa", "SPRING").await.expect(201);
    let half = json!({"payment_id": paid["id"], "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", half).await.expect(201);
    let other = w.book_at("2026-03-05", "10:00", "card", "immediate").await;
    w.pay_with(&other, "visa", "SPRING").await.refused(422, "promo_used");
    w.cancel(&w.ann, &booking).await;
    w.pay_with(&other, "visa", "SPRING").await.expect(201);
    let used =
        sqlx::query_scalar!("select used_minor from promo_codes").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(used, 1000);
    w.books().await;
}

#[tokio::test]
async fn an_offer_for_new_customers_is_for_one_booking_however_it_is_paid() {
    let w = World::instant().await;
    for code in ["NEWA", "NEWB", "NEWC"] {
        let terms = json!({"code": code, "currency": "EUR", "amount": 10, "is_for_new_customers": true});
        w.bob.post("/providers/promotions/", terms).await.expect(201);
    }
    let mut tries = Vec::new();
    for (date, code) in [("2026-03-04", "NEWA"), ("2026-03-05", "NEWB"), ("2026-03-06", "NEWC")] {
        tries.push((w.book_at(date, "10:00", "card", "later").await, code));
    }
    let answers = join_all(tries.iter().map(|(booking, code)| {
        let body = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa", "promo_code": code});
        w.ann.post("/payments/process/", body)
    }))
    .await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(taken.len(), 1);
    for answer in refused {
        answer.refused(422, "promo_for_new_customers");
    }
}

#[rstest]
#[case("visa", 0)]
#[case("visa", 4)]
#[case("disputed_lost", 0)]
#[tokio::test]
async fn whoever_was_thanked_for_a_friend_gives_it_back_when_the_money_went_back(
    #[case] card: &str,
    #[case] spent: i64,
) {
    let w = World::tuned(true, &["--referral-reward", "1000"]).await;
    let code = w.ann.get(&format!("/users/{}/referral/", w.ann.id())).await.expect(200).str("code");
    let carl = w.t.user("Carl New").await;
    let booking = w.book_as(&carl, "2026-03-04", "immediate").await;
    let payment = pay_with(&carl, &booking, card, &code).await.expect(201).str("id");
    w.at("2026-03-04T13:00:00Z");
    for status in ["ongoing", "completed"] {
        w.bob.put(&format!("/bookings/{booking}/status/"), json!({"status": status})).await.expect(200);
    }
    w.t.run_jobs().await;
    let balance = async || {
        let credits = w.ann.get(&format!("/users/{}/credits/", w.ann.id())).await.expect(200);
        credits["balance"].to_string()
    };
    assert_eq!(balance().await, "10.0");
    if spent > 0 {
        let own = w.book_at("2026-03-10", "10:00", "card", "immediate").await;
        w.pay_mixed(&own, "visa", spent).await.expect(201);
    }
    if card == "visa" {
        w.refund(&payment).await;
    } else {
        for _ in 0..3 {
            w.later(10).await;
            w.tell().await;
        }
    }
    assert_eq!(balance().await, "0.0");
    let books = w.books().await;
    // What was spent is what it cost us.
    assert_eq!(books.contains(&format!("promotions {}", 100 * spent)), spent > 0, "{books}");
    if card == "visa" {
        // The friend may be invited again.
        let next = w.book_as(&carl, "2026-03-12", "immediate").await;
        pay_with(&carl, &next, "visa", &code).await.expect(201);
    }
}

#[tokio::test]
async fn all_tips_for_a_job_together_have_a_limit() {
    let w = World::instant().await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    let first = w.tip(&booking, "visa", 50).await.expect(201).str("id");
    w.tip(&booking, "declined", 50).await.refused(402, "card_declined");
    w.tip(&booking, "visa", 40).await.expect(201);
    w.tip(&booking, "visa", "10.01").await.refused(422, "tip_out_of_range");
    let answers = join_all((0..6).map(|_| w.tip(&booking, "visa", 10))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    w.tip(&booking, "visa", "0.01").await.refused(422, "tip_out_of_range");
    // What went back can be given again.
    w.refund(&first).await;
    w.tip(&booking, "visa", 50).await.expect(201);
    w.gateway_agrees().await;
}
