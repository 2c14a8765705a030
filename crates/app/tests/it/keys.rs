//! Every POST of the API with an `Idempotency-Key`: repeated, with another body, and many at once.
#![expect(clippy::indexing_slicing, reason = "a test may fail by panicking")]

use std::sync::Arc;

use adapters::Sandbox;
use axum::{body::Body, http::Method};
use platform::{
    jobs::Registry,
    ports::gateway::{Gateway, Gateways, Tender},
    testing::{Answer, Client, TestApp},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const PASSWORD: &str = "correct horse battery";
const SOME_ID: &str = "00000000-0000-7000-8000-000000000000";
const BOUNDARY: &str = "frontier";
/// What takes no key; `platform::idempotency` says why.
const WITHOUT_KEY: [&str; 6] = [
    "/auth/signout/",
    "/auth/token/refresh/",
    "/notifications/unsubscribe/",
    "/webhooks/paypal/",
    "/webhooks/sendgrid/",
    "/webhooks/stripe/",
];
/// Only refused here for what the caller is, which leaves the key free: nobody vouches for a token of another service.
/// Their own tests repeat them.
const NEVER_ANSWERED: [&str; 3] = ["/auth/social/apple/", "/auth/social/facebook/", "/auth/social/google/"];

/// A marketplace in which Max is a provider and works for us, and Anna is a customer.
struct World {
    t: TestApp,
    max: Client,
    anna: Client,
    document: Value,
    service: String,
    category: String,
    conversation: String,
    message: String,
}

/// A request that is going to be repeated.
#[derive(Clone)]
struct Repeated {
    client: Client,
    path: String,
    content_type: Option<&'static str>,
    body: String,
    other_body: String,
}

impl Repeated {
    fn json(client: &Client, path: &str, body: &Value) -> Self {
        let mut other = body.clone();
        other["another"] = json!(1);
        Self {
            client: client.clone(),
            path: path.to_owned(),
            content_type: Some("application/json"),
            body: body.to_string(),
            other_body: other.to_string(),
        }
    }

    fn file(client: &Client, path: &str, field: &str, file: &str) -> Self {
        let form = |file: &str| {
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"a\"\r\n\r\n{file}\r\n\
                 --{BOUNDARY}--\r\n"
            )
        };
        Self {
            client: client.clone(),
            path: path.to_owned(),
            content_type: Some("multipart/form-data; boundary=frontier"),
            body: form(file),
            other_body: form(&format!("{file}% another\n")),
        }
    }

    fn empty(client: &Client, path: &str) -> Self {
        let (client, path) = (client.clone(), path.to_owned());
        Self { client, path, content_type: None, body: String::new(), other_body: "{}".to_owned() }
    }

    /// Many at once; the answers of those that did not have to wait.
    async fn send_many(&self, key: &'static str) -> Vec<Answer> {
        let mut sent = JoinSet::new();
        for _ in 0..8 {
            let request = self.clone();
            sent.spawn(async move { request.send(key, &request.body).await });
        }
        let mut answers = sent.join_all().await;
        answers.retain(|answer| answer["code"] != "request_in_progress");
        answers
    }

    async fn send(&self, key: &str, body: &str) -> Answer {
        let client = self.client.with("idempotency-key", key);
        client.send(Method::POST, &self.path, self.content_type, Body::from(body.to_owned())).await
    }
}

