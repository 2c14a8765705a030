//! Lists of conversations, and history.

use jiff::SignedDuration;
use serde_json::json;

use super::{World, begin, messages, say, seqs};

#[tokio::test]
async fn history_is_read_both_ways() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    assert_eq!(messages(&w.bob, &conversation, "").await.expect(200)["count"], 0);
    for n in 1..=10 {
        say(if n % 2 == 0 { &w.ann } else { &w.bob }, &conversation, &n.to_string()).await.expect(201);
    }
    let newest = messages(&w.ann, &conversation, "&page_size=3").await.expect(200);
    assert_eq!((seqs(&newest), &newest["count"]), (vec![10, 9, 8], &json!(10)));
    assert_eq!(newest["previous"], json!(null));
    let path = |url: &serde_json::Value| url.as_str().unwrap().split_once(":8000").unwrap().1.to_owned();
    let older = w.ann.get(&path(&newest["next"])).await.expect(200);
    assert_eq!(seqs(&older), [7, 6, 5]);
    let newer = w.ann.get(&path(&older["previous"])).await.expect(200);
    assert_eq!(seqs(&newer), [10, 9, 8]);
    for (window, expected) in [
        ("&before=4", vec![3, 2, 1]),
        ("&before=1", vec![]),
        ("&after=8", vec![10, 9]),
        ("&after=2&page_size=3", vec![5, 4, 3]),
        ("&after=10", vec![]),
        ("&around=5&page_size=4", vec![7, 6, 5, 4]),
        ("&around=1&page_size=4", vec![3, 2, 1]),
        ("&around=9223372036854775807&page_size=2", vec![10]),
        ("&page=1&page_size=4", vec![10, 9, 8, 7]),
        ("&page=2&page_size=4", vec![6, 5, 4, 3]),
        ("&page=3&page_size=4", vec![2, 1]),
        ("&page=4&page_size=4", vec![]),
    ] {
        assert_eq!(seqs(&messages(&w.bob, &conversation, window).await.expect(200)), expected, "{window}");
    }
    assert_eq!(messages(&w.ann, &conversation, "&before=4&page_size=3").await["next"], json!(null));
    messages(&w.ann, &conversation, "&before=4&after=2").await.refused(422, "validation_failed");
    messages(&w.ann, &conversation, "&before=-1").await.refused(422, "validation_failed");
    messages(&w.ann, &conversation, "&page=0").await.refused(422, "validation_failed");
    w.ann.get("/chat/messages/").await.refused(422, "validation_failed");
    // Walking on from a page by number is stable while somebody writes.
    let second = messages(&w.ann, &conversation, "&page=2&page_size=4").await.expect(200);
    say(&w.bob, &conversation, "11").await.expect(201);
    assert_eq!(seqs(&w.ann.get(&path(&second["next"])).await.expect(200)), [2, 1]);
}

#[tokio::test]
async fn the_newest_activity_comes_first_and_pages_neither_repeat_nor_skip() {
    let w = World::new().await;
    let mut all = Vec::new();
    for n in 0..5 {
        w.t.advance(SignedDuration::from_mins(1));
        let provider = w.t.provider(&format!("P{n}")).await;
        all.push(begin(&w.ann, json!({"provider_id": provider.id()})).await.expect(201).str("id"));
    }
    w.t.advance(SignedDuration::from_mins(1));
    say(&w.ann, &all[1], "Hello").await.expect(201);
    let expected: Vec<_> = [1, 4, 3, 2, 0].map(|n| all[n].clone()).into();
    let mut seen = Vec::new();
    let mut path = Some("/chat/conversations/?page_size=2".to_owned());
    while let Some(next) = path {
        let page = w.ann.get(&next).await.expect(200);
        assert_eq!(page["count"], 5);
        seen.extend(page["results"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()));
        path = page["next"].as_str().map(|url| url.split_once(":8000").unwrap().1.to_owned());
    }
    assert_eq!(seen, expected);
    let first = &w.ann.get("/chat/conversations/").await.expect(200)["results"][0];
    assert_eq!((&first["last_message"]["content"], &first["last_seq"]), (&json!("Hello"), &json!(1)));
    // A provider's list is the same list.
    let bob_too = w.conversation().await;
    assert_eq!(w.bob.get("/chat/conversations/").await["results"][0]["id"], bob_too);
    assert_eq!(w.bob.get("/chat/conversations/?unread=true").await["count"], 0);
    say(&w.ann, &bob_too, "Hi").await.expect(201);
    assert_eq!(w.bob.get("/chat/conversations/?unread=true").await["count"], 1);
}
