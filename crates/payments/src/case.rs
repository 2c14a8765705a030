//! A payment and its booking, held until the transaction ends: what happens to both, and to the money, happens here.

use bookings::Booking;
use ledger::{Account, Posting, Transfers};
use platform::{
    error::{ApiError, ApiResult},
    ids::PaymentId,
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    credits,
    events::{ChargeFailed, NextStep, PaymentChanged},
    model::{Payment, State},
    promo, store,
};

/// What a booking means for its money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is still to take place, or it is open who was there: the money is held.
    Standing,
    /// It took place: the money is the provider's and ours.
    Done,
    /// It does not take place: the money goes back.
    Off,
}

impl Stage {
    pub(crate) fn of(booking: &Booking) -> Self {
        match booking.state {
            state if state.holds_slot() || booking.is_contested() => Self::Standing,
            bookings::State::Completed | bookings::State::Disputed => Self::Done,
            _ => Self::Off,
        }
    }
}

/// A payment and its booking, locked in this order, and what moves for them. A transaction posts once.
pub(crate) struct Case {
    pub(crate) booking: Booking,
    pub(crate) payment: Payment,
    pub(crate) now: Instant,
    /// A charge without the payer has failed: both sides are told with what is saved.
    pub(crate) charge_failed: Option<ChargeFailed>,
    /// The payer's bank takes the payment back before the job: both sides are told that the booking is unpaid.
    pub(crate) is_taken_back: bool,
    transfers: Transfers,
}

impl Case {
    /// Locks both.
    pub(crate) async fn open(db: &mut PgConnection, id: PaymentId, now: Instant) -> ApiResult<Self> {
        let booking = store::payments::booking_of(db, id).await?.ok_or_else(ApiError::not_found)?;
        let booking = bookings::lock(db, booking).await?.ok_or_else(ApiError::not_found)?;
        let payment = store::payments::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
        Ok(Self::of(booking, payment, now))
    }

    /// Of two that are locked already.
    pub(crate) fn of(booking: Booking, payment: Payment, now: Instant) -> Self {
        Self {
            booking,
            payment,
            now,
            charge_failed: None,
            is_taken_back: false,
            transfers: Transfers::default(),
        }
    }

    /// For a tip the work is done.
    pub(crate) fn stage(&self) -> Stage {
        if self.payment.is_tip { Stage::Done } else { Stage::of(&self.booking) }
    }

    /// The payment comes to nothing: what waited for it is free again.
    pub(crate) async fn release(&mut self, db: &mut PgConnection) -> ApiResult<()> {
        credits::release(db, self).await?;
        promo::release(db, &self.payment).await
    }

    /// What happens when the last try to charge the payment has failed: a booking that is still to come is cancelled, and
    /// for what was done, or has begun, its customer owes it.
    pub(crate) fn after_the_last_try(&self) -> NextStep {
        let is_to_come =
            self.booking.state.status() == bookings::Status::Upcoming && self.now < self.booking.starts_at;
        if is_to_come { NextStep::Cancelled } else { NextStep::Owed }
    }

    /// Whether money that comes now is still wanted: of a booking that is off, for what its customer owes all the same.
    pub(crate) fn is_wanted(&self) -> bool {
        self.payment.state != State::Cancelled && (self.stage() != Stage::Off || self.unearned_minor() > 0)
    }

    /// How much more of the payment becomes the provider's and ours in the end: what was decided when the booking ended,
    /// else all of it.
    pub(crate) fn unearned_minor(&self) -> i64 {
        let kept = match self.stage() {
            _ if self.payment.is_tip => self.payment.amount_minor,
            Stage::Off => self.booking.kept_minor.unwrap_or(0),
            Stage::Standing | Stage::Done => self.booking.kept_minor.unwrap_or(self.payment.amount_minor),
        };
        (kept - self.payment.earned_minor).max(0)
    }

    /// How much of what was earned an operator has decided to give back, as far as it can go back.
    pub(crate) fn excess_minor(&self) -> i64 {
        match self.booking.kept_minor {
            Some(kept) if self.stage() == Stage::Done && !self.payment.is_tip => {
                (self.payment.earned_minor - kept).min(self.payment.kept_minor()).max(0)
            }
            _ => 0,
        }
    }

    /// Moves money when the case is saved.
    pub(crate) fn transfer(&mut self, from: Account, to: Account, minor: i64) {
        self.transfers.add(from, to, self.payment.money(minor));
    }

    /// Where others say what moves.
    pub(crate) fn transfers(&mut self) -> &mut Transfers {
        &mut self.transfers
    }

    /// The payment, too: for what is done to both.
    pub(crate) fn payment_and_transfers(&mut self) -> (&mut Payment, &mut Transfers) {
        (&mut self.payment, &mut self.transfers)
    }

    pub(crate) fn escrow(&self) -> Account {
        Account::Escrow(self.booking.id)
    }

    pub(crate) fn refunds(&self) -> Account {
        Account::RefundsPayable(self.payment.id)
    }

    /// Writes everything: the postings under the name of what is done, the payment, what the booking shows of it, and
    /// what others hear.
    pub(crate) async fn save(
        mut self,
        db: &mut PgConnection,
        operation: String,
        kind: &str,
    ) -> ApiResult<Self> {
        let transfers = std::mem::take(&mut self.transfers);
        let posting = Posting::new(operation, kind, self.now).about(self.booking.id).transfers(transfers);
        // Often only the state changes.
        ledger::post_if_any(db, &posting).await?;
        self.payment.updated_at = self.now;
        store::payments::save(db, &self.payment).await?;
        if self.says_how_the_booking_is_paid(db).await? {
            let (booking, funding) = (self.booking, self.payment.funding());
            self.booking = if !booking.state.holds_slot() {
                bookings::set_paid(db, booking, funding, self.now).await?
            } else if self.payment.is_certain() {
                bookings::payment_secured(db, booking, funding, self.now).await?
            } else if self.is_taken_back {
                bookings::payment_lost(db, booking, funding, self.now).await?
            } else {
                bookings::set_paid(db, booking, funding, self.now).await?
            };
        }
        let changed = PaymentChanged::of(&self.payment, Some(self.booking.provider_id));
        PaymentChanged { charge_failed: self.charge_failed, ..changed }.tell(db).await?;
        Ok(self)
    }

    /// One that was given up for another says nothing of the booking any more, nor does one that a bank took back where
    /// another was made; and a tip never did.
    async fn says_how_the_booking_is_paid(&self, db: &mut PgConnection) -> sqlx::Result<bool> {
        Ok(match self.payment.state {
            _ if self.payment.is_tip => false,
            State::Cancelled => self.stage() == Stage::Off,
            // For a booking that is agreed on only the end of another try counts.
            State::Processing | State::RequiresAction => {
                self.booking.state == bookings::State::AwaitingPayment
            }
            State::Disputed if self.is_taken_back || self.stage() == Stage::Off => {
                !store::payments::has_live(db, self.booking.id).await?
            }
            State::Disputed => false,
            _ => true,
        })
    }
}
