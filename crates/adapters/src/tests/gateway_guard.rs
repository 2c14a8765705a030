//! The time limit and the breaker, around a gateway that does as it is told.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;
use platform::{
    error::{ApiError, ApiResult},
    ports::gateway::{
        DeclineCode, Dispute, Event, Gateway, GatewayName, NewAccount, NewPayer, Operation, Outcome,
        PayoutAccount, Period, SavedMethod, Statement, WebhookError,
    },
};

use super::gateways::{charging, clock, declined, now};
use crate::gateway_guard::Guarded;

/// Answers everything with one outcome, and counts; `None` never answers.
struct Scripted {
    outcome: Mutex<Option<Outcome>>,
    calls: AtomicU32,
}

impl Scripted {
    fn new(outcome: Option<Outcome>) -> Arc<Self> {
        Arc::new(Self { outcome: Mutex::new(outcome), calls: AtomicU32::new(0) })
    }

    fn now_says(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap() = Some(outcome);
    }

    fn calls(&self) -> u32 {
        self.calls.swap(0, Ordering::SeqCst)
    }

    async fn answer(&self) -> Outcome {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let outcome = self.outcome.lock().unwrap().clone();
        match outcome {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }

    async fn read<T>(&self) -> ApiResult<T> {
        match self.answer().await {
            Outcome::Declined { code } => Err(code.into()),
            _ => Err(ApiError::unavailable(anyhow::anyhow!("down"))),
        }
    }
}

#[async_trait]
impl Gateway for Scripted {
    fn name(&self) -> GatewayName {
        GatewayName::Stripe
    }
    fn authorisation_life(&self) -> SignedDuration {
        SignedDuration::from_hours(1)
    }
    async fn perform(&self, _operation: &Operation) -> Outcome {
        self.answer().await
    }
    async fn outcome_of(&self, _operation: &Operation, _reference: Option<&str>) -> Option<Outcome> {
        Some(self.answer().await)
    }
    async fn payer(&self, _payer: &NewPayer) -> ApiResult<String> {
        self.read().await
    }
    async fn keep_method(&self, _payer: &str, _token: &str) -> ApiResult<SavedMethod> {
        self.read().await
    }
    async fn drop_method(&self, _reference: &str) -> ApiResult<()> {
        self.read().await
    }
    async fn method(&self, _reference: &str) -> ApiResult<Option<SavedMethod>> {
        self.read().await
    }
    async fn open_account(&self, _account: &NewAccount) -> ApiResult<PayoutAccount> {
        self.read().await
    }
    async fn account(&self, _reference: &str) -> ApiResult<Option<PayoutAccount>> {
        self.read().await
    }
    async fn account_page(&self, _reference: &str, _return_url: &str) -> ApiResult<Option<String>> {
        self.read().await
    }
    async fn dispute(&self, _reference: &str) -> ApiResult<Option<Dispute>> {
        self.read().await
    }
    async fn statement(&self, _period: Period, _page: Option<&str>) -> ApiResult<Statement> {
        self.read().await
    }
    async fn event(&self, _headers: &HeaderMap, _body: &[u8]) -> Result<Event, WebhookError> {
        self.answer().await;
        Err(WebhookError::WebhookNotSigned)
    }
}

#[tokio::test]
async fn it_opens_after_ten_failures_probes_once_a_second_and_closes_again() {
    let (down, clock) = (Scripted::new(Some(Outcome::Unknown)), clock());
    let guarded = Guarded::new(down.clone(), clock.clone());
    let operation = charging("pm");
    for _ in 0..10 {
        assert_eq!(guarded.perform(&operation).await, Outcome::Unknown);
    }
    assert_eq!(down.calls(), 10);
    for _ in 0..100 {
        assert_eq!(guarded.perform(&operation).await, Outcome::Unavailable);
        assert_eq!(guarded.outcome_of(&operation, None).await, Some(Outcome::Unknown));
        assert_eq!(guarded.method("pm").await.unwrap_err().code(), "unavailable");
    }
    assert_eq!(down.calls(), 0);
    for _ in 0..5 {
        clock.advance(SignedDuration::from_secs(1));
        guarded.perform(&operation).await;
        guarded.perform(&operation).await;
    }
    assert_eq!(down.calls(), 5, "one probe a second");

    down.now_says(declined(DeclineCode::CardDeclined));
    assert_eq!(guarded.perform(&operation).await, Outcome::Unavailable);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(guarded.perform(&operation).await, declined(DeclineCode::CardDeclined));
    assert_eq!(guarded.method("pm").await.unwrap_err().code(), "card_declined");
    assert_eq!(down.calls(), 2, "a gateway that declines is up");
}

#[tokio::test]
async fn failures_count_only_in_a_row() {
    let shaky = Scripted::new(None);
    let guarded = Guarded::new(shaky.clone(), clock());
    for _ in 0..10 {
        shaky.now_says(Outcome::Unavailable);
        for _ in 0..9 {
            guarded.perform(&charging("pm")).await;
        }
        shaky.now_says(Outcome::Processing { reference: "ch_1".into() });
        guarded.perform(&charging("pm")).await;
    }
    assert_eq!(shaky.calls(), 100);
}

#[tokio::test]
async fn a_silent_gateway_costs_no_more_than_the_limit_and_then_nothing() {
    let silent = Scripted::new(None);
    let guarded = Guarded::with_limit(silent.clone(), clock(), Duration::from_millis(20));
    let operation = charging("pm");
    assert_eq!(guarded.perform(&operation).await, Outcome::Unknown);
    assert_eq!(guarded.outcome_of(&operation, None).await, Some(Outcome::Unknown));
    let period = Period { from: now(), until: now() };
    assert_eq!(guarded.statement(period, None).await.unwrap_err().code(), "unavailable");
    for _ in 0..7 {
        guarded.perform(&operation).await;
    }
    assert_eq!(silent.calls(), 10);
    assert_eq!(guarded.perform(&operation).await, Outcome::Unavailable);
    let event = guarded.event(&HeaderMap::new(), b"").await;
    assert!(matches!(event, Err(WebhookError::WebhookNotCheckable)), "messages are still looked at");
}

#[tokio::test]
async fn forged_messages_open_nothing() {
    let gateway = Scripted::new(Some(Outcome::Processing { reference: "ch_1".into() }));
    let guarded = Guarded::new(gateway.clone(), clock());
    for _ in 0..50 {
        guarded.event(&HeaderMap::new(), b"{}").await.unwrap_err();
    }
    gateway.calls();
    guarded.perform(&charging("pm")).await;
    assert_eq!(gateway.calls(), 1);
}
