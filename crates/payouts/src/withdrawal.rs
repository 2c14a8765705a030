//! A withdrawal: from the purse of a provider to their bank.
//!
//! It is written down, with the money taken out of the purse, before the gateway hears of it; so it can be asked for
//! after any crash, and its id is the gateway's key. What the gateway says moves it through [`State::after`].

use jiff::SignedDuration;
use ledger::{Account, Posting, Transfers};
use platform::{
    error::ApiResult,
    ids::{OperationId, UserId, WithdrawalId},
    money::{Currency, Money},
    outbox,
    ports::gateway::{AccountStatus, GatewayName, Gateways, Operation, Outcome, Task},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    events::WithdrawalChanged,
    jobs::PayWithdrawal,
    model::{PayoutError, least},
    purse::Purse,
    store::{accounts, withdrawals as store},
};

/// How long after it was paid a withdrawal is still looked after, in case that its bank sends it back.
const WATCHED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a withdrawal stands.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    strum::VariantArray,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[schema(as = WithdrawalStatus)]
pub enum State {
    /// It was asked for.
    Requested,
    /// The gateway has it.
    Processing,
    /// It has arrived.
    Paid,
    /// It did not arrive, or came back: the provider has the money here again.
    Failed,
}

/// What the gateway says of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::VariantArray)]
pub(crate) enum Action {
    /// It is on its way.
    Send,
    /// It has arrived.
    Arrive,
    /// It will not arrive, or was sent back.
    Fail,
}

impl State {
    /// The whole life of a withdrawal; `None` where nothing happens, since words of gateways come late and twice.
    pub(crate) fn after(self, action: Action) -> Option<Self> {
        use {Action::*, State::*};
        match (self, action) {
            (Requested, Send) => Some(Processing),
            (Requested | Processing, Arrive) => Some(Paid),
            (Requested | Processing | Paid, Fail) => Some(Failed),
            (Processing | Paid | Failed, Send) | (Paid | Failed, Arrive) | (Failed, Fail) => None,
        }
    }

    /// Whether the money is neither there nor back.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Processing)
    }
}

/// A withdrawal as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Withdrawal {
    pub(crate) id: WithdrawalId,
    pub(crate) provider_id: UserId,
    pub(crate) currency: Currency,
    pub(crate) amount_minor: i64,
    pub(crate) gateway: GatewayName,
    pub(crate) account: String,
    pub(crate) is_scheduled: bool,
    pub(crate) state: State,
    pub(crate) reference: Option<String>,
    pub(crate) failure_code: Option<String>,
    pub(crate) asked: i32,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
    pub(crate) paid_at: Option<Instant>,
}

impl Withdrawal {
    pub(crate) fn money(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// What the gateway is to do.
    pub(crate) fn operation(&self) -> Operation {
        let task = Task::PayOut { account: self.account.clone(), amount: self.money() };
        Operation { id: OperationId::from(self.id.uuid()), task }
    }

    /// What the gateway said; the state before, where it changed.
    fn hear(&mut self, outcome: &Outcome, now: Instant) -> Option<State> {
        self.asked = self.asked.saturating_add(1);
        if let Some(reference) = outcome.reference() {
            self.reference = Some(reference.to_owned());
        }
        let action = match outcome {
            Outcome::Processing { .. } | Outcome::RequiresAction { .. } => Action::Send,
            Outcome::Succeeded { .. } => Action::Arrive,
            Outcome::Declined { .. } => Action::Fail,
            Outcome::Unavailable | Outcome::Unknown => return None,
        };
        let before = self.state;
        self.state = before.after(action)?;
        self.updated_at = now;
        match outcome {
            Outcome::Succeeded { .. } => self.paid_at = Some(now),
            Outcome::Declined { code } => self.failure_code = Some(<&str>::from(code).to_owned()),
            _ => {}
        }
        Some(before)
    }

    /// When the gateway is asked next.
    fn next_look(&self, now: Instant) -> Option<Instant> {
        let pause = match (self.state, self.asked) {
            (State::Failed, _) => return None,
            (State::Paid, _) if self.paid_at.is_some_and(|at| now.since(at) >= WATCHED) => return None,
            (State::Paid, _) => SignedDuration::from_hours(24),
            (_, ..=1) => SignedDuration::from_secs(5),
            (_, 2) => SignedDuration::from_mins(5),
            (_, 3) => SignedDuration::from_hours(1),
            _ => SignedDuration::from_hours(24),
        };
        Some(now.plus(pause))
    }

    /// The movement that a change means.
    fn posting(&self, before: State, purse: &Purse, now: Instant) -> Option<Posting> {
        let (on_its_way, outside) =
            (Account::ProviderInPayout(self.provider_id), Account::Clearing(self.gateway));
        let mut transfers = Transfers::default();
        let word = match (before, self.state) {
            (_, State::Paid) => {
                transfers.add(on_its_way, outside, self.money());
                "paid"
            }
            (State::Paid, State::Failed) => {
                purse.fill(&mut transfers, outside, self.amount_minor);
                "returned"
            }
            (_, State::Failed) => {
                purse.fill(&mut transfers, on_its_way, self.amount_minor);
                "failed"
            }
            _ => return None,
        };
        let name = format!("withdrawal:{}:{word}", self.id);
        let posting = Posting::new(name, format!("withdrawal_{word}"), now).about(self.id);
        Some(posting.transfers(transfers))
    }
}

/// Why money is withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithdrawalKind {
    /// The provider asks for some.
    Requested,
    /// The schedule of the payout account.
    Scheduled,
    /// The provider takes all that is left, however little, since they are going to leave.
    Closing,
}

