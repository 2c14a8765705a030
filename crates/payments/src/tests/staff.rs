//! What staff do with money: goodwill by two people, refunds that find another way, first payments, disputes.

use platform::{auth::StaffRole, testing::Client};
use rstest::rstest;
use serde_json::{Value, json};

use super::World;

impl World {
    async fn finance(&self) -> Client {
        self.t.staff("Fin Ance", StaffRole::Finance).await
    }

    /// The kinds of what waits for a person.
    pub(super) async fn tasks(&self, who: &Client) -> Vec<String> {
        let tasks = who.get("/admin/payments/tasks/").await.expect(200);
        let kinds =
            tasks["results"].as_array().unwrap().iter().map(|task| task["kind"].as_str().unwrap().to_owned());
        kinds.collect()
    }
}

#[tokio::test]
async fn goodwill_needs_two_people() {
    let w = World::new().await;
    let (support, finance) = (w.t.staff("Sue Port", StaffRole::Support).await, w.finance().await);
    let wish =
        |amount: Value| json!({"user_id": w.ann.id(), "amount": amount, "reason": "The plumber came late."});
    for wrong in [json!(0), json!(-1), json!(100.01), json!(1.001)] {
        support.post("/admin/credits/grants/", wish(wrong)).await.expect(422);
    }
    w.t.staff("Mo Derator", StaffRole::Moderator)
        .await
        .post("/admin/credits/grants/", wish(json!(10)))
        .await
        .expect(403);
    w.ann.post("/admin/credits/grants/", wish(json!(10))).await.expect(403);
    let grant = support.post("/admin/credits/grants/", wish(json!(10))).await.expect(201).str("id");
    let path = format!("/admin/credits/grants/{grant}/");
    assert_eq!(w.tasks(&finance).await, ["goodwill_proposed"]);
    support.put(&path, json!({"approve": true})).await.expect(403);
    assert_eq!(w.books().await, "");
    let granted = finance.put(&path, json!({"approve": true})).await.expect(200);
    assert_eq!(granted.str("status"), "granted");
    finance.put(&path, json!({"approve": true})).await.refused(409, "decided_already");
    assert_eq!(w.books().await, "credits 1000, promotions 1000");
    // Not even finance decides on its own proposal.
    let own = finance.post("/admin/credits/grants/", wish(json!(5))).await.expect(201).str("id");
    let path = format!("/admin/credits/grants/{own}/");
    finance.put(&path, json!({"approve": true})).await.refused(403, "second_person_required");
    let other = w.t.staff("Sec Ond", StaffRole::Finance).await;
    assert_eq!(other.put(&path, json!({"approve": false})).await.expect(200).str("status"), "refused");
    assert_eq!(w.books().await, "credits 1000, promotions 1000");
    assert_eq!(
        support.get("/admin/credits/grants/").await.expect(200)["results"].as_array().unwrap().len(),
        2
    );
}

#[rstest]
#[case("credits", "clearing 4990, credits 4990", "succeeded")]
#[case("bank_transfer", "bank -4990, clearing 4990", "succeeded")]
#[case("gateway", "clearing 4990, refunds_payable 4990", "failed")]
#[tokio::test]
async fn a_refund_that_failed_finds_another_way(#[case] by: &str, #[case] books: &str, #[case] state: &str) {
    let w = World::instant().await;
    let finance = w.finance().await;
    let (_, payment) = w.paid("refund_declined").await;
    let body = json!({"payment_id": payment, "reason": "Nothing was done."});
    let refund = w.bob.post("/payments/refund/", body).await.expect(201).str("id");
    let path = format!("/admin/refunds/{refund}/bring/");
    let way = json!({"by": by, "note": "The card is closed."});
    finance.post(&path, way.clone()).await.refused(409, "refund_not_failed");
    w.later(10).await;
    assert_eq!(
        (w.tasks(&finance).await, w.books().await.as_str()),
        (Vec::new(), "clearing 4990, refunds_payable 4990"),
        "nobody has to look while it is tried again"
    );
    w.t.staff("Sue Port", StaffRole::Support).await.post(&path, way.clone()).await.expect(403);
    finance.post(&path, way.clone()).await.expect(201);
    w.later(10).await;
    assert_eq!(w.books().await, books);
    let stored = sqlx::query_scalar!("select state as \"state: String\" from refunds")
        .fetch_one(&w.t.app.db)
        .await
        .unwrap();
    assert_eq!(stored, state);
    if state == "succeeded" {
        finance.post(&path, way).await.refused(409, "refund_not_failed");
        assert!(w.tasks(&finance).await.is_empty());
    } else {
        // Once more in vain, and then by hand.
        finance.post(&path, json!({"by": "bank_transfer", "note": "By hand."})).await.expect(201);
        assert_eq!(w.books().await, "bank -4990, clearing 4990");
    }
}

#[tokio::test]
async fn a_large_first_payment_waits_for_a_person() {
    let w = World::tuned(true, &["--first-payment-limit", "3000"]).await;
    let finance = w.finance().await;
    let booking = w.book("card", "immediate").await;
    for _ in 0..2 {
        w.pay(&booking, "visa").await.refused(409, "payment_needs_review");
    }
    let parts = json!({"booking_id": booking, "count": 3, "interval": "weekly", "payment_method_id": "pm_sandbox_visa"});
    w.ann.post("/payments/installments/", parts).await.refused(409, "payment_needs_review");
    assert_eq!(w.tasks(&finance).await, ["review_waiting"]);
    let path = format!("/admin/payments/reviews/{booking}/");
    w.bob.put(&path, json!({"allow": true})).await.expect(403);
    let waiting = finance.get("/admin/payments/reviews/").await.expect(200);
    assert_eq!(
        (&waiting["results"][0]["booking_id"], &waiting["results"][0]["amount"]),
        (&json!(booking), &json!(49.9))
    );
    finance.put(&path, json!({"allow": false})).await.expect(200);
    w.pay(&booking, "visa").await.refused(409, "not_payable");
    finance.put(&path, json!({"allow": true})).await.expect(200);
    w.pay(&booking, "visa").await.expect(201);
    // Who has paid before is known.
    let next = w.book_at("2026-03-05", "10:00", "card", "immediate").await;
    w.pay(&next, "visa").await.expect(201);
    assert!(w.tasks(&finance).await.is_empty());
}

