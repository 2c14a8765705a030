//! Facebook's classic access tokens, which are no JWTs: Facebook itself is asked about them.

use anyhow::{Context as _, anyhow};
use aws_lc_rs::hmac;
use jiff::SignedDuration;
use platform::{
    ports::social::{SocialIdentity, SocialProvider},
    time::Instant,
};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    outbound,
    social::{Refusal, clean_email, clean_name, is_subject},
};

const MAX_ANSWER: usize = 64 * 1024;
const MAX_TOKEN: usize = 4 * 1024;
/// A token that never expires is remembered for ten years, so that it is good once all the same.
const UNLIMITED_TOKEN_MEMORY: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// "Invalid OAuth 2.0 access token", in Facebook's numbers.
const TOKEN_ERROR: i64 = 190;

/// Our app at Facebook.
pub struct FacebookApp {
    /// The app that the secret belongs to.
    pub id: String,
    pub secret: SecretString,
    /// Tokens of these apps are taken.
    pub all_ids: Vec<String>,
}

/// Facebook's Graph API.
pub struct FacebookGraph {
    app: FacebookApp,
    url: String,
    client: Client,
}

#[derive(Deserialize)]
struct Debug {
    data: TokenData,
}

#[derive(Deserialize)]
struct TokenData {
    is_valid: Option<bool>,
    app_id: Option<String>,
    user_id: Option<String>,
    r#type: Option<String>,
    /// 0 is never.
    expires_at: Option<i64>,
}

#[derive(Deserialize)]
struct Me {
    id: String,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureCode,
}

#[derive(Deserialize)]
struct FailureCode {
    code: i64,
}

/// What the Graph API answers.
enum Answer<T> {
    Fine(T),
    BadToken,
}

impl FacebookGraph {
    /// Asks the API at `url`.
    pub fn new(app: FacebookApp, url: String, client: Client) -> Self {
        Self { app, url, client }
    }

    /// The identity that the token stands for at `now`.
    pub async fn verify(&self, token: &str, now: Instant) -> Result<SocialIdentity, Refusal> {
        let is_token = (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|b| b.is_ascii_graphic());
        if !is_token {
            return Err(Refusal::Invalid("not a token"));
        }
        let (user, token_expires_at) = self.debug(token, now).await?;
        let proof = hmac::Key::new(hmac::HMAC_SHA256, self.app.secret.expose_secret().as_bytes());
        let proof = hex::encode(hmac::sign(&proof, token.as_bytes()));
        let query = [("fields", "id,name,email"), ("access_token", token), ("appsecret_proof", &proof)];
        let me = match self.get::<Me>("me", &query).await.map_err(Refusal::Unreachable)? {
            Answer::Fine(me) => me,
            Answer::BadToken => return Err(Refusal::Invalid("withdrawn")),
        };
        if me.id != user || !is_subject(&me.id) {
            return Err(Refusal::Invalid("subject"));
        }
        Ok(SocialIdentity {
            provider: SocialProvider::Facebook,
            subject: me.id,
            email: clean_email(me.email),
            // Facebook does not say whether it did, so an account is never linked by this address.
            is_email_verified: false,
            name: clean_name(me.name),
            token_expires_at,
        })
    }

    /// Whose token it is and when it ends, if it was made for one of our apps and is good. Without this question, a token
    /// that somebody gave to any other app would sign them in here.
    async fn debug(&self, token: &str, now: Instant) -> Result<(String, Instant), Refusal> {
        let app_token = format!("{}|{}", self.app.id, self.app.secret.expose_secret());
        let query = [("input_token", token), ("access_token", &app_token)];
        let answer = self.get::<Debug>("debug_token", &query).await.map_err(Refusal::Unreachable)?;
        let Answer::Fine(Debug { data }) = answer else {
            let cause =
                anyhow!("Facebook does not know our app: check FACEBOOK_APP_IDS and FACEBOOK_APP_SECRET");
            return Err(Refusal::Unreachable(cause));
        };
        let seconds = now.timestamp().as_second();
        let rules = [
            (data.is_valid == Some(true), "not valid"),
            (data.app_id.is_some_and(|id| self.app.all_ids.contains(&id)), "another app's"),
            (data.r#type.as_deref() == Some("USER"), "not a person's"),
            (data.expires_at.is_some_and(|at| at == 0 || seconds < at), "expired"),
        ];
        if let Some((_, broken)) = rules.iter().find(|(holds, _)| !holds) {
            return Err(Refusal::Invalid(broken));
        }
        let ends = data.expires_at.filter(|at| *at > 0);
        let ends = ends.and_then(|at| Instant::from_micros(at.saturating_mul(1_000_000)));
        let ends = ends.unwrap_or_else(|| now.plus(UNLIMITED_TOKEN_MEMORY));
        Ok((data.user_id.ok_or(Refusal::Invalid("subject"))?, ends))
    }

    /// An error means that Facebook cannot be asked. It never holds the URL, since the URL holds the tokens.
    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Answer<T>> {
        let url = reqwest::Url::parse_with_params(&format!("{}/{path}", self.url), query)?;
        let response = self.client.get(url).send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        let body = outbound::bounded_body(response, MAX_ANSWER).await?;
        if status == StatusCode::OK {
            return Ok(Answer::Fine(serde_json::from_slice(&body).context("its answer cannot be read")?));
        }
        let code =
            serde_json::from_slice::<Failure>(&body).map(|failure| failure.error.code).unwrap_or_default();
        if code == TOKEN_ERROR && status.is_client_error() {
            return Ok(Answer::BadToken);
        }
        Err(anyhow!("/{path} answers {}, code {code}", status.as_u16()))
    }
}
