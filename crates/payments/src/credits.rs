//! Credits: bought or granted in lots that expire, spent the earliest expiry first, given back to where they came
//! from. A credit is worth one euro. What is on a lot stands in the ledger.

use bookings::{Booking, PaymentType};
use jiff::SignedDuration;
use ledger::{Account, Purpose, Transfers};
use platform::{
    app::App,
    error::{ApiResult, OnConstraint as _},
    ids::{BookingId, LotId, PaymentId, UserId},
    jobs::{self, Job, Timing},
    money::{Amount, Currency, Money},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    case::Case,
    dispute,
    jobs::failed,
    model::{Change, Payment, PaymentError},
    store,
};

/// Credits that come back can be spent at least so long.
const SPENDABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Credits in place of money can be spent as long as those that are bought.
const REPLACED: SignedDuration = SignedDuration::from_hours(1095 * 24);

/// What happened to somebody's credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = CreditTransactionType)]
pub enum CreditKind {
    /// Bought.
    Purchase,
    /// Earned by something.
    Earned,
    /// A booking was paid.
    Used,
    /// A booking was not to be.
    Refund,
    /// Given on top, or by us.
    Bonus,
    /// Not spent in time.
    Expired,
}

/// Something that happens to somebody's credits.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) user: UserId,
    pub(crate) kind: CreditKind,
    pub(crate) minor: i64,
    pub(crate) description: String,
    pub(crate) booking: Option<BookingId>,
}

/// A package of credits.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) credits_minor: i64,
    pub(crate) bonus_minor: i64,
    pub(crate) price_minor: i64,
    pub(crate) valid_days: i32,
}

/// A lot as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Lot {
    pub(crate) id: LotId,
    pub(crate) user_id: UserId,
    pub(crate) payment_id: Option<PaymentId>,
    pub(crate) is_granted: bool,
    /// What we gave on top of what was bought, as long as it may still be there.
    pub(crate) bonus_minor: i64,
    pub(crate) expires_at: Instant,
    pub(crate) created_at: Instant,
}

/// A lot that has something on it.
#[derive(Clone, Debug)]
pub(crate) struct HeldLot {
    pub(crate) id: LotId,
    pub(crate) is_granted: bool,
    pub(crate) left_minor: i64,
    pub(crate) bonus_minor: i64,
    /// What was paid for it and has not gone back; `None`: it was not bought.
    pub(crate) kept_minor: Option<i64>,
    /// What was bought.
    pub(crate) description: Option<String>,
    pub(crate) expires_at: Instant,
    pub(crate) created_at: Instant,
}

/// What is on a lot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    pub(crate) lot: LotId,
    pub(crate) minor: i64,
}

pub(crate) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// Pays a booking by credits; 402 `insufficient_credits` where there are not enough.
pub(crate) async fn pay(db: &mut PgConnection, booking: Booking, mut payment: Payment) -> ApiResult<Case> {
    let (now, total) = (payment.created_at, payment.amount_minor);
    payment.payment_type = PaymentType::Credits;
    payment.captured_minor = total;
    payment.change(Change::Taken);
    let inserted = store::payments::insert(db, &payment).await;
    inserted.on_constraint("payments_one_live", PaymentError::PaymentInProgress { payment: None })?;
    let mut case = Case::of(booking, payment, now);
    *case.transfers() = spend(db, &case.booking, &case.payment, total).await?;
    let name = format!("payment:{}", case.payment.id);
    case.save(db, name, "credits_used").await
}

/// Whether nothing is left to pay beside the credits.
pub(crate) fn cover_all(payment: &Payment, amount: Amount) -> bool {
    payment.currency == Currency::EUR
        && amount.in_currency(payment.currency).is_ok_and(|part| part.minor == payment.amount_minor)
}

/// How much of a booking is paid by credits beside the gateway's part, in cents.
pub(crate) fn part_of(payment: &Payment, amount: Amount) -> Result<i64, PaymentError> {
    let part = amount.in_currency(payment.currency).map_err(|_e| PaymentError::CreditsAmountInvalid)?;
    let fits = payment.currency == Currency::EUR && (1..payment.amount_minor).contains(&part.minor);
    if fits { Ok(part.minor) } else { Err(PaymentError::CreditsAmountInvalid) }
}

/// Puts the part of a new payment that credits pay into the booking's escrow.
pub(crate) async fn reserve(db: &mut PgConnection, booking: &Booking, payment: &Payment) -> ApiResult<()> {
    if payment.credits_minor == 0 {
        return Ok(());
    }
    let transfers = spend(db, booking, payment, payment.credits_minor).await?;
    let name = format!("payment:{}:credits_reserved", payment.id);
    let posting = ledger::Posting::new(name, "credits_reserved", payment.created_at).about(booking.id);
    ledger::post(db, &posting.transfers(transfers)).await?;
    Ok(())
}

/// The gateway's part of a payment does not come: credits that wait for it go back to their lots.
pub(crate) async fn release(db: &mut PgConnection, case: &mut Case) -> ApiResult<()> {
    if case.payment.captured_minor > 0 {
        return Ok(());
    }
    let minor = std::mem::take(&mut case.payment.credits_minor);
    if minor == 0 { Ok(()) } else { give_back(db, case, case.escrow(), minor).await }
}

