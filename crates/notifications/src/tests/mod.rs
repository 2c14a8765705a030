//! Notifications over HTTP, and the people and bookings that the tests share.

mod areas;
mod delivering;
mod devices;
mod failed_charges;
mod feed;
mod feedback;
mod messages;
mod retracting;
mod sending;
mod telling;
mod templates;
mod texts;
mod wishes;

use std::sync::Arc;

use adapters::Sandbox;
use jiff::SignedDuration;
use platform::{
    ids::ServiceId,
    jobs::Registry,
    ports::{
        gateway::{Gateway, Gateways, Tender},
        push::Push,
    },
    testing::{Client, TestApp, TokenIsUserId},
    time::Instant,
};
use serde_json::{Value, json};

/// Snapshots an answer without the ids in it.
macro_rules! shape {
    ($answer:expr) => {
        let answer = $answer;
        insta::with_settings!({filters => [
            ("[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}", "[id]"),
        ]}, {
            insta::assert_snapshot!(answer.masked());
        })
    };
}
pub(crate) use shape;

/// A customer, a provider in Berlin who works from 8 to 20 every day and answers requests, and their service.
struct World {
    t: TestApp,
    sandbox: Sandbox,
    ann: Client,
    bob: Client,
    service: ServiceId,
}

impl World {
    async fn new() -> Self {
        let router = crate::router()
            .merge(crate::dev_templates_router())
            .merge(payments::router())
            .merge(payouts::router())
            .merge(bookings::router())
            .merge(catalog::router())
            .merge(chat::router())
            .merge(scheduling::router());
        let registry = payouts::register(ledger::register(Registry::default()));
        let registry = crate::register(payments::register(bookings::register(registry)));
        let accounts = Arc::new(TokenIsUserId);
        let mut made = None;
        let t = TestApp::with_gateways(router, registry, accounts, &[], |db, clock, secrets| {
            let sandbox = Sandbox::new(db.clone(), clock.clone(), secrets, "http://localhost:8000");
            made = Some(sandbox.clone());
            let sandbox: Arc<dyn Gateway> = Arc::new(sandbox);
            Gateways::new(vec![(Tender::Card, sandbox)])
        })
        .await;
        let (ann, bob) = (t.user("Ann Lee").await, t.provider("Bob Weber").await);
        let category = catalog::testing::category(&t.app, "cleaning").await;
        let service = catalog::testing::service(&t.app, bob.id(), category, "Window cleaning").await;
        let weekly: Vec<_> =
            (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
        let schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly});
        bob.put("/providers/schedule/", schedule).await.expect(200);
        t.run_jobs().await;
        Self { t, sandbox: made.unwrap(), ann, bob, service }
    }

    /// Ann asks for the day after tomorrow at ten, to be paid in cash; the booking's id.
    async fn book(&self) -> String {
        self.book_at("10:00").await
    }

    async fn book_at(&self, time: &str) -> String {
        let body = json!({"service_id": self.service, "scheduled_date": "2026-03-04", "scheduled_time": time,
            "payment_method": "cash"});
        self.ann.post("/bookings/", body).await.expect(201).str("id")
    }

    /// The same, and Bob has agreed, and everybody was told.
    async fn confirmed(&self) -> String {
        let booking = self.book().await;
        self.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
        self.t.run_jobs().await;
        booking
    }

    async fn cancel(&self, who: &Client, booking: &str) {
        // Ids of one moment are in no order.
        self.t.advance(SignedDuration::from_secs(1));
        who.put(&format!("/bookings/{booking}/cancel/"), json!({})).await.expect(200);
        self.t.run_jobs().await;
    }

    /// Some time passes, and jobs run.
    async fn later(&self, seconds: i64) {
        self.t.advance(SignedDuration::from_secs(seconds));
        self.t.run_jobs().await;
    }

    async fn at(&self, when: &str) {
        let wanted: jiff::Timestamp = when.parse().unwrap();
        self.t.advance(Instant::from(wanted).since(self.t.now()));
        self.t.run_jobs().await;
    }

    /// Somebody has a device.
    async fn device(&self, who: &Client, token: &str) -> String {
        let body = json!({"token": token, "platform": "android"});
        who.post("/notifications/devices/", body).await.expect(201).str("id")
    }

    /// Somebody has a verified number.
    async fn phone(&self, who: &Client, number: &str) {
        sqlx::query!(
            "update users set phone_number = $2, is_phone_verified = true where id = $1",
            who.id() as _,
            number
        )
        .execute(&self.t.app.db)
        .await
        .unwrap();
    }

    async fn prefer(&self, who: &Client, wishes: Value) {
        who.put("/notifications/preferences/", wishes).await.expect(200);
    }

    /// What somebody was told, newest first: `event`.
    async fn told(&self, who: &Client) -> Vec<String> {
        let list = who.get("/notifications/").await.expect(200);
        let results = list["results"].as_array().unwrap();
        results.iter().map(|one| one["event"].as_str().unwrap().to_owned()).collect()
    }

    /// The pushes so far that people see, as `token: title`.
    fn pushes(&self) -> Vec<String> {
        let line = |push: Push| format!("{}: {} | {}", push.token, push.title, push.body);
        self.t.push.take().into_iter().filter(|push| !push.title.is_empty()).map(line).collect()
    }

    /// When people will be reminded.
    async fn reminders(&self) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select to_char(run_at at time zone 'UTC', 'DD HH24:MI') as "at!" from jobs
                where kind = 'notifications.remind' order by run_at"#
        )
        .fetch_all(&self.t.app.db)
        .await
        .unwrap()
    }

    /// How somebody's deliveries stand, oldest first: `channel state reply`.
    async fn deliveries(&self, who: &Client) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select concat_ws(' ', n.template, d.channel, d.state, d.reply) as "line!"
                 from notification_deliveries d join notifications n on n.id = d.notification_id
                where d.user_id = $1 order by d.id, d.channel"#,
            who.id() as _
        )
        .fetch_all(&self.t.app.db)
        .await
        .unwrap()
    }
}
