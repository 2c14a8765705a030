//! Why a request about a provider's money is refused, and the limits of one.

use platform::{
    error::{Fault, Kind},
    money::{Currency, Money},
};

/// The least that is withdrawn, in whole units of any currency.
const LEAST: i64 = 10;

/// The least that is withdrawn.
pub(crate) fn least(currency: Currency) -> Money {
    Money::new(LEAST * 10_i64.pow(currency.exponent()), currency)
}

/// What requests about a provider's money are refused for.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum PayoutError {
    /// There is no account that could be paid.
    #[error("the provider has no payout account")]
    PayoutAccountMissing,
    /// The gateway does not pay the account yet, or not any more.
    #[error("the payout account is not active")]
    PayoutAccountNotActive,
    /// The gateway does not take the account.
    #[error("the gateway does not take this account")]
    PayoutAccountRefused,
    /// Nobody pays providers here.
    #[error("no gateway pays providers")]
    PayoutsUnavailable,
    /// One at a time.
    #[error("another withdrawal is under way")]
    WithdrawalOpen,
    /// Less than is worth a transfer.
    #[error("a withdrawal is at least {0}")]
    WithdrawalTooSmall(Money),
    /// More than is available.
    #[error("there is less on the account")]
    BalanceTooLow,
    /// Less than nothing, too much to count, or in two currencies.
    #[error("this cannot be earned")]
    EarningInvalid,
    /// More than is left of what was earned.
    #[error("more is to go back than was earned")]
    ReversalTooLarge,
}

impl Fault for PayoutError {
    fn kind(&self) -> Kind {
        match self {
            Self::PayoutAccountMissing
            | Self::PayoutAccountNotActive
            | Self::WithdrawalOpen
            | Self::BalanceTooLow
            | Self::EarningInvalid
            | Self::ReversalTooLarge => Kind::Conflict,
            Self::PayoutAccountRefused | Self::WithdrawalTooSmall(_) => Kind::Invalid,
            Self::PayoutsUnavailable => Kind::Unavailable,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn field(&self) -> Option<&'static str> {
        match self {
            Self::PayoutAccountRefused => Some("bank_token"),
            Self::WithdrawalTooSmall(_) => Some("amount"),
            _ => None,
        }
    }
    fn amounts(&self) -> Vec<(&'static str, Money)> {
        match self {
            Self::WithdrawalTooSmall(least) => vec![("least", *least)],
            _ => Vec::new(),
        }
    }
    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::PayoutsUnavailable).then_some(3600)
    }
}