/// So much of the credits that wait for the gateway's part is not needed any more.
pub(crate) async fn release_some(db: &mut PgConnection, case: &mut Case, minor: i64) -> ApiResult<()> {
    case.payment.credits_minor -= minor;
    if minor == 0 { Ok(()) } else { give_back(db, case, case.escrow(), minor).await }
}

/// How much of a part of a payment credits pay, in proportion.
pub(crate) fn share_of(payment: &Payment, minor: i64) -> i64 {
    let weight = |minor: i64| u64::try_from(minor).unwrap_or(0);
    let elsewhere = payment.amount_minor - payment.credits_minor;
    let parts = payment.money(minor).split_by(&[weight(payment.credits_minor), weight(elsewhere)]);
    parts.first().map_or(0, |part| part.minor.min(payment.credits_minor))
}

/// How much of an amount that goes back goes to credits: in proportion to what is left of both parts.
pub(crate) async fn share_of_refund(db: &mut PgConnection, case: &Case, minor: i64) -> ApiResult<i64> {
    if case.payment.gateway.is_none() {
        return Ok(minor);
    }
    if case.payment.credits_minor == 0 {
        return Ok(0);
    }
    let in_credits: i64 = store::credits::uses(db, case.payment.id).await?.iter().map(|(_, room)| room).sum();
    let weight = |minor: i64| u64::try_from(minor).unwrap_or(0);
    let elsewhere = case.payment.kept_minor() - in_credits;
    let parts = euros(minor).split_by(&[weight(in_credits), weight(elsewhere)]);
    Ok(parts.first().map_or(0, |part| part.minor.min(in_credits)))
}

/// Takes credits for a booking from the wallet and its lots, and says what moves into the escrow; 402
/// `insufficient_credits` where there are not enough.
async fn spend(
    db: &mut PgConnection,
    booking: &Booking,
    payment: &Payment,
    minor: i64,
) -> ApiResult<Transfers> {
    let (user, now) = (payment.user_id, payment.created_at);
    let used = Movement {
        user,
        kind: CreditKind::Used,
        minor: -minor,
        description: booking.service_title.clone(),
        booking: Some(booking.id),
    };
    // Locks the wallet, and with it all lots.
    store::credits::move_credits(db, &used, now)
        .await
        .on_constraint("credit_wallets_funds", PaymentError::InsufficientCredits)?;
    let (mut transfers, mut left) = (Transfers::default(), minor);
    for Filled { lot, minor } in filled(db, user, now).await? {
        let part = left.min(minor);
        if part > 0 {
            left -= part;
            store::credits::use_lot(db, payment.id, lot, part).await?;
            transfers.add(Account::Credits { user, lot }, Account::Escrow(booking.id), euros(part));
        }
    }
    // What has expired is in the wallet until the job comes.
    if left > 0 { Err(PaymentError::InsufficientCredits.into()) } else { Ok(transfers) }
}

/// What can be spent, the earliest expiry first.
async fn filled(db: &mut PgConnection, user: UserId, now: Instant) -> ApiResult<Vec<Filled>> {
    let balances = ledger::balances(db, user, &[Purpose::Credits]).await?;
    let order = store::credits::spendable(db, user, now).await?;
    let on = |id: LotId| {
        balances.iter().find_map(|(account, balance)| match account {
            Account::Credits { lot, .. } if *lot == id => Some(balance.available().minor),
            _ => None,
        })
    };
    Ok(order.into_iter().filter_map(|lot| Some(Filled { lot, minor: on(lot)? })).collect())
}

/// Gives credits back to the lots that they came from, the last one first; they can be spent for a while at least, but
/// for what pays for a dispute.
pub(crate) async fn give_back(
    db: &mut PgConnection,
    case: &mut Case,
    from: Account,
    minor: i64,
) -> ApiResult<()> {
    let (user, now) = (case.payment.user_id, case.now);
    store::credits::move_credits(db, &refund_of(case, minor), now).await?;
    let mut left = minor;
    for (lot, room) in store::credits::uses(db, case.payment.id).await? {
        let part = left.min(room);
        if part > 0 {
            left -= part;
            store::credits::return_to_lot(db, case.payment.id, lot, part).await?;
            keep_spendable(db, lot, now).await?;
            let claimed = dispute::claim(db, lot, part, now).await?;
            let free = part - claimed.iter().map(|(_, minor)| minor).sum::<i64>();
            for (to, minor) in claimed.into_iter().chain([(Account::Credits { user, lot }, free)]) {
                case.transfer(from, to, minor);
            }
        }
    }
    Ok(())
}

/// What is on a lot can be spent for a while at least.
pub(crate) async fn keep_spendable(db: &mut PgConnection, lot: LotId, now: Instant) -> sqlx::Result<()> {
    let expires_at = store::credits::extend(db, lot, now.plus(SPENDABLE)).await?;
    expire_at(db, lot, expires_at, now).await
}

