//! What becomes of the money when something becomes of the booking. It looks at both as they are, so it may come late,
//! twice, or for nothing.

use bookings::PaymentMethod;
use platform::{config::MarketSettings, error::ApiResult, ids::BookingId, time::Instant};
use sqlx::PgConnection;

use crate::{
    case::{Case, Stage},
    earnings,
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
    let stage = Stage::of(booking.state);
    let Some(payment) = store::payments::lock_live(db, id).await? else {
        if stage == Stage::Done && booking.payment_method == PaymentMethod::Cash {
            earnings::earn_cash(db, &booking, market, now).await?;
        }
        return Ok(());
    };
    let is_agreed = booking.state.is_agreed();
    let case = Case::of(booking, payment, now);
    match (stage, case.payment.state) {
        (Stage::Standing | Stage::Done, State::Authorized) if is_agreed => capture(db, &case).await,
        (Stage::Off, State::Authorized | State::RequiresAction) => let_go(db, case).await,
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

/// What was held for the booking goes where it belongs, once: to the provider and us what was earned, or what the
/// policy lets them keep; the rest back to the customer.
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
        let back = if is_off { case.booking.refund_minor.unwrap_or(0).min(held) } else { 0 };
        let escrow = case.escrow();
        if back > 0 {
            refund::back(db, &mut case, Source::Account(escrow), back, "booking_cancelled", None).await?;
        }
        if held > back {
            earnings::earn(db, &mut case, held - back, market).await?;
        }
    } else if case.payment.state == before {
        return Ok(());
    }
    let name = format!("booking:{}:closed", case.booking.id);
    case.save(db, name, "booking_closed").await.map(drop)
}
