//! The HTTP client of the journey: counts the calls, prints them and their answers.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::{
    answer::{Answer, find},
    call::{Body, Call},
    shape::shortened,
};

/// Answers take longer than this only when something is wrong.
const TIMEOUT: Duration = Duration::from_secs(35);
/// Worth a look in every answer that has them.
const INTERESTING: [&str; 32] = [
    "code",
    "message",
    "user.id",
    "email",
    "name",
    "is_email_verified",
    "is_phone_verified",
    "is_provider",
    "id",
    "slug",
    "reference",
    "title",
    "price",
    "status",
    "sub_status",
    "scheduled_date",
    "scheduled_time",
    "total_amount",
    "payment_status",
    "refund_amount",
    "refund_percent",
    "reschedule.starts_at",
    "version",
    "expires_in",
    "count",
    "results.0.id",
    "results.0.title",
    "results.0.name",
    "results.0.distance_km",
    "results.0.starts_at",
    "allowed",
    "errors",
];

/// Talks to one server.
pub struct Client {
    base: Url,
    http: reqwest::Client,
    verbose: bool,
    calls: AtomicUsize,
    walked: Mutex<BTreeSet<String>>,
}

impl Client {
    /// A client for the server at `url`.
    pub fn new(url: &str, verbose: bool) -> anyhow::Result<Self> {
        let base = Url::parse(url).with_context(|| format!("--url {url} is not a URL"))?;
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("journey")
            .build()?;
        Ok(Self { base, http, verbose, calls: AtomicUsize::new(0), walked: Mutex::default() })
    }

    /// How many calls have been made.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The method and path of every call that has been made.
    pub fn walked(&self) -> BTreeSet<String> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, call: String) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.walked.lock().unwrap_or_else(PoisonError::into_inner).insert(call);
    }

    /// GET; `path` may also be a link out of an answer.
    pub fn get(&self, path: &str) -> Call<'_> {
        Call::new(self, Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> Call<'_> {
        Call::new(self, Method::POST, path)
    }

    /// PUT.
    pub fn put(&self, path: &str) -> Call<'_> {
        Call::new(self, Method::PUT, path)
    }

    /// PATCH.
    pub fn patch(&self, path: &str) -> Call<'_> {
        Call::new(self, Method::PATCH, path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Call<'_> {
        Call::new(self, Method::DELETE, path)
    }

    /// The address of a path, or of a link. A link to this machine means the server that is walked through,
    /// whatever it believes its port to be.
    fn address(&self, path: &str) -> anyhow::Result<Url> {
        let is_link = path.starts_with("http://") || path.starts_with("https://");
        if !is_link {
            return Ok(self.base.join(path)?);
        }
        let link = Url::parse(path)?;
        if !matches!(link.host_str(), Some("localhost" | "127.0.0.1")) {
            return Ok(link);
        }
        let query = link.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(self.base.join(&format!("{}{query}", link.path()))?)
    }

    /// The address of the socket.
    pub fn socket(&self) -> anyhow::Result<Url> {
        let mut address = self.base.join("/ws/")?;
        let scheme = if address.scheme() == "https" { "wss" } else { "ws" };
        let fine = address.set_scheme(scheme).is_ok();
        anyhow::ensure!(fine, "{address} cannot be the address of a socket");
        self.note("GET /ws/".to_owned());
        Ok(address)
    }

    /// Sends a call and prints it with its answer; `quiet` leaves the printing away.
    pub(crate) async fn send(&self, call: Call<'_>) -> anyhow::Result<(u16, Answer)> {
        let mut address = self.address(&call.path)?;
        if !call.query.is_empty() {
            address.query_pairs_mut().extend_pairs(&call.query);
        }
        let shown = format!("{} {}", call.method, path_of(&address));
        self.note(format!("{} {}", call.method, address.path()));
        let quiet = call.quiet;
        if !quiet {
            self.print_call(&shown, &call);
        }
        let mut request = self.http.request(call.method, address);
        if let Some(token) = &call.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        request = match call.body {
            Body::None => request,
            Body::Json(body) => request.json(&body),
            Body::Raw(content_type, body) => request.header("content-type", content_type).body(body),
            Body::Form(form) => request.multipart(form),
        };
        let started = Instant::now();
        let response = request.send().await.with_context(|| format!("{shown}: there is no answer"))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes =
            response.bytes().await.with_context(|| format!("{shown}: the answer breaks off"))?.to_vec();
        let took = started.elapsed();
        let is_json =
            headers.get("content-type").and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("json"));
        let body = if is_json {
            serde_json::from_slice(&bytes).with_context(|| format!("{shown}: the answer is not JSON"))?
        } else {
            Value::Null
        };
        let answer = Answer { about: format!("{shown} -> {status}"), headers, body, bytes };
        if !quiet {
            self.print_answer(status, took, &answer);
        }
        Ok((status, answer))
    }

    fn print_call(&self, shown: &str, call: &Call<'_>) {
        let who = call.who.map(|who| format!("  ({who})")).unwrap_or_default();
        let body = match &call.body {
            Body::None => String::new(),
            Body::Json(body) if self.verbose => format!("\n{body:#}"),
            Body::Json(body) => format!(" {}", shortened(&body.to_string(), 120)),
            Body::Raw(content_type, body) => format!(" {} bytes of {content_type}", body.len()),
            Body::Form(_) => " a form with a file".to_owned(),
        };
        println!("  {}{body}{who}", shortened(shown, 200));
    }

    fn print_answer(&self, status: u16, took: Duration, answer: &Answer) {
        let fields = if self.verbose && !answer.body.is_null() {
            format!("\n{:#}", answer.body)
        } else {
            interesting(answer)
        };
        println!("    {status} in {} ms  {fields}", took.as_millis());
    }
}

fn path_of(address: &Url) -> String {
    let query = address.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", address.path())
}

fn interesting(answer: &Answer) -> String {
    let mut parts = Vec::new();
    for path in INTERESTING {
        match find(&answer.body, path) {
            None | Some(Value::Null) => {}
            Some(Value::Object(empty)) if empty.is_empty() => {}
            Some(Value::String(text)) => parts.push(format!("{path}={}", shortened(text, 80))),
            Some(value) => parts.push(format!("{path}={}", shortened(&value.to_string(), 160))),
        }
    }
    if answer.body.is_null() && !answer.bytes.is_empty() {
        parts.push(format!("{} bytes", answer.bytes.len()));
    }
    parts.join("  ")
}
