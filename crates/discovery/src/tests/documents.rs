//! Documents keep in step with what they describe; public answers come from memory for a moment.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_change_is_found_at_once() {
    let market = Market::open().await;
    let id = market.service("Windows", none()).await;
    market.change(id, json!({"title": "Carpets", "price_minor": 1234})).await;
    assert_eq!(market.search("windows", "en").await, [""; 0]);
    assert_eq!(market.titles("/services/?search=carpets&min_price=12.34&max_price=12.34").await, ["Carpets"]);
    market.change(id, json!({"is_active": false})).await;
    assert_eq!(market.titles("/services/").await, [""; 0]);
    market.change(id, json!({"is_active": true})).await;
    assert_eq!(market.titles("/services/").await, ["Carpets"]);
}

#[tokio::test]
async fn what_a_provider_changes_is_seen_in_their_services() {
    let market = Market::open().await;
    market.service("Windows", none()).await;
    let (db, id) = (&market.test.app.db, market.provider.id());
    sqlx::query!("update users set name = 'Paula' where id = $1", id as _).execute(db).await.unwrap();
    sqlx::query!(
        "update providers set is_verified = true, business_name = 'Glasklar' where user_id = $1",
        id as _
    )
    .execute(db)
    .await
    .unwrap();
    for search in ["paula", "glasklar"] {
        let answer =
            market.visitor.get(&format!("/services/?search={search}&verified=true")).await.expect(200);
        assert_eq!(answer["results"][0]["provider_name"], "Paula");
        assert_eq!(answer["results"][0]["provider_is_verified"], true);
    }
    sqlx::query!("update users set state = 'suspended' where id = $1", id as _).execute(db).await.unwrap();
    assert_eq!(market.titles("/services/").await, [""; 0]);
    sqlx::query!("update users set state = 'active' where id = $1", id as _).execute(db).await.unwrap();
    assert_eq!(market.titles("/services/").await, ["Windows"]);
}

#[tokio::test]
async fn documents_made_anew_are_the_same_documents() {
    let market = Market::open().await;
    for n in 0..5 {
        market
            .service(&format!("Große Wäsche {n}"), json!({"popularity": f64::from(n), "language": "de"}))
            .await;
    }
    market.test.run_jobs().await;
    market.learn().await;
    let all = async || {
        let rows = sqlx::query_scalar!(
            r#"select jsonb_build_array(array(select to_jsonb(d) from service_search d order by service_id),
                      array(select to_jsonb(p) from provider_search p order by provider_id),
                      array(select word from search_words order by word)) as "all!""#
        );
        rows.fetch_one(&market.test.app.db).await.unwrap()
    };
    let before = all().await;
    crate::rebuild(&market.test.app.db).await.unwrap();
    assert_eq!(all().await, before);
    assert_eq!(market.search("grosse waesche", "de").await.len(), 5);
}

#[tokio::test]
async fn everybody_is_answered_from_memory_and_its_owner_from_the_database() {
    let market = Market::open().await;
    let anonymous = market.test.anonymous();
    market.service("First", none()).await;
    let first = anonymous.get("/services/").await.expect(200);
    assert_eq!(first.header("cache-control"), "public, max-age=0, must-revalidate");
    let again = anonymous.with("if-none-match", first.header("etag")).get("/services/").await.expect(304);
    assert!(again.bytes.is_empty());
    market.service("Second", none()).await;
    let own = market.provider.get("/services/").await.expect(200);
    assert_eq!((titles(&own).len(), own.header("cache-control")), (2, "no-store"));
    market.test.app.cache.clear();
    let later = anonymous.with("if-none-match", first.header("etag")).get("/services/").await.expect(200);
    assert_eq!(titles(&later).len(), 2);
    // Each language and each query is an answer of its own.
    assert_eq!(anonymous.get("/services/?lang=de").await.header("content-language"), "de");
    for path in
        ["/services/popular/", "/services/nearby/?lat=1&lng=1", "/services/suggest/?q=a", "/providers/"]
    {
        assert!(!anonymous.get(path).await.expect(200).header("etag").is_empty(), "{path}");
    }
}
