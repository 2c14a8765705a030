//! What happens to providers' money by itself, and what gateways say of it. Every job looks again before it does
//! something, so one that comes late or twice does nothing.

use jiff::{SignedDuration, tz::TimeZone};
use ledger::Purpose;
use platform::{
    app::App,
    error::{ApiError, ApiResult, Kind},
    ids::{BookingId, UserId, WithdrawalId},
    jobs::{self, Job, Registry, Timing},
    ports::gateway::{Event, Gateway, GatewayName, Outcome, Subject},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    account, books,
    store::{accounts, withdrawals},
    withdrawal::{self, Withdrawal, WithdrawalKind},
};

/// How often is looked for withdrawals whose day has come.
const SCHEDULED_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .job::<ReleaseEarning>()
        .job::<PayWithdrawal>()
        .job::<RefreshAccount>()
        .every(SCHEDULED_EVERY, &WithdrawScheduled {})
}

/// A gateway has sent a message: it is asked about what the message is about. Messages that do not concern payouts do
/// nothing, so all of them may be passed on.
pub async fn hear(
    db: &mut PgConnection,
    gateway: GatewayName,
    event: &Event,
    now: Instant,
) -> sqlx::Result<()> {
    match event.subject {
        Subject::PayOut => {
            let named = event.operation.map(|operation| WithdrawalId::from(operation.uuid()));
            match withdrawals::meant(db, named, gateway, &event.reference).await? {
                Some(withdrawal) => PayWithdrawal { withdrawal }.plan(db, now, now).await,
                None => Ok(()),
            }
        }
        Subject::Account => match accounts::holder(db, gateway, &event.reference).await? {
            Some(provider) => jobs::enqueue(db, &RefreshAccount { provider }, now).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The time for complaints about a job is over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReleaseEarning {
    pub(crate) booking: BookingId,
}

impl Job for ReleaseEarning {
    const KIND: &'static str = "payouts.release_earning";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let mut tx = app.db.begin().await?;
        books::release(&mut tx, self.booking, app.clock.now()).await.map_err(|error| failed(&error))?;
        tx.commit().await?;
        Ok(())
    }
}

/// Has a withdrawal paid, or asks what became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PayWithdrawal {
    pub(crate) withdrawal: WithdrawalId,
}

impl PayWithdrawal {
    /// Runs at a time, in place of an earlier plan.
    pub(crate) async fn plan(&self, db: &mut PgConnection, at: Instant, now: Instant) -> sqlx::Result<()> {
        let timing = Timing { at: Some(at), key: Some(format!("withdrawal:{}", self.withdrawal)) };
        jobs::schedule(db, self, now, timing).await
    }
}

impl Job for PayWithdrawal {
    const KIND: &'static str = "payouts.pay_withdrawal";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let found = withdrawals::find(&mut *app.db.acquire().await?, self.withdrawal).await?;
        let Some(withdrawal) = found else { return Ok(()) };
        let outcome = match app.gateways.named(withdrawal.gateway) {
            Some(gateway) => ask_or_pay(gateway.as_ref(), &withdrawal).await,
            None => Outcome::Unavailable,
        };
        if matches!(outcome, Outcome::Unavailable | Outcome::Unknown) {
            tracing::warn!(withdrawal.id = %withdrawal.id, withdrawal.asked, "what became of a withdrawal is not known");
        }
        let mut tx = app.db.begin().await?;
        withdrawal::record(&mut tx, withdrawal.id, &outcome, app.clock.now())
            .await
            .map_err(|error| failed(&error))?;
        tx.commit().await?;
        Ok(())
    }
}

/// Asks first, always: whoever crashed after paying does not know that they did.
async fn ask_or_pay(gateway: &dyn Gateway, withdrawal: &Withdrawal) -> Outcome {
    let operation = withdrawal.operation();
    match gateway.outcome_of(&operation, withdrawal.reference.as_deref()).await {
        Some(outcome) => outcome,
        None if withdrawal.state.is_open() => gateway.perform(&operation).await,
        None => Outcome::Unknown,
    }
}

/// Asks the gateway how a provider's account stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefreshAccount {
    provider: UserId,
}

impl Job for RefreshAccount {
    const KIND: &'static str = "payouts.refresh_account";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let account = accounts::find(&mut *app.db.acquire().await?, self.provider).await?;
        if let Some(account) = account {
            refresh(app, account).await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// The account as the gateway says that it stands.
pub(crate) async fn refresh(app: &App, account: account::Account) -> ApiResult<account::Account> {
    let Some(gateway) = app.gateways.named(account.gateway) else { return Ok(account) };
    let Some(news) = gateway.account(&account.reference).await? else { return Ok(account) };
    let mut tx = app.db.begin().await?;
    let refreshed = account::record(&mut tx, account.provider_id, news, app.clock.now()).await?;
    tx.commit().await?;
    Ok(refreshed.unwrap_or(account))
}

/// Withdraws everything for those whose day has come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WithdrawScheduled {}

impl Job for WithdrawScheduled {
    const KIND: &'static str = "payouts.withdraw_scheduled";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        for provider in accounts::due(&mut *app.db.acquire().await?, now).await? {
            let mut tx = app.db.begin().await?;
            withdraw_everything(&mut tx, app, provider, now).await.map_err(|error| failed(&error))?;
            tx.commit().await?;
        }
        Ok(())
    }
}

async fn withdraw_everything(
    db: &mut PgConnection,
    app: &App,
    provider: UserId,
    now: Instant,
) -> ApiResult<()> {
    let account = accounts::lock(db, provider).await?;
    let Some(mut account) = account.filter(|account| account.next_at.is_some_and(|at| at <= now)) else {
        return Ok(());
    };
    let zone = accounts::timezone(db, provider).await?;
    account.next_at = account.schedule.next(now, &TimeZone::get(&zone).unwrap_or(TimeZone::UTC));
    accounts::save(db, &account).await?;
    for (_, balance) in ledger::balances(db, provider, &[Purpose::ProviderAvailable]).await? {
        // Too little, another withdrawal, an account that is not active: the next day will do.
        let (amount, kind) = (balance.available(), WithdrawalKind::Scheduled);
        match withdrawal::withdraw(db, &app.gateways, provider, amount, kind, now).await {
            Err(error) if !matches!(error.kind(), Kind::Conflict | Kind::Invalid) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn failed(error: &ApiError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
