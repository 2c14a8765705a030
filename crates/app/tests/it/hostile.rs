//! Values that no client should send, in every field of every operation, by everybody: nothing answers as if it were
//! the server's fault, and nothing gets as far as a constraint of the database that nobody foresaw.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use adapters::Sandbox;
use axum::{body::Body, http::Method};
use platform::{
    auth::StaffRole,
    ids::UserId,
    jobs::Registry,
    ports::gateway::{Gateway, Gateways, Tender},
    testing::{Answer, Client, Log, TestApp, TokenIsUserId},
};
use serde_json::{Map, Value, json};

/// Operations that never end, or that are asked with more than a document says.
const LEFT_OUT: [&str; 3] = ["/ws/", "/events/", "/metrics"];

struct Attack {
    t: TestApp,
    document: Value,
    callers: Vec<Client>,
    /// Ids that exist, by the name of the field or the part of the path.
    ids: BTreeMap<&'static str, String>,
    seed: usize,
    sent: usize,
    faults: Vec<String>,
}

/// What is put into a field, whatever belongs there.
fn values() -> Vec<Value> {
    let mut all = vec![
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!([null, {"a": [1]}]),
        json!(""),
        json!(" "),
        json!("a\u{0}b"),
        json!("\u{feff}\u{202e}\u{10ffff}"),
        json!("x".repeat(20_000)),
        json!("ü".repeat(300)),
        json!("' or 1=1; --"),
    ];
    all.extend([0, 1, -1, 32_768, 2_147_483_648, i64::MAX, i64::MIN, 99_999_999_999].map(|n| json!(n)));
    all.extend([0.001, 0.01, -0.01, 1e15, 1e300, 181.0, 999_999_999.99].map(|n| json!(n)));
    let texts = [
        "0000-01-01",
        "9999-12-31",
        "-009999-01-01",
        "12026-01-01",
        "2026-02-30",
        "24:00",
        "99:99:99",
        "9999-12-31T23:59:59.999999999Z",
        "-009999-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "00000000-0000-0000-0000-000000000000",
        "999999999999999999999",
        "1e400",
        "NaN",
        "EUR",
        "XXX",
        "en",
        "https://[::1]/",
        "http://example.com/%00",
        "+49151",
        "a@b",
        "123456",
    ];
    all.extend(texts.map(|text| json!(text)));
    all
}

async fn id(t: &TestApp, statement: &'static str) -> String {
    #[expect(clippy::disallowed_methods, reason = "any row will do")]
    let found: Option<sqlx::types::Uuid> =
        sqlx::query_scalar(statement).fetch_optional(&t.app.db).await.unwrap();
    found.unwrap_or_default().to_string()
}

impl Attack {
    async fn prepare() -> Self {
        let t = TestApp::with_gateways(
            app::router::features(),
            Registry::default(),
            Arc::new(TokenIsUserId),
            &["--limit-sign-ins", "false", "--limit-uploads", "0", "--limit-inquiries", "0"],
            |db, clock, secrets| {
                let sandbox = Sandbox::new(db.clone(), clock.clone(), secrets, "http://localhost:8000");
                let shared: Arc<dyn Gateway> = Arc::new(sandbox);
                Gateways::new(vec![(Tender::Card, shared.clone()), (Tender::Paypal, shared)])
            },
        )
        .await;
        let options = demo::Options {
            services: 40,
            seed: 1,
            now: t.now().timestamp(),
            password_hash: identity::hash_password("correct horse battery").unwrap(),
        };
        demo::fill(&t.app.db, &options, |_progress| ()).await.unwrap();
        discovery::rebuild(&t.app.db).await.unwrap();
        let anna = id(&t, "select id from users where email = 'anna@demo.skillbuddy.app'").await;
        let max = id(&t, "select id from users where email = 'max@demo.skillbuddy.app'").await;
        let client = |id: &str| t.client_of(id.parse::<UserId>().unwrap());
        let callers = vec![
            client(&anna),
            client(&max),
            t.staff("Super User", StaffRole::Superuser).await,
            t.anonymous(),
        ];
        let begun = callers
            .first()
            .unwrap()
            .post("/chat/conversations/", json!({"provider_id": max}))
            .await
            .expect(201);
        let conversation = begun.str("id");
        let mut ids = BTreeMap::from([("user", anna), ("provider", max), ("conversation", conversation)]);
        for (name, statement) in [
            (
                "service",
                "select s.id from services s join users u on u.id = s.provider_id \
                where u.email = 'max@demo.skillbuddy.app' and s.is_active limit 1",
            ),
            (
                "booking",
                "select b.id from bookings b join users u on u.id = b.customer_id \
                where u.email = 'anna@demo.skillbuddy.app' order by b.starts_at desc limit 1",
            ),
            ("category", "select id from categories limit 1"),
            ("payment", "select id from payments limit 1"),
            ("package", "select id from credit_packages limit 1"),
        ] {
            ids.insert(name, id(&t, statement).await);
        }
        let document = app::router::document().unwrap();
        Self { t, document, callers, ids, seed: 0, sent: 0, faults: Vec::new() }
    }

