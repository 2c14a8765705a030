//! Services that can be booked on a day.

use serde_json::json;

use super::*;

impl Market {
    /// Opening hours on Tuesdays from nine to eleven.
    async fn opens(&self, provider: UserId) {
        sqlx::query!(
            "insert into schedules (provider_id, timezone, weekly, exceptions, min_notice_minutes, max_advance_days,
                    buffer_before_minutes, buffer_after_minutes, slot_step_minutes, auto_accept, updated_at)
             values ($1, 'Europe/Berlin', $2, $3, 60, 30, 0, 0, 30, true, $4)",
            provider as _,
            json!([{"weekday": 2, "start": "09:00:00", "end": "11:00:00"}]),
            json!([{"date": "2026-03-17", "is_available": false, "intervals": [], "reason": null}]),
            self.test.now() as _,
        ).execute(&self.test.app.db).await.unwrap();
    }

    async fn holds(&self, provider: UserId, from: &str, to: &str) {
        sqlx::query!(
            "insert into reservations (provider_id, booking_id, purpose, starts_at, ends_at, blocked)
             values ($1, gen_random_uuid(), 'booking', $2::text::timestamptz, $3::text::timestamptz,
                     tstzrange($2::text::timestamptz, $3::text::timestamptz))",
            provider as _,
            from,
            to
        )
        .execute(&self.test.app.db)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn only_what_is_truly_bookable_on_the_day_is_listed() {
    let market = Market::open().await;
    let closed = market.test.provider("Closed").await;
    market.opens(market.provider.id()).await;
    market.service("Hour", none()).await;
    market.service("Two hours", json!({"duration_minutes": 120})).await;
    market.service("Three hours", json!({"duration_minutes": 180})).await;
    market.service_of(closed.id(), "Never", none()).await;
    for (day, expected) in [
        ("2026-03-03", vec!["Two hours", "Hour"]),
        ("2026-03-04", vec![]),
        // Closed that day, in the past, and beyond the horizon.
        ("2026-03-17", vec![]),
        ("2026-02-24", vec![]),
        ("2026-06-02", vec![]),
    ] {
        assert_eq!(market.titles(&format!("/services/?available_on={day}")).await, expected, "{day}");
    }
    market.holds(market.provider.id(), "2026-03-03T08:00:00Z", "2026-03-03T09:00:00Z").await;
    assert_eq!(market.titles("/services/?available_on=2026-03-03&search=hour").await, ["Hour"]);
    assert_eq!(market.titles("/services/nearby/?available_on=2026-03-03&lat=52.5&lng=13.4").await, ["Hour"]);
    market.holds(market.provider.id(), "2026-03-03T09:00:00Z", "2026-03-03T10:00:00Z").await;
    assert_eq!(market.titles("/services/?available_on=2026-03-03").await, [""; 0]);
    assert_eq!(market.titles("/services/?available_on=2026-03-10").await, ["Two hours", "Hour"]);
    sqlx::query!("update providers set is_available = false").execute(&market.test.app.db).await.unwrap();
    assert_eq!(market.titles("/services/?available_on=2026-03-10").await, [""; 0]);
}

#[tokio::test]
async fn a_rare_day_is_found_page_by_page() {
    let market = Market::open().await;
    let closed = market.test.provider("Closed").await;
    market.opens(market.provider.id()).await;
    market.service("First", json!({"price_minor": 1})).await;
    let id = market.service_of(closed.id(), "Never", json!({"price_minor": 2})).await;
    sqlx::query!(
        "insert into services (id, provider_id, category_id, language, title, description, price_minor, currency,
                               duration_minutes, service_radius_km, created_at, updated_at)
         select gen_random_uuid(), provider_id, category_id, language, 'Never', '', 2 + n, currency, 60, 25,
                created_at, updated_at from services, generate_series(1, 600) n where id = $1",
        id as _
    ).execute(&market.test.app.db).await.unwrap();
    market.service("Last", json!({"price_minor": 9999})).await;
    let path_of_day = "/services/?available_on=2026-03-03&ordering=price";
    let first = market.visitor.get(path_of_day).await.expect(200);
    assert_eq!((titles(&first), &first["count_exact"]), (vec!["First".to_owned()], &Value::Bool(false)));
    assert_eq!(walk(&market.visitor, path_of_day).await, ["First", "Last"]);
    let last = market.visitor.get(&path(&first["next"]).unwrap()).await.expect(200);
    let back = market.visitor.get(&path(&last["previous"]).unwrap()).await.expect(200);
    assert!(titles(&back).is_empty() || titles(&back) == ["First"]);
}
