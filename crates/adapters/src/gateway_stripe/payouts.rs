//! Money to providers: connected accounts, and payouts in two steps. A transfer moves the money from our
//! balance to the account's, a payout sends it on to the bank. When the bank does not take it, the transfer
//! is reversed, so that the money is ours again and the operation as a whole did not happen.

use platform::{
    error::ApiResult,
    ids::OperationId,
    money::Money,
    ports::gateway::{AccountStatus, DeclineCode, NewAccount, Outcome, PayoutAccount},
};

use super::{
    Stripe,
    charges::declined,
    client::Answer,
    codes::Refusal,
    created_at,
    objects::{Account, Anything, Link, List, Payout, Transfer, minor_units, operation_in},
};
use crate::gateway_call::{self, Failure, is_plain};

const UNUSABLE: Outcome = Outcome::Declined { code: DeclineCode::PayoutAccountUnusable };

impl Stripe {
    /// Either step may have been done by an earlier call whose key Stripe has forgotten since, so both are
    /// looked for first.
    pub(super) async fn pay_out(&self, id: OperationId, account: &str, amount: Money) -> Outcome {
        let Some(minor) = minor_units(amount).filter(|_| is_plain(account)) else { return UNUSABLE };
        let currency = amount.currency.code().to_ascii_lowercase();
        let transfer = match self.find_transfer(id).await {
            Ok(Some(transfer)) if transfer.reversed => return UNUSABLE,
            Ok(Some(transfer)) => Ok(transfer),
            Ok(None) => self.transfer(id, account, minor, &currency).await,
            Err(failure) => Err(failure),
        };
        let transfer = match transfer {
            Ok(transfer) => transfer,
            Err(failure) => {
                return failure
                    .outcome(|_, Refusal { error }| declined(&error, DeclineCode::PayoutAccountUnusable));
            }
        };
        let payout = match self.find_payout(id, account).await {
            Ok(None) => self.send_on(id, account, minor, &currency).await.map(Some),
            found => found,
        };
        match payout {
            Ok(Some(payout)) => self.payout_outcome(id, &transfer, payout).await,
            Err(Failure::Refused(_, Refusal { error })) => {
                self.reverse(id, &transfer, declined(&error, DeclineCode::PayoutAccountUnusable)).await
            }
            // The first step is done, so nobody may take the operation for one that did not happen.
            Ok(None) | Err(Failure::NotCalled | Failure::Lost) => Outcome::Unknown,
        }
    }

    pub(super) async fn pay_out_outcome(&self, id: OperationId, account: &str) -> Option<Outcome> {
        let transfer = match self.find_transfer(id).await {
            Ok(Some(transfer)) if transfer.reversed => return Some(UNUSABLE),
            Ok(Some(transfer)) => transfer,
            Ok(None) => return None,
            Err(_) => return Some(Outcome::Unknown),
        };
        Some(match self.find_payout(id, account).await {
            Ok(Some(payout)) => self.payout_outcome(id, &transfer, payout).await,
            Ok(None) | Err(_) => Outcome::Unknown,
        })
    }

    async fn payout_outcome(&self, id: OperationId, transfer: &Transfer, payout: Payout) -> Outcome {
        match payout.status.as_str() {
            "pending" | "in_transit" => Outcome::Processing { reference: payout.id },
            "paid" => Outcome::Succeeded { reference: payout.id },
            "failed" | "canceled" => self.reverse(id, transfer, UNUSABLE).await,
            _ => Outcome::Unknown,
        }
    }

    /// Takes the transfer back, which makes `outcome` true.
    async fn reverse(&self, id: OperationId, transfer: &Transfer, outcome: Outcome) -> Outcome {
        let call =
            self.client.post(format!("transfers/{}/reversals", transfer.id), &format!("{id}:reversal"));
        match call.with("metadata[operation]", &id).send::<Anything>().await {
            Ok(_) => outcome,
            Err(_) => Outcome::Unknown,
        }
    }

    async fn find_transfer(&self, id: OperationId) -> Answer<Option<Transfer>> {
        let list = self.client.get("transfers").with("transfer_group", &id).with("limit", &1);
        Ok(list.send::<List<Transfer>>().await?.data.into_iter().next())
    }

    async fn transfer(&self, id: OperationId, account: &str, minor: i64, currency: &str) -> Answer<Transfer> {
        let call = self.client.post("transfers", &format!("{id}:transfer"));
        call.with("amount", &minor)
            .with("currency", currency)
            .with("destination", account)
            .with("transfer_group", &id)
            .with("metadata[operation]", &id)
            .send()
            .await
    }

    async fn find_payout(&self, id: OperationId, account: &str) -> Answer<Option<Payout>> {
        let from = created_at(id).map(|at| at.timestamp().as_second().saturating_sub(300));
        let list = self.client.get("payouts").of_account(account).with("limit", &100);
        let list = list.with_some("created[gte]", from).send::<List<Payout>>().await?;
        Ok(list.data.into_iter().find(|payout| operation_in(&payout.metadata) == Some(id)))
    }

    async fn send_on(&self, id: OperationId, account: &str, minor: i64, currency: &str) -> Answer<Payout> {
        let call = self.client.post("payouts", &format!("{id}:payout")).of_account(account);
        call.with("amount", &minor).with("currency", currency).with("metadata[operation]", &id).send().await
    }

    pub(super) async fn new_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount> {
        let call = self
            .client
            .post("accounts", &format!("account:{}", account.holder))
            .with("type", "express")
            .with("country", &account.country)
            .with("email", &account.email)
            .with("capabilities[transfers][requested]", &true)
            .with("settings[payouts][schedule][interval]", "manual")
            .with("metadata[holder]", &account.holder)
            .with_some("external_account", account.bank_token.as_deref());
        match call.send::<Account>().await {
            Ok(account) => Ok(account.into()),
            Err(Failure::Refused(..)) => Err(DeclineCode::PayoutAccountUnusable.into()),
            Err(failure) => Err(failure.into()),
        }
    }

    pub(super) async fn find_account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        if !is_plain(reference) {
            return Ok(None);
        }
        let account = self.client.get(format!("accounts/{reference}")).send::<Account>().await;
        Ok(gateway_call::found(account)?.map(Into::into))
    }

    pub(super) async fn onboarding(&self, reference: &str, return_url: &str) -> ApiResult<Option<String>> {
        let Some(account) = self.find_account(reference).await? else { return Ok(None) };
        let is_complete = account.status == AccountStatus::Active && account.requirements.is_empty();
        if is_complete || account.status == AccountStatus::Rejected {
            return Ok(None);
        }
        let call = self
            .client
            .post_again("account_links")
            .with("account", reference)
            .with("type", "account_onboarding")
            .with("return_url", return_url)
            .with("refresh_url", return_url);
        Ok(Some(call.send::<Link>().await?.url))
    }
}
