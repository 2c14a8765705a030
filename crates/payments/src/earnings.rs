//! What a provider earns with a booking, and what of it is ours, by the share that the booking was made with.

use bookings::Booking;
use ledger::{Account, Posting};
use platform::{
    error::ApiResult,
    ids::{BookingId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{case::Case, store};

/// What was earned with a booking by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Earning {
    pub(crate) booking_id: BookingId,
    pub(crate) provider_id: UserId,
    pub(crate) currency: Currency,
    pub(crate) gross_minor: i64,
    pub(crate) commission_minor: i64,
    pub(crate) is_cash: bool,
    pub(crate) earned_at: Instant,
    pub(crate) released_at: Option<Instant>,
}

impl Earning {
    fn none(booking: &Booking, is_cash: bool, now: Instant) -> Self {
        Self {
            booking_id: booking.id,
            provider_id: booking.provider_id,
            currency: booking.currency,
            gross_minor: 0,
            commission_minor: 0,
            is_cash,
            earned_at: now,
            released_at: None,
        }
    }

    /// So much more, or less, was earned. How much of it is the provider's, and how much is ours: what was earned
    /// bit by bit has the same share as what was earned at once.
    fn add(&mut self, minor: i64, bps: i32) -> (i64, i64) {
        self.gross_minor += minor;
        let bps = u16::try_from(bps).unwrap_or_default();
        let (commission, _) = Money::new(self.gross_minor, self.currency).split_bps(bps);
        let ours = commission.minor - self.commission_minor;
        self.commission_minor = commission.minor;
        (minor - ours, ours)
    }
}

/// Money becomes the provider's and ours.
pub(crate) async fn earn(db: &mut PgConnection, case: &mut Case, from: Account, minor: i64) -> ApiResult<()> {
    let found = store::earnings::lock(db, case.booking.id).await?;
    let mut earning = found.unwrap_or_else(|| Earning::none(&case.booking, false, case.now));
    let (theirs, ours) = earning.add(minor, case.booking.commission_bps);
    store::earnings::save(db, &earning).await?;
    let provider = case.booking.provider_id;
    let to = match earning.released_at {
        None => Account::ProviderPending(provider),
        Some(_) => Account::ProviderAvailable(provider),
    };
    case.transfer(from, to, theirs);
    case.transfer(from, Account::Commission, ours);
    Ok(())
}

/// Money that was earned is taken back: from what is not released yet, then from what the provider could withdraw,
/// and what they have withdrawn already they owe.
pub(crate) async fn take_back(
    db: &mut PgConnection,
    case: &mut Case,
    to: Account,
    minor: i64,
) -> ApiResult<()> {
    let found = store::earnings::lock(db, case.booking.id).await?;
    let mut earning = found.unwrap_or_else(|| Earning::none(&case.booking, false, case.now));
    let (theirs, ours) = earning.add(-minor, case.booking.commission_bps);
    store::earnings::save(db, &earning).await?;
    let (provider, theirs, ours) = (case.booking.provider_id, -theirs, -ours);
    case.transfer(Account::Commission, to, ours);
    if earning.released_at.is_none() {
        case.transfer(Account::ProviderPending(provider), to, theirs);
        return Ok(());
    }
    let available = Account::ProviderAvailable(provider);
    let balance = ledger::balance(db, available, case.booking.currency).await?;
    let there = theirs.min(balance.available().minor.max(0));
    case.transfer(available, to, there);
    case.transfer(Account::ProviderOwed(provider), to, theirs - there);
    Ok(())
}

/// The job was paid on site: the provider has the money, and owes us our share. Once for each booking.
pub(crate) async fn earn_cash(db: &mut PgConnection, booking: &Booking, now: Instant) -> ApiResult<()> {
    if store::earnings::lock(db, booking.id).await?.is_some() {
        return Ok(());
    }
    let mut earning = Earning { released_at: Some(now), ..Earning::none(booking, true, now) };
    let (_, ours) = earning.add(booking.total_minor, booking.commission_bps);
    store::earnings::save(db, &earning).await?;
    if ours > 0 {
        let debt = Posting::new(format!("booking:{}:cash", booking.id), "cash_commission", now)
            .about(booking.id)
            .transfer(Account::ProviderOwed(booking.provider_id), Account::Commission, booking.money(ours));
        ledger::post(db, &debt).await?;
    }
    Ok(())
}
