//! What is true of every path, shown on a small feature that exists only here.

use std::sync::Arc;

use axum::{Json, body::Body, http::Method};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::{
    app::App,
    auth::{
        Caller, Finance, MaybeCaller, Moderator, Provider, Staff, Superuser, Support, SupportOrFinance,
        SupportOrModerator,
    },
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    http::RequestContext,
    idempotency::Write,
    jobs::Registry,
    locale::Language,
    outbox::{self, Event},
    page::{Link, Page, PageQuery},
    testing::{Client, TestApp, TokenIsUserId},
};

mod bodies;
mod documents;
mod jobs;
mod staff;

#[derive(Serialize, Deserialize, garde::Validate)]
struct Note {
    #[garde(length(chars, min = 1, max = 20))]
    text: String,
}

#[derive(Serialize, Deserialize)]
struct NoteWritten {
    id: Uuid,
    text: String,
}

impl Event for NoteWritten {
    const TOPIC: &'static str = "notes.written";
    fn subject(&self) -> Uuid {
        self.id
    }
}

async fn write_note(
    app: App,
    caller: Caller,
    write: Write,
    Valid(note): Valid<Note>,
) -> ApiResult<axum::response::Response> {
    let mut tx = write.begin().await?;
    let event = NoteWritten { id: caller.id.uuid(), text: note.text.clone() };
    outbox::emit(&mut tx, &event, app.clock.now()).await?;
    if note.text == "late failure" {
        return Err(ApiError::not_found());
    }
    let unique = crate::crypto::random_token()?;
    tx.commit((axum::http::StatusCode::CREATED, Json(json!({"note": note.text, "unique": unique})))).await
}

/// An act of staff about somebody.
async fn praise(
    Support(staff): Support,
    Path(id): Path<crate::ids::UserId>,
    write: Write,
) -> ApiResult<axum::response::Response> {
    let mut tx = staff.begin(write).await?;
    let matter = staff.matter("user", id, [id])?;
    let event = NoteWritten { id: id.uuid(), text: "praised".to_owned() };
    outbox::emit(&mut tx, &event, staff.caller.expires_at).await?;
    tx.commit(matter.act("user.praise").reason("Well done").details(json!({"stars": 5})), "praised").await
}

