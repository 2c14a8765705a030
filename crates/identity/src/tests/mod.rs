//! Accounts through HTTP.

mod access;
mod deletion;
mod email;
mod links;
mod mails;
mod password;
mod phone;
mod profile;
mod recovery;
mod refresh;
mod sessions;
mod signin;
mod signup;
mod social;
mod staff;
mod throttle;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use platform::{
    error::ApiResult,
    ids::UserId,
    jobs::Registry,
    locale::Language,
    ports::{
        mailer::Mail,
        social::{SocialIdentity, SocialProvider},
    },
    testing::{Answer, Client, TestApp},
};
use serde_json::json;
use sqlx::Row as _;
use strum::VariantNames as _;

use crate::{AccessTokens, IdentityError, register, router};

/// A password that nobody would guess, and another.
pub const PASSWORD: &str = "correct horse battery";
pub const OTHER_PASSWORD: &str = "staple gun parade 7";

/// The application with the real tokens.
pub struct World {
    pub t: TestApp,
    pub tokens: Arc<AccessTokens>,
}

/// Somebody who is signed in.
pub struct Person {
    pub id: UserId,
    pub email: String,
    pub access: String,
    pub refresh: String,
    pub client: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(args: &[&str]) -> Self {
        let tokens = Arc::new(AccessTokens::default());
        let args: Vec<&str> = ["--trusted-proxies", "127.0.0.1"].iter().chain(args).copied().collect();
        let t = TestApp::with(router(), register(Registry::default()), tokens.clone(), &args).await;
        Self { t, tokens }
    }

    /// A client at an address of its own, with a program of its own.
    pub fn device(&self, address: &str, agent: &str) -> Client {
        self.t.anonymous().with("x-forwarded-for", address).with("user-agent", agent)
    }

    /// A new account, signed in.
    pub async fn sign_up(&self, name: &str) -> Person {
        let email = format!("{}@example.com", name.to_lowercase());
        let body = json!({"email": email, "password": PASSWORD, "name": format!("{name} Lovelace")});
        let answer = self.t.anonymous().post("/auth/signup/", body).await.expect(201);
        self.person(&answer)
    }

    /// The same with a verified address, and all mails read.
    pub async fn verified(&self, name: &str) -> Person {
        let person = self.sign_up(name).await;
        let code = self.code().await;
        person.client.post("/auth/verify-email/", json!({"token": code})).await.expect(200);
        person
    }

    /// Whoever this answer signed in.
    pub fn person(&self, answer: &Answer) -> Person {
        let (access, refresh) = (answer.str("access"), answer.str("refresh"));
        Person {
            id: answer["user"]["id"].as_str().unwrap().parse().unwrap(),
            email: answer["user"]["email"].as_str().unwrap().to_owned(),
            client: self.t.anonymous().with_token(&access),
            access,
            refresh,
        }
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.t.anonymous().post("/auth/signin/", json!({"email": email, "password": password})).await
    }

    /// All mails that were sent since the last look.
    pub async fn mails(&self) -> Vec<Mail> {
        self.t.run_jobs().await;
        // Jobs run side by side.
        let mut mails = self.t.mailer.take();
        mails.sort_by(|a, b| (&a.to, &a.subject).cmp(&(&b.to, &b.subject)));
        mails
    }

    /// The code of the last mail.
    pub async fn code(&self) -> String {
        code_in(&self.mails().await.last().expect("a mail").text)
    }

    /// The token of the link of the last mail.
    pub async fn link(&self) -> String {
        link_in(self.mails().await.iter().rfind(|mail| mail.text.contains("token=")).expect("a mail"))
    }

    /// Changes a row behind the application's back.
    pub async fn sql(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&self.t.app.db).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).fetch_one(&self.t.app.db).await.unwrap().get(0)
    }
}

/// The six digits in a text.
pub fn code_in(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '#');
    let mut codes = words.filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    codes.next().unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

pub fn link_in(mail: &Mail) -> String {
    let (_, rest) = mail.text.split_once("token=").expect("a link");
    rest.split('&').next().unwrap().to_owned()
}

/// A picture of the given size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 90])
    });
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn every_refusal_has_a_sentence_in_every_language() {
    for language in Language::ALL {
        for code in IdentityError::VARIANTS {
            assert!(language.has(code), "{language}: {code}");
        }
    }
}

/// Every operation of accounts that asks for nobody is listed here on purpose.
#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let w = World::start().await;
    let (_, document) = router().split_for_parts();
    let document = serde_json::to_value(document).unwrap();
    let mut open = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let called = path.replace("{id}", "019b76da-a800-7000-8000-000000000002");
            let is_secured = operation["security"].as_array().is_some_and(|s| !s.is_empty());
            let method = axum::http::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let send = |client: Client| {
                let (method, called) = (method.clone(), called.clone());
                async move { client.send(method, &called, None, axum::body::Body::empty()).await }
            };
            let answers = [send(w.t.anonymous()).await, send(w.t.anonymous().with_token("garbage")).await];
            let refused = answers
                .iter()
                .all(|answer| answer.status == 401 && !answer.header("www-authenticate").is_empty());
            assert_eq!(refused, is_secured, "{method} {path}: {}", answers[0].text());
            if !is_secured {
                open.push(format!("{method} {path}"));
            }
        }
    }
    insta::assert_snapshot!(open.join("\n"), @r"
    GET /.well-known/jwks.json
    POST /auth/reset-password/
    POST /auth/reset-password/confirm/
    GET /auth/reset-password/link/
    POST /auth/reset-password/link/
    POST /auth/signin/
    POST /auth/signup/
    POST /auth/social/apple/
    POST /auth/social/facebook/
    POST /auth/social/google/
    POST /auth/token/refresh/
    GET /auth/verify-email/link/
    POST /auth/verify-email/link/
    ");
}

/// Joins what runs at once.
pub async fn all<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let handles: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::new();
    for handle in handles {
        done.push(handle.await.unwrap());
    }
    done
}

/// A token of the same sign-in service account that was not used before.
pub fn fresh(token: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{token}#{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What a service says of somebody.
pub fn identity(
    provider: SocialProvider,
    subject: &str,
    email: Option<&str>,
    verified: bool,
    name: Option<&str>,
) -> SocialIdentity {
    SocialIdentity {
        provider,
        subject: subject.to_owned(),
        email: email.map(str::to_owned),
        is_email_verified: verified,
        name: name.map(str::to_owned),
        token_expires_at: "2036-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap().into(),
    }
}

/// From now on this token stands for a Google account with this address.
pub fn google(w: &World, token: &str, email: &str, verified: bool) {
    w.t.social
        .vouch(token, identity(SocialProvider::Google, token, Some(email), verified, Some("Grace Hopper")));
}

/// A sign-in with a fresh token of a Google account.
pub async fn enter(w: &World, token: &str) -> Answer {
    w.t.anonymous().post("/auth/social/google/", json!({"id_token": fresh(token)})).await
}

/// The code of a refusal that did not come through HTTP.
pub fn code_of<T>(result: ApiResult<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}
