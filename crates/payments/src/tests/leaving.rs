//! What keeps people from leaving.

use platform::{obligations::Obligations, testing::Client};
use serde_json::json;

use super::World;

impl World {
    /// What keeps somebody from leaving, as all features below say.
    async fn blockers(&self, who: &Client) -> Vec<String> {
        let obligations = Obligations::default();
        bookings::register_obligations(&obligations);
        payouts::register_obligations(&obligations);
        crate::register_obligations(&obligations);
        let mut db = self.t.app.db.acquire().await.unwrap();
        let found = obligations.find(&mut db, who.id(), self.t.now()).await.unwrap();
        let amount = |one: &platform::obligations::Obligation| {
            one.amount.map_or_else(|| one.count.to_string(), |amount| amount.to_string())
        };
        found.iter().map(|one| format!("{} {}", one.kind, amount(one))).collect()
    }
}

#[tokio::test]
async fn a_booking_keeps_both_until_it_is_over_and_its_money_where_it_belongs() {
    let w = World::instant().await;
    assert!(w.blockers(&w.ann).await.is_empty());
    let (booking, _) = w.paid("visa").await;
    assert_eq!(
        (w.blockers(&w.ann).await, w.blockers(&w.bob).await),
        (vec!["open_bookings 1".into()], vec!["open_bookings 1".into()])
    );
    w.complete(&booking).await;
    assert!(w.blockers(&w.ann).await.is_empty());
    assert_eq!(w.blockers(&w.bob).await, ["balances 42.42"]);
    w.later(49 * 3600).await;
    w.bob_withdraws().await;
    assert!(w.blockers(&w.bob).await.is_empty());
}

#[tokio::test]
async fn parts_that_are_not_paid_of_a_job_that_is_done_are_a_debt() {
    let w = World::instant().await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 3, "interval": "monthly",
        "payment_method_id": "pm_sandbox_visa"});
    w.ann.post("/payments/installments/", body).await.expect(201);
    w.complete(&booking).await;
    assert_eq!(w.blockers(&w.ann).await, ["debts 33.26"]);
    for _ in 0..70 {
        w.later(24 * 3600).await;
        w.later(30).await;
    }
    assert!(w.blockers(&w.ann).await.is_empty());
}

#[tokio::test]
async fn a_refund_on_its_way_and_a_dispute_keep_people() {
    let w = World::instant().await;
    let (booking, payment) = w.paid("visa").await;
    w.complete(&booking).await;
    sqlx::query("insert into payment_disputes select gen_random_uuid(), 'sandbox', 'dp_1', id, 4990, 4990, false, 'open',
            null, now(), now() from payments")
        .execute(&w.t.app.db).await.unwrap();
    assert_eq!(w.blockers(&w.ann).await, ["open_disputes 49.90"]);
    assert_eq!(w.blockers(&w.bob).await, ["balances 42.42", "open_disputes 49.90"]);
    sqlx::query("update payment_disputes set state = 'won'").execute(&w.t.app.db).await.unwrap();
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    sqlx::query("update refunds set state = 'processing'").execute(&w.t.app.db).await.unwrap();
    assert_eq!(w.blockers(&w.ann).await, ["refunds_in_flight 10.00"]);
    sqlx::query("update refunds set state = 'succeeded'").execute(&w.t.app.db).await.unwrap();
    assert!(w.blockers(&w.ann).await.is_empty());
}
