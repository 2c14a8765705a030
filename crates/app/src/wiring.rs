//! What is plugged in where: the adapters, and the one list of jobs and subscriptions.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::SignedDuration;
use platform::{
    app::{App, Parts},
    bus::Bus,
    cache::{Kept, PublicCache},
    config::{Environment, Settings},
    crypto::Secrets,
    idempotency::ForgetKeys,
    jobs::Registry,
    obligations::Obligations,
    rate_limit::Limits,
    stream::{Hub, Nodes, PruneEvents},
    time::Clock,
};
use sqlx::PgPool;
use tokio::sync::Notify;

/// The clock of a server: in development somebody may put it forward.
pub fn clock(settings: &Settings) -> Clock {
    match settings.http.environment {
        Environment::Development => Clock::adjustable(),
        Environment::Production => Clock::System,
    }
}

/// The application with the real outside world.
pub fn app(settings: Settings, db: PgPool, clock: Clock) -> anyhow::Result<App> {
    let secret = settings.security.secret_key.as_ref();
    let secret =
        secret.context("SECRET_KEY is missing (or --secret-key): the one secret of the installation")?;
    let adapters = adapters::Adapters::from_settings(&settings, db.clone(), clock.clone())?;
    let parts = Parts {
        secrets: Secrets::derive(secret)?,
        bus: Bus::default(),
        cache: PublicCache::default(),
        kept: Kept::default(),
        limits: Limits::new(&settings.limits),
        authenticator: Arc::new(identity::AccessTokens::default()),
        mailer: adapters.mailer,
        sms: adapters.sms,
        push: adapters.push,
        feedback: adapters.feedback,
        storage: adapters.storage,
        scanner: adapters.scanner,
        social: adapters.social,
        webhooks: adapters.webhooks,
        gateways: adapters.gateways,
        obligations: obligations(),
        hub: Hub::default(),
        nodes: Nodes::new()?,
        jobs_waiting: Notify::new(),
        clock,
        settings,
    };
    Ok(App::new(db, parts))
}

/// What each feature has against somebody leaving.
pub fn obligations() -> Obligations {
    let obligations = Obligations::default();
    register_obligations(&obligations);
    obligations
}

/// The same, into a list that is there already.
pub fn register_obligations(obligations: &Obligations) {
    bookings::register_obligations(obligations);
    payouts::register_obligations(obligations);
    payments::register_obligations(obligations);
}

/// Every job, every subscription, everything that recurs.
pub fn registry() -> Registry {
    let registry = Registry::default()
        .every(SignedDuration::from_hours(1), &ForgetKeys {})
        .every(SignedDuration::from_hours(1), &PruneEvents {});
    let registry = adapters::register(registry);
    let registry = identity::register(registry);
    let registry = catalog::register(registry);
    let registry = discovery::register(registry);
    let registry = realtime::register(registry);
    let registry = ledger::register(registry);
    let registry = payouts::register(registry);
    let registry = bookings::register(registry);
    let registry = chat::register(registry);
    let registry = payments::register(registry);
    let registry = webhooks::register(registry);
    notifications::register(registry)
}
