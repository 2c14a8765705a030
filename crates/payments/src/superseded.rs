//! Charges of which a gateway does not say what became of them. Their payers need not wait: they try again, and what the
//! first try turns out to have taken or reserved goes back.

use jiff::SignedDuration;
use ledger::{Account, Posting};
use platform::{
    app::App,
    error::ApiResult,
    ids::{BookingId, InstallmentId, UserId},
    ports::gateway::Outcome,
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    case::Case,
    follow, installment,
    jobs::ExpireUnpaid,
    model::{Change, PaymentError, State},
    operation::{self, Operation, Settler, Task},
    settle::settle,
    store,
};

/// When a refund of such a charge that could not be brought is tried again.
const REFUND_RETRY_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// What somebody tries to pay again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    Booking(BookingId),
    Tip(BookingId),
    Credits(Uuid),
    Installment(InstallmentId),
}

/// Asks once more what became of the first try, where its gateway did not answer: it may be paid by now.
pub(crate) async fn ask_about(app: &App, payer: UserId, subject: Subject) -> ApiResult<()> {
    let now = app.clock.now();
    let mut db = app.db.acquire().await?;
    let open = store::operations::open_charge(&mut db, payer, subject).await?;
    drop(db);
    let Some(charge) = open.filter(|charge| charge.is_unanswered(now)) else { return Ok(()) };
    match operation::ask_again(app, &charge).await {
        None | Some(Outcome::Unknown | Outcome::Unavailable) => Ok(()),
        Some(outcome) => {
            let mut tx = app.db.begin().await?;
            settle(app, &mut tx, charge.id, &outcome).await?;
            Ok(tx.commit().await?)
        }
    }
}

/// Another try takes the place of a charge whose gateway does not answer. 409 `payment_in_progress` where it did.
pub(crate) async fn supersede(db: &mut PgConnection, charge: &mut Operation, now: Instant) -> ApiResult<()> {
    if !charge.is_unanswered(now) {
        return Err(PaymentError::PaymentInProgress { payment: Some(charge.payment_id) }.into());
    }
    charge.is_superseded = true;
    Ok(store::operations::save(db, charge).await?)
}

/// Gives up a payment whose payer tries again: one that waits for them, or whose gateway does not answer.
pub(crate) async fn give_way(db: &mut PgConnection, mut case: Case) -> ApiResult<Case> {
    let charge = store::operations::live_charge(db, case.payment.id).await?;
    match (case.payment.state, charge) {
        (State::RequiresAction, Some(charge)) => follow::give_up(db, &mut case, &charge).await?,
        (State::Processing, Some(mut charge)) => {
            supersede(db, &mut charge, case.now).await?;
            case.payment.change(Change::Superseded);
            case.release(db).await?;
            store::installments::drop_open(db, case.payment.id).await?;
        }
        // What is charged later, and was charged in vain.
        (State::Scheduled, charge) => {
            if let Some(mut charge) = charge {
                supersede(db, &mut charge, case.now).await?;
            }
            case.payment.change(Change::LetGo);
            case.release(db).await?;
            store::installments::drop_open(db, case.payment.id).await?;
            let last_try = installment::last_try(&case);
            ExpireUnpaid::schedule(db, case.booking.id, last_try, case.now).await?;
        }
        _ => {}
    }
    let name = format!("payment:{}:let_go", case.payment.id);
    case.save(db, name, "payment_let_go").await
}

/// What an outcome means for a charge that was superseded: what was reserved is let go, what was taken goes back. Its
/// payment knows nothing of it.
pub(crate) async fn settle_superseded(
    db: &mut PgConnection,
    charge: &Operation,
    outcome: &Outcome,
    now: Instant,
) -> ApiResult<()> {
    let is_taken = matches!(outcome, Outcome::Succeeded { .. }) && !charge.captures_later;
    let task = match outcome {
        Outcome::Succeeded { .. } if is_taken => Task::Refund,
        Outcome::Succeeded { .. } | Outcome::RequiresAction { .. } => Task::Void,
        Outcome::Processing { .. } | Outcome::Declined { .. } | Outcome::Unavailable | Outcome::Unknown => {
            return Ok(());
        }
    };
    if store::operations::is_dealt_with(db, charge.id).await? {
        return Ok(());
    }
    let back = Operation::to(charge, task, charge.amount_minor, now);
    operation::begin(db, &back, Settler::Job).await?;
    if is_taken {
        let owed = Account::RefundsPayable(charge.payment_id);
        let posting = Posting::new(format!("operation:{}:done", charge.id), "superseded_charge", now)
            .about(charge.payment_id)
            .transfer(Account::Clearing(charge.gateway), owed, charge.amount());
        ledger::post(db, &posting).await?;
    }
    Ok(())
}

/// What such a charge took could not be brought back: it is still owed, and tried again another day.
pub(crate) async fn retry_refund(db: &mut PgConnection, refund: &Operation, now: Instant) -> ApiResult<()> {
    tracing::error!(operation.id = %refund.id, payment.id = %refund.payment_id, "a superseded charge could not be refunded");
    let again = Operation {
        charge_id: refund.charge_id,
        charge: refund.charge.clone(),
        ..Operation::new(refund.payment_id, refund.gateway, Task::Refund, refund.amount(), now)
    };
    operation::begin(db, &again, Settler::Job).await?;
    Ok(operation::look_after(db, again.id, now.plus(REFUND_RETRY_INTERVAL), now).await?)
}
