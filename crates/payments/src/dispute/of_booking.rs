//! Disputes about what a booking cost: the provider waits for what they earned with it.

use platform::{
    app::App,
    config::MarketSettings,
    error::ApiResult,
    ids::PaymentId,
    ports::gateway::{Dispute, DisputeStatus, GatewayName},
};
use sqlx::PgConnection;

use super::StoredDispute;
use crate::{case::Case, earnings, follow, store};

/// Does what follows from what the gateway says.
pub(super) async fn hear(
    db: &mut PgConnection,
    app: &App,
    gateway: GatewayName,
    payment: PaymentId,
    told: &Dispute,
) -> ApiResult<()> {
    let mut case = Case::open(db, payment, app.clock.now()).await?;
    let known = store::disputes::lock(db, gateway, &told.reference).await?;
    let mut dispute = match known {
        Some(known) if known.is_changed_by(told) => known,
        Some(_) => return Ok(()),
        None => open(db, &mut case, gateway, told).await?,
    };
    decide(db, &mut case, &mut dispute, told.status, &app.settings.market).await?;
    store::disputes::save(db, &dispute).await?;
    case.save(db, dispute.operation(), "payment_disputed").await?;
    Ok(())
}

async fn open(
    db: &mut PgConnection,
    case: &mut Case,
    gateway: GatewayName,
    told: &Dispute,
) -> sqlx::Result<StoredDispute> {
    let dispute = StoredDispute::new(gateway, told, &case.payment, case.now);
    let (payment, transfers) = case.payment_and_transfers();
    dispute.take_money(payment, transfers);
    if !case.payment.is_tip {
        payouts::hold_earning(db, case.booking.id).await?;
    }
    Ok(dispute)
}

async fn decide(
    db: &mut PgConnection,
    case: &mut Case,
    dispute: &mut StoredDispute,
    status: DisputeStatus,
    market: &MarketSettings,
) -> ApiResult<()> {
    (dispute.state, dispute.updated_at) = (status, case.now);
    let (minor, escrow, disputes) = (dispute.disputed_minor, case.escrow(), dispute.account());
    // While an operator decides, too, it waits for them.
    let is_free = status != DisputeStatus::Open && case.booking.state != bookings::State::Disputed;
    if is_free && !case.payment.is_tip {
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
            let (payment, transfers) = case.payment_and_transfers();
            dispute.return_money(payment, transfers);
            // Meanwhile the booking has come to its end, without this money.
            if dispute.is_from_escrow && case.payment.closed_at.is_some() && minor > 0 {
                follow::distribute(db, case, minor, market).await?;
            }
            follow::take_excess(db, case).await
        }
    }
}
