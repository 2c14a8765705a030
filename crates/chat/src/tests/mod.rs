//! Conversations over HTTP, and the people that the tests share.

mod beginning;
mod changing;
mod files;
mod marks;
mod notes;
mod races;
mod reading;
mod reports;
mod safety;
mod scanning;
mod sending;
mod staff;

use std::sync::Arc;

use platform::{
    auth::{Authenticator as _, Caller},
    ids::{BookingId, CategoryId, ConversationId, ServiceId, UserId},
    jobs::Registry,
    testing::{Answer, Client, TestApp, TokenIsUserId},
};
use serde_json::{Value, json};

/// Ann, who books, and Bob, whom one can book.
struct World {
    t: TestApp,
    ann: Client,
    bob: Client,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(args: &[&str]) -> Self {
        let registry = crate::register(Registry::default());
        let t = TestApp::with(crate::router(), registry, Arc::new(TokenIsUserId), args).await;
        let (ann, bob) = (t.user("Ann Lee").await, t.provider("Bob Weber").await);
        Self { t, ann, bob }
    }

    /// Ann writes to Bob for the first time; the id of their conversation.
    async fn conversation(&self) -> String {
        begin(&self.ann, json!({"provider_id": self.bob.id()})).await.expect(201).str("id")
    }

    async fn caller(&self, client: &Client) -> Caller {
        TokenIsUserId.authenticate(&self.t.app, &client.id().to_string()).await.unwrap()
    }

    /// A booking of Bob by Ann in this state.
    async fn booking(&self, state: &str) -> BookingId {
        booking(&self.t, self.ann.id(), self.bob.id(), state).await
    }

    async fn set_state(&self, booking: BookingId, state: &str) {
        sqlx::query!("update bookings set state = $2 where id = $1", booking as _, state)
            .execute(&self.t.app.db)
            .await
            .unwrap();
    }

    /// What stands in the log of somebody, as `message.created 3`.
    async fn log(&self, client: &Client) -> Vec<(String, Value)> {
        let rows = sqlx::query!(
            "select kind, data from user_events where user_id = $1 order by id",
            client.id() as _
        );
        rows.fetch_all(&self.t.app.db).await.unwrap().into_iter().map(|row| (row.kind, row.data)).collect()
    }
}

async fn begin(client: &Client, body: Value) -> Answer {
    client.post("/chat/conversations/", body).await
}

/// Somebody writes something.
async fn say(client: &Client, conversation: &str, content: &str) -> Answer {
    let body = json!({"conversation_id": conversation, "content": content});
    client.post("/chat/messages/", body).await
}

async fn messages(client: &Client, conversation: &str, more: &str) -> Answer {
    client.get(&format!("/chat/messages/?conversation_id={conversation}{more}")).await
}

async fn get(client: &Client, conversation: &str) -> Answer {
    client.get(&format!("/chat/conversations/{conversation}/")).await
}

fn seqs(answer: &Answer) -> Vec<i64> {
    answer["results"].as_array().unwrap().iter().map(|message| message["seq"].as_i64().unwrap()).collect()
}

fn id_of(conversation: &str) -> ConversationId {
    conversation.parse().unwrap()
}

async fn booking(t: &TestApp, customer: UserId, provider: UserId, state: &str) -> BookingId {
    let (category, service, id) = (CategoryId::at(t.now()), ServiceId::at(t.now()), BookingId::at(t.now()));
    sqlx::query!(
        r#"with c as (insert into categories (id, slug, position, icon, color, name, description)
                      values ($1, $1::uuid::text, 1, 'home', '#112233', '{"en": "Home"}', '{"en": ""}'))
           insert into services (id, provider_id, category_id, language, title, description, translations, price_minor,
                  currency, duration_minutes, service_radius_km, created_at, updated_at)
           values ($2, $3, $1, 'en', 'Window cleaning', 'All windows', '{}', 4990, 'EUR', 90, 25, $4, $4)"#,
        category as _,
        service as _,
        provider as _,
        t.now() as _,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    sqlx::query!(
        "insert into bookings (id, reference, customer_id, provider_id, service_id, state, list_position, timezone,
                starts_at, ends_at, service_title, service_price_minor, credits_required, currency, duration_minutes,
                buffer_before_minutes, buffer_after_minutes, cancellation_policy, commission_bps, books_instantly,
                total_minor, payment_method, payment_type, payment_status, created_at, updated_at)
         values ($1, $1::uuid::text, $2, $3, $4, $5, 1, 'Europe/Berlin', $6, $6::timestamptz + interval '1 hour', 'Windows',
                 4990, 0, 'EUR', 60, 0, 0, 'flexible', 1500, false, 4990, 'cash', 'later', 'unpaid', $6, $6)",
        id as _,
        customer as _,
        provider as _,
        service as _,
        state,
        t.now() as _,
    )
    .execute(&t.app.db)
    .await
    .unwrap();
    id
}

async fn block(t: &TestApp, blocker: &Client, blocked: &Client) {
    sqlx::query!(
        "insert into user_blocks values ($1, $2, $3)",
        blocker.id() as _,
        blocked.id() as _,
        t.now() as _
    )
    .execute(&t.app.db)
    .await
    .unwrap();
}
