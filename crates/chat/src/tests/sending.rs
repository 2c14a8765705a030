//! Sending messages.

use platform::outbox::Event as _;
use serde_json::json;

use super::{World, begin, block, get, messages, say, seqs};

#[tokio::test]
async fn a_message_is_numbered_stored_and_told_to_both() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let body = json!({"conversation_id": conversation, "content": "  Hello!  ", "client_message_id": "a-1"});
    let sent = w.ann.post("/chat/messages/", body).await.expect(201);
    insta::assert_snapshot!(sent.masked());
    assert_eq!(say(&w.bob, &conversation, "Hi").await.expect(201)["seq"], 2);
    let read = messages(&w.ann, &conversation, "").await.expect(200);
    assert_eq!(seqs(&read), [2, 1]);
    assert_eq!(read["results"][1], sent.body);
    for client in [&w.ann, &w.bob] {
        let log = w.log(client).await;
        assert_eq!(log.len(), 2);
        assert_eq!(log[0].0, "message.created");
        assert_eq!(log[0].1, sent.body);
    }
    let heard = sqlx::query_scalar!(
        "select payload from outbox where topic = $1 order by id",
        crate::MessageSent::TOPIC
    );
    let heard = heard.fetch_all(&w.t.app.db).await.unwrap();
    let first: crate::MessageSent = serde_json::from_value(heard[0].clone()).unwrap();
    assert_eq!((first.seq, first.sender_id, first.recipient_id), (1, w.ann.id(), w.bob.id()));
    assert_eq!(first.at, w.t.now());
}

#[tokio::test]
async fn the_same_message_sent_again_is_the_same_message() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let body = json!({"conversation_id": conversation, "content": "Hello", "client_message_id": "x"});
    let first = w.ann.post("/chat/messages/", body.clone()).await.expect(201);
    let again = w.ann.post("/chat/messages/", body.clone()).await.expect(200);
    assert_eq!(again.body, first.body);
    // The other one may call theirs the same.
    assert_eq!(w.bob.post("/chat/messages/", body.clone()).await.expect(201)["seq"], 2);
    // A key does no harm.
    let keyed = w.ann.with("Idempotency-Key", "k1");
    assert_eq!(keyed.post("/chat/messages/", body).await.expect(200)["id"], first["id"]);
    let body = json!({"conversation_id": conversation, "content": "Keyed"});
    let one = w.ann.with("Idempotency-Key", "k2");
    let first = one.post("/chat/messages/", body.clone()).await.expect(201);
    let again = one.post("/chat/messages/", body).await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.body, first["seq"].clone()), (first.body.clone(), json!(3)));
}

#[tokio::test]
async fn a_message_says_something() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let send = async |more: serde_json::Value| {
        let mut body = json!({"conversation_id": conversation});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        w.ann.post("/chat/messages/", body).await
    };
    for body in [
        json!({}),
        json!({"content": "   "}),
        json!({"content": "x".repeat(5001)}),
        json!({"content": "a", "client_message_id": ""}),
        json!({"content": "a", "reply_to": "019a0000-0000-7000-8000-000000000000"}),
        json!({"content": "a", "media_ids": ["019a0000-0000-7000-8000-000000000000"]}),
        json!({"type": "location"}),
        json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}),
        json!({"type": "booking_card"}),
        json!({"type": "booking_card", "booking_id": "019a0000-0000-7000-8000-000000000000"}),
        json!({"type": "system", "content": "Paid"}),
    ] {
        send(body).await.refused(422, "validation_failed");
    }
    send(json!({"content": "x".repeat(5000)})).await.expect(201);
    let place = json!({"type": "location", "location": {"latitude": 52.52, "longitude": 13.405}});
    assert_eq!(send(place).await.expect(201)["location"], json!({"latitude": 52.52, "longitude": 13.405}));
    let booking = w.booking("pending_acceptance").await;
    let card = send(json!({"type": "booking_card", "booking_id": booking})).await.expect(201);
    assert_eq!((&card["type"], &card["booking_id"]), (&json!("booking_card"), &json!(booking)));
    let reply = send(json!({"content": "That one", "reply_to": card["id"]})).await.expect(201);
    assert_eq!((&reply["reply_to"], &reply["seq"]), (&card["id"], &json!(4)));
}

#[tokio::test]
async fn blocking_works_both_ways_unless_a_booking_is_open() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    block(&w.t, &w.ann, &w.bob).await;
    say(&w.ann, &conversation, "Hello").await.refused(403, "chat_blocked");
    say(&w.bob, &conversation, "Hello").await.refused(403, "chat_blocked");
    let seen = get(&w.ann, &conversation).await.expect(200);
    assert_eq!([&seen["is_blocked"], &seen["is_blocked_by_me"], &seen["can_send"]], [true, true, false]);
    let booking = w.booking("confirmed").await;
    assert_eq!(say(&w.bob, &conversation, "I am on my way").await.expect(201)["seq"], 1);
    assert_eq!(get(&w.bob, &conversation).await["can_send"], true);
    w.set_state(booking, "completed").await;
    say(&w.bob, &conversation, "Done").await.refused(403, "chat_blocked");
}

#[tokio::test]
async fn who_has_gone_is_not_written_to() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    sqlx::query!("update users set state = 'deleted' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    say(&w.ann, &conversation, "Hello").await.refused(409, "conversation_closed");
}

#[tokio::test]
async fn contact_details_are_masked_until_a_booking_is_confirmed() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let text = "Call +49 151 23456789";
    let masked = say(&w.ann, &conversation, text).await.expect(201);
    assert_eq!((&masked["content"], &masked["is_masked"]), (&json!("Call •••"), &json!(true)));
    assert_eq!(w.log(&w.bob).await[0].1["content"], "Call •••");
    assert_eq!(messages(&w.bob, &conversation, "").await["results"][0]["content"], "Call •••");
    assert_eq!(say(&w.ann, &conversation, "See you at 10:30").await["is_masked"], false);
    let booking = w.booking("pending_acceptance").await;
    assert_eq!(say(&w.ann, &conversation, text).await["is_masked"], true);
    w.set_state(booking, "confirmed").await;
    let open = say(&w.ann, &conversation, text).await.expect(201);
    assert_eq!((&open["content"], &open["is_masked"]), (&json!(text), &json!(false)));
}

#[tokio::test]
async fn masking_can_be_switched_off() {
    let w = World::with(&["--chat-mask-contacts", "false"]).await;
    let conversation = w.conversation().await;
    assert_eq!(say(&w.ann, &conversation, "ann@example.com").await["content"], "ann@example.com");
}

#[tokio::test]
async fn twenty_messages_a_second_are_enough() {
    let w = World::with(&["--limit-messages", "20"]).await;
    let conversation = w.conversation().await;
    let mut refused = None;
    for n in 0..200 {
        let answer = say(&w.ann, &conversation, &n.to_string()).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    assert!(!refused.unwrap().refused(429, "too_many_requests").header("retry-after").is_empty());
    say(&w.bob, &conversation, "I am slower").await.expect(201);
}

#[tokio::test]
async fn other_conversations_are_no_place_for_replies() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let eve = w.t.provider("Eve").await;
    let other = begin(&w.ann, json!({"provider_id": eve.id()})).await.expect(201).str("id");
    let message = say(&w.ann, &other, "Hello").await.expect(201);
    let body = json!({"conversation_id": conversation, "content": "Look", "reply_to": message["id"]});
    let refused = w.ann.post("/chat/messages/", body).await.refused(422, "validation_failed");
    assert!(refused["errors"]["reply_to"].is_array());
}
