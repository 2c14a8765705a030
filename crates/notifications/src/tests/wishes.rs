//! What somebody wishes to hear, and when not.

use axum::{body::Body, http::Method};
use serde_json::json;

use super::{World, shape};

fn nights() -> serde_json::Value {
    let weekly: Vec<_> =
        (1..=7).map(|day| json!({"weekday": day, "start": "22:00", "end": "07:00"})).collect();
    json!({"quiet_hours": {"timezone": "Europe/Berlin", "weekly": weekly}})
}

#[tokio::test]
async fn there_are_defaults_and_changes_stay() {
    let w = World::new().await;
    shape!(w.ann.get("/notifications/preferences/").await);
    w.prefer(&w.ann, json!({"preferences": {"booking": {"email": false}}})).await;
    w.prefer(&w.ann, nights()).await;
    let wishes = w.ann.get("/notifications/preferences/").await.expect(200);
    assert_eq!(wishes["preferences"]["booking"]["email"], false);
    assert_eq!(wishes["preferences"]["booking"]["push"], true);
    assert_eq!(wishes["quiet_hours"]["weekly"][0]["start"], "22:00:00");
    // What is `null` says as much as what is absent: it stays.
    w.prefer(&w.ann, json!({"quiet_hours": null, "preferences": null})).await;
    let wishes = w.ann.get("/notifications/preferences/").await.expect(200);
    assert_eq!(wishes["quiet_hours"]["weekly"][0]["start"], "22:00:00");
    w.prefer(&w.ann, json!({"quiet_hours": {"timezone": "Europe/Berlin", "weekly": []}})).await;
    let wishes = w.ann.get("/notifications/preferences/").await.expect(200);
    assert_eq!(wishes["quiet_hours"], json!(null));
}

#[tokio::test]
async fn what_cannot_be_wished_is_refused() {
    let w = World::new().await;
    let span = json!([{"weekday": 8, "start": "22:00", "end": "07:00"}]);
    for body in [
        json!({"quiet_hours": {"timezone": "Europe/Atlantis", "weekly": []}}),
        json!({"quiet_hours": {"timezone": "UTC", "weekly": span}}),
        json!({"quiet_hours": {"timezone": "UTC", "weekly": [{"weekday": 1, "start": "25:00", "end": "07:00"}]}}),
        json!({"preferences": {"booking": {"push": "yes"}}}),
    ] {
        w.ann.put("/notifications/preferences/", body).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_is_muted_is_not_sent_and_what_is_critical_is() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let nothing = json!({"in_app": false, "push": false, "email": false});
    w.prefer(&w.bob, json!({"preferences": {"booking": nothing}})).await;
    let booking = w.confirmed().await;
    assert!(w.told(&w.bob).await.is_empty() && w.pushes().is_empty());
    w.cancel(&w.ann, &booking).await;
    assert_eq!(w.told(&w.bob).await, ["booking_cancelled"]);
    assert_eq!(w.pushes().len(), 1);
}

#[tokio::test]
async fn pushes_wait_for_the_morning_and_come_as_one() {
    let w = World::new().await;
    w.device(&w.ann, "phone").await;
    w.prefer(&w.ann, nights()).await;
    w.at("2026-03-02T22:00:00Z").await;
    let booking = w.confirmed().await;
    w.bob
        .put(
            &format!("/bookings/{booking}/reschedule/"),
            json!({"scheduled_date": "2026-03-06", "scheduled_time": "12:00"}),
        )
        .await
        .expect(200);
    w.t.run_jobs().await;
    assert!(w.pushes().is_empty());
    assert_eq!(w.t.mailer.take().iter().filter(|mail| mail.to.starts_with("ann")).count(), 2);
    w.at("2026-03-03T06:00:00Z").await;
    assert_eq!(w.pushes(), ["phone: SkillBuddy | 2 new notifications"]);
    w.later(3600).await;
    assert!(w.pushes().is_empty());
}

#[tokio::test]
async fn what_was_read_in_the_night_does_not_ring_in_the_morning() {
    let w = World::new().await;
    w.device(&w.ann, "phone").await;
    w.prefer(&w.ann, nights()).await;
    w.at("2026-03-02T22:00:00Z").await;
    w.confirmed().await;
    w.ann.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.at("2026-03-03T06:00:00Z").await;
    assert!(w.pushes().is_empty());
}

#[tokio::test]
async fn what_is_critical_passes_quiet_hours() {
    let w = World::new().await;
    w.device(&w.ann, "phone").await;
    let booking = w.confirmed().await;
    w.prefer(&w.ann, nights()).await;
    w.at("2026-03-02T22:00:00Z").await;
    w.pushes();
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.pushes().len(), 1);
}

/// The path of the link in the last mail to somebody.
fn link(w: &World, to: &str) -> String {
    let mails = w.t.mailer.take();
    let link = mails.into_iter().rev().find(|mail| mail.to.starts_with(to)).unwrap().unsubscribe.unwrap();
    link.split_once("/notifications/").map(|(_, rest)| format!("/notifications/{rest}")).unwrap()
}

#[tokio::test]
async fn one_click_ends_mails_of_a_kind_without_a_sign_in() {
    let w = World::new().await;
    w.confirmed().await;
    let link = link(&w, "ann");
    let nobody = w.t.anonymous();
    let page = nobody.get(&link).await.expect(200);
    assert!(page.text().contains("bookings") && page.text().contains("<button>"), "{}", page.text());
    let wishes = || async { w.ann.get("/notifications/preferences/").await.expect(200) };
    assert_eq!(wishes().await["preferences"]["booking"]["email"], true);
    let form = Some("application/x-www-form-urlencoded");
    nobody.send(Method::POST, &link, form, Body::from("List-Unsubscribe=One-Click")).await.expect(200);
    assert_eq!(wishes().await["preferences"]["booking"]["email"], false);
    assert_eq!(wishes().await["preferences"]["payment"]["email"], true);
}

#[tokio::test]
async fn a_forged_link_ends_nothing() {
    let w = World::new().await;
    w.confirmed().await;
    let link = link(&w, "ann");
    let forged = link.replacen("token=", "token=A", 1);
    for path in [forged.as_str(), "/notifications/unsubscribe/?token=AAAA"] {
        w.t.anonymous().get(path).await.expect(404);
        w.t.anonymous().post(path, json!({})).await.expect(404);
    }
    assert_eq!(w.ann.get("/notifications/preferences/").await["preferences"]["booking"]["email"], true);
}

#[tokio::test]
async fn what_everybody_has_to_get_has_no_link_that_ends_it() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    w.t.mailer.take();
    w.cancel(&w.ann, &booking).await;
    let mails = w.t.mailer.take();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].unsubscribe, None);
}
