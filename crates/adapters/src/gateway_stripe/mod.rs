//! Stripe, by a small client of our own: payment intents for charges, Connect for providers.
//!
//! Every object carries our operation's id in its metadata, and every call uses it as the idempotency key.
//! Stripe forgets keys after a day; what is older is asked for before it is done again.

mod charges;
mod client;
mod codes;
mod disputes;
mod events;
mod objects;
mod payouts;

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;
use platform::{
    error::ApiResult,
    ids::OperationId,
    ports::gateway::{
        Charges, DeclineCode, Dispute, Event, Gateway, GatewayName, NewAccount, NewPayer, Operation, Outcome,
        PayoutAccount, Period, SavedMethod, Statement, Task, WebhookError,
    },
    time::{Clock, Instant},
};
use reqwest::StatusCode;
use secrecy::SecretString;

use self::{
    client::Client,
    objects::{Anything, Named, PaymentMethod},
};
use crate::{
    gateway_call::{self, Failure, is_plain},
    webhook_signature,
};

/// Card networks hold a reservation for 7 days; the last one is not for cutting it fine.
const AUTHORISATION_LIFE: SignedDuration = SignedDuration::from_hours(6 * 24);
/// Stripe remembers a key for at least a day.
const KEYS_LAST: SignedDuration = SignedDuration::from_hours(20);

/// Our account at Stripe.
pub struct Stripe {
    client: Client,
    webhook_secrets: Vec<SecretString>,
    clock: Clock,
}

impl Stripe {
    /// Calls `url` with `key`; believes messages that are signed with one of the secrets.
    pub fn new(
        http: reqwest::Client,
        url: &str,
        key: SecretString,
        webhook_secrets: Vec<SecretString>,
        clock: Clock,
    ) -> Self {
        Self { client: Client::new(http, url, key), webhook_secrets, clock }
    }

    fn may_be_forgotten(&self, id: OperationId) -> bool {
        created_at(id).is_none_or(|at| self.clock.now().since(at) > KEYS_LAST)
    }
}

/// When an operation was stored: its id says so.
fn created_at(id: OperationId) -> Option<Instant> {
    let (seconds, nanos) = id.uuid().get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?;
    jiff::Timestamp::new(seconds, i32::try_from(nanos).ok()?).ok().map(Instant::from)
}

#[async_trait]
impl Gateway for Stripe {
    fn name(&self) -> GatewayName {
        GatewayName::Stripe
    }

    fn authorisation_life(&self) -> SignedDuration {
        AUTHORISATION_LIFE
    }

    async fn perform(&self, operation: &Operation) -> Outcome {
        let id = operation.id;
        if self.may_be_forgotten(id)
            && !matches!(operation.task, Task::PayOut { .. })
            && let Some(outcome) = self.outcome_of(operation, None).await
        {
            return outcome;
        }
        match &operation.task {
            Task::Charge(charge) => self.charge(id, charge).await,
            Task::Capture { charge, amount } => self.capture(id, charge, *amount).await,
            Task::Void { charge } => self.void(id, charge).await,
            Task::Refund { charge, amount } => self.refund(id, charge, *amount).await,
            Task::SetUp { payer, .. } => self.set_up(id, payer).await,
            Task::PayOut { account, amount } => self.pay_out(id, account, *amount).await,
            Task::Defend { dispute, defence } => self.defend(id, dispute, defence).await,
        }
    }

    async fn outcome_of(&self, operation: &Operation, reference: Option<&str>) -> Option<Outcome> {
        let id = operation.id;
        match &operation.task {
            Task::Charge(charge) => self.charge_outcome(id, charge, reference).await,
            Task::Capture { charge, .. } => self.capture_outcome(charge).await,
            Task::Void { charge } => self.void_outcome(charge).await,
            Task::Refund { charge, .. } => self.refund_outcome(id, charge).await,
            Task::SetUp { payer, .. } => self.set_up_outcome(id, payer, reference).await,
            Task::PayOut { account, .. } => self.pay_out_outcome(id, account).await,
            Task::Defend { dispute, .. } => self.defend_outcome(id, dispute).await,
        }
    }

    async fn payer(&self, payer: &NewPayer) -> ApiResult<String> {
        let call = self
            .client
            .post("customers", &format!("payer:{}", payer.user))
            .with("email", &payer.email)
            .with("name", &payer.name)
            .with("metadata[user]", &payer.user);
        Ok(call.send::<Named>().await?.id)
    }

    async fn keep_method(&self, payer: &str, token: &str) -> ApiResult<SavedMethod> {
        if !is_plain(token) {
            return Err(DeclineCode::MethodNotFound.into());
        }
        let call = self.client.post_again(format!("payment_methods/{token}/attach")).with("customer", payer);
        match call.send::<PaymentMethod>().await {
            Ok(method) => Ok(method.into()),
            Err(Failure::Refused(status, refusal)) => {
                let unknown = match status {
                    StatusCode::PAYMENT_REQUIRED => DeclineCode::CardDeclined,
                    _ => DeclineCode::MethodNotFound,
                };
                Err(refusal.error.decline().unwrap_or(unknown).into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn drop_method(&self, reference: &str) -> ApiResult<()> {
        if !is_plain(reference) {
            return Ok(());
        }
        let call = self.client.post_again(format!("payment_methods/{reference}/detach"));
        match call.send::<Anything>().await {
            Ok(_) | Err(Failure::Refused(..)) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn method(&self, reference: &str) -> ApiResult<Option<SavedMethod>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        let call = self.client.get(format!("payment_methods/{reference}"));
        let method = gateway_call::found(call.send::<PaymentMethod>().await)?;
        Ok(method.filter(|method| method.customer.is_some()).map(Into::into))
    }

    async fn open_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount> {
        self.new_account(account).await
    }

    async fn account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        self.find_account(reference).await
    }

    async fn account_page(&self, reference: &str, return_url: &str) -> ApiResult<Option<String>> {
        self.onboarding(reference, return_url).await
    }

    async fn dispute(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        self.find_dispute(reference).await
    }

    async fn statement(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        self.book(period, page).await
    }

    async fn charges(&self, period: Period, page: Option<&str>) -> ApiResult<Option<Charges>> {
        self.intents(period, page).await.map(Some)
    }

    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
        webhook_signature::verify(signature, body, &self.webhook_secrets, self.clock.now())?;
        events::read(body)
    }
}
