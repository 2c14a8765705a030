//! What an outcome means: one function for requests, jobs and messages alike. It may be called twice, late and in any
//! order; the end is the same.

use bookings::{By, Event};
use ledger::Account;
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ids::OperationId,
    ports::gateway::{Action, DeclineCode, Outcome},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    action,
    case::{Case, Stage},
    events::{ChargeFailed, NextStep},
    follow, installment,
    jobs::follow_later,
    model::{Change, Payment, State},
    operation::{self, Operation, Progress, Settler, Task},
    purchase,
    refund::{self, Source},
    store, superseded,
};

/// Notes what became of an operation, and does all that follows.
pub(crate) async fn settle(
    app: &App,
    db: &mut PgConnection,
    id: OperationId,
    outcome: &Outcome,
) -> ApiResult<Payment> {
    let now = app.clock.now();
    let payment = store::operations::payment_of(db, id).await?.ok_or_else(ApiError::not_found)?;
    if store::payments::booking_of(db, payment).await?.is_none() {
        return purchase::settle(app, db, payment, id, outcome).await;
    }
    let mut case = Case::open(db, payment, now).await?;
    let mut operation = store::operations::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    let before = operation.state;
    if !operation.note(outcome, now) {
        return Ok(case.payment);
    }
    store::operations::save(db, &operation).await?;
    if !operation.state.is_final() {
        operation::look_after(db, id, operation.next_look(now), now).await?;
    }
    if operation.is_superseded {
        superseded::settle_superseded(db, &operation, outcome, now).await?;
        return Ok(case.payment);
    }
    match (operation.task, outcome) {
        (_, Outcome::Unknown | Outcome::Unavailable) => return Ok(case.payment),
        (Task::Charge, Outcome::RequiresAction { action, .. }) => needs(app, &mut case, action)?,
        (Task::Charge, Outcome::Processing { .. }) => case.payment.change(Change::StillRunning),
        (_, Outcome::RequiresAction { .. } | Outcome::Processing { .. }) => {}
        (Task::Charge, Outcome::Succeeded { .. }) if operation.captures_later => {
            reserved(db, &mut case, &operation).await?;
        }
        (Task::Charge | Task::Capture, Outcome::Succeeded { .. }) => {
            taken(app, db, &mut case, &operation).await?;
        }
        (Task::Void, Outcome::Succeeded { .. }) => give_up(db, &operation, now).await?,
        (Task::Refund, Outcome::Succeeded { .. }) => {
            refund::arrived(db, case.transfers(), &operation, now).await?;
        }
        (Task::Charge | Task::Capture, Outcome::Declined { code }) => {
            declined(db, &mut case, &operation, *code).await?;
        }
        // The payer was faster.
        (Task::Void, Outcome::Declined { .. }) => {
            if let Some(charge) = operation.charge_id {
                operation::look_after(db, charge, now, now).await?;
            }
        }
        (Task::Refund, Outcome::Declined { .. }) => {
            refund::came_back(db, case.transfers(), &operation, before, now).await?;
        }
    }
    let name = format!("operation:{id}:{}", operation.outcome_word());
    let was_agreed = case.booking.state != bookings::State::AwaitingPayment;
    let case = case.save(db, name, operation.word()).await?;
    if case.charge_failed.is_some_and(|failed| failed.next == NextStep::Cancelled) {
        bookings::transition(db, case.booking.id, Event::PaymentExpired, &By::SYSTEM, now).await?;
    }
    if operation.task == Task::Charge && operation.state.is_final() && was_agreed {
        // It may take the place of a payment that a bank took back.
        follow_later(db, case.booking.id, now).await?;
    }
    Ok(case.payment)
}

impl Operation {
    /// Takes the outcome over; `false` where there is nothing new in it. What is final stays, but for a refund that a
    /// bank sends back.
    pub(crate) fn note(&mut self, outcome: &Outcome, now: Instant) -> bool {
        let is_sent_back = self.task == Task::Refund
            && self.state == Progress::Succeeded
            && matches!(outcome, Outcome::Declined { .. });
        // We gave it up, and it had worked.
        let is_late = self.is_superseded
            && self.state == Progress::Declined
            && matches!(outcome, Outcome::Succeeded { .. });
        if self.state.is_final() && !is_sent_back && !is_late {
            return false;
        }
        self.state = match outcome {
            Outcome::Succeeded { .. } => Progress::Succeeded,
            Outcome::Declined { .. } => Progress::Declined,
            Outcome::RequiresAction { .. } | Outcome::Processing { .. } => Progress::Open,
            Outcome::Unavailable | Outcome::Unknown => self.state,
        };
        self.code = match outcome {
            Outcome::Declined { code } => Some(<&str>::from(code).to_owned()),
            _ => None,
        };
        self.reference = outcome.reference().map(str::to_owned).or_else(|| self.reference.take());
        self.asked = self.asked.saturating_add(1);
        self.updated_at = now;
        true
    }

