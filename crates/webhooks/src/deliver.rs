//! Sending what is due at an endpoint: one after the other, outside of any transaction, and again when it is not taken.

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::EndpointId,
    ports::webhook::{SendError, Webhook},
};

use crate::{
    jobs::deliver_at,
    model::judge,
    signature::{Secret, sign},
    store::{
        self,
        deliveries::{Attempt, Work},
    },
};

/// At most so many in one go, then others have their turn.
const BATCH: usize = 20;
/// Longer than these can take; whoever died while sending is followed by another after this.
const CLAIM: SignedDuration = SignedDuration::from_mins(3);
/// Who does not answer is left alone for so long: a job that waits for one keeps others from being done.
const REST: SignedDuration = SignedDuration::from_secs(30);

/// Sends what is due at an endpoint, unless somebody is at it, and sees to it that somebody comes back for the rest.
pub(crate) async fn deliver(app: &App, endpoint: EndpointId) -> anyhow::Result<()> {
    let now = app.clock.now();
    if !store::endpoints::claim(&app.db, endpoint, now, now.plus(CLAIM)).await? {
        // Whoever is at it looks again at the end, or dies; then another try finds what is left.
        let mut tx = app.db.begin().await?;
        if let Some(until) = store::endpoints::lock_busy(&mut tx, endpoint, now).await? {
            deliver_at(&mut tx, endpoint, until, now).await?;
        }
        tx.commit().await?;
        return Ok(());
    }
    let mut rests_until = None;
    for _ in 0..BATCH {
        let Some(work) = store::deliveries::next(&app.db, endpoint, app.clock.now()).await? else { break };
        if send(app, &work).await? == Err(SendError::TimedOut) {
            rests_until = Some(app.clock.now().plus(REST));
            break;
        }
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    // Locks the endpoint, as everybody does who adds something: what is added is seen here, or its job comes later.
    store::endpoints::release(&mut tx, endpoint, rests_until).await?;
    if let Some(at) = store::deliveries::next_due(&mut tx, endpoint).await? {
        deliver_at(&mut tx, endpoint, rests_until.unwrap_or(at).max(at), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Sends one, and writes down what became of it; says the status of the answer.
async fn send(app: &App, work: &Work) -> anyhow::Result<Result<u16, SendError>> {
    let started = app.clock.now();
    let mut secrets = vec![Secret::open(&app.secrets, &work.sealed_secret)?];
    if let Some(old) = &work.sealed_old_secret {
        secrets.push(Secret::open(&app.secrets, old)?);
    }
    let (id, timestamp) = (work.id.to_string(), started.timestamp().as_second());
    let signature = sign(&secrets, &id, timestamp, &work.body);
    let webhook = Webhook { url: work.url.clone(), id, timestamp, signature, body: work.body.clone() };
    let outcome = app.webhooks.send(webhook).await;

    let now = app.clock.now();
    let status = outcome.as_ref().ok().map(|reply| reply.status);
    let verdict = judge(work.id, work.tries.saturating_add(1), status, work.failing_since, now);
    metrics::counter!("webhook_deliveries_total", "state" => <&str>::from(verdict.state)).increment(1);
    let attempt = match &outcome {
        Ok(reply) => Attempt {
            at: started,
            status: i16::try_from(reply.status).ok(),
            reply: Some(&reply.beginning),
            error: None,
        },
        Err(error) => Attempt { at: started, status: None, reply: None, error: Some(error.into()) },
    };
    let mut tx = app.db.begin().await?;
    // Where it was deleted meanwhile, there is nothing to write.
    if let Some(number) = store::deliveries::finish(&mut tx, work.id, &verdict, now).await? {
        store::deliveries::insert_attempt(&mut tx, work.id, number, &attempt).await?;
        store::endpoints::note(&mut tx, work.endpoint_id, &verdict, now).await?;
    }
    tx.commit().await?;
    if let Some(reason) = verdict.off {
        tracing::warn!(endpoint = %work.endpoint_id, reason = <&str>::from(reason), "a webhook endpoint is switched off");
    }
    Ok(outcome.map(|reply| reply.status))
}
