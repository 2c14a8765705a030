//! What Stripe says by itself, and its book.

use platform::{
    error::ApiResult,
    ids::OperationId,
    ports::gateway::{
        ChargeRecord, ChargeState, Charges, Entry, EntryKind, Event, Period, Statement, Subject, WebhookError,
    },
};
use serde::Deserialize;

use super::{
    Stripe,
    objects::{List, Metadata, instant, money, operation_in},
};

#[derive(Deserialize)]
struct Message {
    id: String,
    r#type: String,
    created: i64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// Reads a message whose signature holds.
pub fn read(body: &[u8]) -> Result<Event, WebhookError> {
    let message: Message = serde_json::from_slice(body).map_err(|_cause| WebhookError::WebhookNotReadable)?;
    let subject = match message.r#type.split('.').collect::<Vec<_>>()[..] {
        ["payment_intent", ..] => Subject::Charge,
        ["refund", ..] | ["charge", "refund", ..] => Subject::Refund,
        ["charge", "dispute", ..] => Subject::Dispute,
        ["setup_intent", ..] => Subject::SetUp,
        ["payout", ..] => Subject::PayOut,
        ["account", "updated"] => Subject::Account,
        _ => Subject::Other,
    };
    let Object { id, metadata } = message.data.object;
    Ok(Event {
        id: message.id,
        subject,
        operation: metadata.as_ref().and_then(operation_in),
        reference: id.unwrap_or_default(),
        at: instant(message.created).ok_or(WebhookError::WebhookNotReadable)?,
    })
}

/// A line of Stripe's book, with what caused it.
#[derive(Deserialize)]
struct BalanceTransaction {
    id: String,
    r#type: String,
    amount: i64,
    fee: i64,
    currency: String,
    created: i64,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    id: String,
    #[serde(default)]
    payment_intent: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

impl Source {
    fn operation(&self) -> Option<OperationId> {
        self.metadata.as_ref().and_then(operation_in)
    }
}

impl BalanceTransaction {
    /// `None` in a currency that we do not know.
    fn entry(self) -> Option<Entry> {
        let kind = match self.r#type.as_str() {
            "charge" | "payment" => EntryKind::Charge,
            "refund" | "payment_refund" => EntryKind::Refund,
            "refund_failure" | "payment_failure_refund" => EntryKind::RefundFailure,
            "transfer" => EntryKind::Payout,
            "transfer_refund" | "transfer_cancel" | "transfer_failure" => EntryKind::PayoutFailure,
            "adjustment" if self.source.as_ref().is_some_and(|source| source.id.starts_with("dp_")) => {
                if self.amount < 0 { EntryKind::Dispute } else { EntryKind::DisputeWon }
            }
            _ => EntryKind::Other,
        };
        let operation = self.source.as_ref().and_then(Source::operation);
        let source = self.source.map(|source| match (kind, source.payment_intent) {
            (EntryKind::Charge, Some(intent)) => intent,
            _ => source.id,
        });
        Some(Entry {
            reference: source.unwrap_or(self.id),
            operation,
            kind,
            amount: money(self.amount.saturating_abs(), &self.currency)?,
            fee: money(self.fee, &self.currency)?,
            at: instant(self.created)?,
        })
    }
}

impl Stripe {
    pub(super) async fn book(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        let call = self
            .client
            .get("balance_transactions")
            .with("limit", &100)
            .with("created[gte]", &period.from.timestamp().as_second())
            .with("created[lt]", &period.until.timestamp().as_second())
            .with("expand[]", "data.source")
            .with_some("starting_after", page);
        let List { data, has_more } = call.send::<List<BalanceTransaction>>().await?;
        let next = data.last().filter(|_| has_more).map(|last| last.id.clone());
        Ok(Statement { entries: data.into_iter().filter_map(BalanceTransaction::entry).collect(), next })
    }

    /// The intents to pay that were made in a period.
    pub(super) async fn intents(&self, period: Period, page: Option<&str>) -> ApiResult<Charges> {
        let call = self
            .client
            .get("payment_intents")
            .with("limit", &100)
            .with("created[gte]", &period.from.timestamp().as_second())
            .with("created[lt]", &period.until.timestamp().as_second())
            .with_some("starting_after", page);
        let List { data, has_more } = call.send::<List<ListedIntent>>().await?;
        let next = data.last().filter(|_| has_more).map(|last| last.id.clone());
        Ok(Charges { charges: data.into_iter().filter_map(ListedIntent::record).collect(), next })
    }
}

/// An intent to pay, as a list shows it.
#[derive(Deserialize)]
struct ListedIntent {
    id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    created: i64,
    #[serde(default)]
    metadata: Metadata,
}

impl ListedIntent {
    /// `None` in a currency that we do not know.
    fn record(self) -> Option<ChargeRecord> {
        Some(ChargeRecord {
            operation: operation_in(&self.metadata),
            amount: money(self.amount, &self.currency)?,
            taken: money(self.amount_received, &self.currency)?,
            state: match self.status.as_str() {
                "succeeded" => ChargeState::Taken,
                "requires_capture" => ChargeState::Reserved,
                _ => ChargeState::NotTaken,
            },
            at: instant(self.created)?,
            reference: self.id,
        })
    }
}
