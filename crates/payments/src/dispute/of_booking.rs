//! Disputes about what a booking cost. After the job the provider waits for what they earned with it. Before the job the
//! booking is unpaid again, and may be paid anew:
//!
//! - paid anew: what the bank gives back goes back to the customer, with what was left of the first payment;
//! - not paid anew, and won: the first payment counts again, instead of one that still waits for its payer when the work
//!   is done;
//! - not paid anew, and lost: nobody has earned anything. For work that was done the customer owes it, and the provider
//!   gets it when it is paid.

use platform::{
    app::App,
    config::MarketSettings,
    error::{ApiError, ApiResult},
    ids::{OperationId, PaymentId},
    ports::gateway::{Dispute, DisputeStatus},
    time::Instant,
};
use sqlx::PgConnection;

use super::{Standing, StoredDispute};
use crate::{
    case::{Case, Stage},
    earnings,
    events::{ChargeFailed, NextStep},
    follow, installment,
    jobs::follow_later,
    model::{Change, DISPUTED, State},
    operation::Operation,
    promo,
    refund::{self, Source},
    store, superseded,
};

/// Does what follows from what the gateway says.
pub(super) async fn hear(
    db: &mut PgConnection,
    app: &App,
    charge: OperationId,
    payment: PaymentId,
    told: &Dispute,
) -> ApiResult<()> {
    let mut case = Case::open(db, payment, app.clock.now()).await?;
    let mut charge = store::operations::lock(db, charge).await?.ok_or_else(ApiError::not_found)?;
    let known = store::disputes::lock(db, charge.gateway, &told.reference).await?;
    let is_new = known.is_none();
    let mut dispute = match known {
        Some(known) if known.is_changed_by(told) => known,
        Some(_) => return Ok(()),
        None => open(db, &mut case, &mut charge, told).await?,
    };
    decide(db, &mut case, charge, &mut dispute, told.status, &app.settings.market).await?;
    store::disputes::save(db, &dispute).await?;
    case.is_taken_back = is_new && case.payment.state == State::Disputed && told.status != DisputeStatus::Won;
    let case = case.save(db, dispute.operation(), "payment_disputed").await?;
    if dispute.is_from_escrow {
        follow_later(db, case.booking.id, case.now).await?;
    }
    Ok(())
}

async fn open(
    db: &mut PgConnection,
    case: &mut Case,
    charge: &mut Operation,
    told: &Dispute,
) -> sqlx::Result<StoredDispute> {
    let dispute = StoredDispute::new(charge, told, &case.payment, case.now);
    let (payment, transfers) = case.payment_and_transfers();
    dispute.take_money(db, charge, payment, transfers).await?;
    if !case.payment.is_tip {
        payouts::hold_earning(db, case.booking.id).await?;
    }
    if dispute.is_from_escrow && dispute.disputed_minor > 0 {
        case.payment.change(Change::TakenBack);
        case.payment.failure_code = Some(DISPUTED.to_owned());
    }
    Ok(dispute)
}

async fn decide(
    db: &mut PgConnection,
    case: &mut Case,
    charge: Operation,
    dispute: &mut StoredDispute,
    status: DisputeStatus,
    market: &MarketSettings,
) -> ApiResult<()> {
    (dispute.state, dispute.updated_at) = (status, case.now);
    let (minor, escrow, disputes) = (dispute.disputed_minor, case.escrow(), dispute.account());
    // While an operator decides, too, it waits for them.
    let is_free = status != DisputeStatus::Open && case.booking.state != bookings::State::Disputed;
    if is_free && !case.payment.is_tip {
        payouts::free_earning(db, case.booking.id, case.now).await?;
    }
    match status {
        DisputeStatus::Open => Ok(()),
        DisputeStatus::Lost if dispute.is_from_escrow => {
            case.transfer(escrow, disputes, minor);
            let is_unpaid = !store::payments::has_live(db, case.booking.id).await?;
            if case.payment.closed_at.is_some() && is_unpaid {
                note_debt(case, minor);
            }
            Ok(())
        }
        // All of it had gone back before.
        DisputeStatus::Lost if minor == 0 => Ok(()),
        DisputeStatus::Lost => {
            if case.payment.kept_minor() <= 0 {
                promo::reclaim_reward(db, case.payment.id, case.now).await?;
            }
            earnings::take_back(db, case, dispute.id.uuid(), disputes, minor).await
        }
        DisputeStatus::Won => {
            let (payment, transfers) = case.payment_and_transfers();
            dispute.return_money(db, charge, payment, transfers).await?;
            // Where it belongs is for `follow` to find.
            if case.payment.state == State::Disputed {
                return Ok(());
            }
            // Meanwhile the booking has come to its end, without this money.
            if dispute.is_from_escrow && case.payment.closed_at.is_some() && minor > 0 {
                follow::distribute(db, case, minor, market).await?;
            }
            follow::take_excess(db, case).await
        }
    }
}

