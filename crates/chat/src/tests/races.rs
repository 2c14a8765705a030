//! What many requests at once must not break.

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::{World, id_of, messages, say, seqs};

#[tokio::test]
async fn fifty_who_send_at_once_leave_no_gap() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let sent: Vec<i64> = stream::iter(0..50)
        .map(|n| {
            let client = if n % 2 == 0 { &w.ann } else { &w.bob };
            let (client, conversation) = (client.clone(), conversation.clone());
            async move {
                let answer = say(&client, &conversation, &n.to_string()).await.expect(201);
                answer["seq"].as_i64().unwrap()
            }
        })
        .buffer_unordered(50)
        .collect()
        .await;
    let mut sorted = sent.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=50).collect::<Vec<_>>());
    let all = messages(&w.ann, &conversation, "&page_size=100").await.expect(200);
    assert_eq!(seqs(&all), (1..=50).rev().collect::<Vec<_>>());
    // Both logs are whole, too, and in one order.
    let order = |log: Vec<(String, serde_json::Value)>| {
        log.into_iter().map(|(_, data)| data["seq"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(order(w.log(&w.ann).await), (1..=50).collect::<Vec<_>>());
    assert_eq!(order(w.log(&w.bob).await), (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_thousand_retries_make_no_message_twice() {
    let w = World::new().await;
    let conversation = w.conversation().await;
    let statuses: Vec<u16> = stream::iter(0_u32..1000)
        .map(|n| {
            // Spread without order over 120 names, so that the same ones meet.
            let name = n.wrapping_mul(2_654_435_761) >> 8 & 0xffff;
            let body = json!({"conversation_id": conversation, "content": "Hello",
                              "client_message_id": format!("m{}", name % 120)});
            let client = w.ann.clone();
            async move {
                let answer = client.post("/chat/messages/", body).await;
                assert!(matches!(answer.status.as_u16(), 200 | 201), "{}", answer.text());
                answer.status.as_u16()
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let created = statuses.iter().filter(|status| **status == 201).count();
    let row = sqlx::query!(
        r#"select count(*) as "count!", count(distinct client_message_id) as "names!", min(seq) as "first!",
                  max(seq) as "last!" from messages where conversation_id = $1"#,
        id_of(&conversation) as _,
    );
    let row = row.fetch_one(&w.t.app.db).await.unwrap();
    assert_eq!((row.count, row.names), (row.last, row.count));
    assert_eq!((row.first, usize::try_from(row.count).unwrap()), (1, created));
}
