//! A provider's money over HTTP and from below, through the real sandbox; each test ends with a look at the books.

mod account;
mod commission;
mod earning;
mod invariants;
mod overview;
mod races;
mod table;
mod withdrawing;

use std::sync::Arc;

use adapters::{Sandbox, sandbox_router};
use jiff::SignedDuration;
use ledger::{Account, Posting, Transfers};
use platform::{
    ids::{BookingId, CategoryId, PaymentId},
    jobs::Registry,
    money::{Currency, Money},
    ports::gateway::{GatewayName, Gateways, Tender},
    testing::{Answer, Client, TestApp, TokenIsUserId},
    time::Instant,
};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Earning, Paid, Reversal, Tip, earn, reverse};

const EUR: Currency = Currency::EUR;

/// A provider in Berlin whom a customer can pay.
struct World {
    t: TestApp,
    sandbox: Sandbox,
    bob: Client,
    category: CategoryId,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(args: &[&str]) -> Self {
        let mut made = None;
        let gateways = |db: &_, clock: &_, secrets: &_| {
            let sandbox =
                Sandbox::new(Clone::clone(db), Clone::clone(clock), secrets, "http://localhost:8000");
            made = Some(sandbox.clone());
            Gateways::new(vec![(Tender::Card, Arc::new(sandbox))])
        };
        let router = crate::router().merge(sandbox_router());
        let registry = ledger::register(crate::register(Registry::default()));
        let t = TestApp::with_gateways(router, registry, Arc::new(TokenIsUserId), args, gateways).await;
        let bob = t.provider("Bob Weber").await;
        let category = CategoryId::at(t.now());
        let world = Self { t, sandbox: made.unwrap(), bob, category };
        world.category_row(category, None).await;
        world
    }

    async fn category_row(&self, id: CategoryId, parent: Option<CategoryId>) {
        sqlx::query!(
            r#"insert into categories (id, slug, parent_id, position, icon, color, name, description)
               values ($1, $1::uuid::text, $2, 1, 'home', '#112233', '{"en": "Home"}', '{"en": ""}')"#,
            id as _,
            parent as _,
        )
        .execute(&self.t.app.db)
        .await
        .unwrap();
    }

    fn hours(&self, hours: i64) {
        self.t.advance(SignedDuration::from_hours(hours));
    }

    /// The time moves to this instant.
    fn at(&self, when: &str) {
        let wanted: Instant = when.parse::<jiff::Timestamp>().unwrap().into();
        self.t.advance(wanted.since(self.t.now()));
    }

    /// A job of Bob's that costs so many cents.
    fn job(&self, minor: i64) -> Earning {
        Earning {
            booking: BookingId::at(self.t.now()),
            provider: self.bob.id(),
            category: self.category,
            service_title: "Window cleaning".to_owned(),
            gross: Money::new(minor, EUR),
            paid: Paid::ToUs,
            booked_at: self.t.now(),
            commission_bps: 1500,
            tax: None,
        }
    }

    /// The customer pays, and the job is done.
    async fn earn(&self, job: &Earning) -> BookingId {
        if job.paid == Paid::ToUs && job.gross.minor > 0 {
            let way = (Account::Clearing(GatewayName::Sandbox), Account::Escrow(job.booking));
            self.move_money(&format!("paid:{}", BookingId::at(self.t.now())), way, job.gross.minor).await;
        }
        let mut tx = self.t.app.db.begin().await.unwrap();
        let mut transfers = Transfers::default();
        earn(&mut tx, job, &mut transfers, &self.t.app.settings.market, self.t.now()).await.unwrap();
        self.post(&mut tx, transfers).await;
        tx.commit().await.unwrap();
        job.booking
    }

    /// A job of so many cents is done, and its money available.
    async fn released(&self, minor: i64) -> BookingId {
        let booking = self.earn(&self.job(minor)).await;
        self.hours(48);
        self.t.run_jobs().await;
        booking
    }

