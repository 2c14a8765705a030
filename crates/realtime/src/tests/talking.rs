//! Chat over the socket: messages, receipts, who writes, who is here.

use super::*;

/// Ann and Bob, who have a conversation, both connected.
struct Talk {
    w: World,
    bob: Client,
    conversation: String,
    anns: Socket,
    bobs: Socket,
}

impl Talk {
    async fn new() -> Self {
        let w = World::new().await;
        let bob = w.t.provider("Bob Example").await;
        let begun = w.ann.post("/chat/conversations/", json!({"provider_id": bob.id()})).await;
        let (anns, bobs) = (w.ann().await, w.ready(&bob).await);
        Self { conversation: begun.expect(201).str("id"), w, bob, anns, bobs }
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_and_reaches_both_once() {
    let Talk { conversation, mut anns, mut bobs, .. } = Talk::new().await;
    let frame = json!({"type": "message.send", "ref": "r1", "conversation_id": conversation,
                       "client_message_id": "m1", "content": "Hello"});
    for _ in 0..2 {
        anns.say(frame.clone()).await;
    }
    let (mut acks, mut created) = (Vec::new(), 0);
    for _ in 0..3 {
        let frame = anns.next().await;
        match frame["type"].as_str().unwrap() {
            "ack" => acks.push((
                frame["ref"].clone(),
                frame["message"]["id"].clone(),
                frame["message"]["seq"].clone(),
            )),
            "message.created" => created += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((created, &acks[0], &acks[0].2), (1, &acks[1], &json!(1)));
    let heard = bobs.next().await;
    assert_eq!(
        (&heard["type"], &heard["id"], &heard["data"]["content"]),
        (&json!("message.created"), &json!(1), &json!("Hello"))
    );
    bobs.is_silent().await;
}

#[tokio::test]
async fn the_kind_of_a_message_is_called_kind_in_frames() {
    let Talk { conversation, mut anns, mut bobs, .. } = Talk::new().await;
    anns.say(json!({"type": "message.send", "conversation_id": conversation, "kind": "location",
                    "location": {"latitude": 48.1, "longitude": 11.5}}))
        .await;
    let heard = bobs.next().await;
    assert_eq!(
        (&heard["data"]["type"], &heard["data"]["location"]["latitude"]),
        (&json!("location"), &json!(48.1))
    );
}

#[tokio::test]
async fn what_is_read_is_told_to_both() {
    let Talk { conversation, mut anns, mut bobs, w, bob } = Talk::new().await;
    anns.say(json!({"type": "message.send", "conversation_id": conversation, "content": "Hello"})).await;
    bobs.next().await;
    bobs.say(json!({"type": "message.read", "ref": "r", "conversation_id": conversation, "up_to_seq": 1}))
        .await;
    for _ in 0..2 {
        let frame = bobs.next().await;
        match frame["type"].as_str().unwrap() {
            "ack" => assert_eq!((&frame["of"], &frame["ref"]), (&json!("message.read"), &json!("r"))),
            other => assert_eq!((other, &frame["id"]), ("message.read", &json!(2))),
        }
    }
    let read = loop {
        let frame = anns.next().await;
        if frame["type"] == "message.read" {
            break frame;
        }
    };
    assert_eq!(read["data"], json!({"conversation_id": conversation, "user_id": bob.id(), "up_to_seq": 1}));
    drop(w);
}

#[tokio::test]
async fn foreign_conversations_are_unknown_and_nobody_there_hears_of_it() {
    let Talk { conversation, mut anns, mut bobs, w, .. } = Talk::new().await;
    let mut eves = w.ready(&w.t.user("Eve").await).await;
    for frame in [
        json!({"type": "message.send", "conversation_id": conversation, "content": "Hello", "client_message_id": "x"}),
        json!({"type": "message.read", "conversation_id": conversation, "up_to_seq": 1}),
        json!({"type": "typing", "conversation_id": conversation}),
    ] {
        eves.say(frame.clone()).await;
        let refused = eves.next().await;
        assert_eq!(refused["error"]["code"], "not_found", "{frame}");
        assert_eq!(refused["client_message_id"], frame["client_message_id"]);
    }
    anns.is_silent().await;
    bobs.is_silent().await;
}

#[tokio::test]
async fn forged_marks_move_nothing_beyond_what_was_written() {
    let Talk { conversation, mut bobs, bob, .. } = Talk::new().await;
    for (up_to, code) in [(-1, json!("validation_failed")), (999, Value::Null)] {
        bobs.say(json!({"type": "message.read", "conversation_id": conversation, "up_to_seq": up_to})).await;
        assert_eq!(bobs.next().await["error"]["code"], code);
    }
    let shown = bob.get(&format!("/chat/conversations/{conversation}/")).await.expect(200);
    assert_eq!((&shown["read_seq"], &shown["unread_count"]), (&json!(0), &json!(0)));
    bobs.is_silent().await;
}

#[tokio::test]
async fn typing_is_passed_on_once_in_a_while_and_not_to_who_is_blocked() {
    let Talk { conversation, mut anns, mut bobs, w, bob } = Talk::new().await;
    let frame =
        |is_typing| json!({"type": "typing", "conversation_id": conversation, "is_typing": is_typing});
    for is_typing in [true, true, true, false] {
        anns.say(frame(is_typing)).await;
    }
    for is_typing in [true, false] {
        let heard = bobs.next().await;
        assert_eq!(
            (&heard["type"], &heard["data"]["is_typing"], heard.get("id")),
            (&json!("typing"), &json!(is_typing), None)
        );
    }
    bobs.is_silent().await;
    bob.post(&format!("/chat/conversations/{conversation}/block/"), json!({})).await.expect(200);
    anns.say(frame(true)).await;
    bobs.is_silent().await;
    assert_eq!(w.t.app.hub.count(), 2);
}

#[tokio::test]
async fn presence_is_told_to_who_watches_until_it_is_hidden() {
    let Talk { mut anns, bobs, w, bob, .. } = Talk::new().await;
    let app = w.t.app.clone();
    tokio::spawn(async move { tokio::join!(crate::run(&app), app.bus.clone().run(app.db.clone())) });
    // The listener of signals has started when it says the first one.
    tokio::time::sleep(Duration::from_millis(500)).await;
    anns.say(json!({"type": "presence.watch", "user_ids": [bob.id()]})).await;
    let mut said = [anns.next().await, anns.next().await];
    said.sort_by_key(|frame| frame["type"].to_string());
    let presence = |status| json!({"type": "presence", "data": {"user_id": bob.id(), "status": status}});
    assert_eq!(said, [json!({"type": "ack", "of": "presence.watch"}), presence("online")]);
    drop(bobs);
    assert_eq!(anns.next().await, presence("offline"));
    let _back = w.ready(&bob).await;
    assert_eq!(anns.next().await, presence("online"));
    let hidden = |is_hidden: bool| json!({"shows_read_receipts": true, "shows_presence": !is_hidden});
    bob.put("/chat/settings/", hidden(true)).await.expect(200);
    assert_eq!(anns.next().await, presence("offline"));
    let _second = w.ready(&bob).await;
    anns.is_silent().await;
    assert!(!w.t.app.hub.is_online(bob.id()) && w.t.app.hub.is_connected(bob.id()));
    bob.put("/chat/settings/", hidden(false)).await.expect(200);
    assert_eq!(anns.next().await, presence("online"));
}

#[tokio::test]
async fn whoever_is_blocked_sees_no_presence_any_more_also_where_it_was_watched_before() {
    let Talk { conversation, mut anns, mut bobs, w, bob } = Talk::new().await;
    let presence = |user, status| json!({"type": "presence", "data": {"user_id": user, "status": status}});
    for (socket, watched) in [(&mut anns, bob.id()), (&mut bobs, w.ann.id())] {
        socket.say(json!({"type": "presence.watch", "user_ids": [watched]})).await;
        let mut said = [socket.next().await, socket.next().await];
        said.sort_by_key(|frame| frame["type"].to_string());
        assert_eq!(said[1], presence(watched, "online"));
    }
    bob.post(&format!("/chat/conversations/{conversation}/block/"), json!({})).await.expect(200);
    assert_eq!(anns.next().await, presence(bob.id(), "offline"));
    assert_eq!(bobs.next().await, presence(w.ann.id(), "offline"));
    let second = w.ready(&bob).await;
    drop((bobs, second));
    let _back = w.ready(&bob).await;
    anns.is_silent().await;
    anns.say(json!({"type": "presence.watch", "user_ids": [bob.id()]})).await;
    assert_eq!(anns.next().await, json!({"type": "ack", "of": "presence.watch"}));
    anns.is_silent().await;
}

#[tokio::test]
async fn whoever_leaves_with_something_unread_is_rung_for() {
    let Talk { conversation, mut anns, mut bobs, w, bob } = Talk::new().await;
    let rings = async || {
        let rings =
            sqlx::query_scalar!("select payload from outbox where topic = 'realtime.messages_unheeded'");
        rings.fetch_all(&w.t.app.db).await.unwrap()
    };
    let say = json!({"type": "message.send", "conversation_id": conversation, "content": "Hello"});
    anns.say(say.clone()).await;
    bobs.next().await;
    bobs.say(json!({"type": "message.read", "conversation_id": conversation, "up_to_seq": 1})).await;
    bobs.next().await;
    bobs.next().await;
    drop(bobs);
    bobs = w.ready(&bob).await;
    assert_eq!(rings().await, [Value::Null; 0]);
    anns.say(say).await;
    bobs.next().await;
    drop(bobs);
    for _ in 0..100 {
        if let [ring] = rings().await.as_slice() {
            let expected = json!({"user_id": bob.id(), "conversations": [conversation],
                                  "rings_at": "2026-03-02T09:01:00Z"});
            assert_eq!(*ring, expected);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody rings");
}
