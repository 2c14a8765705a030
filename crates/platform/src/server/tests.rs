use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::Router;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use utoipa_axum::router::OpenApiRouter;

use crate::testing::TestApp;

/// Nothing here takes nearly as long; a test that waits for it has failed.
const TOO_LONG: Duration = Duration::from_secs(20);
const HEAD: &str = "GET /nothing HTTP/1.1\r\nhost: here\r\n";

/// A server, which knows no path, until the sender is used or dropped.
async fn serve(args: &[&str]) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let t = TestApp::with(
        OpenApiRouter::new(),
        crate::jobs::Registry::default(),
        std::sync::Arc::new(crate::testing::TokenIsUserId),
        args,
    )
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(async move {
        let stop = async move { stopped.await.unwrap_or_default() };
        super::serve(listener, Router::new(), t.app.clone(), stop).await;
    });
    (address, stop, server)
}

/// Sends, and gives all that comes until the server ends the connection.
async fn until_closed(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest(stream).await
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(TOO_LONG, stream.read_to_end(&mut answer)).await;
    read.expect("the server ends the connection").unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request on a connection that stays.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(format!("{HEAD}\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = tokio::time::timeout(TOO_LONG, stream.read(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn a_connection_without_a_whole_head_is_ended() {
    let (address, _stop, _server) = serve(&["--head-timeout", "1"]).await;
    for bytes in ["", "GET", HEAD, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let started = Instant::now();
        until_closed(address, bytes.as_bytes()).await;
        assert!(started.elapsed() >= Duration::from_millis(900), "{bytes:?}");
    }
    // Neither does it help to send it byte by byte.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut sent = 0;
    for byte in HEAD.bytes().chain(std::iter::repeat(b'x')).take(200) {
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(sent < 100, "{sent} bytes were listened to");
}

#[tokio::test]
async fn between_requests_a_connection_has_its_own_time() {
    let (address, _stop, _server) = serve(&["--head-timeout", "1", "--idle-timeout", "3"]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 404"));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 404"));
    rest(stream).await;
}

#[tokio::test]
async fn a_request_names_one_host_and_has_a_head_of_some_size() {
    let (address, _stop, _server) = serve(&[]).await;
    let status = |answer: String| answer.get(9..12).unwrap_or_default().to_owned();
    let close = "connection: close\r\n\r\n";
    for (head, wanted) in [
        ("GET / HTTP/1.1\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost: one\r\nhost: two\r\n".to_owned(), "400"),
        ("GET / HTTP/1.0\r\nhost: one\r\nhost: one\r\n".to_owned(), "400"),
        ("GET / HTTP/1.0\r\n".to_owned(), "404"),
        (HEAD.to_owned(), "404"),
        (format!("{HEAD}x: {}\r\n", "x".repeat(30_000)), "404"),
        (format!("{HEAD}x: {}\r\n", "x".repeat(40_000)), "431"),
    ] {
        assert_eq!(
            status(until_closed(address, format!("{head}{close}").as_bytes()).await),
            wanted,
            "{head:.60}"
        );
    }
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let (address, _stop, _server) = serve(&["--max-connections-per-address", "2"]).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(
        ask(&mut first).await.starts_with("HTTP/1.1 404")
            && ask(&mut second).await.starts_with("HTTP/1.1 404")
    );
    assert_eq!(rest(TcpStream::connect(address).await.unwrap()).await, "");
    drop(first);
    // The server hears of it in a moment.
    let again = async {
        loop {
            let answer = until_closed(address, format!("{HEAD}connection: close\r\n\r\n").as_bytes()).await;
            if answer.starts_with("HTTP/1.1 404") {
                break;
            }
        }
    };
    tokio::time::timeout(TOO_LONG, again).await.unwrap();
}

#[tokio::test]
async fn a_stop_answers_who_has_connected_and_ends_idle_connections() {
    let (address, stop, server) = serve(&[]).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut idle).await.starts_with("HTTP/1.1 404"));
    let mut new = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    assert!(ask(&mut new).await.starts_with("HTTP/1.1 404"));
    assert_eq!(rest(idle).await, "");
    tokio::time::timeout(TOO_LONG, server).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
