//! The chart of accounts: what each is for, whose it is, which side is its normal one, whether it may go negative.

use std::fmt;

use platform::{
    crypto::sha256,
    ids::{BookingId, LotId, PaymentId, UserId},
    money::Currency,
    ports::gateway::GatewayName,
};
use uuid::Uuid;

/// Where money can be. Each has one account a currency, opened by the first posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// Credits that a customer may spend: one lot, bought, granted or given back together.
    Credits {
        /// Whose.
        user: UserId,
        /// Which.
        lot: LotId,
    },
    /// What a customer has paid for a booking, until the job is done.
    Escrow(BookingId),
    /// What a provider has earned, before it is released.
    ProviderPending(UserId),
    /// What a provider may withdraw.
    ProviderAvailable(UserId),
    /// What is on its way to a provider's bank.
    ProviderInPayout(UserId),
    /// What a provider owes us: commission of jobs paid in cash, refunds after a payout.
    ProviderOwed(UserId),
    /// What goes back to a customer, until the gateway has done it.
    RefundsPayable(PaymentId),
    /// What a gateway took back while a payment is disputed.
    Disputes(PaymentId),
    /// Our share of what providers earn.
    Commission,
    /// What customers pay on top for the service.
    ServiceFees,
    /// Tax that we owe, by country.
    Tax(CountryCode),
    /// What a gateway holds for us.
    Clearing(GatewayName),
    /// Our own account at a bank.
    Bank,
    /// What gateways cost us.
    GatewayFees(GatewayName),
    /// What we pay for ourselves: granted credits, promotion codes, goodwill.
    Promotions,
    /// Bought credits that expired.
    ExpiredCredits,
    /// What we will not get: lost disputes, debts of providers who left.
    Losses,
}

/// A country by its two letters (ISO 3166-1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// Reads two upper-case letters.
    pub fn parse(code: &str) -> Option<Self> {
        let letters = <[u8; 2]>::try_from(code.as_bytes()).ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}
impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}
impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an account is for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    sqlx::Type,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "they are described at `Account`")]
pub enum Purpose {
    Credits,
    Escrow,
    ProviderPending,
    ProviderAvailable,
    ProviderInPayout,
    ProviderOwed,
    RefundsPayable,
    Disputes,
    Commission,
    ServiceFees,
    Tax,
    Clearing,
    Bank,
    GatewayFees,
    Promotions,
    ExpiredCredits,
    Losses,
}

/// The side on which an account grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type, strum::IntoStaticStr)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Side {
    /// What we have or spend.
    Debit,
    /// What we owe or earn.
    Credit,
}

/// How accounts of a purpose behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// On which side it grows.
    pub normal_side: Side,
    /// Whether the balance may be below zero; the database refuses it where not.
    pub may_be_negative: bool,
    /// Whether everybody posts to the same account, so that its balance is not a row that all would wait for.
    pub is_shared: bool,
}

impl Purpose {
    /// The chart of accounts.
    pub const fn terms(self) -> Terms {
        use {Purpose::*, Side::*};
        const fn own(normal_side: Side) -> Terms {
            Terms { normal_side, may_be_negative: false, is_shared: false }
        }
        const fn shared(normal_side: Side) -> Terms {
            Terms { normal_side, may_be_negative: true, is_shared: true }
        }
        match self {
            Credits | Escrow | ProviderPending | ProviderAvailable | ProviderInPayout | RefundsPayable => {
                own(Credit)
            }
            ProviderOwed | Disputes => own(Debit),
            Commission | ServiceFees | Tax | ExpiredCredits => shared(Credit),
            Clearing | Bank | GatewayFees | Promotions | Losses => shared(Debit),
        }
    }

