//! Tips: all of one is the provider's, at once, and pays what they owe first.

use ledger::{Account, Transfers};
use platform::{
    ids::{BookingId, PaymentId, UserId},
    money::Money,
    time::Instant,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    purse::Purse,
    store::{
        entries::{self, Entry, EntryKind},
        tips as store,
    },
};

/// A tip, or a part of one that goes back.
#[derive(Clone, Debug)]
pub struct Tip {
    /// By which payment.
    pub payment: PaymentId,
    /// For which job.
    pub booking: BookingId,
    /// Whose.
    pub provider: UserId,
    /// What was done, for lists and statements.
    pub service_title: String,
    /// How much.
    pub amount: Money,
}

impl Tip {
    /// As it is posted; below zero where it goes back.
    fn entry(&self, id: Uuid, kind: EntryKind, minor: i64, now: Instant) -> Entry<'_> {
        Entry {
            id,
            provider_id: self.provider,
            currency: self.amount.currency,
            kind,
            booking_id: self.booking,
            service_title: &self.service_title,
            is_cash: false,
            is_first: false,
            gross_minor: minor,
            fees_minor: 0,
            posted_at: now,
        }
    }
}

/// Moves a tip from where it is to the provider. The caller sees to it that it comes once, and posts the `transfers` in
/// the same transaction.
pub async fn tip(
    db: &mut PgConnection,
    tip: &Tip,
    from: Account,
    transfers: &mut Transfers,
    now: Instant,
) -> sqlx::Result<()> {
    let purse = Purse::lock(db, tip.provider, tip.amount.currency).await?;
    store::insert(db, tip, now).await?;
    let id = BookingId::at(now).uuid();
    entries::insert(db, &tip.entry(id, EntryKind::Tip, tip.amount.minor, now)).await?;
    purse.fill(transfers, from, tip.amount.minor);
    Ok(())
}

/// Gives a tip back, or a part of it, by the id of the refund or the dispute: from what the provider has, else they owe
/// it. The caller posts the `transfers` in the same transaction.
pub async fn reverse_tip(
    db: &mut PgConnection,
    id: Uuid,
    tip: &Tip,
    to: Account,
    transfers: &mut Transfers,
    now: Instant,
) -> sqlx::Result<()> {
    let purse = Purse::lock(db, tip.provider, tip.amount.currency).await?;
    store::insert_reversal(db, id, tip, now).await?;
    entries::insert(db, &tip.entry(id, EntryKind::Refund, -tip.amount.minor, now)).await?;
    purse.draw(transfers, to, tip.amount.minor);
    Ok(())
}
