//! Charges that fail when nobody is there, and payments that a bank takes back: both sides are told, and what happens next.

use platform::testing::Client;
use serde_json::json;

use super::World;

impl World {
    /// Ann books and pays, and Bob has agreed.
    async fn agreed(&self, date: &str, payment: serde_json::Value) -> String {
        let body = json!({"service_id": self.service, "scheduled_date": date, "scheduled_time": "10:00",
            "payment_method": "card", "payment_type": payment["payment_type"]});
        let booking = self.ann.post("/bookings/", body).await.expect(201).str("id");
        let mut payment = payment;
        payment["booking_id"] = json!(booking);
        payment["payment_method"] = json!("card");
        self.ann.post("/payments/process/", payment).await.expect(201);
        self.t.run_jobs().await;
        self.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
        for _ in 0..2 {
            self.t.run_jobs().await;
        }
        booking
    }

    /// A day at a time, since what is due is charged by timers.
    async fn days(&self, days: i64) {
        for _ in 0..days {
            self.later(24 * 3600).await;
            self.later(60).await;
        }
    }

    /// The gateway says what it has to say.
    async fn gateway_speaks(&self) {
        for message in self.sandbox.messages().await.unwrap() {
            let mut client = self.t.anonymous();
            for (name, value) in &message.headers {
                client = client.with(name.as_str(), value.to_str().unwrap());
            }
            let body = axum::body::Body::from(message.body.clone());
            let path = "/webhooks/sandbox/";
            client.send(axum::http::Method::POST, path, Some("application/json"), body).await.expect(204);
            self.sandbox.delivered(message.id).await.unwrap();
        }
        for _ in 0..3 {
            self.t.run_jobs().await;
        }
    }

    /// How often somebody was told of each of these.
    async fn counts(&self, who: &Client, events: &[&str]) -> Vec<usize> {
        let told = self.told(who).await;
        events.iter().map(|event| told.iter().filter(|one| one == event).count()).collect()
    }
}

#[tokio::test]
async fn each_failed_try_is_told_to_both_and_so_is_the_end() {
    for (date, ann, bob) in [
        // Still to come: it is cancelled.
        ("2026-03-20", [3, 0, 1, 0], [3, 0, 1, 0]),
        // Done: it is owed.
        ("2026-03-05", [3, 1, 0, 0], [3, 1, 0, 0]),
    ] {
        let w = World::new().await;
        let payment = json!({"payment_type": "later", "payment_method_id": "pm_sandbox_visa", "due_date": "2026-03-07"});
        w.agreed(date, payment).await;
        sqlx::query!("update payments set method = 'pm_sandbox_declined'")
            .execute(&w.t.app.db)
            .await
            .unwrap();
        w.days(14).await;
        let events = ["payment_retried", "payment_owed", "booking_cancelled_unpaid", "payment_failed"];
        assert_eq!(w.counts(&w.ann, &events).await, ann, "{date}");
        let events = ["payment_delayed", "payment_outstanding", "booking_cancelled_unpaid", "payment_failed"];
        assert_eq!(w.counts(&w.bob, &events).await, bob, "{date}");
        let list = w.ann.get("/notifications/").await.expect(200);
        let results = list["results"].as_array().unwrap();
        let first = results.iter().rfind(|one| one["event"] == "payment_retried").unwrap();
        assert!(first["message"].as_str().unwrap().contains("€49.90"), "{first}");
    }
}

#[tokio::test]
async fn both_are_told_when_a_bank_takes_the_payment_back_and_when_it_is_paid_anew() {
    let w = World::new().await;
    let payment = json!({"payment_type": "immediate", "payment_method_id": "pm_sandbox_disputed_lost"});
    let booking = w.agreed("2026-03-05", payment).await;
    w.later(4).await;
    w.gateway_speaks().await;
    assert_eq!(w.counts(&w.ann, &["booking_payment_lost", "payment_failed"]).await, [1, 0]);
    assert_eq!(w.counts(&w.bob, &["booking_unpaid", "booking_payment_lost"]).await, [1, 0]);
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa"});
    w.ann.post("/payments/process/", body).await.expect(201);
    w.later(1).await;
    for who in [&w.ann, &w.bob] {
        assert_eq!(w.counts(who, &["booking_paid_again"]).await, [1]);
    }
}
