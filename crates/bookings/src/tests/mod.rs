//! Bookings over HTTP, and the people and services that the tests share.

mod cancelling;
mod creating;
mod disputes;
mod life;
mod moving;
mod races;
mod reading;
mod table;

use std::sync::Arc;

use jiff::SignedDuration;
use platform::{
    ids::{CategoryId, ServiceId},
    jobs::Registry,
    outbox::Event as _,
    testing::{Answer, Client, TestApp, TokenIsUserId},
    time::Instant,
};
use serde_json::{Value, json};

/// A customer, a provider in Berlin who works from 8 to 20 every day, and their service of an hour and a half.
struct World {
    t: TestApp,
    ann: Client,
    bob: Client,
    service: ServiceId,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(args: &[&str]) -> Self {
        let router = crate::router().merge(scheduling::router());
        let registry = crate::register(Registry::default());
        let t = TestApp::with(router, registry, Arc::new(TokenIsUserId), args).await;
        let (ann, bob) = (t.user("Ann Lee").await, t.provider("Bob Weber").await);
        let service = service(&t, &bob, 90).await;
        let world = Self { t, ann, bob, service };
        world.schedule(json!({})).await;
        world
    }

    /// The same, but nobody has to answer.
    async fn instant() -> Self {
        let world = Self::new().await;
        world.schedule(json!({"auto_accept": true})).await;
        world
    }

    async fn schedule(&self, changes: Value) {
        let weekly: Vec<_> =
            (1..=7).map(|day| json!({"weekday": day, "start": "08:00", "end": "20:00"})).collect();
        let mut schedule = json!({"timezone": "Europe/Berlin", "weekly": weekly});
        schedule.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.bob.put("/providers/schedule/", schedule).await.expect(200);
    }

    fn body(&self, date: &str, time: &str) -> Value {
        json!({"service_id": self.service, "scheduled_date": date, "scheduled_time": time, "payment_method": "cash"})
    }

    /// Ann books; the path of her booking.
    async fn book(&self, date: &str, time: &str) -> String {
        let answer = self.ann.post("/bookings/", self.body(date, time)).await.expect(201);
        format!("/bookings/{}/", answer.str("id"))
    }

    /// The same, and Bob has agreed.
    async fn confirmed(&self, date: &str, time: &str) -> String {
        let path = self.book(date, time).await;
        if self.ann.get(&path).await["sub_status"] == "pending_acceptance" {
            self.bob.put(&job(&path, "accept"), json!({})).await.expect(200);
        }
        path
    }

    /// The time moves to this instant.
    fn at(&self, when: &str) {
        let wanted = instant(when);
        self.t.advance(wanted.since(self.t.now()));
    }

    fn hours(&self, hours: i64) {
        self.t.advance(SignedDuration::from_hours(hours));
    }

    async fn state(&self, path: &str) -> String {
        self.ann.get(path).await.expect(200).str("sub_status")
    }

    /// What is held of Bob's time, as `09:00-10:30`, in UTC.
    async fn held(&self) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select to_char(starts_at at time zone 'UTC', 'DD HH24:MI') || to_char(ends_at at time zone 'UTC', '-HH24:MI')
                      || case purpose when 'proposal' then ' (proposal)' else '' end as "held!"
                 from reservations order by starts_at"#
        )
        .fetch_all(&self.t.app.db)
        .await
        .unwrap()
    }

    /// The keys of the timers that wait, without ids.
    async fn timers(&self) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select split_part(key, ':', 1) || ' ' || split_part(key, ':', 3) || ' at '
                      || to_char(run_at at time zone 'UTC', 'DD HH24:MI') as "timer!"
                 from jobs where key is not null order by run_at"#
        )
        .fetch_all(&self.t.app.db)
        .await
        .unwrap()
    }

    /// The events that nobody has heard yet, as `created -> pending_acceptance v1`.
    async fn events(&self) -> Vec<String> {
        let all = sqlx::query_scalar!(
            "select payload from outbox where topic = $1 order by id",
            crate::BookingChanged::TOPIC
        );
        let all = all.fetch_all(&self.t.app.db).await.unwrap();
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or("-").to_owned();
        all.iter()
            .map(|e| {
                format!("{} by {} -> {} v{}", text(e, "event"), text(e, "by"), text(e, "state"), e["version"])
            })
            .collect()
    }
}

fn instant(text: &str) -> Instant {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

/// The provider's path for a booking.
fn job(path: &str, verb: &str) -> String {
    format!("/providers/jobs/{}{verb}/", path.strip_prefix("/bookings/").unwrap())
}

/// The history of a booking in a line.
fn story(answer: &Answer) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let lines = answer["history"].as_array().unwrap().iter();
    lines
        .map(|l| format!("{} by {} -> {}", text(&l["event"]), text(&l["by"]), text(&l["to"])))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A service that somebody offers.
async fn service(t: &TestApp, provider: &Client, minutes: i32) -> ServiceId {
    let (category, id) = (CategoryId::at(t.now()), ServiceId::at(t.now()));
    sqlx::query!(
        r#"with c as (insert into categories (id, slug, position, icon, color, name, description)
                      values ($1, $1::uuid::text, 1, 'home', '#112233', '{"en": "Home"}', '{"en": ""}'))
           insert into services (id, provider_id, category_id, language, title, description, translations, price_minor,
                  currency, duration_minutes, service_radius_km, created_at, updated_at)
           values ($2, $3, $1, 'en', 'Window cleaning', 'All windows', '{"de": {"title": "Fensterputzen"}}', 4990, 'EUR',
                  $5, 25, $4, $4)"#,
        category as _,
        id as _,
        provider.id() as _,
        t.now() as _,
        minutes,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    id
}
