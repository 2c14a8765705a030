//! Random histories of bookings and their money: whatever happens in whatever order, the books are right after every
//! step, the gateway's book and ours agree in the end, and each person ends with what the contract says.

mod entitlement;
mod observed;
mod steps;

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use self::{
    entitlement::{Decision, Policy, Side},
    observed::Terms,
    steps::{CODES, History, Staff, Step, is_code_ours, steps},
};
use super::World;

/// What a history begins with.
#[derive(Clone, Copy, Debug)]
struct Setting {
    is_instant: bool,
    policy: Policy,
    price: i64,
    /// Even ones go back with the rest.
    fee_bps: u16,
}

fn setting() -> impl Strategy<Value = Setting> {
    let policy = prop::sample::select(&[Policy::Flexible, Policy::Moderate, Policy::Strict][..]);
    let prices = prop_oneof![Just(4990), Just(10_000), 3001..20_000_i64];
    let fees = prop_oneof![Just(0), 1..1000_u16];
    (any::<bool>(), policy, prices, fees).prop_map(|(is_instant, policy, price, fee_bps)| Setting {
        is_instant,
        policy,
        price,
        fee_bps,
    })
}

impl World {
    /// What is on our account at the gateway is what its own book says; and no booking was charged twice.
    pub(super) async fn gateway_agrees(&self) {
        let row = sqlx::query!(
            r#"select (select coalesce(sum(case when kind in ('charge', 'refund_failure', 'dispute_won', 'payout_failure')
                                                then amount else -amount end), 0)::bigint from sandbox_book) as "theirs!",
                      (select coalesce(sum(balance), 0)::bigint from ledger_balances
                        where purpose in ('clearing', 'gateway_fees')) as "ours!",
                      (select count(*) from (select booking_id from payments
                                              where captured_minor > refunded_minor + disputed_minor and not is_tip
                                                and booking_id is not null
                                              group by booking_id having count(*) > 1) twice) as "twice!""#
        );
        let row = row.fetch_one(&self.t.app.db).await.unwrap();
        assert_eq!((row.ours, row.twice), (row.theirs, 0), "{}", self.gateway_book().await);
    }

    /// Whatever is on its way. The gateway's book is compared in the end by `gateway_agrees`: until then it may be ahead
    /// of ours, and the daily comparison takes what is heard of days later for a difference.
    async fn ledger_is_right(&self) {
        let report = crate::check(&self.t.app.db, None).await.unwrap().to_string();
        let mut broken = report.lines().filter(|line| line.starts_with("BROKEN"));
        assert!(broken.all(|line| line.contains("the books of the gateways")), "{report}");
    }

    /// The service that everybody books, the codes, and an account for what is earned.
    async fn set_up(&self, setting: Setting, staff: &Staff) {
        let policy = match setting.policy {
            Policy::Flexible => "flexible",
            Policy::Moderate => "moderate",
            Policy::Strict => "strict",
        };
        sqlx::query!("update services set cancellation_policy = $1, price_minor = $2", policy, setting.price)
            .execute(&self.t.app.db)
            .await
            .unwrap();
        for code in 0..CODES {
            let (name, value) = if code < 2 { ("percent_bps", 1500) } else { ("amount", 7 + code) };
            let terms = json!({"code": format!("CODE{code}"), "currency": "EUR", name: value});
            let (who, path) =
                if is_code_ours(code) { (&staff.finance, "admin") } else { (&self.bob, "providers") };
            who.post(&format!("/{path}/promotions/"), terms).await.expect(201);
        }
        let account = json!({"country": "DE", "bank_token": "ba_sandbox_good"});
        self.bob.put("/providers/payout-account/", account).await.expect(200);
        self.buy(super::credits::MEDIUM, "visa").await.expect(201);
    }
}

async fn play(setting: Setting, steps: &[Step]) {
    let is_fee_refundable = setting.fee_bps.is_multiple_of(2);
    let (fee, is_refundable) = (setting.fee_bps.to_string(), is_fee_refundable.to_string());
    let args = ["--service-fee-bps", &fee, "--service-fee-refundable", &is_refundable];
    let w = World::tuned(setting.is_instant, &args).await;
    let staff = Staff { finance: w.t.staff("Fin Ance", platform::auth::StaffRole::Finance).await };
    w.set_up(setting, &staff).await;
    let mut history = History::default();
    for step in steps {
        history.go(&w, &staff, *step).await;
        w.ledger_is_right().await;
    }
    // All that was on its way arrives, all that is due is tried, and what is disputed is decided; then both books say
    // the same, and everybody has what is theirs.
    for round in 0..12 {
        w.later(if round < 4 { 3600 } else { 8 * 24 * 3600 }).await;
        w.tell().await;
        if round == 3 {
            // Who has not approved a charge by now does not.
            history.decline_waiting(&w).await;
        }
        for number in 0..history.bookings.len() {
            if w.booking(&history.bookings[number].id).await.str("sub_status") == "disputed" {
                history.decide(&staff, number, Decision::For(Side::Customer)).await;
            }
        }
    }
    w.ledger_is_right().await;
    w.gateway_agrees().await;
    history.judge(&w, Terms { policy: setting.policy, is_fee_refundable }).await;
}

/// Every test run plays the same ones; `HISTORIES` plays so many others.
#[expect(clippy::disallowed_methods, reason = "how many is up to whoever runs the tests")]
#[test]
fn in_every_history_each_ends_with_what_is_theirs() {
    let wanted = std::env::var("HISTORIES").ok().and_then(|count| count.parse().ok());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig {
        cases: wanted.unwrap_or(10),
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = match wanted {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    runner
        .run(&(setting(), steps()), |(setting, steps)| {
            runtime.block_on(play(setting, &steps));
            Ok(())
        })
        .unwrap();
}
