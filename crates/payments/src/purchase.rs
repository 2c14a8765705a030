//! Buying credits, and giving back what was bought and not used.

use jiff::SignedDuration;
use ledger::{Account, Posting, Transfers};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ids::{LotId, OperationId, PaymentId, RefundId, UserId},
    money::Money,
    ports::gateway::Outcome,
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    action,
    credits::{self, CreditKind, HeldLot, Lot, Movement, euros},
    events::PaymentChanged,
    model::{Change, Payment, PaymentError},
    operation::{self, Operation, Progress, Task},
    refund::{self, Refund, RefundState},
    store, superseded,
};

/// So long a buyer may think better of it.
pub(crate) const CHANGE_OF_MIND: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Writes a payment that buys credits, what moves for it, and what others hear; as [`crate::case::Case::save`] does for
/// bookings.
pub(crate) async fn save(
    db: &mut PgConnection,
    mut payment: Payment,
    posting: Posting,
    now: Instant,
) -> ApiResult<Payment> {
    ledger::post_if_any(db, &posting.about(payment.id)).await?;
    payment.updated_at = now;
    store::payments::save(db, &payment).await?;
    PaymentChanged::of(&payment, None).tell(db).await?;
    Ok(payment)
}

/// What an outcome means for a payment that buys credits; see [`crate::settle::settle`].
pub(crate) async fn settle(
    app: &App,
    db: &mut PgConnection,
    payment: PaymentId,
    id: OperationId,
    outcome: &Outcome,
) -> ApiResult<Payment> {
    let now = app.clock.now();
    let mut payment = store::payments::lock(db, payment).await?.ok_or_else(ApiError::not_found)?;
    let mut operation = store::operations::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    let before = operation.state;
    if !operation.note(outcome, now) {
        return Ok(payment);
    }
    store::operations::save(db, &operation).await?;
    if !operation.state.is_final() {
        operation::look_after(db, id, operation.next_look(now), now).await?;
    }
    if operation.is_superseded {
        superseded::settle_superseded(db, &operation, outcome, now).await?;
        return Ok(payment);
    }
    if matches!(outcome, Outcome::Unknown | Outcome::Unavailable) || operation.task == Task::Void {
        return Ok(payment);
    }
    if operation.task == Task::Refund {
        let transfers = refunded(db, &operation, before, now).await?;
        let name = format!("operation:{id}:{}", operation.outcome_word());
        return save(db, payment, Posting::new(name, "payment_refunded", now).transfers(transfers), now)
            .await;
    }
    let mut posting = Posting::new(format!("payment:{}:credits", payment.id), "credits_bought", now);
    match outcome {
        Outcome::RequiresAction { action, .. } => {
            payment.change(Change::ActionNeeded);
            payment.sealed_action = Some(action::seal(app, action)?);
        }
        Outcome::Declined { code } => {
            payment.change(Change::Declined);
            payment.failure_code = Some(<&str>::from(code).to_owned());
            payment.sealed_action = None;
        }
        Outcome::Succeeded { .. } => {
            payment.captured_minor = payment.amount_minor;
            payment.change(Change::Taken);
            payment.sealed_action = None;
            let bought = bought(db, &payment, Account::Clearing(operation.gateway), now).await?;
            posting = posting.transfers(bought);
        }
        Outcome::Processing { .. } | Outcome::Unknown | Outcome::Unavailable => {
            payment.change(Change::StillRunning);
        }
    }
    save(db, payment, posting, now).await
}

/// Another try takes the place of a purchase whose gateway does not answer.
pub(crate) async fn give_way(
    db: &mut PgConnection,
    user: UserId,
    package: Uuid,
    now: Instant,
) -> ApiResult<()> {
    let Some(mut payment) = store::payments::lock_purchase(db, user, package).await? else { return Ok(()) };
    let Some(mut charge) = store::operations::live_charge(db, payment.id).await? else { return Ok(()) };
    superseded::supersede(db, &mut charge, now).await?;
    payment.change(Change::Superseded);
    let posting = Posting::new(format!("payment:{}:let_go", payment.id), "payment_let_go", now);
    save(db, payment, posting, now).await?;
    Ok(())
}

/// A refund of credits has arrived, or could not be brought.
async fn refunded(
    db: &mut PgConnection,
    operation: &Operation,
    before: Progress,
    now: Instant,
) -> ApiResult<Transfers> {
    let mut transfers = Transfers::default();
    match operation.state {
        Progress::Succeeded => refund::arrived(db, &mut transfers, operation, now).await?,
        Progress::Declined => refund::came_back(db, &mut transfers, operation, before, now).await?,
        Progress::Started | Progress::Open => {}
    }
    Ok(transfers)
}

