//! The gateway of an installation without one: it pretends, and the same call always does the same.
//!
//! What happens is decided by test methods and test banks (`behaviour.rs`). It keeps its own book in
//! PostgreSQL and commits it by itself, never within a transaction of ours, as any outside system would.

mod behaviour;
mod messages;
pub mod model;
mod page;
mod store;

use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use jiff::SignedDuration;
use platform::{
    crypto::Secrets,
    error::{ApiError, ApiResult},
    ids::OperationId,
    money::{Currency, Money},
    ports::gateway::{
        AccountStatus, Action, Charge, Charges, DeclineCode, Dispute, DisputeStatus, Event, Gateway,
        GatewayName, NewAccount, NewPayer, Operation, Outcome, PayoutAccount, Period, SavedMethod, Statement,
        Subject, Task, WebhookError,
    },
    time::{Clock, Instant},
};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};

use self::{
    behaviour::{TestBank, TestMethod},
    model::{AUTHORISATION_LIFE, Kind, Row, Status, Step},
};
pub use self::{
    messages::{SandboxMessage, SendSandboxMessage},
    page::sandbox_router,
};

/// How long [`TestMethod::Slow`] says nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// The sandbox.
#[derive(Clone)]
pub struct Sandbox {
    db: PgPool,
    clock: Clock,
    messages: SecretString,
    pages: SecretString,
    public_url: String,
}

