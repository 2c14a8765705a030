//! What a provider earns by a job, and what becomes of it. No I/O; `books` writes it down.

use ledger::CountryCode;
use platform::{
    ids::{BookingId, CategoryId, UserId},
    money::{Currency, Money},
    time::Instant,
};
use uuid::Uuid;

use crate::{commission::Terms, model::PayoutError, purse::Purse};

/// A job that is done and paid, or a part of its price that is.
#[derive(Clone, Debug)]
pub struct Earning {
    /// Which.
    pub booking: BookingId,
    /// Whose job it was.
    pub provider: UserId,
    /// Of which kind: commission may depend on it.
    pub category: CategoryId,
    /// What was done, for lists and statements.
    pub service_title: String,
    /// What the customer paid for it, now.
    pub gross: Money,
    /// Where that is.
    pub paid: Paid,
    /// When it was booked: the rules for our share are those of that time.
    pub booked_at: Instant,
    /// Our share where no rule says another, in hundredths of a percent.
    pub commission_bps: u16,
    /// The tax that is contained in our share.
    pub tax: Option<Tax>,
}

/// How a job was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// It is in the escrow of the booking.
    ToUs,
    /// The provider has it already, and owes us our share.
    InCash,
}

/// A tax that our share contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tax {
    /// Who gets it.
    pub country: CountryCode,
    /// Its rate, in hundredths of a percent: 1900 for 19 %.
    pub bps: u16,
}

/// Money that goes back to a customer after it was earned.
#[derive(Clone, Copy, Debug)]
pub struct Reversal {
    /// The id of the refund or the dispute; each is done once.
    pub id: Uuid,
    /// For which job.
    pub booking: BookingId,
    /// How much of the gross.
    pub amount: Money,
    /// Where it goes: what is payable to the customer, or what is disputed. Not looked at after a job in cash, whose
    /// customer gets the money from the provider: then our share of it goes back to the provider.
    pub to: ledger::Account,
}

/// How earned money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::VariantArray)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    /// The customer can still complain.
    Pending,
    /// The customer did.
    Held,
    /// The provider may withdraw it, or has it.
    Released,
    /// All of it went back.
    Reversed,
}

/// What is done to earned money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub(crate) enum Action {
    /// A part of the price is paid.
    Earn,
    /// A dispute begins.
    Hold,
    /// It ends, and not against the provider.
    Free,
    /// The time for complaints is over.
    Release,
    /// The last of it goes back.
    Reverse,
}

impl State {
    /// The whole life of earned money; `None` where nothing happens.
    pub(crate) fn after(self, action: Action) -> Option<Self> {
        use {Action::*, State::*};
        match (self, action) {
            // What is lost once may be won back.
            (Pending | Reversed, Earn) | (Held, Free) => Some(Pending),
            (Pending, Hold) | (Held, Earn) => Some(Held),
            (Pending, Release) | (Released, Earn) => Some(Released),
            (Pending | Held | Released, Reverse) => Some(Reversed),
            // What is released is gone, or will be: a dispute that is lost then is paid from the purse.
            (Held | Released | Reversed, Hold | Release)
            | (Pending | Released | Reversed, Free)
            | (Reversed, Reverse) => None,
        }
    }
}

/// An earning as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct EarningRow {
    pub(crate) booking_id: BookingId,
    pub(crate) provider_id: UserId,
    pub(crate) service_title: String,
    pub(crate) is_cash: bool,
    pub(crate) currency: Currency,
    pub(crate) gross_minor: i64,
    pub(crate) commission_bps: i32,
    pub(crate) fees_minor: i64,
    pub(crate) tax_minor: i64,
    pub(crate) tax_country: Option<String>,
    pub(crate) reversed_minor: i64,
    pub(crate) reversed_fees_minor: i64,
    pub(crate) reversed_tax_minor: i64,
    pub(crate) pending_minor: i64,
    pub(crate) state: State,
    pub(crate) earned_at: Instant,
    pub(crate) release_at: Instant,
}

/// What a part of the gross is made of; `net` and `fees` add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The provider's.
    pub(crate) net: i64,
    /// How much of that was still pending.
    pub(crate) pending: i64,
    /// Ours.
    pub(crate) fees: i64,
    /// How much of that was tax.
    pub(crate) tax: i64,
}

