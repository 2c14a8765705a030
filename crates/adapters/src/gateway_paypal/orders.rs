//! Money from payers: orders, captures, refunds. The reference of a charge is its order's id.
//!
//! PayPal does not take what a payer approved: we do, when we are told of it or ask.

use platform::{
    ids::OperationId,
    money::Money,
    ports::gateway::{Action, Capture, Charge, DeclineCode, Outcome},
};
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    Paypal,
    client::Answer,
    objects::{Order, Payment, Value},
};
use crate::gateway_call::{self, Failure, is_plain};

const NOT_OPEN: Outcome = Outcome::Declined { code: DeclineCode::ChargeNotOpen };
/// PayPal takes this much of a description.
const LONGEST_DESCRIPTION: usize = 127;

impl Paypal {
    pub(super) async fn charge(&self, id: OperationId, charge: &Charge) -> Outcome {
        let amount = Value::of(charge.amount).filter(|_| charge.method.is_none());
        let Some(amount) = amount else {
            return Outcome::Declined { code: DeclineCode::MethodNotSupported };
        };
        let description: String = charge.description.chars().take(LONGEST_DESCRIPTION).collect();
        let order = json!({
            "intent": if charge.capture == Capture::Now { "CAPTURE" } else { "AUTHORIZE" },
            "purchase_units": [{"custom_id": id, "description": description, "amount": amount}],
            "payment_source": {"paypal": {"experience_context": {
                "return_url": charge.return_url,
                "cancel_url": charge.return_url,
                "user_action": "PAY_NOW",
                "shipping_preference": "NO_SHIPPING",
            }}},
        });
        match self.client.post::<Order>("v2/checkout/orders", &id.to_string(), &order).await {
            Ok(order) => self.order_outcome(id, order).await,
            Err(failure) => failure.outcome(|_, refusal| refusal.declined(DeclineCode::ProcessingError)),
        }
    }

    /// What an order means for the charge that made it. What was approved is taken.
    async fn order_outcome(&self, id: OperationId, order: Order) -> Outcome {
        match order.status.as_str() {
            "COMPLETED" => order.paid().unwrap_or(Outcome::Unknown),
            "VOIDED" => Outcome::Declined { code: DeclineCode::PaymentCancelled },
            "APPROVED" => self.take(id, order).await,
            "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED" => waiting(order),
            _ => Outcome::Unknown,
        }
    }

    async fn take(&self, id: OperationId, order: Order) -> Outcome {
        let verb = if order.intent.as_deref() == Some("AUTHORIZE") { "authorize" } else { "capture" };
        let path = format!("v2/checkout/orders/{}/{verb}", order.id);
        match self.client.post::<Order>(&path, &format!("{id}:take"), &json!({})).await {
            Ok(taken) => taken.paid().unwrap_or(Outcome::Unknown),
            Err(Failure::Refused(_, refusal)) if refusal.wants_the_payer() => waiting(order),
            // Somebody else has taken it in this moment: asked again, it will say so.
            Err(Failure::Refused(_, refusal)) if refusal.issue().starts_with("ORDER_ALREADY_") => {
                Outcome::Unknown
            }
            Err(Failure::Refused(_, refusal)) => refusal.declined(DeclineCode::CardDeclined),
            Err(Failure::NotCalled | Failure::Lost) => Outcome::Unknown,
        }
    }

    /// An order whose reference was lost cannot have been paid: nobody was told where to approve it.
    pub(super) async fn charge_outcome(&self, id: OperationId, reference: Option<&str>) -> Option<Outcome> {
        Some(match self.order(reference?).await {
            Ok(Some(order)) => self.order_outcome(id, order).await,
            // PayPal forgets orders that nobody approves.
            Ok(None) => Outcome::Declined { code: DeclineCode::PaymentCancelled },
            Err(_) => Outcome::Unknown,
        })
    }

