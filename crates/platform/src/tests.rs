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
    jobs::{self, Job, Registry, Timing},
    locale::Language,
    outbox::{self, Event},
    page::{Link, Page, PageQuery},
    testing::{Client, TestApp, TokenIsUserId},
};

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

#[derive(Serialize, Deserialize)]
struct Count {
    failures: i16,
}

impl Job for Count {
    const KIND: &'static str = "tests.count";
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let attempts = sqlx::query_scalar!("select attempts from jobs where kind = 'tests.count'")
            .fetch_one(&app.db)
            .await?;
        assert!(attempts > self.failures, "not yet");
        sqlx::query!(
            "insert into outbox (topic, subject, payload, created_at) values ('counted', $1, '1', now())",
            Uuid::nil()
        )
        .execute(&app.db)
        .await?;
        Ok(())
    }
}

impl From<NoteWritten> for Count {
    fn from(_: NoteWritten) -> Self {
        Self { failures: 0 }
    }
}

async fn with_jobs(registry: Registry) -> TestApp {
    TestApp::with(router(), registry, Arc::new(TokenIsUserId), &[]).await
}

async fn jobs_left(t: &TestApp) -> Vec<(i16, bool)> {
    let rows = sqlx::query!(r#"select attempts, dead_at is not null as "dead!" from jobs"#)
        .fetch_all(&t.app.db)
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.attempts, row.dead)).collect()
}

#[tokio::test]
async fn an_event_becomes_a_job_of_each_subscriber() {
    let t = with_jobs(Registry::default().on::<NoteWritten, Count>()).await;
    t.user("Ann").await.post("/notes/", json!({"text": "hello"})).await.expect(201);
    t.run_jobs().await;
    // The note's event was relayed and its job ran; the job's own event has no subscriber and is gone too.
    assert_eq!((events(&t).await, jobs_left(&t).await), (0, vec![]));
}

#[tokio::test]
async fn a_job_that_fails_or_panics_is_tried_again_and_given_up_in_the_end() {
    let t = with_jobs(Registry::default().job::<Count>()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    jobs::enqueue(&mut db, &Count { failures: 2 }, t.now()).await.unwrap();
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, [(1, false)]);
    t.advance(SignedDuration::from_mins(1));
    t.run_jobs().await;
    t.advance(SignedDuration::from_mins(1));
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, []);

    jobs::enqueue(&mut db, &Count { failures: 99 }, t.now()).await.unwrap();
    for _ in 0..12 {
        t.advance(SignedDuration::from_hours(2));
        t.run_jobs().await;
    }
    assert_eq!(jobs_left(&t).await, [(10, true)]);
}

#[tokio::test]
async fn a_job_with_a_key_replaces_the_one_that_waits_and_can_be_taken_back() {
    let t = with_jobs(Registry::default().job::<Count>()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    let at = |hours| Timing {
        at: Some(t.now().plus(SignedDuration::from_hours(hours))),
        key: Some("reminder".to_owned()),
    };
    jobs::schedule(&mut db, &Count { failures: 0 }, t.now(), at(1)).await.unwrap();
    jobs::schedule(&mut db, &Count { failures: 0 }, t.now(), at(3)).await.unwrap();
    t.advance(SignedDuration::from_hours(2));
    t.run_jobs().await;
    assert_eq!(jobs_left(&t).await, [(0, false)]);
    jobs::cancel(&mut db, "reminder").await.unwrap();
    assert_eq!(jobs_left(&t).await, []);
}

#[tokio::test]
async fn what_recurs_is_started_once_in_its_span() {
    let t = with_jobs(Registry::default().every(SignedDuration::from_hours(1), &Count { failures: 0 })).await;
    for _ in 0..3 {
        t.run_jobs().await;
    }
    let runs = || async {
        sqlx::query_scalar!("select count(*) from cron_runs").fetch_one(&t.app.db).await.unwrap()
    };
    assert_eq!((runs().await, jobs_left(&t).await), (Some(1), vec![]));
}

static MAY_END: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);

#[derive(Serialize, Deserialize)]
struct Long {}

impl Job for Long {
    const KIND: &'static str = "tests.long";
    async fn run(self, _app: &App) -> anyhow::Result<()> {
        MAY_END.acquire().await?.forget();
        Ok(())
    }
}

