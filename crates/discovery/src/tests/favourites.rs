//! Saved services.

use super::*;

impl Market {
    async fn save(&self, service: ServiceId) {
        self.test.advance(jiff::SignedDuration::from_secs(1));
        sqlx::query!(
            "insert into favourites (user_id, service_id, created_at) values ($1, $2, $3)",
            self.visitor.id() as _,
            service as _,
            self.test.now() as _
        )
        .execute(&self.test.app.db)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn saved_services_are_listed_newest_first_to_their_owner_alone() {
    let market = Market::open().await;
    let (a, b, c) = (
        market.service("A", none()).await,
        market.service("B", none()).await,
        market.service("C", none()).await,
    );
    for id in [c, a, b] {
        market.save(id).await;
    }
    assert_eq!(market.titles("/favourites/").await, ["B", "A", "C"]);
    assert_eq!(walk(&market.visitor, "/favourites/?page_size=1").await, ["B", "A", "C"]);
    let answer = market.visitor.get("/favourites/?page=2&page_size=2").await.expect(200);
    assert_eq!((titles(&answer), &answer["count"]), (vec!["C".to_owned()], &Value::from(3)));
    assert_eq!(answer["results"][0]["is_favourite"], true);
    assert_eq!(market.provider.get("/favourites/").await["count"], 0);
    market.test.anonymous().get("/favourites/").await.refused(401, "unauthenticated");
    market.change(a, serde_json::json!({"is_active": false})).await;
    assert_eq!(market.titles("/favourites/").await, ["B", "C"]);
}

#[tokio::test]
async fn lists_mark_what_the_caller_saved() {
    let market = Market::open().await;
    let a = market.service("A", none()).await;
    market.service("B", none()).await;
    market.save(a).await;
    for path in [
        "/services/?ordering=price",
        "/services/popular/?x=1",
        "/services/nearby/?lat=52.5&lng=13.4",
        "/services/?search=a",
    ] {
        for (client, expected) in
            [(&market.visitor, true), (&market.provider, false), (&market.test.anonymous(), false)]
        {
            let answer = client.get(path).await.expect(200);
            let found =
                answer["results"].as_array().unwrap().iter().find(|s| s["title"] == "A").unwrap().clone();
            assert_eq!(found["is_favourite"], expected, "{path}");
        }
    }
}
