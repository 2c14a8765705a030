//! The outside world behind the ports of `platform`: mail, SMS, push, files, a virus scanner, payment gateways, and
//! the issuers of social accounts.
//!
//! docs/adapters.md says which settings choose what, and what each adapter is tested against.

mod feedback_sendgrid;
mod feedback_twilio;
mod files_routes;
mod gateway_call;
mod gateway_guard;
mod gateway_paypal;
mod gateway_sandbox;
mod gateway_stripe;
mod gateways;
mod mail_outbox;
mod mail_smtp;
mod outbound;
mod outbox_routes;
mod outbox_store;
mod public_address;
mod push_fcm;
mod push_onesignal;
mod push_outbox;
mod push_payload;
mod scanner_clamd;
mod scanner_none;
mod sms_outbox;
mod sms_twilio;
mod social;
mod social_facebook;
mod social_keys;
mod social_oidc;
mod storage_disk;
mod storage_objects;
mod storage_s3;
#[cfg(test)]
mod tests;
mod webhook_http;
mod webhook_signature;

use std::sync::Arc;

use anyhow::Context as _;
use platform::{
    config::{Environment, Settings},
    jobs::Registry,
    ports::{
        feedback::FeedbackSources, gateway::Gateways, mailer::Mailer, push::PushSender, scanner::Scanner,
        sms::SmsSender, social::SocialVerifier, storage::Storage, webhook::WebhookSender,
    },
    time::Clock,
};
use sqlx::PgPool;

pub use files_routes::files_router;
use gateway_sandbox::SendSandboxMessage;
pub use gateway_sandbox::{Sandbox, SandboxMessage, sandbox_router};
pub use outbox_routes::dev_outbox_router;
pub use social::SocialError;
pub use webhook_http::HttpWebhooks;

/// One adapter for each port, chosen by the settings.
pub struct Adapters {
    /// Sends mail: by SMTP, or into the table of the outbox.
    pub mailer: Arc<dyn Mailer>,
    /// Sends SMS: by Twilio, or into the table of the outbox.
    pub sms: Arc<dyn SmsSender>,
    /// Sends push notifications: by FCM, by OneSignal, or into the table of the outbox.
    pub push: Arc<dyn PushSender>,
    /// Read what Twilio and SendGrid report of SMS and mails, where they are set up.
    pub feedback: FeedbackSources,
    /// Keeps files: in an S3 bucket, or on the disk.
    pub storage: Arc<dyn Storage>,
    /// Looks for malware in files: clamd, or nobody.
    pub scanner: Arc<dyn Scanner>,
    /// Checks social tokens.
    pub social: Arc<dyn SocialVerifier>,
    /// Tells partners: by HTTP.
    pub webhooks: Arc<dyn WebhookSender>,
    /// Move money: Stripe, PayPal, or the sandbox.
    pub gateways: Gateways,
}

impl Adapters {
    /// The adapters that the settings ask for; an error names the setting that is wrong. Needs a running
    /// Tokio runtime, since connections to the mail server are looked after in the background. Nobody is
    /// called yet: a mail server that is down must not keep the marketplace from starting.
    pub fn from_settings(settings: &Settings, db: PgPool, clock: Clock) -> anyhow::Result<Self> {
        let client = outbound::client().context("no client for calls to the outside can be made")?;
        // Only jobs write there; over the connections of requests they would be taken for a rush (`platform::lull`).
        let outbox = platform::db::for_jobs(&db, &settings.database);
        Ok(Self {
            mailer: mailer(settings, outbox.clone(), clock.clone())?,
            gateways: gateways::from_settings(settings, db, &clock)?,
            sms: sms(settings, outbox.clone(), clock.clone(), client.clone())?,
            feedback: feedback(settings, clock.clone())?,
            push: push(settings, outbox, clock, client.clone())?,
            storage: storage(settings)?,
            scanner: scanner(settings)?,
            webhooks: webhooks(settings)?,
            social: Arc::new(social::Issuers::new(&settings.social, settings.http.environment, &client)?),
        })
    }
}

/// Adds the jobs of the adapters.
pub fn register(registry: Registry) -> Registry {
    registry.job::<SendSandboxMessage>()
}

