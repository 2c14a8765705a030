//! Editing, taking back, reacting.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{World, get, messages, say};

async fn original(w: &World) -> Vec<String> {
    let all = sqlx::query_scalar!("select content from message_originals order by id");
    all.fetch_all(&w.t.app.db).await.unwrap()
}

#[tokio::test]
async fn a_text_can_be_edited_for_a_quarter_of_an_hour() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let path = format!("/chat/messages/{}/", say(&w.ann, &conversation, "Helo").await.str("id"));
    w.t.advance(SignedDuration::from_mins(15));
    let edited = w.ann.patch(&path, json!({"content": " Hello "})).await.expect(200);
    assert_eq!(edited["content"], "Hello");
    assert_eq!(edited["edited_at"], json!(w.t.now()));
    assert_eq!(original(&w).await, ["Helo"]);
    let (kind, data) = w.log(&w.bob).await.pop().unwrap();
    assert_eq!((kind.as_str(), &data), ("message.updated", &edited.body));
    assert_eq!(w.log(&w.ann).await.pop().unwrap().1, data);
    // What is edited is masked all the same.
    let masked = w.ann.patch(&path, json!({"content": "ann@example.com"})).await.expect(200);
    assert_eq!((&masked["content"], &masked["is_masked"]), (&json!("•••"), &json!(true)));
    w.ann.patch(&path, json!({"content": "  "})).await.refused(422, "validation_failed");
    w.bob.patch(&path, json!({"content": "Mine"})).await.refused(404, "not_found");
    let eve = w.t.user("Eve").await;
    eve.patch(&path, json!({"content": "Mine"})).await.refused(404, "not_found");
    w.t.advance(SignedDuration::from_secs(1));
    w.ann.patch(&path, json!({"content": "Late"})).await.refused(409, "message_not_editable");
    w.ann.post("/chat/conversations/", json!({"provider_id": w.bob.id()})).await.expect(200);
}

#[tokio::test]
async fn what_is_taken_back_leaves_a_tombstone_and_moderators_keep_it() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let path = format!("/chat/messages/{}/", say(&w.ann, &conversation, "Oops").await.str("id"));
    w.bob.post(&format!("{path}reactions/"), json!({"key": "👍"})).await.expect(200);
    w.bob.delete(&path).await.refused(404, "not_found");
    let gone = w.ann.delete(&path).await.expect(200);
    assert_eq!((&gone["content"], &gone["deleted_at"]), (&json!(""), &json!(w.t.now())));
    assert_eq!(gone["reactions"], json!({}));
    assert_eq!(original(&w).await, ["Oops"]);
    assert_eq!(w.ann.delete(&path).await.expect(200).body, gone.body);
    let deleted =
        |log: Vec<(String, Value)>| log.iter().filter(|(kind, _)| kind == "message.deleted").count();
    assert_eq!([deleted(w.log(&w.ann).await), deleted(w.log(&w.bob).await)], [1, 1]);
    w.ann.patch(&path, json!({"content": "Again"})).await.refused(404, "not_found");
    // Its number stays, and nobody has to read it.
    assert_eq!(messages(&w.bob, &conversation, "").await["results"][0]["seq"], 1);
    assert_eq!(get(&w.bob, &conversation).await["unread_count"], 0);
    assert_eq!(say(&w.bob, &conversation, "?").await["seq"], 2);
}

#[tokio::test]
async fn reactions_show_who_reacted_how() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let path = format!("/chat/messages/{}/reactions/", say(&w.ann, &conversation, "Done!").await.str("id"));
    w.bob.post(&path, json!({"key": "👍"})).await.expect(200);
    w.bob.post(&path, json!({"key": "👍"})).await.expect(200);
    w.bob.post(&path, json!({"key": "🎉"})).await.expect(200);
    w.t.advance(SignedDuration::from_secs(1));
    let all = w.ann.post(&path, json!({"key": "👍"})).await.expect(200);
    assert_eq!(all["reactions"], json!({"👍": [w.bob.id(), w.ann.id()], "🎉": [w.bob.id()]}));
    let updates = w.log(&w.bob).await.into_iter().filter(|(kind, _)| kind == "message.updated").count();
    assert_eq!(updates, 3);
    let left = w.bob.delete(&format!("{path}?key=%F0%9F%8E%89")).await.expect(200);
    assert_eq!(left["reactions"], json!({"👍": [w.bob.id(), w.ann.id()]}));
    for key in ["", " ", "a b", "12345678901234567"] {
        w.bob.post(&path, json!({"key": key})).await.refused(422, "validation_failed");
    }
    for n in 0..12 {
        w.bob.post(&path, json!({"key": format!("k{n}")})).await.expect(200);
    }
    let most = w.bob.post(&path, json!({"key": "more"})).await.expect(200);
    assert_eq!(most["reactions"].as_object().unwrap().len(), 10);
    let eve = w.t.user("Eve").await;
    eve.post(&path, json!({"key": "👍"})).await.refused(404, "not_found");
    super::block(&w.t, &w.ann, &w.bob).await;
    w.bob.post(&path, json!({"key": "x"})).await.refused(403, "chat_blocked");
}
