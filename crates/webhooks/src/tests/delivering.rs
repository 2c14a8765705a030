//! Messages on their way.

use bookings::{Event, State};
use jiff::SignedDuration;
use platform::ports::webhook::{SendError, Webhook};
use serde_json::json;

use super::{World, of};

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Whether the secret's holder finds a signature of theirs, by the standard's own library.
fn is_signed(webhook: &Webhook, secret: &str) -> bool {
    let partner = standardwebhooks::Webhook::new(secret).unwrap();
    let mine = partner.sign(&webhook.id, webhook.timestamp, webhook.body.as_bytes()).unwrap();
    webhook.signature.split(' ').any(|signature| signature == mine)
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_with_the_same_id_and_bytes() {
    let w = World::new().await;
    let secret = w.endpoint(json!({})).await.str("secret");
    w.t.webhooks.answer(Ok(500));
    w.t.webhooks.answer(Err(SendError::TimedOut));
    w.confirmed().await;
    w.later(SignedDuration::from_secs(4)).await;
    assert_eq!(w.deliveries().await, ["booking.confirmed pending 1"]);
    w.later(SignedDuration::from_secs(2)).await;
    assert_eq!(w.deliveries().await, ["booking.confirmed pending 2"]);
    w.later(SignedDuration::from_mins(6)).await;
    assert_eq!(w.deliveries().await, ["booking.confirmed delivered 3"]);
    let sent = w.t.webhooks.take();
    assert_eq!((&sent[0].id, &sent[0].body), (&sent[2].id, &sent[2].body));
    assert!(sent[0].timestamp < sent[1].timestamp && sent[1].timestamp < sent[2].timestamp);
    assert!(sent.iter().all(|webhook| is_signed(webhook, &secret)));
    w.later(hours(96)).await;
    assert!(w.sent().is_empty());
}

#[tokio::test]
async fn it_is_given_up_after_ten_tries_in_three_days() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    (0..20).for_each(|_| w.t.webhooks.answer(Err(SendError::NotReached)));
    w.confirmed().await;
    for _ in 0..76 * 4 {
        w.later(SignedDuration::from_mins(15)).await;
    }
    assert_eq!(w.deliveries().await, ["booking.confirmed failed 10"]);
    w.later(hours(48)).await;
    assert_eq!(w.sent().len(), 10);
}

#[tokio::test]
async fn an_endpoint_hears_of_things_in_order() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    for version in 1..=45 {
        w.t.advance(SignedDuration::from_secs(1));
        w.emit(Event::Accepted, State::Confirmed, version).await;
        // Written down one after the other; not sent yet.
        sqlx::query!("update webhook_endpoints set busy_until = $1", w.t.now().plus(hours(1)) as _)
            .execute(&w.t.app.db)
            .await
            .unwrap();
        w.t.run_jobs().await;
    }
    assert!(w.sent().is_empty());
    w.later(hours(2)).await;
    let versions: Vec<_> = w.t.webhooks.take().iter().map(|one| version(&one.body)).collect();
    assert_eq!(versions, (1..=45).collect::<Vec<_>>());
}

fn version(body: &str) -> i64 {
    serde_json::from_str::<serde_json::Value>(body).unwrap()["data"]["version"].as_i64().unwrap()
}

#[tokio::test]
async fn whoever_died_while_sending_is_followed_by_another() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    let busy = w.t.now().plus(SignedDuration::from_mins(3));
    sqlx::query!("update webhook_endpoints set busy_until = $1", busy as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.confirmed().await;
    assert!(w.sent().is_empty());
    w.later(SignedDuration::from_mins(4)).await;
    assert_eq!(w.sent(), ["booking.confirmed"]);
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_for_half_a_minute() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.t.webhooks.answer(Err(SendError::TimedOut));
    w.confirmed().await;
    w.happens(Event::Completed, State::Completed, 3).await;
    w.later(SignedDuration::from_secs(20)).await;
    assert_eq!(w.sent(), ["booking.confirmed"]);
    w.later(SignedDuration::from_secs(10)).await;
    assert_eq!(w.sent(), ["booking.completed", "booking.confirmed"]);
}

#[tokio::test]
async fn what_waits_does_not_hold_up_what_is_new() {
    let w = World::new().await;
    w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.confirmed().await;
    w.happens(Event::Completed, State::Completed, 3).await;
    assert_eq!(w.deliveries().await, ["booking.confirmed pending 1", "booking.completed delivered 1"]);
    // Nor is it forgotten over it.
    w.later(SignedDuration::from_secs(10)).await;
    assert_eq!(w.deliveries().await[0], "booking.confirmed delivered 2");
}

