//! My devices.

use jiff::SignedDuration;
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