impl World {
    async fn new() -> Self {
        let accounts = Arc::new(identity::AccessTokens::default());
        let features = app::router::features();
        let t = TestApp::with_gateways(features, Registry::default(), accounts, &[], |db, clock, secrets| {
            let sandbox: Arc<dyn Gateway> =
                Arc::new(Sandbox::new(db.clone(), clock.clone(), secrets, "http://localhost:8000"));
            Gateways::new(vec![(Tender::Card, sandbox.clone()), (Tender::Paypal, sandbox)])
        })
        .await;
        let options = demo::Options {
            services: 50,
            seed: 1,
            now: t.now().timestamp(),
            password_hash: identity::hash_password(PASSWORD).unwrap(),
        };
        demo::fill(&t.app.db, &options, |_progress| ()).await.unwrap();
        discovery::rebuild(&t.app.db).await.unwrap();
        let promoted =
            sqlx::query!("update users set staff_role = 'superuser' where email = $1", email("max"));
        promoted.execute(&t.app.db).await.unwrap();
        let (max, anna) = (sign_in(&t, "max").await, sign_in(&t, "anna").await);
        let services = anna.get("/services/").await.expect(200);
        let service = services["results"][0]["id"].as_str().unwrap().to_owned();
        let category = services["results"][0]["category_id"].as_str().unwrap().to_owned();
        let me = max.get("/auth/current-user/").await.expect(200);
        let conversation =
            anna.post("/chat/conversations/", json!({"provider_id": me["id"]})).await.expect(201).str("id");
        let body = json!({"conversation_id": conversation, "content": "Hello"});
        let message = anna.post("/chat/messages/", body).await.expect(201).str("id");
        let document = app::router::document().unwrap();
        Self { t, max, anna, document, service, category, conversation, message }
    }

    /// A request that succeeds, where that needs more than what the document shows.
    async fn prepared(&self, path: &str) -> Option<Repeated> {
        let (max, anna, nobody) = (&self.max, &self.anna, &self.t.anonymous());
        let json = |client: &Client, body: Value| Some(Repeated::json(client, path, &body));
        match path {
            "/auth/signin/" => json(nobody, json!({"email": email("max"), "password": PASSWORD})),
            "/auth/password-change/" => {
                json(anna, json!({"old_password": PASSWORD, "new_password": "staple gun parade 7"}))
            }
            "/auth/send-phone-verification/" => json(anna, json!({"phone_number": "+4915123456789"})),
            "/auth/social/facebook/" => json(nobody, json!({"access_token": "EAAG"})),
            "/bookings/" => {
                let slots = format!("/services/{}/slots/?from=2026-03-05&to=2026-03-20", self.service);
                let starts_at = anna.get(&slots).await.expect(200)["results"][0]["starts_at"].clone();
                json(
                    anna,
                    json!({"service_id": self.service, "starts_at": starts_at, "payment_method": "cash"}),
                )
            }
            "/chat/conversations/" => {
                let max = max.get("/auth/current-user/").await.expect(200);
                json(anna, json!({"provider_id": max["id"]}))
            }
            "/chat/messages/" => {
                json(anna, json!({"conversation_id": self.conversation, "content": "Are you there?"}))
            }
            "/chat/messages/{id}/reactions/" => Some(Repeated::json(
                max,
                &format!("/chat/messages/{}/reactions/", self.message),
                &json!({"key": "👍"}),
            )),
            "/media/" => Some(Repeated::file(anna, path, "file", "%PDF-1.4\n%%EOF\n")),
            "/services/{id}/images/" => {
                Some(Repeated::file(max, &path.replace("{id}", SOME_ID), "image", "no picture"))
            }
            "/providers/register/" => {
                json(anna, json!({"account_type": "individual", "skills": [self.category]}))
            }
            "/services/" => json(
                max,
                json!({"category_id": self.category, "title": "Windows cleaned", "description": "All of them.",
                    "price": 49.9, "duration_minutes": 90}),
            ),
            "/users/{id}/credits/purchase/" => {
                let me = anna.get("/auth/current-user/").await.expect(200).str("id");
                let body = json!({"package_id": "019cad9a-7000-7000-8000-00000000c001", "payment_method": "card",
                    "payment_method_id": "pm_sandbox_visa"});
                Some(Repeated::json(anna, &path.replace("{id}", &me), &body))
            }
            _ => None,
        }
    }