impl Sandbox {
    /// A sandbox that keeps its book in `db`, and whose pages are reached at `public_url`.
    pub fn new(db: PgPool, clock: Clock, secrets: &Secrets, public_url: &str) -> Self {
        Self {
            db,
            clock,
            messages: messages::secret(secrets),
            pages: page::secret(secrets),
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }

    /// What it has to tell by now, oldest first. Tests deliver it as they like: late, twice, shuffled, never.
    pub async fn messages(&self) -> anyhow::Result<Vec<SandboxMessage>> {
        let now = self.clock.now();
        let untold = store::untold(&self.db, now).await?;
        untold.iter().map(|telling| messages::message(telling, &self.messages, now)).collect()
    }

    /// A message has been taken; it is not sent again.
    pub async fn delivered(&self, id: i64) -> anyhow::Result<()> {
        Ok(store::told(&self.db, id).await?)
    }

    /// The payer's answer on the page of a charge or of a kept method, and the gateway's on that of an
    /// account; `false` when nothing waits for one.
    pub async fn decide(&self, reference: &str, approve: bool) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        if reference.starts_with("acct_") {
            let status = if approve { AccountStatus::Active } else { AccountStatus::Rejected };
            store::save_account(&mut tx, reference, status).await?;
            store::tell(&mut tx, (Subject::Account, reference.to_owned()), None, now).await?;
            tx.commit().await?;
            return Ok(true);
        }
        let Some(mut row) = store::lock(&mut tx, reference).await? else { return Ok(false) };
        if row.status != Status::RequiresAction {
            return Ok(false);
        }
        match (approve, row.task) {
            (false, _) => row.decline(DeclineCode::AuthenticationFailed),
            (true, Kind::SetUp) => {
                let token = TestMethod::Visa.token();
                row.method = behaviour::kept_reference(&token, &row.subject);
                store::keep_method(&mut *tx, &row.method, &token).await?;
                row.succeed(now);
            }
            (true, _) => row.succeed(now),
        }
        store::save(&mut tx, &row).await?;
        self.announce(&mut tx, &row, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn try_perform(&self, operation: &Operation) -> anyhow::Result<Outcome> {
        let now = self.clock.now();
        self.go_on(now).await?;
        let id = operation.id;
        match &operation.task {
            Task::Charge(charge) => self.charge(id, charge, now).await,
            Task::Capture { charge, amount } => self.capture(id, charge, *amount, now).await,
            Task::Void { charge } => self.void(id, charge, now).await,
            Task::Refund { charge, amount } => self.refund(id, charge, *amount, now).await,
            Task::SetUp { payer, return_url } => {
                let mut row = Row::new(id, Kind::SetUp, payer, Money::new(0, Currency::EUR), now);
                row.status = Status::RequiresAction;
                row.return_url.clone_from(return_url);
                self.record(row, now).await
            }
            Task::PayOut { account, amount } => self.pay_out(id, account, *amount, now).await,
            Task::Defend { dispute, .. } => self.defend(id, dispute, now).await,
        }
    }

    async fn charge(&self, id: OperationId, charge: &Charge, now: Instant) -> anyhow::Result<Outcome> {
        let method = charge.method.as_deref();
        match method.and_then(TestMethod::of) {
            Some(TestMethod::Timeout) => return Ok(Outcome::Unknown),
            Some(TestMethod::Unavailable) => return Ok(Outcome::Unavailable),
            Some(TestMethod::Slow) => tokio::time::sleep(SILENCE).await,
            _ => {}
        }
        let is_known = match method.filter(|method| behaviour::is_kept(method)) {
            Some(kept) => {
                behaviour::belongs_to(kept, charge.payer.as_deref())
                    && store::keeps_method(&self.db, kept).await?
            }
            None => true,
        };
        self.record(Row::charge(id, charge, is_known, now), now).await
    }

    async fn capture(
        &self,
        id: OperationId,
        charge: &str,
        amount: Money,
        now: Instant,
    ) -> anyhow::Result<Outcome> {
        let mut tx = self.db.begin().await?;
        let charge = store::lock(&mut tx, charge).await?;
        if let Some(done) = store::find(&mut *tx, id).await? {
            return Ok(self.outcome(&done));
        }
        let mut row = Row::new(id, Kind::Capture, reference_of(charge.as_ref()), amount, now);
        let mut drops_reply = false;
        match charge {
            Some(mut charge) if charge.is_reserved(now) && fits(amount, charge.money()) => {
                charge.take(amount.minor, now);
                store::save(&mut tx, &charge).await?;
                self.plan(&mut tx, &charge).await?;
                book(&mut tx, &charge, now).await?;
                drops_reply = TestMethod::of(&charge.method) == Some(TestMethod::CaptureDropsReply);
            }
            _ => row.decline(DeclineCode::ChargeNotOpen),
        }
        self.finish(tx, row, drops_reply, now).await
    }

    async fn void(&self, id: OperationId, charge: &str, now: Instant) -> anyhow::Result<Outcome> {
        let mut tx = self.db.begin().await?;
        let charge = store::lock(&mut tx, charge).await?;
        if let Some(done) = store::find(&mut *tx, id).await? {
            return Ok(self.outcome(&done));
        }
        let nothing = Money::new(0, charge.as_ref().map_or(Currency::EUR, |charge| charge.currency));
        let mut row = Row::new(id, Kind::Void, reference_of(charge.as_ref()), nothing, now);
        match charge {
            Some(charge) if charge.status == Status::Declined => {}
            Some(mut charge) if charge.status != Status::Processing && charge.captured == 0 => {
                charge.decline(DeclineCode::PaymentCancelled);
                store::save(&mut tx, &charge).await?;
            }
            _ => row.decline(DeclineCode::ChargeNotOpen),
        }
        self.finish(tx, row, false, now).await
    }

    async fn refund(
        &self,
        id: OperationId,
        charge: &str,
        amount: Money,
        now: Instant,
    ) -> anyhow::Result<Outcome> {
        let mut tx = self.db.begin().await?;
        let charge = store::lock(&mut tx, charge).await?;
        if let Some(done) = store::find(&mut *tx, id).await? {
            return Ok(self.outcome(&done));
        }
        let mut row = Row::new(id, Kind::Refund, reference_of(charge.as_ref()), amount, now);
        let method = charge.as_ref().and_then(|charge| TestMethod::of(&charge.method));
        let is_declined = match method {
            Some(TestMethod::RefundDeclined) => true,
            Some(TestMethod::RefundRecovers) => !store::has_refund(&mut tx, &row.subject).await?,
            _ => false,
        };
        match charge {
            Some(mut charge)
                if fits(amount, Money::new(charge.captured - charge.refunded, charge.currency))
                    && !is_declined =>
            {
                charge.refunded += amount.minor;
                store::save(&mut tx, &charge).await?;
                match method {
                    Some(TestMethod::RefundLate) => row.wait(Step::Succeed, now),
                    Some(TestMethod::RefundReturned) => row.next(Step::Fail, now),
                    _ => {}
                }
            }
            _ if is_declined => row.decline(DeclineCode::ProcessingError),
            _ => row.decline(DeclineCode::ChargeNotOpen),
        }
        self.finish(tx, row, method == Some(TestMethod::RefundDropsReply), now).await
    }

    async fn pay_out(
        &self,
        id: OperationId,
        account: &str,
        amount: Money,
        now: Instant,
    ) -> anyhow::Result<Outcome> {
        let mut row = Row::new(id, Kind::PayOut, account, amount, now);
        let account = store::account(&self.db, account).await?;
        let account = account.filter(|account| account.status == AccountStatus::Active && amount.minor > 0);
        match account {
            Some(account) => {
                let is_closed = account.bank == TestBank::Closed.token();
                row.wait(if is_closed { Step::Fail } else { Step::Succeed }, now);
                row.method = account.bank;
            }
            None => row.decline(DeclineCode::PayoutAccountUnusable),
        }
        self.record(row, now).await
    }

    /// It hears us as long as the dispute is open; what becomes of that is up to the method.
    async fn defend(&self, id: OperationId, dispute: &str, now: Instant) -> anyhow::Result<Outcome> {
        let is_open =
            self.find_dispute(dispute).await?.is_some_and(|known| known.status == DisputeStatus::Open);
        let mut row = Row::new(id, Kind::Defend, dispute, Money::new(0, Currency::EUR), now);
        if !is_open {
            row.decline(DeclineCode::ChargeNotOpen);
        }
        self.record(row, now).await
    }

    async fn find_dispute(&self, reference: &str) -> sqlx::Result<Option<Dispute>> {
        let mut db = self.db.acquire().await?;
        let charge = store::lock(&mut db, &reference.replacen("dp_", "ch_", 1)).await?;
        Ok(charge.and_then(|charge| {
            Some(Dispute {
                reference: charge.dispute_reference(),
                amount: Money::new(charge.captured, charge.currency),
                status: charge.dispute?,
                respond_by: charge.next_at,
                charge: charge.reference,
            })
        }))
    }

    /// Writes an operation that touches no other.
    async fn record(&self, row: Row, now: Instant) -> anyhow::Result<Outcome> {
        let drops_reply = row.status != Status::Declined
            && (TestMethod::of(&row.method) == Some(TestMethod::DropsReply)
                || row.method == TestBank::DropsReply.token());
        self.finish(self.db.begin().await?, row, drops_reply, now).await
    }

    /// Writes an operation, books it, says so, commits; the outcome gets lost where the method wants it.
    async fn finish(
        &self,
        mut tx: sqlx::Transaction<'_, sqlx::Postgres>,
        row: Row,
        drops_reply: bool,
        now: Instant,
    ) -> anyhow::Result<Outcome> {
        if !store::insert(&mut tx, &row).await? {
            tx.rollback().await?;
            let done = store::find(&self.db, row.id).await?;
            return Ok(done.map_or(Outcome::Unknown, |done| self.outcome(&done)));
        }
        self.announce(&mut tx, &row, now).await?;
        tx.commit().await?;
        Ok(if drops_reply { Outcome::Unknown } else { self.outcome(&row) })
    }

    /// Books the present state, tells of it, and plans to tell of the next.
    async fn announce(&self, db: &mut PgConnection, row: &Row, now: Instant) -> sqlx::Result<()> {
        book(db, row, now).await?;
        store::tell(db, row.concerns(None), Some(row.id), now).await?;
        self.plan(db, row).await
    }

    async fn plan(&self, db: &mut PgConnection, row: &Row) -> sqlx::Result<()> {
        let Some(at) = row.next_at else { return Ok(()) };
        store::tell(db, row.concerns(row.next_step), Some(row.id), at).await
    }

    /// Lets happen what has happened by itself since somebody last looked.
    async fn go_on(&self, now: Instant) -> anyhow::Result<()> {
        loop {
            let mut tx = self.db.begin().await?;
            let Some(mut row) = store::lock_due(&mut tx, now).await? else { return Ok(()) };
            let at = row.next_at.unwrap_or(now);
            row.step();
            store::save(&mut tx, &row).await?;
            book(&mut tx, &row, at).await?;
            if let Some(line) = row.line_back() {
                store::book(&mut tx, &row, line, at).await?;
                if row.task == Kind::Refund
                    && let Some(mut charge) = store::lock(&mut tx, &row.subject).await?
                {
                    charge.refunded -= row.amount;
                    store::save(&mut tx, &charge).await?;
                }
            }
            self.plan(&mut tx, &row).await?;
            tx.commit().await?;
        }
    }

    fn outcome(&self, row: &Row) -> Outcome {
        let secret = page::key(&self.pages, &row.reference);
        let url = page::url(&self.public_url, &row.reference, &secret);
        row.outcome(Action {
            client_secret: Some(format!("{}_secret_{secret}", row.reference)),
            url: Some(url),
        })
    }

    async fn find_account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        let account = store::account(&self.db, reference).await?;
        Ok(account.map(|account| PayoutAccount {
            requirements: match account.status {
                AccountStatus::Pending => vec!["individual.verification.document".to_owned()],
                _ => Vec::new(),
            },
            reference: account.reference,
            status: account.status,
        }))
    }
}

async fn book(db: &mut PgConnection, row: &Row, at: Instant) -> sqlx::Result<()> {
    match row.line() {
        Some(line) => store::book(db, row, line, at).await,
        None => Ok(()),
    }
}

fn reference_of(charge: Option<&Row>) -> &str {
    charge.map_or("", |charge| &charge.reference)
}

fn fits(amount: Money, room: Money) -> bool {
    amount.currency == room.currency && (1..=room.minor).contains(&amount.minor)
}

#[async_trait]
impl Gateway for Sandbox {
    fn name(&self) -> GatewayName {
        GatewayName::Sandbox
    }

