//! Members of staff in conversations of others.

use futures_util::{StreamExt as _, stream};
use jiff::SignedDuration;
use platform::{
    auth::StaffRole,
    outbox::Event as _,
    testing::{Answer, Client},
};
use serde_json::{Value, json};

use super::{World, begin, block, get, id_of, messages, say, seqs};

async fn support(w: &World) -> Client {
    w.t.staff("Sue", StaffRole::Support).await
}

async fn join(client: &Client, conversation: &str) -> Answer {
    client.post(&path(conversation), json!({"reason": "She has asked for help"})).await
}

async fn leave(client: &Client, conversation: &str) -> Answer {
    client.delete(&path(conversation)).await
}

async fn help(client: &Client, conversation: &str, content: &str) -> Answer {
    client.post(&format!("{}messages/", path(conversation)), json!({"content": content})).await
}

async fn read(client: &Client, conversation: &str, query: &str) -> Answer {
    client.get(&format!("{}messages/{query}", path(conversation))).await
}

fn path(conversation: &str) -> String {
    format!("/chat/conversations/{conversation}/staff/")
}

/// A conversation that somebody of support has joined.
async fn joined(w: &World) -> (String, Client) {
    let (conversation, sue) = (w.conversation().await, support(w).await);
    join(&sue, &conversation).await.expect(201);
    (conversation, sue)
}

/// The events of the house in the log of somebody, with what they say.
async fn notes(w: &World, client: &Client) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let log = w.log(client).await.into_iter().filter(|(_, data)| data["type"] == "system");
    log.map(|(_, data)| (text(&data["event"]), text(&data["content"]))).collect()
}

async fn set_state(w: &World, client: &Client, state: &str) {
    sqlx::query!("update users set state = $2 where id = $1", client.id() as _, state)
        .execute(&w.t.app.db)
        .await
        .unwrap();
}

#[tokio::test]
async fn both_are_told_in_their_language_who_joins_and_leaves() {
    let w = World::new().await;
    sqlx::query!("update users set language = 'de' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let (conversation, sue) = (w.conversation().await, support(&w).await);
    let stay = join(&sue, &conversation).await.expect(201);
    insta::assert_snapshot!(stay.masked());
    leave(&sue, &conversation).await.expect(204);
    let note = |event: &str, content: &str| (event.to_owned(), content.to_owned());
    assert_eq!(
        notes(&w, &w.ann).await,
        [
            note("staff_joined", "Sue of SkillBuddy support has joined this conversation."),
            note("staff_left", "Sue of SkillBuddy support has left this conversation.")
        ]
    );
    assert_eq!(
        notes(&w, &w.bob).await,
        [
            note("staff_joined", "Sue vom SkillBuddy-Support ist jetzt in diesem Gespräch."),
            note("staff_left", "Sue vom SkillBuddy-Support hat dieses Gespräch verlassen.")
        ]
    );
    let seen = messages(&w.ann, &conversation, "").await.expect(200);
    assert_eq!(seqs(&seen), [2, 1]);
    assert_eq!(seen["results"][1]["content"], notes(&w, &w.ann).await[0].1);
    // It is news, but nothing that somebody has to answer.
    assert_eq!(get(&w.ann, &conversation).await["unread_count"], 0);
}

#[tokio::test]
async fn joining_again_changes_nothing() {
    let w = World::new().await;
    let (conversation, sue) = (w.conversation().await, support(&w).await);
    let first = join(&sue, &conversation).await.expect(201);
    w.t.advance(SignedDuration::from_mins(1));
    let again = sue.post(&path(&conversation), json!({"reason": "Another"})).await.expect(200);
    assert_eq!(again.body, first.body);
    assert_eq!(notes(&w, &w.ann).await.len(), 1);
    leave(&sue, &conversation).await.expect(204);
    join(&sue, &conversation).await.expect(201);
    let reasons = sqlx::query_scalar!("select reason from conversation_staff order by id");
    assert_eq!(reasons.fetch_all(&w.t.app.db).await.unwrap(), ["She has asked for help"; 2]);
}

#[tokio::test]
async fn joining_many_times_at_once_is_joining_once() {
    let w = World::new().await;
    let (conversation, sue) = (w.conversation().await, support(&w).await);
    let both = tokio::join!(join(&sue, &conversation), join(&sue, &conversation));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let both = tokio::join!(leave(&sue, &conversation), leave(&sue, &conversation));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404]);
    assert_eq!(notes(&w, &w.ann).await.len(), 2);
}