#[tokio::test]
async fn a_long_job_holds_up_nobody() {
    let t = with_jobs(Registry::default()).await;
    let mut db = t.app.db.acquire().await.unwrap();
    crate::jobs::enqueue(&mut db, &Long {}, t.now()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let registry = Registry::default().job::<Long>().job::<Count>();
    let work = tokio::spawn(registry.work(t.app.clone(), async { stopped.await.unwrap_or_default() }));
    let attempts = async || jobs_left(&t).await.first().map(|(attempts, _dead)| *attempts);
    while attempts().await != Some(1) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    crate::jobs::enqueue(&mut db, &Count { failures: 0 }, t.now()).await.unwrap();
    t.app.jobs_waiting.notify_one();
    while jobs_left(&t).await.len() > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // A stop waits for it.
    stop.send(()).unwrap();
    MAY_END.add_permits(1);
    work.await.unwrap();
    assert_eq!(jobs_left(&t).await, []);
}

#[tokio::test]
async fn a_stop_that_comes_while_jobs_run_is_heard() {
    let t = with_jobs(Registry::default()).await;
    let registry = Registry::default().every(SignedDuration::from_hours(1), &Count { failures: 0 });
    let work = registry.work(t.app.clone(), std::future::ready(()));
    tokio::time::timeout(std::time::Duration::from_secs(30), work).await.expect("the work ends");
}

#[test]
fn the_document_says_what_every_operation_can_answer() {
    let document: Value = crate::openapi::complete(
        json!({"components": {}, "paths": {"/things/{id}/": {"post": {
            "security": [{"bearer": []}], "requestBody": {"content": {"application/json": {}}}, "responses": {"201": {"description": "x"}}
        }}}}),
    );
    let responses = document["paths"]["/things/{id}/"]["post"]["responses"].as_object().unwrap();
    let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
    assert_eq!(statuses, ["201", "400", "401", "404", "409", "413", "414", "415", "422", "429", "503"]);
}

#[test]
fn fields_of_answers_are_required_and_those_of_requests_as_declared() {
    let thing = json!({"properties": {"name": {}, "note": {}}, "required": ["name"]});
    let document = crate::openapi::complete(json!({
        "components": {"schemas": {
            "Draft": {"properties": {"part": {"$ref": "#/components/schemas/Part"}}},
            "Part": thing,
            "Thing": thing,
            "Detail": {"allOf": [{"$ref": "#/components/schemas/Thing"}, thing]},
        }},
        "paths": {"/things/": {"post": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}},
            "responses": {"201": {"description": "x"}},
        }}},
    }));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Thing"]["required"], json!(["name", "note"]));
    assert_eq!(schemas["Detail"]["allOf"][1]["required"], json!(["name", "note"]));
    assert_eq!(schemas["Part"]["required"], json!(["name"]));
    assert_eq!(schemas["Draft"].get("required"), None);
}

#[test]
fn what_may_be_left_out_of_a_body_may_be_null() {
    let document = crate::openapi::complete(json!({
        "components": {"schemas": {
            "Draft": {
                "properties": {
                    "name": {"type": "string"},
                    "note": {"type": "string"},
                    "part": {"$ref": "#/components/schemas/Part"},
                },
                "required": ["name"],
            },
            "Part": {"type": "object", "properties": {"count": {"type": ["integer", "null"]}}},
            "Patch": {"type": "object", "properties": {"note": {"type": "string"}}},
        }},
        "paths": {"/things/": {
            "put": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}},
                "responses": {"200": {"description": "x"}}},
            "patch": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Patch"}}}},
                "responses": {"200": {"description": "x"}}},
        }},
    }));
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Draft"]["properties"]["name"]["type"], "string");
    assert_eq!(schemas["Draft"]["properties"]["note"]["type"], json!(["string", "null"]));
    let part = json!([{"$ref": "#/components/schemas/Part"}, {"type": "null"}]);
    assert_eq!(schemas["Draft"]["properties"]["part"]["oneOf"], part);
    assert_eq!(schemas["Part"]["properties"]["count"]["type"], json!(["integer", "null"]));
    assert_eq!(schemas["Patch"]["properties"]["note"]["type"], "string");
}

#[tokio::test]
async fn a_role_admits_itself_and_superusers_alone() {
    use crate::auth::StaffRole::{Finance, Moderator, Superuser, Support};
    let t = app().await;
    let anybody = t.user("Anna").await;
    let mut clients = Vec::new();
    for role in [Support, Moderator, Finance, Superuser] {
        clients.push((role, t.staff(<&str>::from(role), role).await));
    }
    for (path, admitted) in [
        ("/support/", &[Support, Superuser][..]),
        ("/moderator/", &[Moderator, Superuser]),
        ("/finance/", &[Finance, Superuser]),
        ("/superuser/", &[Superuser]),
        ("/support-or-finance/", &[Support, Finance, Superuser]),
        ("/support-or-moderator/", &[Support, Moderator, Superuser]),
        ("/staff/", &[Support, Moderator, Finance, Superuser]),
    ] {
        t.anonymous().get(path).await.refused(401, "unauthenticated");
        anybody.get(path).await.refused(403, "forbidden");
        for (role, client) in &clients {
            let status = client.get(path).await.status;
            assert_eq!(status, if admitted.contains(role) { 200 } else { 403 }, "{path} as {role:?}");
        }
    }
    t.anonymous().get("/perhaps-finance/").await.refused(401, "unauthenticated");
    assert_eq!(anybody.get("/perhaps-finance/").await.text(), "false");
    assert_eq!(clients[0].1.get("/perhaps-finance/").await.text(), "false");
    assert_eq!(clients[2].1.get("/perhaps-finance/").await.text(), "true");
}

