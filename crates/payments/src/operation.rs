//! What a gateway is asked to do: written down, asked, and settled by what it answers.
//!
//! Three steps, and a crash between any two of them leaves a row from which a job goes on: [`begin`] in the
//! transaction that decides, [`ask`] outside of any, [`crate::settle::settle`] in a transaction of its own.

use std::time::Duration;

use jiff::SignedDuration;
use platform::{
    app::App,
    ids::{InstallmentId, OperationId, PaymentId, RefundId},
    jobs::{self, Timing},
    money::{Currency, Money},
    ports::gateway::{self, Capture, Charge, GatewayName, Outcome},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{jobs::Pursue, model::Payment, store};

/// No call takes longer.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// When a job looks after an operation whose request should have settled it.
const REQUEST_IS_OVER: SignedDuration = SignedDuration::from_secs(20);

/// What a gateway is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Task {
    Charge,
    Capture,
    Void,
    Refund,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Progress {
    /// Written down; nobody knows whether the gateway heard of it.
    Started,
    /// The gateway works on it, or waits for the payer.
    Open,
    Succeeded,
    Declined,
}

impl Progress {
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Declined)
    }
}

/// An operation as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: OperationId,
    pub(crate) payment_id: PaymentId,
    pub(crate) refund_id: Option<RefundId>,
    pub(crate) installment_id: Option<InstallmentId>,
    pub(crate) gateway: GatewayName,
    pub(crate) task: Task,
    pub(crate) charge_id: Option<OperationId>,
    /// The gateway's name for that charge.
    pub(crate) charge: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) payer: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) captures_later: bool,
    pub(crate) is_payer_present: bool,
    pub(crate) description: String,
    pub(crate) state: Progress,
    pub(crate) reference: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) asked: i16,
    pub(crate) refunded_minor: i64,
    /// Of a charge: how much of it the payer's bank has taken back.
    pub(crate) disputed_minor: i64,
    /// Its gateway did not answer, and the payer has tried again: what comes of it goes back.
    pub(crate) is_superseded: bool,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl Operation {
    /// A new one of a payment; the caller fills in what is special about it.
    pub(crate) fn new(
        payment: PaymentId,
        gateway: GatewayName,
        task: Task,
        amount: Money,
        now: Instant,
    ) -> Self {
        Self {
            id: OperationId::at(now),
            payment_id: payment,
            refund_id: None,
            installment_id: None,
            gateway,
            task,
            charge_id: None,
            charge: None,
            amount_minor: amount.minor,
            currency: amount.currency,
            payer: None,
            method: None,
            captures_later: false,
            is_payer_present: false,
            description: String::new(),
            state: Progress::Started,
            reference: None,
            code: None,
            asked: 0,
            refunded_minor: 0,
            disputed_minor: 0,
            is_superseded: false,
            created_at: now,
            updated_at: now,
        }
    }

    /// The charge of all of a payment, whose payer waits for it.
    pub(crate) fn by_payer(payment: &Payment, gateway: GatewayName, now: Instant) -> Self {
        Self {
            payer: payment.payer.clone(),
            method: payment.method.clone(),
            is_payer_present: true,
            ..Self::new(payment.id, gateway, Task::Charge, payment.amount(), now)
        }
    }

    /// One that does something to a charge.
    pub(crate) fn to(charge: &Self, task: Task, minor: i64, now: Instant) -> Self {
        let amount = Money::new(minor, charge.currency);
        Self {
            charge_id: Some(charge.id),
            charge: charge.reference.clone(),
            ..Self::new(charge.payment_id, charge.gateway, task, amount, now)
        }
    }

    pub(crate) fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// Whether the gateway was asked, and has not answered.
    pub(crate) fn is_unanswered(&self, now: Instant) -> bool {
        let is_asked = self.asked > 0 || self.created_at.plus(REQUEST_IS_OVER) <= now;
        self.state == Progress::Started && !self.is_superseded && is_asked
    }

    /// How much of a charge has neither gone back nor been taken back by the payer's bank.
    pub(crate) fn refundable_minor(&self) -> i64 {
        self.amount_minor - self.refunded_minor - self.disputed_minor
    }

    /// The same for the gateway; the same words each time, since a gateway compares them.
    fn order(&self, app: &App) -> gateway::Operation {
        let charge = self.charge.clone().unwrap_or_default();
        let task = match self.task {
            Task::Charge => gateway::Task::Charge(Charge {
                amount: self.amount(),
                payer: self.payer.clone(),
                method: self.method.clone(),
                capture: if self.captures_later { Capture::Later } else { Capture::Now },
                is_payer_present: self.is_payer_present,
                description: self.description.clone(),
                return_url: app.url("/"),
            }),
            Task::Capture => gateway::Task::Capture { charge, amount: self.amount() },
            Task::Void => gateway::Task::Void { charge },
            Task::Refund => gateway::Task::Refund { charge, amount: self.amount() },
        };
        gateway::Operation { id: self.id, task }
    }
}

/// Who settles an operation that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settler {
    /// The request that begins it; a job only if the request does not come to it.
    Request,
    /// A job, as soon as the transaction has committed.
    Job,
}

/// Writes an operation down. Nobody is asked before this has committed.
pub(crate) async fn begin(
    db: &mut PgConnection,
    operation: &Operation,
    settler: Settler,
) -> sqlx::Result<()> {
    store::operations::insert(db, operation).await?;
    let now = operation.created_at;
    let at = match settler {
        Settler::Request => now.plus(REQUEST_IS_OVER),
        Settler::Job => now,
    };
    look_after(db, operation.id, at, now).await
}

/// Lets a job look after an operation at a time, and no earlier.
pub(crate) async fn look_after(
    db: &mut PgConnection,
    id: OperationId,
    at: Instant,
    now: Instant,
) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(Pursue::key(id)) };
    jobs::schedule(db, &Pursue { operation_id: id }, now, timing).await
}

/// Has it done.
pub(crate) async fn ask(app: &App, operation: &Operation) -> Outcome {
    let Some(gateway) = app.gateways.named(operation.gateway) else { return Outcome::Unavailable };
    let answer = tokio::time::timeout(TIME_LIMIT, gateway.perform(&operation.order(app))).await;
    answer.unwrap_or(Outcome::Unknown)
}

/// Asks what became of it; `None` where the gateway has never heard of it.
pub(crate) async fn ask_again(app: &App, operation: &Operation) -> Option<Outcome> {
    let Some(gateway) = app.gateways.named(operation.gateway) else { return Some(Outcome::Unavailable) };
    let order = operation.order(app);
    let answer = gateway.outcome_of(&order, operation.reference.as_deref());
    tokio::time::timeout(TIME_LIMIT, answer).await.unwrap_or(Some(Outcome::Unknown))
}
