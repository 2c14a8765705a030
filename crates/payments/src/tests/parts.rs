//! Paying later, and in parts.

use jiff::civil::{Date, date};
use platform::{
    ids::PaymentId,
    money::{Currency, Money},
};
use serde_json::json;

use super::World;
use crate::installment::{Interval, parts};

#[test]
fn a_months_end_is_kept() {
    let due = |first: Date| (0..4).map(|n| Interval::Monthly.due(first, n)).collect::<Vec<_>>();
    assert_eq!(
        due(date(2026, 1, 31)),
        [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    );
    assert_eq!(Interval::Weekly.due(date(2026, 12, 28), 1), date(2027, 1, 4));
    assert_eq!(Interval::Biweekly.due(date(2028, 2, 20), 1), date(2028, 3, 5));
}

#[test]
fn the_first_parts_take_the_odd_cents() {
    let now = jiff::Timestamp::UNIX_EPOCH.into();
    let due = [date(2026, 1, 1); 3];
    let all = parts(PaymentId::at(now), Money::new(4990, Currency::EUR), &due, now);
    let amounts: Vec<_> = all.iter().map(|part| (part.number, part.amount_minor)).collect();
    assert_eq!(amounts, [(1, 1664), (2, 1663), (3, 1663)]);
}

#[tokio::test]
async fn no_part_is_nothing() {
    let w = World::instant().await;
    sqlx::query!("update services set price_minor = 11").execute(&w.t.app.db).await.unwrap();
    let booking = w.book("card", "installment").await;
    let body = |count: i32| json!({"booking_id": booking, "count": count, "interval": "monthly", "payment_method_id": "pm_sandbox_visa"});
    let refused = w.ann.post("/payments/installments/", body(12)).await;
    assert!(refused.refused_field("count").contains("11"));
    let process = json!({"booking_id": booking, "payment_type": "installment", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa", "installment_count": 12});
    w.ann.post("/payments/process/", process).await.refused(422, "validation_failed");
    w.ann.post("/payments/installments/", body(11)).await.expect(201);
}

#[tokio::test]
async fn what_costs_nothing_is_never_charged() {
    let w = World::instant().await;
    sqlx::query!("update services set price_minor = 0").execute(&w.t.app.db).await.unwrap();
    let booking = w.book("card", "installment").await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    w.pay(&booking, "visa").await.refused(409, "not_payable");
    for kind in ["later", "installment"] {
        let body = json!({"booking_id": booking, "payment_type": kind, "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa"});
        w.ann.post("/payments/process/", body).await.refused(409, "not_payable");
    }
    w.complete(&booking).await;
    assert_eq!(w.state(&booking).await, "completed paid");
    assert_eq!(w.books().await, "");
    let other = w.book_at("2026-03-10", "10:00", "paypal", "immediate").await;
    w.cancel(&w.ann, &other).await;
    assert_eq!(w.books().await, "");
    let dead = sqlx::query_scalar!(r#"select count(*) as "dead!" from jobs where attempts > 0"#);
    assert_eq!(dead.fetch_one(&w.t.app.db).await.unwrap(), 0);
}

impl World {
    /// Ann pays in three monthly parts; the ids of the booking and the payment.
    pub(super) async fn in_parts(&self, method: &str) -> (String, String) {
        let booking = self.book("card", "installment").await;
        let body = json!({"booking_id": booking, "count": 3, "interval": "monthly",
            "payment_method_id": format!("pm_sandbox_{method}")});
        let answer = self.ann.post("/payments/installments/", body).await.expect(201);
        (booking, answer.str("id"))
    }

    pub(super) async fn parts(&self, payment: &str) -> Vec<String> {
        let payment = self.ann.get(&format!("/payments/{payment}/")).await.expect(200);
        let parts = payment["installments"].as_array().unwrap();
        parts
            .iter()
            .map(|part| {
                format!("{} {}", part["due_date"].as_str().unwrap(), part["status"].as_str().unwrap())
            })
            .collect()
    }

    /// A day at a time, since what is due is charged by timers.
    pub(super) async fn days(&self, days: i64) {
        for _ in 0..days {
            self.later(24 * 3600).await;
            self.later(30).await;
        }
    }
}

#[tokio::test]
async fn parts_are_charged_when_they_are_due() {
    let w = World::instant().await;
    let (booking, payment) = w.in_parts("visa").await;
    let answer = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
    shape!(answer);
    assert_eq!(w.state(&booking).await, "confirmed partially_paid");
    assert_eq!(w.books().await, "clearing 1664, escrow 1664");
    w.complete(&booking).await;
    assert_eq!(w.books().await, "clearing 1664, commission 249, provider_pending 1415");
    w.days(70).await;
    assert_eq!(w.parts(&payment).await, ["2026-03-02 paid", "2026-04-02 paid", "2026-05-02 paid"]);
    // As if it had been paid at once; and the time for complaints is over.
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_available 4242");
    assert_eq!(
        (w.state(&booking).await.as_str(), w.status(&payment).await.as_str()),
        ("completed paid", "completed")
    );
}

#[tokio::test]
async fn a_part_is_tried_again_and_then_overdue_and_then_paid() {
    let w = World::instant().await;
    let (booking, payment) = w.in_parts("visa").await;
    sqlx::query!("update payments set method = 'pm_sandbox_declined'").execute(&w.t.app.db).await.unwrap();
    w.days(32).await;
    assert_eq!(w.parts(&payment).await[1], "2026-04-02 failed");
    assert_eq!(w.booking(&booking).await["payment_status"], "failed");
    w.days(8).await;
    assert_eq!(w.parts(&payment).await[1], "2026-04-02 overdue");
    let tries = sqlx::query_scalar!(
        "select count(*) from payment_operations where task = 'charge' and state = 'declined'"
    );
    assert_eq!(tries.fetch_one(&w.t.app.db).await.unwrap(), Some(4));
    let part = w.ann.get(&format!("/payments/{payment}/")).await["installments"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/payments/installments/{part}/pay/");
    w.bob.post(&path, json!({})).await.refused(404, "not_found");
    w.ann.post(&path, json!({})).await.refused(402, "card_declined");
    w.ann.post(&path, json!({"payment_method_id": "pm_sandbox_visa"})).await.expect(201);
    assert_eq!(w.parts(&payment).await[1], "2026-04-02 paid");
    w.ann.post(&path, json!({})).await.refused(409, "installment_not_payable");
}

#[tokio::test]
async fn a_cancelled_booking_drops_the_open_parts() {
    let w = World::instant().await;
    let (booking, payment) = w.in_parts("visa").await;
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.parts(&payment).await[0], "2026-03-02 paid");
    assert_eq!(w.parts(&payment).await[2], "2026-05-02 cancelled");
    assert_eq!((w.books().await.as_str(), w.status(&payment).await.as_str()), ("", "refunded"));
    w.days(62).await;
    assert_eq!(w.gateway_book().await, "charge 1664, refund 1664");
}

#[tokio::test]
async fn a_first_part_that_is_declined_is_no_payment() {
    let w = World::instant().await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 2, "interval": "weekly", "payment_method_id": "pm_sandbox_declined"});
    w.ann.post("/payments/installments/", body).await.refused(402, "card_declined");
    assert_eq!(w.state(&booking).await, "awaiting_payment failed");
    w.days(8).await;
    assert_eq!(w.gateway_book().await, "");
}

#[tokio::test]
async fn later_is_charged_on_its_day() {
    let w = World::instant().await;
    let booking = w.book("card", "later").await;
    let body = |due: &str| {
        json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa", "due_date": due})
    };
    for due in ["2026-03-01", "2026-03-19"] {
        w.ann.post("/payments/process/", body(due)).await.refused(422, "due_date_out_of_range");
    }
    let answer = w.ann.post("/payments/process/", body("2026-03-18")).await.expect(201);
    assert_eq!((&answer["status"], &answer["due_date"]), (&json!("pending"), &json!("2026-03-18")));
    assert_eq!(w.state(&booking).await, "confirmed scheduled");
    let method =
        w.ann.get("/payments/methods/").await.expect(200)["saved"][0]["id"].as_str().unwrap().to_owned();
    w.ann.delete(&format!("/payments/methods/{method}/")).await.refused(409, "method_in_use");
    w.complete(&booking).await;
    assert_eq!(w.books().await, "");
    w.days(14).await;
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
    assert_eq!(w.state(&booking).await, "completed paid");
}

#[tokio::test]
async fn a_card_that_declines_what_cancelling_costs_is_tried_again_by_its_timer_only() {
    let w = World::instant().await;
    let booking = w.book("card", "later").await;
    let body = json!({"booking_id": booking, "payment_type": "later", "payment_method": "card",
        "payment_method_id": "pm_sandbox_declined", "due_date": "2026-03-10"});
    w.ann.post("/payments/process/", body).await.expect(201);
    w.at("2026-03-03T20:00:00Z");
    w.cancel(&w.ann, &booking).await;
    let tries = || async {
        let tries = sqlx::query_scalar!(
            "select count(*) from payment_operations where task = 'charge' and state = 'declined'"
        );
        tries.fetch_one(&w.t.app.db).await.unwrap()
    };
    assert_eq!(tries().await, Some(1));
    w.days(10).await;
    assert_eq!((tries().await, w.books().await.as_str()), (Some(4), ""));
}

#[tokio::test]
async fn bad_plans_are_refused() {
    let w = World::instant().await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 2, "interval": "weekly", "payment_method_id": "pm_sandbox_visa"});
    for (name, value) in
        [("count", json!(1)), ("count", json!(13)), ("interval", json!("daily")), ("booking_id", json!(1))]
    {
        let mut body = body.clone();
        body[name] = value;
        w.ann.post("/payments/installments/", body).await.refused(422, "validation_failed");
    }
    let mut nothing = body.clone();
    nothing["payment_method_id"] = json!(null);
    w.ann.post("/payments/installments/", nothing).await.refused(422, "method_not_found");
    w.bob.post("/payments/installments/", body.clone()).await.refused(404, "not_found");
    w.t.anonymous().post("/payments/installments/", body).await.refused(401, "unauthenticated");
    w.ann.post("/payments/installments/x/pay/", json!({})).await.refused(404, "not_found");
}
