//! What staff see of messages, and do with them.

use bookings::{Event, State};
use jiff::SignedDuration;
use platform::ports::webhook::SendError;
use serde_json::json;

use super::{World, of, shape};

#[tokio::test]
async fn staff_see_what_was_tried_and_answered() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.t.webhooks.answer(Err(SendError::AddressRefused));
    w.confirmed().await;
    for _ in 0..2 {
        w.later(SignedDuration::from_secs(6)).await;
    }
    let delivery = w.delivery().await;
    shape!(w.sue.get(&format!("/webhooks/deliveries/{delivery}/")).await.expect(200));
    shape!(w.sue.get("/webhooks/deliveries/").await.expect(200));
}

#[tokio::test]
async fn the_log_is_read_by_endpoint_and_status_in_pages() {
    let w = World::new().await;
    let one = w.endpoint(json!({})).await;
    w.endpoint(json!({"event_types": ["booking.cancelled"]})).await;
    w.t.webhooks.answer(Ok(410));
    w.confirmed().await;
    w.sue.patch(&of(&one), json!({"is_active": true})).await.expect(200);
    for version in 3..=6 {
        w.happens(Event::Cancelled, State::CancelledByProvider, version).await;
    }
    let count = async |query: &str| {
        w.sue.get(&format!("/webhooks/deliveries/?{query}")).await.expect(200)["count"].as_i64().unwrap()
    };
    let id = one.str("id");
    assert_eq!(count("").await, 9);
    assert_eq!(count("status=failed").await, 1);
    assert_eq!(count(&format!("endpoint_id={id}")).await, 5);
    assert_eq!(count(&format!("endpoint_id={id}&status=delivered")).await, 4);
    assert_eq!(count("status=pending").await, 0);
    w.sue.get("/webhooks/deliveries/?status=lost").await.refused(422, "validation_failed");

    let (mut next, mut seen) = (Some("/webhooks/deliveries/?page_size=4".to_owned()), Vec::new());
    while let Some(path) = next {
        let page = w.sue.get(path.trim_start_matches("http://localhost:8000")).await.expect(200);
        seen.extend(
            page["results"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!((seen.len(), seen.is_sorted_by(|a, b| a > b)), (9, true));
}

#[tokio::test]
async fn a_message_is_sent_again_on_demand_under_the_same_id() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.confirmed().await;
    let delivery = w.delivery().await;
    w.t.advance(SignedDuration::from_hours(24));
    w.t.webhooks.answer(Ok(500));
    let replayed =
        w.sue.post(&format!("/webhooks/deliveries/{delivery}/replay/"), json!({})).await.expect(202);
    assert_eq!((replayed.str("status"), &replayed["attempts"]), ("pending".to_owned(), &json!(1)));
    w.t.run_jobs().await;
    // With tries of its own.
    assert_eq!(w.deliveries().await, ["booking.confirmed pending 2"]);
    w.later(SignedDuration::from_secs(6)).await;
    assert_eq!(w.deliveries().await, ["booking.confirmed delivered 3"]);
    let sent = w.t.webhooks.take();
    assert!(sent.iter().all(|one| one.id == delivery && one.body == sent[0].body));
    let tried = w.sue.get(&format!("/webhooks/deliveries/{delivery}/")).await["tried"].clone();
    let numbers: Vec<_> =
        tried.as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn an_endpoint_can_be_tried() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    let test = format!("{}test/", of(&made));
    let sent = w.sue.post(&test, json!({})).await.expect(202);
    assert_eq!(sent.str("event_type"), "webhook.test");
    w.t.run_jobs().await;
    w.sue.post(&test, json!({})).await.expect(202);
    w.t.run_jobs().await;
    let webhooks = w.t.webhooks.take();
    assert_eq!((webhooks.len(), webhooks[0].id.clone()), (2, sent.str("id")));
    let said: serde_json::Value = serde_json::from_str(&webhooks[0].body).unwrap();
    let data = json!({"endpoint_id": made.str("id")});
    assert_eq!(said, json!({"type": "webhook.test", "timestamp": "2026-03-02T09:00:00Z", "data": data}));
}

#[tokio::test]
async fn nothing_is_sent_to_an_endpoint_that_is_off() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.confirmed().await;
    let delivery = w.delivery().await;
    w.sue.patch(&of(&made), json!({"is_active": false})).await.expect(200);
    w.sue.post(&format!("{}test/", of(&made)), json!({})).await.refused(409, "endpoint_off");
    let replay = format!("/webhooks/deliveries/{delivery}/replay/");
    w.sue.post(&replay, json!({})).await.refused(409, "endpoint_off");
}

#[tokio::test]
async fn an_endpoint_takes_its_messages_along_when_it_is_forgotten() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.confirmed().await;
    w.sue.delete(&of(&made)).await.expect(204);
    w.later(SignedDuration::from_hours(1)).await;
    assert_eq!((w.sent().len(), w.deliveries().await.len()), (1, 0));
}

#[tokio::test]
async fn messages_are_kept_for_thirty_days() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.confirmed().await;
    w.later(SignedDuration::from_hours(29 * 24)).await;
    assert_eq!(w.deliveries().await.len(), 1);
    w.later(SignedDuration::from_hours(48)).await;
    assert!(w.deliveries().await.is_empty());
}
