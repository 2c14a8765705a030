//! What a provider earns with a booking, in the words of `payouts`.

use bookings::Booking;
use ledger::{Account, CountryCode, Posting, Transfers};
use payouts::{Earning, Paid, Reversal, Tax, Tip};
use platform::{config::MarketSettings, error::ApiResult, time::Instant};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    case::{Case, Stage},
    promo, store,
};

/// So much of what is in the escrow of the booking becomes the provider's and ours, with what we add for a promotion.
/// The caller calls it once for each part of the price.
pub(crate) async fn earn(
    db: &mut PgConnection,
    case: &mut Case,
    minor: i64,
    market: &MarketSettings,
) -> ApiResult<()> {
    let before = case.payment.earned_minor;
    case.payment.earned_minor += minor;
    let (escrow, now) = (case.escrow(), case.now);
    if case.payment.is_tip {
        let tip = tip(case, minor);
        return Ok(payouts::tip(db, &tip, escrow, case.transfers(), now).await?);
    }
    let shares = case.payment.parts().between(before, before + minor);
    case.transfer(Account::Promotions, escrow, shares.subsidy);
    case.transfer(escrow, Account::ServiceFees, shares.fee);
    if case.stage() == Stage::Done && case.payment.promo_id.is_some() {
        promo::thank(db, case.payment.id, market.referral_reward.into(), now).await?;
    }
    let earning = of(db, &case.booking, Paid::ToUs, shares.provider, market).await?;
    payouts::earn(db, &earning, case.transfers(), market, now).await
}

fn tip(case: &Case, minor: i64) -> Tip {
    Tip {
        payment: case.payment.id,
        booking: case.booking.id,
        provider: case.booking.provider_id,
        service_title: case.booking.service_title.clone(),
        amount: case.payment.money(minor),
    }
}

/// Money that was earned is taken back, by the id of what it is taken back for.
pub(crate) async fn take_back(
    db: &mut PgConnection,
    case: &mut Case,
    id: Uuid,
    to: Account,
    minor: i64,
) -> ApiResult<()> {
    let (before, now) = (case.payment.earned_minor, case.now);
    case.payment.earned_minor -= minor;
    if case.payment.is_tip {
        let tip = tip(case, minor);
        return Ok(payouts::reverse_tip(db, id, &tip, to, case.transfers(), now).await?);
    }
    let shares = case.payment.parts().between(before - minor, before);
    case.transfer(Account::ServiceFees, to, shares.fee);
    case.transfer(to, Account::Promotions, shares.subsidy);
    let amount = case.payment.money(shares.provider);
    let reversal = Reversal { id, booking: case.booking.id, amount, to };
    if amount.minor == 0 || payouts::reverse(db, &reversal, case.transfers(), now).await? {
        return Ok(());
    }
    Err(anyhow::anyhow!("booking {} has earned nothing that could be taken back", case.booking.id).into())
}

/// The job was paid on site: the provider has the money, and owes us our share. Once for each booking.
pub(crate) async fn earn_cash(
    db: &mut PgConnection,
    booking: &Booking,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<()> {
    let earning = of(db, booking, Paid::InCash, booking.total_minor, market).await?;
    let mut transfers = Transfers::default();
    payouts::earn(db, &earning, &mut transfers, market, now).await?;
    let posting = Posting::new(format!("booking:{}:cash", booking.id), "cash_commission", now);
    ledger::post_if_any(db, &posting.about(booking.id).transfers(transfers)).await?;
    Ok(())
}

async fn of(
    db: &mut PgConnection,
    booking: &Booking,
    paid: Paid,
    minor: i64,
    market: &MarketSettings,
) -> sqlx::Result<Earning> {
    let tax = market.commission_tax.as_ref();
    let tax = tax.and_then(|tax| Some(Tax { country: CountryCode::parse(&tax.country)?, bps: tax.bps }));
    Ok(Earning {
        booking: booking.id,
        provider: booking.provider_id,
        category: store::payments::category_of(db, booking.service_id).await?,
        service_title: booking.service_title.clone(),
        gross: booking.money(minor),
        paid,
        booked_at: booking.created_at,
        commission_bps: u16::try_from(booking.commission_bps).unwrap_or_default(),
        tax,
    })
}
