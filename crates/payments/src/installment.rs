//! Paying later, and in parts. What is paid later is one part.

use std::num::NonZeroU16;

use jiff::{SignedDuration, ToSpan as _, civil::Date, tz::TimeZone};
use jiff_sqlx::ToSqlx as _;
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ids::{InstallmentId, PaymentId},
    jobs::{self, Job, Timing},
    money::Money,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    case::{Case, Stage},
    events::{ChargeFailed, NextStep},
    jobs::failed,
    model::{Change, Payment, State},
    operation::{self, Operation, Settler, Task},
    store,
};

/// After a charge in vain it is tried again so many days after it was due.
const RETRY_DAYS: [i32; 3] = [1, 3, 7];
/// At what hour of the booking's time zone a part is charged.
const HOUR: i8 = 9;

/// How long a charge waits while people disagree about the booking, before it looks again.
const WHILE_DISPUTED: SignedDuration = SignedDuration::from_hours(24);

/// How a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = InstallmentStatus)]
pub enum InstallmentState {
    /// It will be charged.
    Pending,
    /// It was paid.
    Paid,
    /// It was charged several times in vain: the customer has to pay it.
    Overdue,
    /// It was charged in vain, and will be tried again.
    Failed,
    /// It is not wanted any more.
    Cancelled,
}

/// A part as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Installment {
    pub(crate) id: InstallmentId,
    pub(crate) payment_id: PaymentId,
    pub(crate) number: i16,
    pub(crate) amount_minor: i64,
    pub(crate) due_date: jiff_sqlx::Date,
    pub(crate) state: InstallmentState,
    pub(crate) failures: i16,
}

/// How often a part is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InstallmentInterval)]
pub enum Interval {
    /// Every week.
    Weekly,
    /// Every two weeks.
    Biweekly,
    /// Every month, on the day of the first; where a month is shorter, on its last.
    Monthly,
}

impl Interval {
    /// When the part with this number, from 0, is due. Counted from the first, so a month's end is kept.
    pub(crate) fn due(self, first: Date, number: i32) -> Date {
        let span = match self {
            Self::Weekly => number.weeks(),
            Self::Biweekly => (2 * number).weeks(),
            Self::Monthly => number.months(),
        };
        first.saturating_add(span)
    }
}

/// The parts of an amount, which add up exactly; the first ones take the odd units.
pub(crate) fn parts(payment: PaymentId, amount: Money, due: &[Date], now: Instant) -> Vec<Installment> {
    let count = u16::try_from(due.len()).ok().and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MIN);
    let amounts = amount.split_evenly(count);
    let numbers = 1_i16..;
    let parts = numbers.zip(due).zip(amounts).map(|((number, due), amount)| Installment {
        id: InstallmentId::at(now),
        payment_id: payment,
        number,
        amount_minor: amount.minor,
        due_date: due.to_sqlx(),
        state: InstallmentState::Pending,
        failures: 0,
    });
    parts.collect()
}

/// Lets a part be charged when it is due, or so many days later.
pub(crate) async fn schedule(
    db: &mut PgConnection,
    part: &Installment,
    days_later: i32,
    zone: &str,
    now: Instant,
) -> sqlx::Result<Instant> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let day = part.due_date.to_jiff().saturating_add(days_later.days());
    let at = day.at(HOUR, 0, 0, 0).to_zoned(zone).map(|at| Instant::from(at.timestamp()));
    let at = at.map_or(now, |at| at.max(now));
    charge_at(db, part.id, at, now).await?;
    Ok(at)
}

async fn charge_at(db: &mut PgConnection, id: InstallmentId, at: Instant, now: Instant) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(format!("installment:{id}")) };
    jobs::schedule(db, &ChargePart { installment_id: id }, now, timing).await
}

impl Installment {
    /// How many days after it is due it is charged next; `None`: it was tried often enough.
    fn next_try(&self) -> Option<i32> {
        let failures = usize::try_from(self.failures).unwrap_or(usize::MAX);
        std::iter::once(0).chain(RETRY_DAYS).nth(failures)
    }
}

/// Lets what is open of a payment be charged again, after a while in which it was not.
pub(crate) async fn resume(db: &mut PgConnection, case: &Case) -> sqlx::Result<()> {
    for part in store::installments::lock_open(db, case.payment.id).await? {
        if let Some(days) = part.next_try() {
            schedule(db, &part, days, &case.booking.timezone, case.now).await?;
        }
    }
    Ok(())
}

/// When the last try of a charge that was due today would be made.
pub(crate) fn last_try(case: &Case) -> Instant {
    let days = RETRY_DAYS.iter().copied().max().unwrap_or_default();
    case.now.plus(jiff::SignedDuration::from_hours(24 * i64::from(days)))
}

/// A payment of which no part is overdue any more owes nothing.
pub(crate) async fn clear_overdue(db: &mut PgConnection, payment: &mut Payment) -> sqlx::Result<()> {
    if payment.overdue_at.is_some() {
        let open = store::installments::lock_open(db, payment.id).await?;
        if open.iter().all(|part| part.state != InstallmentState::Overdue) {
            payment.overdue_at = None;
        }
    }
    Ok(())
}

