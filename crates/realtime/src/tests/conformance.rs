//! RFC 6455, as the cases of Autobahn's suite ask for it, which the program `kosoku` carries.

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    routing::get,
};
use platform::testing::tools;
use tokio::process::Command;

use super::*;
use crate::upgrade::limited;

/// The largest message of the cases.
const LARGEST: usize = 16 * 1024 * 1024;

/// Says everything again, over a socket that is set up as ours are, save for the size of messages.
async fn echo() -> SocketAddr {
    async fn repeat(mut socket: WebSocket) {
        while let Some(Ok(message)) = socket.recv().await {
            let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
            if is_data && socket.send(message).await.is_err() {
                return;
            }
        }
    }
    let upgrade = |upgrade: WebSocketUpgrade| async move { limited(upgrade, LARGEST).on_upgrade(repeat) };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/echo", get(upgrade))).await });
    address
}

/// Runs the cases that `more` chooses; those that failed, as `case: behaviour`.
async fn failed(more: &[&str]) -> Vec<String> {
    let program = tools("venv/bin/kosoku").join("venv/bin/kosoku");
    let report = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["-m", "fuzzingclient", "-p", "4"]).args(more).arg("-o").arg(report.path());
    let run = command.arg(format!("{}/echo", echo().await)).kill_on_drop(true).output().await.unwrap();
    let index = std::fs::read(report.path().join("index.json"));
    let index = index.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&run.stderr)));
    let index: serde_json::Map<String, Value> = serde_json::from_slice(&index).unwrap();
    let cases = index.values().flat_map(|cases| cases.as_object().unwrap());
    let is_good =
        |outcome: &Value| ["OK", "NON-STRICT", "INFORMATIONAL"].contains(&outcome.as_str().unwrap());
    let mut count = 0;
    let failed = cases.inspect(|_| count += 1).filter(|(_, case)| !is_good(&case["behavior"]));
    let failed = failed.map(|(name, case)| format!("{name}: {}", case["behavior"])).collect();
    assert!(count > 10, "{count} cases were run");
    failed
}

#[tokio::test]
async fn frames_fragments_and_goodbyes_are_as_the_standard_says() {
    let failed = failed(&["-x", "9.*", "-x", "12.*", "-x", "13.*"]).await;
    assert_eq!(failed, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_messages_in_many_pieces_come_back() {
    let failed = failed(&["-i", "9.*"]).await;
    assert_eq!(failed, [""; 0]);
}
