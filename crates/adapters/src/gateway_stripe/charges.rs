//! Money from payers: payment intents, setup intents, refunds.

use jiff::SignedDuration;
use platform::{
    ids::OperationId,
    money::Money,
    ports::gateway::{Capture, Charge, DeclineCode, Outcome},
    time::Instant,
};
use reqwest::StatusCode;

use super::{
    Stripe,
    client::Answer,
    codes::{Problem, Refusal},
    created_at,
    objects::{List, PaymentIntent, Refund, SetupIntent, minor_units, operation_in},
};
use crate::gateway_call::{self, Failure, is_plain};

/// So many pages of a list are searched for an operation.
const MOST_PAGES: usize = 20;

/// What a refusal means; `otherwise` stands for words that we do not know.
pub fn declined(problem: &Problem, otherwise: DeclineCode) -> Outcome {
    if problem.is_reused_key() {
        tracing::error!("an operation was changed after it had been performed");
        return Outcome::Unknown;
    }
    Outcome::Declined { code: problem.decline().unwrap_or(otherwise) }
}

impl Stripe {
    pub(super) async fn charge(&self, id: OperationId, charge: &Charge) -> Outcome {
        let Some(amount) = minor_units(charge.amount) else {
            return Outcome::Declined { code: DeclineCode::MethodNotSupported };
        };
        let is_confirmed = charge.method.is_some();
        let call = self
            .client
            .post("payment_intents", &id)
            .with("amount", &amount)
            .with("currency", &charge.amount.currency.code().to_ascii_lowercase())
            .with("payment_method_types[]", "card")
            .with("capture_method", if charge.capture == Capture::Now { "automatic" } else { "manual" })
            .with("metadata[operation]", &id)
            .with("metadata[description]", &charge.description)
            .with_some("customer", charge.payer.as_deref())
            .with_some("payment_method", charge.method.as_deref())
            .with_some("confirm", is_confirmed.then_some(true))
            .with_some("off_session", (is_confirmed && !charge.is_payer_present).then_some(true));
        match call.send::<PaymentIntent>().await {
            Ok(intent) => self.intent_outcome(intent, charge).await,
            Err(failure) => failure.outcome(|status, Refusal { error }| {
                let unknown = match status {
                    StatusCode::NOT_FOUND => DeclineCode::MethodNotFound,
                    StatusCode::PAYMENT_REQUIRED => DeclineCode::CardDeclined,
                    _ => DeclineCode::ProcessingError,
                };
                declined(&error, unknown)
            }),
        }
    }

    /// What an intent means for the charge that made it.
    async fn intent_outcome(&self, intent: PaymentIntent, charge: &Charge) -> Outcome {
        let payer_goes_on = charge.is_payer_present || charge.method.is_none();
        match intent.status.as_str() {
            "succeeded" | "requires_capture" => Outcome::Succeeded { reference: intent.id },
            "processing" => Outcome::Processing { reference: intent.id },
            "requires_action" | "requires_confirmation" if payer_goes_on => {
                Outcome::RequiresAction { reference: intent.id.clone(), action: intent.action() }
            }
            "requires_payment_method" if charge.method.is_none() => {
                Outcome::RequiresAction { reference: intent.id.clone(), action: intent.action() }
            }
            "requires_action" | "requires_confirmation" => {
                self.give_up(&intent, DeclineCode::AuthenticationRequired).await
            }
            "requires_payment_method" => {
                self.give_up(&intent, intent.last_decline().unwrap_or(DeclineCode::CardDeclined)).await
            }
            "canceled" => {
                let code = intent.last_decline().filter(|_| charge.method.is_some());
                Outcome::Declined { code: code.unwrap_or(DeclineCode::PaymentCancelled) }
            }
            _ => Outcome::Unknown,
        }
    }

    /// Cancels an intent whose one method failed: whoever holds its secret could still try another, and pay
    /// for something that we have given up.
    async fn give_up(&self, intent: &PaymentIntent, code: DeclineCode) -> Outcome {
        match self.cancel(&intent.id, format!("{}:give-up", intent.id)).await {
            Ok(_) => Outcome::Declined { code },
            Err(_) => Outcome::Unknown,
        }
    }

    async fn cancel(&self, charge: &str, key: String) -> Answer<PaymentIntent> {
        self.client.post(format!("payment_intents/{charge}/cancel"), &key).send().await
    }

    pub(super) async fn charge_outcome(
        &self,
        id: OperationId,
        charge: &Charge,
        reference: Option<&str>,
    ) -> Option<Outcome> {
        let intent = match reference {
            Some(reference) => self.intent(reference).await,
            None => self.find_intent(id, charge).await,
        };
        match intent {
            Ok(Some(intent)) => Some(self.intent_outcome(intent, charge).await),
            Ok(None) => None,
            Err(_) => Some(Outcome::Unknown),
        }
    }