    fn id_for(&self, name: &str) -> String {
        let found = self.ids.iter().find(|(of, _)| name.contains(**of));
        found.map_or_else(|| "00000000-0000-7000-8000-000000000000".to_owned(), |(_, id)| id.clone())
    }

    /// The next values for a field: all of them in turn, as the fields go by.
    fn some_values(&mut self, count: usize) -> Vec<Value> {
        let all = values();
        let some = (0..count).map(|n| all.iter().cycle().nth(self.seed + n).unwrap().clone()).collect();
        self.seed += count;
        some
    }

    /// Something that a schema describes, with ids that exist.
    fn sample(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > 8 {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target =
                self.document.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default();
            return self.sample(&target, name, depth + 1);
        }
        if name.ends_with("_id") || name == "id" {
            return self.id_for(name).into();
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            if let Some(first) =
                schema[key].as_array().and_then(|all| all.iter().find(|s| s["type"] != "null"))
            {
                return self.sample(first, name, depth + 1);
            }
        }
        let example = Some(&schema["example"]).filter(|e| !e.is_null()).or_else(|| schema["examples"].get(0));
        if let Some(example) = example.filter(|example| !example.is_object()) {
            return example.clone();
        }
        if let Some(first) = schema["enum"].get(0) {
            return first.clone();
        }
        let kinds = schema["type"].as_array().and_then(|all| all.iter().find(|kind| **kind != "null"));
        match kinds.unwrap_or(&schema["type"]).as_str().unwrap_or_default() {
            "object" => {
                let fields = schema["properties"].as_object().cloned().unwrap_or_default();
                let mut made: Map<String, Value> = fields
                    .iter()
                    .map(|(name, field)| (name.clone(), self.sample(field, name, depth + 1)))
                    .collect();
                for (name, value) in example.and_then(Value::as_object).into_iter().flatten() {
                    if !name.ends_with("_id") {
                        made.insert(name.clone(), value.clone());
                    }
                }
                made.into()
            }
            "array" => json!([self.sample(&schema["items"], name, depth + 1)]),
            "integer" => schema["minimum"].as_i64().map_or(json!(1), |least| json!(least)),
            "number" => json!(10.5),
            "boolean" => json!(true),
            _ => match schema["format"].as_str().unwrap_or_default() {
                "uuid" => self.id_for(name).into(),
                "date" => json!("2026-03-04"),
                "date-time" => json!("2026-03-04T10:00:00Z"),
                "email" => json!("somebody@example.com"),
                _ => json!("some text"),
            },
        }
    }

    async fn send(&mut self, (who, method, url): (usize, &Method, &str), body: Option<String>) -> Answer {
        let content_type = body.is_some().then_some("application/json");
        let shown = body.as_deref().unwrap_or_default().chars().take(300).collect::<String>();
        let body = body.map_or_else(Body::empty, Body::from);
        let answer = self.callers.get(who).unwrap().send(method.clone(), url, content_type, body).await;
        self.sent += 1;
        // What depends on others may be out of reach.
        if answer.status.is_server_error() && answer.status != 503 {
            self.faults.push(format!("{who} {method} {url} {shown}: {}", answer.text()));
        }
        answer
    }

