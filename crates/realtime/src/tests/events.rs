use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Reads server-sent events as text until `enough` of them have come.
async fn events(w: &World, query: &str, header: &str, enough: usize) -> String {
    let mut stream = TcpStream::connect(w.address).await.unwrap();
    let id = w.ann.id();
    let request = format!(
        "GET /events/{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {id}\r\naccept: text/event-stream\r\n{header}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut buffer = vec![0; 4096];
    while text.matches("\ndata:").count() < enough {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
        let count = read.expect("events come").unwrap();
        assert!(count > 0, "{text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    text
}

#[tokio::test]
async fn server_sent_events_are_the_same_log() {
    let w = World::new().await;
    for number in 1..=3 {
        w.happen(number).await;
    }
    let text = events(&w, "?after=1", "", 2).await;
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    assert!(text.find("id: 2").unwrap() < text.find("id: 3").unwrap(), "{text}");
    assert!(text.contains(r#"data: {"id":2,"type":"booking.updated","at":"2026-03-02T09:00:00Z""#), "{text}");
    let text = events(&w, "", "last-event-id: 2\r\n", 1).await;
    assert!(text.contains("id: 3") && !text.contains("id: 2"), "{text}");
    let (text, ()) = tokio::join!(events(&w, "", "", 1), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        w.happen(4).await;
    });
    assert!(text.contains("id: 4") && !text.contains("id: 3"), "{text}");
}

#[tokio::test]
async fn one_answer_at_a_time_waits_for_something_to_happen() {
    let w = World::new().await;
    let nothing = w.ann.get("/events/?wait=0").await.expect(200);
    assert_eq!((&nothing["events"], &nothing["last_event_id"]), (&json!([]), &json!(0)));
    let get = w.ann.get("/events/?after=0&wait=8");
    let (answer, ()) = tokio::join!(get, async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        w.happen(1).await;
    });
    let answer = answer.expect(200);
    assert_eq!((&answer["events"][0]["id"], &answer["last_event_id"]), (&json!(1), &json!(1)));
    let again = w.ann.get("/events/?after=7&wait=0").await.expect(200);
    assert_eq!(again["events"][0], json!({"type": "resync", "last_event_id": 1}));
    w.ann.get("/events/?after=-1").await.expect(422);
    w.t.anonymous().get("/events/").await.expect(401);
}
