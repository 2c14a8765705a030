//! Payers who want their money back through their bank: the gateway takes it at once, and gives it back where we win.

mod of_booking;
mod of_credits;

use ledger::{Account, Transfers};
use platform::{
    app::App,
    error::ApiResult,
    ids::{DisputeId, PaymentId},
    ports::gateway::{Dispute, DisputeStatus, GatewayName},
    time::Instant,
};

use sqlx::PgConnection;

use crate::{model::Payment, operation::Operation, store};

pub(crate) use self::{
    of_booking::follow,
    of_credits::{Bought, claim},
};

/// A dispute as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredDispute {
    pub(crate) id: DisputeId,
    pub(crate) gateway: GatewayName,
    pub(crate) reference: String,
    pub(crate) payment_id: PaymentId,
    /// What the gateway took back.
    pub(crate) amount_minor: i64,
    /// How much of it had not gone back to the payer already; the rest is our loss.
    pub(crate) disputed_minor: i64,
    /// Whether the booking had not taken place.
    pub(crate) is_from_escrow: bool,
    /// How much of what is disputed credits paid that were not used.
    pub(crate) credits_minor: i64,
    /// What we had given on top of those.
    pub(crate) bonus_minor: i64,
    pub(crate) state: DisputeStatus,
    pub(crate) respond_by: Option<Instant>,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

impl StoredDispute {
    /// One that is heard of for the first time.
    fn new(charge: &Operation, told: &Dispute, payment: &Payment, now: Instant) -> Self {
        let open_minor = charge.refundable_minor().min(payment.kept_minor()).max(0);
        Self {
            id: DisputeId::at(now),
            gateway: charge.gateway,
            reference: told.reference.clone(),
            payment_id: payment.id,
            amount_minor: told.amount.minor,
            disputed_minor: told.amount.minor.min(open_minor),
            is_from_escrow: payment.booking_id.is_some() && payment.closed_at.is_none(),
            credits_minor: 0,
            bonus_minor: 0,
            state: DisputeStatus::Open,
            respond_by: told.respond_by,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether this word about it says something new: it opens once, and is decided once.
    fn is_changed_by(&self, told: &Dispute) -> bool {
        self.state != told.status && self.state == DisputeStatus::Open
    }

    /// What happens to it has this name in the books.
    fn operation(&self) -> String {
        format!("dispute:{}:{}", self.reference, <&str>::from(self.state))
    }

    fn account(&self) -> Account {
        Account::Disputes(self.payment_id)
    }

    /// The gateway has taken the money. What had gone back to the payer before goes out a second time.
    async fn take_money(
        &self,
        db: &mut PgConnection,
        charge: &mut Operation,
        payment: &mut Payment,
        transfers: &mut Transfers,
    ) -> sqlx::Result<()> {
        let clearing = Account::Clearing(self.gateway);
        charge.disputed_minor += self.disputed_minor;
        store::operations::save(db, charge).await?;
        payment.disputed_minor += self.disputed_minor;
        transfers.add(self.account(), clearing, payment.money(self.disputed_minor));
        let again = self.amount_minor - self.disputed_minor;
        transfers.add(Account::Losses, clearing, payment.money(again));
        tracing::warn!(payment.id = %payment.id, "a payment is disputed");
        Ok(())
    }

    /// The gateway has given the money back.
    async fn return_money(
        &self,
        db: &mut PgConnection,
        mut charge: Operation,
        payment: &mut Payment,
        transfers: &mut Transfers,
    ) -> sqlx::Result<()> {
        let clearing = Account::Clearing(self.gateway);
        // Of one that is older than this count nothing was noted.
        charge.disputed_minor = (charge.disputed_minor - self.disputed_minor).max(0);
        store::operations::save(db, &charge).await?;
        payment.disputed_minor -= self.disputed_minor;
        let again = self.amount_minor - self.disputed_minor;
        transfers.add(clearing, Account::Losses, payment.money(again));
        transfers.add(clearing, self.account(), payment.money(self.disputed_minor));
        Ok(())
    }
}

/// How the banks have decided about a payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// One has not yet.
    pub(crate) is_open: bool,
    /// One has decided against us.
    pub(crate) is_lost: bool,
}

/// Asks how a dispute stands, and does what follows; one that nobody told us of in time is opened and decided at once.
pub(crate) async fn hear(app: &App, gateway: GatewayName, reference: &str) -> ApiResult<()> {
    let Some(asked) = app.gateways.named(gateway) else { return Ok(()) };
    let Some(told) = asked.dispute(reference).await? else { return Ok(()) };
    let mut tx = app.db.begin().await?;
    let charge = store::operations::by_reference(&mut tx, gateway, &told.charge).await?;
    let Some((charge, payment)) = charge else {
        tracing::error!(reference, "a dispute is about a charge that is not ours");
        return Ok(());
    };
    if store::payments::booking_of(&mut tx, payment).await?.is_some() {
        of_booking::hear(&mut tx, app, charge, payment, &told).await?;
    } else {
        of_credits::hear(&mut tx, app, charge, payment, &told).await?;
    }
    Ok(tx.commit().await?)
}
