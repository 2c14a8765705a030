//! Blocking, reporting, settings, and what is forgotten.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{World, get, messages, say};

#[tokio::test]
async fn a_block_can_be_set_and_lifted_by_its_maker() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let path = format!("/chat/conversations/{conversation}/block/");
    let blocked = w.bob.post(&path, json!({})).await.expect(200);
    assert_eq!([&blocked["is_blocked"], &blocked["is_blocked_by_me"]], [true, true]);
    w.bob.post(&path, json!({})).await.expect(200);
    let seen = get(&w.ann, &conversation).await;
    assert_eq!([&seen["is_blocked"], &seen["is_blocked_by_me"]], [true, false]);
    say(&w.ann, &conversation, "Hello?").await.refused(403, "chat_blocked");
    // Somebody else's block is not lifted.
    w.ann.delete(&path).await.expect(200);
    say(&w.ann, &conversation, "Hello?").await.refused(403, "chat_blocked");
    assert_eq!(w.bob.delete(&path).await.expect(200)["is_blocked"], false);
    say(&w.ann, &conversation, "Hello!").await.expect(201);
    w.t.user("Eve").await.post(&path, json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_report_keeps_what_was_said_and_has_a_deadline() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let rude = say(&w.bob, &conversation, "You fool").await.expect(201).str("id");
    say(&w.ann, &conversation, "What?").await.expect(201);
    let path = format!("/chat/conversations/{conversation}/report/");
    let body = json!({"reason": "harassment", "details": "Rude", "message_id": rude});
    let report = w.ann.post(&path, body.clone()).await.expect(201);
    assert_eq!(report["due_at"], json!(w.t.now().plus(SignedDuration::from_hours(24))));
    assert_eq!(w.ann.post(&path, body).await.expect(200)["id"], report["id"]);
    // Taking it back afterwards changes nothing.
    w.bob.delete(&format!("/chat/messages/{rude}/")).await.expect(200);
    let row = sqlx::query!("select evidence, reported_id, reason, state from chat_reports");
    let row = row.fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!(row.evidence[0]["content"], "You fool");
    assert_eq!(row.evidence.as_array().unwrap().len(), 2);
    assert_eq!(
        (row.reported_id, row.reason.as_str(), row.state.as_str()),
        (w.bob.id().uuid(), "harassment", "open")
    );
    let nowhere = json!({"reason": "spam", "message_id": "019a0000-0000-7000-8000-000000000000"});
    w.bob.post(&path, nowhere).await.refused(422, "validation_failed");
    w.bob.post(&path, json!({"reason": "boring"})).await.refused(422, "validation_failed");
    w.bob.post(&path, json!({"reason": "spam"})).await.expect(201);
    w.t.user("Eve").await.post(&path, json!({"reason": "spam"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn flagged_words_go_to_the_staff_and_to_the_reader() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    say(&w.bob, &conversation, "Please buy a gift card first").await.expect(201);
    let row = sqlx::query!("select reason, reporter_id, reported_id, evidence from chat_reports");
    let row = row.fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!((row.reason.as_str(), row.reporter_id, row.reported_id), ("filter", None, w.bob.id().uuid()));
    assert_eq!(row.evidence[0]["content"], "Please buy a gift card first");
    assert_eq!(messages(&w.ann, &conversation, "").await["count"], 1);
}

#[tokio::test]
async fn a_conversation_is_archived_until_something_happens() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let path = format!("/chat/conversations/{conversation}/settings/");
    let until = "2026-04-01T00:00:00Z";
    let set = json!({"is_archived": true, "is_pinned": true, "muted_until": until});
    let seen = w.bob.put(&path, set).await.expect(200);
    assert_eq!(
        (&seen["is_archived"], &seen["is_pinned"], &seen["muted_until"]),
        (&json!(true), &json!(true), &json!(until))
    );
    let count = async |query: &str| {
        w.bob.get(&format!("/chat/conversations/{query}")).await.expect(200)["count"].clone()
    };
    assert_eq!([count("").await, count("?archived=true").await], [0, 1]);
    // The other one's list is their own.
    assert_eq!(w.ann.get("/chat/conversations/").await["count"], 1);
    say(&w.ann, &conversation, "Hello").await.expect(201);
    assert_eq!([count("").await, count("?archived=true").await], [1, 0]);
    assert_eq!(w.bob.put(&path, json!({})).await.expect(200)["is_pinned"], false);
    for until in ["-009999-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "tomorrow"] {
        w.bob.put(&path, json!({"muted_until": until})).await.refused(422, "validation_failed");
    }
    w.t.user("Eve").await.put(&path, json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn receipts_and_presence_can_be_hidden() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    say(&w.ann, &conversation, "Hello").await.expect(201);
    let shown = json!({"shows_read_receipts": true, "shows_presence": true});
    assert_eq!(w.bob.get("/chat/settings/").await.expect(200).body, shown);
    let hidden = json!({"shows_read_receipts": false, "shows_presence": false});
    assert_eq!(w.bob.put("/chat/settings/", hidden.clone()).await.expect(200).body, hidden);
    assert_eq!(w.bob.get("/chat/settings/").await.body, hidden);
    let ann = w.caller(&w.ann).await;
    assert!(crate::visible_people(&w.t.app.db, &ann, &[w.bob.id()]).await.unwrap().is_empty());
    let path = format!("/chat/conversations/{conversation}/read/");
    w.bob.put(&path, json!({"up_to_seq": 1})).await.expect(200);
    let kinds = |log: Vec<(String, Value)>| log.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(w.log(&w.ann).await), ["message.created"]);
    // Their own devices hear of it.
    assert_eq!(kinds(w.log(&w.bob).await), ["message.created", "message.read"]);
    assert_eq!(messages(&w.ann, &conversation, "").await["results"][0]["status"], "delivered");
    assert_eq!(get(&w.ann, &conversation).await["other_read_seq"], 0);
    assert_eq!(get(&w.bob, &conversation).await["unread_count"], 0);
}

#[tokio::test]
async fn old_messages_are_forgotten_unless_somebody_has_to_decide() {
    let w = World::with(&["--chat-retention-days", "30"]).await;
    let conversation = w.conversation().await;
    let eve = w.t.provider("Eve").await;
    let other = super::begin(&w.ann, json!({"provider_id": eve.id()})).await.expect(201).str("id");
    say(&w.ann, &conversation, "Old").await.expect(201);
    say(&w.ann, &other, "Old").await.expect(201);
    w.ann.post(&format!("/chat/conversations/{other}/report/"), json!({"reason": "fraud"})).await.expect(201);
    w.t.advance(SignedDuration::from_hours(24 * 31));
    say(&w.ann, &conversation, "New").await.expect(201);
    w.t.run_jobs().await;
    let left = messages(&w.bob, &conversation, "").await.expect(200);
    assert_eq!((&left["count"], &left["results"][0]["seq"]), (&json!(1), &json!(2)));
    assert_eq!(messages(&eve, &other, "").await["count"], 1);
}

#[tokio::test]
async fn the_words_of_who_is_gone_are_forgotten() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    say(&w.bob, &conversation, "My secret").await.expect(201);
    say(&w.ann, &conversation, "Mine").await.expect(201);
    sqlx::query!("update users set state = 'deleted' where id = $1", w.bob.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.t.run_jobs().await;
    let left = messages(&w.ann, &conversation, "").await.expect(200);
    assert_eq!(
        (&left["results"][1]["content"], &left["results"][0]["content"]),
        (&json!(""), &json!("Mine"))
    );
    assert!(left["results"][1]["deleted_at"].is_string());
}