fn mailer(settings: &Settings, db: PgPool, clock: Clock) -> anyhow::Result<Arc<dyn Mailer>> {
    let from = mail_smtp::sender(&settings.mail.mail_from)?;
    if let Some(url) = &settings.mail.smtp_url {
        return Ok(Arc::new(mail_smtp::SmtpMailer::new(url, from, clock)?));
    }
    tracing::info!("SMTP_URL is not set: mails are not sent, they stay in the table dev_outbox");
    Ok(Arc::new(mail_outbox::OutboxMailer::new(db, clock)))
}

fn sms(
    settings: &Settings,
    db: PgPool,
    clock: Clock,
    client: reqwest::Client,
) -> anyhow::Result<Arc<dyn SmsSender>> {
    if let Some(account) = sms_twilio::Account::from_settings(&settings.sms, settings.http.environment)? {
        return Ok(Arc::new(sms_twilio::TwilioSms::new(account, client)));
    }
    tracing::info!("TWILIO_ACCOUNT_SID is not set: SMS are not sent, they stay in the table dev_outbox");
    Ok(Arc::new(sms_outbox::OutboxSms::new(db, clock)))
}

fn feedback(settings: &Settings, clock: Clock) -> anyhow::Result<FeedbackSources> {
    let mut sources = FeedbackSources::default();
    if let Some(token) = settings.sms.twilio_auth_token.clone() {
        sources.twilio = Some(Arc::new(feedback_twilio::TwilioReplies::new(token)));
    }
    if let Some(key) = &settings.mail.sendgrid_webhook_key {
        sources.sendgrid = Some(Arc::new(feedback_sendgrid::SendgridEvents::new(key, clock)?));
    }
    Ok(sources)
}

fn push(
    settings: &Settings,
    db: PgPool,
    clock: Clock,
    client: reqwest::Client,
) -> anyhow::Result<Arc<dyn PushSender>> {
    let environment = settings.http.environment;
    let settings = &settings.push;
    // Both are checked, so that what is wrong with the one that is not used does not stay hidden.
    let onesignal = push_onesignal::OneSignalApp::from_settings(settings, environment)?;
    if let Some(account) = push_fcm::ServiceAccount::from_settings(settings, environment)? {
        return Ok(Arc::new(push_fcm::FcmPush::new(&settings.fcm_url, account, client, clock)));
    }
    if let Some(app) = onesignal {
        return Ok(Arc::new(push_onesignal::OneSignalPush::new(app, client, clock)));
    }
    tracing::info!(
        "neither FCM_SERVICE_ACCOUNT nor ONESIGNAL_APP_ID is set: push notifications are not sent, they stay in the table dev_outbox"
    );
    Ok(Arc::new(push_outbox::OutboxPush::new(db, clock)))
}

fn webhooks(settings: &Settings) -> anyhow::Result<Arc<dyn WebhookSender>> {
    let allow_private = settings.webhooks.webhooks_allow_private;
    let is_fit = !allow_private || settings.http.environment == Environment::Development;
    anyhow::ensure!(
        is_fit,
        "WEBHOOKS_ALLOW_PRIVATE is for development: it opens the network behind this server"
    );
    Ok(Arc::new(HttpWebhooks::new(allow_private).context("no client for webhooks can be made")?))
}

fn storage(settings: &Settings) -> anyhow::Result<Arc<dyn Storage>> {
    let own_url = format!("{}/media/files", settings.http.public_url.trim_end_matches('/'));
    Ok(match &settings.storage.s3_bucket {
        Some(bucket) => Arc::new(storage_s3::open(&settings.storage, bucket, own_url)?),
        None => Arc::new(storage_disk::open(&settings.storage.storage_dir, own_url)?),
    })
}

fn scanner(settings: &Settings) -> anyhow::Result<Arc<dyn Scanner>> {
    if let Some(address) = &settings.scanner.clamd {
        return Ok(Arc::new(scanner_clamd::Clamd::at(address)?));
    }
    if settings.http.environment != Environment::Development {
        tracing::warn!("CLAMD is not set: files of chats are not scanned for viruses");
    }
    Ok(Arc::new(scanner_none::NoScanner))
}
