//! Completions.

use serde_json::json;

use super::*;

impl Market {
    async fn suggested(&self, q: &str, lang: &str) -> Vec<String> {
        self.test.app.cache.clear();
        let answer =
            self.test.anonymous().get(&format!("/services/suggest/?q={q}&lang={lang}")).await.expect(200);
        let results = answer["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| {
                format!("{} {}", result["kind"].as_str().unwrap(), result["text"].as_str().unwrap())
            })
            .collect()
    }
}

#[tokio::test]
async fn categories_come_first_and_then_titles_by_popularity() {
    let market = Market::open().await;
    catalog::testing::category(&market.test.app, "garden").await;
    market.service("Garden design", json!({"popularity": 1.0})).await;
    market.service("My garden", json!({"popularity": 2.0})).await;
    market.service("My Garden", none()).await;
    market.service("Dogs", json!({"description": "in the garden"})).await;
    assert_eq!(
        market.suggested("gar", "en").await,
        ["category garden en", "service My Garden", "service Garden design"]
            .map(|s| s.replace("My Garden", "My garden"))
    );
    assert_eq!(market.suggested("garden+des", "en").await, ["service Garden design"]);
    assert_eq!(market.suggested("gar", "de").await.first().unwrap(), "category garden de");
}

#[tokio::test]
async fn titles_are_completed_in_the_language_asked_for() {
    let market = Market::open().await;
    market
        .service(
            "Window cleaning",
            json!({"translations": {"de": {"title": "Fenster putzen", "description": ""}}}),
        )
        .await;
    assert_eq!(market.suggested("fen", "de").await, ["service Fenster putzen"]);
    assert_eq!(market.suggested("fen", "en").await, [""; 0]);
    market.learn().await;
    assert_eq!(market.suggested("fesnter", "de").await, ["service Fenster putzen"]);
}

#[tokio::test]
async fn there_are_at_most_ten_and_no_names_of_people() {
    let market = Market::open().await;
    for n in 0..15 {
        market.service(&format!("Painting {n}"), none()).await;
    }
    assert_eq!(market.suggested("paint", "en").await.len(), 10);
    assert_eq!(market.suggested("petra", "en").await, [""; 0]);
    assert_eq!(market.suggested("", "en").await, [""; 0]);
    market.visitor.get("/services/suggest/").await.refused(422, "validation_failed");
    market
        .visitor
        .get(&format!("/services/suggest/?q={}", "x".repeat(201)))
        .await
        .refused(422, "validation_failed");
}
