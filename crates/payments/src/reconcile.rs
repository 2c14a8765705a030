//! Every day the gateways' books are compared with ours: what differs is listed for staff, and what a gateway kept for
//! itself is booked.

use std::{collections::HashMap, sync::Arc};

use jiff::SignedDuration;
use ledger::{Account, Posting};
use platform::{
    app::App,
    error::ApiResult,
    jobs::Job,
    money::{Currency, Money},
    ports::gateway::{Entry, EntryKind, Gateway, GatewayName, Period},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{jobs::failed, store};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A movement as we have it.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) settled_at: Instant,
}

/// What the two books say of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) gateway: GatewayName,
    pub(crate) kind: String,
    pub(crate) reference: String,
    pub(crate) ours: Option<i64>,
    pub(crate) theirs: Option<i64>,
    pub(crate) currency: Currency,
}

/// Compares the day before yesterday, which both books know by now.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reconcile {}

impl Job for Reconcile {
    const KIND: &'static str = "payments.reconcile";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        let until = now.minus(DAY);
        let day = Period { from: until.minus(DAY), until };
        for gateway in app.gateways.each() {
            reconcile(app, gateway, day).await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// Compares a period, with a day around it: the two books may differ on when.
pub(crate) async fn reconcile(app: &App, gateway: &Arc<dyn Gateway>, period: Period) -> ApiResult<()> {
    let (name, now) = (gateway.name(), app.clock.now());
    let around = Period { from: period.from.minus(DAY), until: period.until.plus(DAY) };
    let entries = statement(gateway, around).await?;
    let ours = store::differences::ours(&mut *app.db.acquire().await?, name, around).await?;
    let mut tx = app.db.begin().await?;
    for difference in compare(name, &entries, &ours, period) {
        tracing::error!(
            gateway = %name,
            kind = difference.kind,
            reference = difference.reference,
            "the gateway's book and ours differ"
        );
        store::differences::insert(&mut tx, &difference, now).await?;
    }
    book_fees(&mut tx, name, entries.iter().filter(|entry| is_in(period, entry.at)), now).await?;
    Ok(tx.commit().await?)
}

async fn statement(gateway: &Arc<dyn Gateway>, period: Period) -> ApiResult<Vec<Entry>> {
    let (mut entries, mut page) = (Vec::new(), None);
    loop {
        let next = gateway.statement(period, page.as_deref()).await?;
        entries.extend(next.entries);
        page = next.next;
        if page.is_none() {
            return Ok(entries);
        }
    }
}

fn is_in(period: Period, at: Instant) -> bool {
    period.from <= at && at < period.until
}

/// What only one of the two has, or has otherwise, in the period.
fn compare(gateway: GatewayName, entries: &[Entry], ours: &[Ours], period: Period) -> Vec<Difference> {
    let concerns_us = |entry: &&Entry| matches!(entry.kind, EntryKind::Charge | EntryKind::Refund);
    let theirs: HashMap<(&str, &str), &Entry> = entries
        .iter()
        .filter(concerns_us)
        .map(|entry| ((<&str>::from(entry.kind), entry.reference.as_str()), entry))
        .collect();
    let mine: HashMap<(&str, &str), &Ours> =
        ours.iter().map(|ours| ((ours.kind.as_str(), ours.reference.as_str()), ours)).collect();
    let difference = |(kind, reference): (&str, &str), currency, ours, theirs| Difference {
        gateway,
        kind: kind.to_owned(),
        reference: reference.to_owned(),
        ours,
        theirs,
        currency,
    };
    let mut found = Vec::new();
    for (key, entry) in theirs.iter().filter(|(_, entry)| is_in(period, entry.at)) {
        let amount = mine.get(key).map(|ours| Money::new(ours.amount_minor, ours.currency));
        if amount != Some(entry.amount) {
            let (ours, theirs) = (amount.map(|amount| amount.minor), Some(entry.amount.minor));
            found.push(difference(*key, entry.amount.currency, ours, theirs));
        }
    }
    for (key, ours) in mine.iter().filter(|(_, ours)| is_in(period, ours.settled_at)) {
        if !theirs.contains_key(key) {
            found.push(difference(*key, ours.currency, Some(ours.amount_minor), None));
        }
    }
    found
}

/// Books what a gateway kept of what it moved: each of its lines once. Both accounts are shared, so nothing is locked.
async fn book_fees<'a>(
    db: &mut sqlx::PgConnection,
    gateway: GatewayName,
    entries: impl Iterator<Item = &'a Entry> + Send,
    now: Instant,
) -> ApiResult<()> {
    for entry in entries {
        let name = format!("fee:{gateway}:{}:{}", <&str>::from(entry.kind), entry.reference);
        let fee = Posting::new(name, "gateway_fee", now).transfer(
            Account::GatewayFees(gateway),
            Account::Clearing(gateway),
            entry.fee,
        );
        ledger::post_if_any(db, &fee).await?;
    }
    Ok(())
}
