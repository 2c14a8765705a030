//! Writing earnings: each function changes the row of an earning and posts once, in the caller's transaction.
//!
//! The row is locked before the purse, and the purse before the ledger's accounts, so nobody waits in a circle as long as
//! a transaction moves the money of one provider.

use jiff::SignedDuration;
use ledger::{Account, Posting};
use platform::{
    config::MarketSettings,
    error::ApiResult,
    ids::BookingId,
    jobs::{self, Timing},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    commission::{self, Rule},
    earning::{Action, Earning, EarningRow, Paid, Parts, Reversal, State},
    jobs::ReleaseEarning,
    purse::{self, Purse},
    store::earnings as store,
};

/// Books a job that is done: from the escrow of the booking to us, to the state, and to the provider, for whom it is
/// pending until complaints come too late. Of a job in cash only our share moves. `false`: it was earned before.
pub async fn earn(
    db: &mut PgConnection,
    earning: &Earning,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<bool> {
    let rules = store::commission_rules(db, earning.provider, earning.category, earning.booked_at).await?;
    let rule = commission::most_specific(rules, earning.gross.currency)
        .unwrap_or_else(|| Rule::share(earning.commission_bps));
    let hold = SignedDuration::from_hours(market.earnings_hold_hours.into());
    let purse = Purse::lock(db, earning.provider, earning.gross.currency).await?;
    let earned = EarningRow::new(earning, &rule, &purse, hold, now);
    if !store::insert(db, &earned).await? {
        return Ok(false);
    }
    let posting = Posting::new(format!("earning:{}", earned.booking_id), "earned", now);
    let posting = match earning.paid {
        Paid::ToUs => earned.post_from_escrow(posting),
        Paid::InCash => earned.post_share(posting, &purse),
    };
    purse::post(db, &posting.about(earned.booking_id)).await?;
    if earned.state == State::Pending {
        schedule_release(db, earned.booking_id, earned.release_at, now).await?;
    }
    Ok(true)
}

impl EarningRow {
    fn post_from_escrow(&self, posting: Posting) -> Posting {
        let escrow = Account::Escrow(self.booking_id);
        let net = self.gross_minor - self.fees_minor;
        posting
            .transfer(escrow, Account::ProviderOwed(self.provider_id), self.money(net - self.pending_minor))
            .transfer(escrow, Account::ProviderPending(self.provider_id), self.money(self.pending_minor))
            .transfer(escrow, Account::Commission, self.money(self.fees_minor - self.tax_minor))
            .transfer(escrow, self.tax_account(), self.money(self.tax_minor))
    }

    /// Our share of a job in cash. The tax in it goes on from our own account.
    fn post_share(&self, posting: Posting, purse: &Purse) -> Posting {
        purse.draw(posting, Account::Commission, self.fees_minor).transfer(
            Account::Commission,
            self.tax_account(),
            self.money(self.tax_minor),
        )
    }

    /// Our share of what goes back, from us and from the state to `to`.
    fn post_share_back(&self, posting: Posting, parts: Parts, to: Account) -> Posting {
        posting.transfer(Account::Commission, to, self.money(parts.fees - parts.tax)).transfer(
            self.tax_account(),
            to,
            self.money(parts.tax),
        )
    }
}

/// Gives money back that was earned: the provider's part from what is pending of this job, else from what is
/// available, else they owe it and later jobs pay it; our part from us. `false`: nothing was earned, so the money is
/// still in the escrow.
pub async fn reverse(db: &mut PgConnection, reversal: &Reversal, now: Instant) -> ApiResult<bool> {
    let Some(mut earned) = store::lock(db, reversal.booking).await? else { return Ok(false) };
    if store::is_reversed(db, reversal.id).await? {
        return Ok(true);
    }
    let parts = earned.go_back(reversal.amount)?;
    let purse = Purse::lock(db, earned.provider_id, earned.currency).await?;
    store::insert_reversal(db, reversal, &earned, parts.fees, now).await?;
    store::save(db, &earned).await?;
    let posting = Posting::new(format!("reversal:{}", reversal.id), "earning_reversed", now);
    let posting = if earned.is_cash {
        // The tax comes back to us first, so that the purse is filled from one account.
        let tax = earned.money(parts.tax);
        let posting = posting.transfer(earned.tax_account(), Account::Commission, tax);
        purse.fill(posting, Account::Commission, parts.fees)
    } else {
        let pending = Account::ProviderPending(earned.provider_id);
        let posting = posting.transfer(pending, reversal.to, earned.money(parts.pending));
        let posting = purse.draw(posting, reversal.to, parts.net - parts.pending);
        earned.post_share_back(posting, parts, reversal.to)
    };
    purse::post(db, &posting.about(earned.booking_id)).await?;
    Ok(true)
}

/// Keeps what a job earned from being released while it is disputed. `false`: there is nothing to keep any more.
pub async fn hold_earning(db: &mut PgConnection, booking: BookingId) -> sqlx::Result<bool> {
    let Some(mut earned) = store::lock(db, booking).await? else { return Ok(false) };
    let Some(state) = earned.state.after(Action::Hold) else {
        return Ok(earned.state == State::Held);
    };
    earned.state = state;
    store::save(db, &earned).await?;
    Ok(true)
}

/// The dispute is over: what is left is released when it would have been, at once where that time is past.
pub async fn free_earning(db: &mut PgConnection, booking: BookingId, now: Instant) -> sqlx::Result<()> {
    let Some(mut earned) = store::lock(db, booking).await? else { return Ok(()) };
    let Some(state) = earned.state.after(Action::Free) else { return Ok(()) };
    earned.state = state;
    store::save(db, &earned).await?;
    schedule_release(db, booking, earned.release_at.max(now), now).await
}

/// Makes what a job earned available, unless it is held, gone, or not due yet.
pub(crate) async fn release(db: &mut PgConnection, booking: BookingId, now: Instant) -> ApiResult<()> {
    let Some(mut earned) = store::lock(db, booking).await? else { return Ok(()) };
    let Some(state) = earned.state.after(Action::Release).filter(|_| earned.release_at <= now) else {
        return Ok(());
    };
    let purse = Purse::lock(db, earned.provider_id, earned.currency).await?;
    let pending = std::mem::take(&mut earned.pending_minor);
    earned.state = state;
    store::save(db, &earned).await?;
    let posting = Posting::new(format!("release:{booking}"), "released", now).about(booking);
    let posting = purse.fill(posting, Account::ProviderPending(earned.provider_id), pending);
    Ok(purse::post(db, &posting).await?)
}

async fn schedule_release(
    db: &mut PgConnection,
    booking: BookingId,
    at: Instant,
    now: Instant,
) -> sqlx::Result<()> {
    let timing = Timing { at: Some(at), key: Some(format!("earning:{booking}:release")) };
    jobs::schedule(db, &ReleaseEarning { booking }, now, timing).await
}
