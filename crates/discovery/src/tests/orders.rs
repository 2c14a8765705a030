//! Orders, and pages that neither repeat nor skip.
#![expect(clippy::float_arithmetic, reason = "places, not money")]

use rstest::rstest;
use serde_json::json;

use super::*;

#[tokio::test]
async fn each_order_is_what_it_says() {
    let market = Market::open().await;
    market
        .service("A", json!({"price_minor": 300, "rating_sum": 5, "rating_count": 1, "popularity": 1.5}))
        .await;
    market.service("C", json!({"price_minor": 200, "latitude": 48.1, "longitude": 11.6})).await;
    market
        .service("B", json!({"price_minor": 100, "rating_sum": 240, "rating_count": 50, "popularity": 0.5}))
        .await;
    for (order, expected) in [
        ("", ["B", "C", "A"]),
        ("ordering=-created_at", ["B", "C", "A"]),
        ("ordering=price", ["B", "C", "A"]),
        ("ordering=-price", ["A", "C", "B"]),
        // Fifty good ratings outshine a perfect one; unrated comes last.
        ("ordering=-rating", ["B", "A", "C"]),
        ("ordering=popularity", ["A", "B", "C"]),
        // Without words, relevance is popularity.
        ("ordering=relevance", ["A", "B", "C"]),
        ("ordering=distance&lat=48&lng=11", ["C", "A", "B"]),
    ] {
        assert_eq!(market.titles(&format!("/services/?{order}")).await, expected, "{order}");
    }
}

#[rstest]
#[case("ordering=-created_at")]
#[case("ordering=price")]
#[case("ordering=-price")]
#[case("ordering=-rating")]
#[case("ordering=popularity")]
#[case("ordering=distance&lat=52.5&lng=13.4")]
#[case("ordering=distance&lat=52.5&lng=13.4&radius_km=200")]
#[case("search=service")]
#[case("search=service&ordering=price")]
#[case("category=home&ordering=price")]
#[case("category=home&ordering=popularity&min_price=1")]
#[case("min_price=1&ordering=-rating")]
#[case("lat=52.5&lng=13.4&radius_km=200&ordering=-price")]
#[tokio::test]
async fn walking_sees_everything_once_while_services_come_and_go(#[case] query: &str) {
    let market = Market::open().await;
    let below = catalog::testing::category_below(&market.test.app, "below", Some(market.category)).await;
    for n in 0..23 {
        // Many are alike, so that only the id tells them apart.
        let alike = json!({"price_minor": 100 + n % 3, "rating_sum": 4 * (n % 2), "rating_count": n % 2,
            "popularity": f64::from(n % 4), "latitude": 52.5 + f64::from(n % 5) / 100.0, "longitude": 13.4,
            "category_id": if n % 2 == 0 { market.category } else { below },
            "description": if n % 3 == 0 { "A service" } else { "" }});
        market.service(&format!("{} {n:02}", if n % 3 == 0 { "Other" } else { "Service" }), alike).await;
    }
    let path_of_all = format!("/services/?{query}&page_size=100");
    let all = market.titles(&path_of_all).await;
    assert_eq!(all.len(), 23);

    let first = format!("/services/?{query}&page_size=4");
    let (mut seen, mut pages, mut next) = (Vec::new(), 0, Some(first.clone()));
    let mut back = None;
    while let Some(page) = next {
        let answer = market.visitor.get(&page).await.expect(200);
        seen.extend(titles(&answer));
        (next, back) = (path(&answer["next"]), path(&answer["previous"]));
        pages += 1;
        market
            .service(
                &format!("Service new {pages}"),
                json!({"latitude": 52.5, "longitude": 13.4, "price_minor": 101}),
            )
            .await;
    }
    let old: Vec<_> = seen.iter().filter(|title| !title.contains("new")).cloned().collect();
    assert_eq!(old, all);
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len());

    // And back again; what was added meanwhile may be on the way.
    let mut behind = seen.len();
    while let Some(page) = back {
        let answer = market.visitor.get(&page).await.expect(200);
        let found: Vec<_> = titles(&answer).into_iter().filter(|title| !title.contains("new")).collect();
        let expected = old.iter().filter(|title| found.contains(title)).cloned().collect::<Vec<_>>();
        assert_eq!(found, expected);
        behind = behind.saturating_sub(1);
        back = path(&answer["previous"]).filter(|_| behind > 0);
    }

    let by_number: Vec<_> = {
        let mut seen = Vec::new();
        for page in 1..=3 {
            seen.extend(market.titles(&format!("/services/?{query}&page_size=20&page={page}")).await);
        }
        seen.into_iter().filter(|title| !title.contains("new")).collect()
    };
    assert_eq!(by_number, all);
}

