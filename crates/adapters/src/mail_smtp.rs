//! Mail by SMTP.

use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, anyhow, ensure};
use async_trait::async_trait;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{Error as SmtpError, PoolConfig},
};
use platform::{
    ports::mailer::{Mail, MailError, Mailer},
    time::Clock,
};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use crate::outbound::is_loopback;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the connection to the last answer; `lettre` itself would wait for an answer without end.
const MAIL_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECTIONS: u32 = 4;
/// A line of a header holds at most 998 bytes (RFC 5322).
const MAX_LINK: usize = 900;

/// Sends mail through the server of `SMTP_URL`.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Clock,
}

/// Reads `MAIL_FROM`.
pub fn sender(mail_from: &str) -> anyhow::Result<Mailbox> {
    let example = "like SkillBuddy <hello@example.com>";
    mail_from.parse().with_context(|| format!("MAIL_FROM is not a mail address, {example}"))
}

impl SmtpMailer {
    /// Reads `SMTP_URL`; no connection is made yet.
    pub fn new(url: &SecretString, from: Mailbox, clock: Clock) -> anyhow::Result<Self> {
        check_url(url.expose_secret())?;
        // The cause may quote the URL, which holds the password.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|_quotes_the_url| {
                anyhow!("SMTP_URL cannot be used: ?tls= may be required or opportunistic")
            })?
            .timeout(Some(CONNECT_TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .build();
        Ok(Self { transport, from, clock })
    }

    fn message(&self, mail: Mail) -> anyhow::Result<Message> {
        // The cause quotes the address, which is not for logs.
        let to: Address =
            mail.to.parse().map_err(|_quotes_it| anyhow!("the recipient is not a mail address"))?;
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .date(SystemTime::from(self.clock.now().timestamp()))
            .message_id(Some(self.message_id()?))
            // Asks auto-responders to be silent (RFC 3834).
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        if let Some(url) = mail.unsubscribe {
            let [link, one_click] = unsubscribe(&url)?;
            message = message.raw_header(link).raw_header(one_click);
        }
        Ok(message.multipart(MultiPart::alternative_plain_html(mail.text, mail.html))?)
    }

    /// Unique, and under the sender's own domain, which spam filters like better than a machine's name.
    fn message_id(&self) -> anyhow::Result<String> {
        let mut random = [0_u8; 16];
        aws_lc_rs::rand::fill(&mut random)?;
        Ok(format!("<{}@{}>", hex::encode(random), self.from.email.domain()))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match tokio::time::timeout(MAIL_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_accepted)) => Ok(()),
            Ok(Err(error)) if is_about_the_mailbox(&error) => Err(MailError::NoMailbox),
            Ok(Err(error)) => Err(without_addresses(&error).into()),
            Err(_elapsed) => Err(anyhow!("the mail server took too long").into()),
        }
    }
}

fn check_url(text: &str) -> anyhow::Result<()> {
    let url = Url::parse(text).map_err(|e| anyhow!("SMTP_URL is not a URL: {e}"))?;
    ensure!(matches!(url.scheme(), "smtp" | "smtps"), "SMTP_URL must begin with smtp:// or smtps://");
    ensure!(url.host_str().is_some_and(|host| !host.is_empty()), "SMTP_URL names no server");
    let is_encrypted =
        url.scheme() == "smtps" || url.query_pairs().any(|(n, v)| n == "tls" && v == "required");
    ensure!(
        url.password().is_none() || is_encrypted || is_loopback(&url),
        "SMTP_URL would send the password unencrypted: use smtps://, or add ?tls=required"
    );
    Ok(())
}

/// A subject cannot end its header line: line breaks and other control characters become spaces.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() || "\u{2028}\u{2029}".contains(c) { ' ' } else { c }).collect()
}

/// The headers with which a mail program ends mails of this kind in one click (RFC 8058).
fn unsubscribe(url: &str) -> anyhow::Result<[HeaderValue; 2]> {
    // Written as it is, since encoding would break it: so nothing in it may end the line or the brackets.
    let is_one_word =
        url.len() <= MAX_LINK && url.bytes().all(|b| b.is_ascii_graphic() && !b"<>,".contains(&b));
    let is_link = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    ensure!(is_one_word && is_link, "the link that ends mails of this kind is not a URL");
    let as_it_is = |name: &'static str, value: String| {
        let name = HeaderName::new_from_ascii_str(name);
        HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
    };
    Ok([
        as_it_is("List-Unsubscribe", format!("<{url}>")),
        as_it_is("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
    ])
}

/// Whether the server says that the mailbox is not there: the status codes of RFC 3463 for an address that is not
/// known, cannot be, or has moved, and for a mailbox that is switched off. A bare 550 may be about our mail as well.
fn is_about_the_mailbox(error: &SmtpError) -> bool {
    const CODES: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    error.is_permanent() && words.split_whitespace().next().is_some_and(|code| CODES.contains(&code))
}

/// What went wrong, without the server's own words: they repeat the recipient, and errors are logged.
fn without_addresses(error: &SmtpError) -> anyhow::Error {
    match error.status() {
        Some(code) if error.is_permanent() => anyhow!("the mail server refused the mail for good: {code}"),
        Some(code) => anyhow!("the mail server refused the mail for now: {code}"),
        None if error.is_timeout() => anyhow!("the mail server took too long"),
        None if error.is_tls() => anyhow!("the connection to the mail server cannot be encrypted: {error}"),
        None => anyhow!("the mail server cannot be reached: {error}"),
    }
}
