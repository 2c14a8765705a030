//! Disputes about what a booking cost: the provider waits for what they earned with it.

use platform::{
    app::App,
    config::MarketSettings,
    error::{ApiError, ApiResult},
    ids::{OperationId, PaymentId},
    ports::gateway::{Dispute, DisputeStatus},
};
use sqlx::PgConnection;

use super::StoredDispute;
use crate::{
    case::{Case, Stage},
    earnings,
    operation::Operation,
    refund::{self, Source},
    store,
};

/// Does what follows from what the gateway says.
pub(super) async fn hear(
    db: &mut PgConnection,
    app: &App,
    charge: OperationId,
    payment: PaymentId,
    told: &Dispute,
) -> ApiResult<()> {
    let mut case = Case::open(db, payment, app.clock.now()).await?;
    let mut charge = store::operations::lock(db, charge).await?.ok_or_else(ApiError::not_found)?;
    let known = store::disputes::lock(db, charge.gateway, &told.reference).await?;
    let mut dispute = match known {
        Some(known) if known.is_changed_by(told) => known,
        Some(_) => return Ok(()),
        None => open(db, &mut case, &mut charge, told).await?,
    };
    decide(db, &mut case, charge, &mut dispute, told.status, &app.settings.market).await?;
    store::disputes::save(db, &dispute).await?;
    case.save(db, dispute.operation(), "payment_disputed").await?;
    Ok(())
}

async fn open(
    db: &mut PgConnection,
    case: &mut Case,
    charge: &mut Operation,
    told: &Dispute,
) -> sqlx::Result<StoredDispute> {
    let dispute = StoredDispute::new(charge, told, &case.payment, case.now);
    let (payment, transfers) = case.payment_and_transfers();
    dispute.take_money(db, charge, payment, transfers).await?;
    if !case.payment.is_tip {
        payouts::hold_earning(db, case.booking.id).await?;
    }
    Ok(dispute)
}

async fn decide(
    db: &mut PgConnection,
    case: &mut Case,
    charge: Operation,
    dispute: &mut StoredDispute,
    status: DisputeStatus,
    market: &MarketSettings,
) -> ApiResult<()> {
    (dispute.state, dispute.updated_at) = (status, case.now);
    let (minor, escrow, disputes) = (dispute.disputed_minor, case.escrow(), dispute.account());
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
            let (payment, transfers) = case.payment_and_transfers();
            dispute.return_money(db, charge, payment, transfers).await?;
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