#[tokio::test]
async fn several_of_the_staff_are_inside_and_only_who_has_left_is_out() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let mo = w.t.staff("Mo", StaffRole::Moderator).await;
    let root = w.t.staff("Root", StaffRole::Superuser).await;
    join(&mo, &conversation).await.expect(201);
    join(&root, &conversation).await.expect(201);
    leave(&sue, &conversation).await.expect(204);
    leave(&sue, &conversation).await.refused(404, "not_found");
    help(&sue, &conversation, "Hello").await.refused(404, "not_found");
    read(&sue, &conversation, "").await.refused(404, "not_found");
    help(&mo, &conversation, "Hello").await.expect(201);
    read(&root, &conversation, "").await.expect(200);
}

#[tokio::test]
async fn only_support_and_moderators_join() {
    let w = World::new().await;
    let (conversation, _sue) = joined(&w).await;
    let others = [w.t.user("Eve").await, w.t.provider("Max").await, w.ann.clone(), w.bob.clone()];
    for other in others.iter().chain([&w.t.staff("Finn", StaffRole::Finance).await]) {
        join(other, &conversation).await.refused(403, "forbidden");
        leave(other, &conversation).await.refused(403, "forbidden");
        read(other, &conversation, "").await.refused(403, "forbidden");
        help(other, &conversation, "Hello").await.refused(403, "forbidden");
    }
    let nobody = w.t.anonymous();
    join(&nobody, &conversation).await.refused(401, "unauthenticated");
    leave(&nobody, &conversation).await.refused(401, "unauthenticated");
    read(&nobody, &conversation, "").await.refused(401, "unauthenticated");
    help(&nobody, &conversation, "Hello").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn who_has_not_joined_finds_nothing() {
    let w = World::new().await;
    let (conversation, _sue) = joined(&w).await;
    let mo = w.t.staff("Mo", StaffRole::Moderator).await;
    for conversation in [conversation.as_str(), "019a0000-0000-7000-8000-000000000000", "1"] {
        leave(&mo, conversation).await.refused(404, "not_found");
        read(&mo, conversation, "").await.refused(404, "not_found");
        help(&mo, conversation, "Hello").await.refused(404, "not_found");
    }
    join(&mo, "019a0000-0000-7000-8000-000000000000").await.refused(404, "not_found");
    // The ways of the two people are closed to staff who are inside, too.
    join(&mo, &conversation).await.expect(201);
    get(&mo, &conversation).await.refused(404, "not_found");
    say(&mo, &conversation, "Hello").await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_joins_a_conversation_of_their_own() {
    let w = World::new().await;
    let sue = support(&w).await;
    let own = begin(&sue, json!({"provider_id": w.bob.id()})).await.expect(201).str("id");
    join(&sue, &own).await.refused(403, "own_matter");
    assert!(w.log(&w.bob).await.is_empty());
}

#[tokio::test]
async fn joining_needs_a_reason_and_a_message_says_something() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    for reason in [json!(""), json!("  "), json!(null), json!(1), json!("x".repeat(501))] {
        sue.post(&path(&conversation), json!({"reason": reason})).await.refused(422, "validation_failed");
    }
    sue.post(&path(&conversation), json!({})).await.refused(422, "validation_failed");
    let write = async |body: Value| sue.post(&format!("{}messages/", path(&conversation)), body).await;
    for body in [
        json!({}),
        json!({"content": " "}),
        json!({"content": "x".repeat(5001)}),
        json!({"content": "a", "client_message_id": ""}),
        json!({"content": "a", "client_message_id": "x".repeat(101)}),
    ] {
        write(body).await.refused(422, "validation_failed");
    }
    write(json!({"content": "x".repeat(5000), "client_message_id": "x".repeat(100)})).await.expect(201);
}

#[tokio::test]
async fn what_staff_write_says_so_and_is_told_to_both() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    assert_eq!(say(&w.ann, &conversation, "Help!").await.expect(201)["is_staff"], false);
    // What people may not write yet, and what a filter would look at, staff may.
    let text = "Call us: +49 151 23456789. Nobody of us asks for a gift card.";
    let sent = help(&sue, &conversation, &format!(" {text} ")).await.expect(201);
    insta::assert_snapshot!(sent.masked());
    assert_eq!(sent["content"], text);
    for client in [&w.ann, &w.bob] {
        let (kind, data) = w.log(client).await.pop().unwrap();
        assert_eq!((kind.as_str(), &data), ("message.created", &sent.body));
        let seen = messages(client, &conversation, "").await.expect(200);
        assert_eq!((&seen["results"][0]["id"], &seen["results"][0]["is_staff"]), (&sent["id"], &json!(true)));
        assert_eq!(
            (&seen["results"][1]["is_staff"], &seen["results"][2]["is_staff"]),
            (&json!(false), &json!(false))
        );
    }
    let reports =
        sqlx::query_scalar!("select count(*) from chat_reports").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(reports, Some(0));
}

