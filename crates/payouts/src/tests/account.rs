//! The payout account.

use platform::{
    outbox::Event as _,
    ports::gateway::{Event, GatewayName, Subject},
};
use serde_json::json;

use super::World;
use crate::{PayoutAccountChanged, hear};

#[tokio::test]
async fn an_account_is_set_and_shown_without_its_numbers() {
    let w = World::new().await;
    let nothing = w.bob.get("/providers/payout-account/").await.expect(200);
    assert_eq!((&nothing["status"], &nothing["version"]), (&json!("none"), &json!(0)));
    let set = w.open_account("good").await;
    insta::assert_snapshot!(set.masked());
    assert!(set.header("etag").starts_with("\"1-"));
    assert!(!set.text().contains("ba_sandbox") && !set.text().contains("acct_"));
    assert_eq!(w.bob.get("/providers/payout-account/").await.expect(200).body, set.body);
}

#[tokio::test]
async fn what_is_still_wanted_is_told_on_a_page_of_the_gateway() {
    let w = World::new().await;
    let pending = w.open_account("unverified").await;
    assert_eq!(
        (&pending["status"], &pending["requirements"][0]),
        (&json!("pending"), &json!("individual.verification.document"))
    );
    assert!(pending.str("onboarding_url").starts_with("http://localhost:8000/"));
    let reference = sqlx::query_scalar!("select reference from payout_accounts");
    let reference = reference.fetch_one(&w.t.app.db).await.unwrap();
    w.sandbox.decide(&reference, true).await.unwrap();
    let active = w.bob.get("/providers/payout-account/").await.expect(200);
    assert_eq!((&active["status"], &active["requirements"]), (&json!("active"), &json!([])));
    assert_eq!((&active["onboarding_url"], &active["version"]), (&json!(null), &json!(2)));
}

#[tokio::test]
async fn a_message_of_the_gateway_is_asked_about() {
    let w = World::new().await;
    w.open_account("unverified").await;
    let reference = sqlx::query_scalar!("select reference from payout_accounts");
    let reference = reference.fetch_one(&w.t.app.db).await.unwrap();
    w.sandbox.decide(&reference, false).await.unwrap();
    let event = Event {
        id: "evt_1".to_owned(),
        subject: Subject::Account,
        operation: None,
        reference,
        at: w.t.now(),
    };
    let mut db = w.t.app.db.acquire().await.unwrap();
    hear(&mut db, GatewayName::Sandbox, &event, w.t.now()).await.unwrap();
    drop(db);
    w.t.run_jobs().await;
    assert_eq!(w.bob.get("/providers/payout-account/").await.expect(200)["status"], "rejected");
}

#[tokio::test]
async fn an_account_is_refused() {
    let w = World::new().await;
    let refused = |body| w.bob.put("/providers/payout-account/", body);
    let unknown = refused(json!({"country": "DE", "bank_token": "ba_unknown"})).await;
    assert!(unknown.refused(422, "payout_account_refused")["errors"]["bank_token"].is_array());
    for country in ["de", "D", "DEU", "", "Ää"] {
        let answer = refused(json!({"country": country})).await.refused(422, "validation_failed");
        assert!(answer["errors"]["country"].is_array(), "{country}");
    }
    for body in
        [json!({}), json!({"country": "DE", "schedule": "daily"}), json!({"country": "DE", "bank_token": ""})]
    {
        refused(body).await.refused(422, "validation_failed");
    }
    assert_eq!(w.bob.get("/providers/payout-account/").await.expect(200)["status"], "none");
}

#[tokio::test]
async fn an_old_version_is_not_overwritten() {
    let w = World::new().await;
    w.open_account("good").await;
    let body = json!({"country": "AT", "bank_token": "ba_sandbox_good"});
    w.bob
        .with("If-Match", "\"0\"")
        .put("/providers/payout-account/", body.clone())
        .await
        .refused(412, "stale_version");
    let changed = w.bob.with("If-Match", "\"1\"").put("/providers/payout-account/", body).await.expect(200);
    assert_eq!(
        (&changed["country"], changed.header("etag").split_once('-').unwrap().0),
        (&json!("AT"), "\"2")
    );
}

#[tokio::test]
async fn every_change_is_told() {
    let w = World::new().await;
    w.open_account("good").await;
    w.open_account("closed").await;
    let told = sqlx::query_scalar!(
        "select payload from outbox where topic = $1 order by id",
        PayoutAccountChanged::TOPIC
    );
    let told = told.fetch_all(&w.t.app.db).await.unwrap();
    let versions: Vec<i32> = told
        .into_iter()
        .map(|event| serde_json::from_value::<PayoutAccountChanged>(event).unwrap().version)
        .collect();
    assert_eq!(versions, [1, 2]);
}
