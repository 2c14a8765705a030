//! Which gateways an installation uses: those that it has keys for; in development, without any, the sandbox.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use platform::{
    config::{Environment, PaymentSettings, Settings},
    crypto::Secrets,
    ports::gateway::{Gateway, Gateways, Tender},
    time::Clock,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;

use crate::{
    gateway_guard::Guarded, gateway_paypal::Paypal, gateway_sandbox::Sandbox, gateway_stripe::Stripe,
    outbound,
};

/// Whether the sandbox takes the money: where no gateway does, in development or where it was asked for.
pub fn use_sandbox(settings: &Settings) -> bool {
    let PaymentSettings { stripe_secret_key, paypal_client_id, payment_sandbox, .. } = &settings.payments;
    let is_allowed = *payment_sandbox || settings.http.environment == Environment::Development;
    stripe_secret_key.is_none() && paypal_client_id.is_none() && is_allowed
}

/// The gateways that the settings ask for, each behind its time limit and breaker.
pub fn from_settings(settings: &Settings, db: PgPool, clock: &Clock) -> anyhow::Result<Gateways> {
    let guarded =
        |gateway: Arc<dyn Gateway>| -> Arc<dyn Gateway> { Arc::new(Guarded::new(gateway, clock.clone())) };
    let mut takers = Vec::new();
    if let Some(stripe) = stripe(settings, clock)? {
        takers.push((Tender::Card, guarded(Arc::new(stripe))));
    }
    if let Some(paypal) = paypal(settings, clock)? {
        takers.push((Tender::Paypal, guarded(Arc::new(paypal))));
    }
    // Without the installation's secret nothing can be signed; the start says so where it is missing.
    if use_sandbox(settings)
        && let Some(secret) = &settings.security.secret_key
    {
        tracing::info!(
            "neither STRIPE_SECRET_KEY nor PAYPAL_CLIENT_ID is set: no money moves, the sandbox pretends"
        );
        let sandbox = Sandbox::new(db, clock.clone(), &Secrets::derive(secret)?, &settings.http.public_url);
        let sandbox = guarded(Arc::new(sandbox));
        takers.extend([(Tender::Card, sandbox.clone()), (Tender::Paypal, sandbox)]);
    }
    if takers.is_empty() {
        tracing::warn!(
            "neither STRIPE_SECRET_KEY nor PAYPAL_CLIENT_ID is set: bookings are paid in cash only"
        );
    }
    Ok(Gateways::new(takers))
}

fn stripe(settings: &Settings, clock: &Clock) -> anyhow::Result<Option<Stripe>> {
    let PaymentSettings { stripe_secret_key, stripe_webhook_secrets, stripe_url, .. } = &settings.payments;
    let Some(key) = stripe_secret_key.clone() else {
        ensure!(stripe_webhook_secrets.is_empty(), "STRIPE_WEBHOOK_SECRETS needs STRIPE_SECRET_KEY");
        return Ok(None);
    };
    ensure!(begins(&key, &["sk_", "rk_"]), "STRIPE_SECRET_KEY must begin with sk_ or rk_");
    ensure!(
        !stripe_webhook_secrets.is_empty(),
        "STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRETS: without messages from Stripe payments stay open"
    );
    let are_secrets = stripe_webhook_secrets.iter().all(|secret| begins(secret, &["whsec_"]));
    ensure!(are_secrets, "STRIPE_WEBHOOK_SECRETS must be one or more secrets that begin with whsec_");
    outbound::check_url("STRIPE_URL", stripe_url, settings.http.environment)?;
    let http = outbound::gateway_client().context("no client for Stripe can be made")?;
    Ok(Some(Stripe::new(http, stripe_url, key, stripe_webhook_secrets.clone(), clock.clone())))
}

fn paypal(settings: &Settings, clock: &Clock) -> anyhow::Result<Option<Paypal>> {
    let PaymentSettings { paypal_client_id, paypal_client_secret, paypal_webhook_id, paypal_url, .. } =
        &settings.payments;
    let Some(id) = paypal_client_id.clone() else {
        let nothing_else = paypal_client_secret.is_none() && paypal_webhook_id.is_none();
        ensure!(nothing_else, "PAYPAL_CLIENT_SECRET and PAYPAL_WEBHOOK_ID need PAYPAL_CLIENT_ID");
        return Ok(None);
    };
    ensure!(!id.trim().is_empty(), "PAYPAL_CLIENT_ID is empty");
    let secret = paypal_client_secret.clone().filter(|secret| !secret.expose_secret().is_empty());
    let secret = secret.context("PAYPAL_CLIENT_ID needs PAYPAL_CLIENT_SECRET")?;
    let webhook = paypal_webhook_id.clone().filter(|id| !id.is_empty());
    let webhook = webhook.context(
        "PAYPAL_CLIENT_ID needs PAYPAL_WEBHOOK_ID: without messages from PayPal approved payments are not taken",
    )?;
    outbound::check_url("PAYPAL_URL", paypal_url, settings.http.environment)?;
    let http = outbound::gateway_client().context("no client for PayPal can be made")?;
    Ok(Some(Paypal::new(http, paypal_url, id, secret, webhook, clock.clone())))
}

fn begins(secret: &SecretString, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|beginning| {
        secret.expose_secret().strip_prefix(beginning).is_some_and(|rest| !rest.trim().is_empty())
    })
}