#[tokio::test]
async fn both_are_notified_of_what_staff_write() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let sent = help(&sue, &conversation, "Hello").await.expect(201);
    let heard = sqlx::query_scalar!("select payload from outbox where topic = $1", crate::MessageSent::TOPIC);
    let heard = heard.fetch_all(&w.t.app.db).await.unwrap().into_iter();
    let heard: Vec<crate::MessageSent> = heard.map(|event| serde_json::from_value(event).unwrap()).collect();
    assert_eq!(heard.iter().map(|event| event.recipient_id).collect::<Vec<_>>(), [w.ann.id(), w.bob.id()]);
    for event in heard {
        assert_eq!((event.sender_id, event.seq), (sue.id(), 2));
        let waiting = crate::waiting(&w.t.app.db, event.recipient_id, event.message_id, w.t.now()).await;
        assert_eq!(waiting.unwrap().unwrap().sender_name, "Sue");
        let all =
            crate::waiting_in(&w.t.app.db, event.recipient_id, id_of(&conversation), 9, w.t.now()).await;
        assert_eq!(all.unwrap()[0].id.to_string(), sent.str("id"));
    }
}

#[tokio::test]
async fn the_same_message_of_staff_sent_again_is_the_same_message() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let path = format!("{}messages/", path(&conversation));
    let body = json!({"content": "Hello", "client_message_id": "x"});
    let first = sue.post(&path, body.clone()).await.expect(201);
    assert_eq!(sue.post(&path, body.clone()).await.expect(200).body, first.body);
    assert_eq!(w.log(&w.ann).await.len(), 2);
    // Others may call theirs the same.
    let mo = w.t.staff("Mo", StaffRole::Moderator).await;
    join(&mo, &conversation).await.expect(201);
    assert_eq!(mo.post(&path, body.clone()).await.expect(201)["seq"], 4);
    let keyed = sue.with("Idempotency-Key", "k1");
    let one = keyed.post(&path, json!({"content": "Keyed"})).await.expect(201);
    assert_eq!(keyed.post(&path, json!({"content": "Keyed"})).await.expect(201).body, one.body);
    assert_eq!(get(&w.ann, &conversation).await["last_seq"], 5);
}

