//! Every day the gateways' books are compared with ours: what differs is listed for staff, and what a gateway kept for
//! itself is booked.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::SignedDuration;
use ledger::{Account, Posting};
use payouts::{Known, PayoutMovement};
use platform::{
    app::App,
    error::ApiResult,
    ids::OperationId,
    jobs::Job,
    money::{Currency, Money},
    ports::gateway::{ChargeRecord, ChargeState, Entry, EntryKind, Gateway, GatewayName, Period},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::Acquire as _;
use uuid::Uuid;

use crate::{jobs::failed, store};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How far back what differed is looked at again.
const MAX_LOOK_BACK: SignedDuration = SignedDuration::from_hours(60 * 24);
/// The kind of a difference between two charges, beside the kinds of lines in a book.
const CHARGE_RECORD: &str = "intent";

/// A movement as we have it.
#[derive(Clone, Debug)]
pub(crate) struct OurEntry {
    pub(crate) kind: EntryKind,
    pub(crate) reference: Option<String>,
    pub(crate) operation: Option<OperationId>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) at: Instant,
    /// Whether the gateway must have it: of what failed at once, its book need not tell.
    pub(crate) is_certain: bool,
}

/// A charge as we have it.
#[derive(Clone, Debug)]
pub(crate) struct OurCharge {
    pub(crate) operation: OperationId,
    pub(crate) reference: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) taken_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) state: ChargeState,
    pub(crate) at: Instant,
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
    /// How far each says that a charge is, where they do not agree on that.
    pub(crate) states: Option<(ChargeState, ChargeState)>,
    pub(crate) at: Instant,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let money = |minor: Option<i64>| {
            minor.map_or_else(|| "nothing".to_owned(), |minor| Money::new(minor, self.currency).to_string())
        };
        let (ours, theirs) = (money(self.ours), money(self.theirs));
        write!(f, "{} {} {}: we have {ours}", self.gateway, self.kind, self.reference)?;
        if let Some((state, _)) = self.states {
            write!(f, " ({})", <&str>::from(state))?;
        }
        write!(f, ", they have {theirs}")?;
        if let Some((_, state)) = self.states {
            write!(f, " ({})", <&str>::from(state))?;
        }
        write!(f, " {}", self.currency)
    }
}

/// Compares the day before yesterday, which both books know by now, and all days since the oldest difference that is open.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reconcile {}