/// The booking is off before its payment was charged: what its customer owes all the same is charged at once. What was
/// declined is tried again when its timer says so, and not whenever somebody looks at the booking.
pub(crate) async fn charge_kept_at_once(db: &mut PgConnection, case: &Case) -> ApiResult<()> {
    match store::installments::lock_first_open(db, case.payment.id).await? {
        Some(part) if part.failures == 0 => charge_kept(db, case).await,
        _ => Ok(()),
    }
}

/// Charges what the customer of a booking that is off owes all the same, as any part that is due today.
async fn charge_kept(db: &mut PgConnection, case: &Case) -> ApiResult<()> {
    let Some(mut part) = store::installments::lock_first_open(db, case.payment.id).await? else {
        return Ok(());
    };
    // What is being charged already comes, and the rest of it goes back then.
    if store::installments::is_being_charged(db, part.id).await? {
        return Ok(());
    }
    let kept = case.unearned_minor();
    let zone = TimeZone::get(&case.booking.timezone).unwrap_or(TimeZone::UTC);
    let today = zone.to_datetime(case.now.timestamp()).date();
    if kept < part.amount_minor || today < part.due_date.to_jiff() {
        let dropped = Installment {
            id: InstallmentId::at(case.now),
            number: part.number + 1,
            amount_minor: (part.amount_minor - kept).max(0),
            ..part.clone()
        };
        part.due_date = today.to_sqlx();
        (part.amount_minor, part.state) = (kept.min(part.amount_minor), InstallmentState::Pending);
        store::installments::reduce(db, &part, &dropped).await?;
    }
    let Some(charge) = charge(case, &part) else { return Ok(()) };
    Ok(operation::begin(db, &charge, Settler::Job).await?)
}

/// A part was charged in vain. Where it was the first thing to be charged, there is no payment; else it is tried
/// again, until it is overdue.
pub(crate) async fn declined(
    db: &mut PgConnection,
    case: &mut Case,
    id: InstallmentId,
    charge: &Operation,
) -> ApiResult<()> {
    if case.payment.state != State::Scheduled {
        case.payment.change(Change::Declined);
        return Ok(store::installments::drop_open(db, case.payment.id).await?);
    }
    let Some(mut part) = store::installments::lock(db, id).await? else { return Ok(()) };
    // What the customer tried themselves does not count.
    if charge.is_payer_present {
        if let Some(days) = part.next_try() {
            schedule(db, &part, days, &case.booking.timezone, case.now).await?;
        }
        return Ok(());
    }
    part.failures += 1;
    let retry = part.next_try();
    part.state = if retry.is_some() { InstallmentState::Failed } else { InstallmentState::Overdue };
    store::installments::save(db, &part).await?;
    let next = match retry {
        Some(days) => {
            NextStep::Retry { at: schedule(db, &part, days, &case.booking.timezone, case.now).await? }
        }
        None => case.after_the_last_try(),
    };
    case.charge_failed = Some(ChargeFailed { amount_minor: part.amount_minor, next });
    match next {
        NextStep::Retry { .. } => {}
        NextStep::Owed => case.payment.overdue_at = Some(case.now),
        // Where something was taken the payment ends with its booking.
        NextStep::Cancelled if case.payment.captured_minor > 0 => {}
        NextStep::Cancelled => {
            case.payment.change(Change::LastDeclined);
            store::installments::drop_open(db, case.payment.id).await?;
        }
    }
    Ok(())
}

/// Charges a part that is due.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChargePart {
    installment_id: InstallmentId,
}

impl Job for ChargePart {
    const KIND: &'static str = "payments.charge_installment";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        charge_part(app, &mut tx, self.installment_id).await.map_err(|error| failed(&error))?;
        tx.commit().await?;
        app.jobs_waiting.notify_one();
        Ok(())
    }
}

async fn charge_part(app: &App, db: &mut PgConnection, id: InstallmentId) -> ApiResult<()> {
    let now = app.clock.now();
    let Some(payment) = store::installments::payment_of(db, id).await? else { return Ok(()) };
    let case = Case::open(db, payment, now).await?;
    let part = store::installments::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    let is_open = matches!(part.state, InstallmentState::Pending | InstallmentState::Failed);
    if !is_open
        || case.payment.state != State::Scheduled
        || !case.is_wanted()
        || store::installments::is_being_charged(db, id).await?
    {
        return Ok(());
    }
    if case.stage() == Stage::Off {
        return charge_kept(db, &case).await;
    }
    // Nobody pays for what an operator decides about.
    if case.booking.is_contested() || case.booking.state == bookings::State::Disputed {
        return Ok(charge_at(db, id, now.plus(WHILE_DISPUTED), now).await?);
    }
    let Some(charge) = charge(&case, &part) else { return Ok(()) };
    Ok(operation::begin(db, &charge, Settler::Job).await?)
}

/// The charge of a part, by the method that the payment keeps, without the payer.
pub(crate) fn charge(case: &Case, part: &Installment) -> Option<Operation> {
    let payment = &case.payment;
    let amount = payment.money(part.amount_minor);
    Some(Operation {
        installment_id: Some(part.id),
        payer: payment.payer.clone(),
        method: payment.method.clone(),
        description: case.booking.service_title.clone(),
        ..Operation::new(payment.id, payment.gateway?, Task::Charge, amount, case.now)
    })
}
