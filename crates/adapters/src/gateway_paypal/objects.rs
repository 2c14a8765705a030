//! What we read of PayPal's objects, and how it writes amounts.

use platform::{
    ids::OperationId,
    money::{Amount, Currency, Money},
    ports::gateway::{DeclineCode, Outcome},
};
use serde::{Deserialize, Serialize};

/// An amount as PayPal writes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Value {
    // Payouts alone call it `currency`.
    #[serde(alias = "currency")]
    pub currency_code: String,
    pub value: String,
}

impl Value {
    /// `None` where PayPal cannot write it: it knows no decimals of some currencies.
    pub fn of(money: Money) -> Option<Self> {
        let is_whole = matches!(money.currency.code(), "HUF" | "TWD");
        if is_whole && money.minor % 100 != 0 {
            return None;
        }
        let value = if is_whole { (money.minor / 100).to_string() } else { money.to_string() };
        Some(Self { currency_code: money.currency.code().to_owned(), value })
    }

    /// What it says; `None` when it makes no sense.
    pub fn money(&self) -> Option<Money> {
        let amount: Amount = serde_json::from_value(self.value.clone().into()).ok()?;
        amount.in_currency(Currency::parse(&self.currency_code)?).ok()
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    #[serde(default)]
    pub href: String,
    #[serde(default)]
    pub rel: String,
}

/// An order: one attempt to pay.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub intent: Option<String>,
    #[serde(default)]
    pub links: Vec<Link>,
    #[serde(default)]
    pub purchase_units: Vec<PurchaseUnit>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct PurchaseUnit {
    #[serde(default)]
    pub payments: Option<Payments>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Payments {
    #[serde(default)]
    pub captures: Vec<Payment>,
    #[serde(default)]
    pub authorizations: Vec<Payment>,
    #[serde(default)]
    pub refunds: Vec<Payment>,
}

/// A capture, an authorisation or a refund.
#[derive(Clone, Debug, Deserialize)]
pub struct Payment {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub custom_id: Option<String>,
    #[serde(default)]
    pub supplementary_data: SupplementaryData,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct SupplementaryData {
    #[serde(default)]
    pub related_ids: RelatedIds,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct RelatedIds {
    #[serde(default)]
    pub order_id: Option<String>,
}

impl Order {
    fn payments(&self) -> Option<&Payments> {
        self.purchase_units.first()?.payments.as_ref()
    }

    /// What was taken.
    pub fn capture(&self) -> Option<&Payment> {
        self.payments()?.captures.last()
    }

    /// What was reserved.
    pub fn authorization(&self) -> Option<&Payment> {
        self.payments()?.authorizations.last()
    }

    /// What was given back by an operation of ours.
    pub fn refund(&self, id: OperationId) -> Option<&Payment> {
        self.payments()?.refunds.iter().find(|refund| refund.operation() == Some(id))
    }

    /// Where the payer approves.
    pub fn page(&self) -> Option<String> {
        let page = self.links.iter().find(|link| matches!(link.rel.as_str(), "payer-action" | "approve"));
        page.map(|link| link.href.clone())
    }

    /// What its payment means for the charge; `None` when there is none yet.
    pub fn paid(&self) -> Option<Outcome> {
        let reference = || self.id.clone();
        let payment = self.capture().or_else(|| self.authorization())?;
        Some(match payment.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" | "CREATED" | "CAPTURED"
            | "PARTIALLY_CAPTURED" => Outcome::Succeeded { reference: reference() },
            "PENDING" => Outcome::Processing { reference: reference() },
            "DECLINED" | "FAILED" | "DENIED" => Outcome::Declined { code: DeclineCode::CardDeclined },
            "VOIDED" | "EXPIRED" => Outcome::Declined { code: DeclineCode::PaymentCancelled },
            _ => Outcome::Unknown,
        })
    }
}

impl Payment {
    /// Our operation, in the field that is ours.
    pub fn operation(&self) -> Option<OperationId> {
        self.custom_id.as_ref()?.parse().ok()
    }

    /// What it means as a refund.
    pub fn refund_outcome(&self) -> Outcome {
        match self.status.as_str() {
            "COMPLETED" => Outcome::Succeeded { reference: self.id.clone() },
            "PENDING" => Outcome::Processing { reference: self.id.clone() },
            "FAILED" | "CANCELLED" => Outcome::Declined { code: DeclineCode::ProcessingError },
            _ => Outcome::Unknown,
        }
    }
}

/// A batch of payouts; ours hold one each.
#[derive(Debug, Deserialize)]
pub struct Batch {
    pub batch_header: BatchHeader,
    #[serde(default)]
    pub items: Vec<BatchItem>,
}

#[derive(Debug, Deserialize)]
pub struct BatchHeader {
    pub payout_batch_id: String,
    #[serde(default)]
    pub batch_status: String,
}

#[derive(Debug, Deserialize)]
pub struct BatchItem {
    #[serde(default)]
    pub transaction_status: String,
}

impl Batch {
    pub fn outcome(self) -> Outcome {
        let reference = self.batch_header.payout_batch_id;
        let status = self.items.first().map(|item| item.transaction_status.as_str());
        match (status, self.batch_header.batch_status.as_str()) {
            (Some("SUCCESS"), _) => Outcome::Succeeded { reference },
            (Some("FAILED" | "RETURNED" | "BLOCKED" | "REFUNDED" | "REVERSED" | "DENIED"), _) => {
                Outcome::Declined { code: DeclineCode::PayoutAccountUnusable }
            }
            (_, "DENIED" | "CANCELED") => Outcome::Declined { code: DeclineCode::PayoutFundsMissing },
            _ => Outcome::Processing { reference },
        }
    }
}