#[tokio::test]
async fn who_answers_that_it_is_gone_hears_no_more() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(410));
    w.confirmed().await;
    assert_eq!(w.deliveries().await, ["booking.confirmed failed 1"]);
    let off = w.sue.get(&of(&made)).await.expect(200);
    assert_eq!((&off["is_active"], off.str("off_reason")), (&json!(false), "gone".to_owned()));
    assert_eq!((&off["version"], off.header("etag").split_once('-').unwrap().0), (&json!(2), "\"2"));
    w.happens(Event::Completed, State::Completed, 3).await;
    assert_eq!(w.sent().len(), 1);
    let on = w.sue.patch(&of(&made), json!({"is_active": true})).await.expect(200);
    assert_eq!((&on["is_active"], &on["off_reason"]), (&json!(true), &json!(null)));
    w.happens(Event::Cancelled, State::CancelledByProvider, 4).await;
    assert_eq!(w.sent(), ["booking.cancelled"]);
}

#[tokio::test]
async fn who_takes_nothing_for_five_days_hears_no_more() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    (0..200).for_each(|_| w.t.webhooks.answer(Ok(503)));
    for version in 1..=4 {
        w.happens(Event::Accepted, State::Confirmed, version).await;
        w.later(hours(29)).await;
    }
    let failing = w.sue.get(&of(&made)).await.expect(200);
    assert_eq!(
        (&failing["is_active"], failing.str("failing_since")),
        (&json!(true), "2026-03-02T09:00:01Z".to_owned())
    );
    w.later(hours(6)).await;
    w.happens(Event::Completed, State::Completed, 9).await;
    let off = w.sue.get(&of(&made)).await.expect(200);
    assert_eq!((&off["is_active"], off.str("off_reason")), (&json!(false), "failing".to_owned()));
    w.t.webhooks.take();
    w.later(hours(24)).await;
    assert!(w.sent().is_empty());
    // Switched on again, it has as much time again.
    let on = w.sue.patch(&of(&made), json!({"is_active": true})).await.expect(200);
    assert_eq!(on["failing_since"], json!(null));
    w.later(hours(1)).await;
    assert_eq!(w.sue.get(&of(&made)).await["is_active"], json!(true));
}

#[tokio::test]
async fn one_that_is_taken_ends_the_count_of_days() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.confirmed().await;
    w.later(SignedDuration::from_secs(10)).await;
    assert_eq!(w.sue.get(&of(&made)).await["failing_since"], json!(null));
}

#[tokio::test]
async fn a_secret_is_good_for_a_day_beside_its_successor() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    let old = made.str("secret");
    let new = w.sue.post(&format!("{}rotate-secret/", of(&made)), json!({})).await.expect(200).str("secret");
    w.later(hours(23)).await;
    w.happens(Event::Accepted, State::Confirmed, 2).await;
    w.later(hours(2)).await;
    w.happens(Event::Completed, State::Completed, 3).await;
    let sent = w.t.webhooks.take();
    assert!(is_signed(&sent[0], &old) && is_signed(&sent[0], &new));
    assert!(!is_signed(&sent[1], &old) && is_signed(&sent[1], &new));
    assert_eq!(sent[1].signature.split(' ').count(), 1);
    assert_eq!(w.sue.get(&of(&made)).await["old_secret_until"], json!(null));
    // And then it is forgotten.
    w.later(hours(24)).await;
    let kept = sqlx::query_scalar!("select sealed_old_secret from webhook_endpoints");
    assert_eq!(kept.fetch_one(&w.t.app.db).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_on_its_way_waits_while_an_endpoint_is_off() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.confirmed().await;
    w.sue.patch(&of(&made), json!({"is_active": false})).await.expect(200);
    w.later(hours(1)).await;
    assert_eq!(w.sent().len(), 1);
    w.sue.patch(&of(&made), json!({"is_active": true})).await.expect(200);
    w.t.run_jobs().await;
    assert_eq!(w.deliveries().await, ["booking.confirmed delivered 2"]);
}

#[tokio::test]
async fn an_endpoint_can_be_moved_and_what_is_on_its_way_moves_along() {
    let w = World::new().await;
    let made = w.endpoint(json!({})).await;
    w.t.webhooks.answer(Ok(500));
    w.confirmed().await;
    w.sue.patch(&of(&made), json!({"url": "https://new.example.com/"})).await.expect(200);
    w.later(SignedDuration::from_secs(10)).await;
    let urls: Vec<_> = w.t.webhooks.take().into_iter().map(|one| one.url).collect();
    assert_eq!(urls, ["https://partner.example.com/hook", "https://new.example.com/"]);
}