/// A hundred numbers; for everybody, or for the one who is signed in.
async fn numbers(
    MaybeCaller(_caller): MaybeCaller,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<i32>>> {
    Ok(Json(page.slice(link, (0..100).collect(), i32::to_string)?))
}

/// What a statement answers that no rule of ours kept from the database.
async fn fails(app: App, Path(statement): Path<usize>) -> ApiResult<()> {
    const STATEMENTS: [&str; 4] = [
        "select (random()::bigint + 3000000000)::integer",
        "select timestamptz '294276-01-01' + interval '1 year'",
        "insert into users (id, email, name, created_at, updated_at) select id, email, name, now(), now() from users",
        "update users set language = 'xx'",
    ];
    let statement = STATEMENTS.get(statement).ok_or_else(ApiError::not_found)?;
    sqlx::raw_sql(*statement).execute(&app.db).await?;
    Ok(())
}

async fn panics() {
    panic!("a bug");
}

fn router() -> OpenApiRouter<App> {
    use axum::routing::{get, post};
    OpenApiRouter::new()
        .route("/notes/", post(write_note))
        .route("/echo/", post(|Valid(note): Valid<Note>| async move { note.text }))
        .route("/language/", get(|language: Language| async move { language.code() }))
        .route(
            "/whoami/",
            get(|MaybeCaller(caller): MaybeCaller| async move {
                caller.map(|c| c.id.to_string()).unwrap_or_default()
            }),
        )
        .route("/providers-only/", get(|_: Provider| async {}))
        .route("/support/", get(|_: Support| async {}))
        .route("/moderator/", get(|_: Moderator| async {}))
        .route("/finance/", get(|_: Finance| async {}))
        .route("/superuser/", get(|_: Superuser| async {}))
        .route("/support-or-finance/", get(|_: SupportOrFinance| async {}))
        .route("/support-or-moderator/", get(|_: SupportOrModerator| async {}))
        .route("/staff/", get(|_: Staff| async {}))
        .route("/perhaps-finance/", get(|staff: Option<Finance>| async move { staff.is_some().to_string() }))
        .route("/people/{id}/praise/", post(praise))
        .route("/unrecorded/", post(|_: Support| async {}).get(|_: Support| async {}))
        .route("/notes/{id}/", get(|Path(id): Path<Uuid>| async move { id.to_string() }))
        .route("/address/", get(|context: RequestContext| async move { context.address().to_string() }))
        .route("/panic/", get(panics))
        .route("/numbers/", get(numbers))
        .route("/other-numbers/", get(numbers))
        .route("/fails/{statement}/", get(fails))
        .route(
            "/broken/",
            get(|app: App| async move {
                sqlx::raw_sql("select secret_column from users").execute(&app.db).await?;
                ApiResult::Ok(())
            }),
        )
        .route("/long/", get(|| async { Json("x".repeat(5000)) }))
}

async fn app() -> TestApp {
    TestApp::start(router()).await
}

async fn events(t: &TestApp) -> i64 {
    sqlx::query_scalar!("select count(*) from outbox").fetch_one(&t.app.db).await.unwrap().unwrap()
}

#[tokio::test]
async fn every_error_has_the_same_body() {
    let t = app().await;
    let (nobody, ann) = (t.anonymous(), t.user("Ann").await);
    insta::assert_snapshot!(nobody.get("/no/such/path/").await.masked());
    nobody.get("/no/such/path").await.refused(404, "not_found");
    let wrong_method = nobody.delete("/notes/").await.refused(405, "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), "POST");
    nobody.post("/notes/", json!({})).await.refused(401, "unauthenticated");
    ann.post("/notes/", json!({"text": ""})).await.refused(422, "validation_failed");
    ann.post("/notes/", json!({"text": "x".repeat(300_000)})).await.refused(413, "payload_too_large");
    ann.send(Method::POST, "/notes/", Some("text/plain"), Body::from("{}"))
        .await
        .refused(415, "unsupported_media_type");
    ann.send(Method::POST, "/notes/", Some("application/json"), Body::from("{"))
        .await
        .refused(400, "malformed_request");
    nobody.get("/notes/not-a-uuid/").await.refused(404, "not_found");
    ann.get("/providers-only/").await.refused(403, "provider_required");
    let panic = nobody.get("/panic/").await.refused(500, "internal");
    assert!(!panic.text().contains("a bug"));
    let broken = nobody.get("/broken/").await.refused(500, "internal");
    assert!(!broken.text().contains("secret_column"));
    assert_eq!(broken.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let t = app().await;
    assert_eq!(t.anonymous().get("/language").await.text(), t.anonymous().get("/language/").await.text());
}

#[tokio::test]
async fn the_request_id_is_taken_over_or_made() {
    let nobody = app().await.anonymous();
    assert_eq!(
        nobody.with("x-request-id", "abc-123").get("/language/").await.header("x-request-id"),
        "abc-123"
    );
    let made = nobody.with("x-request-id", "a b\"<script>").get("/nothing/").await;
    assert_eq!(made.header("x-request-id").len(), 32);
    assert_eq!(made["request_id"], made.header("x-request-id"));
}

#[tokio::test]
async fn the_language_is_negotiated() {
    let t = app().await;
    let nobody = t.anonymous();
    assert_eq!(nobody.get("/language/").await.text(), "en");
    let italian = nobody.with("accept-language", "fr, it;q=0.9, de;q=0.1");
    assert_eq!(italian.get("/language/").await.text(), "it");
    assert_eq!(italian.get("/language/?lang=de").await.header("content-language"), "de");
    assert_eq!(italian.get("/nothing/").await["message"], "Qui non c'è nulla, oppure non puoi vederlo.");
    assert_eq!(italian.get("/language/?lang=").await.text(), "it");
    let ann = t.user("Ann").await;
    sqlx::raw_sql("update users set language = 'de'").execute(&t.app.db).await.unwrap();
    assert_eq!(ann.with("accept-language", "it").get("/language/").await.text(), "de");
}

#[tokio::test]
async fn a_language_that_we_do_not_have_is_refused() {
    let nobody = app().await.anonymous();
    for query in ["lang=fr", "lang=DE", "lang=null", "lang=de&lang=it", "lang=%00"] {
        let refused = nobody.get(&format!("/language/?{query}")).await.refused(422, "validation_failed");
        assert!(refused["errors"]["lang"].is_array(), "{query}");
    }
}

#[tokio::test]
async fn an_address_that_is_too_long_is_refused() {
    let nobody = app().await.anonymous();
    let query = "x".repeat(8 * 1024);
    nobody.get(&format!("/language/?{query}")).await.refused(414, "uri_too_long");
    nobody.get(&format!("/{query}")).await.refused(414, "uri_too_long");
}

#[tokio::test]
async fn an_old_token_does_not_keep_anybody_from_public_calls() {
    let t = app().await;
    let old = t.anonymous().with_token("nonsense");
    assert_eq!(old.get("/language/").await.text(), "en");
    assert_eq!(old.with("idempotency-key", "k").post("/echo/", json!({"text": "x"})).await.text(), "x");
}

#[tokio::test]
async fn a_token_that_is_wrong_is_refused_even_where_none_is_needed() {
    let t = app().await;
    assert_eq!(t.anonymous().get("/whoami/").await.text(), "");
    let refused = t.anonymous().with_token("nonsense").get("/whoami/").await.refused(401, "token_invalid");
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    t.anonymous().with("authorization", "Basic abc").get("/whoami/").await.refused(401, "token_invalid");
}

#[tokio::test]
async fn an_address_that_calls_too_often_has_to_wait() {
    let args = ["--limit-per-address", "2", "--trusted-proxies", "127.0.0.1"];
    let t = TestApp::with(router(), Registry::default(), Arc::new(TokenIsUserId), &args).await;
    let one = t.anonymous().with("x-forwarded-for", "9.9.9.9, 1.2.3.4");
    assert_eq!(one.get("/address/").await.text(), "1.2.3.4");
    for left in (0..7).rev() {
        assert_eq!(one.get("/language/").await.expect(200).header("ratelimit-remaining"), left.to_string());
    }
    let refused = one.get("/language/").await.refused(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "1");
    // Only the hop that our proxy saw counts: inventing others is no way around.
    t.anonymous()
        .with("x-forwarded-for", "8.8.8.8, 1.2.3.4")
        .get("/language/")
        .await
        .refused(429, "too_many_requests");
    t.anonymous().with("x-forwarded-for", "4.3.2.1").get("/language/").await.expect(200);
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let args = ["--limit-per-address", "2", "--trusted-proxies", "127.0.0.1"];
    let t = TestApp::with(router(), Registry::default(), Arc::new(TokenIsUserId), &args).await;
    let from = |address: &str| t.anonymous().with("x-forwarded-for", address);
    for i in 0..8 {
        from(&format!("2001:db8:1:2:{i}::{i}")).get("/language/").await.expect(200);
    }
    from("2001:db8:1:2:ffff::9").get("/language/").await.refused(429, "too_many_requests");
    from("2001:db8:1:3::1").get("/language/").await.expect(200);
    // One of IPv4 is the same in both spellings.
    for address in ["1.2.3.4", "::ffff:1.2.3.4"].into_iter().cycle().take(8) {
        from(address).get("/language/").await.expect(200);
    }
    from("::ffff:1.2.3.4").get("/language/").await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn the_headers_of_a_limit_are_those_of_the_bucket_that_refused() {
    let args = ["--limit-per-address", "100", "--limit-per-account", "1"];
    let t = TestApp::with(router(), Registry::default(), Arc::new(TokenIsUserId), &args).await;
    let ann = t.user("Ann").await;
    for _ in 0..4 {
        ann.get("/whoami/").await.expect(200);
    }
    let refused = ann.get("/whoami/").await.refused(429, "too_many_requests");
    let headers = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"];
    assert_eq!(headers.map(|name| refused.header(name).to_owned()), ["4", "0", "1", "1"]);
    // The address has much left, and says so where nothing is refused.
    let nobody = t.anonymous().get("/language/").await.expect(200);
    assert_eq!(nobody.header("ratelimit-limit"), "400");
}

#[tokio::test]
async fn only_listed_origins_may_call_from_a_browser() {
    let args = ["--cors-origins", "https://app.example.com"];
    let t = TestApp::with(router(), Registry::default(), Arc::new(TokenIsUserId), &args).await;
    let preflight = |client: Client, origin: &'static str| async move {
        let client = client.with("origin", origin).with("access-control-request-method", "POST");
        client.send(Method::OPTIONS, "/notes/", None, Body::empty()).await
    };
    let listed = preflight(t.anonymous(), "https://app.example.com").await.expect(200);
    assert_eq!(listed.header("access-control-allow-origin"), "https://app.example.com");
    for origin in
        ["https://evil.example.com", "null", "https://app.example.com.evil.com", "http://app.example.com"]
    {
        assert_eq!(preflight(t.anonymous(), origin).await.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn long_answers_are_compressed() {
    let nobody = app().await.anonymous();
    for coding in ["zstd", "br", "gzip"] {
        let answer = nobody.with("accept-encoding", coding).get("/long/").await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.bytes.len() < 500);
    }
    assert_eq!(nobody.get("/long/").await.header("content-encoding"), "");
}

#[tokio::test]
async fn a_cursor_is_good_for_one_list_its_filters_and_one_person() {
    let t = app().await;
    let (nobody, ann, bob) = (t.anonymous(), t.user("Ann").await, t.user("Bob").await);
    let cursor = |page: &crate::testing::Answer| {
        let next = page["next"].as_str().unwrap().to_owned();
        next.split("cursor=").nth(1).unwrap().to_owned()
    };
    let mine = cursor(&ann.get("/numbers/?page_size=10&color=red").await.expect(200));
    let walked = ann.get(&format!("/numbers/?page_size=5&color=red&lang=de&cursor={mine}")).await.expect(200);
    assert_eq!((&walked["results"][0], &walked["count"]), (&json!(10), &json!(100)));
    for (client, path) in [
        (&bob, format!("/numbers/?color=red&cursor={mine}")),
        (&nobody, format!("/numbers/?color=red&cursor={mine}")),
        (&ann, format!("/numbers/?cursor={mine}")),
        (&ann, format!("/numbers/?color=blue&cursor={mine}")),
        (&ann, format!("/other-numbers/?color=red&cursor={mine}")),
        (&ann, format!("/numbers/?color=red&cursor=A{mine}")),
        (&ann, format!("/numbers/?color=red&cursor={}", mine.get(..mine.len() - 2).unwrap())),
        (&ann, "/numbers/?cursor=eyJiIjpmYWxzZSwicyI6MCwiayI6WzEsIjEiXX0".to_owned()),
    ] {
        client.get(&path).await.refused(400, "cursor_invalid");
    }
    // Whoever signs in on the way walks on.
    let everybodys = cursor(&nobody.get("/numbers/?page=3").await.expect(200));
    let walked = ann.get(&format!("/numbers/?cursor={everybodys}")).await.expect(200);
    assert_eq!(walked["results"][0], 60);
    for query in ["page_size=0", "page_size=101", "page_size=-1", "page_size=x", "page=0", "page=99999999999"]
    {
        ann.get(&format!("/numbers/?{query}")).await.refused(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_no_fault_of_the_server() {
    let t = app().await;
    let ann = t.user("Ann").await;
    for (statement, status, code) in [
        (0, 422, "validation_failed"),
        (1, 422, "validation_failed"),
        (2, 409, "conflict"),
        (3, 422, "validation_failed"),
    ] {
        ann.get(&format!("/fails/{statement}/")).await.refused(status, code);
    }
}
