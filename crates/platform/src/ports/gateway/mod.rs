//! Taking money, giving it back, paying it out: through somebody whose business that is.
//!
//! Replies get lost, and what is final comes late. So every movement of money is an [`Operation`] with an
//! id that is stored *before* the call: it can be performed again without happening twice, and it can be
//! asked for. An [`Event`] only says what to ask about; nothing is believed from its order.

mod records;

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;

pub use self::records::{
    AccountStatus, ChargeRecord, ChargeState, Charges, Defence, Dispute, DisputeStatus, Entry, EntryKind,
    Event, NewAccount, NewPayer, PayoutAccount, Period, SavedMethod, Statement, Subject,
};
use crate::{
    error::{ApiResult, Fault, Kind},
    ids::OperationId,
    money::Money,
};

/// Who moves the money.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    sqlx::Type,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::Display,
    strum::VariantArray,
)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum GatewayName {
    /// Nobody: it is all pretended, in this database.
    Sandbox,
    /// stripe.com
    Stripe,
    /// paypal.com
    Paypal,
}

/// What people pay with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tender {
    /// A card, or a wallet that stands for one.
    Card,
    /// A PayPal account.
    Paypal,
}

/// One movement of money, the keeping of a method for later ones, or a word in a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Stored by the caller before the first call; the gateway's idempotency key.
    pub id: OperationId,
    /// What is to be done.
    pub task: Task,
}

/// What is to be done. References are the gateway's names for things, as its answers gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Takes money from a payer, or only reserves it.
    Charge(Charge),
    /// Takes what was reserved, or a part of it; the rest is let go.
    Capture {
        /// The reference of the charge.
        charge: String,
        /// At most what was reserved.
        amount: Money,
    },
    /// Lets go what was reserved, or gives up a charge that still waits for its payer.
    Void {
        /// The reference of the charge.
        charge: String,
    },
    /// Gives back all or a part; a charge may be refunded several times, by operations of their own.
    Refund {
        /// The reference of the charge.
        charge: String,
        /// At most what was taken and not yet given back.
        amount: Money,
    },
    /// Keeps a method of a payer for later charges.
    SetUp {
        /// The reference of the payer.
        payer: String,
        /// Where the payer comes back to from a page of the gateway.
        return_url: String,
    },
    /// Sends money to a provider's account. Until it arrives it is [`Outcome::Processing`]; a bank may send
    /// it back even later.
    PayOut {
        /// The reference of the account.
        account: String,
        /// How much.
        amount: Money,
    },
    /// Says to a payer's bank why a disputed payment is ours: once, for good.
    Defend {
        /// The reference of the dispute.
        dispute: String,
        /// What we say.
        defence: Defence,
    },
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// How much.
    pub amount: Money,
    /// The reference of the payer; needed for a saved method.
    pub payer: Option<String>,
    /// The reference of a saved method, or a token that the app got; without one the payer chooses, and the
    /// outcome is [`Outcome::RequiresAction`].
    pub method: Option<String>,
    /// When the money is taken.
    pub capture: Capture,
    /// Whether the payer can approve now. If not, a charge that needs it is declined as
    /// [`DeclineCode::AuthenticationRequired`].
    pub is_payer_present: bool,
    /// What the payer reads on a page of the gateway.
    pub description: String,
    /// Where the payer comes back to from there.
    pub return_url: String,
}

/// When a charge takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// At once.
    Now,
    /// By a [`Task::Capture`], within [`Gateway::authorisation_life`]; until then it is reserved.
    Later,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done. Only a refund or a payout may still be sent back by a bank.
    Succeeded {
        /// The gateway's name for it: the refund, the payout; of a capture or a void, as of a charge, the
        /// charge; of a [`Task::SetUp`] the method; of a [`Task::Defend`] the dispute.
        reference: String,
    },
    /// The payer has to do something first; ask again when they did.
    RequiresAction {
        /// The gateway's name for it.
        reference: String,
        /// What the payer needs for it.
        action: Action,
    },
    /// It will be done or declined; ask again.
    Processing {
        /// The gateway's name for it.
        reference: String,
    },
    /// It did not happen, and will not under this id.
    Declined {
        /// Why.
        code: DeclineCode,
    },
    /// This call did nothing, since the gateway could not be reached or turned us away. The operation may be
    /// tried again; whether an earlier call of it did something, only asking tells.
    Unavailable,
    /// It may have happened: the reply got lost, or said nothing. Ask, or perform it again.
    Unknown,
}