    async fn attack_query(&mut self, who: usize, method: &Method, url: &str, operation: &Value) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            let others: Vec<String> = parameters
                .iter()
                .filter(|other| other["required"] == true && other["in"] == "query" && other["name"] != name)
                .map(|other| {
                    let name = other["name"].as_str().unwrap();
                    format!("{name}={}", text_of(&self.sample(&other["schema"], name, 0)))
                })
                .collect();
            for value in self.some_values(12) {
                let query = format!("{}&{name}={}", others.join("&"), text_of(&value));
                self.send((who, method, &format!("{url}?{}", query.trim_start_matches('&'))), None).await;
            }
        }
    }

    async fn attack_body(&mut self, who: usize, method: &Method, url: &str, schema: &Value) {
        let sample = self.sample(schema, "", 0);
        self.send((who, method, url), Some(sample.to_string())).await;
        for path in fields(&sample, "") {
            for value in self.some_values(8) {
                let mut body = sample.clone();
                if let Some(field) = body.pointer_mut(&path) {
                    *field = value;
                }
                self.send((who, method, url), Some(body.to_string())).await;
            }
        }
        for body in ["", "null", "[]", "{", "\u{feff}{}", "{\"a\":1,\"a\":1}", "{\"a\":1e999}", "{}"] {
            self.send((who, method, url), Some(body.to_owned())).await;
        }
    }
}

/// The paths of all fields of a body.
fn fields(value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Object(all) => {
            let inner = all.iter().flat_map(|(name, field)| {
                let path = format!("{path}/{name}");
                let inside = fields(field, &path);
                std::iter::once(path).chain(inside)
            });
            inner.collect()
        }
        Value::Array(all) => all.first().map(|first| fields(first, &format!("{path}/0"))).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// As it is written in a query.
fn text_of(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text: String = text.chars().take(1500).collect();
    text.bytes().fold(String::new(), |mut written, byte| {
        write!(written, "%{byte:02x}").unwrap();
        written
    })
}

#[tokio::test]
async fn nothing_that_is_sent_is_a_fault_of_the_server() {
    let (log, _guard) = Log::start("platform=error");
    let mut attack = Attack::prepare().await;
    let paths = attack.document["paths"].as_object().unwrap().clone();
    for (path, item) in paths.iter().filter(|(path, _)| !LEFT_OUT.contains(&path.as_str())) {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let before = log.text().len();
            let parts = path.split('/').collect::<Vec<_>>();
            let named = parts.iter().enumerate().map(|(place, part)| match part.strip_prefix('{') {
                // `/bookings/{id}/` is about a booking.
                Some(name) => {
                    attack.id_for(&format!("{name}{}", parts.get(place.wrapping_sub(1)).unwrap_or(&"")))
                }
                None => (*part).to_owned(),
            });
            let url = named.collect::<Vec<_>>().join("/");
            // The callers who get furthest; somebody else gets in nowhere that they do.
            let mut allowed = Vec::new();
            for who in 0..attack.callers.len() {
                let answer = attack.send((who, &method, &url), Some("{}".to_owned())).await;
                if ![401, 403].contains(&answer.status.as_u16()) {
                    allowed.push(who);
                }
            }
            allowed.truncate(2);
            for who in allowed {
                attack.attack_query(who, &method, &url, operation).await;
                let schema = operation.pointer("/requestBody/content/application~1json/schema").cloned();
                if let Some(schema) = schema {
                    attack.attack_body(who, &method, &url, &schema).await;
                }
                for strange in ["%00", "%ff", "x", "99999999999999999999", "%2e%2e", "a%2fb"] {
                    let parts =
                        path.split('/').map(|part| if part.starts_with('{') { strange } else { part });
                    let url = parts.collect::<Vec<_>>().join("/");
                    attack.send((who, &method, &url), Some("{}".to_owned())).await;
                }
            }
            let logged = log.text().get(before..).unwrap_or_default().to_owned();
            if !logged.is_empty() && !logged.contains("cannot be called") {
                attack
                    .faults
                    .push(format!("{method} {path} logs {}", logged.chars().take(600).collect::<String>()));
            }
        }
    }
    assert!(attack.sent > 5000, "only {}", attack.sent);
    assert!(attack.faults.is_empty(), "{} of {}: {:#?}", attack.faults.len(), attack.sent, attack.faults);
    assert!(attack.t.app.db.size() > 0);
}
