//! Payments over HTTP, at the sandbox, and the people and services that the tests share.

/// Snapshots an answer without the ids in it.
macro_rules! shape {
    ($answer:expr) => {
        let answer = $answer;
        insta::with_settings!({filters => [
            ("[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}", "[id]"),
            ("\"SB-[0-9A-Z]{6}\"", "\"[reference]\""),
        ]}, {
            insta::assert_snapshot!(answer.masked());
        })
    };
}

mod crashing;
mod credits;
mod disputed_credits;
mod fault;
mod given_back;
mod histories;
mod keys;
mod leaving;
mod methods;
mod mixed;
mod owed_after_end;
mod owing;
mod parts;
mod paying;
mod prices;
mod receipts;
mod reconciling;
mod refunding;
mod slow;
mod splitting;
mod staff;
mod taken_back;
mod telling;
mod tips;
mod two_people;
mod unanswered;

use std::sync::Arc;

use adapters::Sandbox;
use jiff::SignedDuration;
use platform::{
    ids::{CategoryId, ServiceId},
    jobs::Registry,
    ports::gateway::{Gateway, Gateways, Tender},
    testing::{Answer, Client, TestApp, TokenIsUserId},
};
use serde_json::{Value, json};

/// A customer, a provider in Berlin who works from 8 to 20 every day, their service for 49.90, and a sandbox.
struct World {
    t: TestApp,
    sandbox: Sandbox,
    ann: Client,
    bob: Client,
    service: ServiceId,
}

impl World {
    /// The provider answers requests.
    async fn new() -> Self {
        Self::with(false).await
    }

    /// Nobody has to answer.
    async fn instant() -> Self {
        Self::with(true).await
    }

    async fn with(auto_accept: bool) -> Self {
        Self::tuned(auto_accept, &[]).await
    }

    async fn tuned(auto_accept: bool, args: &[&str]) -> Self {
        let router =
            crate::router().merge(payouts::router()).merge(bookings::router()).merge(scheduling::router());
        let registry = payouts::register(ledger::register(Registry::default()));
        let registry = crate::register(bookings::register(registry));
        let mut sandbox = None;
        let t =
            TestApp::with_gateways(router, registry, Arc::new(TokenIsUserId), args, |db, clock, secrets| {
                let made = Sandbox::new(db.clone(), clock.clone(), secrets, "http://localhost:8000");
                sandbox = Some(made.clone());
                let shared: Arc<dyn Gateway> = Arc::new(made);
                Gateways::new(vec![(Tender::Card, shared.clone()), (Tender::Paypal, shared)])
            })
            .await;
        let (ann, bob) = (t.user("Ann Lee").await, t.provider("Bob Weber").await);
        let service = service(&t, &bob).await;
        let weekly: Vec<_> =
            (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
        let schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly, "auto_accept": auto_accept});
        bob.put("/providers/schedule/", schedule).await.expect(200);
        Self { t, sandbox: sandbox.unwrap(), ann, bob, service }
    }

    /// Ann books for the day after tomorrow; the booking's id.
    async fn book(&self, method: &str, kind: &str) -> String {
        self.book_at("2026-03-04", "10:00", method, kind).await
    }

    async fn book_at(&self, date: &str, time: &str, method: &str, kind: &str) -> String {
        let body = json!({"service_id": self.service, "scheduled_date": date, "scheduled_time": time,
            "payment_method": method, "payment_type": kind});
        self.ann.post("/bookings/", body).await.expect(201).str("id")
    }

    /// The same, however many times Ann holds already: with an unpaid booking more than one may have at once.
    async fn hold_at(&self, date: &str, time: &str, method: &str, kind: &str) -> String {
        let db = &self.t.app.db;
        let parked = "update bookings set state = 'confirmed' where state = 'awaiting_payment'";
        let back = "update bookings set state = 'awaiting_payment' where state = 'confirmed' and payment_status = 'unpaid'";
        sqlx::raw_sql(parked).execute(db).await.unwrap();
        let booking = self.book_at(date, time, method, kind).await;
        sqlx::raw_sql(back).execute(db).await.unwrap();
        booking
    }

    /// Ann pays by card.
    async fn pay(&self, booking: &str, method: &str) -> Answer {
        let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
            "payment_method_id": format!("pm_sandbox_{method}")});
        self.ann.post("/payments/process/", body).await
    }

    /// Ann books and pays; the ids of the booking and the payment.
    async fn paid(&self, method: &str) -> (String, String) {
        let booking = self.book("card", "immediate").await;
        let payment = self.pay(&booking, method).await.expect(201).str("id");
        (booking, payment)
    }

    async fn booking(&self, id: &str) -> Answer {
        self.ann.get(&format!("/bookings/{id}/")).await.expect(200)
    }

    /// `sub_status payment_status` of a booking.
    async fn state(&self, id: &str) -> String {
        let booking = self.booking(id).await;
        format!("{} {}", booking.str("sub_status"), booking.str("payment_status"))
    }

    async fn status(&self, payment: &str) -> String {
        self.ann.get(&format!("/payments/{payment}/")).await.expect(200).str("status")
    }

    async fn cancel(&self, who: &Client, id: &str) {
        who.put(&format!("/bookings/{id}/cancel/"), json!({})).await.expect(200);
        self.t.run_jobs().await;
    }

    async fn accept(&self, id: &str) {
        self.bob.put(&format!("/providers/jobs/{id}/accept/"), json!({})).await.expect(200);
        self.t.run_jobs().await;
    }

    async fn complete(&self, id: &str) {
        self.at("2026-03-04T09:00:00Z");
        for status in ["ongoing", "completed"] {
            self.bob.put(&format!("/bookings/{id}/status/"), json!({"status": status})).await.expect(200);
        }
        self.t.run_jobs().await;
    }

    /// All that is available leaves for Bob's bank, and arrives.
    async fn bob_withdraws(&self) {
        let account = json!({"country": "DE", "bank_token": "ba_sandbox_good"});
        self.bob.put("/providers/payout-account/", account).await.expect(200);
        let available = self.bob.get("/providers/earnings/").await.expect(200)["available"].clone();
        self.bob.post("/providers/withdrawals/", json!({"amount": available})).await.expect(201);
        for _ in 0..3 {
            self.later(360).await;
        }
    }

    /// Some time passes, and jobs run.
    async fn later(&self, seconds: i64) {
        self.t.advance(SignedDuration::from_secs(seconds));
        self.t.run_jobs().await;
    }

    fn at(&self, when: &str) {
        let wanted: jiff::Timestamp = when.parse().unwrap();
        self.t.advance(platform::time::Instant::from(wanted).since(self.t.now()));
    }

    /// What is on which accounts, but for those with nothing. What a gateway keeps for itself counts as what it has:
    /// when that is booked is a matter of its own.
    async fn books(&self) -> String {
        let mut report = crate::check(&self.t.app.db, None).await.unwrap();
        // What the gateway has not told yet is a difference, which is found and shown: see `reconciling`.
        report.invariants.retain(|invariant| invariant.name != crate::check::GATEWAYS_AGREE);
        assert!(report.is_clean(), "{report}");
        let rows = sqlx::query_scalar!(
            r#"select account || ' ' || sum(balance) as "row!"
                 from (select case purpose when 'gateway_fees' then 'clearing' else purpose end as account, balance
                         from ledger_balances) b
                group by account having sum(balance) <> 0 order by account"#
        );
        rows.fetch_all(&self.t.app.db).await.unwrap().join(", ")
    }

    /// What the gateway has booked.
    async fn gateway_book(&self) -> String {
        let rows =
            sqlx::query_scalar!(r#"select kind || ' ' || amount as "row!" from sandbox_book order by id"#);
        rows.fetch_all(&self.t.app.db).await.unwrap().join(", ")
    }
}

