//! Disputes about what credits cost: those that are not used pay for it, and so do those that come back later, until we
//! win. What is used up is our loss.

use ledger::{Account, Posting, Transfers};
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    ids::{LotId, OperationId, PaymentId, UserId},
    ports::gateway::{Dispute, DisputeStatus},
    time::Instant,
};
use sqlx::PgConnection;

use super::StoredDispute;
use crate::{
    credits::{self, CreditKind, Movement, euros},
    purchase, store,
};

/// Does what follows from what the gateway says.
pub(super) async fn hear(
    db: &mut PgConnection,
    app: &App,
    charge: OperationId,
    payment: PaymentId,
    told: &Dispute,
) -> ApiResult<()> {
    let now = app.clock.now();
    let mut payment = store::payments::lock(db, payment).await?.ok_or_else(ApiError::not_found)?;
    // Whoever spends waits here, or has spent.
    store::credits::lock_wallet(db, payment.user_id).await?;
    let lot = Bought::of(db, payment.id).await?;
    let mut charge = store::operations::lock(db, charge).await?.ok_or_else(ApiError::not_found)?;
    let known = store::disputes::lock(db, charge.gateway, &told.reference).await?;
    let mut transfers = Transfers::default();
    let mut dispute = match known {
        Some(known) if known.is_changed_by(told) => known,
        Some(_) => return Ok(()),
        None => {
            let mut new = StoredDispute::new(&charge, told, &payment, now);
            new.take_money(db, &mut charge, &mut payment, &mut transfers).await?;
            lot.take(db, &mut new, &mut transfers, now).await?;
            new
        }
    };
    (dispute.state, dispute.updated_at) = (told.status, now);
    match told.status {
        DisputeStatus::Open => {}
        DisputeStatus::Lost => {
            transfers.add(Account::Losses, dispute.account(), euros(dispute.uncovered_minor()));
        }
        DisputeStatus::Won => {
            dispute.return_money(db, charge, &mut payment, &mut transfers).await?;
            lot.give_back(db, &dispute, &mut transfers, now).await?;
        }
    }
    store::disputes::save(db, &dispute).await?;
    let posting = Posting::new(dispute.operation(), "payment_disputed", now).transfers(transfers);
    purchase::save(db, payment, posting, now).await?;
    Ok(())
}

impl StoredDispute {
    /// What is disputed and no credits have paid for.
    fn uncovered_minor(&self) -> i64 {
        self.disputed_minor - self.credits_minor
    }
}

/// What a payment bought.
#[derive(Clone, Debug)]
pub(crate) struct Bought {
    pub(crate) lot: LotId,
    pub(crate) user: UserId,
    pub(crate) left_minor: i64,
    /// What we gave on top, as long as it may still be there.
    pub(crate) bonus_minor: i64,
    /// What was bought, in words.
    pub(crate) description: String,
}

impl Bought {
    /// The caller holds the wallet. Where the charge is not settled yet, the message is heard again later.
    async fn of(db: &mut PgConnection, payment: PaymentId) -> ApiResult<Self> {
        let found = store::credits::bought(db, payment).await?;
        Ok(found
            .ok_or_else(|| anyhow::anyhow!("what the disputed payment {payment} buys is not there yet"))?)
    }

    fn account(&self) -> Account {
        Account::Credits { user: self.user, lot: self.lot }
    }

    /// Moves credits, and says so to their owner.
    async fn note(
        &self,
        db: &mut PgConnection,
        kind: CreditKind,
        minor: i64,
        now: Instant,
    ) -> sqlx::Result<()> {
        if minor == 0 {
            return Ok(());
        }
        let (user, description) = (self.user, self.description.clone());
        let movement = Movement { user, kind, minor, description, booking: None };
        store::credits::move_credits(db, &movement, now).await
    }

    /// What is not used pays for what is disputed, and what we gave on top is ours again.
    async fn take(
        &self,
        db: &mut PgConnection,
        dispute: &mut StoredDispute,
        transfers: &mut Transfers,
        now: Instant,
    ) -> sqlx::Result<()> {
        dispute.bonus_minor = self.bonus_minor.min(self.left_minor);
        dispute.credits_minor = dispute.disputed_minor.min(self.left_minor - dispute.bonus_minor);
        self.note(db, CreditKind::Refund, -dispute.credits_minor, now).await?;
        self.note(db, CreditKind::Bonus, -dispute.bonus_minor, now).await?;
        store::credits::set_bonus(db, self.lot, 0).await?;
        transfers.add(self.account(), dispute.account(), euros(dispute.credits_minor));
        transfers.add(self.account(), Account::Promotions, euros(dispute.bonus_minor));
        Ok(())
    }

    /// All that was taken is there again, and can be spent for a while at least.
    async fn give_back(
        &self,
        db: &mut PgConnection,
        dispute: &StoredDispute,
        transfers: &mut Transfers,
        now: Instant,
    ) -> sqlx::Result<()> {
        self.note(db, CreditKind::Purchase, dispute.credits_minor, now).await?;
        self.note(db, CreditKind::Bonus, dispute.bonus_minor, now).await?;
        store::credits::set_bonus(db, self.lot, self.bonus_minor + dispute.bonus_minor).await?;
        credits::keep_spendable(db, self.lot, now).await?;
        transfers.add(dispute.account(), self.account(), euros(dispute.credits_minor));
        transfers.add(Account::Promotions, self.account(), euros(dispute.bonus_minor));
        Ok(())
    }
}

/// How much of the credits that have come back to a lot pays for a dispute about what it cost, and where it goes: whoever
/// has the money back does not have the credits, too. The caller holds the wallet.
pub(crate) async fn claim(
    db: &mut PgConnection,
    lot: LotId,
    minor: i64,
    now: Instant,
) -> ApiResult<Vec<(Account, i64)>> {
    let (mut left, mut claimed) = (minor, Vec::new());
    for dispute in store::disputes::uncovered(db, lot).await? {
        let part = left.min(dispute.uncovered_minor());
        if part == 0 {
            break;
        }
        left -= part;
        store::disputes::cover(db, dispute.id, part).await?;
        Bought::of(db, dispute.payment_id).await?.note(db, CreditKind::Refund, -part, now).await?;
        let is_lost = dispute.state == DisputeStatus::Lost;
        claimed.push((if is_lost { Account::Losses } else { dispute.account() }, part));
    }
    Ok(claimed)
}
