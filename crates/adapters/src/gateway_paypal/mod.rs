//! PayPal, by a small client of our own: orders for charges, batches of one for payouts.
//!
//! It keeps no methods here: the payer approves every payment at PayPal.

mod book;
mod client;
mod codes;
mod events;
mod objects;
mod orders;
mod payouts;

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;
use platform::{
    error::ApiResult,
    ports::gateway::{
        AccountStatus, DeclineCode, Dispute, Event, Gateway, GatewayName, NewAccount, NewPayer, Operation,
        Outcome, PayoutAccount, Period, SavedMethod, Statement, Task, WebhookError,
    },
    time::Clock,
};
use secrecy::SecretString;

use self::client::Client;

/// PayPal honours a reservation for three days, and then only tries.
const AUTHORISATION_LIFE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Our account at PayPal.
pub struct Paypal {
    client: Client,
    webhook_id: String,
}

impl Paypal {
    /// Calls `url` with an id and its secret; believes messages of the webhook with `webhook_id`.
    pub fn new(
        http: reqwest::Client,
        url: &str,
        id: String,
        secret: SecretString,
        webhook_id: String,
        clock: Clock,
    ) -> Self {
        Self { client: Client::new(http, url, id, secret, clock), webhook_id }
    }
}

fn active(reference: &str) -> PayoutAccount {
    PayoutAccount { reference: reference.to_owned(), status: AccountStatus::Active, requirements: Vec::new() }
}

#[async_trait]
impl Gateway for Paypal {
    fn name(&self) -> GatewayName {
        GatewayName::Paypal
    }

    fn authorisation_life(&self) -> SignedDuration {
        AUTHORISATION_LIFE
    }

    async fn perform(&self, operation: &Operation) -> Outcome {
        let id = operation.id;
        match &operation.task {
            Task::Charge(charge) => self.charge(id, charge).await,
            Task::Capture { charge, amount } => self.capture(id, charge, *amount).await,
            Task::Void { charge } => self.void(id, charge).await,
            Task::Refund { charge, amount } => self.refund(id, charge, *amount).await,
            // PayPal hears evidence on its own pages only.
            Task::SetUp { .. } | Task::Defend { .. } => {
                Outcome::Declined { code: DeclineCode::MethodNotSupported }
            }
            Task::PayOut { account, amount } => self.pay_out(id, account, *amount).await,
        }
    }

    async fn outcome_of(&self, operation: &Operation, reference: Option<&str>) -> Option<Outcome> {
        let id = operation.id;
        match &operation.task {
            Task::Charge(_) => self.charge_outcome(id, reference).await,
            Task::Capture { charge, .. } => self.capture_outcome(charge).await,
            Task::Void { charge } => self.void_outcome(charge).await,
            Task::Refund { charge, .. } => self.refund_outcome(id, charge).await,
            Task::SetUp { .. } | Task::Defend { .. } => None,
            Task::PayOut { .. } => self.pay_out_outcome(reference).await,
        }
    }

    async fn payer(&self, payer: &NewPayer) -> ApiResult<String> {
        Ok(payer.user.to_string())
    }

    async fn keep_method(&self, _payer: &str, _token: &str) -> ApiResult<SavedMethod> {
        Err(DeclineCode::MethodNotSupported.into())
    }

    async fn drop_method(&self, _reference: &str) -> ApiResult<()> {
        Ok(())
    }

    async fn method(&self, _reference: &str) -> ApiResult<Option<SavedMethod>> {
        Ok(None)
    }

    /// PayPal tells nothing of others' accounts; whether one takes money shows when it is paid.
    async fn open_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount> {
        Ok(active(&account.email))
    }

    async fn account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        Ok(Some(active(reference)))
    }

    async fn account_page(&self, _reference: &str, _return_url: &str) -> ApiResult<Option<String>> {
        Ok(None)
    }

    async fn dispute(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        self.case(reference).await
    }

    async fn statement(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        self.book(period, page).await
    }

    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        self.read(headers, body).await
    }
}