    fn authorisation_life(&self) -> SignedDuration {
        AUTHORISATION_LIFE
    }

    async fn perform(&self, operation: &Operation) -> Outcome {
        self.try_perform(operation).await.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "the sandbox could not do it");
            Outcome::Unknown
        })
    }

    async fn outcome_of(&self, operation: &Operation, _reference: Option<&str>) -> Option<Outcome> {
        let found = async {
            self.go_on(self.clock.now()).await?;
            anyhow::Ok(store::find(&self.db, operation.id).await?)
        };
        match found.await {
            Ok(row) => row.map(|row| self.outcome(&row)),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the sandbox could not be asked");
                Some(Outcome::Unknown)
            }
        }
    }

    async fn payer(&self, payer: &NewPayer) -> ApiResult<String> {
        Ok(format!("cus_sandbox_{}", payer.user.uuid().simple()))
    }

    async fn keep_method(&self, payer: &str, token: &str) -> ApiResult<SavedMethod> {
        let is_ours = behaviour::belongs_to(token, Some(payer));
        let method = TestMethod::of(token).filter(|_| is_ours).ok_or(DeclineCode::MethodNotFound)?;
        let reference = behaviour::kept_reference(token, payer);
        store::keep_method(&self.db, &reference, &method.token()).await?;
        Ok(method.details(&reference))
    }

    async fn drop_method(&self, reference: &str) -> ApiResult<()> {
        Ok(store::drop_method(&self.db, reference).await?)
    }

    async fn method(&self, reference: &str) -> ApiResult<Option<SavedMethod>> {
        let is_kept = store::keeps_method(&self.db, reference).await?;
        Ok(TestMethod::of(reference).filter(|_| is_kept).map(|method| method.details(reference)))
    }

    async fn open_account(&self, account: &NewAccount) -> ApiResult<PayoutAccount> {
        let bank = TestBank::of(account.bank_token.as_deref()).ok_or(DeclineCode::PayoutAccountUnusable)?;
        let status =
            if bank == TestBank::Unverified { AccountStatus::Pending } else { AccountStatus::Active };
        let reference = format!("acct_sandbox_{}", account.holder.uuid().simple());
        let account = store::Account { reference, bank: bank.token(), status };
        store::open_account(&self.db, &account).await?;
        self.find_account(&account.reference).await?.ok_or_else(ApiError::not_found)
    }

    async fn account(&self, reference: &str) -> ApiResult<Option<PayoutAccount>> {
        self.find_account(reference).await
    }

    async fn account_page(&self, reference: &str, _return_url: &str) -> ApiResult<Option<String>> {
        let account = store::account(&self.db, reference).await?;
        let waits = account.is_some_and(|account| account.status == AccountStatus::Pending);
        Ok(waits.then(|| page::url(&self.public_url, reference, &page::key(&self.pages, reference))))
    }

    async fn dispute(&self, reference: &str) -> ApiResult<Option<Dispute>> {
        self.go_on(self.clock.now()).await?;
        Ok(self.find_dispute(reference).await?)
    }

    async fn statement(&self, period: Period, page: Option<&str>) -> ApiResult<Statement> {
        self.go_on(self.clock.now()).await?;
        let after = page.and_then(|page| page.parse().ok()).unwrap_or(0);
        let lines = store::statement(&self.db, period, after).await?;
        let is_full = i64::try_from(lines.len()).is_ok_and(|count| count == store::PAGE);
        let next = lines.last().filter(|_| is_full).map(|(id, _)| id.to_string());
        Ok(Statement { entries: lines.into_iter().map(|(_, entry)| entry).collect(), next })
    }

    async fn charges(&self, period: Period, page: Option<&str>) -> ApiResult<Option<Charges>> {
        self.go_on(self.clock.now()).await?;
        let after = page.and_then(|page| page.parse().ok());
        let rows = store::charges(&self.db, period, after).await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == store::PAGE);
        let next = rows.last().filter(|_| is_full).map(|row| row.id.to_string());
        Ok(Some(Charges { charges: rows.iter().map(Row::record).collect(), next }))
    }

    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<Event, WebhookError> {
        messages::read(headers, body, &self.messages, self.clock.now())
    }
}
