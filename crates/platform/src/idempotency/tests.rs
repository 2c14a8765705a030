//! One key, one effect: shown on a feature that does whatever its body says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Json,
    body::Body,
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::Write;
use crate::{
    app::App,
    auth::Caller,
    crypto::random_token,
    error::{ApiError, ApiResult, Kind},
    extract::Valid,
    outbox::{self, Event},
    testing::TestApp,
};

#[derive(Serialize, Deserialize, garde::Validate)]
struct Wish {
    #[garde(length(chars, min = 1, max = 40))]
    what: String,
}

#[derive(Serialize, Deserialize)]
struct Done {
    id: Uuid,
}

impl Event for Done {
    const TOPIC: &'static str = "keys.done";
    fn subject(&self) -> Uuid {
        self.id
    }
}

/// What the handler has been asked for, and what lets it go on.
#[derive(Clone)]
struct Outside {
    calls: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

struct World {
    t: TestApp,
    outside: Outside,
}

impl World {
    async fn new() -> Self {
        let outside = Outside { calls: Arc::default(), gate: Arc::new(Semaphore::new(0)) };
        let router = OpenApiRouter::new()
            .route("/things/", post(create))
            .route("/open/", post(create_by_anybody))
            .route("/plain/", post(without_write))
            .layer(Extension(outside.clone()));
        Self { t: TestApp::start(router).await, outside }
    }

    fn calls(&self) -> usize {
        self.outside.calls.load(Ordering::SeqCst)
    }

    async fn effects(&self) -> i64 {
        sqlx::query_scalar!("select count(*) from outbox").fetch_one(&self.t.app.db).await.unwrap().unwrap()
    }

    async fn stored(&self) -> i64 {
        let rows = sqlx::query_scalar!("select count(*) from idempotency_keys");
        rows.fetch_one(&self.t.app.db).await.unwrap().unwrap()
    }