impl Outcome {
    /// The gateway's name for it, once it has one.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Succeeded { reference }
            | Self::RequiresAction { reference, .. }
            | Self::Processing { reference } => Some(reference),
            Self::Declined { .. } | Self::Unavailable | Self::Unknown => None,
        }
    }
}

/// What a payer needs to go on; at least one of the two.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// For the gateway's part of the app. It lets its holder pay, so it is for the payer alone.
    pub client_secret: Option<String>,
    /// A page of the gateway.
    pub url: Option<String>,
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action(…)")
    }
}

/// Why an operation did not happen: our words for it, whatever the gateway calls it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    thiserror::Error,
    sqlx::Type,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeclineCode {
    /// The bank said no, and no more than that.
    #[error("the card was declined")]
    CardDeclined,
    /// Not enough on the account.
    #[error("there is not enough money on the account")]
    InsufficientFunds,
    /// The card is too old.
    #[error("the card has expired")]
    ExpiredCard,
    /// The three digits are wrong.
    #[error("the security code is wrong")]
    IncorrectCvc,
    /// The payer has to approve, and was not there to.
    #[error("the payer has to approve the payment")]
    AuthenticationRequired,
    /// The payer did not approve.
    #[error("the payment was not approved")]
    AuthenticationFailed,
    /// Lost, stolen, or against a rule on fraud.
    #[error("the payment was held for fraud")]
    FraudSuspected,
    /// Above a limit of the account.
    #[error("the amount is above a limit of the account")]
    LimitExceeded,
    /// The method cannot do that, or in that currency.
    #[error("the method cannot be used for this")]
    MethodNotSupported,
    /// There is no such method, or it was detached.
    #[error("there is no such method")]
    MethodNotFound,
    /// The payer gave up, we voided it, or it waited for too long.
    #[error("the payment was cancelled")]
    PaymentCancelled,
    /// The gateway stumbled; a new attempt may do.
    #[error("the payment could not be processed")]
    ProcessingError,
    /// The charge was captured, voided or refunded already, or holds less than that.
    #[error("the charge does not allow it")]
    ChargeNotOpen,
    /// The provider's account does not take money.
    #[error("the account cannot be paid")]
    PayoutAccountUnusable,
    /// Our own balance at the gateway does not suffice.
    #[error("the payout has to wait")]
    PayoutFundsMissing,
}

impl Fault for DeclineCode {
    fn kind(&self) -> Kind {
        match self {
            // Nobody was asked for money: what was sent names nothing.
            Self::MethodNotFound => Kind::Invalid,
            _ => Kind::PaymentRequired,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Why a message was not taken for the gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum WebhookError {
    /// Not signed, signed by somebody else, changed on the way, or too old.
    #[error("the signature does not hold")]
    WebhookNotSigned,
    /// Signed, but not a message that we can read.
    #[error("the message cannot be read")]
    WebhookNotReadable,
    /// The gateway that would know cannot be asked; it will send the message again.
    #[error("the signature cannot be checked now")]
    WebhookNotCheckable,
}

impl Fault for WebhookError {
    fn kind(&self) -> Kind {
        match self {
            Self::WebhookNotSigned | Self::WebhookNotReadable => Kind::Malformed,
            Self::WebhookNotCheckable => Kind::Unavailable,
        }
    }
    fn code(&self) -> &'static str {
        self.into()
    }
    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::WebhookNotCheckable).then_some(60)
    }
}

