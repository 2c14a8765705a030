//! PayPal's book, and its disputes.

use platform::{
    error::ApiResult,
    money::Money,
    ports::gateway::{Dispute, DisputeStatus, Entry, EntryKind, Period, Statement},
};
use serde::Deserialize;

use super::{
    Paypal,
    events::order_of,
    objects::{Payment, Value},
};
use crate::gateway_call::{self, is_plain};

#[derive(Deserialize)]
struct Transactions {
    #[serde(default)]
    transaction_details: Vec<Transaction>,
    #[serde(default)]
    page: u32,
    #[serde(default)]
    total_pages: u32,
}

#[derive(Deserialize)]
struct Transaction {
    transaction_info: Info,
}

#[derive(Deserialize)]
struct Info {
    transaction_id: String,
    #[serde(default)]
    transaction_event_code: String,
    transaction_initiation_date: jiff::Timestamp,
    transaction_amount: Value,
    #[serde(default)]
    fee_amount: Option<Value>,
    #[serde(default)]
    custom_field: Option<String>,
}

impl Info {
    /// `None` in a currency that we do not know.
    fn entry(self) -> Option<Entry> {
        let amount = self.transaction_amount.money()?;
        let absolute = |money: Money| Money::new(money.minor.saturating_abs(), money.currency);
        let is_in = amount.minor > 0;
        // The groups of developer.paypal.com/docs/transaction-search/transaction-event-codes.
        let kind = match self.transaction_event_code.as_str() {
            "T0001" if is_in => EntryKind::PayoutFailure,
            "T0001" => EntryKind::Payout,
            "T1107" | "T1106" if is_in => EntryKind::RefundFailure,
            "T1107" | "T1106" => EntryKind::Refund,
            "T1201" => EntryKind::Dispute,
            "T1202" => EntryKind::DisputeWon,
            code if code.starts_with("T00") && is_in => EntryKind::Charge,
            _ => EntryKind::Other,
        };
        Some(Entry {
            reference: self.transaction_id,
            operation: self.custom_field.and_then(|id| id.parse().ok()),
            kind,
            amount: absolute(amount),
            fee: absolute(
                self.fee_amount.as_ref().and_then(Value::money).unwrap_or(Money::new(0, amount.currency)),
            ),
            at: self.transaction_initiation_date.into(),
        })
    }
}

#[derive(Deserialize)]
struct Case {
    dispute_id: String,
    #[serde(default)]
    status: String,
    dispute_amount: Value,
    #[serde(default)]
    disputed_transactions: Vec<Disputed>,
    #[serde(default)]
    dispute_outcome: Option<Ruling>,
    #[serde(default)]
    seller_response_due_date: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct Disputed {
    seller_transaction_id: String,
}

#[derive(Deserialize)]
struct Ruling {
    #[serde(default)]
    outcome_code: String,
}

impl Case {
    fn status(&self) -> DisputeStatus {
        let ruling = self.dispute_outcome.as_ref().map_or("", |ruling| &ruling.outcome_code);
        match (self.status.as_str(), ruling) {
            ("RESOLVED", "RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => DisputeStatus::Lost,
            ("RESOLVED", _) => DisputeStatus::Won,
            _ => DisputeStatus::Open,
        }
    }
}

impl Paypal {
    pub(super) async fn book(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        let query = [
            ("start_date", period.from.to_string()),
            ("end_date", period.until.to_string()),
            ("fields", "transaction_info".to_owned()),
            ("page_size", "500".to_owned()),
            ("page", page.unwrap_or("1").to_owned()),
        ];
        let found: Transactions = self.client.get("v1/reporting/transactions", &query).await?;
        let next = (found.page < found.total_pages).then(|| (found.page + 1).to_string());
        let entries = found.transaction_details.into_iter().filter_map(|line| line.transaction_info.entry());
        // PayPal counts the last instant in.
        Ok(Statement { entries: entries.filter(|entry| entry.at < period.until).collect(), next })
    }

    pub(super) async fn case(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        let path = format!("v1/customer/disputes/{reference}");
        let Some(case) = gateway_call::found(self.client.get::<Case>(&path, &[]).await)? else {
            return Ok(None);
        };
        let status = case.status();
        let capture =
            case.disputed_transactions.into_iter().next().map(|disputed| disputed.seller_transaction_id);
        let Some(capture) = capture.filter(|capture| is_plain(capture)) else { return Ok(None) };
        let path = format!("v2/payments/captures/{capture}");
        let capture = gateway_call::found(self.client.get::<Payment>(&path, &[]).await)?;
        let (Some(charge), Some(amount)) = (capture.and_then(order_of), case.dispute_amount.money()) else {
            return Ok(None);
        };
        let respond_by = case.seller_response_due_date.map(Into::into);
        Ok(Some(Dispute { reference: case.dispute_id, charge, amount, status, respond_by }))
    }
}
