//! The test methods and test banks: what each of them does, so that every path can be tried.
//!
//! docs/adapters.md lists them for developers of the app.

use std::str::FromStr as _;

use platform::ports::gateway::{DeclineCode, SavedMethod};

/// What begins the token of a test method.
const METHODS: &str = "pm_sandbox_";
/// What begins the token of a test bank account.
const BANKS: &str = "ba_sandbox_";
/// Between the token of a kept method and its payer.
const KEPT_BY: char = '.';

/// What a test method does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum TestMethod {
    /// Pays.
    Visa,
    /// Pays.
    Mastercard,
    /// Is declined.
    Declined,
    /// Is declined as empty.
    InsufficientFunds,
    /// Is declined as too old.
    Expired,
    /// Is declined for its three digits.
    IncorrectCvc,
    /// Is declined as stolen.
    Fraud,
    /// Is declined as too much.
    LimitExceeded,
    /// Is declined as not for this.
    NotSupported,
    /// Is declined by accident.
    ProcessingError,
    /// Asks its holder for approval; declined when they are not there.
    #[strum(serialize = "3ds")]
    ThreeDSecure,
    /// Nothing happens, and no reply comes.
    Timeout,
    /// Pays, but the first reply is lost.
    DropsReply,
    /// The gateway cannot be called.
    Unavailable,
    /// Nothing happens for half a minute.
    Slow,
    /// Is processing, then pays.
    ReportsLate,
    /// Is processing, then is declined.
    DeclinesLate,
    /// Pays; the first reply to a capture is lost.
    CaptureDropsReply,
    /// Pays; refunds are declined.
    RefundDeclined,
    /// Pays; the first refund is declined, those after it arrive.
    RefundRecovers,
    /// Pays; refunds are processing, then arrive.
    RefundLate,
    /// Pays; refunds arrive, and then come back.
    RefundReturned,
    /// Pays; the first reply to a refund is lost.
    RefundDropsReply,
    /// Pays; then the holder disputes it, and we win.
    DisputedWon,
    /// Pays; then the holder disputes it, and we lose.
    DisputedLost,
}

impl TestMethod {
    /// The method of a token, or of a kept method.
    pub fn of(token: &str) -> Option<Self> {
        let bare = token.split(KEPT_BY).next().unwrap_or_default();
        Self::from_str(bare.strip_prefix(METHODS)?).ok()
    }

    /// Its token.
    pub fn token(self) -> String {
        format!("{METHODS}{}", <&str>::from(self))
    }

    /// Why it is always declined, if it is.
    pub fn declines(self) -> Option<DeclineCode> {
        Some(match self {
            Self::Declined => DeclineCode::CardDeclined,
            Self::InsufficientFunds => DeclineCode::InsufficientFunds,
            Self::Expired => DeclineCode::ExpiredCard,
            Self::IncorrectCvc => DeclineCode::IncorrectCvc,
            Self::Fraud => DeclineCode::FraudSuspected,
            Self::LimitExceeded => DeclineCode::LimitExceeded,
            Self::NotSupported => DeclineCode::MethodNotSupported,
            Self::ProcessingError => DeclineCode::ProcessingError,
            _ => return None,
        })
    }

    /// What is shown of it. `reference` is the kept method's.
    pub fn details(self, reference: &str) -> SavedMethod {
        let (brand, last4) = match self {
            Self::Mastercard => ("mastercard", "4444"),
            Self::ThreeDSecure => ("visa", "3155"),
            Self::Visa => ("visa", "4242"),
            _ => ("visa", "0002"),
        };
        SavedMethod {
            reference: reference.to_owned(),
            kind: "card".to_owned(),
            brand: Some(brand.to_owned()),
            last4: Some(last4.to_owned()),
            exp_month: Some(12),
            exp_year: Some(if self == Self::Expired { 2020 } else { 2040 }),
        }
    }
}

/// The reference under which a payer keeps a method: the same for the same two.
pub fn kept_reference(token: &str, payer: &str) -> String {
    let bare = token.split(KEPT_BY).next().unwrap_or_default();
    format!("{bare}{KEPT_BY}{payer}")
}

/// Whether this is a kept method, and not a token.
pub fn is_kept(reference: &str) -> bool {
    reference.contains(KEPT_BY)
}

/// Whether this method, if it is a kept one, is kept by `payer`.
pub fn belongs_to(reference: &str, payer: Option<&str>) -> bool {
    reference.split_once(KEPT_BY).is_none_or(|(_, keeper)| Some(keeper) == payer)
}

/// What a test bank account does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum TestBank {
    /// Takes money.
    Good,
    /// Sends every payout back at once.
    Closed,
    /// Takes money, and then sends it back.
    Returned,
    /// Takes money once its holder was approved on a page.
    Unverified,
    /// Takes money, but the first reply is lost.
    DropsReply,
}

impl TestBank {
    /// The bank of a token; without one, a good one.
    pub fn of(token: Option<&str>) -> Option<Self> {
        token.map_or(Some(Self::Good), |token| Self::from_str(token.strip_prefix(BANKS)?).ok())
    }

    /// Its token.
    pub fn token(self) -> String {
        format!("{BANKS}{}", <&str>::from(self))
    }
}