#[tokio::test]
async fn nobody_tries_cards_for_long() {
    let w = World::tuned(true, &["--limit-payments", "4"]).await;
    let booking = w.book("card", "immediate").await;
    for _ in 0..4 {
        w.pay(&booking, "declined").await.refused(402, "card_declined");
    }
    let held = w.pay(&booking, "visa").await;
    assert!(!held.header("retry-after").is_empty());
    held.refused(429, "too_many_requests");
    // To keep a card is to try it, too.
    let kept = w.ann.post("/payments/methods/", json!({"token": "pm_sandbox_visa"})).await;
    kept.refused(429, "too_many_requests");
    w.ann.post("/payments/setup-intent/", json!({})).await.refused(429, "too_many_requests");
    assert_eq!(w.books().await, "");
}

#[tokio::test]
async fn a_disputed_payment_has_its_story() {
    let w = World::instant().await;
    let finance = w.finance().await;
    let (_, payment) = w.paid("disputed_won").await;
    w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    w.later(3).await;
    w.tell().await;
    let tasks = finance.get("/admin/payments/tasks/").await.expect(200);
    assert_eq!(
        (&tasks["results"][0]["kind"], &tasks["results"][0]["amount"]),
        (&json!("dispute_open"), &json!(49.9))
    );
    let path = format!("/admin/disputes/{}/evidence/", tasks["results"][0]["id"].as_str().unwrap());
    w.bob.get(&path).await.expect(403);
    shape!(finance.get(&path).await.expect(200));
    for language in ["en", "de", "it"] {
        let file = finance
            .with("accept", "application/pdf")
            .with("accept-language", language)
            .get(&path)
            .await
            .expect(200);
        assert_eq!(
            (file.header("content-type"), file.text().starts_with("%PDF-")),
            ("application/pdf", true)
        );
    }
    w.later(10).await;
    w.tell().await;
    assert!(w.tasks(&finance).await.is_empty());
}

impl World {
    /// A payment is disputed; the path of the evidence.
    async fn disputed(&self, card: &str, finance: &Client) -> String {
        self.paid(card).await;
        self.later(3).await;
        self.tell().await;
        let tasks = finance.get("/admin/payments/tasks/").await.expect(200);
        format!("/admin/disputes/{}/evidence/", tasks["results"][0]["id"].as_str().unwrap())
    }
}

#[tokio::test]
async fn evidence_reaches_the_gateway_once() {
    let w = World::instant().await;
    let finance = w.finance().await;
    let path = w.disputed("disputed_won", &finance).await;
    let body = json!({"statement": "The windows were cleaned."});
    for who in [&w.bob, &w.t.staff("Sue Port", StaffRole::Support).await] {
        who.post(&path, body.clone()).await.refused(403, "forbidden");
    }
    finance.post(&path, json!({"statement": " "})).await.refused(422, "validation_failed");
    let nobodys = path.replace(path.split('/').nth(3).unwrap(), &w.ann.id().to_string());
    finance.post(&nobodys, body.clone()).await.refused(404, "not_found");
    let keyed = finance.with("Idempotency-Key", "evidence-1");
    let sent = keyed.post(&path, body.clone()).await.expect(201);
    assert_eq!(
        (sent.str("status").as_str(), keyed.post(&path, body.clone()).await.expect(201).str("id")),
        ("started", sent.str("id"))
    );
    finance.post(&path, body.clone()).await.refused(409, "evidence_submitted");
    w.t.run_jobs().await;
    let seen = finance.get(&path).await.expect(200);
    assert_eq!(
        (&seen["submission"]["id"], &seen["submission"]["status"]),
        (&sent["id"], &json!("submitted"))
    );
    let heard = sqlx::query_scalar!(
        "select count(*) from sandbox_operations where task = 'defend' and status = 'succeeded'"
    );
    assert_eq!(heard.fetch_one(&w.t.app.db).await.unwrap(), Some(1));
    finance.post(&path, body.clone()).await.refused(409, "evidence_submitted");
    w.later(10).await;
    w.tell().await;
    finance.post(&path, body).await.refused(409, "dispute_not_open");
    w.books().await;
}

#[tokio::test]
async fn evidence_that_comes_too_late_is_refused_and_says_so() {
    let w = World::instant().await;
    let finance = w.finance().await;
    let path = w.disputed("disputed_lost", &finance).await;
    // The bank decides, and has not told us yet.
    w.t.advance(jiff::SignedDuration::from_secs(5));
    finance.post(&path, json!({"statement": "The windows were cleaned."})).await.expect(201);
    w.t.run_jobs().await;
    let seen = finance.get(&path).await.expect(200);
    assert_eq!(
        (&seen["submission"]["status"], &seen["submission"]["code"]),
        (&json!("refused"), &json!("charge_not_open"))
    );
    w.tell().await;
    w.books().await;
}
