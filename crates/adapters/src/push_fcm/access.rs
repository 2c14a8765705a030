//! Google's access tokens for a service account: asked for with a JWT that its key signs (RFC 7523), kept until
//! shortly before they end.

use anyhow::{Context as _, anyhow, ensure};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::{
    config::{Environment, PushSettings},
    ports::push::PushError,
    time::{Clock, Instant},
};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::outbound;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A JWT is used at once, but Google's clock may differ from ours.
const ASSERTION_LIFE: i64 = 60 * 60;
/// A token is not used in its last minutes: it should not end on its way.
const MARGIN: i64 = 5 * 60;
/// After a failure, Google is left alone for a moment.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
const MAX_ANSWER: usize = 64 * 1024;

/// Who we are to Google.
pub struct ServiceAccount {
    /// The Firebase project.
    pub project: String,
    email: String,
    key_id: String,
    key: EncodingKey,
    token_url: String,
}

/// The file that Google gives for an account.
#[derive(Deserialize)]
struct KeyFile {
    r#type: String,
    project_id: String,
    private_key_id: String,
    private_key: SecretString,
    client_email: String,
    token_uri: String,
}

impl ServiceAccount {
    /// The account that the settings name, if they name one. No error repeats what is in the file.
    pub fn from_settings(settings: &PushSettings, environment: Environment) -> anyhow::Result<Option<Self>> {
        let Some(setting) = &settings.fcm_service_account else { return Ok(None) };
        outbound::check_url("FCM_URL", &settings.fcm_url, environment)?;
        let setting = setting.expose_secret().trim();
        let json = if setting.starts_with('{') {
            SecretString::from(setting)
        } else {
            let file = std::fs::read_to_string(setting);
            file.map(SecretString::from).context("the file of FCM_SERVICE_ACCOUNT cannot be read")?
        };
        let file: Option<KeyFile> = serde_json::from_str(json.expose_secret()).ok();
        let file = file
            .filter(|file| file.r#type == "service_account")
            .context("FCM_SERVICE_ACCOUNT is not the JSON key file of a service account")?;
        let is_of_project = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:".contains(&b);
        let is_project = !file.project_id.is_empty() && file.project_id.bytes().all(is_of_project);
        ensure!(is_project, "FCM_SERVICE_ACCOUNT has a project_id that is none");
        outbound::check_url("token_uri of FCM_SERVICE_ACCOUNT", &file.token_uri, environment)?;
        let account = Self {
            project: file.project_id,
            email: file.client_email,
            key_id: file.private_key_id,
            key: EncodingKey::from_rsa_pem(file.private_key.expose_secret().as_bytes())
                .map_err(|_may_quote_it| anyhow!("FCM_SERVICE_ACCOUNT has a private_key that is none"))?,
            token_url: file.token_uri,
        };
        // A key that is broken inside shows only when it signs.
        account.assertion(0)?;
        Ok(Some(account))
    }

    fn assertion(&self, now: i64) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        let claims = Claims {
            iss: &self.email,
            scope: SCOPE,
            aud: &self.token_url,
            iat: now,
            exp: now + ASSERTION_LIFE,
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|_may_quote_it| anyhow!("the private_key of FCM_SERVICE_ACCOUNT cannot sign"))
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: i64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

struct Held {
    token: SecretString,
    good_until: Instant,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failed_at: Option<Instant>,
}

/// The token of the moment.
pub struct AccessTokens {
    account: ServiceAccount,
    client: Client,
    clock: Clock,
    /// Whoever holds it asks; the others wait, and find what was found.
    state: Mutex<State>,
}

impl AccessTokens {
    /// None yet.
    pub fn new(account: ServiceAccount, client: Client, clock: Clock) -> Self {
        Self { account, client, clock, state: Mutex::default() }
    }

    /// A good token, and another one than `refused`.
    pub async fn get(&self, refused: Option<&SecretString>) -> Result<SecretString, PushError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        let is_refused =
            |token: &SecretString| refused.is_some_and(|r| r.expose_secret() == token.expose_secret());
        if let Some(held) = &state.held
            && now < held.good_until
            && !is_refused(&held.token)
        {
            return Ok(held.token.clone());
        }
        if state.failed_at.is_some_and(|at| now.since(at) < PAUSE) {
            return Err(PushError::Later(PAUSE.unsigned_abs()));
        }
        // Noted before it is tried, so that a caller who goes away leaves a trace.
        *state = State { held: None, failed_at: Some(now) };
        let granted = self.ask(now).await?;
        let life = SignedDuration::from_secs(granted.expires_in.clamp(0, ASSERTION_LIFE) - MARGIN);
        let held = Held { token: granted.access_token.clone(), good_until: now.plus(life) };
        *state = State { held: Some(held), failed_at: None };
        Ok(granted.access_token)
    }

    async fn ask(&self, now: Instant) -> Result<Granted, PushError> {
        let assertion = self.account.assertion(now.timestamp().as_second())?;
        let form = [("grant_type", GRANT), ("assertion", &assertion)];
        let response =
            self.client.post(&self.account.token_url).form(&form).send().await.map_err(|error| {
                anyhow!(error.without_url()).context("Google cannot be asked for an access token")
            })?;
        let status = response.status();
        if outbound::asks_to_wait(status) {
            return Err(PushError::Later(outbound::pause(response.headers(), now)));
        }
        let body = outbound::bounded_body(response, MAX_ANSWER).await.unwrap_or_default();
        if status != StatusCode::OK {
            let refusal = serde_json::from_slice::<Refusal>(&body).ok();
            let code = refusal.map(|refusal| outbound::code(&refusal.error)).unwrap_or_default();
            let status = status.as_u16();
            return Err(anyhow!("Google gives no access token: status {status}, code {code}").into());
        }
        serde_json::from_slice(&body)
            .map_err(|_may_quote_it| anyhow!("Google's answer holds no access token").into())
    }
}