/// The credits of a package that was paid, with what we give on top: what moves for them.
async fn bought(
    db: &mut PgConnection,
    payment: &Payment,
    from: Account,
    now: Instant,
) -> ApiResult<Transfers> {
    let package = store::credits::package_of(db, payment.id).await?.ok_or_else(ApiError::not_found)?;
    let user = payment.user_id;
    let buys = |kind, minor| Movement { user, kind, minor, description: package.name.clone(), booking: None };
    store::credits::move_credits(db, &buys(CreditKind::Purchase, package.credits_minor), now).await?;
    if package.bonus_minor > 0 {
        store::credits::move_credits(db, &buys(CreditKind::Bonus, package.bonus_minor), now).await?;
    }
    let lot = Lot {
        id: LotId::at(now),
        user_id: user,
        payment_id: Some(payment.id),
        is_granted: false,
        bonus_minor: package.bonus_minor,
        expires_at: now.plus(SignedDuration::from_hours(24 * i64::from(package.valid_days))),
        created_at: now,
    };
    credits::open(db, &lot).await?;
    let to = Account::Credits { user, lot: lot.id };
    let mut transfers = Transfers::default();
    transfers.add(from, to, euros(package.price_minor));
    transfers.add(Account::Promotions, to, euros(package.bonus_minor));
    Ok(transfers)
}

impl HeldLot {
    /// How much of it can go back to the tender that bought it: what was paid for and is not used. What we gave on top
    /// is used last, and is not paid out.
    pub(crate) fn refundable_minor(&self, now: Instant) -> i64 {
        let is_over = self.expires_at <= now;
        let bought = self.kept_minor.filter(|_| !is_over).unwrap_or(0);
        (self.left_minor - self.bonus_minor).min(bought).max(0)
    }

    /// Until when its owner may give it back without asking.
    pub(crate) fn change_of_mind_ends(&self) -> Instant {
        self.created_at.plus(CHANGE_OF_MIND)
    }
}

/// What becomes of a lot that is given back.
pub(crate) struct GivenBack {
    pub(crate) refund: Refund,
    /// What had been given on top, and is gone.
    pub(crate) forfeited: Money,
}

/// How much of a bought lot can go back by staff, and which payment bought it; both stay so until the transaction ends.
pub(crate) async fn refundable(
    db: &mut PgConnection,
    user: UserId,
    id: LotId,
    now: Instant,
) -> ApiResult<(PaymentId, Money)> {
    let lot = store::credits::lot(db, user, id).await?.ok_or_else(ApiError::not_found)?;
    let payment = lot.payment_id.ok_or(PaymentError::CreditsNotRefundable)?;
    store::payments::lock(db, payment).await?.ok_or_else(ApiError::not_found)?;
    store::credits::lock_wallet(db, user).await?;
    let held = store::credits::held(db, user, Some(id)).await?.pop();
    let minor = held.map_or(0, |held| held.refundable_minor(now));
    if minor > 0 { Ok((payment, euros(minor))) } else { Err(PaymentError::CreditsNotRefundable.into()) }
}

/// Gives what is left of a bought lot back to the tender that bought it. Staff may always, its owner for a while.
pub(crate) async fn give_back(
    db: &mut PgConnection,
    user: UserId,
    id: LotId,
    (by, reason): (UserId, &str),
    now: Instant,
) -> ApiResult<GivenBack> {
    let lot = store::credits::lot(db, user, id).await?.ok_or_else(ApiError::not_found)?;
    let payment = lot.payment_id.ok_or(PaymentError::CreditsNotRefundable)?;
    let mut payment = store::payments::lock(db, payment).await?.ok_or_else(ApiError::not_found)?;
    // Whoever spends waits here, or has spent.
    store::credits::lock_wallet(db, user).await?;
    let held = store::credits::held(db, user, Some(id)).await?.pop();
    let held = held.filter(|held| by != user || now < held.change_of_mind_ends());
    let held =
        held.filter(|held| held.refundable_minor(now) > 0).ok_or(PaymentError::CreditsNotRefundable)?;
    let (back, forfeited) = (held.refundable_minor(now), held.bonus_minor.min(held.left_minor));
    let description = held.description.unwrap_or_default();
    let takes = |kind, minor: i64| Movement {
        user,
        kind,
        minor: -minor,
        description: description.clone(),
        booking: None,
    };
    store::credits::move_credits(db, &takes(CreditKind::Refund, back), now).await?;
    if forfeited > 0 {
        store::credits::move_credits(db, &takes(CreditKind::Bonus, forfeited), now).await?;
    }
    store::credits::set_bonus(db, id, 0).await?;
    payment.refunded_minor += back;
    let refund = Refund {
        id: RefundId::at(now),
        payment_id: payment.id,
        amount_minor: back,
        credits_minor: 0,
        elsewhere_minor: 0,
        state: RefundState::Processing,
        reason: reason.to_owned(),
        requested_by: Some(by),
        tries: 0,
        retry_at: None,
        created_at: now,
        updated_at: now,
    };
    store::refunds::insert(db, &refund).await?;
    refund::bring(db, &refund, back).await?;
    let from = Account::Credits { user, lot: id };
    let posting = Posting::new(format!("refund:{}", refund.id), "credits_refunded", now)
        .transfer(from, Account::RefundsPayable(payment.id), euros(back))
        .transfer(from, Account::Promotions, euros(forfeited));
    save(db, payment, posting, now).await?;
    Ok(GivenBack { refund, forfeited: euros(forfeited) })
}
