//! What `discovery` and `bookings` take from here.

use platform::locale::Language;
use serde_json::json;
use sqlx::{Postgres, QueryBuilder};

use super::world;
use crate::{ProviderRow, ProviderView, Scene, ServiceRow, ServiceView, testing};

#[tokio::test]
async fn a_list_reads_rows_by_the_one_select_list() {
    let w = world().await;
    testing::service(&w.t.app, w.ada.id(), w.category, "Windows").await;
    w.sql(
        "update services set translations = '{\"de\": {\"title\": \"Fenster\", \"description\": \"Alle\"}}'",
    )
    .await;
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query
        .push(ServiceRow::columns(Language::De))
        .push(", true, 2.34567::float8 from services s ")
        .push(ServiceRow::JOINS);
    let rows: Vec<ServiceRow> = query.build_query_as().fetch_all(&w.t.app.db).await.unwrap();
    let scene = Scene::of(&w.t.app, Language::De).await.unwrap();
    let views: Vec<_> = rows.into_iter().map(|row| ServiceView::of(row, &scene)).collect();
    let view = serde_json::to_value(&views[0]).unwrap();
    assert_eq!((&view["title"], &view["category_name"]), (&json!("Fenster"), &json!("cleaning de")));
    assert_eq!(
        (&view["distance_km"], &view["is_favourite"], &view["price"]),
        (&json!(2.35), &json!(true), &json!(49.9))
    );
}

#[tokio::test]
async fn a_directory_reads_rows_by_the_one_select_list() {
    let w = world().await;
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(ProviderRow::COLUMNS).push(" from providers p ").push(ProviderRow::JOINS);
    let row: ProviderRow = query.build_query_as().fetch_one(&w.t.app.db).await.unwrap();
    let scene = Scene::of(&w.t.app, Language::En).await.unwrap();
    let view = serde_json::to_value(ProviderView::of(row, &scene, false)).unwrap();
    assert_eq!(
        (&view["name"], &view["availability"], &view["rating"]),
        (&json!("Ada"), &json!(null), &json!(null))
    );
}
