//! Payers who want their money back through their bank: the gateway takes it at once, and gives it back where we win.

use ledger::Account;
use platform::{
    app::App,
    config::MarketSettings,
    error::ApiResult,
    ids::{DisputeId, PaymentId},
    ports::gateway::{Dispute, DisputeStatus, GatewayName},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    case::{Case, Stage},
    earnings,
    refund::{self, Source},
    store,
};

/// A dispute as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredDispute {
    pub(crate) id: DisputeId,
    pub(crate) gateway: GatewayName,
    pub(crate) reference: String,
    pub(crate) payment_id: PaymentId,
    pub(crate) amount_minor: i64,
    pub(crate) disputed_minor: i64,
    pub(crate) is_from_escrow: bool,
    pub(crate) state: DisputeStatus,
    pub(crate) respond_by: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// Asks how a dispute stands, and does what follows; one that nobody told us of in time is opened and decided at once.
pub(crate) async fn hear(app: &App, gateway: GatewayName, reference: &str) -> ApiResult<()> {
    let Some(asked) = app.gateways.named(gateway) else { return Ok(()) };
    let Some(told) = asked.dispute(reference).await? else { return Ok(()) };
    let mut tx = app.db.begin().await?;
    let charge = store::operations::by_reference(&mut tx, gateway, &told.charge).await?;
    let Some((_, payment)) = charge else {
        tracing::error!(reference, "a dispute is about a charge that is not ours");
        return Ok(());
    };
    let mut case = Case::open(&mut tx, payment, app.clock.now()).await?;
    let found = store::disputes::lock(&mut tx, gateway, reference).await?;
    if found.as_ref().is_some_and(|known| known.state == told.status || known.state != DisputeStatus::Open) {
        return Ok(());
    }
    let mut dispute = match found {
        Some(known) => known,
        None => open(&mut tx, &mut case, gateway, &told).await?,
    };
    decide(&mut tx, &mut case, &mut dispute, told.status, &app.settings.market).await?;
    store::disputes::save(&mut tx, &dispute).await?;
    let name = format!("dispute:{reference}:{}", <&str>::from(told.status));
    case.save(&mut tx, name, "payment_disputed").await?;
    Ok(tx.commit().await?)
}

/// The gateway has taken the money, and the provider waits for what they earned with it.
async fn open(
    db: &mut PgConnection,
    case: &mut Case,
    gateway: GatewayName,
    told: &Dispute,
) -> sqlx::Result<StoredDispute> {
    let disputed = told.amount.minor.min(case.payment.kept_minor());
    case.payment.disputed_minor += disputed;
    case.transfer(case.disputes(), Account::Clearing(gateway), disputed);
    // What had gone back to the payer already goes out a second time.
    case.transfer(Account::Losses, Account::Clearing(gateway), told.amount.minor - disputed);
    tracing::warn!(payment.id = %case.payment.id, "a payment is disputed");
    if !case.payment.is_tip {
        payouts::hold_earning(db, case.booking.id).await?;
    }
    Ok(StoredDispute {
        id: DisputeId::at(case.now),
        gateway,
        reference: told.reference.clone(),
        payment_id: case.payment.id,
        amount_minor: told.amount.minor,
        disputed_minor: disputed,
        is_from_escrow: case.payment.closed_at.is_none(),
        state: DisputeStatus::Open,
        respond_by: told.respond_by,
        created_at: case.now,
        updated_at: case.now,
    })
}

async fn decide(
    db: &mut PgConnection,
    case: &mut Case,
    dispute: &mut StoredDispute,
    status: DisputeStatus,
    market: &MarketSettings,
) -> ApiResult<()> {
    (dispute.state, dispute.updated_at) = (status, case.now);
    let (minor, escrow, disputes) = (dispute.disputed_minor, case.escrow(), case.disputes());
    if status != DisputeStatus::Open && !case.payment.is_tip {
        payouts::free_earning(db, case.booking.id, case.now).await?;
    }
    match status {
        DisputeStatus::Open => Ok(()),
        DisputeStatus::Lost if dispute.is_from_escrow => {
            case.transfer(escrow, disputes, minor);
            Ok(())
        }
        // All of it had gone back before.
        DisputeStatus::Lost if minor == 0 => Ok(()),
        DisputeStatus::Lost => earnings::take_back(db, case, dispute.id.uuid(), disputes, minor).await,
        DisputeStatus::Won => {
            let from = Account::Clearing(dispute.gateway);
            case.transfer(from, disputes, minor);
            case.transfer(from, Account::Losses, dispute.amount_minor - minor);
            case.payment.disputed_minor -= minor;
            // Meanwhile the booking has come to its end, without this money.
            if dispute.is_from_escrow && case.payment.closed_at.is_some() && minor > 0 {
                if case.stage() == Stage::Off {
                    refund::back(db, case, Source::Account(escrow), minor, "booking_cancelled", None).await?;
                } else {
                    earnings::earn(db, case, minor, market).await?;
                }
            }
            Ok(())
        }
    }
}
