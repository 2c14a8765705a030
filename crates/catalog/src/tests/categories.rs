//! The tree of categories.

use platform::ids::CategoryId;
use serde_json::json;

use super::world;
use crate::{categories, testing};

#[tokio::test]
async fn the_tree_comes_in_order_with_counts_of_what_is_below() {
    let w = world().await;
    let house = testing::category(&w.t.app, "house").await;
    let windows = testing::category_below(&w.t.app, "windows", Some(house)).await;
    testing::category_below(&w.t.app, "floors", Some(house)).await;
    let panes = testing::category_below(&w.t.app, "panes", Some(windows)).await;
    for category in [windows, windows, panes, w.category] {
        testing::service(&w.t.app, w.ada.id(), category, "Something").await;
    }
    let answer = w.t.anonymous().get("/categories/").await.expect(200);
    let results = answer["results"].as_array().unwrap();
    let lines: Vec<_> =
        results.iter().map(|c| format!("{} {}", c["slug"].as_str().unwrap(), c["services_count"])).collect();
    assert_eq!(lines, ["cleaning 1", "house 3", "windows 3", "panes 1", "floors 0"]);
    assert_eq!(results[2]["parent_id"], json!(house));
    assert_eq!(
        (&answer["count"], &answer["count_exact"], &answer["next"]),
        (&json!(5), &json!(true), &json!(null))
    );
}

#[tokio::test]
async fn both_paths_give_the_same_tree_in_the_language_asked_for() {
    let w = world().await;
    let anybody = w.t.anonymous();
    let german = anybody.get("/services/categories/?lang=de").await.expect(200);
    assert_eq!(german["results"][0]["name"], "cleaning de");
    assert_eq!(german.header("content-language"), "de");
    assert_eq!(german.bytes, anybody.get("/categories?lang=de").await.bytes);
    let italian = anybody.with("accept-language", "it-CH").get("/categories/").await;
    assert_eq!(italian["results"][0]["name"], "cleaning it");
    w.sql("update categories set name = name - 'it'").await;
    let fallback = anybody.get("/categories/?lang=it").await;
    assert_eq!(fallback["results"][0]["name"], "cleaning en");
    insta::assert_snapshot!(german.masked());
}

#[tokio::test]
async fn the_tree_has_pages_where_they_are_asked_for() {
    let w = world().await;
    for n in 0..4 {
        testing::category_below(&w.t.app, &format!("sort-{n}"), Some(w.category)).await;
    }
    w.t.app.cache.clear();
    let anybody = w.t.anonymous();
    let whole = anybody.get("/categories/").await.expect(200);
    assert_eq!((&whole["count"], &whole["next"]), (&json!(5), &json!(null)));
    for path in ["/categories/", "/services/categories/"] {
        let page = anybody.get(&format!("{path}?page=2&page_size=2")).await.expect(200);
        let all = whole["results"].as_array().unwrap();
        assert_eq!(page["results"].as_array().unwrap().as_slice(), &all[2..4]);
        let next = page["next"].as_str().unwrap().split_once(":8000").unwrap().1.to_owned();
        let last = anybody.get(&next).await.expect(200);
        assert_eq!(
            (last["results"].as_array().unwrap().as_slice(), &last["next"]),
            (&all[4..], &json!(null))
        );
        anybody.get(&format!("{path}?page_size=101")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn who_has_the_tree_hears_only_of_changes() {
    let w = world().await;
    let first = w.t.anonymous().get("/categories/").await.expect(200);
    let again = w.t.anonymous().with("if-none-match", first.header("etag"));
    let unchanged = again.get("/services/categories/").await.expect(304);
    assert!(unchanged.bytes.is_empty());
    assert_eq!(unchanged.header("cache-control"), "public, max-age=0, must-revalidate");
    w.service().await;
    w.t.app.cache.clear();
    again.get("/categories/").await.expect(200);
}

#[tokio::test]
async fn hidden_categories_are_not_in_the_tree_nor_what_is_below_them() {
    let w = world().await;
    testing::category_below(&w.t.app, "windows", Some(w.category)).await;
    w.sql("update categories set is_active = false where slug = 'cleaning'").await;
    assert_eq!(w.t.anonymous().get("/categories/").await.expect(200)["results"], json!([]));
}

#[tokio::test]
async fn counts_follow_services_that_move_appear_and_go() {
    let w = world().await;
    let other = testing::category(&w.t.app, "garden").await;
    let counts = async || {
        let rows = sqlx::query_scalar!("select services_count from categories order by position")
            .fetch_all(&w.t.app.db);
        rows.await.unwrap()
    };
    let id = w.create(&json!({})).await.expect(201).str("id");
    assert_eq!(counts().await, [1, 0]);
    let path = format!("/services/{id}/");
    w.ada.patch(&path, json!({"category_id": other})).await.expect(200);
    assert_eq!(counts().await, [0, 1]);
    w.ada.patch(&path, json!({"is_active": false})).await.expect(200);
    assert_eq!(counts().await, [0, 0]);
    w.ada.patch(&path, json!({"is_active": true, "category_id": w.category})).await.expect(200);
    assert_eq!(counts().await, [1, 0]);
    w.ada.delete(&path).await.expect(204);
    assert_eq!(counts().await, [0, 0]);
}

#[tokio::test]
async fn the_snapshot_finds_by_id_and_slug_and_knows_what_is_below() {
    let w = world().await;
    let windows = testing::category_below(&w.t.app, "windows", Some(w.category)).await;
    let panes = testing::category_below(&w.t.app, "panes", Some(windows)).await;
    let garden = testing::category(&w.t.app, "garden").await;
    let tree = categories(&w.t.app).await.unwrap();
    let slug = |found: Option<&crate::Category>| found.map(|category| category.slug.to_string());
    assert_eq!(slug(tree.find("windows")), Some("windows".into()));
    assert_eq!(slug(tree.find(&garden.to_string())), Some("garden".into()));
    assert_eq!(slug(tree.find("nonsense")), None);
    assert_eq!(tree.with_descendants(w.category), [w.category, windows, panes]);
    assert_eq!(tree.with_descendants(garden), [garden]);
    let unknown = CategoryId::at(w.t.now());
    assert_eq!(tree.with_descendants(unknown), [unknown]);
}