/// A payment gateway. Every call answers within 8 seconds; none may stand inside a database transaction.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Who it is.
    fn name(&self) -> GatewayName;

    /// How long a [`Capture::Later`] can surely be captured.
    fn authorisation_life(&self) -> SignedDuration;

    /// Does it. Called again with the same operation it answers again, and nothing happens twice. After
    /// [`Outcome::Unknown`] ask first, and perform again what the gateway has not heard of or does not know:
    /// a gateway forgets our ids after a day or more, but not what it did.
    async fn perform(&self, operation: &Operation) -> Outcome;

    /// What became of it by now; `None` when the gateway has never heard of it, so that it may be performed
    /// or given up. `reference` is what an earlier outcome named, where there was one. Ask only about what is
    /// still wanted: what a payer has approved at PayPal is taken by asking.
    async fn outcome_of(&self, operation: &Operation, reference: Option<&str>) -> Option<Outcome>;

    /// The reference of a payer, made where they are new.
    async fn payer(&self, payer: &NewPayer) -> ApiResult<String>;

    /// Keeps the method that the app got `token` for; 402 with a [`DeclineCode`] when it is no good.
    async fn keep_method(&self, payer: &str, token: &str) -> ApiResult<SavedMethod>;

    /// Forgets a kept method; one that is not there is fine.
    async fn drop_method(&self, reference: &str) -> ApiResult<()>;

    /// A kept method.
    async fn method(&self, reference: &str) -> ApiResult<Option<SavedMethod>>;

    /// The account of a provider, opened where they are new; 402 with a [`DeclineCode`] when it cannot be.
    async fn open_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount>;

    /// How an account stands.
    async fn account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>>;

    /// A page of the gateway where the holder tells what is still wanted; `None` where there is nothing to
    /// tell. It works once and soon expires.
    async fn account_page(&self, reference: &str, return_url: &str) -> ApiResult<Option<String>>;

    /// How a dispute stands.
    async fn dispute(&self, reference: &str) -> ApiResult<Option<Dispute>>;

    /// A page of the gateway's book; `page` is [`Statement::next`] of the one before.
    async fn statement(&self, period: Period, page: Option<&str>) -> ApiResult<Statement>;

    /// A page of the charges that were begun in a period; `page` is [`Charges::next`] of the one before. `None`: this
    /// gateway does not list them, and its book is all there is.
    async fn charges(&self, _period: Period, _page: Option<&str>) -> ApiResult<Option<Charges>> {
        Ok(None)
    }

    /// Reads a message that claims to come from the gateway, from the body as it came.
    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError>;
}

/// The gateways of this installation.
#[derive(Clone, Default)]
pub struct Gateways(Vec<(Tender, Arc<dyn Gateway>)>);

impl Gateways {
    /// Who takes what; one gateway may take both. The first of them pays providers.
    pub fn new(takers: Vec<(Tender, Arc<dyn Gateway>)>) -> Self {
        Self(takers)
    }

    /// Who takes this; `None` when nobody does.
    pub fn taking(&self, tender: Tender) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().find(|(takes, _)| *takes == tender).map(|(_, gateway)| gateway)
    }

    /// The gateway of this name: for money that went through it, and for its messages.
    pub fn named(&self, name: GatewayName) -> Option<&Arc<dyn Gateway>> {
        self.0.iter().map(|(_, gateway)| gateway).find(|gateway| gateway.name() == name)
    }

    /// Who pays providers.
    pub fn paying_out(&self) -> Option<&Arc<dyn Gateway>> {
        self.0.first().map(|(_, gateway)| gateway)
    }

    /// Each of them once.
    pub fn each(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        let is_first = |place: usize, gateway: &Arc<dyn Gateway>| {
            !self.0.iter().take(place).any(|(_, earlier)| earlier.name() == gateway.name())
        };
        self.0
            .iter()
            .map(|(_, gateway)| gateway)
            .enumerate()
            .filter_map(move |(place, gateway)| is_first(place, gateway).then_some(gateway))
    }
}
