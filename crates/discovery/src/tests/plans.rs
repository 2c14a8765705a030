//! How PostgreSQL answers: from indexes, whatever the parameters are.

use platform::locale::Language;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::*;
use crate::{
    filters::{Around, Filters, Ordering},
    finder::Finder,
    geo::Point,
    keys::Key,
    query::{Search, Slice},
};

impl Market {
    /// Enough services that a plan matters, spread over Germany.
    async fn crowd(&self) {
        let id = self.service("Cleaning", none()).await;
        let db = &self.test.app.db;
        sqlx::raw_sql("alter table services disable trigger user").execute(db).await.unwrap();
        sqlx::query!(
            "insert into services (id, provider_id, category_id, language, title, description, price_minor, currency,
                                   duration_minutes, latitude, longitude, service_radius_km, popularity, created_at,
                                   updated_at)
             select gen_random_uuid(), provider_id, category_id, language,
                    case n % 20 when 0 then 'Cleaning ' else 'Other ' end || n, 'Words of service ' || n || repeat(' -', 700), n, currency,
                    60, 47 + (n % 71) / 10.0, 6 + (n % 97) / 11.0, 25, n, created_at - n * interval '1 minute', updated_at
               from services, generate_series(1, 3000) n where id = $1",
            id as _
        )
        .execute(db)
        .await
        .unwrap();
        sqlx::raw_sql("alter table services enable trigger user; analyze services")
            .execute(db)
            .await
            .unwrap();
        crate::rebuild(db).await.unwrap();
    }
}

/// The plan that is kept for a statement, whatever its parameters will be.
async fn kept_plan(db: &mut PgConnection, search: &Search<'_>, key: Option<Key>) -> String {
    let slice = Slice { key, back: false, limit: 21, offset: 0 };
    let (params, text, kept) = search.compose(slice, true, false);
    assert!(kept);
    let nulls = vec!["null"; params.len()].join(", ");
    let script = format!("deallocate all; prepare q as {text}; explain (costs off) execute q({nulls})");
    let lines = sqlx::raw_sql(AssertSqlSafe(script)).fetch_all(db).await.unwrap();
    lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect()
}

#[tokio::test]
async fn kept_plans_read_no_table_as_a_whole() {
    let market = Market::open().await;
    market.crowd().await;
    let mut db = market.test.app.db.acquire().await.unwrap();
    sqlx::raw_sql("set plan_cache_mode = force_generic_plan").execute(&mut *db).await.unwrap();
    let terms = Finder::default().terms(&market.test.app, Language::En, "cleaning").await.unwrap();
    let point = Point { latitude: 50.0, longitude: 9.0 };
    let near = Some(Around { point, radius_km: Some(50.0), must_reach: true });
    let all = Filters::default();
    let categories = Some(vec![market.category.uuid()]);
    let in_category = Filters { categories: categories.clone(), max_price: Some(90_000), ..all.clone() };
    let nearby = Filters { around: near, ..all.clone() };
    let nearby_in_category = Filters { categories, ..nearby.clone() };
    let key = Some((5, ServiceId::at(market.test.now())));
    for (filters, terms, ordering, index) in [
        (&all, None, Ordering::Newest, "service_search_newest"),
        (&all, None, Ordering::Popularity, "service_search_popular"),
        (&all, None, Ordering::Dearest, "Backward using service_search_price"),
        (&in_category, None, Ordering::Newest, "service_search_category_newest"),
        (&in_category, None, Ordering::Cheapest, "service_search_category_price"),
        (&in_category, None, Ordering::Rating, "service_search_category_rating"),
        (&all, Some(&terms), Ordering::Relevance, "service_search_words"),
        (&in_category, Some(&terms), Ordering::Relevance, "service_search_words"),
        (&nearby, Some(&terms), Ordering::Relevance, "service_search_words"),
        (&nearby_in_category, None, Ordering::Popularity, "service_search_words"),
        (&nearby, None, Ordering::Distance, "service_search_position"),
        (&nearby_in_category, None, Ordering::Distance, "service_search_position"),
    ] {
        let search =
            Search { filters, terms, ordering, language: Language::En, caller: Some(market.visitor.id()) };
        for key in [None, key] {
            let plan = kept_plan(&mut db, &search, key).await;
            assert!(
                plan.contains(index) && !plan.contains("Seq Scan on service"),
                "{ordering:?} {filters:?}\n{plan}"
            );
        }
    }
}
