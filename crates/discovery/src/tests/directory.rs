//! The directory of providers.

use super::*;

impl Market {
    async fn names(&self, query: &str) -> Vec<String> {
        self.test.app.cache.clear();
        let answer = self.test.anonymous().get(&format!("/providers/?{query}")).await.expect(200);
        let results = answer["results"].as_array().unwrap().clone();
        results.iter().map(|provider| provider["name"].as_str().unwrap().to_owned()).collect()
    }
}

async fn directory() -> (Market, [Client; 3]) {
    let market = Market::open().await;
    let people = [
        market.test.provider("Anna Müller").await,
        market.test.provider("Bruno Rossi").await,
        market.test.provider("Carl Schmidt").await,
    ];
    let db = &market.test.app.db;
    sqlx::query!("delete from provider_search where provider_id = $1", market.provider.id() as _)
        .execute(db)
        .await
        .unwrap();
    sqlx::query!(
        "update providers set rating_sum = 250, rating_count = 50, is_verified = true, latitude = 52.5, longitude = 13.4
          where user_id = $1",
        people[1].id() as _
    ).execute(db).await.unwrap();
    sqlx::query!(
        "update providers set rating_sum = 10, rating_count = 5, skills = array[$2::uuid], business_name = 'Rohr & Co'
          where user_id = $1",
        people[2].id() as _, market.category.uuid()
    ).execute(db).await.unwrap();
    (market, people)
}

#[tokio::test]
async fn providers_are_ranked_and_filtered() {
    let (market, people) = directory().await;
    for (query, expected) in [
        ("", vec!["Bruno Rossi", "Anna Müller", "Carl Schmidt"]),
        ("verified=true", vec!["Bruno Rossi"]),
        ("min_rating=2", vec!["Bruno Rossi", "Carl Schmidt"]),
        ("min_rating=2.1", vec!["Bruno Rossi"]),
        ("min_rating=5e-324&page=25", vec![]),
        ("lat=52.4&lng=13.4", vec!["Bruno Rossi"]),
        ("lat=52.4&lng=13.4&radius_km=5", vec![]),
        ("category=home", vec!["Carl Schmidt"]),
        ("category_id=nothing", vec![]),
        ("search=muller", vec!["Anna Müller"]),
        ("search=mueller", vec!["Anna Müller"]),
        ("search=rohr", vec!["Carl Schmidt"]),
        ("search=schm", vec!["Carl Schmidt"]),
        ("search=!!", vec![]),
    ] {
        assert_eq!(market.names(query).await, expected, "{query}");
    }
    market.service_of(people[0].id(), "Service of Anna", none()).await;
    assert_eq!(market.names("category=home").await, ["Anna Müller", "Carl Schmidt"]);
}

#[tokio::test]
async fn pages_of_providers_follow_each_other() {
    let (market, _) = directory().await;
    let client = market.test.anonymous();
    let (mut seen, mut next) = (Vec::new(), Some("/providers/?page_size=1".to_owned()));
    while let Some(page) = next {
        let answer = client.get(&page).await.expect(200);
        assert_eq!(answer["count"], 3);
        seen.push(answer["results"][0]["name"].as_str().unwrap().to_owned());
        next = path(&answer["next"]);
    }
    assert_eq!(seen, ["Bruno Rossi", "Anna Müller", "Carl Schmidt"]);
    assert_eq!(market.names("page=2&page_size=2").await, ["Carl Schmidt"]);
}

#[tokio::test]
async fn nobody_sees_earnings_or_people_who_are_suspended() {
    let (market, people) = directory().await;
    let answer = people[1].get("/providers/?search=rossi").await.expect(200);
    assert_eq!(answer["results"][0]["total_earnings"], Value::Null);
    sqlx::query!("update users set state = 'suspended' where id = $1", people[1].id() as _)
        .execute(&market.test.app.db)
        .await
        .unwrap();
    assert_eq!(market.names("").await, ["Anna Müller", "Carl Schmidt"]);
    sqlx::query!(
        "update users set state = 'active', name = 'Bruna Bianchi' where id = $1",
        people[1].id() as _
    )
    .execute(&market.test.app.db)
    .await
    .unwrap();
    assert_eq!(market.names("search=bianchi").await, ["Bruna Bianchi"]);
}

#[tokio::test]
async fn bad_parameters_of_the_directory_are_refused() {
    let market = Market::open().await;
    for (query, field) in
        [("lat=1", "lng"), ("min_rating=9", "min_rating"), ("verified=1", "verified"), ("radius_km=1", "lat")]
    {
        let answer = market
            .test
            .anonymous()
            .get(&format!("/providers/?{query}"))
            .await
            .refused(422, "validation_failed");
        assert!(answer["errors"][field].is_array(), "{}", answer.text());
    }
}
