//! The mails and SMS about accounts: what they say, in three languages, as text and as HTML. No mail names
//! its reader: a name is whatever its owner typed, and a stranger's address is easily typed too.

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::tz::TimeZone;
use platform::{app::App, error::ApiResult, jobs, locale::Language, ports::mailer::Mail, time::Instant};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::PgConnection;

use crate::{
    jobs::{SendMail, SendSms},
    model::User,
    throttle::Device,
};

/// What a mail is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// A code and a link that prove who reads the mailbox.
    VerifyEmail { code: String, link: String },
    /// A link and a token that set a new password.
    ResetPassword { token: String },
    /// Somebody signed in from a device that was not seen before.
    NewDevice { device: String, ip: String, at: Instant },
    /// The password is another.
    PasswordChanged,
    /// The address is another; goes to the old one.
    EmailChanged { to: String },
    /// The account will be deleted.
    AccountClosing { due_at: Instant },
    /// It will not be, after all.
    AccountRestored,
}

impl Letter {
    /// The notice about this device.
    pub fn new_device(device: &Device, at: Instant) -> Self {
        let name = device.name.clone().or_else(|| device.user_agent.clone()).unwrap_or_default();
        Self::NewDevice { device: name.chars().take(80).collect(), ip: device.ip.clone(), at }
    }

    /// The address, enough of it for its owner to know it.
    pub fn email_changed(to: &str) -> Self {
        let (local, domain) = to.rsplit_once('@').unwrap_or((to, ""));
        let first = local.chars().next().unwrap_or('*');
        Self::EmailChanged { to: format!("{first}***@{domain}") }
    }

    fn key(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::ResetPassword { .. } => "reset_password",
            Self::NewDevice { .. } => "new_device",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged { .. } => "email_changed",
            Self::AccountClosing { .. } => "account_closing",
            Self::AccountRestored => "account_restored",
        }
    }

    fn arguments(&self, language: Language) -> Vec<(&'static str, String)> {
        match self {
            Self::NewDevice { device, ip, at } => {
                let unknown = || language.text("mail-unknown_device", &[]);
                let device = if device.is_empty() { unknown() } else { device.clone() };
                vec![("device", device), ("ip", ip.clone()), ("at", day_and_time(*at, language))]
            }
            Self::EmailChanged { to } => vec![("to", to.clone())],
            Self::AccountClosing { due_at } => vec![("due", day_and_time(*due_at, language))],
            _ => Vec::new(),
        }
    }

    /// The mail itself.
    pub fn write(&self, app: &App, to: String, language: Language) -> anyhow::Result<Mail> {
        let arguments = self.arguments(language);
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let text = |part: &str| language.text(&format!("mail-{}-{part}", self.key()), &arguments);
        let (code, link) = match self {
            Self::VerifyEmail { code, link } => {
                (code.as_str(), app.url(&format!("/auth/verify-email/link/?token={link}&lang={language}")))
            }
            Self::ResetPassword { token } => (
                token.as_str(),
                app.url(&format!("/auth/reset-password/link/?token={token}&lang={language}")),
            ),
            _ => ("", String::new()),
        };
        let frame = Frame {
            language: language.code(),
            subject: &text("subject"),
            lead: &text("lead"),
            code,
            link: &link,
            button: &if link.is_empty() { String::new() } else { text("button") },
            end: &text("end"),
            footer: &language.text("mail-footer", &[]),
        };
        let plain = TextFrame { frame: &frame }.render()?;
        Ok(Mail {
            to,
            subject: frame.subject.to_owned(),
            text: plain,
            html: frame.render()?,
            unsubscribe: None,
        })
    }
}

/// As people write it in the language, in UTC: where the reader is, is not known for sure.
fn day_and_time(at: Instant, language: Language) -> String {
    let at = TimeZone::UTC.to_datetime(at.timestamp());
    format!("{}, {} UTC", language.date(at.date()), at.strftime("%H:%M"))
}

#[derive(Template)]
#[template(path = "mail/frame.html")]
struct Frame<'a> {
    language: &'a str,
    subject: &'a str,
    lead: &'a str,
    /// "" where there is none.
    code: &'a str,
    /// "" where there is none.
    link: &'a str,
    button: &'a str,
    end: &'a str,
    footer: &'a str,
}

#[derive(Template)]
#[template(path = "mail/frame.txt")]
struct TextFrame<'a> {
    frame: &'a Frame<'a>,
}

/// Sends a letter to somebody, when the transaction has committed.
pub async fn send(db: &mut PgConnection, app: &App, user: &User, letter: Letter) -> ApiResult<()> {
    send_to(db, app, user.email.clone(), user.language, letter).await
}

/// The same to any address.
pub async fn send_to(
    db: &mut PgConnection,
    app: &App,
    to: String,
    language: Language,
    letter: Letter,
) -> ApiResult<()> {
    let sealed = seal(app, &Addressed { to, language, letter })?;
    jobs::enqueue(db, &SendMail { sealed }, app.clock.now()).await?;
    Ok(())
}

/// Sends a code by SMS, when the transaction has committed.
pub async fn send_code_by_sms(
    db: &mut PgConnection,
    app: &App,
    to: String,
    language: Language,
    code: String,
) -> ApiResult<()> {
    let sealed = seal(app, &CodeBySms { to, language, code })?;
    jobs::enqueue(db, &SendSms { sealed }, app.clock.now()).await?;
    Ok(())
}

/// A letter with its address.
#[derive(Serialize, Deserialize)]
pub struct Addressed {
    pub to: String,
    pub language: Language,
    pub letter: Letter,
}

/// A code with its number.
#[derive(Serialize, Deserialize)]
pub struct CodeBySms {
    pub to: String,
    pub language: Language,
    pub code: String,
}

impl CodeBySms {
    /// What it says. The last line lets iPhones offer the code to our own site and app only.
    pub fn text(&self, app: &App) -> String {
        let url = &app.settings.http.public_url;
        let host = url.split("://").nth(1).unwrap_or(url).split([':', '/']).next().unwrap_or_default();
        // The code is put in front and not into the sentence, where it would be a number without its zeros.
        format!("{} {}\n\n@{host} #{}", self.code, self.language.text("sms-code", &[]), self.code)
    }
}

/// Jobs wait in the database, and what is in them is secret or personal: it is kept under the server's key.
pub fn seal(app: &App, value: &impl Serialize) -> anyhow::Result<String> {
    Ok(STANDARD.encode(app.secrets.seal(&serde_json::to_vec(value)?)?))
}

/// Reads what [`seal`] wrote.
pub fn open<T: DeserializeOwned>(app: &App, sealed: &str) -> anyhow::Result<T> {
    Ok(serde_json::from_slice(&app.secrets.open(&STANDARD.decode(sealed)?)?)?)
}
