//! People who book, pay, cancel, and are told the truth: what a server acknowledges is written into their journal.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use rand::seq::IndexedRandom as _;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tokio::time::sleep;

/// Of all demo accounts.
pub const PASSWORD: &str = "correct horse battery";
/// A server that is back by then counts as the same one.
const PATIENCE: u32 = 600;
/// With what is paid; a dear one is rarer.
const METHODS: [&str; 8] =
    ["visa", "visa", "visa", "visa", "drops_reply", "drops_reply", "reports_late", "declined"];

/// Who can sign in, and what can be booked.
#[derive(Debug)]
pub struct Place {
    url: String,
    emails: Vec<String>,
    services: Vec<String>,
}

impl Place {
    /// Looks into the database.
    pub async fn look(database: &str, url: &str) -> Result<Self> {
        let mut db = PgConnection::connect(database).await?;
        let emails = sqlx::query_scalar!(
            "select email from users where not is_provider and staff_role is null and state = 'active' order by id"
        );
        let emails = emails.fetch_all(&mut db).await?;
        let services = sqlx::query_scalar!(
            r#"select id::text as "id!" from services where is_active and price_minor > 1000"#
        );
        let services = services.fetch_all(&mut db).await?;
        Ok(Self { url: url.to_owned(), emails, services })
    }
}

/// What was acknowledged.
#[derive(Debug, Default)]
pub struct Journal {
    /// Bookings by their ids.
    pub bookings: Vec<String>,
    /// Payments that were said to be complete.
    pub paid: Vec<String>,
    /// Bookings that were said to be called off.
    pub cancelled: Vec<String>,
    /// Calls that had to be sent again.
    pub again: usize,
    /// Payments that were declined.
    pub declined: usize,
}

impl Journal {
    /// Adds what another one noted.
    pub fn merge(&mut self, other: Self) {
        self.bookings.extend(other.bookings);
        self.paid.extend(other.paid);
        self.cancelled.extend(other.cancelled);
        self.again += other.again;
        self.declined += other.declined;
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bookings, paid, cancelled) = (self.bookings.len(), self.paid.len(), self.cancelled.len());
        let Self { again, declined, .. } = self;
        write!(
            f,
            "Acknowledged: {bookings} bookings, {paid} payments, {cancelled} cancellations; {declined} payments declined; \
             {again} calls sent again"
        )
    }
}

/// Somebody with a phone that tries again.
pub struct Person {
    place: Arc<Place>,
    http: Client,
    token: String,
    /// What was noted.
    pub journal: Journal,
}

impl Person {
    /// The demo customer of a number.
    pub async fn sign_in(place: Arc<Place>, number: u32) -> Result<Self> {
        let http = Client::builder().timeout(Duration::from_secs(20)).build()?;
        let mut person = Self { place, http, token: String::new(), journal: Journal::default() };
        let email = person.place.emails.get(usize::try_from(number)?).context("too few demo customers")?;
        let body = json!({"email": email, "password": PASSWORD});
        let (_, answer) = person.call(Method::POST, "/auth/signin/", Some(body)).await?;
        person.token = text(&answer, "access")?;
        Ok(person)
    }

    /// Books something, pays it, and sometimes calls it off.
    pub async fn spend(&mut self) -> Result<()> {
        let booking = self.book().await?;
        let method = *METHODS.choose(&mut rand::rng()).context("no method")?;
        let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
            "payment_method_id": format!("pm_sandbox_{method}")});
        let (status, answer) = self.call(Method::POST, "/payments/process/", Some(body)).await?;
        match status {
            StatusCode::CREATED if answer["status"] == "completed" => {
                self.journal.paid.push(text(&answer, "id")?);
            }
            // The first of two calls was heard, or the gateway takes its time.
            StatusCode::CREATED | StatusCode::CONFLICT => {}
            StatusCode::PAYMENT_REQUIRED | StatusCode::SERVICE_UNAVAILABLE => self.journal.declined += 1,
            _ => bail!("a payment: {status} {answer}"),
        }
        if rand::random_bool(0.25) {
            let path = format!("/bookings/{booking}/cancel/");
            let (status, answer) = self.call(Method::PUT, &path, Some(json!({}))).await?;
            ensure!(
                status == StatusCode::OK || status == StatusCode::CONFLICT,
                "a cancellation: {status} {answer}"
            );
            if status == StatusCode::OK {
                self.journal.cancelled.push(booking);
            }
        }
        Ok(())
    }

    async fn book(&mut self) -> Result<String> {
        for _ in 0..100 {
            let service = self.place.services.choose(&mut rand::rng()).context("no services")?.clone();
            let (_, slots) = self.call(Method::GET, &format!("/services/{service}/slots/"), None).await?;
            let Some(slot) = slots["results"].as_array().and_then(|all| all.choose(&mut rand::rng())) else {
                continue;
            };
            let body = json!({"service_id": service, "starts_at": slot["starts_at"], "payment_method": "card",
                "payment_type": "immediate"});
            let (status, answer) = self.call(Method::POST, "/bookings/", Some(body)).await?;
            match status {
                StatusCode::CREATED => {
                    let id = text(&answer, "id")?;
                    self.journal.bookings.push(id.clone());
                    return Ok(id);
                }
                // Somebody was faster, or the demo person knows the provider too well.
                StatusCode::CONFLICT | StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY => {}
                _ => bail!("a booking: {status} {answer}"),
            }
        }
        bail!("no free hour was found")
    }

    /// Calls until there is an answer: after a break the same call under the same key.
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<(StatusCode, Value)> {
        let key = format!("{:032x}", rand::random::<u128>());
        for _ in 0..PATIENCE {
            let mut request = self.http.request(method.clone(), format!("{}{path}", self.place.url));
            if !self.token.is_empty() {
                request = request.bearer_auth(&self.token);
            }
            if let Some(body) = &body {
                request = request.header("Idempotency-Key", &key).json(body);
            }
            if let Ok(answer) = request.send().await
                && let (status, Ok(answer)) = (answer.status(), answer.json().await)
            {
                return Ok((status, answer));
            }
            self.journal.again += 1;
            sleep(Duration::from_millis(50)).await;
        }
        bail!("{method} {path} had no answer")
    }
}

fn text(answer: &Value, field: &str) -> Result<String> {
    Ok(answer[field].as_str().with_context(|| format!("no {field} in {answer}"))?.to_owned())
}
