//! What the house says of bookings.

use bookings::{Actor, BookingChanged, Event, State};
use platform::{
    ids::{BookingId, ServiceId},
    locale::Language,
    outbox,
};
use serde_json::json;

use super::{World, begin, get, messages};
use crate::message::system_key;

async fn happens(w: &World, booking: BookingId, event: Event, version: i32) {
    let change = BookingChanged {
        booking_id: booking,
        customer_id: w.ann.id(),
        provider_id: w.bob.id(),
        service_id: ServiceId::at(w.t.now()),
        event,
        from: None,
        state: State::Confirmed,
        version,
        by: Actor::Provider,
        starts_at: w.t.now(),
        at: w.t.now(),
    };
    outbox::emit(&mut w.t.app.db.acquire().await.unwrap(), &change, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
}

#[tokio::test]
async fn bookings_are_spoken_of_once_in_the_language_of_each() {
    let w = World::new().await;
    let booking = w.booking("confirmed").await;
    // Nobody has talked yet: nothing is said.
    happens(&w, booking, Event::Created, 1).await;
    let conversation = w.conversation().await;
    sqlx::query!("update users set language = 'de' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    happens(&w, booking, Event::Accepted, 2).await;
    happens(&w, booking, Event::Accepted, 2).await;
    let seen = messages(&w.ann, &conversation, "").await.expect(200);
    assert_eq!(seen["count"], 1);
    let note = &seen["results"][0];
    assert_eq!(
        (&note["type"], &note["sender_id"], &note["event"]),
        (&json!("system"), &json!(null), &json!("accepted"))
    );
    assert_eq!(
        (&note["content"], &note["booking_id"]),
        (&json!("The booking is confirmed."), &json!(booking))
    );
    assert_eq!(
        messages(&w.bob, &conversation, "").await["results"][0]["content"],
        "Die Buchung ist bestätigt."
    );
    assert_eq!(w.log(&w.ann).await[0].1["content"], "The booking is confirmed.");
    assert_eq!(w.log(&w.bob).await[0].1["content"], "Die Buchung ist bestätigt.");
    // It is news, but nothing that somebody has to answer.
    assert_eq!(get(&w.ann, &conversation).await["unread_count"], 0);
    let path = format!("/chat/messages/{}/", note["id"].as_str().unwrap());
    w.ann.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_conversation_about_the_booking_comes_first() {
    let w = World::new().await;
    let booking = w.booking("confirmed").await;
    let pair = w.conversation().await;
    let own = begin(&w.ann, json!({"booking_id": booking})).await.expect(201).str("id");
    happens(&w, booking, Event::Started, 3).await;
    assert_eq!(messages(&w.ann, &pair, "").await["count"], 0);
    assert_eq!(messages(&w.ann, &own, "").await["count"], 1);
}

#[test]
fn there_are_words_for_everything_that_can_happen() {
    for event in <Event as strum::VariantArray>::VARIANTS {
        let name: &str = event.into();
        for language in Language::ALL {
            assert!(language.has(&system_key(name)), "{language}: {name}");
        }
    }
}
