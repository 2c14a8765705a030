//! My devices.

use std::sync::Arc;

use jiff::SignedDuration;
use platform::{
    jobs::Registry,
    testing::{Client, TestApp},
};
use serde_json::json;

use super::{World, shape};

#[tokio::test]
async fn a_device_gets_what_its_owner_is_told() {
    let w = World::new().await;
    let body = json!({"token": "phone", "platform": "ios", "device_name": "Bob's phone", "locale": "de-DE",
        "app_version": "1.4.0"});
    shape!(w.bob.post("/notifications/devices/", body).await);
    let booking = w.book().await;
    w.t.run_jobs().await;
    let pushes = w.t.push.take();
    assert_eq!(pushes.len(), 1);
    assert_eq!((pushes[0].token.as_str(), pushes[0].badge), ("phone", Some(1)));
    assert_eq!(pushes[0].data["route"], format!("/bookings/{booking}/"));
    assert_eq!(pushes[0].data["type"], "booking_requested");
    assert_eq!((pushes[0].data["v"].as_str(), pushes[0].data["entity"].as_str()), ("1", "booking"));
}

#[tokio::test]
async fn a_device_belongs_to_whoever_came_last() {
    let w = World::new().await;
    let first = w.device(&w.ann, "shared").await;
    assert_eq!(w.device(&w.ann, "shared").await, first);
    let second = w.device(&w.bob, "shared").await;
    assert_ne!(first, second);
    let devices = w.ann.get("/notifications/devices/").await.expect(200);
    assert_eq!(devices["results"], json!([]));
    w.ann.delete(&format!("/notifications/devices/{second}/")).await.refused(404, "not_found");
    w.bob.delete(&format!("/notifications/devices/{second}/")).await.expect(204);
}

