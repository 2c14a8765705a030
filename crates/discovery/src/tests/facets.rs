//! Counts beside a list.

use serde_json::json;

use super::*;

#[tokio::test]
async fn facets_count_per_category_and_price_and_leave_their_own_filter_out() {
    let market = Market::open().await;
    let below = catalog::testing::category_below(&market.test.app, "below", Some(market.category)).await;
    let other = catalog::testing::category(&market.test.app, "other").await;
    for (title, category, price) in [
        ("Cleaning A", market.category, 1000),
        ("Cleaning B", below, 2500),
        ("Cleaning C", other, 60_000),
        ("Dogs", other, 1),
    ] {
        market.service(title, json!({"category_id": category, "price_minor": price})).await;
    }
    let counts = async |query: &str| {
        let answer = market.visitor.get(&format!("/services/?facets=true&{query}")).await.expect(200);
        let facets = &answer["facets"];
        assert_eq!(facets["is_exact"], true);
        let categories: Vec<_> = facets["categories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| format!("{} {}", c["slug"].as_str().unwrap(), c["count"]))
            .collect();
        let prices: Vec<_> =
            facets["prices"].as_array().unwrap().iter().map(|p| p["count"].as_i64().unwrap()).collect();
        (categories.join(", "), prices)
    };
    assert_eq!(counts("").await, ("home 2, below 1, other 2".to_owned(), vec![2, 1, 0, 0, 0, 1]));
    assert_eq!(
        counts("search=cleaning").await,
        ("home 2, below 1, other 1".to_owned(), vec![1, 1, 0, 0, 0, 1])
    );
    assert_eq!(
        counts("category=home").await,
        ("home 2, below 1, other 2".to_owned(), vec![1, 1, 0, 0, 0, 0])
    );
    assert_eq!(counts("max_price=20").await, ("home 1, other 1".to_owned(), vec![2, 1, 0, 0, 0, 1]));
    assert_eq!(
        counts("category=home&max_price=20&search=cleaning").await,
        ("home 1".to_owned(), vec![1, 1, 0, 0, 0, 0])
    );
    assert_eq!(market.visitor.get("/services/").await["facets"], Value::Null);
    assert_eq!(market.visitor.get("/services/?facets=false").await["facets"], Value::Null);
}
