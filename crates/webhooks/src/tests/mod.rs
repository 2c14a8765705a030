//! Webhooks over HTTP, and the endpoints and events that the tests share.

mod delivering;
mod endpoints;
mod log;
mod publishing;
mod receiving;

use std::sync::Arc;

use bookings::{Actor, BookingChanged, Event, State};
use jiff::SignedDuration;
use payments::{PaymentChanged, Status};
use platform::{
    auth::StaffRole,
    ids::{BookingId, PaymentId, ServiceId, UserId},
    jobs::Registry,
    outbox,
    testing::{Answer, Client, TestApp, TokenIsUserId},
};
use serde_json::{Value, json};

/// Snapshots an answer without the ids and secrets in it.
macro_rules! shape {
    ($answer:expr) => {
        let answer = $answer;
        insta::with_settings!({filters => [
            ("[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}", "[id]"),
            ("whsec_[A-Za-z0-9+/]{43}=", "[secret]"),
            // Up to a tenth more than five minutes.
            (r"2026-03-02T09:05:\d\d(\.\d+)?Z", "[in five minutes]"),
        ]}, {
            insta::assert_snapshot!(answer.masked());
        })
    };
}
pub(crate) use shape;

/// A superuser, and a provider whose bookings change.
struct World {
    t: TestApp,
    sue: Client,
    bob: Client,
    booking: BookingId,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(args: &[&str]) -> Self {
        let router =
            crate::router().merge(bookings::router()).merge(catalog::router()).merge(scheduling::router());
        let registry = crate::register(bookings::register(Registry::default()));
        let t = TestApp::with(router, registry, Arc::new(TokenIsUserId), args).await;
        let sue = t.staff("Sue Super", StaffRole::Superuser).await;
        let bob = t.provider("Bob Weber").await;
        let booking = BookingId::at(t.now());
        Self { t, sue, bob, booking }
    }

    /// An endpoint that hears of confirmed, completed and cancelled bookings, with changes.
    async fn endpoint(&self, changes: Value) -> Answer {
        self.sue.post("/webhooks/endpoints/", endpoint(changes)).await.expect(201)
    }

    /// The bookings' next version is in this state by that event, and everybody is told.
    async fn happens(&self, event: Event, state: State, version: i32) {
        self.t.advance(SignedDuration::from_secs(1));
        self.emit(event, state, version).await;
        self.t.run_jobs().await;
    }

    async fn emit(&self, event: Event, state: State, version: i32) {
        let changed = self.changed(event, state, version);
        let mut db = self.t.app.db.acquire().await.unwrap();
        outbox::emit(&mut db, &changed, changed.at).await.unwrap();
    }

    fn changed(&self, event: Event, state: State, version: i32) -> BookingChanged {
        let now = self.t.now();
        BookingChanged {
            booking_id: self.booking,
            customer_id: UserId::at(now),
            provider_id: self.bob.id(),
            service_id: ServiceId::at(now),
            event,
            from: Some(State::PendingAcceptance),
            state,
            version,
            by: Actor::Provider,
            starts_at: now.plus(SignedDuration::from_hours(48)),
            at: now,
        }
    }

    /// It is confirmed.
    async fn confirmed(&self) {
        self.happens(Event::Accepted, State::Confirmed, 2).await;
    }

    /// A payment for nobody's work is now so.
    async fn paid(&self, status: Status) {
        let now = self.t.now();
        let event = PaymentChanged {
            payment_id: PaymentId::at(now),
            booking_id: None,
            user_id: UserId::at(now),
            provider_id: None,
            status,
            failure_code: None,
            charge_failed: None,
            at: now,
        };
        outbox::emit(&mut self.t.app.db.acquire().await.unwrap(), &event, now).await.unwrap();
        self.t.run_jobs().await;
    }

    /// Some time passes, and jobs run.
    async fn later(&self, time: SignedDuration) {
        self.t.advance(time);
        self.t.run_jobs().await;
    }

    /// The types of what was sent so far.
    fn sent(&self) -> Vec<String> {
        let kind =
            |body: &str| serde_json::from_str::<Value>(body).unwrap()["type"].as_str().unwrap().to_owned();
        self.t.webhooks.take().iter().map(|webhook| kind(&webhook.body)).collect()
    }

    /// How messages stand, the oldest first: `type state attempts`.
    async fn deliveries(&self) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select concat_ws(' ', event_type, state, attempts) as "line!" from webhook_deliveries order by id"#
        )
        .fetch_all(&self.t.app.db)
        .await
        .unwrap()
    }

    /// The id of the only message.
    async fn delivery(&self) -> String {
        let list = self.sue.get("/webhooks/deliveries/").await.expect(200);
        assert_eq!(list["count"], 1, "{}", list.text());
        list["results"][0]["id"].as_str().unwrap().to_owned()
    }
}

fn endpoint(changes: Value) -> Value {
    let mut body = json!({"url": "https://partner.example.com/hook", "description": "Their calendar",
        "event_types": ["booking.confirmed", "booking.completed", "booking.cancelled"]});
    let Value::Object(changes) = changes else { panic!("no changes") };
    body.as_object_mut().unwrap().extend(changes);
    body
}

fn of(endpoint: &Answer) -> String {
    format!("/webhooks/endpoints/{}/", endpoint.str("id"))
}