    /// The word for it in the database.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Account {
    /// What it is for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Credits { .. } => Purpose::Credits,
            Self::Escrow(_) => Purpose::Escrow,
            Self::ProviderPending(_) => Purpose::ProviderPending,
            Self::ProviderAvailable(_) => Purpose::ProviderAvailable,
            Self::ProviderInPayout(_) => Purpose::ProviderInPayout,
            Self::ProviderOwed(_) => Purpose::ProviderOwed,
            Self::RefundsPayable(_) => Purpose::RefundsPayable,
            Self::Disputes(_) => Purpose::Disputes,
            Self::Commission => Purpose::Commission,
            Self::ServiceFees => Purpose::ServiceFees,
            Self::Tax(_) => Purpose::Tax,
            Self::Clearing(_) => Purpose::Clearing,
            Self::Bank => Purpose::Bank,
            Self::GatewayFees(_) => Purpose::GatewayFees,
            Self::Promotions => Purpose::Promotions,
            Self::ExpiredCredits => Purpose::ExpiredCredits,
            Self::Losses => Purpose::Losses,
        }
    }

    /// Whose it is; `None`: the platform's.
    pub(crate) fn owner(self) -> Option<Uuid> {
        match self {
            Self::Credits { user, .. }
            | Self::ProviderPending(user)
            | Self::ProviderAvailable(user)
            | Self::ProviderInPayout(user)
            | Self::ProviderOwed(user) => Some(user.uuid()),
            Self::Escrow(booking) => Some(booking.uuid()),
            Self::RefundsPayable(payment) | Self::Disputes(payment) => Some(payment.uuid()),
            _ => None,
        }
    }

    /// Which of several with the same owner and purpose.
    pub(crate) fn part(self) -> String {
        match self {
            Self::Credits { lot, .. } => lot.to_string(),
            Self::Tax(country) => country.to_string(),
            Self::Clearing(gateway) | Self::GatewayFees(gateway) => <&str>::from(gateway).to_owned(),
            _ => String::new(),
        }
    }

    /// The account that these three are of; `None` where they are of none.
    pub(crate) fn of(purpose: Purpose, owner: Option<Uuid>, part: &str) -> Option<Self> {
        let account = match purpose {
            Purpose::Credits => Self::Credits { user: owner?.into(), lot: part.parse().ok()? },
            Purpose::Escrow => Self::Escrow(owner?.into()),
            Purpose::ProviderPending => Self::ProviderPending(owner?.into()),
            Purpose::ProviderAvailable => Self::ProviderAvailable(owner?.into()),
            Purpose::ProviderInPayout => Self::ProviderInPayout(owner?.into()),
            Purpose::ProviderOwed => Self::ProviderOwed(owner?.into()),
            Purpose::RefundsPayable => Self::RefundsPayable(owner?.into()),
            Purpose::Disputes => Self::Disputes(owner?.into()),
            Purpose::Commission => Self::Commission,
            Purpose::ServiceFees => Self::ServiceFees,
            Purpose::Tax => Self::Tax(CountryCode::parse(part)?),
            Purpose::Clearing => Self::Clearing(part.parse().ok()?),
            Purpose::Bank => Self::Bank,
            Purpose::GatewayFees => Self::GatewayFees(part.parse().ok()?),
            Purpose::Promotions => Self::Promotions,
            Purpose::ExpiredCredits => Self::ExpiredCredits,
            Purpose::Losses => Self::Losses,
        };
        (account.owner() == owner && account.part() == part).then_some(account)
    }

    /// The id of its account in a currency.
    pub(crate) fn id(self, currency: Currency) -> Uuid {
        account_id(self.purpose().name(), self.owner(), &self.part(), currency)
    }
}

/// The id of an account follows from what it is, so nobody has to look it up, and nobody can make it another's.
pub(crate) fn account_id(purpose: &str, owner: Option<Uuid>, part: &str, currency: Currency) -> Uuid {
    let owner = owner.map(|owner| owner.to_string()).unwrap_or_default();
    let hash = sha256(format!("{purpose}\n{owner}\n{part}\n{currency}").as_bytes());
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}