    /// A customer gives so much on top.
    async fn tip(&self, minor: i64) -> Tip {
        let tip = Tip {
            payment: PaymentId::at(self.t.now()),
            booking: BookingId::at(self.t.now()),
            provider: self.bob.id(),
            service_title: "Window cleaning".to_owned(),
            amount: Money::new(minor, EUR),
        };
        self.tip_again(&tip).await;
        tip
    }

    /// The same once more, as after a dispute that was won.
    async fn tip_again(&self, tip: &Tip) {
        let mut tx = self.t.app.db.begin().await.unwrap();
        let mut transfers = Transfers::default();
        let from = Account::Clearing(GatewayName::Sandbox);
        crate::tip(&mut tx, tip, from, &mut transfers, self.t.now()).await.unwrap();
        self.post(&mut tx, transfers).await;
        tx.commit().await.unwrap();
    }

    async fn give_back(&self, booking: BookingId, minor: i64) -> Result<bool, &'static str> {
        let reversal = self.reversal(booking, minor);
        self.reverse(&reversal).await
    }

    fn reversal(&self, booking: BookingId, minor: i64) -> Reversal {
        let id = Uuid::from(BookingId::at(self.t.now()));
        Reversal { id, booking, amount: Money::new(minor, EUR), to: Account::RefundsPayable(id.into()) }
    }

    async fn reverse(&self, reversal: &Reversal) -> Result<bool, &'static str> {
        let mut tx = self.t.app.db.begin().await.unwrap();
        let mut transfers = Transfers::default();
        let done =
            reverse(&mut tx, reversal, &mut transfers, self.t.now()).await.map_err(|error| error.code())?;
        self.post(&mut tx, transfers).await;
        tx.commit().await.unwrap();
        Ok(done)
    }

    async fn post(&self, db: &mut PgConnection, transfers: Transfers) {
        let posting =
            Posting::new(BookingId::at(self.t.now()).to_string(), "test", self.t.now()).transfers(transfers);
        ledger::post_if_any(db, &posting).await.unwrap();
    }

    async fn move_money(&self, operation: &str, (from, to): (Account, Account), minor: i64) {
        let posting =
            Posting::new(operation, "test", self.t.now()).transfer(from, to, Money::new(minor, EUR));
        ledger::post(&mut self.t.app.db.acquire().await.unwrap(), &posting).await.unwrap();
    }

    /// What is on an account, in cents.
    async fn has(&self, account: Account) -> i64 {
        let mut db = self.t.app.db.acquire().await.unwrap();
        ledger::balance(&mut db, account, EUR).await.unwrap().posted.minor
    }

    /// Pending, available, in payout, owed, in cents.
    async fn purse(&self) -> [i64; 4] {
        let bob = self.bob.id();
        [
            self.has(Account::ProviderPending(bob)).await,
            self.has(Account::ProviderAvailable(bob)).await,
            self.has(Account::ProviderInPayout(bob)).await,
            self.has(Account::ProviderOwed(bob)).await,
        ]
    }

    async fn open_account(&self, bank: &str) -> Answer {
        let body = json!({"country": "DE", "bank_token": format!("ba_sandbox_{bank}")});
        self.bob.put("/providers/payout-account/", body).await.expect(200)
    }

    async fn withdraw(&self, amount: &str) -> Answer {
        self.bob.post("/providers/withdrawals/", json!({"amount": amount})).await
    }

    /// How the latest withdrawals stand, newest first.
    async fn statuses(&self) -> Vec<String> {
        let list = self.bob.get("/providers/withdrawals/").await.expect(200);
        let all = list["results"].as_array().unwrap();
        all.iter().map(|withdrawal| withdrawal["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Time passes until the sandbox has done what takes a while, and was asked about it.
    async fn settle(&self) {
        self.t.run_jobs().await;
        for _ in 0..2 {
            self.t.advance(SignedDuration::from_mins(6));
            self.t.run_jobs().await;
        }
    }

    /// The books are right, and providers' money is what they say.
    async fn books_are_right(&self) {
        let mut report = ledger::check(&self.t.app.db, None).await.unwrap();
        report.invariants.extend(crate::check(&self.t.app.db).await.unwrap());
        assert!(report.is_clean(), "{report}");
    }
}
