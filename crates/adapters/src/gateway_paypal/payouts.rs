//! Money to providers, to the account of their mail address: a batch of one for each operation.

use platform::{
    ids::OperationId,
    money::Money,
    ports::gateway::{DeclineCode, Outcome},
};
use serde_json::json;

use super::{
    Paypal,
    objects::{Batch, Value},
};
use crate::gateway_call::{self, Failure, is_plain};

impl Paypal {
    pub(super) async fn pay_out(&self, id: OperationId, account: &str, amount: Money) -> Outcome {
        let Some(Value { currency_code, value }) = Value::of(amount) else {
            return Outcome::Declined { code: DeclineCode::MethodNotSupported };
        };
        let batch = json!({
            // PayPal refuses a second batch of the same id.
            "sender_batch_header": {"sender_batch_id": id},
            "items": [{
                "recipient_type": "EMAIL",
                "receiver": account,
                "sender_item_id": id,
                "amount": {"currency": currency_code, "value": value},
            }],
        });
        match self.client.post::<Batch>("v1/payments/payouts", &id.to_string(), &batch).await {
            Ok(batch) => batch.outcome(),
            Err(Failure::Refused(_, refusal)) => {
                // The refusal of a second batch leads to the first.
                let first = refusal.links.iter().filter_map(|link| link.href.rsplit_once("/payouts/"));
                match first.map(|(_, batch)| batch).find(|batch| is_plain(batch)) {
                    Some(batch) => self.pay_out_outcome(Some(batch)).await.unwrap_or(Outcome::Unknown),
                    None => refusal.declined(DeclineCode::PayoutAccountUnusable),
                }
            }
            Err(Failure::NotCalled) => Outcome::Unavailable,
            Err(Failure::Lost) => Outcome::Unknown,
        }
    }

    /// A batch cannot be looked for; but performed again, it is refused and found.
    pub(super) async fn pay_out_outcome(&self, reference: Option<&str>) -> Option<Outcome> {
        let Some(batch) = reference.filter(|reference| is_plain(reference)) else {
            return Some(Outcome::Unknown);
        };
        match gateway_call::found(
            self.client.get::<Batch>(&format!("v1/payments/payouts/{batch}"), &[]).await,
        ) {
            Ok(batch) => batch.map(Batch::outcome),
            Err(_) => Some(Outcome::Unknown),
        }
    }
}
