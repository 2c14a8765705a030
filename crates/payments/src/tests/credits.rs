//! Credits: bought, spent, given back, expired; never below nothing.

use serde_json::{Value, json};

use super::World;
use crate::credits::CreditKind;

pub(super) const SMALL: &str = "019cad9a-7000-7000-8000-00000000c001";
const MEDIUM: &str = "019cad9a-7000-7000-8000-00000000c002";

impl World {
    pub(super) async fn buy(&self, package: &str, method: &str) -> super::Answer {
        let body = json!({"package_id": package, "payment_method": "card", "payment_method_id": format!("pm_sandbox_{method}")});
        self.ann.post(&format!("/users/{}/credits/purchase/", self.ann.id()), body).await
    }

    async fn credits(&self) -> Value {
        self.ann.get(&format!("/users/{}/credits/", self.ann.id())).await.expect(200).body
    }

    async fn pay_by_credits(&self, booking: &str) -> super::Answer {
        let body = json!({"booking_id": booking, "payment_type": "credits", "payment_method": "credits"});
        self.ann.post("/payments/process/", body).await
    }
}

#[tokio::test]
async fn credits_are_bought_spent_and_given_back() {
    let w = World::instant().await;
    assert_eq!(w.ann.get("/credits/packages/?lang=de").await.expect(200)["results"][0]["name"], "Klein");
    let payment = w.buy(MEDIUM, "visa").await.expect(201);
    assert_eq!(
        (&payment["status"], &payment["booking"], &payment["amount"]),
        (&json!("completed"), &Value::Null, &json!(100.0))
    );
    assert_eq!(w.books().await, "clearing 10000, credits 10500, promotions 500");
    // The service costs 40 credits.
    let booking = w.book("credits", "credits").await;
    let paid = w.pay_by_credits(&booking).await.expect(201);
    assert_eq!((w.state(&booking).await.as_str(), &paid["amount"]), ("confirmed paid", &json!(40.0)));
    assert_eq!(w.books().await, "clearing 10000, credits 6500, escrow 4000, promotions 500");
    w.pay_by_credits(&booking).await.refused(409, "already_paid");
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.books().await, "clearing 10000, credits 10500, promotions 500");
    assert_eq!(w.status(&paid.str("id")).await, "refunded");
    let credits = w.credits().await;
    let lines: Vec<_> = credits["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            format!(
                "{} {} {}",
                line["transaction_type"].as_str().unwrap(),
                line["amount"],
                line["balance_after"]
            )
        })
        .collect();
    assert_eq!(lines, ["refund 40.0 105.0", "used -40.0 65.0", "bonus 5.0 105.0", "purchase 100.0 100.0"]);
    assert_eq!(credits["balance"], json!(105.0));
}

#[tokio::test]
async fn done_work_that_was_paid_by_credits_is_earned_like_any_other() {
    let w = World::instant().await;
    w.buy(MEDIUM, "visa").await.expect(201);
    let booking = w.book("credits", "credits").await;
    let payment = w.pay_by_credits(&booking).await.expect(201).str("id");
    w.complete(&booking).await;
    assert_eq!(
        w.books().await,
        "clearing 10000, commission 600, credits 6500, promotions 500, provider_pending 3400"
    );
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    assert_eq!(
        w.books().await,
        "clearing 10000, commission 450, credits 7500, promotions 500, provider_pending 2550"
    );
}

#[tokio::test]
async fn a_purchase_that_is_declined_gives_nothing() {
    let w = World::instant().await;
    w.buy(SMALL, "declined").await.refused(402, "card_declined");
    let waits = w.buy(SMALL, "3ds").await.expect(201);
    assert_eq!(waits["status"], "requires_action");
    assert_eq!(w.credits().await["balance"], json!(0.0));
    assert!(w.sandbox.decide(&waits.str("transaction_id"), true).await.unwrap());
    w.later(10).await;
    assert_eq!(w.credits().await["balance"], json!(25.0));
    let booking = w.book("credits", "credits").await;
    w.pay_by_credits(&booking).await.refused(402, "insufficient_credits");
    assert_eq!(w.state(&booking).await, "awaiting_payment unpaid");
}

#[tokio::test]
async fn many_spends_at_once_never_go_below_nothing() {
    let w = World::instant().await;
    for _ in 0..4 {
        w.buy(MEDIUM, "visa").await.expect(201);
    }
    // 420 credits are enough for ten of these.
    let mut bookings = Vec::new();
    for day in 5..13 {
        for time in ["08:00", "11:00", "14:00", "17:00"] {
            bookings.push(w.book_at(&format!("2026-03-{day:02}"), time, "credits", "credits").await);
        }
    }
    let answers =
        futures_util::future::join_all(bookings.iter().map(|booking| w.pay_by_credits(booking))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer["code"] == "insufficient_credits"));
    assert_eq!(w.credits().await["balance"], json!(20.0));
    w.books().await;
}

#[tokio::test]
async fn the_earliest_expiry_is_spent_first_and_what_expires_is_gone() {
    let w = World::instant().await;
    w.buy(SMALL, "visa").await.expect(201);
    let mut tx = w.t.app.db.begin().await.unwrap();
    crate::credits::give(&mut tx, w.ann.id(), CreditKind::Bonus, 2000, "Sorry", w.t.now()).await.unwrap();
    tx.commit().await.unwrap();
    // What was granted expires first: all of it, and 20 of what was bought.
    let booking = w.book("credits", "credits").await;
    w.pay_by_credits(&booking).await.expect(201);
    let left = sqlx::query_scalar!(
        r#"select b.balance as "left!" from ledger_balances b join credit_lots l on l.id::text = b.part
            where b.purpose = 'credits' order by l.is_granted"#
    );
    assert_eq!(left.fetch_all(&w.t.app.db).await.unwrap(), [500, 0]);
    w.complete(&booking).await;
    w.later(1100 * 24 * 3600).await;
    let credits = w.credits().await;
    assert_eq!(
        (&credits["balance"], &credits["transactions"][0]["transaction_type"]),
        (&json!(0.0), &json!("expired"))
    );
    assert!(w.books().await.contains("expired_credits 500"));
}

#[tokio::test]
async fn credits_are_ones_own() {
    let w = World::instant().await;
    let path = format!("/users/{}/credits/", w.ann.id());
    w.bob.get(&path).await.refused(404, "not_found");
    w.t.anonymous().get(&path).await.refused(401, "unauthenticated");
    let staff = w.t.staff("Sue", platform::auth::StaffRole::Support).await;
    staff.get(&path).await.expect(200);
    let body = json!({"package_id": SMALL, "payment_method": "card"});
    w.bob.post(&format!("{path}purchase/"), body.clone()).await.refused(404, "not_found");
    w.t.anonymous().post(&format!("{path}purchase/"), body).await.refused(401, "unauthenticated");
    for (name, value, status, code) in [
        ("package_id", json!("x"), 422, "validation_failed"),
        ("package_id", json!(w.ann.id()), 404, "not_found"),
        ("payment_method", json!("cash"), 422, "payment_method_unavailable"),
    ] {
        let mut body = json!({"package_id": SMALL, "payment_method": "card"});
        body[name] = value;
        w.ann.post(&format!("{path}purchase/"), body).await.refused(status, code);
    }
}
