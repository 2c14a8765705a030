//! What happens later: mails, SMS, the answer to "I forgot my password", and sweeping up.

use jiff::SignedDuration;
use platform::{
    app::App,
    jobs::{Job, Registry, attempts_within},
    ports::{
        mailer::MailError,
        sms::{Sms, SmsError},
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    codes::{self, Purpose},
    keys,
    mail::{self, Addressed, CodeBySms, Letter},
    model::AccountState,
    store,
};

/// All jobs of accounts.
pub fn register(registry: Registry) -> Registry {
    registry
        .job::<SendMail>()
        .job::<SendSms>()
        .job::<AnswerReset>()
        .job::<DeleteFile>()
        .every(SignedDuration::from_hours(24), &Sweep {})
        .every(SignedDuration::from_hours(24), &RotateKeys {})
}

/// Sends a sealed letter.
#[derive(Serialize, Deserialize)]
pub struct SendMail {
    pub sealed: String,
}

impl Job for SendMail {
    const KIND: &'static str = "identity.send_mail";
    const MAX_ATTEMPTS: i16 = attempts_within(SignedDuration::from_hours(48));

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let Addressed { to, language, letter } = mail::open(app, &self.sealed)?;
        match app.mailer.send(letter.write(app, to, language)?).await {
            Err(MailError::NoMailbox) => {
                tracing::info!("a mail was not sent: there is no such mailbox");
                Ok(())
            }
            sent => Ok(sent?),
        }
    }
}

/// Sends a sealed code by SMS.
#[derive(Serialize, Deserialize)]
pub struct SendSms {
    pub sealed: String,
}

impl Job for SendSms {
    const KIND: &'static str = "identity.send_sms";
    const MAX_ATTEMPTS: i16 = attempts_within(SignedDuration::from_hours(1));

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let code: CodeBySms = mail::open(app, &self.sealed)?;
        let text = code.text(app);
        match app.sms.send(Sms { to: code.to, text }).await {
            Err(SmsError::OptedOut) => {
                tracing::info!("a code was not sent: its number has asked for no SMS of ours");
                Ok(())
            }
            sent => Ok(sent?),
        }
    }
}

/// Answers "I forgot my password". The request itself only puts this into the queue, so that it takes as
/// long for an address that nobody has.
#[derive(Serialize, Deserialize)]
pub struct AnswerReset {
    pub sealed: String,
}

/// What an [`AnswerReset`] holds.
#[derive(Serialize, Deserialize)]
pub struct ResetRequest {
    pub email: String,
    pub ip: String,
}

impl Job for AnswerReset {
    const KIND: &'static str = "identity.answer_reset";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let ResetRequest { email, ip } = mail::open(app, &self.sealed)?;
        let mut tx = app.db.begin().await?;
        let user = store::users::lock_by_email(&mut tx, &email).await?;
        let may = |state| matches!(state, AccountState::Active | AccountState::DeletionPending);
        let Some(user) = user.filter(|user| may(user.state)) else { return Ok(()) };
        let request =
            codes::Request { user: user.id, purpose: Purpose::ResetPassword, target: &user.email, ip: &ip };
        match codes::issue(&mut tx, app, request).await {
            Ok(issued) => {
                let letter = Letter::ResetPassword { token: issued.link };
                mail::send(&mut tx, app, &user, letter).await.map_err(|error| cause(&error))?;
                tx.commit().await?;
                Ok(())
            }
            // Enough mails are on their way; nobody is told, or the answer would tell who has an account.
            Err(error) if error.code() == "too_many_codes" => Ok(()),
            Err(error) => Err(cause(&error)),
        }
    }
}

fn cause(error: &platform::error::ApiError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

/// Removes a picture that nobody shows any more.
#[derive(Serialize, Deserialize)]
pub struct DeleteFile {
    pub key: String,
}

impl Job for DeleteFile {
    const KIND: &'static str = "identity.delete_file";
    /// Until it works: nobody else would.
    const MAX_ATTEMPTS: i16 = i16::MAX;

    async fn run(self, app: &App) -> anyhow::Result<()> {
        app.storage.delete(&self.key).await
    }
}

/// Forgets what has no use any more.
#[derive(Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "identity.sweep";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        store::codes::delete_old(&app.db, now.minus(SignedDuration::from_hours(48))).await?;
        store::throttles::delete_old(&app.db, now).await?;
        store::social::delete_old_tokens(&app.db, now).await?;
        store::sessions::delete_old_refresh(&app.db, now.minus(SignedDuration::from_hours(24)), now).await?;
        // A device stays known for 90 days; its session expired after 30.
        let known = crate::session::DEVICE_MEMORY - crate::session::LIFE;
        store::sessions::delete_old(&app.db, now.minus(known)).await?;
        Ok(())
    }
}

/// Gives access tokens a new key every 90 days.
#[derive(Serialize, Deserialize)]
pub struct RotateKeys {}

impl Job for RotateKeys {
    const KIND: &'static str = "identity.rotate_keys";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        keys::rotate_when_old(app).await
    }
}
