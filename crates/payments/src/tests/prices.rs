//! What a price is made of: promotions of ours and of providers, friends, and our fee.

use platform::{auth::StaffRole, testing::Client};
use serde_json::{Value, json};

use super::{Answer, World};

impl World {
    /// Ann pays by card with a code.
    pub(super) async fn pay_with(&self, booking: &str, card: &str, code: &str) -> Answer {
        pay_with(&self.ann, booking, card, code).await
    }

    /// A code that we pay for.
    pub(super) async fn our_code(&self, terms: Value) {
        let finance = self.t.staff("Fin Ance", StaffRole::Finance).await;
        finance.post("/admin/promotions/", terms).await.expect(201);
    }

    /// What a booking of Ann's costs with a code: service, discount, fee, total.
    async fn quote(&self, booking: &str, code: &str) -> String {
        let path = format!("/payments/quote/?booking_id={booking}&promo_code={code}");
        let quote = self.ann.get(&path).await.expect(200);
        format!("{} {} {} {}", quote["service"], quote["discount"], quote["service_fee"], quote["total"])
    }
}

pub(super) async fn pay_with(who: &Client, booking: &str, card: &str, code: &str) -> Answer {
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": format!("pm_sandbox_{card}"), "promo_code": code});
    who.post("/payments/process/", body).await
}

#[tokio::test]
async fn a_promotion_of_ours_costs_the_provider_nothing() {
    let w = World::instant().await;
    w.our_code(json!({"code": "SPRING", "currency": "EUR", "amount": 10})).await;
    let booking = w.book("card", "immediate").await;
    assert_eq!(w.quote(&booking, "spring").await, "49.9 10.0 0.0 39.9");
    let paid = w.pay_with(&booking, "visa", "spring").await.expect(201);
    assert_eq!((&paid["amount"], &paid["discount"]), (&json!(39.9), &json!(10.0)));
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.books().await, "clearing 3990, escrow 3990");
    w.complete(&booking).await;
    assert_eq!(w.books().await, "clearing 3990, commission 748, promotions 1000, provider_pending 4242");
    let receipt = w.ann.get(&format!("/payments/{}/receipt/", paid.str("id"))).await.expect(200);
    let lines = json!([{"kind": "service", "amount": 49.9}, {"kind": "discount", "amount": -10.0}]);
    assert_eq!((&receipt["lines"], &receipt["amount"]), (&lines, &json!(39.9)));
    // Half of it goes back: from everybody in proportion.
    let body = json!({"payment_id": paid["id"], "amount": 19.95, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "clearing 1995, commission 374, promotions 500, provider_pending 2121");
}

#[tokio::test]
async fn a_promotion_of_the_provider_lowers_what_they_earn() {
    let w = World::instant().await;
    let terms = json!({"code": "BOBS20", "currency": "EUR", "percent_bps": 2000, "at_most": 9.9});
    w.bob.post("/providers/promotions/", terms.clone()).await.expect(201);
    w.bob.post("/providers/promotions/", terms).await.refused(409, "promo_code_taken");
    let booking = w.book("card", "immediate").await;
    w.pay_with(&booking, "visa", "BOBS20").await.expect(201);
    w.complete(&booking).await;
    assert_eq!(w.books().await, "clearing 4000, commission 600, provider_pending 3400");
    let mine = w.bob.get("/providers/promotions/").await.expect(200);
    assert_eq!(mine["results"][0]["used"], json!(9.9));
    // Ended, it is not good for the next.
    let id = mine["results"][0]["id"].as_str().unwrap().to_owned();
    w.t.provider("Eve Other").await.delete(&format!("/providers/promotions/{id}/")).await.expect(404);
    w.bob.delete(&format!("/providers/promotions/{id}/")).await.expect(204);
    let carl = w.t.user("Carl New").await;
    let body = json!({"service_id": w.service, "scheduled_date": "2026-03-06", "scheduled_time": "10:00",
        "payment_method": "card", "payment_type": "immediate"});
    let next = carl.post("/bookings/", body).await.expect(201).str("id");
    pay_with(&carl, &next, "visa", "BOBS20").await.refused(422, "promo_not_found");
}