#[tokio::test]
async fn an_act_of_staff_and_its_entry_are_written_together_and_not_about_oneself() {
    let t = app().await;
    let sue = t.staff("Sue", crate::auth::StaffRole::Support).await.with("x-request-id", "praise-1");
    let anna = t.user("Anna").await;
    let path = |id| format!("/people/{id}/praise/");
    sue.post(&path(sue.id()), json!({})).await.refused(403, "own_matter");
    assert_eq!(events(&t).await, 0);
    let keyed = sue.with("idempotency-key", "once");
    for _ in 0..2 {
        keyed.post(&path(anna.id()), json!({})).await.expect(200);
    }
    assert_eq!(events(&t).await, 1);
    let entry = sqlx::query!(
        "select actor_id, role, action, subject_type, subject_id, reason, details, request_id from audit_log"
    )
    .fetch_one(&t.app.db)
    .await
    .unwrap();
    assert_eq!(entry.actor_id, Some(keyed.id().uuid()));
    assert_eq!((&*entry.role, &*entry.action, &*entry.subject_type), ("support", "user.praise", "user"));
    assert_eq!(entry.subject_id, anna.id().to_string());
    assert_eq!((entry.reason.as_deref(), entry.request_id.as_deref()), (Some("Well done"), Some("praise-1")));
    assert_eq!(entry.details, json!({"stars": 5}));
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_malformed() {
    let nobody = app().await.anonymous();
    for body in [
        r#"{"text":"a","text":"a"}"#,
        r#"{"text":"a","\u0074ext":"b"}"#,
        r#"{"text":"a","unknown":{"x":[{"y":1,"y":2}]}}"#,
        r#"{"text":null,"text":"a"}"#,
    ] {
        let answer = nobody.send(Method::POST, "/echo/", Some("application/json"), Body::from(body)).await;
        answer.refused(400, "malformed_request");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_wherever_they_come() {
    let t = app().await;
    let nobody = t.anonymous();
    let deep = format!(r#"{{"text":"a","x":{}{}}}"#, "[".repeat(60_000), "]".repeat(60_000));
    for body in [b"{\"text\":\"\xff\"}".to_vec(), b"{\"text\":\"\\ud800\"}".to_vec(), deep.into_bytes()] {
        let answer = nobody.send(Method::POST, "/echo/", Some("application/json"), Body::from(body)).await;
        answer.refused(400, "malformed_request");
    }
    nobody.post("/echo/", json!({"text": "a\0"})).await.refused(422, "validation_failed");
    for query in ["x=%00", "%00=x", "page_size=%00"] {
        nobody.get(&format!("/numbers/?{query}")).await.refused(422, "validation_failed");
    }
    for query in ["x=%ff", "x=%c3", "%ed%a0%80=x"] {
        nobody.get(&format!("/numbers/?{query}")).await.refused(400, "malformed_request");
    }
    for path in ["/notes/%00/", "/notes/%ff/", "/%00", "/notes/a%00b"] {
        nobody.get(path).await.refused(404, "not_found");
    }
    let strange =
        nobody.with("accept-language", "\u{ff}").with("if-none-match", "\u{ff}").with("accept", "\u{ff}");
    strange.get("/numbers/").await.expect(200);
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

/// What the server says to these requests on one connection, until it closes it or nothing more comes.
async fn on_one_connection(t: &TestApp, requests: &[String]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(t.listen().await).await.unwrap();
    for request in requests {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let mut said = Vec::new();
    let reading = stream.read_to_end(&mut said);
    let _quiet = tokio::time::timeout(std::time::Duration::from_secs(2), reading).await;
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn an_answer_that_leaves_a_body_unread_closes_openly_or_reads_on() {
    let t = app().await;
    let post = |path: &str, headers: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\n\r\n{body}")
    };
    let next = "GET /language/ HTTP/1.1\r\nhost: x\r\n\r\n".to_owned();
    let closes = |said: &str| said.to_lowercase().contains("connection: close");
    for (path, status) in [("/notes/", "401"), ("/nothing/", "404"), ("/language/", "405"), ("/echo/", "413")]
    {
        let body = "x".repeat(300_000);
        let small =
            on_one_connection(&t, &[post(path, "content-length: 300000\r\n", &body), next.clone()]).await;
        assert!(small.starts_with(&format!("HTTP/1.1 {status}")), "{small}");
        assert!(!closes(&small) && small.contains("HTTP/1.1 200"), "{path}: {small}");
        if status == "413" {
            continue;
        }
        // More than is read on, and a client that waits to be asked for it.
        for headers in ["content-length: 30000000\r\n", "content-length: 9000000\r\nexpect: 100-continue\r\n"]
        {
            let large = on_one_connection(&t, &[post(path, headers, "")]).await;
            assert!(large.starts_with(&format!("HTTP/1.1 {status}")) && closes(&large), "{path}: {large}");
        }
    }
}

#[tokio::test]
async fn an_act_of_staff_without_an_entry_does_not_pass() {
    let t = app().await;
    let sue = t.staff("Sue", crate::auth::StaffRole::Support).await;
    sue.get("/unrecorded/").await.expect(200);
    sue.post("/unrecorded/", json!({})).await.refused(500, "internal");
}