/// The sandbox's messages.
impl World {
    /// Delivers all that it has to tell by now, as often and in the order that is given; jobs run.
    async fn tell_in(&self, order: impl Fn(usize) -> Vec<usize>) {
        let messages = self.sandbox.messages().await.unwrap();
        for place in order(messages.len()) {
            let (message, mut client) = (&messages[place], self.t.anonymous());
            for (name, value) in &message.headers {
                client = client.with(name.as_str(), value.to_str().unwrap());
            }
            let body = axum::body::Body::from(message.body.clone());
            let path = "/webhooks/sandbox/";
            client.send(axum::http::Method::POST, path, Some("application/json"), body).await.expect(204);
            self.sandbox.delivered(message.id).await.unwrap();
        }
        self.t.run_jobs().await;
    }

    /// The same, once and in order.
    async fn tell(&self) {
        self.tell_in(|count| (0..count).collect()).await;
    }
}

/// A service that somebody offers.
async fn service(t: &TestApp, provider: &Client) -> ServiceId {
    let (category, id) = (CategoryId::at(t.now()), ServiceId::at(t.now()));
    sqlx::query!(
        r#"with c as (insert into categories (id, slug, position, icon, color, name, description)
                      values ($1, $1::uuid::text, 1, 'home', '#112233', '{"en": "Home"}', '{"en": ""}'))
           insert into services (id, provider_id, category_id, language, title, description, translations, price_minor,
                  currency, credits_required, duration_minutes, service_radius_km, created_at, updated_at)
           values ($2, $3, $1, 'en', 'Window cleaning', 'All windows', '{}', 4990, 'EUR', 40, 90, 25, $4, $4)"#,
        category as _,
        id as _,
        provider.id() as _,
        t.now() as _,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    id
}

fn euros(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

impl World {
    /// Ann books for some day and pays; the ids of the booking and the payment.
    async fn paid_at(&self, date: &str) -> (String, String) {
        let booking = self.book_at(date, "10:00", "card", "immediate").await;
        let payment = self.pay(&booking, "visa").await.expect(201).str("id");
        (booking, payment)
    }
}