/// Takes money out of a purse and writes down that it is to be paid. A refusal leaves the transaction as it was.
pub(crate) async fn withdraw(
    db: &mut PgConnection,
    gateways: &Gateways,
    provider: UserId,
    amount: Money,
    kind: WithdrawalKind,
    now: Instant,
) -> ApiResult<Withdrawal> {
    let least = least(amount.currency);
    if amount.minor <= 0 || amount.minor < least.minor && kind != WithdrawalKind::Closing {
        return Err(PayoutError::WithdrawalTooSmall(least).into());
    }
    let account = accounts::find(db, provider).await?;
    let account = account.filter(|account| gateways.named(account.gateway).is_some());
    let account = account.ok_or(PayoutError::PayoutAccountMissing)?;
    if account.status != AccountStatus::Active {
        return Err(PayoutError::PayoutAccountNotActive.into());
    }
    let purse = Purse::lock(db, provider, amount.currency).await?;
    if store::has_open(db, provider, amount.currency).await? {
        return Err(PayoutError::WithdrawalOpen.into());
    }
    if amount.minor > purse.available {
        return Err(PayoutError::BalanceTooLow.into());
    }
    if amount.minor < least.minor && amount.minor != purse.available {
        return Err(PayoutError::WithdrawalTooSmall(least).into());
    }
    let withdrawal = Withdrawal {
        id: WithdrawalId::at(now),
        provider_id: provider,
        currency: amount.currency,
        amount_minor: amount.minor,
        gateway: account.gateway,
        account: account.reference,
        is_scheduled: kind == WithdrawalKind::Scheduled,
        state: State::Requested,
        reference: None,
        failure_code: None,
        asked: 0,
        created_at: now,
        updated_at: now,
        paid_at: None,
    };
    store::insert(db, &withdrawal).await?;
    let posting =
        Posting::new(format!("withdrawal:{}:requested", withdrawal.id), "withdrawal_requested", now)
            .about(withdrawal.id)
            .transfer(Account::ProviderAvailable(provider), Account::ProviderInPayout(provider), amount);
    ledger::post(db, &posting).await?;
    PayWithdrawal { withdrawal: withdrawal.id }.plan(db, now, now).await?;
    Ok(withdrawal)
}

/// Writes down what the gateway said of a withdrawal, and moves the money that it means. Any word may come twice, late
/// and in any order.
pub(crate) async fn record(
    db: &mut PgConnection,
    id: WithdrawalId,
    outcome: &Outcome,
    now: Instant,
) -> ApiResult<()> {
    let Some(mut withdrawal) = store::lock(db, id).await? else { return Ok(()) };
    let before = withdrawal.hear(outcome, now);
    store::save(db, &withdrawal).await?;
    if let Some(before) = before {
        let purse = Purse::lock(db, withdrawal.provider_id, withdrawal.currency).await?;
        if let Some(posting) = withdrawal.posting(before, &purse, now) {
            ledger::post(db, &posting).await?;
        }
        outbox::emit(db, &WithdrawalChanged::of(&withdrawal), now).await?;
    }
    if let Some(at) = withdrawal.next_look(now) {
        PayWithdrawal { withdrawal: id }.plan(db, at, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use platform::ports::gateway::DeclineCode;

    use super::*;

    fn instant(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000).unwrap()
    }

    fn requested() -> Withdrawal {
        let now = instant(0);
        Withdrawal {
            id: WithdrawalId::at(now),
            provider_id: UserId::at(now),
            currency: Currency::EUR,
            amount_minor: 1000,
            gateway: GatewayName::Sandbox,
            account: "acct_1".to_owned(),
            is_scheduled: false,
            state: State::Requested,
            reference: None,
            failure_code: None,
            asked: 0,
            created_at: now,
            updated_at: now,
            paid_at: None,
        }
    }

    /// The seconds between looks at a withdrawal, while the gateway always says the same.
    fn pauses(withdrawal: &mut Withdrawal, outcome: &Outcome) -> Vec<i64> {
        let mut pauses = Vec::new();
        let mut now = instant(0);
        while pauses.len() < 10 {
            withdrawal.hear(outcome, now);
            let Some(next) = withdrawal.next_look(now) else { return pauses };
            pauses.push(next.since(now).as_secs());
            now = next;
        }
        pauses
    }

    #[test]
    fn a_gateway_is_asked_soon_then_less_often_until_it_says_something_final() {
        let growing = [5, 300, 3600, 86_400, 86_400, 86_400, 86_400, 86_400, 86_400, 86_400];
        let processing = Outcome::Processing { reference: "po_1".to_owned() };
        for outcome in [Outcome::Unknown, Outcome::Unavailable, processing] {
            assert_eq!(pauses(&mut requested(), &outcome), growing, "{outcome:?}");
        }
        // Its bank has a week to send it back.
        let paid = Outcome::Succeeded { reference: "po_1".to_owned() };
        assert_eq!(pauses(&mut requested(), &paid), [86_400; 7]);
        let declined = Outcome::Declined { code: DeclineCode::PayoutAccountUnusable };
        assert!(pauses(&mut requested(), &declined).is_empty());
    }

    #[test]
    fn the_order_of_words_does_not_matter() {
        let words = [
            Outcome::Unknown,
            Outcome::Processing { reference: "po_1".to_owned() },
            Outcome::Succeeded { reference: "po_1".to_owned() },
            Outcome::Declined { code: DeclineCode::PayoutAccountUnusable },
        ];
        for first in 0..4 {
            for second in 0..4 {
                let mut withdrawal = requested();
                for word in [first, second, 3, first, second] {
                    withdrawal.hear(words.get(word).unwrap(), instant(0));
                }
                assert_eq!(withdrawal.state, State::Failed, "{first} {second}");
            }
        }
    }
}
