//! Finding things over HTTP.

use std::sync::Arc;

use platform::{
    ids::{CategoryId, ServiceId, UserId},
    jobs::Registry,
    testing::{Answer, Client, TestApp, TokenIsUserId},
};
use serde_json::{Value, json};

mod available;
mod blocked;
mod directory;
mod documents;
mod facets;
mod favourites;
mod filters;
mod nearby;
mod orders;
mod plans;
mod popular;
mod search;
mod suggest;

/// A marketplace with one category, one provider, and somebody who looks around.
struct Market {
    test: TestApp,
    category: CategoryId,
    provider: Client,
    /// Signed in, so that no answer comes from memory.
    visitor: Client,
}

impl Market {
    async fn open() -> Self {
        let registry = crate::register(Registry::default());
        let test = TestApp::with(crate::router(), registry, Arc::new(TokenIsUserId), &[]).await;
        let category = catalog::testing::category(&test.app, "home").await;
        let (provider, visitor) = (test.provider("Petra Handwerk").await, test.user("Vera").await);
        Self { test, category, provider, visitor }
    }

    /// A service in Berlin for 49.90 EUR, with these columns changed.
    async fn service(&self, title: &str, changes: Value) -> ServiceId {
        self.service_of(self.provider.id(), title, changes).await
    }

    async fn service_of(&self, provider: UserId, title: &str, changes: Value) -> ServiceId {
        // Each a moment after the one before, so that the newest is known.
        self.test.advance(jiff::SignedDuration::from_millis(10));
        let id = catalog::testing::service(&self.test.app, provider, self.category, title).await;
        self.change(id, changes).await;
        id
    }

    async fn change(&self, id: ServiceId, changes: Value) {
        sqlx::query!(
            "update services s
                set (title, description, translations, language, price_minor, currency, duration_minutes, category_id,
                     latitude, longitude, service_radius_km, is_active, rating_sum, rating_count, popularity)
                  = (r.title, r.description, r.translations, r.language, r.price_minor, r.currency,
                     r.duration_minutes, r.category_id, r.latitude, r.longitude, r.service_radius_km, r.is_active,
                     r.rating_sum, r.rating_count, r.popularity)
               from (select (jsonb_populate_record(x, $2)).* from services x where x.id = $1) r
              where s.id = $1",
            id as _,
            changes,
        )
        .execute(&self.test.app.db)
        .await
        .expect("the service changes");
    }

    /// Titles of the list that a path gives.
    async fn titles(&self, path: &str) -> Vec<String> {
        titles(&self.visitor.get(path).await.expect(200))
    }

    async fn search(&self, words: &str, lang: &str) -> Vec<String> {
        self.titles(&format!("/services/?search={}&lang={lang}", encoded(words))).await
    }

    /// Puts the words of all services so far into the vocabulary.
    async fn learn(&self) {
        self.test.advance(jiff::SignedDuration::from_mins(1));
        self.test.run_jobs().await;
    }
}

/// Every byte percent-encoded.
fn encoded(text: &str) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).expect("a hex digit");
    text.bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)]).collect()
}

fn titles(answer: &Answer) -> Vec<String> {
    let results = answer["results"].as_array().expect("a list");
    results.iter().map(|service| service["title"].as_str().expect("a title").to_owned()).collect()
}

/// The path and query of a link.
fn path(link: &Value) -> Option<String> {
    let link = link.as_str()?;
    Some(
        link.get(
            link.find("/services")
                .or_else(|| link.find("/providers"))
                .or_else(|| link.find("/favourites"))?..,
        )?
        .to_owned(),
    )
}

/// Walks `next` to the end.
async fn walk(client: &Client, start: &str) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), Some(start.to_owned()));
    while let Some(path_of_page) = next {
        let answer = client.get(&path_of_page).await.expect(200);
        seen.extend(titles(&answer));
        next = path(&answer["next"]);
    }
    seen
}

fn none() -> Value {
    json!({})
}
