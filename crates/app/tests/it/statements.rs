//! What a request costs the database: one query for a read, from an index.

use std::sync::Arc;

use platform::{
    jobs::Registry,
    testing::{Answer, Client, TestApp, Watched},
};
use serde_json::json;

const PASSWORD: &str = "correct horse battery";

async fn marketplace() -> TestApp {
    let accounts = Arc::new(identity::AccessTokens::default());
    let args = ["--database-connections", "2"];
    let t = TestApp::with(app::router::features(), Registry::default(), accounts, &args).await;
    let options = demo::Options {
        services: 200,
        seed: 1,
        now: t.now().timestamp(),
        password_hash: identity::hash_password(PASSWORD).unwrap(),
    };
    demo::fill(&t.app.db, &options, |_progress| ()).await.unwrap();
    discovery::rebuild(&t.app.db).await.unwrap();
    t
}

async fn sign_in(t: &TestApp, name: &str) -> Client {
    let body = json!({"email": format!("{name}@demo.skillbuddy.app"), "password": PASSWORD});
    let tokens = t.anonymous().post("/auth/signin/", body).await.expect(200);
    t.anonymous().with_token(tokens["access"].as_str().unwrap())
}

fn first(list: &Answer) -> String {
    list["results"].get(0).unwrap()["id"].as_str().unwrap().to_owned()
}

/// The two have begun to talk.
async fn conversation(customer: &Client, provider: &Client) -> String {
    let provider = provider.get("/auth/current-user/").await.expect(200);
    let begun =
        customer.post("/chat/conversations/", json!({"provider_id": provider["id"]})).await.expect(201);
    let conversation = begun.str("id");
    let body = json!({"conversation_id": conversation, "content": "Hello"});
    customer.post("/chat/messages/", body).await.expect(201);
    conversation
}

