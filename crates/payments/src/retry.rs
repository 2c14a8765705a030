//! Refunds that a gateway could not bring: tried again by themselves a few times, where that may help; then it is up to
//! staff, who may choose another way.

use jiff::SignedDuration;
use ledger::{Account, Posting, Transfers};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ids::RefundId,
    jobs::{self, Job, Timing},
    ports::gateway::DeclineCode,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    case::Case,
    credits,
    jobs::failed as job_failed,
    model::{Payment, PaymentError},
    purchase,
    refund::{self, Refund, RefundState},
    store,
};

/// How long it waits before the first, the second and the last time.
const PAUSES: [SignedDuration; 3] =
    [SignedDuration::from_hours(1), SignedDuration::from_hours(24), SignedDuration::from_hours(72)];

/// Another way for what a gateway could not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = RefundWay)]
pub(crate) enum Way {
    /// Once more by the gateway.
    Gateway,
    /// As credits, where the payment was in euros.
    Credits,
    /// By a transfer from our own bank account.
    BankTransfer,
}

/// Who tries again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt<'a> {
    /// The clock, by the gateway.
    Clock,
    /// Somebody of finance, who says why for the books.
    Staff(Way, &'a str),
}

/// Whether what a gateway says may be otherwise another day.
fn may_pass(code: Option<&str>) -> bool {
    let code = code.and_then(|code| code.parse().ok());
    matches!(code, Some(DeclineCode::ProcessingError | DeclineCode::PayoutFundsMissing))
}

/// When a refund is tried again by itself that failed now for a reason, after so many times.
fn next_try(tries: i16, code: Option<&str>, now: Instant) -> Option<Instant> {
    let pause = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries));
    pause.filter(|_| may_pass(code)).map(|pause| now.plus(*pause))
}

/// A part of a refund could not be brought: another try is planned, or staff have to look.
pub(crate) async fn failed(
    db: &mut PgConnection,
    id: RefundId,
    code: Option<&str>,
    now: Instant,
) -> sqlx::Result<()> {
    let Some(refund) = store::refunds::lock(db, id).await? else { return Ok(()) };
    let retry_at = next_try(refund.tries, code, now);
    store::refunds::failed(db, id, retry_at, now).await?;
    if retry_at.is_none() {
        tracing::error!(refund.id = %id, payment.id = %refund.payment_id, "a refund could not be brought back");
        return Ok(());
    }
    let timing = Timing { at: retry_at, key: Some(format!("refund:{id}:retry")) };
    jobs::schedule(db, &RetryRefund { refund_id: id }, now, timing).await
}

/// Tries a refund again whose time has come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RetryRefund {
    refund_id: RefundId,
}

impl Job for RetryRefund {
    const KIND: &'static str = "payments.retry_refund";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let (mut tx, now) = (app.db.begin().await?, app.clock.now());
        // Staff may have been faster.
        if !store::refunds::is_due(&mut tx, self.refund_id, now).await? {
            return Ok(());
        }
        let tried = bring_failed(&mut tx, self.refund_id, Attempt::Clock, now).await;
        tried.map_err(|error| job_failed(&error))?;
        tx.commit().await?;
        app.jobs_waiting.notify_one();
        Ok(())
    }
}

/// Brings what could not be brought of a refund; 409 `refund_not_failed` where nothing failed.
pub(crate) async fn bring_failed(
    db: &mut PgConnection,
    id: RefundId,
    attempt: Attempt<'_>,
    now: Instant,
) -> ApiResult<(Refund, Payment)> {
    let payment = store::refunds::payment_of(db, id).await?.ok_or_else(ApiError::not_found)?;
    let way = <&str>::from(attempt.way());
    // A refund may fail and be brought several times.
    let (name, kind) = (format!("refund:{id}:{way}:{now}"), "refund_brought");
    if store::payments::booking_of(db, payment).await?.is_none() {
        let payment = store::payments::lock(db, payment).await?.ok_or_else(ApiError::not_found)?;
        let (refund, transfers) = attempt.make(db, &payment, id, now).await?;
        let posting = Posting::new(name, kind, now).transfers(transfers);
        return Ok((refund, purchase::save(db, payment, posting, now).await?));
    }
    let mut case = Case::open(db, payment, now).await?;
    let (refund, transfers) = attempt.make(db, &case.payment, id, now).await?;
    *case.transfers() = transfers;
    Ok((refund, case.save(db, name, kind).await?.payment))
}

impl Attempt<'_> {
    fn way(self) -> Way {
        match self {
            Self::Clock => Way::Gateway,
            Self::Staff(way, _) => way,
        }
    }

    /// The payment is locked; what moves is posted by the caller.
    async fn make(
        self,
        db: &mut PgConnection,
        payment: &Payment,
        id: RefundId,
        now: Instant,
    ) -> ApiResult<(Refund, Transfers)> {
        let mut refund = store::refunds::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
        if refund.state != RefundState::Failed {
            return Err(PaymentError::RefundNotFailed.into());
        }
        let missing = store::refunds::missing(db, id).await?;
        let mut transfers = Transfers::default();
        (refund.retry_at, refund.updated_at) = (None, now);
        match self.way() {
            Way::Gateway => {
                store::refunds::free_charges(db, id).await?;
                refund.state = RefundState::Processing;
                refund::bring(db, &refund, missing).await?;
            }
            Way::Credits => credits::instead(db, payment, missing, &mut transfers, now).await?,
            Way::BankTransfer => {
                transfers.add(Account::RefundsPayable(payment.id), Account::Bank, payment.money(missing));
            }
        }
        if self.way() != Way::Gateway {
            refund.elsewhere_minor += missing;
            refund.state = RefundState::Succeeded;
        }
        let note = match self {
            Self::Clock => {
                refund.tries += 1;
                None
            }
            Self::Staff(_, note) => Some(note),
        };
        store::refunds::save(db, &refund, note).await?;
        Ok((refund, transfers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_is_tried_three_times_more_and_only_where_that_may_help() {
        let now = Instant::from(jiff::Timestamp::UNIX_EPOCH);
        let hours = |tries, code| next_try(tries, Some(code), now).map(|at| at.since(now).as_hours());
        let pauses: Vec<_> = (0..5).map(|tries| hours(tries, "processing_error")).collect();
        assert_eq!(pauses, [Some(1), Some(24), Some(72), None, None]);
        assert_eq!(hours(0, "payout_funds_missing"), Some(1));
        for code in ["charge_not_open", "method_not_supported", "no code of ours"] {
            assert_eq!(hours(0, code), None, "{code}");
        }
        assert_eq!(next_try(0, None, now), None);
    }
}