#[tokio::test]
async fn nobody_has_more_than_twenty() {
    let w = World::new().await;
    for number in 0..22 {
        w.device(&w.ann, &format!("device-{number}")).await;
        w.t.advance(SignedDuration::from_secs(1));
    }
    let devices = w.ann.get("/notifications/devices/").await.expect(200);
    assert_eq!(devices["results"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_device_that_is_gone_is_forgotten() {
    let w = World::new().await;
    w.device(&w.bob, "gone-1").await;
    w.device(&w.bob, "phone").await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.pushes().len(), 1);
    let devices = w.bob.get("/notifications/devices/").await.expect(200);
    assert_eq!(devices["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_that_was_not_seen_for_270_days_is_dead() {
    let w = World::new().await;
    w.device(&w.ann, "old").await;
    w.t.advance(SignedDuration::from_hours(270 * 24));
    assert_eq!(w.ann.get("/notifications/devices/").await.expect(200)["results"], json!([]));
    w.t.run_jobs().await;
    let left = sqlx::query_scalar!(r#"select count(*) as "count!" from notification_devices"#);
    assert_eq!(left.fetch_one(&w.t.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let w = World::new().await;
    for body in [
        json!({"token": "", "platform": "ios"}),
        json!({"token": "a b", "platform": "ios"}),
        json!({"token": "a", "platform": "toaster"}),
        json!({"token": "a", "platform": "web", "locale": "d\u{e4}"}),
    ] {
        w.ann.post("/notifications/devices/", body).await.refused(422, "validation_failed");
    }
}

/// Accounts as they are, with the devices of their people.
async fn accounts() -> (TestApp, Client) {
    let router = crate::router().merge(identity::router());
    let registry = crate::register(identity::register(Registry::default()));
    let t = TestApp::with(router, registry, Arc::new(identity::AccessTokens::default()), &[]).await;
    let body =
        json!({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada Lovelace"});
    let ada = t.anonymous().post("/auth/signup/", body).await.expect(201).str("access");
    let ada = t.anonymous().with_token(&ada);
    (t, ada)
}

async fn sign_in(t: &TestApp, password: &str) -> Client {
    let body = json!({"email": "ada@example.com", "password": password});
    let access = t.anonymous().post("/auth/signin/", body).await.expect(200).str("access");
    t.anonymous().with_token(&access)
}

async fn register(who: &Client, token: &str) {
    let body = json!({"token": token, "platform": "android"});
    who.post("/notifications/devices/", body).await.expect(201);
}

/// The tokens of all devices that are kept, once all jobs are done.
async fn kept(t: &TestApp) -> Vec<String> {
    t.run_jobs().await;
    let tokens = sqlx::query_scalar!("select token from notification_devices order by token");
    tokens.fetch_all(&t.app.db).await.unwrap()
}

#[tokio::test]
async fn a_session_that_ends_takes_its_devices_along_and_no_others() {
    let (t, tablet) = accounts().await;
    let phone = sign_in(&t, "correct horse battery").await;
    register(&tablet, "tablet").await;
    register(&phone, "phone").await;
    phone.post("/auth/signout/", json!({})).await.expect(204);
    // At once, before any job has run.
    let devices = tablet.get("/notifications/devices/").await.expect(200);
    assert_eq!(devices["results"].as_array().unwrap().len(), 1);
    assert_eq!(kept(&t).await, ["tablet"]);

    // Whoever signs in again takes the device over, and keeps it when an earlier session of theirs ends.
    let (one, two) = (sign_in(&t, "correct horse battery").await, sign_in(&t, "correct horse battery").await);
    register(&one, "phone").await;
    register(&two, "phone").await;
    one.post("/auth/signout/", json!({})).await.expect(204);
    assert_eq!(kept(&t).await, ["phone", "tablet"]);
    // The owner ends a session in the list.
    let list = tablet.get("/auth/sessions/").await.expect(200);
    let id = list["results"].as_array().unwrap().iter().find(|one| one["is_current"] == false).unwrap()["id"]
        .clone();
    tablet.delete(&format!("/auth/sessions/{}/", id.as_str().unwrap())).await.expect(204);
    assert_eq!(kept(&t).await, ["tablet"]);
}

#[tokio::test]
async fn signing_out_everywhere_and_a_new_password_forget_devices() {
    let (t, tablet) = accounts().await;
    let phone = sign_in(&t, "correct horse battery").await;
    register(&tablet, "tablet").await;
    register(&phone, "phone").await;
    let body = json!({"old_password": "correct horse battery", "new_password": "staple gun parade 7"});
    phone.post("/auth/password-change/", body).await.expect(204);
    assert_eq!(kept(&t).await, ["phone"]);
    // One whose session is not known any more goes, too.
    sqlx::query!("update notification_devices set session_id = null").execute(&t.app.db).await.unwrap();
    phone.post("/auth/signout/?everywhere=true", json!({})).await.expect(204);
    assert_eq!(kept(&t).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_reset_forgets_all_devices_but_those_that_come_after_it() {
    let (t, eve) = accounts().await;
    register(&eve, "eves-phone").await;
    t.anonymous().post("/auth/reset-password/", json!({"email": "ada@example.com"})).await.expect(202);
    t.run_jobs().await;
    let mails = t.mailer.take();
    let link = mails.iter().find_map(|mail| mail.text.split_once("reset-password/link/?token=")).unwrap().1;
    let body = json!({"token": link.split('&').next().unwrap(), "new_password": "staple gun parade 7"});
    t.anonymous().post("/auth/reset-password/confirm/", body).await.expect(204);
    // The job that forgets them is slow, and Ada is quick.
    t.advance(SignedDuration::from_secs(1));
    register(&sign_in(&t, "staple gun parade 7").await, "adas-phone").await;
    assert_eq!(kept(&t).await, ["adas-phone"]);
}

#[tokio::test]
async fn a_device_whose_session_is_over_gets_nothing_even_before_it_is_forgotten() {
    let w = World::new().await;
    let (bob, now) = (w.bob.id(), w.t.now());
    sqlx::query!(
        "insert into sessions (id, user_id, created_at, last_used_at, expires_at) values ($1, $1, $2, $2, 'infinity')",
        bob as _,
        now as _,
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    w.device(&w.bob, "phone").await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.pushes().len(), 1);
    sqlx::query!("update sessions set ended_at = created_at").execute(&w.t.app.db).await.unwrap();
    w.book_at("14:00").await;
    w.t.run_jobs().await;
    assert_eq!(w.pushes(), Vec::<String>::new());
}
