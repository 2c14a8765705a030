//! Reads the mails, SMS and push notifications that a server in development keeps instead of sending them.

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::story::{BETWEEN, PATIENCE, Story};

/// A mail, an SMS or a push notification.
pub struct Letter {
    /// Newer ones have higher ones.
    pub id: i64,
    /// The subject; of a mail only.
    pub subject: String,
    /// The plain text.
    pub text: String,
}

impl Letter {
    /// The six digits in it.
    pub fn code(&self) -> anyhow::Result<String> {
        let mut words =
            self.text.split_whitespace().map(|word| word.trim_matches(|c: char| c.is_ascii_punctuation()));
        let code = words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
        Ok(code.with_context(|| format!("this should have a code of six digits:\n{}", self.text))?.to_owned())
    }

    /// What stands behind `token=` in its link.
    pub fn token(&self) -> anyhow::Result<String> {
        let (_, rest) = self
            .text
            .split_once("token=")
            .with_context(|| format!("this should have a link with a token:\n{}", self.text))?;
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        Ok(rest.chars().take_while(|c| is_token(*c)).collect::<String>().trim_end_matches('.').to_owned())
    }

    /// The first link in it that has `part`.
    pub fn link(&self, part: &str) -> anyhow::Result<String> {
        let mut words = self.text.split_whitespace();
        let link = words.find(|word| word.starts_with("http") && word.contains(part));
        Ok(link.with_context(|| format!("this should have a link with {part}:\n{}", self.text))?.to_owned())
    }
}

impl Story {
    /// The newest mail to an address and is newer than `after`; waits for it.
    pub async fn mail(&self, to: &str, after: i64) -> anyhow::Result<Letter> {
        self.letter("mail", to, after).await
    }

    /// The newest SMS to a number; waits for it.
    pub async fn sms(&self, to: &str, after: i64) -> anyhow::Result<Letter> {
        self.letter("sms", to, after).await
    }

    /// The newest push notification to a device; waits for it.
    pub async fn push(&self, token: &str, after: i64) -> anyhow::Result<Letter> {
        self.letter("push", token, after).await
    }

    /// The id of the newest mail, SMS or push to somebody, 0 where there is none: what comes later is newer.
    pub async fn newest(&self, channel: &str, to: &str) -> anyhow::Result<i64> {
        Ok(self.look(channel, to).await?.map_or(0, |letter| letter.id))
    }

    async fn letter(&self, channel: &str, to: &str, after: i64) -> anyhow::Result<Letter> {
        for _ in 0..PATIENCE {
            match self.look(channel, to).await? {
                Some(letter) if letter.id > after => {
                    println!(
                        "  GET /dev/outbox/?to={to}\n    {channel}: {} {}",
                        letter.subject,
                        one_line(&letter.text)
                    );
                    return Ok(letter);
                }
                _ => tokio::time::sleep(BETWEEN).await,
            }
        }
        bail!("after {} s there is no new {channel} to {to} in /dev/outbox/", (BETWEEN * PATIENCE).as_secs())
    }

    async fn look(&self, channel: &str, to: &str) -> anyhow::Result<Option<Letter>> {
        let call = self.client.get("/dev/outbox/").query("to", to).query("channel", channel);
        let answer = call.header("accept", "application/json").quietly().expect(200).await;
        let answer =
            answer.context("mails and SMS can be read only from a server in development (ENVIRONMENT)")?;
        let Some(newest) = answer.results()?.first() else { return Ok(None) };
        let text = |name: &str| newest.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = newest.get("id").and_then(Value::as_i64).unwrap_or_default();
        Ok(Some(Letter { id, subject: text("subject"), text: text("text") }))
    }
}

fn one_line(text: &str) -> String {
    crate::shape::shortened(&text.split_whitespace().collect::<Vec<_>>().join(" "), 110)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(text: &str) -> Letter {
        Letter { id: 1, subject: String::new(), text: text.to_owned() }
    }

    #[test]
    fn a_code_is_six_digits_of_their_own() {
        let mail = letter("See http://x/?token=a123456b1234567. Your code: **042137**.");
        assert_eq!(mail.code().unwrap(), "042137");
        assert_eq!(mail.token().unwrap(), "a123456b1234567");
        assert_eq!(mail.link("token=").unwrap(), "http://x/?token=a123456b1234567.");
        assert!(letter("1234567").code().is_err());
    }
}
