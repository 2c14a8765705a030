//! Bursts of messages.

use platform::auth::StaffRole;
use platform::ids::SessionId;
use platform::jobs::Job as _;
use realtime::MessagesUnheeded;
use serde_json::json;
use uuid::Uuid;

use super::World;
use crate::jobs::{MessageSent, RingForMessages, tell_of_message};

async fn write(w: &World, seq: i64, preview: &str) {
    let event = MessageSent {
        conversation_id: Uuid::from_u128(7),
        message_id: Uuid::from_u128(1000 + u128::try_from(seq).unwrap()),
        seq,
        recipient_id: w.bob.id(),
        sender_name: "Ann Lee".to_owned(),
        preview: preview.to_owned(),
        attachment: None,
    };
    tell_of_message(&w.t.app, event).await.unwrap();
    w.t.run_jobs().await;
}

#[tokio::test]
async fn a_burst_rings_at_once_and_then_once_more_for_all_that_follow() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    write(&w, 1, "Hello").await;
    assert_eq!(w.pushes(), ["phone: Ann Lee | Hello"]);
    write(&w, 2, "Are you there?").await;
    write(&w, 4, "007").await;
    write(&w, 3, "It is about the windows").await;
    write(&w, 3, "It is about the windows").await;
    assert!(w.pushes().is_empty());
    w.later(30).await;
    assert_eq!(w.pushes(), ["phone: Ann Lee | 4 new messages"]);
    let list = w.bob.get("/notifications/?lang=de").await.expect(200);
    assert_eq!((&list["count"], &list["results"][0]["message"]), (&json!(1), &json!("4 neue Nachrichten")));
}

#[tokio::test]
async fn after_it_was_read_a_burst_begins_anew() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    write(&w, 1, "Hello").await;
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    write(&w, 1, "Hello").await;
    write(&w, 2, "007").await;
    assert_eq!(w.pushes(), ["phone: Ann Lee | Hello", "phone: Ann Lee | 007"]);
    assert_eq!(w.told(&w.bob).await.len(), 2);
}

#[tokio::test]
async fn whoever_reads_in_the_app_hears_no_push() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let session = SessionId::from(Uuid::from_u128(1));
    let seat = w.t.app.hub.join(&w.t.app.nodes, w.bob.id(), session).unwrap();
    write(&w, 1, "Hello").await;
    assert!(w.pushes().is_empty());
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.later(5).await;
    assert!(w.pushes().is_empty());
    assert_eq!(w.deliveries(&w.bob).await, ["message_received push suppressed read"]);
    write(&w, 2, "And?").await;
    w.later(5).await;
    assert_eq!(w.pushes(), ["phone: Ann Lee | And?"]);
    drop(seat);
}

#[tokio::test]
async fn what_a_connected_reader_does_not_look_at_rings_their_phone() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let begun = w.ann.post("/chat/conversations/", json!({"provider_id": w.bob.id()})).await.expect(201);
    let conversation = begun.str("id");
    let session = SessionId::from(Uuid::from_u128(1));
    let seat = w.t.app.hub.join(&w.t.app.nodes, w.bob.id(), session).unwrap();
    for content in ["Hello", "Are you there?"] {
        let body = json!({"conversation_id": conversation, "content": content});
        w.ann.post("/chat/messages/", body).await.expect(201);
    }
    w.later(10).await;
    assert!(w.pushes().is_empty());
    drop(seat);
    let conversations = vec![conversation.parse().unwrap()];
    let event = MessagesUnheeded::soon(&w.t.app, w.bob.id(), conversations);
    let ring = async || RingForMessages { event: event.clone() }.run(&w.t.app).await.unwrap();
    ring().await;
    w.later(59).await;
    assert!(w.pushes().is_empty());
    w.later(1).await;
    w.later(30).await;
    let pushes = w.pushes();
    assert_eq!(pushes.last().map(String::as_str), Some("phone: Ann Lee | 2 new messages"), "{pushes:?}");
    ring().await;
    w.later(30).await;
    assert!(w.pushes().is_empty());
}

#[tokio::test]
async fn what_staff_write_rings_both() {
    let w = World::new().await;
    w.device(&w.ann, "tablet").await;
    w.device(&w.bob, "phone").await;
    let begun = w.ann.post("/chat/conversations/", json!({"provider_id": w.bob.id()})).await.expect(201);
    let staff = format!("/chat/conversations/{}/staff/", begun.str("id"));
    let sue = w.t.staff("Sue", StaffRole::Support).await;
    sue.post(&staff, json!({"reason": "A ticket"})).await.expect(201);
    sue.post(&format!("{staff}messages/"), json!({"content": "Can I help?"})).await.expect(201);
    w.t.run_jobs().await;
    let mut pushes = w.pushes();
    pushes.sort_unstable();
    assert_eq!(pushes, ["phone: Sue | Can I help?", "tablet: Sue | Can I help?"]);
}

#[tokio::test]
async fn a_message_with_a_picture_alone_has_words_in_every_language() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let event = |seq: i64, attachment: &str| MessageSent {
        conversation_id: Uuid::from_u128(seq.unsigned_abs().into()),
        message_id: Uuid::from_u128(u128::from(1000 + seq.unsigned_abs())),
        seq,
        recipient_id: w.bob.id(),
        sender_name: "Ann Lee".to_owned(),
        preview: String::new(),
        attachment: Some(attachment.to_owned()),
    };
    tell_of_message(&w.t.app, event(1, "image")).await.unwrap();
    w.t.run_jobs().await;
    assert_eq!(w.pushes(), ["phone: Ann Lee | A photo"]);
    for (language, words) in [("en", "A photo"), ("de", "Ein Foto"), ("it", "Una foto")] {
        let list = w.bob.get(&format!("/notifications/?lang={language}")).await.expect(200);
        assert_eq!(list["results"][0]["message"], json!(words));
    }
    for kind in ["document", "audio", "video", "location", "booking_card"] {
        for language in platform::locale::Language::ALL {
            let key = format!("notification-attachment-{kind}");
            assert!(!language.text(&key, &[]).trim().is_empty(), "{key}");
        }
    }
}