    async fn intent(&self, reference: &str) -> Answer<Option<PaymentIntent>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        gateway_call::found(self.client.get(format!("payment_intents/{reference}")).send().await)
    }

    /// Looks through what was made since the operation was stored. Stripe's search would be quicker to ask,
    /// but learns of new intents with a delay.
    async fn find_intent(&self, id: OperationId, charge: &Charge) -> Answer<Option<PaymentIntent>> {
        let from = created_at(id).map(|at| at.minus(SignedDuration::from_mins(5)));
        let until =
            from.filter(|_| charge.payer.is_none()).map(|from| from.plus(SignedDuration::from_hours(2)));
        let seconds = |at: Instant| at.timestamp().as_second();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .get("payment_intents")
                .with("limit", &100)
                .with_some("created[gte]", from.map(seconds))
                .with_some("created[lt]", until.map(seconds))
                .with_some("customer", charge.payer.as_deref())
                .with_some("starting_after", after.take());
            let List { mut data, has_more } = page.send::<List<PaymentIntent>>().await?;
            if let Some(place) = data.iter().position(|intent| operation_in(&intent.metadata) == Some(id)) {
                return Ok(Some(data.swap_remove(place)));
            }
            after = data.pop().map(|last| last.id);
            if !has_more || after.is_none() {
                return Ok(None);
            }
        }
        Err(Failure::Lost)
    }

    pub(super) async fn capture(&self, id: OperationId, charge: &str, amount: Money) -> Outcome {
        let Some(minor) = minor_units(amount).filter(|_| is_plain(charge)) else {
            return Outcome::Declined { code: DeclineCode::ChargeNotOpen };
        };
        let call = self.client.post(format!("payment_intents/{charge}/capture"), &id);
        match call.with("amount_to_capture", &minor).send::<PaymentIntent>().await {
            Ok(intent) => Self::captured(&intent).unwrap_or(Outcome::Unknown),
            Err(failure) => {
                failure.outcome(|_, Refusal { error }| declined(&error, DeclineCode::ChargeNotOpen))
            }
        }
    }

    fn captured(intent: &PaymentIntent) -> Option<Outcome> {
        match intent.status.as_str() {
            "succeeded" => Some(Outcome::Succeeded { reference: intent.id.clone() }),
            "processing" => Some(Outcome::Processing { reference: intent.id.clone() }),
            "canceled" => Some(Outcome::Declined { code: DeclineCode::ChargeNotOpen }),
            _ => None,
        }
    }

    pub(super) async fn capture_outcome(&self, charge: &str) -> Option<Outcome> {
        match self.intent(charge).await {
            Ok(intent) => intent.and_then(|intent| Self::captured(&intent)),
            Err(_) => Some(Outcome::Unknown),
        }
    }

    pub(super) async fn void(&self, id: OperationId, charge: &str) -> Outcome {
        if !is_plain(charge) {
            return Outcome::Declined { code: DeclineCode::ChargeNotOpen };
        }
        match self.cancel(charge, id.to_string()).await {
            Ok(intent) => Outcome::Succeeded { reference: intent.id },
            // Perhaps since it was cancelled before, which is all that was wanted.
            Err(Failure::Refused(..)) => {
                let not_open = Outcome::Declined { code: DeclineCode::ChargeNotOpen };
                self.void_outcome(charge).await.unwrap_or(not_open)
            }
            Err(Failure::NotCalled) => Outcome::Unavailable,
            Err(Failure::Lost) => Outcome::Unknown,
        }
    }

    pub(super) async fn void_outcome(&self, charge: &str) -> Option<Outcome> {
        match self.intent(charge).await {
            Ok(Some(intent)) if intent.status == "canceled" => {
                Some(Outcome::Succeeded { reference: intent.id })
            }
            Ok(Some(intent)) if intent.status == "succeeded" => {
                Some(Outcome::Declined { code: DeclineCode::ChargeNotOpen })
            }
            Ok(_) => None,
            Err(_) => Some(Outcome::Unknown),
        }
    }

    pub(super) async fn refund(&self, id: OperationId, charge: &str, amount: Money) -> Outcome {
        let Some(minor) = minor_units(amount) else {
            return Outcome::Declined { code: DeclineCode::ChargeNotOpen };
        };
        let call = self
            .client
            .post("refunds", &id)
            .with("payment_intent", charge)
            .with("amount", &minor)
            .with("metadata[operation]", &id);
        match call.send::<Refund>().await {
            Ok(refund) => refund.outcome(),
            Err(failure) => {
                failure.outcome(|_, Refusal { error }| declined(&error, DeclineCode::ChargeNotOpen))
            }
        }
    }

    pub(super) async fn refund_outcome(&self, id: OperationId, charge: &str) -> Option<Outcome> {
        let list = self.client.get("refunds").with("payment_intent", charge).with("limit", &100);
        match gateway_call::found(list.send::<List<Refund>>().await) {
            Ok(refunds) => {
                let mut refunds = refunds.into_iter().flat_map(|list| list.data);
                refunds.find(|refund| operation_in(&refund.metadata) == Some(id)).map(Refund::outcome)
            }
            Err(_) => Some(Outcome::Unknown),
        }
    }

    pub(super) async fn set_up(&self, id: OperationId, payer: &str) -> Outcome {
        let call = self
            .client
            .post("setup_intents", &id)
            .with("customer", payer)
            .with("usage", "off_session")
            .with("payment_method_types[]", "card")
            .with("metadata[operation]", &id);
        match call.send::<SetupIntent>().await {
            Ok(intent) => intent.outcome(),
            Err(failure) => {
                failure.outcome(|_, Refusal { error }| declined(&error, DeclineCode::ProcessingError))
            }
        }
    }

    pub(super) async fn set_up_outcome(
        &self,
        id: OperationId,
        payer: &str,
        reference: Option<&str>,
    ) -> Option<Outcome> {
        let named = reference.filter(|reference| reference.starts_with("seti_") && is_plain(reference));
        let found = if let Some(reference) = named {
            gateway_call::found(self.client.get(format!("setup_intents/{reference}")).send().await)
        } else {
            let list = self.client.get("setup_intents").with("customer", payer).with("limit", &100);
            let list = list.send::<List<SetupIntent>>().await;
            list.map(|list| list.data.into_iter().find(|intent| operation_in(&intent.metadata) == Some(id)))
        };
        found.map_or(Some(Outcome::Unknown), |intent| intent.map(SetupIntent::outcome))
    }
}