#[tokio::test]
async fn pages_back_are_the_pages_forth() {
    let market = Market::open().await;
    for n in 0..9 {
        market
            .service(&format!("Service {n}"), json!({"popularity": f64::from(n % 3), "price_minor": n % 2}))
            .await;
    }
    for query in [
        "search=service",
        "ordering=popularity",
        "category=home&ordering=price",
        "ordering=distance&lat=1&lng=1",
    ] {
        let first = market.visitor.get(&format!("/services/?{query}&page_size=3")).await.expect(200);
        let second = market.visitor.get(&path(&first["next"]).unwrap()).await.expect(200);
        let third = market.visitor.get(&path(&second["next"]).unwrap()).await.expect(200);
        assert_eq!((&third["next"], &first["previous"]), (&Value::Null, &Value::Null));
        let back = market.visitor.get(&path(&third["previous"]).unwrap()).await.expect(200);
        assert_eq!(back["results"], second["results"], "{query}");
        let front = market.visitor.get(&path(&back["previous"]).unwrap()).await.expect(200);
        assert_eq!(front["results"], first["results"], "{query}");
        assert_eq!(front["previous"], Value::Null, "{query}");
    }
}

#[tokio::test]
async fn counts_are_exact_up_to_a_thousand() {
    let market = Market::open().await;
    let id = market.service("Service", none()).await;
    let copies = |n: i32| {
        sqlx::query!(
            "insert into services (id, provider_id, category_id, language, title, description, price_minor, currency,
                                   duration_minutes, service_radius_km, created_at, updated_at)
             select gen_random_uuid(), provider_id, category_id, language, title || ' ' || n, '', n, currency, 60, 25,
                    created_at, updated_at from services, generate_series(1, $2::int) n where id = $1",
            id as _,
            n,
        )
    };
    copies(999).execute(&market.test.app.db).await.unwrap();
    for query in ["", "search=service", "ordering=price&min_price=0", "category=home"] {
        let answer = market.visitor.get(&format!("/services/?{query}")).await.expect(200);
        assert_eq!((&answer["count"], &answer["count_exact"]), (&json!(1000), &json!(true)), "{query}");
    }
    copies(1).execute(&market.test.app.db).await.unwrap();
    // Turning pages costs no counting for a moment; then it is counted again.
    assert_eq!(market.visitor.get("/services/").await["count_exact"], true);
    market.test.advance(jiff::SignedDuration::from_secs(1));
    for query in ["", "search=service", "ordering=price&min_price=0", "category=home"] {
        let answer = market.visitor.get(&format!("/services/?{query}")).await.expect(200);
        assert_eq!((&answer["count"], &answer["count_exact"]), (&json!(1000), &json!(false)), "{query}");
    }
    assert_eq!(market.visitor.get("/services/?page=200").await["count"], 1000);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list() {
    let market = Market::open().await;
    for n in 0..3 {
        market.service(&format!("Service {n}"), none()).await;
    }
    let answer = market.visitor.get("/services/?page_size=1&ordering=price").await.expect(200);
    let next = path(&answer["next"]).unwrap();
    market
        .visitor
        .get(&next.replace("ordering=price", "ordering=-price"))
        .await
        .refused(400, "cursor_invalid");
    market
        .visitor
        .get(&next.replace("/services/", "/services/popular/"))
        .await
        .refused(400, "cursor_invalid");
}