    async fn until_called(&self, times: usize) {
        while self.calls() < times {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn create(
    app: App,
    caller: Caller,
    outside: Extension<Outside>,
    write: Write,
    Valid(wish): Valid<Wish>,
) -> ApiResult<Response> {
    act(app, caller.id.uuid(), outside.0, write, wish).await
}

async fn create_by_anybody(
    app: App,
    outside: Extension<Outside>,
    write: Write,
    Valid(wish): Valid<Wish>,
) -> ApiResult<Response> {
    act(app, Uuid::nil(), outside.0, write, wish).await
}

async fn without_write(outside: Extension<Outside>, Valid(wish): Valid<Wish>) -> ApiResult<Response> {
    outside.calls.fetch_add(1, Ordering::SeqCst);
    match wish.what.as_str() {
        "conflict" => Err(ApiError::new(Kind::Conflict, "slot_taken").retry_after(7)),
        _ => Ok((StatusCode::ACCEPTED, [(header::LOCATION, "/plain/1/")], random_token()?).into_response()),
    }
}

async fn act(app: App, id: Uuid, outside: Outside, write: Write, wish: Wish) -> ApiResult<Response> {
    let call = outside.calls.fetch_add(1, Ordering::SeqCst) + 1;
    match wish.what.as_str() {
        "panic once" if call == 1 => panic!("a bug"),
        "fail once" if call == 1 => return Err(anyhow::anyhow!("a bug").into()),
        "unavailable once" if call == 1 => return Err(ApiError::unavailable(anyhow::anyhow!("down"))),
        "decline" => return Err(ApiError::new(Kind::PaymentRequired, "card_declined")),
        "wait" => outside.gate.acquire().await.unwrap().forget(),
        "begin something and fail" if write.subject().is_none() => {
            let mut tx = app.db.begin().await?;
            write.bind(&mut tx, Uuid::from_u128(7)).await?;
            tx.commit().await?;
            return Err(anyhow::anyhow!("a bug").into());
        }
        // As long as somebody needs outside.
        _ => tokio::time::sleep(Duration::from_millis(5)).await,
    }
    let subject = write.subject();
    let mut tx = write.begin().await?;
    outbox::emit(&mut tx, &Done { id }, app.clock.now()).await?;
    if wish.what == "late refusal" {
        return Err(ApiError::not_found());
    }
    let made = json!({"what": wish.what, "unique": random_token()?, "subject": subject});
    tx.commit((StatusCode::CREATED, [(header::LOCATION, "/things/1/")], Json(made))).await
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer_and_one_effect() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    let first = ann.post("/things/", json!({"what": "hello"})).await.expect(201);
    let second = ann.post("/things/", json!({"what": "hello"})).await.expect(201);
    assert_eq!((&first.bytes, first.header("idempotency-replayed")), (&second.bytes, ""));
    assert_eq!(second.header("idempotency-replayed"), "true");
    for name in ["location", "content-type", "content-language"] {
        assert_eq!(first.header(name), second.header(name));
    }
    assert_eq!((w.effects().await, w.calls()), (1, 1));
    ann.post("/things/", json!({"what": "other"})).await.refused(422, "idempotency_key_reused");
    ann.post("/things/?lang=de", json!({"what": "hello"})).await.refused(422, "idempotency_key_reused");
    // Another person's key is another key.
    let bob = w.t.user("Bob").await.with("idempotency-key", "k1");
    bob.post("/things/", json!({"what": "other"})).await.expect(201);
    assert_eq!(w.effects().await, 2);
}

#[tokio::test]
async fn of_many_requests_with_one_key_exactly_one_runs() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    for path in ["/things/", "/plain/"] {
        let before = w.calls();
        let requests = (0..50).map(|_| ann.post(path, json!({"what": "hello"})));
        for answer in join_all(requests).await {
            assert!(
                answer.status.is_success() || answer["code"] == "request_in_progress",
                "{}",
                answer.text()
            );
        }
        assert_eq!(w.calls() - before, 1, "{path}");
        let again = ann.post(path, json!({"what": "hello"})).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
    }
    assert_eq!(w.effects().await, 1);
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_wait() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    let running = tokio::spawn({
        let ann = ann.clone();
        async move { ann.post("/things/", json!({"what": "wait"})).await }
    });
    w.until_called(1).await;
    let refused = ann.post("/things/", json!({"what": "wait"})).await.refused(409, "request_in_progress");
    assert_eq!(refused.header("retry-after"), "1");
    ann.post("/things/", json!({"what": "other"})).await.refused(422, "idempotency_key_reused");
    w.outside.gate.add_permits(1);
    running.await.unwrap().expect(201);
}

#[tokio::test]
async fn what_the_handler_refuses_is_refused_again_without_asking_it() {
    let w = World::new().await;
    for (key, path, what, status) in [
        ("k1", "/things/", "decline", 402),
        ("k2", "/things/", "late refusal", 404),
        ("k3", "/plain/", "conflict", 409),
    ] {
        let ann = w.t.user(key).await.with("idempotency-key", key);
        let before = w.calls();
        let first = ann.post(path, json!({"what": what})).await.expect(status);
        let again = ann.post(path, json!({"what": what})).await.expect(status);
        assert_eq!((&first.bytes, again.header("idempotency-replayed")), (&again.bytes, "true"));
        assert_eq!(first.header("retry-after"), again.header("retry-after"));
        assert_eq!(again.header("content-type"), "application/problem+json");
        assert_eq!(w.calls() - before, 1, "{what}");
    }
    assert_eq!(w.effects().await, 0);
}

#[tokio::test]
async fn a_request_that_was_refused_for_its_form_may_be_mended() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    ann.post("/things/", json!({"what": ""})).await.refused(422, "validation_failed");
    let broken = ann.send(Method::POST, "/things/", Some("application/json"), Body::from("{")).await;
    broken.refused(400, "malformed_request");
    let text = ann.send(Method::POST, "/things/", Some("text/plain"), Body::from("{}")).await;
    text.refused(415, "unsupported_media_type");
    ann.post("/things/", json!({"what": "x".repeat(300_000)})).await.refused(413, "payload_too_large");
    ann.post("/things/", json!({"what": "right"})).await.expect(201);
}

#[tokio::test]
async fn what_failed_on_our_side_runs_again() {
    for what in ["panic once", "fail once", "unavailable once"] {
        let w = World::new().await;
        let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
        let failed = ann.post("/things/", json!({"what": what})).await;
        assert!(failed.status.is_server_error(), "{what}: {}", failed.text());
        ann.post("/things/", json!({"what": what})).await.expect(201);
        assert_eq!((w.effects().await, w.calls()), (1, 2), "{what}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_its_answer_later() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    let hung_up =
        tokio::time::timeout(Duration::from_millis(100), ann.post("/things/", json!({"what": "wait"})));
    assert!(hung_up.await.is_err());
    assert_eq!(w.calls(), 1);
    w.outside.gate.add_permits(1);
    while w.effects().await == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let answer = ann.post("/things/", json!({"what": "wait"})).await.expect(201);
    assert_eq!((answer.header("idempotency-replayed"), w.calls()), ("true", 1));
}

#[tokio::test]
async fn who_takes_too_long_loses_the_key_and_changes_nothing() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    let slow = tokio::spawn({
        let ann = ann.clone();
        async move { ann.post("/things/", json!({"what": "wait"})).await }
    });
    w.until_called(1).await;
    w.t.advance(SignedDuration::from_secs(46));
    let next = tokio::spawn({
        let ann = ann.clone();
        async move { ann.post("/things/", json!({"what": "wait"})).await }
    });
    w.until_called(2).await;
    w.outside.gate.add_permits(1);
    slow.await.unwrap().refused(409, "request_in_progress");
    assert_eq!(w.effects().await, 0);
    w.outside.gate.add_permits(1);
    next.await.unwrap().expect(201);
    assert_eq!(w.effects().await, 1);
}

#[tokio::test]
async fn what_was_begun_under_a_key_is_known_to_the_next_request_with_it() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    let body = json!({"what": "begin something and fail"});
    ann.post("/things/", body.clone()).await.refused(500, "internal");
    ann.post("/things/", json!({"what": "other"})).await.refused(422, "idempotency_key_reused");
    let answer = ann.post("/things/", body).await.expect(201);
    assert_eq!(answer.str("subject"), Uuid::from_u128(7).to_string());
}

#[tokio::test]
async fn strangers_have_each_their_own_keys() {
    let w = World::new().await;
    let nobody = w.t.anonymous().with("idempotency-key", "1");
    let one = nobody.post("/open/", json!({"what": "one"})).await.expect(201);
    let two = nobody.post("/open/", json!({"what": "two"})).await.expect(201);
    assert_ne!(one["unique"], two["unique"]);
    let again = nobody.post("/open/", json!({"what": "one"})).await.expect(201);
    assert_eq!((&one.bytes, again.header("idempotency-replayed")), (&again.bytes, "true"));
    // An old token that is sent along makes nobody somebody else.
    let old = nobody.with_token("nonsense").post("/open/", json!({"what": "two"})).await.expect(201);
    assert_eq!(old["unique"], two["unique"]);
    assert_eq!(w.effects().await, 2);
}

#[tokio::test]
async fn who_is_not_let_in_leaves_no_key_behind() {
    let w = World::new().await;
    let nobody = w.t.anonymous().with("idempotency-key", "1");
    nobody.post("/things/", json!({"what": "one"})).await.refused(401, "unauthenticated");
    nobody
        .with_token("nonsense")
        .post("/things/", json!({"what": "one"}))
        .await
        .refused(401, "token_invalid");
    nobody.post("/no/such/path/", json!({})).await.refused(404, "not_found");
    assert_eq!(w.stored().await, 0);
}

#[tokio::test]
async fn a_key_is_honoured_for_three_days() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await.with("idempotency-key", "k1");
    ann.post("/things/", json!({"what": "hello"})).await.expect(201);
    for (hours, kept) in [(71, 1), (2, 0)] {
        w.t.advance(SignedDuration::from_hours(hours));
        crate::jobs::Job::run(super::ForgetKeys {}, &w.t.app).await.unwrap();
        assert_eq!(w.stored().await, kept);
    }
}

#[tokio::test]
async fn keys_must_be_sane() {
    let w = World::new().await;
    let ann = w.t.user("Ann").await;
    for key in ["", "a b", "ü", &"k".repeat(256)] {
        let refused = ann.with("idempotency-key", key).post("/things/", json!({"what": "hello"})).await;
        refused.refused(422, "validation_failed");
    }
}
