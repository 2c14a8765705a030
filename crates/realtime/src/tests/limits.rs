use tokio_tungstenite::tungstenite::protocol::frame::{
    Frame,
    coding::{Data, OpCode},
};

use super::*;

#[tokio::test]
async fn wrong_frames_are_refused_and_harm_nobody() {
    let w = World::new().await;
    let mut socket = w.ann().await;
    for (frame, code) in [
        ("", "malformed_request"),
        ("{", "malformed_request"),
        ("[1]", "malformed_request"),
        (r#"{"type":"shout"}"#, "frame_unknown"),
        (r#"{"type":"resume"}"#, "validation_failed"),
        (r#"{"type":"resume","last_event_id":-1}"#, "validation_failed"),
        (r#"{"type":"ping","extra":1}"#, "validation_failed"),
        (r#"{"type":"ping","ref":1}"#, "malformed_request"),
    ] {
        socket.text(frame).await;
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["error"]["code"]), (&json!("error"), &json!(code)), "{frame}");
        assert!(error["error"]["message"].as_str().unwrap().len() > 3);
    }
    socket.say(json!({"type": "ping", "ref": "x"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong", "ref": "x", "at": "2026-03-02T09:00:00Z"}));
}

#[tokio::test]
async fn frames_are_text_small_and_well_formed() {
    let w = World::new().await;
    let mut big = w.ann().await;
    let frame = format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(64 * 1024));
    big.text(&frame).await;
    assert_eq!(big.closed().await, 1009);
    let mut binary = w.ann().await;
    binary.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(binary.closed().await, 1003);
    let mut fragments = w.ann().await;
    let frame = Frame::message(vec![b'x'; 40_000], OpCode::Data(Data::Text), false);
    fragments.0.send(Message::Frame(frame)).await.unwrap();
    let frame = Frame::message(vec![b'x'; 40_000], OpCode::Data(Data::Continue), true);
    fragments.0.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(fragments.closed().await, 1009);
    let mut not_utf8 = w.ann().await;
    let frame = Frame::message(vec![0xC3, 0x28], OpCode::Data(Data::Text), true);
    not_utf8.0.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(not_utf8.closed().await, 1007);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let w = World::new().await;
    let mut socket = w.ann().await;
    for _ in 0..60 {
        if socket.0.send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(socket.closed().await, 4429);
}

#[tokio::test]
async fn one_person_has_at_most_ten_connections() {
    let w = World::new().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(w.ann().await);
    }
    let id = w.ann.id().to_string();
    assert_eq!(w.connect(&id, "").await.closed().await, 4429);
    open.pop();
    for _ in 0..100 {
        if w.connect(&id, "").await.message().await.is_text() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place stays taken");
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_others_are_not() {
    let w = World::new().await;
    let mut reads = w.ann().await;
    let mut lazy = w.ann().await;
    for socket in [&mut reads, &mut lazy] {
        socket.say(json!({"type": "ping"})).await;
        socket.next().await;
    }
    let data = json!({"text": "x".repeat(20_000)});
    let mut read = 0;
    for _ in 0..600 {
        let mut db = w.t.app.db.acquire().await.unwrap();
        let people = [w.ann.id()];
        let told = stream::append(&mut db, &people, Kind::BookingUpdated, &data, w.t.now()).await.unwrap();
        told.tell(&w.t.app);
        read += i64::from(reads.next().await["id"].as_i64().unwrap() == read + 1);
    }
    assert_eq!(read, 600);
    // What was on its way still comes, then the end; or the end of the connection without a word.
    let end = async {
        loop {
            match lazy.0.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map_or(4408, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return 4408,
            }
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), end).await.unwrap(), 4408);
    assert_eq!(w.t.app.hub.count(), 1);
}

#[tokio::test]
async fn a_plain_request_is_told_what_is_expected() {
    let w = World::new().await;
    w.ann.get("/ws/").await.refused(422, "websocket_expected");
}
