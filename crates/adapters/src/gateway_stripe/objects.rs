//! What we read of Stripe's objects. Fields and states that we do not know are passed over.

use std::collections::HashMap;

use platform::{
    ids::OperationId,
    money::{Currency, Money},
    ports::gateway::{
        AccountStatus, Action, DeclineCode, Dispute, DisputeStatus, Outcome, PayoutAccount, SavedMethod,
    },
    time::Instant,
};
use serde::Deserialize;

use super::codes::Problem;

/// Key-value pairs of ours that Stripe keeps.
pub type Metadata = HashMap<String, String>;

/// Our operation, in metadata that we gave.
pub fn operation_in(metadata: &Metadata) -> Option<OperationId> {
    metadata.get("operation")?.parse().ok()
}

/// Stripe counts some currencies otherwise than ISO 4217; `None` for one that it cannot count in.
pub fn minor_units(money: Money) -> Option<i64> {
    match money.currency.code() {
        "ISK" | "UGX" => money.minor.checked_mul(100),
        "MGA" => None,
        _ => Some(money.minor),
    }
}

/// The other way.
pub fn money(minor: i64, currency: &str) -> Option<Money> {
    let currency = Currency::parse(&currency.to_ascii_uppercase())?;
    let per_ours = if matches!(currency.code(), "ISK" | "UGX") { 100 } else { 1 };
    Some(Money::new(minor / per_ours, currency))
}

/// A list, newest first.
#[derive(Deserialize)]
pub struct List<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

#[derive(Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: String,
    pub client_secret: Option<String>,
    pub last_payment_error: Option<Problem>,
    pub next_action: Option<NextAction>,
    #[serde(default)]
    pub metadata: Metadata,
}

#[derive(Deserialize)]
pub struct NextAction {
    pub redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
pub struct Redirect {
    pub url: Option<String>,
}

impl PaymentIntent {
    /// What the payer needs to go on.
    pub fn action(self) -> Action {
        let url = self.next_action.and_then(|action| action.redirect_to_url?.url);
        Action { client_secret: self.client_secret, url }
    }

    /// Why the last attempt failed.
    pub fn last_decline(&self) -> Option<DeclineCode> {
        self.last_payment_error.as_ref().map(|error| error.decline().unwrap_or(DeclineCode::CardDeclined))
    }
}

#[derive(Deserialize)]
pub struct SetupIntent {
    pub id: String,
    pub status: String,
    pub client_secret: Option<String>,
    pub payment_method: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
}

impl SetupIntent {
    pub fn outcome(self) -> Outcome {
        match (self.status.as_str(), self.payment_method) {
            ("succeeded", Some(method)) => Outcome::Succeeded { reference: method },
            ("processing", _) => Outcome::Processing { reference: self.id },
            ("canceled", _) => Outcome::Declined { code: DeclineCode::PaymentCancelled },
            ("requires_payment_method" | "requires_confirmation" | "requires_action", _) => {
                let action = Action { client_secret: self.client_secret, url: None };
                Outcome::RequiresAction { reference: self.id, action }
            }
            _ => Outcome::Unknown,
        }
    }
}

#[derive(Deserialize)]
pub struct Refund {
    pub id: String,
    pub status: Option<String>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
}

impl Refund {
    pub fn outcome(self) -> Outcome {
        match self.status.as_deref() {
            Some("succeeded") => Outcome::Succeeded { reference: self.id },
            Some("pending" | "requires_action") => Outcome::Processing { reference: self.id },
            Some("failed" | "canceled") => Outcome::Declined { code: self.failure() },
            _ => Outcome::Unknown,
        }
    }

    /// docs.stripe.com/refunds#failed-refunds
    fn failure(&self) -> DeclineCode {
        match self.failure_reason.as_deref() {
            Some("insufficient_funds") => DeclineCode::PayoutFundsMissing,
            Some("expired_or_canceled_card" | "lost_or_stolen_card" | "declined") => {
                DeclineCode::MethodNotSupported
            }
            Some("charge_for_pending_refund_disputed" | "merchant_request") => DeclineCode::ChargeNotOpen,
            _ => DeclineCode::ProcessingError,
        }
    }
}

#[derive(Deserialize)]
pub struct Transfer {
    pub id: String,
    #[serde(default)]
    pub reversed: bool,
}

#[derive(Deserialize)]
pub struct Payout {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Something of which only the name counts.
#[derive(Deserialize)]
pub struct Named {
    pub id: String,
}

/// An answer that says nothing but that it was done.
#[derive(Deserialize)]
pub struct Anything {}

#[derive(Deserialize)]
pub struct PaymentMethod {
    pub id: String,
    pub r#type: String,
    pub customer: Option<String>,
    pub card: Option<Card>,
}

#[derive(Deserialize)]
pub struct Card {
    pub brand: Option<String>,
    pub last4: Option<String>,
    pub exp_month: Option<i16>,
    pub exp_year: Option<i16>,
}

impl From<PaymentMethod> for SavedMethod {
    fn from(method: PaymentMethod) -> Self {
        let (brand, last4, exp_month, exp_year) = method
            .card
            .map_or((None, None, None, None), |card| (card.brand, card.last4, card.exp_month, card.exp_year));
        Self { reference: method.id, kind: method.r#type, brand, last4, exp_month, exp_year }
    }
}

#[derive(Deserialize)]
pub struct Account {
    pub id: String,
    #[serde(default)]
    pub payouts_enabled: bool,
    #[serde(default)]
    pub details_submitted: bool,
    #[serde(default)]
    pub requirements: Requirements,
}

#[derive(Default, Deserialize)]
pub struct Requirements {
    #[serde(default)]
    pub currently_due: Option<Vec<String>>,
    #[serde(default)]
    pub disabled_reason: Option<String>,
}

impl From<Account> for PayoutAccount {
    fn from(account: Account) -> Self {
        let reason = account.requirements.disabled_reason.unwrap_or_default();
        let status = match () {
            () if account.payouts_enabled => AccountStatus::Active,
            () if reason.starts_with("rejected.") => AccountStatus::Rejected,
            () if account.details_submitted => AccountStatus::Restricted,
            () => AccountStatus::Pending,
        };
        let requirements = account.requirements.currently_due.unwrap_or_default();
        Self { reference: account.id, status, requirements }
    }
}

#[derive(Deserialize)]
pub struct Link {
    pub url: String,
}

#[derive(Deserialize)]
pub struct DisputeObject {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub payment_intent: Option<String>,
    pub status: String,
    #[serde(default)]
    pub metadata: Metadata,
    #[serde(default)]
    pub evidence_details: EvidenceDetails,
}

#[derive(Default, Deserialize)]
pub struct EvidenceDetails {
    #[serde(default)]
    pub due_by: Option<i64>,
}

impl DisputeObject {
    /// `None` for one in a currency that we do not know, or of a charge that is not ours.
    pub fn dispute(self) -> Option<Dispute> {
        Some(Dispute {
            amount: money(self.amount, &self.currency)?,
            status: match self.status.as_str() {
                "won" | "warning_closed" | "prevented" => DisputeStatus::Won,
                "lost" => DisputeStatus::Lost,
                _ => DisputeStatus::Open,
            },
            respond_by: self.evidence_details.due_by.and_then(instant),
            reference: self.id,
            charge: self.payment_intent?,
        })
    }
}

/// From Stripe's seconds.
pub fn instant(seconds: i64) -> Option<Instant> {
    jiff::Timestamp::from_second(seconds).ok().map(Instant::from)
}