    fn word(&self) -> &'static str {
        match self.task {
            Task::Charge => "payment_charged",
            Task::Capture => "payment_captured",
            Task::Void => "payment_voided",
            Task::Refund => "payment_refunded",
        }
    }

    /// A refund can be posted twice: when it arrives, and when it is sent back.
    pub(crate) fn outcome_word(&self) -> &'static str {
        if self.state == Progress::Declined { "declined" } else { "done" }
    }
}

fn needs(app: &App, case: &mut Case, action: &Action) -> ApiResult<()> {
    case.payment.change(Change::ActionNeeded);
    case.payment.sealed_action = Some(action::seal(app, action)?);
    Ok(())
}

async fn reserved(db: &mut PgConnection, case: &mut Case, charge: &Operation) -> ApiResult<()> {
    case.payment.sealed_action = None;
    if case.is_wanted() {
        case.payment.change(Change::Reserved);
        return Ok(());
    }
    case.release(db).await?;
    case.payment.state = State::Cancelled;
    let void = Operation::to(charge, Task::Void, charge.amount_minor, case.now);
    Ok(operation::begin(db, &void, Settler::Job).await?)
}

async fn taken(app: &App, db: &mut PgConnection, case: &mut Case, operation: &Operation) -> ApiResult<()> {
    let (minor, is_wanted) = (operation.amount_minor, case.is_wanted());
    let is_off = case.stage() == Stage::Off;
    if !is_wanted {
        case.release(db).await?;
    }
    let payment = &mut case.payment;
    // With the gateway's part, that of the credits is taken, too.
    payment.captured_minor += if payment.captured_minor == 0 { minor + payment.credits_minor } else { minor };
    payment.sealed_action = None;
    if payment.state != State::Disputed {
        payment.failure_code = None;
    }
    let is_all = payment.captured_minor == payment.amount_minor || is_off;
    payment.change(if is_all { Change::Taken } else { Change::PartTaken });
    if let Some(installment) = operation.installment_id {
        store::installments::paid(db, installment, case.now).await?;
        installment::clear_overdue(db, &mut case.payment).await?;
    }
    let from = Account::Clearing(operation.gateway);
    match case.stage() {
        // It came too late: all of it goes back.
        _ if !is_wanted => {
            case.payment.change(Change::LetGo);
            store::installments::drop_open(db, case.payment.id).await?;
            refund::back(db, case, Source::Account(from), minor, "not_wanted", None).await.map(drop)
        }
        Stage::Done | Stage::Off => {
            case.transfer(from, case.escrow(), minor);
            // Where the booking had ended before anything was paid for it, this is all that waited to be earned.
            let is_first = case.payment.closed_at.is_none();
            case.payment.closed_at.get_or_insert(case.now);
            let held = if is_first { case.payment.kept_minor() } else { minor };
            follow::distribute(db, case, held, &app.settings.market).await
        }
        Stage::Standing => {
            case.transfer(from, case.escrow(), minor);
            Ok(())
        }
    }
}

async fn declined(
    db: &mut PgConnection,
    case: &mut Case,
    operation: &Operation,
    code: DeclineCode,
) -> ApiResult<()> {
    case.payment.failure_code = Some(<&str>::from(code).to_owned());
    case.payment.sealed_action = None;
    if let Some(part) = operation.installment_id {
        installment::declined(db, case, part, operation).await?;
    } else {
        case.payment.change(Change::Declined);
        // Of a booking that is off all is owed that is kept, its part in credits, too: they are given back.
        let missing = if case.stage() == Stage::Off { case.unearned_minor() } else { operation.amount_minor };
        if operation.task == Task::Capture && missing > 0 {
            let next = case.after_the_last_try();
            case.charge_failed = Some(ChargeFailed { amount_minor: missing, next });
        }
    }
    if case.payment.state == State::Failed { case.release(db).await } else { Ok(()) }
}

/// The charge will not come any more.
async fn give_up(db: &mut PgConnection, void: &Operation, now: Instant) -> ApiResult<()> {
    let Some(charge) = void.charge_id else { return Ok(()) };
    let Some(mut charge) = store::operations::lock(db, charge).await? else { return Ok(()) };
    if charge.note(&Outcome::Declined { code: DeclineCode::PaymentCancelled }, now) {
        store::operations::save(db, &charge).await?;
    }
    Ok(())
}