fn refund_of(case: &Case, minor: i64) -> Movement {
    Movement {
        user: case.payment.user_id,
        kind: CreditKind::Refund,
        minor,
        description: case.booking.service_title.clone(),
        booking: Some(case.booking.id),
    }
}

/// A refund that its gateway cannot bring, as credits that are worth as much as those that are bought; in euros only.
pub(crate) async fn instead(
    db: &mut PgConnection,
    payment: &Payment,
    minor: i64,
    transfers: &mut Transfers,
    now: Instant,
) -> ApiResult<()> {
    if payment.currency != Currency::EUR {
        return Err(PaymentError::PaymentMethodUnavailable.into());
    }
    let user = payment.user_id;
    let description = store::payments::title_of(db, payment.id).await?;
    let returned =
        Movement { user, kind: CreditKind::Refund, minor, description, booking: payment.booking_id };
    store::credits::move_credits(db, &returned, now).await?;
    let lot = Lot {
        id: LotId::at(now),
        user_id: user,
        payment_id: Some(payment.id),
        is_granted: false,
        bonus_minor: 0,
        expires_at: now.plus(REPLACED),
        created_at: now,
    };
    open(db, &lot).await?;
    transfers.add(Account::RefundsPayable(payment.id), Account::Credits { user, lot: lot.id }, euros(minor));
    Ok(())
}

/// Credits that we give: goodwill, a promotion. At our cost, and good for a year.
pub(crate) async fn give(
    db: &mut PgConnection,
    user: UserId,
    kind: CreditKind,
    minor: i64,
    description: &str,
    now: Instant,
) -> ApiResult<LotId> {
    let description = description.to_owned();
    let granted = Movement { user, kind, minor, description, booking: None };
    store::credits::move_credits(db, &granted, now).await?;
    let lot = Lot {
        id: LotId::at(now),
        user_id: user,
        payment_id: None,
        is_granted: true,
        bonus_minor: 0,
        expires_at: now.plus(SignedDuration::from_hours(24 * 365)),
        created_at: now,
    };
    open(db, &lot).await?;
    let posting = ledger::Posting::new(format!("credits:{}:granted", lot.id), "credits_granted", now)
        .about(user)
        .transfer(Account::Promotions, Account::Credits { user, lot: lot.id }, euros(minor));
    ledger::post(db, &posting).await?;
    Ok(lot.id)
}

/// What is left of credits that we gave is ours again.
pub(crate) async fn take_granted(
    db: &mut PgConnection,
    (user, lot): (UserId, LotId),
    description: &str,
    now: Instant,
) -> ApiResult<()> {
    // Whoever spends waits here, or has spent.
    store::credits::lock_wallet(db, user).await?;
    let from = Account::Credits { user, lot };
    let left = ledger::balance(db, from, Currency::EUR).await?.available();
    if left.minor <= 0 {
        return Ok(());
    }
    let (kind, description) = (CreditKind::Earned, description.to_owned());
    let taken = Movement { user, kind, minor: -left.minor, description, booking: None };
    store::credits::move_credits(db, &taken, now).await?;
    let posting = ledger::Posting::new(format!("credits:{lot}:reclaimed"), "credits_reclaimed", now)
        .about(user)
        .transfer(from, Account::Promotions, left);
    ledger::post(db, &posting).await?;
    Ok(())
}

/// A new lot, which expires.
pub(crate) async fn open(db: &mut PgConnection, lot: &Lot) -> sqlx::Result<()> {
    store::credits::insert_lot(db, lot).await?;
    expire_at(db, lot.id, lot.expires_at, lot.created_at).await
}

async fn expire_at(db: &mut PgConnection, lot: LotId, at: Instant, now: Instant) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(format!("credits:{lot}")) };
    jobs::schedule(db, &ExpireLot { lot_id: lot }, now, timing).await
}

/// What is left on a lot when its time is over is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ExpireLot {
    lot_id: LotId,
}

impl Job for ExpireLot {
    const KIND: &'static str = "payments.expire_credits";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        expire(&mut tx, self.lot_id, app.clock.now()).await.map_err(|error| failed(&error))?;
        tx.commit().await?;
        Ok(())
    }
}

async fn expire(db: &mut PgConnection, id: LotId, now: Instant) -> ApiResult<()> {
    let Some(user) = store::credits::owner(db, id).await? else { return Ok(()) };
    store::credits::lock_wallet(db, user).await?;
    if store::credits::expires_at(db, id).await?.is_none_or(|at| now < at) {
        return Ok(());
    }
    let from = Account::Credits { user, lot: id };
    let left = ledger::balance(db, from, Currency::EUR).await?.available();
    if left.minor == 0 {
        return Ok(());
    }
    let gone = Movement {
        user,
        kind: CreditKind::Expired,
        minor: -left.minor,
        description: String::new(),
        booking: None,
    };
    store::credits::move_credits(db, &gone, now).await?;
    let posting = ledger::Posting::new(format!("credits:{id}:expired:{now}"), "credits_expired", now)
        .about(user)
        .transfer(from, Account::ExpiredCredits, left);
    ledger::post(db, &posting).await?;
    Ok(())
}
