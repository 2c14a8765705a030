//! What is near, wherever on earth.
#![expect(clippy::float_arithmetic, reason = "geography, not money")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    cells::{COARSE, FINE},
    geo::Point,
};

/// Great-circle kilometres by the haversine formula.
fn haversine(a: Point, b: Point) -> f64 {
    let half = |x: f64, y: f64| ((y - x).to_radians() / 2.0).sin().powi(2);
    let cos = a.latitude.to_radians().cos() * b.latitude.to_radians().cos();
    let h = half(a.latitude, b.latitude) + cos * half(a.longitude, b.longitude);
    2.0 * 6371.0088 * h.clamp(0.0, 1.0).sqrt().asin()
}

#[tokio::test]
async fn services_that_come_to_a_place_are_listed_nearest_first() {
    let market = Market::open().await;
    market.service("Far", json!({"latitude": 52.60, "longitude": 13.4})).await;
    market.service("Near", json!({"latitude": 52.53, "longitude": 13.4})).await;
    market
        .service("Stays at home", json!({"latitude": 52.54, "longitude": 13.4, "service_radius_km": 1}))
        .await;
    market.service("Elsewhere", json!({"latitude": 48.0, "longitude": 11.0})).await;
    let answer = market.visitor.get("/services/nearby/?lat=52.52&lng=13.4").await.expect(200);
    assert_eq!(titles(&answer), ["Near", "Far"]);
    let distances: Vec<_> = (0..2).map(|n| answer["results"][n]["distance_km"].as_f64().unwrap()).collect();
    assert!((distances[0] - 1.11).abs() < 0.01 && (distances[1] - 8.9).abs() < 0.01, "{distances:?}");
    assert_eq!(market.titles("/services/nearby/?lat=52.52&lng=13.4&radius_km=5").await, ["Near"]);
    assert_eq!(
        market.titles("/services/nearby/?lat=52.52&lng=13.4&ordering=-created_at").await,
        ["Near", "Far"]
    );
    assert_eq!(
        market.titles("/services/nearby/?lat=52.52&lng=13.4&category=home&max_price=50&search=far").await,
        ["Far"]
    );
    // The plain list asks for no visit.
    assert_eq!(
        market.titles("/services/?lat=52.52&lng=13.4&radius_km=5&ordering=distance").await,
        ["Near", "Stays at home"]
    );
    assert_eq!(
        market.titles("/services/?lat=52.52&lng=13.4&ordering=distance").await.last().unwrap(),
        "Elsewhere"
    );
}

#[tokio::test]
async fn poles_and_the_date_line_are_no_edges() {
    let market = Market::open().await;
    market.service("Fiji", json!({"latitude": -17.0, "longitude": 179.95})).await;
    market.service("North", json!({"latitude": 89.95, "longitude": -120.0})).await;
    assert_eq!(market.titles("/services/nearby/?lat=-17&lng=-179.95&radius_km=20").await, ["Fiji"]);
    assert_eq!(market.titles("/services/nearby/?lat=-17&lng=180&radius_km=20").await, ["Fiji"]);
    assert_eq!(market.titles("/services/nearby/?lat=89.95&lng=60&radius_km=20").await, ["North"]);
    assert_eq!(market.titles("/services/nearby/?lat=90&lng=0&radius_km=20").await, ["North"]);
    assert_eq!(market.titles("/services/nearby/?lat=-90&lng=0&radius_km=20").await, [""; 0]);
}

#[tokio::test]
async fn a_service_without_a_place_of_its_own_starts_where_its_provider_does() {
    let market = Market::open().await;
    market.service("Homeless", json!({"latitude": null, "longitude": null})).await;
    assert_eq!(market.titles("/services/nearby/?lat=1&lng=2").await, [""; 0]);
    assert_eq!(market.titles("/services/?lat=1&lng=2&ordering=distance").await, [""; 0]);
    sqlx::query!("update providers set latitude = 1, longitude = 2")
        .execute(&market.test.app.db)
        .await
        .unwrap();
    assert_eq!(market.titles("/services/nearby/?lat=1&lng=2").await, ["Homeless"]);
}

