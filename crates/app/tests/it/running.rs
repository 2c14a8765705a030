//! Starting and stopping: migrations from several nodes at once, readiness, and a stop that drops no request.

use std::{net::SocketAddr, str::FromStr as _, sync::Arc, time::Duration};

use platform::{
    config::Environment,
    db,
    jobs::Registry,
    telemetry::{self, LogFormat, TelemetrySettings},
    testing::{TestApp, database_url},
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgPool, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

#[tokio::test]
async fn several_nodes_may_migrate_at_once() {
    let options = PgConnectOptions::from_str(&database_url()).unwrap();
    let name = format!("test_migrate_{}", std::process::id());
    let mut admin = options.clone().connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists {name}")))
        .execute(&mut admin)
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.unwrap();
    let nodes = (0..4).map(|_| {
        let options = options.clone().database(&name);
        tokio::spawn(async move {
            let pool = PgPool::connect_with(options).await.unwrap();
            db::migrate(&pool).await.unwrap();
            pool.close().await;
        })
    });
    for node in nodes.collect::<Vec<_>>() {
        node.await.unwrap();
    }
    sqlx::raw_sql(AssertSqlSafe(format!("drop database {name}"))).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
}

async fn request(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A server, its signal to stop, and its end.
async fn serve(t: &TestApp) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let settings =
        TelemetrySettings { log: "error".into(), log_format: LogFormat::Text, otlp_endpoint: None };
    let telemetry = telemetry::start(&settings).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let application = t.app.clone();
    let server = tokio::spawn(async move {
        let stop = async move { stopped.await.unwrap_or_default() };
        app::serve::run_on(listener, application, &telemetry, true, stop).await.unwrap();
    });
    assert!(request(address, "/readyz").await.unwrap().starts_with("HTTP/1.1 200"));
    (address, stop, server)
}

async fn application(args: &[&str]) -> TestApp {
    let tokens = Arc::new(identity::AccessTokens::default());
    TestApp::with(app::router::features(), Registry::default(), tokens, args).await
}

#[tokio::test]
async fn before_the_end_load_balancers_are_told_and_connections_end_with_their_answers() {
    let t = application(&["--shutdown-delay", "3"]).await;
    let (address, stop, server) = serve(&t).await;
    stop.send(()).unwrap();
    // The signal is heard in a moment.
    while request(address, "/readyz").await.unwrap().starts_with("HTTP/1.1 200") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /categories/ HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_stop_is_over_in_its_time_whatever_hangs() {
    let t = application(&["--shutdown-delay", "0", "--shutdown-timeout", "1"]).await;
    let (address, stop, server) = serve(&t).await;
    let mut lock = t.app.db.begin().await.unwrap();
    sqlx::raw_sql("lock table categories in access exclusive mode").execute(&mut *lock).await.unwrap();
    let _running = tokio::spawn(request(address, "/categories/"));
    while waiting_for_locks(&t).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), server).await.expect("it is over").unwrap();
    lock.rollback().await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_running_requests_finish_and_takes_no_new_ones() {
    let t = application(&["--shutdown-delay", "0"]).await;
    let (address, stop, server) = serve(&t).await;

    // A request that waits for a lock is running when the stop comes.
    let mut lock = t.app.db.begin().await.unwrap();
    sqlx::raw_sql("lock table categories in access exclusive mode").execute(&mut *lock).await.unwrap();
    let running = tokio::spawn(request(address, "/categories/"));
    while waiting_for_locks(&t).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(()).unwrap();
    while request(address, "/healthz").await.is_ok_and(|answer| !answer.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!server.is_finished());
    lock.rollback().await.unwrap();
    assert!(running.await.unwrap().unwrap().starts_with("HTTP/1.1 200"));
    server.await.unwrap();
}

async fn waiting_for_locks(t: &TestApp) -> i64 {
    let waiting = "select count(*) from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())";
    #[expect(clippy::disallowed_methods, reason = "asks the server about itself, not the schema")]
    sqlx::query_scalar(waiting).fetch_one(&t.app.db).await.unwrap()
}

#[tokio::test]
async fn only_in_development_somebody_may_put_the_clock_forward() {
    let router = |environment| app::router::router(environment).unwrap().into();
    let t = TestApp::start(router(Environment::Development)).await;
    let step = serde_json::json!({"advance_seconds": 3600});
    let shown = t.anonymous().post("/dev/clock/", step.clone()).await.expect(200).str("now");
    assert_eq!(shown, t.now().to_string());
    assert_eq!(t.anonymous().get("/dev/clock/").await.expect(200).str("now"), shown);
    for seconds in [-1, 90 * 24 * 3600 + 1] {
        t.anonymous().post("/dev/clock/", serde_json::json!({"advance_seconds": seconds})).await.expect(422);
    }
    let t = TestApp::start(router(Environment::Production)).await;
    t.anonymous().post("/dev/clock/", step).await.expect(404);
}