#[tokio::test]
async fn a_code_is_used_once_and_free_again_when_nothing_came_of_it() {
    let w = World::instant().await;
    w.our_code(json!({"code": "SPRING", "currency": "EUR", "amount": 10, "from_price": 20})).await;
    let booking = w.book("card", "immediate").await;
    w.pay_with(&booking, "visa", "WINTER").await.refused(422, "promo_not_found");
    w.pay_with(&booking, "declined", "SPRING").await.expect(402);
    w.pay_with(&booking, "3ds", "SPRING").await.expect(201);
    // A new try gives up the one that waits for its payer, and with it its code.
    w.pay_with(&booking, "visa", "SPRING").await.expect(201);
    let other = w.book_at("2026-03-05", "10:00", "card", "immediate").await;
    w.pay_with(&other, "visa", "SPRING").await.refused(422, "promo_used");
    let used =
        sqlx::query_scalar!("select used_minor from promo_codes").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(used, 1000);
    let credits = json!({"booking_id": other, "payment_type": "credits", "payment_method": "credits",
        "promo_code": "SPRING"});
    w.ann.post("/payments/process/", credits).await.refused(422, "payment_method_unavailable");
}

#[tokio::test]
async fn a_code_may_be_for_dear_things_or_for_new_customers_only() {
    let w = World::instant().await;
    w.our_code(json!({"code": "DEAR", "currency": "EUR", "amount": 10, "from_price": 50})).await;
    w.bob
        .post(
            "/providers/promotions/",
            json!({"code": "NEWBIE", "currency": "EUR", "amount": 10, "is_for_new_customers": true}),
        )
        .await
        .expect(201);
    let francs = json!({"code": "FRANCS", "currency": "CHF", "amount": 10});
    w.bob.post("/providers/promotions/", francs).await.expect(201);
    let booking = w.book("card", "immediate").await;
    w.pay_with(&booking, "visa", "DEAR").await.refused(422, "promo_price_too_low");
    w.pay_with(&booking, "visa", "FRANCS").await.refused(422, "promo_not_found");
    w.pay_with(&booking, "visa", "NEWBIE").await.expect(201);
    let carl = w.t.user("Carl New").await;
    let body = json!({"service_id": w.service, "scheduled_date": "2026-03-06", "scheduled_time": "10:00",
        "payment_method": "card", "payment_type": "immediate"});
    let first = carl.post("/bookings/", body.clone()).await.expect(201).str("id");
    carl.get(&format!("/payments/quote/?booking_id={booking}")).await.expect(404);
    pay_with(&carl, &first, "visa", "nosuch").await.refused(422, "promo_not_found");
    w.pay(&first, "visa").await.expect(404);
    let body = json!({"booking_id": first, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa"});
    carl.post("/payments/process/", body).await.expect(201);
    let next = json!({"service_id": w.service, "scheduled_date": "2026-03-07", "scheduled_time": "10:00",
        "payment_method": "card", "payment_type": "immediate"});
    let next = carl.post("/bookings/", next).await.expect(201).str("id");
    pay_with(&carl, &next, "visa", "NEWBIE").await.refused(422, "promo_for_new_customers");
}

#[tokio::test]
async fn a_budget_is_never_exceeded_however_many_come_at_once() {
    let w = World::instant().await;
    w.our_code(json!({"code": "SPRING", "currency": "EUR", "amount": 10, "budget": 30})).await;
    let mut people = Vec::new();
    for number in 0..8 {
        let person = w.t.user(&format!("Person {number}")).await;
        let body = json!({"service_id": w.service, "scheduled_date": format!("2026-03-{:02}", 5 + number),
            "scheduled_time": "10:00", "payment_method": "card", "payment_type": "immediate"});
        let booking = person.post("/bookings/", body).await.expect(201).str("id");
        people.push((person, booking));
    }
    let tries = people.iter().map(|(person, booking)| pay_with(person, booking, "visa", "SPRING"));
    let answers = futures_util::future::join_all(tries).await;
    let paid = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(paid, 3);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(422, "promo_exhausted");
    }
    assert_eq!(w.books().await, "clearing 11970, escrow 11970");
}

#[tokio::test]
async fn codes_are_for_finance_and_well_formed() {
    let w = World::instant().await;
    let terms = json!({"code": "SPRING", "currency": "EUR", "amount": 10});
    w.t.staff("Sue Port", StaffRole::Support)
        .await
        .post("/admin/promotions/", terms.clone())
        .await
        .expect(403);
    w.bob.post("/admin/promotions/", terms.clone()).await.expect(403);
    w.ann.post("/providers/promotions/", terms).await.refused(403, "provider_required");
    for wrong in [
        json!({"code": "spring", "currency": "EUR", "amount": 10}),
        json!({"code": "SPRING", "currency": "EUR"}),
        json!({"code": "SPRING", "currency": "EUR", "amount": 10, "percent_bps": 1000}),
        json!({"code": "SPRING", "currency": "EUR", "amount": -10}),
        json!({"code": "SPRING", "currency": "EUR", "amount": 10.001}),
        json!({"code": "SPRING", "currency": "EUR", "percent_bps": 10001}),
        json!({"code": "SPRING", "currency": "EUR", "amount": 10, "ends_at": "2020-01-01T00:00:00Z"}),
    ] {
        w.bob.post("/providers/promotions/", wrong).await.expect(422);
    }
}

#[tokio::test]
async fn our_fee_is_a_line_of_its_own_and_goes_back_with_the_rest() {
    let w = World::tuned(true, &["--service-fee-bps", "500"]).await;
    let (booking, payment) = w.paid("visa").await;
    let seen = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
    assert_eq!((&seen["amount"], &seen["service_fee"]), (&json!(52.39), &json!(2.49)));
    let receipt = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    let lines = json!([{"kind": "service", "amount": 49.9}, {"kind": "service_fee", "amount": 2.49}]);
    assert_eq!(receipt["lines"], lines);
    w.complete(&booking).await;
    assert_eq!(w.books().await, "clearing 5239, commission 748, provider_pending 4242, service_fees 249");
    let body = json!({"payment_id": payment, "reason": "Nothing was done."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "");
}

#[tokio::test]
async fn a_fee_that_does_not_go_back_stays_when_the_customer_cancels() {
    let w = World::tuned(true, &["--service-fee-bps", "500", "--service-fee-refundable", "false"]).await;
    let (booking, _) = w.paid("visa").await;
    let preview = w.ann.get(&format!("/bookings/{booking}/cancellation/")).await.expect(200);
    assert_eq!(preview["refund_amount"], json!(49.9));
    w.cancel(&w.ann, &booking).await;
    assert_eq!(w.books().await, "clearing 249, service_fees 249");
    assert_eq!(w.gateway_book().await, "charge 5239, refund 4990");
    // When the provider cancels, all of it goes back.
    let (booking, payment) = w.paid_at("2026-03-05").await;
    let body = json!({"payment_id": payment, "amount": 52, "reason": "More than is mine"});
    w.bob.post("/payments/refund/", body).await.refused(409, "refund_too_large");
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.books().await, "clearing 249, service_fees 249");
}

#[tokio::test]
async fn friends_save_on_their_first_booking_and_who_invited_them_is_thanked() {
    let w = World::tuned(true, &["--referral-reward", "1000"]).await;
    let path = format!("/users/{}/referral/", w.ann.id());
    let code = w.ann.get(&path).await.expect(200).str("code");
    assert_eq!(w.ann.get(&path).await.expect(200).str("code"), code);
    w.bob.get(&path).await.expect(404);
    let own = w.book("card", "immediate").await;
    w.pay_with(&own, "visa", &code).await.refused(422, "promo_not_found");
    let carl = w.t.user("Carl New").await;
    let body = json!({"service_id": w.service, "scheduled_date": "2026-03-04", "scheduled_time": "14:00",
        "payment_method": "card", "payment_type": "immediate"});
    let booking = carl.post("/bookings/", body).await.expect(201).str("id");
    pay_with(&carl, &booking, "visa", &code).await.expect(201);
    w.at("2026-03-04T13:00:00Z");
    for status in ["ongoing", "completed"] {
        w.bob.put(&format!("/bookings/{booking}/status/"), json!({"status": status})).await.expect(200);
    }
    w.t.run_jobs().await;
    assert_eq!(w.ann.get(&path).await.expect(200)["friends"], json!(1));
    let credits = w.ann.get(&format!("/users/{}/credits/", w.ann.id())).await.expect(200);
    assert_eq!(
        (&credits["balance"], &credits["transactions"][0]["transaction_type"]),
        (&json!(10.0), &json!("earned"))
    );
    let books = "clearing 3990, commission 748, credits 1000, promotions 2000, provider_pending 4242";
    assert_eq!(w.books().await, books);
    // Only the first booking.
    let body = json!({"service_id": w.service, "scheduled_date": "2026-03-06", "scheduled_time": "14:00",
        "payment_method": "card", "payment_type": "immediate"});
    let next = carl.post("/bookings/", body).await.expect(201).str("id");
    pay_with(&carl, &next, "visa", &code).await.refused(422, "promo_used");
}

#[tokio::test]
async fn a_promotion_and_a_fee_are_paid_in_parts_too() {
    let w = World::tuned(true, &["--service-fee-bps", "500"]).await;
    w.our_code(json!({"code": "SPRING", "currency": "EUR", "amount": 9.9})).await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 3, "interval": "weekly", "payment_method_id": "pm_sandbox_visa",
        "promo_code": "SPRING"});
    let paid = w.ann.post("/payments/installments/", body).await.expect(201);
    assert_eq!(paid["amount"], json!(42.0));
    w.complete(&booking).await;
    for _ in 0..3 {
        w.later(7 * 24 * 3600).await;
    }
    assert_eq!(
        w.books().await,
        "clearing 4200, commission 748, promotions 990, provider_available 4242, service_fees 200"
    );
}