/// Both sides cut the earth into the same cells.
#[tokio::test]
async fn the_database_has_the_same_cells() {
    let market = Market::open().await;
    let (mut latitudes, mut longitudes) = (Vec::new(), Vec::new());
    for n in -360..=360_i32 {
        for m in
            [-180.0, -179.999, -90.25, -0.25, -1e-12, 0.0, 0.1, 13.405, 89.75, 179.75, 179.999_999, 180.0]
        {
            latitudes.push(f64::from(n) / 4.0 + if n % 3 == 0 || n.abs() == 360 { 0.0 } else { 0.01 });
            longitudes.push(m);
        }
    }
    let rows = sqlx::query!(
        r#"select search_cell(0.25, 1440, a, b) as "fine!", search_cell(2, 180, a, b) as "coarse!"
             from unnest($1::float8[], $2::float8[]) with ordinality x(a, b, n) order by n"#,
        &latitudes,
        &longitudes,
    );
    let rows = rows.fetch_all(&market.test.app.db).await.unwrap();
    for (row, (latitude, longitude)) in rows.iter().zip(latitudes.into_iter().zip(longitudes)) {
        let place = Point { latitude, longitude };
        let expected = (format!("f{}", row.fine), format!("h{}", row.coarse));
        assert_eq!((FINE.cell(place), COARSE.cell(place)), expected, "{place:?}");
    }
}

/// What PostgreSQL finds is what brute force over all services finds, anywhere on earth.
#[test]
fn nearby_agrees_with_brute_force() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let market = runtime.block_on(Market::open());
    let mut seed = 1_u64;
    let mut next = |low: f64, high: f64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        low + (high - low) * (f64::from(u32::try_from(seed >> 33).unwrap()) / f64::from(u32::MAX >> 1))
    };
    // Around the poles, the date line and Greenwich, where mistakes would hide.
    let mut places = Vec::new();
    for (latitude, longitude) in [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (52.0, 0.0), (-17.0, -180.0)] {
        for _ in 0..12 {
            let latitude = (latitude + next(-1.5, 1.5)).clamp(-90.0, 90.0);
            let longitude =
                if latitude.abs() > 85.0 { next(-180.0, 180.0) } else { longitude + next(-1.5, 1.5) };
            let longitude = if longitude > 180.0 {
                longitude - 360.0
            } else if longitude < -180.0 {
                longitude + 360.0
            } else {
                longitude
            };
            places.push((Point { latitude, longitude }, next(1.0, 200.0).round()));
        }
    }
    runtime.block_on(async {
        for (n, (place, reach)) in places.iter().enumerate() {
            let there =
                json!({"latitude": place.latitude, "longitude": place.longitude, "service_radius_km": format!("{reach:.0}").parse::<i32>().unwrap()});
            market.service(&format!("{n}"), there).await;
        }
    });
    let offset = || -1.5..=1.5_f64;
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(at in 0..60_usize, north in offset(), east in offset(), radius in 1.0..200.0_f64)| {
        let near = places[at].0;
        let latitude = (near.latitude + north).clamp(-90.0, 90.0);
        let longitude = near.longitude + east;
        let longitude = if longitude > 180.0 { longitude - 360.0 } else if longitude < -180.0 { longitude + 360.0 } else { longitude };
        let centre = Point { latitude, longitude };
        let path = format!("/services/nearby/?lat={latitude}&lng={longitude}&radius_km={radius}&page_size=100");
        let answer = runtime.block_on(market.visitor.get(&path)).expect(200);
        let mut expected: Vec<String> = places.iter().enumerate()
            .filter(|(_, (place, reach))| haversine(centre, *place) <= radius.min(*reach))
            .map(|(n, _)| n.to_string()).collect();
        let mut found = titles(&answer);
        let distances: Vec<f64> = found.iter().map(|n| haversine(centre, places[n.parse::<usize>().unwrap()].0)).collect();
        // Equal but for rounding: several places are the pole itself.
        prop_assert!(distances.is_sorted_by(|a, b| *a <= b + 1e-6), "{distances:?}");
        for (service, distance) in answer["results"].as_array().unwrap().iter().zip(&distances) {
            let shown = service["distance_km"].as_f64().unwrap();
            prop_assert!((shown - distance).abs() <= 0.006 + distance * 0.0001, "{shown} {distance}");
        }
        expected.sort();
        found.sort();
        prop_assert_eq!(&found, &expected);
        let path = format!("/services/popular/?lat={latitude}&lng={longitude}&radius_km={radius}&page_size=100");
        let mut popular = titles(&runtime.block_on(market.visitor.get(&path)).expect(200));
        popular.sort();
        prop_assert_eq!(&popular, &expected);
    });
}
