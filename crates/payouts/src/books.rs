//! Writing earnings: each function changes the row of an earning and says what moves, in the caller's transaction.
//!
//! The row is locked before the purse, and the purse before the ledger's accounts, so nobody waits in a circle as long as
//! a transaction moves the money of one provider.

use jiff::SignedDuration;
use ledger::{Account, Posting, Transfers};
use platform::{
    config::MarketSettings,
    error::ApiResult,
    ids::BookingId,
    jobs::{self, Timing},
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    commission::{self, Terms},
    earning::{Action, Earning, EarningRow, Paid, Parts, Reversal, State},
    jobs::ReleaseEarning,
    purse::Purse,
    store::{
        earnings as store,
        entries::{self, Entry, EntryKind},
        rules,
    },
};

/// Books what a job earned: from the escrow of the booking to us, to the state, and to the provider, for whom it is
/// pending until complaints come too late. A job that is paid in parts earns with each of them; the caller sees to it
/// that each part comes once. Of a job in cash, which is earned once, only our share moves.
///
/// The caller posts the `transfers` in the same transaction.
pub async fn earn(
    db: &mut PgConnection,
    earning: &Earning,
    transfers: &mut Transfers,
    market: &MarketSettings,
    now: Instant,
) -> ApiResult<()> {
    let found = store::lock(db, earning.booking).await?;
    if found.is_some() && earning.paid == Paid::InCash {
        return Ok(());
    }
    let rules = rules::candidates(db, Some(earning.provider), earning.category, earning.booked_at).await?;
    let terms = commission::most_specific(rules, earning.gross.currency)
        .map_or_else(|| Terms::share(earning.commission_bps), |rule| rule.terms());
    let purse = Purse::lock(db, earning.provider, earning.gross.currency).await?;
    let release_at = now.plus(SignedDuration::from_hours(market.earnings_hold_hours.into()));
    let is_new = found.is_none();
    let mut earned = found.unwrap_or_else(|| EarningRow::nothing(earning, &terms, now));
    let (parts, before) = (earned.add(earning, &terms, &purse)?, earned.state);
    earned.follow(Action::Earn);
    if is_new || before == State::Reversed {
        earned.release_at = if earned.is_cash { now } else { release_at };
    }
    if is_new {
        store::insert(db, &earned).await?;
    } else {
        store::save(db, &earned).await?;
    }
    let id = BookingId::at(now).uuid();
    let entry = Entry { is_first: is_new, ..earned.entry(id, earning.gross.minor, parts.fees, now) };
    entries::insert(db, &entry).await?;
    match earning.paid {
        Paid::ToUs => earned.move_from_escrow(transfers, parts, before, &purse),
        Paid::InCash => earned.move_share(transfers, parts, &purse),
    }
    if earned.state == State::Pending {
        schedule_release(db, earned.booking_id, earned.release_at.max(now), now).await?;
    }
    Ok(())
}

impl EarningRow {
    /// What was earned, or below zero went back, as it is posted.
    fn entry(&self, id: Uuid, gross_minor: i64, fees_minor: i64, now: Instant) -> Entry<'_> {
        Entry {
            id,
            provider_id: self.provider_id,
            currency: self.currency,
            kind: if gross_minor < 0 { EntryKind::Refund } else { EntryKind::Earning },
            booking_id: self.booking_id,
            service_title: &self.service_title,
            is_cash: self.is_cash,
            is_first: false,
            gross_minor,
            fees_minor,
            posted_at: now,
        }
    }

    fn move_from_escrow(&self, transfers: &mut Transfers, parts: Parts, before: State, purse: &Purse) {
        let escrow = Account::Escrow(self.booking_id);
        if before == State::Released {
            purse.fill(transfers, escrow, parts.net);
        } else {
            let debt = self.money(parts.net - parts.pending);
            transfers.add(escrow, Account::ProviderOwed(self.provider_id), debt);
            transfers.add(escrow, Account::ProviderPending(self.provider_id), self.money(parts.pending));
        }
        transfers.add(escrow, Account::Commission, self.money(parts.fees - parts.tax));
        transfers.add(escrow, self.tax_account(), self.money(parts.tax));
    }

    /// Our share of a job in cash. The tax in it goes on from our own account.
    fn move_share(&self, transfers: &mut Transfers, parts: Parts, purse: &Purse) {
        purse.draw(transfers, Account::Commission, parts.fees);
        transfers.add(Account::Commission, self.tax_account(), self.money(parts.tax));
    }

    /// What goes back, from the provider, from us and from the state to `to`.
    fn move_back(&self, transfers: &mut Transfers, parts: Parts, to: Account, purse: &Purse) {
        transfers.add(Account::ProviderPending(self.provider_id), to, self.money(parts.pending));
        purse.draw(transfers, to, parts.net - parts.pending);
        transfers.add(Account::Commission, to, self.money(parts.fees - parts.tax));
        transfers.add(self.tax_account(), to, self.money(parts.tax));
    }

    /// Our share of a job in cash that the customer got back from the provider. The tax comes back to us first, so
    /// that the purse is filled from one account.
    fn move_share_back(&self, transfers: &mut Transfers, parts: Parts, purse: &Purse) {
        transfers.add(self.tax_account(), Account::Commission, self.money(parts.tax));
        purse.fill(transfers, Account::Commission, parts.fees);
    }
}

/// Gives money back that was earned: the provider's part from what is pending of this job, else from what is
/// available, else they owe it and later jobs pay it; our part from us. `false`: nothing was earned, so the money is
/// still in the escrow.
///
/// The caller posts the `transfers` in the same transaction.
pub async fn reverse(
    db: &mut PgConnection,
    reversal: &Reversal,
    transfers: &mut Transfers,
    now: Instant,
) -> ApiResult<bool> {
    let Some(mut earned) = store::lock(db, reversal.booking).await? else { return Ok(false) };
    if store::is_reversed(db, reversal.id).await? {
        return Ok(true);
    }
    let parts = earned.go_back(reversal.amount)?;
    let purse = Purse::lock(db, earned.provider_id, earned.currency).await?;
    store::insert_reversal(db, reversal, &earned, parts.fees, now).await?;
    entries::insert(db, &earned.entry(reversal.id, -reversal.amount.minor, -parts.fees, now)).await?;
    store::save(db, &earned).await?;
    if earned.is_cash {
        earned.move_share_back(transfers, parts, &purse);
    } else {
        earned.move_back(transfers, parts, reversal.to, &purse);
    }
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

/// Makes what a job earned available, unless it is disputed, held, gone, or not due yet.
pub(crate) async fn release(db: &mut PgConnection, booking: BookingId, now: Instant) -> ApiResult<()> {
    let Some(mut earned) = store::lock(db, booking).await? else { return Ok(()) };
    let Some(state) = earned.state.after(Action::Release).filter(|_| earned.release_at <= now) else {
        return Ok(());
    };
    // The word of it may be on its way.
    if store::is_disputed(db, booking).await? {
        hold_earning(db, booking).await?;
        return Ok(());
    }
    let purse = Purse::lock(db, earned.provider_id, earned.currency).await?;
    let pending = std::mem::take(&mut earned.pending_minor);
    earned.state = state;
    store::save(db, &earned).await?;
    let mut transfers = Transfers::default();
    purse.fill(&mut transfers, Account::ProviderPending(earned.provider_id), pending);
    // What was reversed and earned again is released again.
    let name = format!("release:{booking}:{}", earned.release_at);
    let posting = Posting::new(name, "released", now).about(booking).transfers(transfers);
    ledger::post_if_any(db, &posting).await?;
    Ok(())
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
