//! Traces reach who collects them.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use platform::{
    jobs::Registry,
    telemetry::{self, LogFormat, TelemetrySettings},
    testing::TestApp,
};
use tokio::{net::TcpListener, sync::mpsc};

#[tokio::test]
async fn spans_of_requests_are_sent_to_the_collector() {
    let (sent, mut received) = mpsc::unbounded_channel::<(HeaderMap, Bytes)>();
    let collector = Router::new().route(
        "/v1/traces",
        post(move |headers: HeaderMap, body: Bytes| async move {
            let _test_is_over = sent.send((headers, body));
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, collector).await });
    let settings =
        TelemetrySettings { log: "info".into(), log_format: LogFormat::Json, otlp_endpoint: Some(endpoint) };
    let telemetry = telemetry::start(&settings).unwrap();

    let tokens = Arc::new(identity::AccessTokens::default());
    let t = TestApp::with(app::router::features(), Registry::default(), tokens, &[]).await;
    t.anonymous().get("/categories/").await.expect(200);
    // What is left is sent at the end.
    let ended = tokio::task::spawn_blocking(move || drop(telemetry));
    let first = tokio::time::timeout(Duration::from_secs(20), received.recv());
    let (headers, body) = first.await.expect("spans are sent").unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let body = String::from_utf8_lossy(&body);
    for part in ["skillbuddy", "request", "/categories/"] {
        assert!(body.contains(part), "{part}");
    }
    ended.await.unwrap();
}
