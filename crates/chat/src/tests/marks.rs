//! Receipts, unread counts, typing, and who sees whom.

use serde_json::json;

use crate::Arrival;

use super::{World, get, id_of, messages, say};

#[tokio::test]
async fn receipts_follow_from_marks_that_only_move_on() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    for text in ["one", "two", "three"] {
        say(&w.ann, &conversation, text).await.expect(201);
    }
    let arrives = |up_to_seq| [Arrival { user: w.bob.id(), conversation: id_of(&conversation), up_to_seq }];
    crate::delivered(&w.t.app, &arrives(2)).await.unwrap();
    let path = format!("/chat/conversations/{conversation}/read/");
    let left = w.bob.put(&path, json!({"up_to_seq": 1})).await.expect(200);
    assert_eq!(left.body, json!({"unread_count": 2, "unread_conversations": 1}));
    // Late and repeated marks change nothing.
    w.bob.put(&path, json!({"up_to_seq": 0})).await.expect(200);
    crate::delivered(&w.t.app, &arrives(1)).await.unwrap();
    let seen = messages(&w.ann, &conversation, "").await.expect(200);
    let status = |n: usize| seen["results"][n]["status"].clone();
    assert_eq!([status(2), status(1), status(0)], ["read", "delivered", "sent"]);
    assert_eq!(seen["results"][2]["is_read"], true);
    let kinds =
        |log: Vec<(String, serde_json::Value)>| log.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(w.log(&w.ann).await)[3..], ["message.delivered", "message.read"]);
    // What reached a reader is of no use to them.
    assert_eq!(kinds(w.log(&w.bob).await)[3..], ["message.read"]);
    let mark = w.log(&w.ann).await.pop().unwrap().1;
    assert_eq!(mark, json!({"conversation_id": conversation, "user_id": w.bob.id(), "up_to_seq": 1}));
    // Beyond the newest message there is nothing to read.
    w.bob.put(&path, json!({"up_to_seq": 99})).await.expect(200);
    assert_eq!(w.log(&w.ann).await.pop().unwrap().1["up_to_seq"], 3);
    say(&w.ann, &conversation, "four").await.expect(201);
    assert_eq!(get(&w.bob, &conversation).await["unread_count"], 1);
    assert!(crate::is_read(&w.t.app.db, id_of(&conversation), w.bob.id(), 3).await.unwrap());
    assert!(!crate::is_read(&w.t.app.db, id_of(&conversation), w.bob.id(), 4).await.unwrap());
    w.bob.put(&path, json!({"up_to_seq": -1})).await.refused(422, "validation_failed");
}

#[tokio::test]
async fn unread_messages_are_those_of_others() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    say(&w.ann, &conversation, "one").await.expect(201);
    say(&w.bob, &conversation, "two").await.expect(201);
    assert_eq!(crate::unread(&w.t.app.db, w.ann.id()).await.unwrap(), (1, 1));
    assert_eq!(crate::unread(&w.t.app.db, w.bob.id()).await.unwrap(), (1, 1));
    assert_eq!(get(&w.ann, &conversation).await["unread_count"], 1);
}

#[tokio::test]
async fn marks_of_many_conversations_go_together_and_foreign_ones_are_passed_over() {
    let w = World::new().await;
    let own = w.conversation().await;
    let (eve, max) = (w.t.user("Eve").await, w.t.provider("Max").await);
    let foreign = super::begin(&eve, json!({"provider_id": max.id()})).await.expect(201).str("id");
    let other = super::begin(&eve, json!({"provider_id": w.bob.id()})).await.expect(201).str("id");
    for (client, conversation) in [(&w.ann, &own), (&eve, &foreign), (&eve, &other)] {
        say(client, conversation, "Hello").await.expect(201);
    }
    let marks = [(&own, 1), (&foreign, 1), (&other, 9), (&own, 1)];
    let marks = marks.map(|(id, up_to_seq)| Arrival { user: w.bob.id(), conversation: id_of(id), up_to_seq });
    crate::delivered(&w.t.app, &marks).await.unwrap();
    assert_eq!(w.log(&w.ann).await.len(), 2);
    assert_eq!(w.log(&eve).await.last().unwrap().1["up_to_seq"], 1);
    assert_eq!(w.log(&w.bob).await.len(), 2);
    assert_eq!(messages(&eve, &foreign, "").await["results"][0]["status"], "sent");
}

#[tokio::test]
async fn a_writer_is_told_of_all_that_reached_others_in_one_go() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let max = w.t.provider("Max").await;
    let other = super::begin(&w.ann, json!({"provider_id": max.id()})).await.expect(201).str("id");
    for conversation in [&conversation, &other] {
        say(&w.ann, conversation, "Hello").await.expect(201);
    }
    let arrival = |user, id| Arrival { user, conversation: id_of(id), up_to_seq: 1 };
    let both = [arrival(w.bob.id(), &conversation), arrival(max.id(), &other)];
    crate::delivered(&w.t.app, &both).await.unwrap();
    let mut readers: Vec<_> =
        w.log(&w.ann).await[2..].iter().map(|(_, mark)| mark["user_id"].clone()).collect();
    readers.sort_by_key(ToString::to_string);
    let mut expected = [json!(w.bob.id()), json!(max.id())];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(readers, expected);
}

#[tokio::test]
async fn typing_is_for_the_two_and_is_not_kept() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let (ann, eve) = (w.caller(&w.ann).await, w.caller(&w.t.user("Eve").await).await);
    crate::typing(&w.t.app, &ann, id_of(&conversation), true).await.unwrap();
    let refused = crate::typing(&w.t.app, &eve, id_of(&conversation), true).await.unwrap_err();
    assert_eq!(refused.code(), "not_found");
    assert_eq!(w.log(&w.bob).await.len(), 0);
}

#[tokio::test]
async fn presence_is_for_acquaintances_and_can_be_hidden() {
    let w = World::new().await;
    let (ann, bob) = (w.caller(&w.ann).await, w.caller(&w.bob).await);
    let (app, people) = (&w.t.app, [w.ann.id(), w.bob.id()]);
    assert_eq!(crate::visible_people(&app.db, &ann, &people).await.unwrap(), [w.bob.id()]);
    assert!(crate::visible_people(&app.db, &bob, &[w.ann.id()]).await.unwrap().is_empty());
    w.conversation().await;
    assert_eq!(crate::visible_people(&app.db, &bob, &[w.ann.id()]).await.unwrap(), [w.ann.id()]);
    super::block(&w.t, &w.ann, &w.bob).await;
    assert!(crate::visible_people(&app.db, &bob, &[w.ann.id()]).await.unwrap().is_empty());
    assert!(crate::visible_people(&app.db, &ann, &[w.bob.id()]).await.unwrap().is_empty());
}
