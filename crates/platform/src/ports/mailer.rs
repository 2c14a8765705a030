//! Sending mail.

use async_trait::async_trait;

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text part; every mail has one.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Where one click ends mails of this kind (RFC 8058); `None` for what everybody has to get.
    pub unsubscribe: Option<String>,
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address leads nowhere: another try would only harm our name as a sender.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// Anything else; it may work another time.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Sends mail. Called from jobs, which try again when it may work another time.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over; an error means that it was not taken.
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}