/// The bank keeps so much of a booking that has come to its end. Both are told what its customer owes of that: for work
/// that was done all of it, else what ending the booking costs.
fn note_debt(case: &mut Case, lost_minor: i64) {
    let amount_minor = match case.stage() {
        Stage::Standing => 0,
        Stage::Done => lost_minor,
        Stage::Off => case.unearned_minor().min(lost_minor),
    };
    if amount_minor > 0 {
        case.charge_failed = Some(ChargeFailed { amount_minor, next: NextStep::Owed });
    }
}

/// Finds where the money of a payment belongs that a bank took back before the job, by how the bank has decided, whether
/// the booking was paid anew, and what became of it. May be called at any time, and again.
pub(crate) async fn follow(
    db: &mut PgConnection,
    payment: PaymentId,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<()> {
    let case = Case::open(db, payment, now).await?;
    if case.payment.state != State::Disputed {
        return Ok(());
    }
    let standing = store::disputes::standing(db, payment).await?;
    let is_won = !standing.is_open && !standing.is_lost;
    match store::payments::lock_live(db, case.booking.id).await? {
        // It may never be approved, and nobody waits for that once the work is done.
        Some(other) if other.state == State::RequiresAction && case.stage() == Stage::Done && is_won => {
            superseded::give_way(db, Case::of(case.booking, other, now)).await?;
            let case = Case::open(db, payment, now).await?;
            restored(db, case, market).await
        }
        // Nobody knows yet whether it is paid anew.
        Some(other) if matches!(other.state, State::Processing | State::RequiresAction) => Ok(()),
        // It pays what this one left to be paid when the booking had ended.
        Some(other)
            if case.stage() == Stage::Off
                && case.payment.closed_at.is_some_and(|closed| closed <= other.created_at) =>
        {
            Ok(())
        }
        Some(_) => replaced(db, case).await,
        None if is_won => restored(db, case, market).await,
        None => ended(db, case, standing, market).await,
    }
}

/// The booking was paid anew: what is there of this payment goes back.
async fn replaced(db: &mut PgConnection, mut case: Case) -> ApiResult<()> {
    let (escrow, earned) = (case.escrow(), case.payment.earned_minor);
    let held = case.payment.kept_minor() - earned;
    if held <= 0 && earned == 0 {
        return Ok(());
    }
    store::installments::drop_open(db, case.payment.id).await?;
    case.payment.closed_at.get_or_insert(case.now);
    if held > 0 {
        refund::back(db, &mut case, Source::Account(escrow), held, "paid_anew", None).await?;
    }
    if earned > 0 {
        refund::back(db, &mut case, Source::Earnings, earned, "paid_anew", None).await?;
    }
    // It may happen again: other disputes about it may be won later.
    let name = format!("payment:{}:paid_anew:{}", case.payment.id, case.payment.refunded_minor);
    case.save(db, name, "payment_replaced").await.map(drop)
}

/// The bank has given all of it back, and the booking was not paid anew: it counts again.
async fn restored(db: &mut PgConnection, mut case: Case, market: &MarketSettings) -> ApiResult<()> {
    let is_all = case.payment.captured_minor == case.payment.amount_minor;
    case.payment.change(if is_all { Change::Restored } else { Change::PartRestored });
    case.payment.failure_code = None;
    if case.stage() == Stage::Off {
        store::installments::drop_open(db, case.payment.id).await?;
    } else if !is_all {
        installment::resume(db, &case).await?;
    }
    let held = case.payment.kept_minor() - case.payment.earned_minor;
    if case.payment.closed_at.is_some() && held > 0 {
        // The booking has come to its end without this money: of it that is kept which was agreed.
        crate::follow::distribute(db, &mut case, held, market).await?;
    }
    let name = format!("payment:{}:restored:{}", case.payment.id, case.now);
    let case = case.save(db, name, "payment_restored").await?;
    Ok(follow_later(db, case.booking.id, case.now).await?)
}

/// The booking has come to its end, and was not paid anew: what is left of the payment goes where it belongs.
async fn ended(
    db: &mut PgConnection,
    mut case: Case,
    standing: Standing,
    market: &MarketSettings,
) -> ApiResult<()> {
    if case.stage() == Stage::Standing || case.payment.closed_at.is_some() {
        return Ok(());
    }
    if standing.is_lost && !standing.is_open {
        let lost = case.payment.disputed_minor;
        note_debt(&mut case, lost);
    }
    crate::follow::end(db, case, market).await
}