impl Job for Reconcile {
    const KIND: &'static str = "payments.reconcile";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let until = app.clock.now().minus(DAY);
        for gateway in app.gateways.each() {
            let open = store::differences::oldest_open(&mut *app.db.acquire().await?, gateway.name()).await?;
            let oldest = open.map_or(until, |at| at.max(until.minus(MAX_LOOK_BACK)));
            let period = Period { from: oldest.min(until.minus(DAY)), until };
            reconcile(app, gateway, period).await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// Compares a period, with a day around it: the two books may differ on when.
pub(crate) async fn reconcile(app: &App, gateway: &Arc<dyn Gateway>, period: Period) -> ApiResult<()> {
    let (name, now) = (gateway.name(), app.clock.now());
    let around = Period { from: period.from.minus(DAY), until: period.until.plus(DAY) };
    let (entries, charges) = (statement(gateway, around).await?, charges(gateway, around).await?);
    let mut db = app.db.acquire().await?;
    let mut found = Vec::new();
    let names = Names::of(entries.iter().map(|entry| (&entry.reference, entry.operation)));
    let mut ours = store::differences::entries(&mut db, name, around, names.known()).await?;
    let movements = payouts::movements(&mut db, name, around, names.known()).await?;
    ours.extend(movements.into_iter().map(OurEntry::from));
    found.extend(compare_entries(name, &entries, &ours, period));
    if let Some(charges) = &charges {
        let names = Names::of(charges.iter().map(|charge| (&charge.reference, charge.operation)));
        let ours = store::differences::charges(&mut db, name, around, names.known()).await?;
        found.extend(compare_charges(name, charges, &ours, period));
    }
    let mut tx = db.begin().await?;
    store::differences::resolve(&mut tx, name, period, now).await?;
    for difference in found {
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

/// `None`: the gateway does not list its charges.
async fn charges(gateway: &Arc<dyn Gateway>, period: Period) -> ApiResult<Option<Vec<ChargeRecord>>> {
    let (mut charges, mut page) = (Vec::new(), None);
    loop {
        let Some(next) = gateway.charges(period, page.as_deref()).await? else { return Ok(None) };
        charges.extend(next.charges);
        page = next.next;
        if page.is_none() {
            return Ok(Some(charges));
        }
    }
}

/// What a gateway names, by its own names and by our ids.
struct Names {
    references: Vec<String>,
    operations: Vec<Uuid>,
}

impl Names {
    fn of<'a>(named: impl Iterator<Item = (&'a String, Option<OperationId>)>) -> Self {
        let (references, operations): (Vec<_>, Vec<_>) =
            named.map(|(reference, operation)| (reference.clone(), operation.map(Uuid::from))).unzip();
        Self { references, operations: operations.into_iter().flatten().collect() }
    }

    fn known(&self) -> Known<'_> {
        Known { references: &self.references, operations: &self.operations }
    }
}

impl From<PayoutMovement> for OurEntry {
    fn from(payout: PayoutMovement) -> Self {
        Self {
            kind: if payout.is_return { EntryKind::PayoutFailure } else { EntryKind::Payout },
            reference: payout.reference,
            operation: Some(payout.operation),
            amount_minor: payout.amount_minor,
            currency: payout.currency,
            at: payout.at,
            is_certain: payout.is_certain,
        }
    }
}

fn is_in(period: Period, at: Instant) -> bool {
    period.from <= at && at < period.until
}

/// For each of theirs, which of ours it is: by the gateway's name for it, else by our id, each of ours once.
fn pair(theirs: &[&Entry], ours: &[OurEntry]) -> Vec<Option<usize>> {
    let kind = |entry: &EntryKind| <&str>::from(*entry);
    let by_name: HashMap<(&str, &str), usize> = ours
        .iter()
        .enumerate()
        .filter_map(|(place, one)| Some(((kind(&one.kind), one.reference.as_deref()?), place)))
        .collect();
    let by_id: HashMap<(&str, OperationId), usize> = ours
        .iter()
        .enumerate()
        .filter_map(|(place, one)| Some(((kind(&one.kind), one.operation?), place)))
        .collect();
    let mut pairs: Vec<Option<usize>> = theirs
        .iter()
        .map(|entry| by_name.get(&(kind(&entry.kind), entry.reference.as_str())).copied())
        .collect();
    let mut taken: HashSet<usize> = pairs.iter().flatten().copied().collect();
    for (pair, entry) in pairs.iter_mut().zip(theirs).filter(|(pair, _)| pair.is_none()) {
        let named = entry.operation.and_then(|id| by_id.get(&(kind(&entry.kind), id)).copied());
        *pair = named.filter(|place| taken.insert(*place));
    }
    pairs
}

/// What only one of the two books has, or has otherwise, in the period.
fn compare_entries(
    gateway: GatewayName,
    entries: &[Entry],
    ours: &[OurEntry],
    period: Period,
) -> Vec<Difference> {
    let theirs: Vec<&Entry> = entries.iter().filter(|entry| entry.kind != EntryKind::Other).collect();
    let pairs = pair(&theirs, ours);
    let difference =
        |kind: EntryKind, reference: &str, currency, amounts: (Option<i64>, Option<i64>), at| Difference {
            gateway,
            kind: <&str>::from(kind).to_owned(),
            reference: reference.to_owned(),
            ours: amounts.0,
            theirs: amounts.1,
            currency,
            states: None,
            at,
        };
    let mut found = Vec::new();
    for (entry, mine) in theirs.iter().zip(&pairs).filter(|(entry, _)| is_in(period, entry.at)) {
        let mine = mine.and_then(|place| ours.get(place));
        let amount = mine.map(|mine| Money::new(mine.amount_minor, mine.currency));
        if amount != Some(entry.amount) {
            let amounts = (amount.map(|amount| amount.minor), Some(entry.amount.minor));
            found.push(difference(entry.kind, &entry.reference, entry.amount.currency, amounts, entry.at));
        }
    }
    let paired: HashSet<usize> = pairs.iter().flatten().copied().collect();
    // What came back came back of something: where their book has the one, it has the other.
    let went_out = |mine: &OurEntry| {
        let outward = match mine.kind {
            EntryKind::RefundFailure => EntryKind::Refund,
            EntryKind::PayoutFailure => EntryKind::Payout,
            _ => return false,
        };
        theirs.iter().any(|entry| {
            entry.kind == outward
                && (Some(&entry.reference) == mine.reference.as_ref()
                    || entry.operation.is_some() && entry.operation == mine.operation)
        })
    };
    for (place, mine) in ours.iter().enumerate() {
        if is_in(period, mine.at) && !paired.contains(&place) && (mine.is_certain || went_out(mine)) {
            let id = || mine.operation.map(|id| id.to_string()).unwrap_or_default();
            let reference = mine.reference.clone().unwrap_or_else(id);
            let amounts = (Some(mine.amount_minor), None);
            found.push(difference(mine.kind, &reference, mine.currency, amounts, mine.at));
        }
    }
    found
}

/// Charges that only one of the two has, or that are of another amount or further with one than with the other.
fn compare_charges(
    gateway: GatewayName,
    records: &[ChargeRecord],
    ours: &[OurCharge],
    period: Period,
) -> Vec<Difference> {
    let is_same = |mine: &OurCharge, record: &ChargeRecord| {
        Some(mine.operation) == record.operation || mine.reference.as_ref() == Some(&record.reference)
    };
    let mut mine_by_id: HashMap<OperationId, &OurCharge> = HashMap::new();
    let mut mine_by_name: HashMap<&str, &OurCharge> = HashMap::new();
    for mine in ours {
        mine_by_id.insert(mine.operation, mine);
        mine_by_name.extend(mine.reference.as_deref().map(|name| (name, mine)));
    }
    let difference = |reference: &str, currency, ours, theirs, states, at| Difference {
        gateway,
        kind: CHARGE_RECORD.to_owned(),
        reference: reference.to_owned(),
        ours,
        theirs,
        currency,
        states,
        at,
    };
    let mut found = Vec::new();
    for record in records.iter().filter(|record| is_in(period, record.at)) {
        let mine = record.operation.and_then(|id| mine_by_id.get(&id));
        let mine = mine.or_else(|| mine_by_name.get(record.reference.as_str()));
        let (reference, currency) = (&record.reference, record.amount.currency);
        let Some(mine) = mine else {
            if record.state != ChargeState::NotTaken {
                found.push(difference(reference, currency, None, Some(record.amount.minor), None, record.at));
            }
            continue;
        };
        let states = (mine.state != record.state).then_some((mine.state, record.state));
        let is_equal = Money::new(mine.amount_minor, mine.currency) == record.amount;
        if !is_equal || states.is_some() {
            let (ours, theirs) = (Some(mine.amount_minor), Some(record.amount.minor));
            found.push(difference(reference, currency, ours, theirs, states, record.at));
        } else if mine.taken_minor != record.taken.minor {
            let (ours, theirs) = (Some(mine.taken_minor), Some(record.taken.minor));
            found.push(difference(reference, currency, ours, theirs, states, record.at));
        }
    }
    for mine in ours.iter().filter(|mine| is_in(period, mine.at) && mine.state != ChargeState::NotTaken) {
        if !records.iter().any(|record| is_same(mine, record)) {
            let reference = mine.reference.clone().unwrap_or_else(|| mine.operation.to_string());
            found.push(difference(&reference, mine.currency, Some(mine.amount_minor), None, None, mine.at));
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
        let (fees, clearing) = (Account::GatewayFees(gateway), Account::Clearing(gateway));
        // A gateway gives a fee back where it takes less than nothing.
        let (from, to) = if entry.fee.minor < 0 { (clearing, fees) } else { (fees, clearing) };
        let amount = Money::new(entry.fee.minor.saturating_abs(), entry.fee.currency);
        let fee = Posting::new(name, "gateway_fee", now).transfer(from, to, amount);
        ledger::post_if_any(db, &fee).await?;
    }
    Ok(())
}