#[tokio::test]
async fn a_read_is_one_statement_and_reads_no_large_table_as_a_whole() {
    let t = marketplace().await;
    let (nobody, anna, max) = (t.anonymous(), sign_in(&t, "anna").await, sign_in(&t, "max").await);
    let conversation = conversation(&anna, &max).await;
    let watched = Watched::start(&t.app.db).await;
    let service = first(&nobody.get("/services/").await.expect(200));
    let booking = first(&anna.get("/bookings/").await.expect(200));
    let provider = max.get("/auth/current-user/").await.expect(200)["id"].as_str().unwrap().to_owned();
    // How a word is stemmed is asked once, and then remembered.
    nobody.get("/services/?search=cleaning&page_size=5").await.expect(200);
    nobody.get("/services/suggest/?q=clean&lang=en").await.expect(200);
    // So are the words that staff wrote.
    anna.get("/notifications/").await.expect(200);
    for (client, path, statements) in [
        (&nobody, "/categories/?lang=de", 1),
        (&nobody, "/services/?category=cleaning&min_price=10&ordering=price", 1),
        (&nobody, "/services/?search=cleaning", 1),
        (&nobody, "/services/nearby/?lat=52.52&lng=13.405", 1),
        (&nobody, "/services/popular/", 1),
        (&nobody, "/services/suggest/?q=clean", 1),
        (&nobody, &format!("/services/{service}/"), 1),
        (&nobody, &format!("/services/{service}/slots/?from=2026-03-03&to=2026-03-09"), 1),
        (&nobody, "/providers/", 1),
        (&nobody, &format!("/providers/{provider}/"), 1),
        (&anna, "/auth/current-user/", 1),
        // A page may lie behind the last one, and says all the same how many there are.
        (&anna, "/auth/sessions/", 2),
        (&anna, "/services/", 1),
        (&anna, "/services/?search=cleaning&lang=en", 1),
        (&anna, "/favourites/", 1),
        (&anna, "/bookings/", 1),
        (&anna, &format!("/bookings/{booking}/"), 1),
        (&anna, &format!("/bookings/{booking}/cancellation/"), 1),
        (&anna, "/chat/conversations/", 1),
        (&max, "/chat/conversations/?unread=true", 1),
        (&anna, &format!("/chat/conversations/{conversation}/"), 1),
        (&anna, &format!("/chat/messages/?conversation_id={conversation}"), 1),
        (&anna, "/chat/settings/", 1),
        (&max, "/providers/profile/", 1),
        // The schedule, and the bookings that it has no room for.
        (&max, "/providers/schedule/", 2),
        (&max, "/providers/jobs/", 1),
        (&anna, "/payments/activity/", 1),
        (&max, "/payments/activity/", 1),
        (&max, "/providers/promotions/", 1),
        (&max, "/providers/tax-profile/", 1),
        (&max, "/providers/earnings/", 1),
        (&max, "/providers/earnings/statement/", 1),
        (&max, "/providers/withdrawals/", 1),
        (&max, "/providers/payout-account/", 1),
        (&anna, "/notifications/", 1),
        (&anna, "/notifications/?unread=true&type=booking", 1),
        (&anna, "/notifications/count/", 1),
        (&anna, "/notifications/preferences/", 1),
        (&anna, "/notifications/devices/", 1),
        (&anna, "/notifications/areas/", 1),
    ] {
        let (_answer, plans) = watched.plans_of(async { client.get(path).await.expect(200) }).await;
        // The skills of a profile and the filters by category know all categories, which are few.
        let (of_categories, plans): (Vec<_>, Vec<_>) =
            plans.into_iter().partition(|plan| plan.contains("from categories"));
        assert!(of_categories.len() <= 1, "{path}: {of_categories:#?}");
        let found = if path.starts_with("/categories/") { of_categories.len() } else { plans.len() };
        assert_eq!(found, statements, "{path}: {plans:#?}");
        assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{path}: {plans:#?}");
    }
}

/// A request that books the first free slot.
#[expect(clippy::indexing_slicing, reason = "a test may fail by panicking")]
async fn a_free_slot(anna: &Client) -> serde_json::Value {
    let services = anna.get("/services/?available_on=2026-03-05").await.expect(200);
    let service = services["results"][0]["id"].as_str().unwrap();
    let slots =
        anna.get(&format!("/services/{service}/slots/?from=2026-03-05&to=2026-03-05")).await.expect(200);
    let starts_at = &slots["results"][0]["starts_at"];
    json!({"service_id": service, "starts_at": starts_at, "payment_method": "cash"})
}

#[tokio::test]
async fn booking_is_one_statement_to_decide_and_one_to_write() {
    let t = marketplace().await;
    let anna = sign_in(&t, "anna").await;
    let watched = Watched::start(&t.app.db).await;
    let body = a_free_slot(&anna).await;
    let (_answer, plans) = watched.plans_of(async { anna.post("/bookings/", body).await.expect(201) }).await;
    assert_eq!(plans.len(), 2, "{plans:#?}");
    assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{plans:#?}");
}

#[tokio::test]
async fn a_key_is_one_statement_to_claim_and_one_to_answer() {
    let t = marketplace().await;
    let anna = sign_in(&t, "anna").await;
    let watched = Watched::start(&t.app.db).await;
    let (body, anna) = (a_free_slot(&anna).await, anna.with("idempotency-key", "one"));
    let booking = async { anna.post("/bookings/", body.clone()).await.expect(201) };
    let (_answer, plans) = watched.plans_of(booking).await;
    let (of_keys, others): (Vec<_>, Vec<_>) =
        plans.iter().partition(|plan| plan.contains("idempotency_keys"));
    assert_eq!((of_keys.len(), others.len()), (2, 2), "{plans:#?}");
    assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{plans:#?}");
    let again = async { anna.post("/bookings/", body.clone()).await.expect(201) };
    let (_answer, plans) = watched.plans_of(again).await;
    assert_eq!(plans.len(), 1, "{plans:#?}");
}

#[tokio::test]
async fn a_message_is_one_statement() {
    let t = marketplace().await;
    let (anna, max) = (sign_in(&t, "anna").await, sign_in(&t, "max").await);
    let conversation = conversation(&anna, &max).await;
    let watched = Watched::start(&t.app.db).await;
    anna.get("/auth/current-user/").await.expect(200);
    let body = json!({"conversation_id": conversation, "content": "Are you there?"});
    let (_answer, plans) =
        watched.plans_of(async { anna.post("/chat/messages/", body).await.expect(201) }).await;
    assert_eq!(plans.len(), 1, "{plans:#?}");
    assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{plans:#?}");
    let read = format!("/chat/conversations/{conversation}/read/");
    let body = json!({"up_to_seq": 2});
    let (_answer, plans) = watched.plans_of(async { max.put(&read, body).await.expect(200) }).await;
    assert!(!plans.iter().any(|plan| plan.contains("Seq Scan")), "{plans:#?}");
}