    /// A request as the document describes it.
    fn described(&self, path: &str, operation: &Value) -> Repeated {
        let is_open = operation["security"].as_array().is_none_or(Vec::is_empty);
        let client = if is_open { &self.t.anonymous() } else { &self.max };
        let names = path.split('/').filter(|part| part.starts_with('{'));
        let url = names.fold(path.to_owned(), |url, name| url.replace(name, SOME_ID));
        match operation.pointer("/requestBody/content/application~1json/schema") {
            Some(schema) => Repeated::json(client, &url, &self.example(schema)),
            None => Repeated::empty(client, &url),
        }
    }

    /// A value that a schema allows.
    fn example(&self, schema: &Value) -> Value {
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            return self.example(&self.document["components"]["schemas"][name]);
        }
        let of_several = ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema[word].as_array());
        if let Some(one) = of_several.and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return self.example(one);
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
        match (kind, schema["format"].as_str()) {
            ("string", Some("uuid")) => json!(SOME_ID),
            ("string", Some("email")) => json!(email("anna")),
            ("string", _) => json!("something"),
            ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
            ("boolean", _) => json!(false),
            ("array", _) => json!([]),
            _ => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                required.map(|name| (name.to_owned(), self.example(&schema["properties"][name]))).collect()
            }
        }
    }
}

fn email(name: &str) -> String {
    format!("{name}@demo.skillbuddy.app")
}

async fn sign_in(t: &TestApp, name: &str) -> Client {
    let body = json!({"email": email(name), "password": PASSWORD});
    let tokens = t.anonymous().post("/auth/signin/", body).await.expect(200);
    t.anonymous().with_token(tokens["access"].as_str().unwrap())
}

fn same(one: &Answer, other: &Answer) -> bool {
    let location = |answer: &Answer| answer.header("location").to_owned();
    (one.status, &one.bytes, location(one)) == (other.status, &other.bytes, location(other))
}

impl World {
    /// What is wrong with a POST when it is repeated, sent with another body, and sent many times at once; and whether
    /// it did what it is for.
    async fn repeat(&self, path: &str, operation: &Value) -> Result<bool, String> {
        let request = match self.prepared(path).await {
            Some(request) => request,
            None => self.described(path, operation),
        };
        let first = request.send("k", &request.body).await;
        let again = request.send("k", &request.body).await;
        let is_replayed = again.header("idempotency-replayed") == "true";
        if NEVER_ANSWERED.contains(&path) && first.status == 401 && !is_replayed {
            return Ok(false);
        }
        if !is_replayed || !same(&first, &again) {
            return Err(format!("{} {}, then {}", request.body, first.text(), again.text()));
        }
        let other = request.send("k", &request.other_body).await;
        // Whoever has no account and sends something else is somebody else.
        let is_open = operation["security"].as_array().is_none_or(Vec::is_empty);
        let is_refused = other.status == 422 && other["code"] == "idempotency_key_reused";
        if is_open == is_refused || other.header("idempotency-replayed") == "true" {
            return Err(format!("another body gets {}", other.text()));
        }
        let answers = request.send_many("many").await;
        match answers.iter().find(|answer| !same(answer, &answers[0])) {
            None if answers.is_empty() => Err("nobody is answered".to_owned()),
            Some(another) => Err(format!("at once {} and {}", answers[0].text(), another.text())),
            None => Ok(first.status.is_success()),
        }
    }
}

#[tokio::test]
async fn every_post_gives_its_first_answer_again_and_has_one_effect() {
    let w = World::new().await;
    let (mut faults, mut succeeded) = (Vec::new(), 0);
    for (path, item) in w.document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("post") else { continue };
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        let is_documented = parameters.any(|parameter| parameter["name"] == "Idempotency-Key");
        let is_form = operation.pointer("/requestBody/content/application~1x-www-form-urlencoded").is_some();
        assert_eq!(is_documented, !is_form && !WITHOUT_KEY.contains(&path.as_str()), "{path}");
        if is_documented {
            match w.repeat(path, operation).await {
                Ok(is_success) => succeeded += i32::from(is_success),
                Err(fault) => faults.push(format!("{path}: {fault}")),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The others are refused in the handler's words, which is an answer, too.
    assert!(succeeded >= 20, "only {succeeded} succeeded");
}
