//! What PayPal says by itself. Its signature is checked by asking PayPal.

use axum::http::HeaderMap;
use platform::{
    ids::OperationId,
    ports::gateway::{Event, Subject, WebhookError},
};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{
    Paypal,
    objects::{Payment, SupplementaryData},
};
use crate::gateway_call::Failure;

/// No header of PayPal's is longer.
const LONGEST_HEADER: usize = 1024;

#[derive(Deserialize)]
struct Verdict {
    verification_status: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    event_type: String,
    create_time: jiff::Timestamp,
    resource: Resource,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    id: Option<String>,
    custom_id: Option<String>,
    dispute_id: Option<String>,
    payout_batch_id: Option<String>,
    payout_item: PayoutItem,
    purchase_units: Vec<Ours>,
    supplementary_data: SupplementaryData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PayoutItem {
    sender_item_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ours {
    custom_id: Option<String>,
}

impl Paypal {
    pub(super) async fn read(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        // PayPal signed these very bytes, so they go back as they came.
        let unsigned = |_cause| WebhookError::WebhookNotSigned;
        let event: Box<RawValue> = serde_json::from_slice(body).map_err(unsigned)?;
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.filter(|value| value.len() <= LONGEST_HEADER).ok_or(WebhookError::WebhookNotSigned)
        };
        let question = json!({
            "auth_algo": header("paypal-auth-algo")?,
            "cert_url": header("paypal-cert-url")?,
            "transmission_id": header("paypal-transmission-id")?,
            "transmission_sig": header("paypal-transmission-sig")?,
            "transmission_time": header("paypal-transmission-time")?,
            "webhook_id": self.webhook_id,
        });
        let question = with_event(&question.to_string(), &event)?;
        match self.client.ask::<Verdict>("v1/notifications/verify-webhook-signature", &question).await {
            Ok(verdict) if verdict.verification_status == "SUCCESS" => parse(body),
            Ok(_) | Err(Failure::Refused(..)) => Err(WebhookError::WebhookNotSigned),
            Err(Failure::NotCalled | Failure::Lost) => Err(WebhookError::WebhookNotCheckable),
        }
    }
}

/// The question with the event as its last member, byte for byte.
fn with_event(question: &str, event: &RawValue) -> Result<Box<RawValue>, WebhookError> {
    let open = question.strip_suffix('}').unwrap_or(question);
    let whole = format!("{open},\"webhook_event\":{}}}", event.get());
    RawValue::from_string(whole).map_err(|_cause| WebhookError::WebhookNotReadable)
}

fn parse(body: &[u8]) -> Result<Event, WebhookError> {
    let message: Message = serde_json::from_slice(body).map_err(|_cause| WebhookError::WebhookNotReadable)?;
    let resource = message.resource;
    let order = resource.supplementary_data.related_ids.order_id;
    let in_order = resource.purchase_units.into_iter().find_map(|unit| unit.custom_id);
    let (subject, reference, operation) = match message.event_type.split('.').collect::<Vec<_>>()[..] {
        ["CHECKOUT", "ORDER", ..] => (Subject::Charge, resource.id, in_order),
        ["PAYMENT", "CAPTURE", "REFUNDED" | "REVERSED"] | ["PAYMENT", "REFUND", ..] => {
            (Subject::Refund, resource.id, resource.custom_id)
        }
        ["PAYMENT", "CAPTURE" | "AUTHORIZATION", ..] => {
            (Subject::Charge, order.or(resource.id), resource.custom_id)
        }
        ["PAYMENT", "PAYOUTS-ITEM", ..] => {
            (Subject::PayOut, resource.payout_batch_id, resource.payout_item.sender_item_id)
        }
        ["CUSTOMER", "DISPUTE", ..] => (Subject::Dispute, resource.dispute_id, None),
        _ => (Subject::Other, resource.id, None),
    };
    Ok(Event {
        id: message.id,
        subject,
        operation: operation.and_then(|id| id.parse::<OperationId>().ok()),
        reference: reference.unwrap_or_default(),
        at: message.create_time.into(),
    })
}

/// The order that a capture belongs to.
pub fn order_of(capture: Payment) -> Option<String> {
    capture.supplementary_data.related_ids.order_id
}
