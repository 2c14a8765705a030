//! Deleting one's account, and coming back.

use axum::{body::Body, http::Method};
use jiff::SignedDuration;
use platform::{
    money::{Currency, Money},
    obligations::Obligation,
};
use serde_json::{Value, json};

use super::*;

async fn delete(person: &Person, body: Value) -> Answer {
    let body = Body::from(body.to_string());
    person.client.send(Method::DELETE, "/auth/current-user/", Some("application/json"), body).await
}

#[tokio::test]
async fn deletion_signs_out_everywhere_and_waits_two_weeks() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    let other = w.person(&w.sign_in(&ada.email, PASSWORD).await.expect(200));
    let answer = delete(&ada, json!({"password": PASSWORD})).await.expect(202);
    insta::assert_snapshot!(answer.masked(), @r#"
    202 Accepted
    {
      "deletion_due_at": "2026-03-16T09:00:00Z",
      "message": "Your account will be deleted. Sign in within 14 days to keep it."
    }
    "#);
    for person in [&ada, &other] {
        person.client.get("/auth/current-user/").await.refused(401, "session_ended");
        let refresh = json!({"refresh": person.refresh});
        w.t.anonymous().post("/auth/token/refresh/", refresh).await.refused(401, "session_ended");
    }
    assert_eq!(w.count("select count(*) from outbox where topic = 'identity.account_closing'").await, 1);
    assert_eq!(w.mails().await[0].subject, "Your account will be deleted");
}

#[tokio::test]
async fn signing_in_before_that_restores_the_account() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    delete(&ada, json!({"password": PASSWORD})).await.expect(202);
    w.mails().await;
    w.t.advance(SignedDuration::from_hours(14 * 24) - SignedDuration::from_secs(1));
    w.sign_in(&ada.email, OTHER_PASSWORD).await.refused(401, "invalid_credentials");
    let back = w.sign_in(&ada.email, PASSWORD).await.expect(200);
    assert_eq!(back.str("message"), "Welcome back! Your account will not be deleted.");
    w.person(&back).client.get("/auth/current-user/").await.expect(200);
    assert_eq!(
        w.count("select count(*) from users where state = 'active' and deletion_due_at is null").await,
        1
    );
    assert_eq!(w.count("select count(*) from outbox where topic = 'identity.account_restored'").await, 1);
    assert_eq!(w.mails().await[0].subject, "Your account stays");
}

#[tokio::test]
async fn afterwards_there_is_no_such_account() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    delete(&ada, json!({"password": PASSWORD})).await.expect(202);
    w.t.advance(SignedDuration::from_hours(14 * 24));
    w.sign_in(&ada.email, PASSWORD).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn it_needs_proof() {
    let w = World::start().await;
    let (ada, eve) = (w.verified("Ada").await, w.verified("Eve").await);
    let wrong = delete(&ada, json!({"password": "wrong"})).await.refused(422, "wrong_password");
    assert!(wrong["errors"]["password"].is_array());
    delete(&ada, json!({})).await.refused(422, "validation_failed");
    delete(&ada, json!({"provider": "google"})).await.refused(422, "validation_failed");
    delete(&ada, json!({"provider": "facebook"})).await.refused(422, "validation_failed");
    delete(&ada, json!({"provider": "myspace", "id_token": "t"})).await.refused(422, "validation_failed");
    delete(&ada, json!({"provider": "google", "id_token": "forged"}))
        .await
        .refused(401, "social_token_invalid");
    // A good token of somebody else proves nothing.
    google(&w, "eve", &eve.email, true);
    enter(&w, "eve").await.expect(200);
    delete(&ada, json!({"provider": "google", "id_token": fresh("eve")}))
        .await
        .refused(401, "social_token_invalid");
    assert_eq!(w.count("select count(*) from users where state <> 'active'").await, 0);
    let token = fresh("eve");
    delete(&eve, json!({"provider": "google", "id_token": token})).await.expect(202);
    // The same token is used up, and the same account brings her back.
    w.t.anonymous()
        .post("/auth/social/google/", json!({"id_token": token}))
        .await
        .refused(401, "social_token_invalid");
    enter(&w, "eve").await.expect(200);
    assert_eq!(w.count("select count(*) from users where state <> 'active'").await, 0);
}

#[tokio::test]
async fn an_account_with_obligations_is_not_deleted_and_says_which() {
    let w = World::start().await;
    let ada = w.verified("Ada").await;
    // As a feature would register its own: one query for the person.
    w.t.app.obligations.register(|db, user, _now| {
        Box::pin(async move {
            let name: String =
                sqlx::query_scalar("select name from users where id = $1").bind(user).fetch_one(db).await?;
            let debt = Obligation::of_money("debts", 1, Money::new(4990, Currency::EUR));
            Ok(if name == "Settled" {
                Vec::new()
            } else {
                vec![debt, Obligation::counted("open_bookings", 2)]
            })
        })
    });
    let refused = delete(&ada, json!({"password": PASSWORD})).await.refused(409, "account_has_obligations");
    assert_eq!(
        refused["blockers"],
        json!([
            {"kind": "debts", "count": 1, "amount": 49.9, "currency": "EUR"},
            {"kind": "open_bookings", "count": 2, "amount": null, "currency": null},
        ])
    );
    assert_eq!(w.count("select count(*) from users where state <> 'active'").await, 0);
    ada.client.get("/auth/current-user/").await.expect(200);
    w.sql("update users set name = 'Settled'").await;
    delete(&ada, json!({"password": PASSWORD})).await.expect(202);
}
