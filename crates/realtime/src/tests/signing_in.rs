use super::*;

#[tokio::test]
async fn with_a_header_a_ticket_or_a_first_frame() {
    let w = World::new().await;
    let id = w.ann.id().to_string();
    let ready = w.connect(&id, "").await.next().await;
    assert_eq!(ready, json!({"type": "ready", "session": id, "last_event_id": 0}));

    let ticket = w.ann.post("/ws/ticket/", json!({})).await.expect(201).str("ticket");
    let mut socket = Socket::open(w.request(&format!("?ticket={ticket}"))).await.unwrap();
    assert_eq!(socket.next().await["session"], json!(id));

    let mut socket = Socket::open(w.request("")).await.unwrap();
    socket.say(json!({"type": "auth", "token": id})).await;
    assert_eq!(socket.next().await["session"], json!(id));
}

#[tokio::test]
async fn a_ticket_lets_in_once_and_not_after_half_a_minute() {
    let w = World::new().await;
    let ticket = async || w.ann.post("/ws/ticket/", json!({})).await.expect(201).str("ticket");
    let refused = async |ticket: &str| {
        let (status, body) = Socket::open(w.request(&format!("?ticket={ticket}"))).await.err().unwrap();
        assert_eq!((status, &body["code"]), (401, &json!("ticket_invalid")));
    };
    let used = ticket().await;
    Socket::open(w.request(&format!("?ticket={used}"))).await.unwrap();
    refused(&used).await;
    refused("never-given").await;
    let old = ticket().await;
    w.t.advance(SignedDuration::from_secs(30));
    refused(&old).await;
    w.t.anonymous().post("/ws/ticket/", json!({})).await.expect(401);
}

#[tokio::test]
async fn a_wrong_token_is_refused_before_the_socket_opens_or_closes_it() {
    let w = World::new().await;
    let mut request = w.request("");
    request.headers_mut().insert("authorization", "Bearer nonsense".parse().unwrap());
    assert_eq!(Socket::open(request).await.err().unwrap().0, 401);

    let mut socket = Socket::open(w.request("")).await.unwrap();
    socket.say(json!({"type": "auth", "token": "nonsense"})).await;
    let refusal = socket.next().await;
    assert_eq!((&refusal["type"], &refusal["error"]["code"]), (&json!("error"), &json!("token_invalid")));
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn nothing_is_heard_before_and_nobody_waits_for_ever() {
    let w = World::new().await;
    let mut early = Socket::open(w.request("")).await.unwrap();
    early.say(json!({"type": "ping"})).await;
    assert_eq!(early.next().await["error"]["code"], "unauthenticated");
    assert_eq!(early.closed().await, 4401);
    let mut silent = Socket::open(w.request("")).await.unwrap();
    assert_eq!(silent.closed().await, 4401);
}

#[tokio::test]
async fn only_our_own_pages_may_open_it() {
    let w = World::with(&["--cors-origins", "https://app.example.com"]).await;
    let from = async |origin: &str| {
        let mut request = w.request("");
        request.headers_mut().insert("origin", origin.parse().unwrap());
        Socket::open(request).await.err()
    };
    let same = format!("http://{}", w.address);
    for origin in ["https://app.example.com", "http://localhost:8000", &same] {
        assert_eq!(from(origin).await, None, "{origin}");
    }
    for origin in
        ["https://evil.example.com", "null", "https://app.example.com.evil.com", "http://app.example.com"]
    {
        let (status, body) = from(origin).await.unwrap();
        assert_eq!((status, &body["code"]), (403, &json!("origin_not_allowed")), "{origin}");
    }
}

#[tokio::test]
async fn a_token_is_renewed_in_place() {
    let w = World::new().await;
    let id = w.ann.id();
    let mut socket = w.connect(&format!("{id}+60"), "").await;
    socket.next().await;
    assert_eq!(socket.next().await["type"], "refresh_required");
    let other = w.t.user("Other Person").await.id();
    socket.say(json!({"type": "auth", "ref": "a", "token": other.to_string()})).await;
    let refused = socket.next().await;
    assert_eq!((&refused["ref"], &refused["error"]["code"]), (&json!("a"), &json!("forbidden")));
    socket.say(json!({"type": "auth", "token": id.to_string()})).await;
    assert_eq!(socket.next().await, json!({"type": "ack", "of": "auth"}));
    w.happen(1).await;
    assert_eq!(socket.numbers(1).await, [1]);
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_sockets() {
    let w = World::new().await;
    let app = w.t.app.clone();
    tokio::spawn(async move { tokio::join!(crate::run(&app), app.bus.clone().run(app.db.clone())) });
    let bob = w.t.user("Bob Example").await;
    let mut bobs = w.connect(&bob.id().to_string(), "").await;
    bobs.next().await;
    let mut socket = w.ann().await;
    // The listener of signals has started when it says the first one.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let signal = platform::bus::Signal::SessionEnded { session: SessionId::from(w.ann.id().uuid()) };
    let mut db = w.t.app.db.acquire().await.unwrap();
    platform::bus::Bus::publish(&mut db, &signal).await.unwrap();
    assert_eq!(socket.closed().await, 4401);
    bobs.say(json!({"type": "ping", "ref": "still here"})).await;
    assert_eq!(bobs.next().await["ref"], "still here");
}