impl EarningRow {
    /// A job that has not earned anything yet.
    pub(crate) fn nothing(earning: &Earning, terms: &Terms, now: Instant) -> Self {
        let is_cash = earning.paid == Paid::InCash;
        Self {
            booking_id: earning.booking,
            provider_id: earning.provider,
            service_title: earning.service_title.clone(),
            is_cash,
            currency: earning.gross.currency,
            gross_minor: 0,
            commission_bps: terms.bps.into(),
            fees_minor: 0,
            tax_minor: 0,
            tax_country: earning.tax.map(|tax| tax.country.to_string()),
            reversed_minor: 0,
            reversed_fees_minor: 0,
            reversed_tax_minor: 0,
            pending_minor: 0,
            state: if is_cash { State::Released } else { State::Pending },
            earned_at: now,
            release_at: now,
        }
    }

    /// Adds what was paid now: debts are paid first, and the rest is pending where the customer can still complain.
    /// Our share is that of the whole price, so it does not matter in how many parts it is paid.
    pub(crate) fn add(
        &mut self,
        earning: &Earning,
        terms: &Terms,
        purse: &Purse,
    ) -> Result<Parts, PayoutError> {
        let gross =
            self.gross_minor.checked_add(earning.gross.minor).filter(|gross| *gross >= self.gross_minor);
        let gross = gross.filter(|_| earning.gross.currency == self.currency);
        let gross = gross.ok_or(PayoutError::EarningInvalid)?;
        let fees = terms.fees(self.money(gross)).minor;
        let tax = earning.tax.map_or(0, |tax| share(fees, tax.bps.into(), 10_000 + i64::from(tax.bps)));
        let (our_part, tax_part) = (fees - self.fees_minor, tax - self.tax_minor);
        let net = earning.gross.minor - our_part;
        let pending = if self.state == State::Released { 0 } else { purse.pay_debt(net).1 };
        (self.gross_minor, self.fees_minor, self.tax_minor) = (gross, fees, tax);
        self.pending_minor += pending;
        Ok(Parts { net, pending, fees: our_part, tax: tax_part })
    }

    /// Does what the table says; what it does not say changes nothing.
    pub(crate) fn follow(&mut self, action: Action) {
        self.state = self.state.after(action).unwrap_or(self.state);
    }

    /// Takes a part of the gross back. Parts that follow each other add up to the whole, to the cent.
    pub(crate) fn go_back(&mut self, gross: Money) -> Result<Parts, PayoutError> {
        let left = self.gross_minor - self.reversed_minor;
        if gross.currency != self.currency || gross.minor <= 0 || gross.minor > left {
            return Err(PayoutError::ReversalTooLarge);
        }
        let after = self.reversed_minor + gross.minor;
        let (fees_left, tax_left) =
            (self.fees_minor - self.reversed_fees_minor, self.tax_minor - self.reversed_tax_minor);
        let wanted = share(self.fees_minor, after, self.gross_minor) - self.reversed_fees_minor;
        let fees = part(wanted, gross.minor, fees_left, left);
        let wanted = share(self.tax_minor, self.reversed_fees_minor + fees, self.fees_minor);
        let tax = part(wanted - self.reversed_tax_minor, fees, tax_left, fees_left);
        let net = gross.minor - fees;
        let pending = net.min(self.pending_minor);
        self.reversed_minor = after;
        self.reversed_fees_minor += fees;
        self.reversed_tax_minor += tax;
        self.pending_minor -= pending;
        if after == self.gross_minor {
            self.follow(Action::Reverse);
        }
        Ok(Parts { net, pending, fees, tax })
    }

    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Who gets the tax in our share.
    pub(crate) fn tax_account(&self) -> ledger::Account {
        let country = self.tax_country.as_deref().and_then(CountryCode::parse);
        country.map_or(ledger::Account::Commission, ledger::Account::Tax)
    }
}

/// How much of `amount` is taken from the `mine` of the `all` that is left: as much as wanted, unless one of the two
/// has not so much.
fn part(wanted: i64, amount: i64, mine: i64, all: i64) -> i64 {
    let others = all - mine;
    wanted.max(amount - others).min(amount).min(mine).max(0)
}

/// `part` of `whole`, of an amount, rounded down.
fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let share = i128::from(amount) * i128::from(part) / i128::from(whole);
    // No part is larger than the whole.
    i64::try_from(share).unwrap_or(amount)
}
