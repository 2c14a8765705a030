//! PayPal's words for a refusal, and ours.

use platform::ports::gateway::{DeclineCode, Outcome};
use serde::Deserialize;

use super::objects::Link;

/// How PayPal refuses.
#[derive(Debug, Default, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub details: Vec<Detail>,
    #[serde(default)]
    pub links: Vec<Link>,
}

/// What is wrong.
#[derive(Debug, Deserialize)]
pub struct Detail {
    #[serde(default)]
    pub issue: String,
}

impl Refusal {
    /// The most exact word that PayPal has for it.
    pub fn issue(&self) -> &str {
        self.details.first().map_or(&self.name, |detail| &detail.issue)
    }

    /// What it means for an operation; `otherwise` stands for words that we do not know.
    pub fn declined(&self, otherwise: DeclineCode) -> Outcome {
        Outcome::Declined { code: decline(self.issue()).unwrap_or(otherwise) }
    }

    /// Whether the payer has to go back to PayPal, to approve or to choose another way to pay.
    pub fn wants_the_payer(&self) -> bool {
        matches!(self.issue(), "ORDER_NOT_APPROVED" | "PAYER_ACTION_REQUIRED" | "INSTRUMENT_DECLINED")
    }
}

/// The table: developer.paypal.com/api/rest/reference/orders/v2/errors, and those of payments and payouts.
fn decline(issue: &str) -> Option<DeclineCode> {
    use DeclineCode::*;
    Some(match issue {
        "INSTRUMENT_DECLINED"
        | "TRANSACTION_REFUSED"
        | "PAYER_CANNOT_PAY"
        | "PAYER_ACCOUNT_RESTRICTED"
        | "PAYER_ACCOUNT_LOCKED_OR_CLOSED" => CardDeclined,
        "CARD_EXPIRED" => ExpiredCard,
        "TRANSACTION_BLOCKED_BY_PAYEE" | "COMPLIANCE_VIOLATION" => FraudSuspected,
        "TRANSACTION_LIMIT_EXCEEDED"
        | "TRANSACTION_AMOUNT_EXCEEDS_MONTHLY_MAX_LIMIT"
        | "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED" => LimitExceeded,
        "CURRENCY_NOT_SUPPORTED"
        | "INVALID_CURRENCY_CODE"
        | "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER"
        | "DECIMAL_PRECISION"
        | "DECIMALS_NOT_SUPPORTED" => MethodNotSupported,
        "ORDER_EXPIRED" => PaymentCancelled,
        "CAPTURE_FULLY_REFUNDED"
        | "REFUND_AMOUNT_EXCEEDED"
        | "REFUND_CAPTURE_CURRENCY_MISMATCH"
        | "REFUND_TIME_LIMIT_EXCEEDED"
        | "REFUND_NOT_ALLOWED"
        | "AUTHORIZATION_VOIDED"
        | "AUTHORIZATION_EXPIRED"
        | "AUTHORIZATION_ALREADY_CAPTURED"
        | "AUTHORIZATION_DENIED"
        | "MAX_CAPTURE_COUNT_EXCEEDED"
        | "MAX_CAPTURE_AMOUNT_EXCEEDED"
        | "PREVIOUSLY_CAPTURED"
        | "PREVIOUSLY_VOIDED"
        | "CANNOT_BE_VOIDED"
        | "ORDER_ALREADY_CAPTURED"
        | "ORDER_ALREADY_AUTHORIZED"
        | "RESOURCE_NOT_FOUND"
        | "INVALID_RESOURCE_ID" => ChargeNotOpen,
        "INSUFFICIENT_FUNDS" | "SENDER_INSUFFICIENT_FUNDS" => PayoutFundsMissing,
        "RECEIVER_UNREGISTERED"
        | "RECEIVER_COUNTRY_NOT_ALLOWED"
        | "RECEIVER_REFUSED"
        | "RECEIVER_ACCOUNT_LOCKED"
        | "RECEIVER_UNCONFIRMED" => PayoutAccountUnusable,
        _ => return None,
    })
}
