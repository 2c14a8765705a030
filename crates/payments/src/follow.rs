//! What becomes of the money when something becomes of the booking. It looks at both as they are, so it may come late,
//! twice, or for nothing.

use bookings::{PaymentMethod, PaymentType};
use platform::{config::MarketSettings, error::ApiResult, ids::BookingId, time::Instant};
use sqlx::PgConnection;

use crate::{
    case::{Case, Stage},
    credits, earnings, installment,
    model::{Change, State},
    operation::{self, Operation, Settler, Task},
    refund::{self, Source},
    store,
};

/// Lets the money follow the booking.
pub(crate) async fn follow(
    db: &mut PgConnection,
    id: BookingId,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<()> {
    let Some(booking) = bookings::lock(db, id).await? else { return Ok(()) };
    let stage = Stage::of(&booking);
    let Some(payment) = store::payments::lock_live(db, id).await? else {
        if stage == Stage::Done && booking.payment_method == PaymentMethod::Cash {
            earnings::earn_cash(db, &booking, market, now).await?;
        }
        return Ok(());
    };
    let is_agreed = booking.state.is_agreed();
    let case = Case::of(booking, payment, now);
    hold(db, &case).await?;
    match (stage, case.payment.state) {
        (Stage::Standing | Stage::Done, State::Authorized) if is_agreed => capture(db, &case).await,
        (Stage::Off, State::Authorized) if case.is_wanted() => capture_kept(db, case).await,
        // A try to pay what is owed all the same.
        (Stage::Off, State::RequiresAction) if case.is_wanted() => Ok(()),
        (Stage::Off, State::Authorized | State::RequiresAction) => let_go(db, case).await,
        (Stage::Off, State::Scheduled) if case.is_charged_for_its_end() => {
            installment::charge_kept_at_once(db, &case).await
        }
        (Stage::Off, State::Scheduled) => {
            store::installments::drop_open(db, case.payment.id).await?;
            end(db, case, market).await
        }
        (Stage::Off | Stage::Done, _) => end(db, case, market).await,
        _ => Ok(()),
    }
}

/// The provider has agreed: what was reserved is taken.
async fn capture(db: &mut PgConnection, case: &Case) -> ApiResult<()> {
    let Some(charge) = store::operations::live_charge(db, case.payment.id).await? else { return Ok(()) };
    if !store::operations::is_dealt_with(db, charge.id).await? {
        let capture = Operation::to(&charge, Task::Capture, charge.amount_minor, case.now);
        operation::begin(db, &capture, Settler::Job).await?;
    }
    Ok(())
}

/// What the provider earned waits while an operator decides, and no longer than that or a bank's dispute lasts.
async fn hold(db: &mut PgConnection, case: &Case) -> ApiResult<()> {
    let (id, state) = (case.booking.id, case.booking.state);
    if state == bookings::State::Disputed {
        payouts::hold_earning(db, id).await?;
    } else if case.booking.disputed_from.is_some() && !store::disputes::is_any_open(db, id).await? {
        payouts::free_earning(db, id, case.now).await?;
    }
    Ok(())
}

impl Case {
    /// Whether the booking is off, but its customer owes a part of what was to be charged later.
    fn is_charged_for_its_end(&self) -> bool {
        self.payment.payment_type == PaymentType::Later && self.is_wanted()
    }
}

/// The booking is off: of what was reserved that is taken which its customer owes all the same, from the gateway and
/// from the credits in proportion.
async fn capture_kept(db: &mut PgConnection, mut case: Case) -> ApiResult<()> {
    let Some(charge) = store::operations::live_charge(db, case.payment.id).await? else { return Ok(()) };
    // What is being taken already comes, and the rest of it goes back then.
    if store::operations::is_dealt_with(db, charge.id).await? {
        return Ok(());
    }
    let kept = case.unearned_minor().min(case.payment.amount_minor);
    let in_credits = credits::share_of(&case.payment, kept).min(kept - 1);
    let released = case.payment.credits_minor - in_credits;
    credits::release_some(db, &mut case, released).await?;
    let capture = Operation::to(&charge, Task::Capture, kept - in_credits, case.now);
    operation::begin(db, &capture, Settler::Job).await?;
    let name = format!("payment:{}:kept", case.payment.id);
    case.save(db, name, "payment_kept").await.map(drop)
}

/// What was reserved, or waits for its payer, is let go. What comes all the same goes back.
async fn let_go(db: &mut PgConnection, mut case: Case) -> ApiResult<()> {
    let Some(charge) = store::operations::live_charge(db, case.payment.id).await? else { return Ok(()) };
    if store::operations::is_dealt_with(db, charge.id).await? {
        return Ok(());
    }
    give_up(db, &mut case, &charge).await?;
    let name = format!("payment:{}:let_go", case.payment.id);
    case.save(db, name, "payment_let_go").await.map(drop)
}

/// Lets go of a payment whose charge has not been taken.
pub(crate) async fn give_up(db: &mut PgConnection, case: &mut Case, charge: &Operation) -> ApiResult<()> {
    case.payment.change(Change::LetGo);
    case.payment.sealed_action = None;
    case.release(db).await?;
    let void = Operation::to(charge, Task::Void, charge.amount_minor, case.now);
    Ok(operation::begin(db, &void, Settler::Job).await?)
}

/// What was held for the booking goes where it belongs, once: to the provider and us what was earned, or what they keep;
/// the rest back to the customer. What an operator decides later is taken back from them.
pub(crate) async fn end(db: &mut PgConnection, mut case: Case, market: &MarketSettings) -> ApiResult<()> {
    let (is_off, before) = (case.stage() == Stage::Off, case.payment.state);
    if is_off {
        case.payment.change(Change::LetGo);
    }
    if case.payment.state == State::Cancelled {
        case.release(db).await?;
    }
    if case.payment.closed_at.is_none() && case.payment.captured_minor > 0 {
        case.payment.closed_at = Some(case.now);
        let held = case.payment.kept_minor();
        distribute(db, &mut case, held, market).await?;
    } else if case.excess_minor() > 0 {
        return resolve(db, case).await;
    } else if case.payment.state == before {
        return Ok(());
    }
    let name = format!("booking:{}:closed", case.booking.id);
    case.save(db, name, "booking_closed").await.map(drop)
}

/// Of so much that is in the escrow of an ended booking that is earned which is kept, and the rest goes back.
pub(crate) async fn distribute(
    db: &mut PgConnection,
    case: &mut Case,
    minor: i64,
    market: &MarketSettings,
) -> ApiResult<()> {
    let (kept, escrow) = (case.unearned_minor().min(minor), case.escrow());
    if minor > kept {
        refund::back(db, case, Source::Account(escrow), minor - kept, "booking_cancelled", None).await?;
    }
    if kept > 0 {
        earnings::earn(db, case, kept, market).await?;
    }
    Ok(())
}

/// An operator has decided that a part of what was earned goes back. Parts that are not paid yet are dropped.
async fn resolve(db: &mut PgConnection, mut case: Case) -> ApiResult<()> {
    take_excess(db, &mut case).await?;
    let name = format!("booking:{}:resolved:{}", case.booking.id, case.booking.version);
    case.save(db, name, "booking_resolved").await.map(drop)
}

/// Gives back what was earned beyond what is kept.
pub(crate) async fn take_excess(db: &mut PgConnection, case: &mut Case) -> ApiResult<()> {
    let excess = case.excess_minor();
    if excess > 0 {
        store::installments::drop_open(db, case.payment.id).await?;
        refund::back(db, case, Source::Earnings, excess, "dispute_resolved", None).await?;
    }
    Ok(())
}
