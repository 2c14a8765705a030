//! SMS by Twilio.

use anyhow::{anyhow, ensure};
use async_trait::async_trait;
use platform::{
    config::{Environment, SmsSettings},
    ports::sms::{Sms, SmsError, SmsSender},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::outbound;

/// Twilio's answers are about a kilobyte.
const MAX_ANSWER: usize = 64 * 1024;
/// "Attempt to send to unsubscribed recipient": who has the number has answered STOP.
const UNSUBSCRIBED: u32 = 21610;

/// Our account at Twilio.
pub struct Account {
    sid: String,
    token: SecretString,
    from: String,
    url: String,
}

impl Account {
    /// The account that the settings name, if they name one.
    pub fn from_settings(settings: &SmsSettings, environment: Environment) -> anyhow::Result<Option<Self>> {
        let Some(sid) = settings.twilio_account_sid.clone() else {
            let nothing_else = settings.twilio_auth_token.is_none() && settings.twilio_from.is_none();
            ensure!(nothing_else, "TWILIO_AUTH_TOKEN and TWILIO_FROM need TWILIO_ACCOUNT_SID");
            return Ok(None);
        };
        let hex = sid.strip_prefix("AC").unwrap_or_default();
        let is_sid = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        ensure!(is_sid, "TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits");
        let token = settings.twilio_auth_token.clone().filter(|token| !token.expose_secret().is_empty());
        let token = token.ok_or_else(|| anyhow!("TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN"))?;
        let from = settings.twilio_from.clone().unwrap_or_default();
        ensure!(
            is_sender(&from),
            "TWILIO_FROM must be a number like +4930123456, a name of up to 11 letters and digits, \
             or the id of a messaging service (MG and 32 hexadecimal digits)"
        );
        outbound::check_url("TWILIO_URL", &settings.twilio_url, environment)?;
        Ok(Some(Self { sid, token, from, url: settings.twilio_url.clone() }))
    }
}

fn is_sender(from: &str) -> bool {
    let is_number = from
        .strip_prefix('+')
        .is_some_and(|digits| (4..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
    let is_name = (1..=11).contains(&from.len())
        && from.bytes().all(|b| b.is_ascii_alphanumeric() || b" -_+&".contains(&b))
        && from.bytes().any(|b| b.is_ascii_alphabetic());
    is_number || is_name || is_messaging_service(from)
}

fn is_messaging_service(from: &str) -> bool {
    from.strip_prefix("MG").is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Sends SMS by Twilio's REST API.
pub struct TwilioSms {
    account: Account,
    client: reqwest::Client,
}

impl TwilioSms {
    /// Sends for `account`.
    pub fn new(account: Account, client: reqwest::Client) -> Self {
        Self { account, client }
    }
}

#[derive(Deserialize)]
struct Refusal {
    code: Option<u32>,
}

#[async_trait]
impl SmsSender for TwilioSms {
    async fn send(&self, sms: Sms) -> Result<(), SmsError> {
        let Account { sid, token, from, url } = &self.account;
        let sender = if is_messaging_service(from) { "MessagingServiceSid" } else { "From" };
        let response = self
            .client
            .post(format!("{url}/2010-04-01/Accounts/{sid}/Messages.json"))
            .basic_auth(sid, Some(token.expose_secret()))
            .form(&[("To", sms.to.as_str()), (sender, from), ("Body", &sms.text)])
            .send()
            .await
            .map_err(|error| anyhow!(error.without_url()).context("Twilio cannot be reached"))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        // The answer's message repeats the number, so only its code goes into the log.
        let body = outbound::bounded_body(response, MAX_ANSWER).await.unwrap_or_default();
        let code = serde_json::from_slice::<Refusal>(&body).ok().and_then(|refusal| refusal.code);
        if code == Some(UNSUBSCRIBED) {
            return Err(SmsError::OptedOut);
        }
        let code = code.unwrap_or_default();
        Err(anyhow!("Twilio refused the SMS: status {}, code {code}", status.as_u16()).into())
    }
}
