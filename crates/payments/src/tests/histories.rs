//! Random histories of bookings and their money: whatever happens in whatever order, the books are right after every
//! step, and the gateway's book and ours agree in the end.

use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

use super::{Answer, Client, World};

/// What somebody does, to the booking or payment of a number where there are so many.
#[derive(Clone, Copy, Debug)]
enum Step {
    Book,
    Pay(usize, &'static str),
    PayInParts(usize),
    PayMixed(usize, &'static str, i64),
    /// With one of the codes.
    PayLess(usize, &'static str, usize),
    Tip(usize, &'static str, i64),
    Complete(usize),
    Approve(usize, bool),
    Accept(usize),
    Decline(usize),
    CancelByCustomer(usize),
    CancelByProvider(usize),
    Refund(usize, i64),
    /// By the customer or not.
    ReportNoShow(usize, bool),
    ContestNoShow(usize, bool),
    Dispute(usize),
    Resolve(usize, &'static str),
    Move(usize),
    /// Credits, with this card.
    Buy(&'static str),
    /// The credits that were bought go back, as far as they are not used.
    RefundCredits,
    Wait(i64),
    /// The gateway's messages come: so often, and the last one first or not.
    Tell(usize, bool),
}

const CARDS: &[&str] = &[
    "visa",
    "visa",
    "declined",
    "3ds",
    "drops_reply",
    "reports_late",
    "declines_late",
    "timeout",
    "capture_drops_reply",
    "refund_drops_reply",
    "refund_late",
    "refund_declined",
    "refund_recovers",
    "refund_returned",
    "disputed_won",
    "disputed_lost",
];

fn step() -> impl Strategy<Value = Step> {
    let number = any::<usize>;
    prop_oneof![
        4 => Just(Step::Book),
        6 => (number(), prop::sample::select(CARDS)).prop_map(|(which, card)| Step::Pay(which, card)),
        1 => number().prop_map(Step::PayInParts),
        3 => (number(), prop::sample::select(CARDS), 1..3000_i64)
            .prop_map(|(which, card, minor)| Step::PayMixed(which, card, minor)),
        3 => (number(), prop::sample::select(CARDS), 0..CODES)
            .prop_map(|(which, card, code)| Step::PayLess(which, card, code)),
        2 => (number(), prop::sample::select(CARDS), 1..5000_i64)
            .prop_map(|(which, card, minor)| Step::Tip(which, card, minor)),
        1 => prop::sample::select(CARDS).prop_map(Step::Buy),
        2 => number().prop_map(Step::Complete),
        2 => (number(), any::<bool>()).prop_map(|(which, yes)| Step::Approve(which, yes)),
        2 => number().prop_map(Step::Accept),
        1 => number().prop_map(Step::Decline),
        1 => number().prop_map(Step::CancelByCustomer),
        1 => number().prop_map(Step::CancelByProvider),
        3 => (number(), 1..6000_i64).prop_map(|(which, minor)| Step::Refund(which, minor)),
        2 => (number(), any::<bool>()).prop_map(|(which, by)| Step::ReportNoShow(which, by)),
        2 => (number(), any::<bool>()).prop_map(|(which, by)| Step::ContestNoShow(which, by)),
        2 => number().prop_map(Step::Dispute),
        2 => (number(), prop::sample::select(&["customer", "provider", "split"][..]))
            .prop_map(|(which, outcome)| Step::Resolve(which, outcome)),
        1 => number().prop_map(Step::Move),
        1 => Just(Step::RefundCredits),
        4 => (1..4000_i64).prop_map(Step::Wait),
        2 => (1..4_usize, any::<bool>()).prop_map(|(times, reverse)| Step::Tell(times, reverse)),
    ]
}

/// Half of the promotions are ours, half the provider's.
const CODES: usize = 6;

#[derive(Default)]
struct History {
    bookings: Vec<String>,
    payments: Vec<String>,
}

impl History {
    /// Does a step; a refusal is fine, a mistake of ours is not.
    async fn go(&mut self, w: &World, finance: &Client, step: Step) {
        let pick = |all: &[String], which: usize| all.get(which.checked_rem(all.len())?).cloned();
        let booking = |which| pick(&self.bookings, which);
        match step {
            Step::Book => self.book(w).await,
            Step::Pay(which, card) => {
                let Some(booking) = booking(which) else { return };
                self.take(&w.pay(&booking, card).await);
            }
            Step::PayMixed(which, card, minor) => {
                let Some(booking) = booking(which) else { return };
                let credits = format!("{}.{:02}", minor / 100, minor % 100);
                self.take(&w.pay_mixed(&booking, card, credits).await);
            }
            Step::PayLess(which, card, code) => {
                let Some(booking) = booking(which) else { return };
                let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
                    "payment_method_id": format!("pm_sandbox_{card}"), "promo_code": format!("CODE{code}")});
                self.take(&w.ann.post("/payments/process/", body).await);
            }
            Step::Tip(which, card, minor) => {
                let Some(booking) = booking(which) else { return };
                let body = json!({"booking_id": booking, "amount": format!("{}.{:02}", minor / 100, minor % 100),
                    "payment_method": "card", "payment_method_id": format!("pm_sandbox_{card}")});
                self.take(&w.ann.post("/payments/tips/", body).await);
            }
            Step::Buy(card) => {
                let answer = w.buy(super::credits::SMALL, card).await;
                assert!(answer.status.as_u16() < 500 || answer.status == 503, "{}", answer.text());
            }
            Step::Complete(which) => {
                let Some(booking) = booking(which) else { return };
                for status in ["ongoing", "completed"] {
                    let path = format!("/bookings/{booking}/status/");
                    let answer = w.bob.put(&path, json!({"status": status})).await;
                    assert!(answer.status.as_u16() < 500, "{}", answer.text());
                }
            }
            Step::PayInParts(which) => {
                let Some(booking) = booking(which) else { return };
                let body = json!({"booking_id": booking, "count": 3, "interval": "weekly",
                    "payment_method_id": "pm_sandbox_visa"});
                let answer = w.ann.post("/payments/installments/", body).await;
                self.payments.extend(answer["id"].as_str().map(str::to_owned));
                assert!(answer.status.as_u16() < 500, "{}", answer.text());
            }
            Step::Approve(which, yes) => {
                let Some(payment) = pick(&self.payments, which) else { return };
                let seen = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
                if let Some(charge) = seen["transaction_id"].as_str() {
                    w.sandbox.decide(charge, yes).await.unwrap();
                }
            }
            Step::Accept(which) => put(w, booking(which), "accept", true).await,
            Step::Decline(which) => put(w, booking(which), "decline", true).await,
            Step::CancelByCustomer(which) => put(w, booking(which), "cancel", false).await,
            Step::CancelByProvider(which) => {
                let Some(booking) = booking(which) else { return };
                w.bob.put(&format!("/bookings/{booking}/cancel/"), json!({})).await;
            }
            Step::Refund(which, minor) => {
                let Some(payment) = pick(&self.payments, which) else { return };
                let amount = format!("{}.{:02}", minor / 100, minor % 100);
                let body = json!({"payment_id": payment, "amount": amount, "reason": "A window was missed."});
                let answer = w.bob.post("/payments/refund/", body).await;
                assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
            }
            Step::ReportNoShow(..)
            | Step::ContestNoShow(..)
            | Step::Dispute(_)
            | Step::Move(_)
            | Step::Resolve(..) => self.disagree(w, finance, step).await,
            Step::RefundCredits => {
                for lot in w.lots().await {
                    let answer = w.give_credits_back(&w.ann, &lot).await;
                    assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
                }
            }
            Step::Wait(minutes) => w.later(60 * minutes).await,
            Step::Tell(times, reverse) => {
                w.tell_in(|count| {
                    let order = (0..times * count).map(|place| place % count);
                    if reverse { order.rev().collect() } else { order.collect() }
                })
                .await;
            }
        }
    }

    /// People disagree, or change their minds.
    async fn disagree(&self, w: &World, finance: &Client, step: Step) {
        let booking = |which: usize| self.bookings.get(which.checked_rem(self.bookings.len())?).cloned();
        match step {
            Step::ReportNoShow(which, by_customer) => {
                let who = if by_customer { &w.ann } else { &w.bob };
                change(who, booking(which), "no-show", json!({})).await;
            }
            Step::ContestNoShow(which, by_customer) => {
                let who = if by_customer { &w.ann } else { &w.bob };
                change(who, booking(which), "no-show/contest", json!({"reason": "I was there."})).await;
            }
            Step::Dispute(which) => {
                change(&w.ann, booking(which), "dispute", json!({"reason": "Still dirty."})).await;
            }
            Step::Move(which) => {
                let day = jiff::tz::TimeZone::UTC.to_datetime(w.t.now().timestamp()).date();
                let day = day.checked_add(jiff::Span::new().days(60)).unwrap();
                let to =
                    json!({"scheduled_date": day, "scheduled_time": format!("{:02}:30", 8 + which % 10)});
                change(&w.ann, booking(which), "reschedule", to).await;
            }
            Step::Resolve(which, outcome) => {
                let Some(booking) = booking(which) else { return };
                let amount = if outcome == "split" { json!(7.77) } else { serde_json::Value::Null };
                let body = json!({"outcome": outcome, "refund_amount": amount, "reason": "So."});
                let answer = finance.post(&format!("/admin/bookings/{booking}/resolve/"), body).await;
                assert!([200, 409].contains(&answer.status.as_u16()), "{}", answer.text());
            }
            _ => {}
        }
    }

    /// Remembers a payment, whatever became of it.
    fn take(&mut self, answer: &Answer) {
        self.payments.extend(answer["id"].as_str().or(answer["payment_id"].as_str()).map(str::to_owned));
        assert!(answer.status.as_u16() < 500 || answer.status == 503, "{}", answer.text());
    }

    async fn book(&mut self, w: &World) {
        let number = self.bookings.len();
        let today = jiff::tz::TimeZone::UTC.to_datetime(w.t.now().timestamp()).date();
        let date = today.checked_add(jiff::Span::new().days(1 + i64::try_from(number / 4).unwrap())).unwrap();
        let time = ["08:00", "11:00", "14:00", "17:00"][number % 4];
        let body = json!({"service_id": w.service, "scheduled_date": date, "scheduled_time": time,
            "payment_method": "card", "payment_type": "immediate"});
        let answer = w.ann.post("/bookings/", body).await;
        assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
        self.bookings.extend(answer["id"].as_str().map(str::to_owned));
    }
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
}

async fn change(who: &Client, booking: Option<String>, what: &str, body: serde_json::Value) {
    let Some(booking) = booking else { return };
    let answer = who.put(&format!("/bookings/{booking}/{what}/"), body).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text());
}

async fn put(w: &World, booking: Option<String>, what: &str, is_job: bool) {
    let Some(booking) = booking else { return };
    let answer = if is_job {
        w.bob.put(&format!("/providers/jobs/{booking}/{what}/"), json!({})).await
    } else {
        w.ann.put(&format!("/bookings/{booking}/{what}/"), json!({})).await
    };
    assert!(answer.status.as_u16() < 500, "{}", answer.text());
}

async fn play(is_instant: bool, fee: u16, steps: &[Step]) {
    let (fee, is_refundable) = (fee.to_string(), fee.is_multiple_of(2).to_string());
    let args = ["--service-fee-bps", &fee, "--service-fee-refundable", &is_refundable];
    let w = World::tuned(is_instant, &args).await;
    let finance = w.t.staff("Fin Ance", platform::auth::StaffRole::Finance).await;
    for code in 0..CODES {
        let gift = if code % 3 == 0 { "percent_bps" } else { "amount" };
        let terms = json!({"code": format!("CODE{code}"), "currency": "EUR", gift: 7 + code});
        let (who, path) = if code % 2 == 0 { (&w.bob, "providers") } else { (&finance, "admin") };
        who.post(&format!("/{path}/promotions/"), terms).await.expect(201);
    }
    w.buy(super::credits::SMALL, "visa").await.expect(201);
    let mut history = History::default();
    for step in steps {
        history.go(&w, &finance, *step).await;
        w.books().await;
    }
    // All that was on its way arrives; then both books say the same.
    for _ in 0..6 {
        w.later(3600).await;
        w.tell().await;
    }
    w.books().await;
    w.gateway_agrees().await;
}

/// `HISTORIES` plays more of them than every test run does.
#[expect(clippy::disallowed_methods, reason = "how many is up to whoever runs the tests")]
#[test]
fn no_history_makes_the_books_wrong() {
    let cases = std::env::var("HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let histories = (any::<bool>(), prop_oneof![Just(0), 1..1000_u16], prop::collection::vec(step(), 1..30));
    TestRunner::new(config)
        .run(&histories, |(is_instant, fee, steps)| {
            runtime.block_on(play(is_instant, fee, &steps));
            Ok(())
        })
        .unwrap();
}
