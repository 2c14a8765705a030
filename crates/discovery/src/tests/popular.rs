//! What is popular, and that the database reckons it as the formulas say.
#![expect(clippy::float_arithmetic, reason = "a ranking, not money")]

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::ranking::{self, Record};

impl Market {
    /// A booking of a service that was completed so many days ago.
    async fn completed(&self, service: ServiceId, days_ago: i64) {
        let at = self.test.now().minus(SignedDuration::from_hours(24 * days_ago));
        sqlx::query!(
            "insert into bookings (id, reference, customer_id, provider_id, service_id, state, list_position, timezone,
                    starts_at, ends_at, service_title, service_price_minor, credits_required, currency,
                    duration_minutes, buffer_before_minutes, buffer_after_minutes, cancellation_policy, commission_bps,
                    books_instantly, total_minor, payment_method, payment_type, payment_status, created_at, updated_at,
                    completed_at)
             select gen_random_uuid(), gen_random_uuid(), $2, provider_id, id, 'completed', 0, 'UTC',
                    $3::timestamptz - interval '1 hour', $3, title, 0, 0, 'EUR', 60, 0, 0, 'flexible', 0, true, 0,
                    'cash', 'immediate', 'paid', $3, $3, $3
               from services where id = $1",
            service as _,
            self.visitor.id() as _,
            at as _,
        )
        .execute(&self.test.app.db)
        .await
        .expect("a booking");
    }
}

#[tokio::test]
async fn recent_bookings_and_good_ratings_make_a_service_popular() {
    let market = Market::open().await;
    let other = catalog::testing::category(&market.test.app, "other").await;
    let old = market.service("Old", none()).await;
    let loved = market.service("Loved", json!({"rating_sum": 50, "rating_count": 10})).await;
    let disliked =
        market.service("Disliked", json!({"rating_sum": 10, "rating_count": 10, "category_id": other})).await;
    market.service("New", json!({"latitude": 0, "longitude": 0})).await;
    for days in [2, 10] {
        market.completed(loved, days).await;
        market.completed(disliked, days).await;
    }
    market.completed(old, 91).await;
    market.completed(old, 89).await;
    market.test.run_jobs().await;
    let expected = ["Loved", "Disliked", "Old", "New"];
    assert_eq!(market.titles("/services/popular/").await, expected);
    assert_eq!(market.titles("/services/?ordering=popularity").await, expected);
    assert_eq!(market.titles("/services/popular/?category=other").await, ["Disliked"]);
    assert_eq!(market.titles("/services/popular/?lat=52.5&lng=13.4").await, ["Loved", "Disliked", "Old"]);
    assert_eq!(
        walk(&market.visitor, "/services/popular/?lat=52.5&lng=13.4&page_size=1").await,
        ["Loved", "Disliked", "Old"]
    );
    market.visitor.get("/services/popular/?lat=1").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn the_database_reckons_popularity_as_the_formula_says() {
    let market = Market::open().await;
    let cases: [(&[i64], i32, i32); 5] =
        [(&[], 0, 0), (&[0], 0, 0), (&[1, 1, 30, 89, 90, 400], 9, 2), (&[29, 60], 500, 100), (&[5], 1, 1)];
    for (days, rating_sum, rating_count) in cases {
        let id =
            market.service("Service", json!({"rating_sum": rating_sum, "rating_count": rating_count})).await;
        for day in days {
            market.completed(id, *day).await;
        }
        market.test.advance(SignedDuration::from_hours(1));
        market.test.run_jobs().await;
        let now = market.test.now();
        let row = sqlx::query!(
            "select s.popularity, d.popularity as found_by, d.rating_rank,
                    array(select completed_at from bookings where service_id = $1) as \"at!: Vec<platform::time::Instant>\"
               from services s join service_search d on d.service_id = s.id where s.id = $1",
            id as _
        );
        let row = row.fetch_one(&market.test.app.db).await.unwrap();
        let ages: Vec<f64> = row.at.iter().map(|at| now.since(*at).as_secs_f64() / 86_400.0).collect();
        let expected = ranking::popularity(&ages, rating_sum, rating_count);
        assert!((f64::from(row.popularity) - expected).abs() < 0.001 * expected.max(1.0), "{days:?}");
        assert_eq!(row.popularity.to_bits(), row.found_by.to_bits());
        let rank = ranking::rating_rank(rating_sum, rating_count);
        assert!((f64::from(row.rating_rank) - rank).abs() < 0.0001, "{rating_sum}/{rating_count}");
    }
}

#[tokio::test]
async fn the_database_ranks_providers_as_the_formula_says() {
    let market = Market::open().await;
    for n in [0, 1, 7, 100] {
        let record = Record {
            rating_sum: 4 * n,
            rating_count: n,
            completed: 3 * n,
            cancelled: n / 2,
            received: 4 * n,
            answered: 3 * n,
            minutes: 45 * n,
        };
        let rank = sqlx::query_scalar!(
            r#"select search_provider_rank($1, $2, $3, $4, $5, $6, $7) as "rank!""#,
            record.rating_sum,
            record.rating_count,
            record.completed,
            record.cancelled,
            record.received,
            record.answered,
            i64::from(record.minutes),
        );
        let rank = rank.fetch_one(&market.test.app.db).await.unwrap();
        assert!((f64::from(rank) - ranking::provider_rank(record)).abs() < 0.0001, "{record:?}: {rank}");
    }
}
