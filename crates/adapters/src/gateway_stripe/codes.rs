//! Stripe's words for a decline, and ours.

use platform::ports::gateway::DeclineCode;
use serde::Deserialize;

/// How Stripe refuses: `{"error": {…}}`.
#[derive(Debug, Default, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub error: Problem,
}

/// What is wrong; also the last error of an intent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Problem {
    #[serde(default)]
    pub r#type: Option<String>,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub decline_code: Option<String>,
    #[serde(default)]
    pub param: Option<String>,
}

impl Problem {
    /// Our word for it, if it is known. The bank's reason is more exact than Stripe's code.
    pub fn decline(&self) -> Option<DeclineCode> {
        let known = |code: &Option<String>| code.as_deref().and_then(decline);
        known(&self.decline_code).or_else(|| known(&self.code))
    }

    /// Whether a key was used for something else before: a fault of ours.
    pub fn is_reused_key(&self) -> bool {
        self.r#type.as_deref() == Some("idempotency_error")
    }
}

/// The table: docs.stripe.com/declines/codes and docs.stripe.com/error-codes.
fn decline(code: &str) -> Option<DeclineCode> {
    use DeclineCode::*;
    Some(match code {
        "insufficient_funds" | "withdrawal_count_limit_exceeded" => InsufficientFunds,
        "expired_card" | "invalid_expiry_month" | "invalid_expiry_year" => ExpiredCard,
        "incorrect_cvc" | "invalid_cvc" => IncorrectCvc,
        "authentication_required" | "authentication_not_handled" | "online_or_offline_pin_required" => {
            AuthenticationRequired
        }
        "payment_intent_authentication_failure" | "setup_intent_authentication_failure" => {
            AuthenticationFailed
        }
        "fraudulent"
        | "stolen_card"
        | "lost_card"
        | "pickup_card"
        | "merchant_blacklist"
        | "highest_risk_level"
        | "elevated_risk_level"
        | "restricted_card"
        | "security_violation" => FraudSuspected,
        "card_velocity_exceeded" | "amount_too_large" | "approve_with_id" => LimitExceeded,
        "card_not_supported"
        | "currency_not_supported"
        | "invalid_account"
        | "testmode_decline"
        | "payment_method_unactivated"
        | "amount_too_small"
        | "invalid_amount" => MethodNotSupported,
        "resource_missing" | "payment_method_unexpected_state" | "no_account" => MethodNotFound,
        "processing_error" | "try_again_later" | "issuer_not_available" | "reenter_transaction" => {
            ProcessingError
        }
        "balance_insufficient" => PayoutFundsMissing,
        "payment_intent_unexpected_state"
        | "charge_already_captured"
        | "charge_already_refunded"
        | "charge_disputed"
        | "charge_expired_for_capture"
        | "intent_invalid_state"
        | "charge_exceeds_source_limit" => ChargeNotOpen,
        "account_closed"
        | "account_invalid"
        | "payouts_not_allowed"
        | "transfers_not_allowed"
        | "bank_account_unusable"
        | "insufficient_capabilities_for_transfer" => PayoutAccountUnusable,
        "card_declined"
        | "generic_decline"
        | "do_not_honor"
        | "incorrect_number"
        | "invalid_number"
        | "call_issuer"
        | "new_account_information_available"
        | "no_action_taken"
        | "not_permitted"
        | "revocation_of_all_authorizations"
        | "revocation_of_authorization"
        | "service_not_allowed"
        | "stop_payment_order"
        | "transaction_not_allowed"
        | "incorrect_address"
        | "incorrect_zip"
        | "do_not_try_again"
        | "incorrect_pin"
        | "invalid_pin"
        | "pin_try_exceeded"
        | "duplicate_transaction" => CardDeclined,
        _ => return None,
    })
}
