//! Disputes: how they stand, and what we say in them.

use platform::{
    error::ApiResult,
    ids::OperationId,
    ports::gateway::{DeclineCode, Defence, Dispute, Outcome},
};

use super::{
    Stripe,
    charges::declined,
    codes::Refusal,
    objects::{DisputeObject, operation_in},
};
use crate::gateway_call::{self, is_plain};

impl Stripe {
    async fn dispute_object(&self, reference: &str) -> ApiResult<Option<DisputeObject>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        Ok(gateway_call::found(self.client.get(format!("disputes/{reference}")).send().await)?)
    }

    pub(super) async fn find_dispute(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        Ok(self.dispute_object(reference).await?.and_then(DisputeObject::dispute))
    }

    /// Stripe passes it on at once, and takes nothing after that.
    pub(super) async fn defend(&self, id: OperationId, dispute: &str, defence: &Defence) -> Outcome {
        if !is_plain(dispute) {
            return Outcome::Declined { code: DeclineCode::ChargeNotOpen };
        }
        let call = self
            .client
            .post(format!("disputes/{dispute}"), &id)
            .with("evidence[uncategorized_text]", &defence.statement)
            .with("evidence[customer_name]", &defence.customer)
            .with_some("evidence[product_description]", defence.service.as_deref())
            .with_some("evidence[service_date]", defence.service_at.as_deref())
            .with("evidence[access_activity_log]", &defence.log)
            .with_some("evidence[cancellation_policy_disclosure]", defence.cancellation_policy.as_deref())
            .with("metadata[operation]", &id)
            .with("submit", &true);
        match call.send::<DisputeObject>().await {
            Ok(dispute) => Outcome::Succeeded { reference: dispute.id },
            Err(failure) => {
                failure.outcome(|_, Refusal { error }| declined(&error, DeclineCode::ChargeNotOpen))
            }
        }
    }

    pub(super) async fn defend_outcome(&self, id: OperationId, dispute: &str) -> Option<Outcome> {
        match self.dispute_object(dispute).await {
            Ok(found) => found
                .filter(|dispute| operation_in(&dispute.metadata) == Some(id))
                .map(|dispute| Outcome::Succeeded { reference: dispute.id }),
            Err(_) => Some(Outcome::Unknown),
        }
    }
}
