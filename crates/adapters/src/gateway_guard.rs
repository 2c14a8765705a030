//! What stands around every gateway: a time limit, and a breaker that stops asking one that is down, so that
//! payers get their answer at once and the gateway its rest.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;
use platform::{
    error::{ApiError, ApiResult, Kind},
    ports::gateway::{
        Charges, Dispute, Event, Gateway, GatewayName, NewAccount, NewPayer, Operation, Outcome,
        PayoutAccount, Period, SavedMethod, Statement, WebhookError,
    },
    time::{Clock, Instant},
};

/// So long a call may take; the contract's 8 seconds are the payer's.
const LIMIT: Duration = Duration::from_millis(7500);
/// So many failures in a row open the breaker.
const MOST_FAILURES: u32 = 10;
/// While it is open, one call in so long goes through, to see whether the gateway is back.
const PROBE_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// A gateway within limits.
pub struct Guarded {
    gateway: Arc<dyn Gateway>,
    limit: Duration,
    breaker: Breaker,
}

impl Guarded {
    /// Guards `gateway`.
    pub fn new(gateway: Arc<dyn Gateway>, clock: Clock) -> Self {
        Self { gateway, limit: LIMIT, breaker: Breaker::new(clock) }
    }

    #[cfg(test)]
    pub fn with_limit(gateway: Arc<dyn Gateway>, clock: Clock, limit: Duration) -> Self {
        Self { limit, ..Self::new(gateway, clock) }
    }

    /// What a call gave; `None` when it was not made, `Some(None)` when it took too long.
    async fn within_limits<T>(
        &self,
        call: impl Future<Output = T> + Send,
        is_failure: impl FnOnce(&T) -> bool,
    ) -> Option<Option<T>> {
        if !self.breaker.lets_through() {
            return None;
        }
        let answer = tokio::time::timeout(self.limit, call).await.ok();
        self.breaker.saw(answer.as_ref().is_none_or(is_failure), self.gateway.name());
        Some(answer)
    }

    async fn read<T: Send>(&self, call: impl Future<Output = ApiResult<T>> + Send) -> ApiResult<T> {
        let is_down = |answer: &ApiResult<T>| {
            answer.as_ref().is_err_and(|error| matches!(error.kind(), Kind::Unavailable | Kind::Internal))
        };
        match self.within_limits(call, is_down).await {
            Some(Some(answer)) => answer,
            Some(None) => Err(self.unavailable("took too long")),
            None => Err(self.unavailable("is left alone, since it was down")),
        }
    }

    fn unavailable(&self, why: &str) -> ApiError {
        ApiError::unavailable(anyhow::anyhow!("{} {why}", self.gateway.name()))
    }
}

#[async_trait]
impl Gateway for Guarded {
    fn name(&self) -> GatewayName {
        self.gateway.name()
    }

    fn authorisation_life(&self) -> SignedDuration {
        self.gateway.authorisation_life()
    }

    async fn perform(&self, operation: &Operation) -> Outcome {
        let is_failure = |outcome: &_| matches!(outcome, Outcome::Unknown | Outcome::Unavailable);
        match self.within_limits(self.gateway.perform(operation), is_failure).await {
            Some(answer) => answer.unwrap_or(Outcome::Unknown),
            None => Outcome::Unavailable,
        }
    }

    async fn outcome_of(&self, operation: &Operation, reference: Option<&str>) -> Option<Outcome> {
        let is_failure = |outcome: &_| matches!(outcome, Some(Outcome::Unknown | Outcome::Unavailable));
        let answer = self.within_limits(self.gateway.outcome_of(operation, reference), is_failure).await;
        // Not asked is not an answer: the operation may have been performed earlier.
        answer.flatten().unwrap_or(Some(Outcome::Unknown))
    }

    async fn payer(&self, payer: &NewPayer) -> ApiResult<String> {
        self.read(self.gateway.payer(payer)).await
    }

    async fn keep_method(&self, payer: &str, token: &str) -> ApiResult<SavedMethod> {
        self.read(self.gateway.keep_method(payer, token)).await
    }

    async fn drop_method(&self, reference: &str) -> ApiResult<()> {
        self.read(self.gateway.drop_method(reference)).await
    }

    async fn method(&self, reference: &str) -> ApiResult<Option<SavedMethod>> {
        self.read(self.gateway.method(reference)).await
    }

    async fn open_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount> {
        self.read(self.gateway.open_account(account)).await
    }

    async fn account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        self.read(self.gateway.account(reference)).await
    }

    async fn account_page(&self, reference: &str, return_url: &str) -> ApiResult<Option<String>> {
        self.read(self.gateway.account_page(reference, return_url)).await
    }

    async fn dispute(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        self.read(self.gateway.dispute(reference)).await
    }

    async fn statement(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        self.read(self.gateway.statement(period, page)).await
    }

    async fn charges(&self, period: Period, page: Option<&str>) -> ApiResult<Option<Charges>> {
        self.read(self.gateway.charges(period, page)).await
    }

    /// Not behind the breaker: whoever sends forged messages must not be able to open it.
    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        let answer = tokio::time::timeout(self.limit, self.gateway.event(headers, body)).await;
        answer.unwrap_or(Err(WebhookError::WebhookNotCheckable))
    }
}

struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    probed_at: Option<Instant>,
}

impl Breaker {
    fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    fn lets_through(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures < MOST_FAILURES {
            return true;
        }
        let is_time = state.probed_at.is_none_or(|probed| now.since(probed) >= PROBE_EVERY);
        if is_time {
            state.probed_at = Some(now);
        }
        is_time
    }

    fn saw(&self, failure: bool, name: GatewayName) {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_open = state.failures >= MOST_FAILURES;
        state.failures = if failure { state.failures.saturating_add(1) } else { 0 };
        let is_open = state.failures >= MOST_FAILURES;
        if is_open && !was_open {
            state.probed_at = Some(now);
            tracing::error!(gateway = %name, "the gateway is down, and is asked only once in a second");
        } else if was_open && !is_open {
            state.probed_at = None;
            tracing::info!(gateway = %name, "the gateway is back");
        }
    }
}