#[tokio::test]
async fn messages_of_staff_are_counted_until_they_are_read() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    say(&w.ann, &conversation, "Help!").await.expect(201);
    let id = help(&sue, &conversation, "Hello").await.expect(201).str("id");
    assert_eq!(get(&w.ann, &conversation).await["unread_count"], 1);
    assert_eq!(get(&w.bob, &conversation).await["unread_count"], 2);
    assert_eq!(crate::unread(&w.t.app.db, w.ann.id()).await.unwrap(), (1, 1));
    assert_eq!(w.ann.get("/chat/conversations/?unread=true").await["count"], 1);
    let read_up = format!("/chat/conversations/{conversation}/read/");
    let status = async || {
        let seen = read(&sue, &conversation, "").await.expect(200);
        assert_eq!(seen["results"][0]["id"], id);
        seen["results"][0]["status"].clone()
    };
    let left = w.ann.put(&read_up, json!({"up_to_seq": 3})).await.expect(200);
    assert_eq!(left["unread_count"], 0);
    assert_eq!(w.ann.get("/chat/conversations/?unread=true").await["count"], 0);
    assert_eq!(status().await, "sent");
    w.bob.put(&read_up, json!({"up_to_seq": 3})).await.expect(200);
    assert_eq!(status().await, "read");
    w.bob
        .put("/chat/settings/", json!({"shows_read_receipts": false, "shows_presence": true}))
        .await
        .expect(200);
    assert_eq!(status().await, "delivered");
}

#[tokio::test]
async fn staff_read_what_the_two_see() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    say(&w.ann, &conversation, "Call +49 151 23456789").await.expect(201);
    let gone = say(&w.bob, &conversation, "You fool").await.expect(201).str("id");
    w.bob.delete(&format!("/chat/messages/{gone}/")).await.expect(200);
    for n in 4..=6 {
        say(&w.ann, &conversation, &n.to_string()).await.expect(201);
    }
    let all = read(&sue, &conversation, "").await.expect(200);
    assert_eq!((seqs(&all), &all["count"]), (vec![6, 5, 4, 3, 2, 1], &json!(6)));
    let said = |n: usize, field: &str| all["results"][n][field].clone();
    assert_eq!([said(3, "content"), said(4, "content")], ["", "Call •••"]);
    assert_eq!([said(4, "sender_name"), said(4, "status")], ["Ann Lee", "delivered"]);
    assert_eq!(said(5, "content"), "Sue of SkillBuddy support has joined this conversation.");
    let newest = read(&sue, &conversation, "?page_size=2").await.expect(200);
    let path = |url: &Value| url.as_str().unwrap().split_once(":8000").unwrap().1.to_owned();
    let older = sue.get(&path(&newest["next"])).await.expect(200);
    assert_eq!((seqs(&newest), seqs(&older)), (vec![6, 5], vec![4, 3]));
    assert_eq!(seqs(&sue.get(&path(&older["previous"])).await.expect(200)), [6, 5]);
    assert_eq!(seqs(&read(&sue, &conversation, "?after_seq=2&page_size=3").await.expect(200)), [5, 4, 3]);
    for query in ["?before_seq=4&after_seq=2", "?before_seq=-1", "?page_size=0", "?page_size=101"] {
        read(&sue, &conversation, query).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn blocking_does_not_concern_staff() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    block(&w.t, &w.ann, &w.bob).await;
    let sue = support(&w).await;
    join(&sue, &conversation).await.expect(201);
    let sent = help(&sue, &conversation, "Hello").await.expect(201);
    for client in [&w.ann, &w.bob] {
        assert_eq!(w.log(client).await.pop().unwrap().1["id"], sent["id"]);
    }
    // Between the two nothing has changed.
    say(&w.bob, &conversation, "Hello").await.refused(403, "chat_blocked");
}

#[tokio::test]
async fn staff_join_although_one_has_gone() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    set_state(&w, &w.bob, "deleted").await;
    let sue = support(&w).await;
    join(&sue, &conversation).await.expect(201);
    help(&sue, &conversation, "They are no longer here").await.expect(201);
    assert_eq!(messages(&w.ann, &conversation, "").await["count"], 2);
}

