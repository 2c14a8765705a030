//! Each filter, and what is refused.

use rstest::rstest;
use serde_json::json;

use super::*;

#[tokio::test]
async fn services_answer_as_the_contract_says() {
    let market = Market::open().await;
    market
        .service("Cleaning", json!({"rating_sum": 9, "rating_count": 2, "description": "All of it."}))
        .await;
    let answer = market.visitor.get("/services/?lat=52.52&lng=13.405&facets=true").await.expect(200);
    insta::assert_snapshot!(answer.masked());
}

#[tokio::test]
async fn a_category_is_named_by_id_or_slug_and_holds_what_is_below_it() {
    let market = Market::open().await;
    let app = &market.test.app;
    let below = catalog::testing::category_below(app, "windows", Some(market.category)).await;
    let deeper = catalog::testing::category_below(app, "skylights", Some(below)).await;
    let other = catalog::testing::category(app, "other").await;
    for (title, category) in [("A", market.category), ("B", below), ("C", deeper), ("D", other)] {
        market.service(title, json!({"category_id": category})).await;
    }
    for (query, expected) in [
        ("category=home".to_owned(), vec!["C", "B", "A"]),
        (format!("category_id={}", market.category), vec!["C", "B", "A"]),
        ("category=windows&ordering=price".to_owned(), vec!["B", "C"]),
        ("category=skylights".to_owned(), vec!["C"]),
        ("category=home&category_id=windows".to_owned(), vec!["C", "B"]),
        ("category=nothing".to_owned(), vec![]),
        (format!("category={}", CategoryId::at(market.test.now())), vec![]),
    ] {
        assert_eq!(market.titles(&format!("/services/?{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn numbers_limit_from_both_sides() {
    let market = Market::open().await;
    sqlx::query!("update providers set is_verified = true").execute(&market.test.app.db).await.unwrap();
    let unverified = market.test.provider("Ugo").await;
    market
        .service(
            "A",
            json!({"price_minor": 1000, "duration_minutes": 30, "rating_sum": 9, "rating_count": 2}),
        )
        .await;
    market
        .service(
            "B",
            json!({"price_minor": 2000, "duration_minutes": 60, "rating_sum": 4, "rating_count": 1}),
        )
        .await;
    market.service_of(unverified.id(), "C", json!({"price_minor": 3000, "duration_minutes": 90})).await;
    market.service("D", json!({"price_minor": 30, "currency": "JPY", "duration_minutes": 120})).await;
    for (query, expected) in [
        ("min_price=20", vec!["B", "C", "D"]),
        ("max_price=20", vec!["A", "B"]),
        ("min_price=10.01&max_price=29.99", vec!["B"]),
        ("min_price=30&max_price=30", vec!["C", "D"]),
        ("min_rating=4", vec!["A", "B"]),
        ("min_rating=4.5", vec!["A"]),
        ("min_rating=0", vec!["A", "B", "C", "D"]),
        ("verified=true", vec!["A", "B", "D"]),
        ("verified=false", vec!["A", "B", "C", "D"]),
        ("max_duration=60", vec!["A", "B"]),
        ("max_duration=60&min_rating=4&max_price=15&verified=true", vec!["A"]),
    ] {
        for order in [
            "",
            "&category=home",
            "&ordering=price",
            "&category=home&ordering=-rating",
            "&ordering=popularity",
        ] {
            let path = format!("/services/?{query}{order}");
            let mut found = market.titles(&path).await;
            found.sort();
            assert_eq!(found, expected, "{path}");
            assert_eq!(market.visitor.get(&path).await["count"], expected.len(), "{path}");
        }
    }
}

#[tokio::test]
async fn services_of_a_provider_and_services_by_id() {
    let market = Market::open().await;
    let other = market.test.provider("Otto").await;
    let a = market.service("A", none()).await;
    let b = market.service_of(other.id(), "B", none()).await;
    let c = market.service("C", none()).await;
    let id = market.provider.id();
    assert_eq!(market.titles(&format!("/services/?provider={id}")).await, ["C", "A"]);
    assert_eq!(market.titles(&format!("/services/?ids={a}&ids={b}")).await, ["B", "A"]);
    assert_eq!(
        market.titles(&format!("/services/?ids={a},{b},{c}&provider={id}&ordering=price")).await,
        ["A", "C"]
    );
    assert_eq!(market.titles(&format!("/services/?ids={}", ServiceId::at(market.test.now()))).await, [""; 0]);
}

#[rstest]
#[case("ordering=title", "ordering")]
#[case("min_price=cheap", "min_price")]
#[case("min_price=-1", "min_price")]
#[case("max_price=1.999", "max_price")]
#[case("min_price=9&max_price=8", "min_price")]
#[case("min_rating=6", "min_rating")]
#[case("min_rating=NaN", "min_rating")]
#[case("verified=maybe", "verified")]
#[case("max_duration=0", "max_duration")]
#[case("max_duration=9999999999", "max_duration")]
#[case("lat=52", "lng")]
#[case("lng=13", "lat")]
#[case("radius_km=5", "lat")]
#[case("lat=91&lng=0", "lat")]
#[case("lat=inf&lng=0", "lat")]
#[case("lat=0&lng=181", "lng")]
#[case("lat=0&lng=0&radius_km=201", "radius_km")]
#[case("lat=0&lng=0&radius_km=0", "radius_km")]
#[case("ordering=distance", "lat")]
#[case("available_on=2026-02-30", "available_on")]
#[case("available_on=tomorrow", "available_on")]
#[case("ids=1", "ids")]
#[case("provider=1", "provider")]
#[case("facets=2", "facets")]
#[case("page_size=0", "page_size")]
#[case("page_size=101", "page_size")]
#[case("page=0", "page")]
#[tokio::test]
async fn bad_parameters_are_refused_by_name(#[case] query: &str, #[case] field: &str) {
    let market = Market::open().await;
    for client in [&market.visitor, &market.test.anonymous()] {
        let answer = client.get(&format!("/services/?{query}")).await.refused(422, "validation_failed");
        assert!(answer["errors"][field].is_array(), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_of_ours_is_refused() {
    let market = Market::open().await;
    for path in ["/services/", "/services/popular/", "/services/nearby/?lat=1&lng=1", "/providers/"] {
        let query = if path.contains('?') { "&" } else { "?" };
        market.visitor.get(&format!("{path}{query}cursor=abc")).await.refused(400, "cursor_invalid");
    }
}

#[tokio::test]
async fn long_and_many_values_are_refused() {
    let market = Market::open().await;
    let ids = vec![ServiceId::at(market.test.now()).to_string(); 101].join(",");
    for (query, field) in [
        (format!("ids={ids}"), "ids"),
        (format!("search={}", "x".repeat(201)), "search"),
        (format!("category={}", "x".repeat(101)), "category"),
    ] {
        let answer =
            market.visitor.get(&format!("/services/?{query}")).await.refused(422, "validation_failed");
        assert!(
            answer["errors"][field].is_array() || answer["errors"]["ids.0"].is_array(),
            "{}",
            answer.text()
        );
    }
    market.visitor.get("/services/?search=a%00b").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn nearby_needs_a_place() {
    let market = Market::open().await;
    for (query, field) in
        [("", "lat"), ("lat=1", "lng"), ("lat=1&lng=x", "lng"), ("lat=1&lng=1&radius_km=300", "radius_km")]
    {
        let answer =
            market.visitor.get(&format!("/services/nearby/?{query}")).await.refused(422, "validation_failed");
        assert!(answer["errors"][field].is_array(), "{}", answer.text());
    }
}
