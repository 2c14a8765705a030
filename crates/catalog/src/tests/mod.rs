//! The catalogue over HTTP.

mod categories;
mod favourites;
mod images;
mod moderation;
mod offers;
mod providers;
mod rules;
mod services;
mod views;

use std::sync::Arc;

use platform::{
    ids::{CategoryId, ServiceId},
    jobs::Registry,
    testing::{Answer, Client, TestApp, TokenIsUserId},
};
use serde_json::{Value, json};

use crate::testing;

/// The catalogue with a category, and a provider named Ada.
struct World {
    t: TestApp,
    ada: Client,
    category: CategoryId,
}

async fn world() -> World {
    world_with(&[]).await
}

/// With these settings.
async fn world_with(args: &[&str]) -> World {
    let registry = crate::register(Registry::default());
    let t = TestApp::with(crate::router(), registry, Arc::new(TokenIsUserId), args).await;
    let ada = t.provider("Ada").await;
    let category = testing::category(&t.app, "cleaning").await;
    World { t, ada, category }
}

impl World {
    /// The least that makes a service.
    fn offer(&self) -> Value {
        json!({"category_id": self.category, "title": "Windows", "description": "", "price": 49.9, "duration_minutes": 60})
    }

    /// The least, with changes.
    fn offer_with(&self, changes: &Value) -> Value {
        let mut offer = self.offer();
        for (name, value) in changes.as_object().unwrap() {
            offer[name] = value.clone();
        }
        offer
    }

    async fn create(&self, changes: &Value) -> Answer {
        self.ada.post("/services/", self.offer_with(changes)).await
    }

    /// A published service of Ada's.
    async fn service(&self) -> ServiceId {
        testing::service(&self.t.app, self.ada.id(), self.category, "Windows").await
    }

    /// A booking of a service in some state, as a row.
    async fn book(&self, service: ServiceId, state: &str) {
        let customer = self.t.user(&format!("Customer {state}")).await;
        let sql = format!(
            "insert into bookings (id, reference, customer_id, provider_id, service_id, state, list_position, timezone,
                 starts_at, ends_at, service_title, service_price_minor, credits_required, currency, duration_minutes,
                 buffer_before_minutes, buffer_after_minutes, cancellation_policy, commission_bps, books_instantly,
                 total_minor, payment_method, payment_type, payment_status, created_at, updated_at)
             values (gen_random_uuid(), gen_random_uuid()::text, '{customer}', '{provider}', '{service}', '{state}', 0,
                 'Europe/Berlin', '2026-03-09 09:00+00', '2026-03-09 10:00+00', 'Windows', 4990, 0, 'EUR', 60, 0, 0,
                 'flexible', 1500, false, 4990, 'cash', 'immediate', 'unpaid', now(), now())",
            customer = customer.id(),
            provider = self.ada.id(),
        );
        self.sql(&sql).await;
    }

    async fn sql(&self, sql: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&self.t.app.db).await.unwrap();
        self.t.app.cache.clear();
    }

    /// What the outbox holds, a line an event; then it is empty.
    async fn events(&self) -> Vec<String> {
        let rows = sqlx::query!(
            "with gone as (delete from outbox returning *) select topic, payload from gone order by id"
        );
        let rows = rows.fetch_all(&self.t.app.db).await.unwrap();
        rows.into_iter().map(|row| format!("{} {}", row.topic, row.payload)).collect()
    }
}

/// The sentences for one field of a refused request.
fn sentence(answer: &Answer, field: &str) -> String {
    let errors = answer.body["errors"].as_object().unwrap_or_else(|| panic!("{}", answer.text()));
    let all = errors.get(field).unwrap_or_else(|| panic!("no {field} in {}", answer.text()));
    all[0].as_str().unwrap().to_owned()
}
