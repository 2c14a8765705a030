//! Tips: after the job, all of it the provider's.

use serde_json::{Value, json};

use super::{Answer, World};

impl World {
    pub(super) async fn tip(&self, booking: &str, card: &str, amount: impl Into<Value>) -> Answer {
        let amount = amount.into();
        let body = json!({"booking_id": booking, "amount": amount, "payment_method": "card",
            "payment_method_id": format!("pm_sandbox_{card}")});
        self.ann.post("/payments/tips/", body).await
    }
}

#[tokio::test]
async fn all_of_a_tip_is_the_providers_at_once() {
    let w = World::instant().await;
    let (booking, _) = w.paid("visa").await;
    w.tip(&booking, "visa", 5).await.refused(409, "tip_not_possible");
    w.complete(&booking).await;
    let tip = w.tip(&booking, "visa", 5).await.expect(201);
    assert_eq!((&tip["is_tip"], tip.str("status").as_str()), (&json!(true), "completed"));
    assert_eq!(
        w.books().await,
        "clearing 5490, commission 748, provider_available 500, provider_pending 4242"
    );
    // The booking says nothing of it.
    assert_eq!(w.state(&booking).await, "completed paid");
    let earned = w.bob.get("/providers/earnings/").await.expect(200);
    let period = &earned["by_period"][0];
    assert_eq!(
        (&period["gross"], &period["tips"], &period["refunds"], &period["jobs"]),
        (&json!(54.9), &json!(5.0), &json!(0.0), &json!(1))
    );
    assert_eq!(earned["transactions"][0]["type"], json!("tip"));
    let receipt = w.ann.get(&format!("/payments/{}/receipt/", tip.str("id"))).await.expect(200);
    assert_eq!(receipt["lines"], json!([{"kind": "tip", "amount": 5.0}]));
    shape!(w.ann.get(&format!("/payments/{}/", tip.str("id"))).await.expect(200));
}

#[tokio::test]
async fn a_tip_goes_back_from_what_the_provider_has() {
    let w = World::instant().await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    let tip = w.tip(&booking, "visa", 5).await.expect(201).str("id");
    let refund =
        |amount: f64| json!({"payment_id": tip, "amount": amount, "reason": "A slip of the finger."});
    w.bob.post("/payments/refund/", refund(2.0)).await.expect(201);
    w.bob.post("/payments/refund/", refund(4.0)).await.refused(409, "refund_too_large");
    w.t.run_jobs().await;
    assert_eq!(
        w.books().await,
        "clearing 5290, commission 748, provider_available 300, provider_pending 4242"
    );
    let earned = w.bob.get("/providers/earnings/").await.expect(200);
    assert_eq!(
        (&earned["by_period"][0]["tips"], &earned["by_period"][0]["refunds"]),
        (&json!(5.0), &json!(2.0))
    );
    // The bank takes one back after it was withdrawn: it is owed.
    let disputed = w.tip(&booking, "disputed_lost", 3).await.expect(201).str("id");
    w.later(49 * 3600).await;
    w.tell().await;
    w.later(10).await;
    w.tell().await;
    assert_eq!(w.status(&disputed).await, "completed");
    assert_eq!(w.books().await, "clearing 5290, commission 748, provider_available 4542");
}

#[tokio::test]
async fn everything_that_happened_to_somebodys_money_is_in_one_list() {
    let w = World::instant().await;
    w.buy(super::credits::SMALL, "visa").await.expect(201);
    let (booking, payment) = w.paid("visa").await;
    w.complete(&booking).await;
    w.later(60).await;
    w.tip(&booking, "visa", 5).await.expect(201);
    w.later(60).await;
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.later(50 * 3600).await;
    w.bob_withdraws().await;
    let seen = |list: &Answer| -> Vec<String> {
        let lines = list["results"].as_array().unwrap().iter();
        lines.map(|line| format!("{} {}", line["kind"].as_str().unwrap(), line["amount"])).collect()
    };
    let list = w.ann.get("/payments/activity/").await.expect(200);
    let mine = ["refund 10.0", "tip -5.0", "charge -25.0", "charge -49.9", "credits 25.0"];
    let mut found = seen(&list);
    found[2..].sort();
    assert_eq!(found, mine);
    assert_eq!(seen(&w.bob.get("/payments/activity/").await.expect(200)), ["payout 38.91"]);
    let tips = w.ann.get("/payments/activity/?kind=tip&from=2026-03-04&to=2026-03-04").await.expect(200);
    assert_eq!(seen(&tips), ["tip -5.0"]);
    assert!(seen(&w.ann.get("/payments/activity/?from=2027-01-01").await.expect(200)).is_empty());
    let file = w.ann.with("accept", "text/csv").get("/payments/activity/").await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.text().lines().count(), 6);
    assert!(file.bytes.starts_with(b"\xef\xbb\xbfat,kind,"));
    assert!(file.text().contains("refund,succeeded,\"Window cleaning\",10.00,EUR,"), "{}", file.text());
}

#[tokio::test]
async fn what_a_tip_cannot_be() {
    let w = World::instant().await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    for amount in [json!(0), json!(50.01)] {
        w.tip(&booking, "visa", amount).await.refused(422, "tip_out_of_range");
    }
    let body = json!({"booking_id": booking, "amount": 99, "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa"});
    let german = w.ann.with("accept-language", "de").post("/payments/tips/", body).await;
    let german = german.refused(422, "tip_out_of_range");
    assert!(
        german.str("message").contains("\u{a0}€") && !german.str("message").contains("EUR"),
        "{}",
        german.text()
    );
    let body = json!({"booking_id": booking, "amount": 5, "payment_method": "credits"});
    w.ann.post("/payments/tips/", body).await.refused(422, "payment_method_unavailable");
    let body = json!({"booking_id": booking, "amount": 5, "payment_method": "card"});
    w.bob.post("/payments/tips/", body).await.expect(404);
    w.tip(&booking, "declined", 5).await.refused(402, "card_declined");
    w.tip(&booking, "reports_late", 5).await.expect(201);
    w.tip(&booking, "visa", 5).await.refused(409, "payment_in_progress");
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
    w.later(31 * 24 * 3600).await;
    let other = w.tip(&booking, "visa", 5).await;
    other.refused(409, "tip_not_possible");
}