#[tokio::test]
async fn what_staff_wrote_is_theirs_and_can_be_answered() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let id = help(&sue, &conversation, "Hello").await.expect(201).str("id");
    let message = format!("/chat/messages/{id}/");
    for client in [&w.ann, &w.bob] {
        client.patch(&message, json!({"content": "Mine"})).await.refused(404, "not_found");
        client.delete(&message).await.refused(404, "not_found");
        let reacted = client.post(&format!("{message}reactions/"), json!({"key": "👍"})).await.expect(200);
        assert_eq!(w.log(&w.ann).await.pop().unwrap().1["reactions"], reacted["reactions"]);
    }
    let reply = json!({"conversation_id": conversation, "content": "Thank you", "reply_to": id});
    assert_eq!(w.ann.post("/chat/messages/", reply).await.expect(201)["reply_to"], id);
}

#[tokio::test]
async fn a_report_means_the_other_one_and_never_staff() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let id = help(&sue, &conversation, "Hello").await.expect(201).str("id");
    let report = format!("/chat/conversations/{conversation}/report/");
    w.ann.post(&report, json!({"reason": "spam", "message_id": id})).await.refused(422, "validation_failed");
    w.ann.post(&report, json!({"reason": "spam"})).await.expect(201);
    let row =
        sqlx::query!("select reported_id, evidence from chat_reports").fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!((row.reported_id, &row.evidence[1]["is_staff"]), (w.bob.id().uuid(), &json!(true)));
}

#[tokio::test]
async fn who_has_forgotten_to_leave_is_out_after_a_day_without_a_message() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let last = async || notes(&w, &w.ann).await.pop().unwrap().0;
    let later = async |hours| {
        w.t.advance(SignedDuration::from_hours(hours));
        w.t.run_jobs().await;
    };
    later(23).await;
    help(&sue, &conversation, "I am still here").await.expect(201);
    later(23).await;
    read(&sue, &conversation, "").await.expect(200);
    assert_eq!(last().await, "staff_joined");
    later(1).await;
    read(&sue, &conversation, "").await.refused(404, "not_found");
    assert_eq!(last().await, "staff_left");
    assert_eq!(notes(&w, &w.bob).await.pop().unwrap().0, "staff_left");
    // Who has left by themselves and come back has a day of their own.
    join(&sue, &conversation).await.expect(201);
    later(20).await;
    leave(&sue, &conversation).await.expect(204);
    join(&sue, &conversation).await.expect(201);
    later(20).await;
    read(&sue, &conversation, "").await.expect(200);
    assert_eq!(notes(&w, &w.ann).await.len(), 5);
}

#[tokio::test]
async fn twenty_of_people_and_staff_who_send_at_once_leave_no_gap() {
    let w = World::new().await;
    let (conversation, sue) = joined(&w).await;
    let sent: Vec<i64> = stream::iter(0..20)
        .map(|n| {
            let (client, conversation) = ([&w.ann, &w.bob, &sue][n % 3].clone(), conversation.clone());
            async move {
                let text = n.to_string();
                let answer = match n % 3 {
                    2 => help(&client, &conversation, &text).await,
                    _ => say(&client, &conversation, &text).await,
                };
                answer.expect(201)["seq"].as_i64().unwrap()
            }
        })
        .buffer_unordered(20)
        .collect()
        .await;
    let mut sorted = sent;
    sorted.sort_unstable();
    assert_eq!(sorted, (2..=21).collect::<Vec<_>>());
    for client in [&w.ann, &w.bob] {
        let log = w.log(client).await;
        let order: Vec<i64> = log.iter().map(|(_, data)| data["seq"].as_i64().unwrap()).collect();
        assert_eq!(order, (1..=21).collect::<Vec<_>>());
    }
}