    async fn order(&self, reference: &str) -> Answer<Option<Order>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        gateway_call::found(self.client.get(&format!("v2/checkout/orders/{reference}"), &[]).await)
    }

    pub(super) async fn capture(&self, id: OperationId, charge: &str, amount: Money) -> Outcome {
        let order = match self.order(charge).await {
            Ok(order) => order,
            Err(failure) => return failure.outcome(|_, _| NOT_OPEN),
        };
        let authorization = order.as_ref().and_then(Order::authorization);
        let (Some(authorization), Some(amount)) = (authorization, Value::of(amount)) else { return NOT_OPEN };
        let path = format!("v2/payments/authorizations/{}/capture", authorization.id);
        let body = json!({"amount": amount, "final_capture": true});
        match self.client.post::<Payment>(&path, &id.to_string(), &body).await {
            Ok(capture) => captured(charge, &capture),
            Err(failure) => failure.outcome(|_, refusal| refusal.declined(DeclineCode::ChargeNotOpen)),
        }
    }

    pub(super) async fn capture_outcome(&self, charge: &str) -> Option<Outcome> {
        let order = match self.order(charge).await {
            Ok(order) => order?,
            Err(_) => return Some(Outcome::Unknown),
        };
        if let Some(capture) = order.capture() {
            return Some(captured(charge, capture));
        }
        let is_over =
            order.authorization().is_none_or(|held| matches!(held.status.as_str(), "VOIDED" | "EXPIRED"));
        is_over.then_some(NOT_OPEN)
    }

    pub(super) async fn void(&self, id: OperationId, charge: &str) -> Outcome {
        let order = match self.order(charge).await {
            Ok(order) => order,
            Err(failure) => return failure.outcome(|_, _| NOT_OPEN),
        };
        let held = match void_outcome_of(charge, order.as_ref()) {
            Ok(outcome) => return outcome,
            Err(held) => held,
        };
        let path = format!("v2/payments/authorizations/{}/void", held.id);
        match self.client.post::<IgnoredAny>(&path, &id.to_string(), &json!({})).await {
            Ok(_) => Outcome::Succeeded { reference: charge.to_owned() },
            Err(failure) => failure.outcome(|_, refusal| refusal.declined(DeclineCode::ChargeNotOpen)),
        }
    }

    pub(super) async fn void_outcome(&self, charge: &str) -> Option<Outcome> {
        match self.order(charge).await {
            Ok(order) => void_outcome_of(charge, order.as_ref()).ok(),
            Err(_) => Some(Outcome::Unknown),
        }
    }

    pub(super) async fn refund(&self, id: OperationId, charge: &str, amount: Money) -> Outcome {
        let order = match self.order(charge).await {
            Ok(order) => order,
            Err(failure) => return failure.outcome(|_, _| NOT_OPEN),
        };
        // PayPal forgets keys in the end, but not refunds.
        if let Some(done) = order.as_ref().and_then(|order| order.refund(id)) {
            return done.refund_outcome();
        }
        let capture = order.as_ref().and_then(Order::capture);
        let (Some(capture), Some(amount)) = (capture, Value::of(amount)) else { return NOT_OPEN };
        let path = format!("v2/payments/captures/{}/refund", capture.id);
        let body = json!({"amount": amount, "custom_id": id});
        match self.client.post::<Payment>(&path, &id.to_string(), &body).await {
            Ok(refund) => refund.refund_outcome(),
            Err(failure) => failure.outcome(|_, refusal| refusal.declined(DeclineCode::ChargeNotOpen)),
        }
    }

    pub(super) async fn refund_outcome(&self, id: OperationId, charge: &str) -> Option<Outcome> {
        match self.order(charge).await {
            Ok(order) => order?.refund(id).map(Payment::refund_outcome),
            Err(_) => Some(Outcome::Unknown),
        }
    }
}

fn waiting(order: Order) -> Outcome {
    let url = order.page();
    Outcome::RequiresAction { reference: order.id, action: Action { client_secret: None, url } }
}

fn captured(charge: &str, capture: &Payment) -> Outcome {
    let reference = charge.to_owned();
    match capture.status.as_str() {
        "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => Outcome::Succeeded { reference },
        "PENDING" => Outcome::Processing { reference },
        "DECLINED" | "FAILED" => Outcome::Declined { code: DeclineCode::CardDeclined },
        _ => Outcome::Unknown,
    }
}

/// What letting go means for an order that holds nothing (any more), or what it still holds. An order that
/// nobody approved holds nothing, and nothing takes it unless it is asked for.
fn void_outcome_of<'a>(charge: &str, order: Option<&'a Order>) -> Result<Outcome, &'a Payment> {
    let done = || Ok(Outcome::Succeeded { reference: charge.to_owned() });
    let Some(order) = order else { return done() };
    if order.capture().is_some() {
        return Ok(NOT_OPEN);
    }
    match order.authorization() {
        Some(held) if matches!(held.status.as_str(), "CREATED" | "PENDING") => Err(held),
        _ => done(),
    }
}
