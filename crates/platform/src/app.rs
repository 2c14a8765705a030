//! What every handler and every job may use.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::{
    auth::Authenticator,
    bus::Bus,
    cache::{Kept, PublicCache},
    config::Settings,
    crypto::Secrets,
    obligations::Obligations,
    ports::{
        feedback::FeedbackSources, gateway::Gateways, mailer::Mailer, push::PushSender, scanner::Scanner,
        sms::SmsSender, social::SocialVerifier, storage::Storage, webhook::WebhookSender,
    },
    rate_limit::Limits,
    stream::{Hub, Nodes},
    time::Clock,
};

/// The application: cheap to clone, the same for every request and job of a process.
#[derive(Clone)]
pub struct App {
    /// PostgreSQL.
    pub db: PgPool,
    parts: Arc<Parts>,
}

/// What an [`App`] is made of.
pub struct Parts {
    /// The time.
    pub clock: Clock,
    /// Flags and environment.
    pub settings: Settings,
    /// Keys that derive from the server's secret.
    pub secrets: Secrets,
    /// Tells the other nodes.
    pub bus: Bus,
    /// Answers that everybody gets, kept for less than a second.
    pub cache: PublicCache,
    /// What this node remembers until it hears that it has changed.
    pub kept: Kept,
    /// How often somebody may call.
    pub limits: Limits,
    /// Who is calling.
    pub authenticator: Arc<dyn Authenticator>,
    /// Sends mail; call it from jobs only.
    pub mailer: Arc<dyn Mailer>,
    /// Sends SMS; call it from jobs only.
    pub sms: Arc<dyn SmsSender>,
    /// Sends push notifications; call it from jobs only.
    pub push: Arc<dyn PushSender>,
    /// Read what services report of mails and SMS.
    pub feedback: FeedbackSources,
    /// Keeps files.
    pub storage: Arc<dyn Storage>,
    /// Looks for malware in files; never call it inside a transaction.
    pub scanner: Arc<dyn Scanner>,
    /// Checks the tokens of Google, Apple and Facebook.
    pub social: Arc<dyn SocialVerifier>,
    /// Tells partners; call it from jobs only.
    pub webhooks: Arc<dyn WebhookSender>,
    /// Move money; never call one inside a transaction.
    pub gateways: Gateways,
    /// What keeps people from leaving, as each feature says.
    pub obligations: Obligations,
    /// The live connections of this node.
    pub hub: Hub,
    /// Carries live events between nodes.
    pub nodes: Nodes,
    /// Wakes the job runner of this process, so that a job starts at once and not at the next poll.
    pub jobs_waiting: Notify,
}

impl App {
    /// Puts the parts together.
    pub fn new(db: PgPool, parts: Parts) -> Self {
        Self { db, parts: Arc::new(parts) }
    }

    /// The same, with other connections to the database.
    #[must_use]
    pub fn over(&self, db: PgPool) -> Self {
        Self { db, parts: self.parts.clone() }
    }

    /// The absolute URL of a path of ours.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.http.public_url.trim_end_matches('/'))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl FromRequestParts<Self> for App {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        app: &Self,
    ) -> Result<Self, Self::Rejection> {
        State::<Self>::from_request_parts(parts, app).await.map(|State(app)| app)
    }
}
