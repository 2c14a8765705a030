//! Money on its way back to a customer: it is owed from the moment that it is decided, and until a gateway brought it.

use ledger::{Account, Transfers};
use platform::{
    error::ApiResult,
    ids::{PaymentId, RefundId, UserId},
    time::Instant,
};
use serde::Serialize;
use sqlx::PgConnection;

use crate::{
    case::Case,
    credits, earnings,
    operation::{self, Operation, Progress, Settler, Task},
    promo, retry, store, superseded,
};

/// How far a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = RefundStatus)]
pub enum RefundState {
    /// On its way.
    Processing,
    /// It has arrived.
    Succeeded,
    /// It could not be brought back; it is still owed.
    Failed,
}

/// A refund as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: RefundId,
    pub(crate) payment_id: PaymentId,
    pub(crate) amount_minor: i64,
    /// How much of it goes back to credits.
    pub(crate) credits_minor: i64,
    /// How much of it was brought without the gateway.
    pub(crate) elsewhere_minor: i64,
    pub(crate) state: RefundState,
    pub(crate) reason: String,
    pub(crate) requested_by: Option<UserId>,
    /// How often it was tried again by itself, after it had failed.
    pub(crate) tries: i16,
    /// When that happens next.
    pub(crate) retry_at: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// From where in the books it comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// An account that has it.
    Account(Account),
    /// What the provider has earned with it, and our share.
    Earnings,
}

/// Decides that so much goes back, and begins to bring it: the newest charge first. The caller has seen that so much
/// can go back, and says from where in the books it comes.
pub(crate) async fn back(
    db: &mut PgConnection,
    case: &mut Case,
    from: Source,
    minor: i64,
    reason: &str,
    by: Option<UserId>,
) -> ApiResult<Refund> {
    let credits_minor = credits::share_of_refund(db, case, minor).await?;
    case.payment.refunded_minor += minor;
    let to = case.refunds();
    let id = RefundId::at(case.now);
    match from {
        Source::Account(from) => case.transfer(from, to, minor),
        Source::Earnings => earnings::take_back(db, case, id.uuid(), to, minor).await?,
    }
    let is_there = credits_minor == minor;
    let refund = Refund {
        id,
        payment_id: case.payment.id,
        amount_minor: minor,
        credits_minor,
        elsewhere_minor: 0,
        state: if is_there { RefundState::Succeeded } else { RefundState::Processing },
        reason: reason.to_owned(),
        requested_by: by,
        tries: 0,
        retry_at: None,
        created_at: case.now,
        updated_at: case.now,
    };
    store::refunds::insert(db, &refund).await?;
    if credits_minor > 0 {
        credits::give_back(db, case, to, credits_minor).await?;
    }
    bring(db, &refund, minor - credits_minor).await?;
    let payment = &case.payment;
    if payment.kept_minor() <= payment.retained_minor() && payment.disputed_minor == 0 {
        promo::give_back(db, payment, case.now).await?;
    }
    Ok(refund)
}

/// Begins to bring it, by operations that are done once this has committed.
pub(crate) async fn bring(db: &mut PgConnection, refund: &Refund, minor: i64) -> ApiResult<()> {
    let mut left = minor;
    for mut charge in store::operations::refundable(db, refund.payment_id).await? {
        let part = left.min(charge.refundable_minor());
        if part <= 0 {
            continue;
        }
        left -= part;
        charge.refunded_minor += part;
        store::operations::save(db, &charge).await?;
        let back = Operation::to(&charge, Task::Refund, part, refund.updated_at);
        let operation = Operation { refund_id: Some(refund.id), ..back };
        operation::begin(db, &operation, Settler::Job).await?;
    }
    if left > 0 {
        return Err(
            anyhow::anyhow!("payment {} has no charges for {left} of a refund", refund.payment_id).into()
        );
    }
    Ok(())
}

/// A gateway has brought a part of it back.
pub(crate) async fn arrived(
    db: &mut PgConnection,
    transfers: &mut Transfers,
    operation: &Operation,
    now: Instant,
) -> ApiResult<()> {
    let owed = Account::RefundsPayable(operation.payment_id);
    transfers.add(owed, Account::Clearing(operation.gateway), operation.amount());
    if let Some(refund) = operation.refund_id {
        store::refunds::arrived(db, refund, now).await?;
    }
    Ok(())
}

/// A gateway could not bring it back, or a bank sent it back: it is owed again, until another try or another way brings
/// it.
pub(crate) async fn came_back(
    db: &mut PgConnection,
    transfers: &mut Transfers,
    operation: &Operation,
    before: Progress,
    now: Instant,
) -> ApiResult<()> {
    if before == Progress::Succeeded {
        let owed = Account::RefundsPayable(operation.payment_id);
        transfers.add(Account::Clearing(operation.gateway), owed, operation.amount());
    }
    if let Some(refund) = operation.refund_id {
        retry::failed(db, refund, operation.code.as_deref(), now).await?;
    } else {
        superseded::retry_refund(db, operation, now).await?;
    }
    Ok(())
}
