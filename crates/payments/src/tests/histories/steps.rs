//! What people do with bookings and their money, and what of that has to be remembered to judge the end.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use platform::testing::Client;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    super::{Answer, World, credits::SMALL},
    entitlement::{Decision, Move, Side},
};

/// What somebody does, to the booking or payment of a number where there are so many.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// So many days ahead.
    Book(i64),
    Pay(usize, &'static str),
    /// So many parts.
    PayInParts(usize, &'static str, u8),
    /// So many days from now.
    PayLater(usize, &'static str, i64),
    PayMixed(usize, &'static str, i64),
    /// With one of the codes.
    PayLess(usize, &'static str, usize),
    PayByCredits(usize),
    Tip(usize, &'static str, i64),
    /// Twice at once, with one key.
    PayTwice(usize, &'static str),
    TipTwice(usize, &'static str),
    BuyTwice(&'static str),
    Complete(usize),
    Approve(usize, bool),
    Accept(usize),
    Decline(usize),
    Cancel(usize, Side),
    /// So many days and half hours later.
    Reschedule(usize, Side, i64, i64),
    AnswerReschedule(usize, Side, bool),
    NoShow(usize, Side),
    Contest(usize, Side),
    Complain(usize),
    Decide(usize, Decision),
    Refund(usize, i64),
    /// Credits, with this card.
    Buy(&'static str),
    /// The credits that were bought go back, as far as they are not used.
    RefundCredits,
    Withdraw,
    /// So many minutes.
    Wait(i64),
    /// Until so many minutes before a booking's start.
    WaitFor(usize, i64),
    /// So many seconds, and then the gateway's messages come: so often, and the last one first or not.
    Deliver(i64, usize, bool),
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

/// Around every boundary of the policies, of when a job begins, and of when nobody came.
const BEFORE_START: &[i64] =
    &[7 * 1440 + 1, 7 * 1440, 7 * 1440 - 1, 4321, 4320, 4319, 1441, 1440, 1439, 90, 20, -15, -60, -1500];

/// The booking that was made last.
const LATEST: usize = usize::MAX;

/// Which one: one of few most of the time, so that much happens to each.
fn which() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => Just(LATEST), 1 => 0..12_usize]
}

fn card() -> impl Strategy<Value = &'static str> {
    prop::sample::select(CARDS)
}

/// A booking that is paid, most of the time, and confirmed.
fn opening() -> impl Strategy<Value = Vec<Step>> {
    let answer = prop_oneof![9 => Just(Step::Accept(LATEST)), 1 => Just(Step::Decline(LATEST))];
    ((0..12_i64).prop_map(Step::Book), paying(Just(LATEST).boxed()), 0..4_i64, answer)
        .prop_map(|(book, pay, seconds, answer)| vec![book, pay, Step::Deliver(seconds, 1, false), answer])
}

fn paying(which: BoxedStrategy<usize>) -> impl Strategy<Value = Step> {
    let which = move || which.clone();
    prop_oneof![
        7 => (which(), card()).prop_map(|(which, card)| Step::Pay(which, card)),
        3 => (which(), card(), 2..5_u8).prop_map(|(which, card, count)| Step::PayInParts(which, card, count)),
        3 => (which(), card(), 1..20_i64).prop_map(|(which, card, days)| Step::PayLater(which, card, days)),
        3 => (which(), card(), 1..3000_i64).prop_map(|(which, card, minor)| Step::PayMixed(which, card, minor)),
        3 => (which(), card(), 0..CODES).prop_map(|(which, card, code)| Step::PayLess(which, card, code)),
        1 => which().prop_map(Step::PayByCredits),
        1 => (which(), card()).prop_map(|(which, card)| Step::PayTwice(which, card)),
    ]
}

fn working() -> impl Strategy<Value = Step> {
    let side = || prop::sample::select(&[Side::Customer, Side::Provider][..]);
    let decision = prop_oneof![
        Just(Decision::For(Side::Customer)),
        Just(Decision::For(Side::Provider)),
        (1..6000_i64).prop_map(Decision::Split)
    ];
    prop_oneof![
        4 => which().prop_map(Step::Complete),
        2 => (which(), any::<bool>()).prop_map(|(which, yes)| Step::Approve(which, yes)),
        2 => which().prop_map(Step::Accept),
        1 => which().prop_map(Step::Decline),
        4 => (which(), side()).prop_map(|(which, by)| Step::Cancel(which, by)),
        4 => (which(), side(), 0..12_i64, 0..20_i64)
            .prop_map(|(which, by, days, halves)| Step::Reschedule(which, by, days, halves)),
        4 => (which(), side(), any::<bool>()).prop_map(|(which, by, yes)| Step::AnswerReschedule(which, by, yes)),
        4 => (which(), side()).prop_map(|(which, by)| Step::NoShow(which, by)),
        4 => (which(), side()).prop_map(|(which, by)| Step::Contest(which, by)),
        3 => which().prop_map(Step::Complain),
        3 => (which(), decision).prop_map(|(which, decision)| Step::Decide(which, decision)),
        2 => (which(), card(), 1..5000_i64).prop_map(|(which, card, minor)| Step::Tip(which, card, minor)),
        1 => (which(), card()).prop_map(|(which, card)| Step::TipTwice(which, card)),
    ]
}

fn passing() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (which(), 1..6000_i64).prop_map(|(which, minor)| Step::Refund(which, minor)),
        1 => card().prop_map(Step::BuyTwice),
        1 => card().prop_map(Step::Buy),
        1 => Just(Step::RefundCredits),
        1 => Just(Step::Withdraw),
        2 => (1..4000_i64).prop_map(Step::Wait),
        8 => (which(), prop::sample::select(BEFORE_START)).prop_map(|(which, minutes)| Step::WaitFor(which, minutes)),
        4 => (0..10_i64, 1..4_usize, any::<bool>())
            .prop_map(|(seconds, times, reverse)| Step::Deliver(seconds, times, reverse)),
    ]
}

fn step() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![2 => paying(which().boxed()), 5 => working(), 4 => passing()];
    prop_oneof![1 => opening(), 8 => one.prop_map(|step| vec![step])]
}

/// Some bookings, and what becomes of them.
pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    (opening(), prop::collection::vec(step(), 1..25))
        .prop_map(|(first, rest)| first.into_iter().chain(rest.into_iter().flatten()).collect())
}

/// Half of the promotions are the provider's, half ours.
pub(super) const CODES: usize = 6;

pub(super) fn is_code_ours(code: usize) -> bool {
    !code.is_multiple_of(2)
}

/// A booking, as far as its present state does not tell how it came to it.
pub(super) struct Known {
    pub id: String,
    pub starts_at: Timestamp,
    pub moves: Vec<Move>,
    pub decision: Option<Decision>,
    asked: Option<(Side, Vec<Move>)>,
}

#[derive(Default)]
pub(super) struct History {
    pub bookings: Vec<Known>,
    pub payments: Vec<String>,
    /// What was given back by hand, by payment.
    pub refunds: BTreeMap<String, Vec<i64>>,
    /// Payments with a code of ours.
    pub subsidised: Vec<String>,
    /// The card of a payment.
    pub cards: BTreeMap<String, &'static str>,
    keys: u32,
}

/// Who is not Ann or Bob.
pub(super) struct Staff {
    pub finance: Client,
}

fn amount(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Which of so many.
fn pick(which: usize, count: usize) -> Option<usize> {
    if which == LATEST { count.checked_sub(1) } else { which.checked_rem(count) }
}

/// A refusal is fine, a mistake of ours is not.
fn no_fault(answer: Answer) -> Answer {
    assert!(answer.status.as_u16() < 500 || answer.status == 503, "{}", answer.text());
    answer
}

impl History {
    fn payment(&self, which: usize) -> Option<String> {
        self.payments.get(pick(which, self.payments.len())?).cloned()
    }

    pub(super) async fn go(&mut self, w: &World, staff: &Staff, step: Step) {
        match step {
            Step::Book(days) => self.book(w, days).await,
            Step::Buy(card) => drop(no_fault(w.buy(SMALL, card).await)),
            Step::BuyTwice(card) => {
                let path = format!("/users/{}/credits/purchase/", w.ann.id());
                let body = json!({"package_id": SMALL, "payment_method": "card",
                    "payment_method_id": format!("pm_sandbox_{card}")});
                self.twice(w, &path, body).await;
            }
            Step::RefundCredits => {
                for lot in w.lots().await {
                    let answer = w.give_credits_back(&w.ann, &lot).await;
                    assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
                }
            }
            Step::Withdraw => {
                let available = w.bob.get("/providers/earnings/").await.expect(200)["available"].clone();
                no_fault(w.bob.post("/providers/withdrawals/", json!({"amount": available})).await);
            }
            Step::Wait(minutes) => w.long_after(60 * minutes).await,
            Step::Deliver(seconds, times, reverse) => {
                w.later(seconds).await;
                w.tell_in(|count| {
                    let order = (0..times * count).map(|place| place % count);
                    if reverse { order.rev().collect() } else { order.collect() }
                })
                .await;
            }
            Step::Approve(which, yes) => {
                let Some(payment) = self.payment(which) else { return };
                let seen = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
                if let Some(charge) = seen["transaction_id"].as_str() {
                    w.sandbox.decide(charge, yes).await.unwrap();
                }
            }
            Step::Refund(which, minor) => {
                let Some(payment) = self.payment(which) else { return };
                let body =
                    json!({"payment_id": payment, "amount": amount(minor), "reason": "A window was missed."});
                let answer = w.bob.post("/payments/refund/", body).await;
                assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
                if answer.status == 201 {
                    self.refunds.entry(payment).or_default().push(minor);
                }
            }
            _ => self.go_on(w, staff, step).await,
        }
    }

    pub(super) async fn decline_waiting(&self, w: &World) {
        let payments = w.ann.get("/payments/history/?page_size=100").await.expect(200);
        for payment in payments["results"].as_array().unwrap() {
            if let Some(charge) =
                payment["transaction_id"].as_str().filter(|_| payment["status"] == "requires_action")
            {
                w.sandbox.decide(charge, false).await.unwrap();
            }
        }
    }

    /// With a booking.
    async fn go_on(&mut self, w: &World, staff: &Staff, step: Step) {
        let (Step::Pay(which, _)
        | Step::PayInParts(which, ..)
        | Step::PayLater(which, ..)
        | Step::PayMixed(which, ..)
        | Step::PayLess(which, ..)
        | Step::PayByCredits(which)
        | Step::Tip(which, ..)
        | Step::PayTwice(which, _)
        | Step::TipTwice(which, _)
        | Step::Complete(which)
        | Step::Accept(which)
        | Step::Decline(which)
        | Step::Cancel(which, _)
        | Step::Reschedule(which, ..)
        | Step::AnswerReschedule(which, ..)
        | Step::NoShow(which, _)
        | Step::Contest(which, _)
        | Step::Complain(which)
        | Step::Decide(which, _)
        | Step::WaitFor(which, _)) = step
        else {
            return;
        };
        let Some(number) = pick(which, self.bookings.len()) else { return };
        let id = self.bookings[number].id.clone();
        let path = format!("/bookings/{id}");
        match step {
            Step::PayByCredits(_) => {
                let answer = w.pay_by_credits(&id).await;
                self.remember(answer, "credits");
            }
            Step::Complete(_) => {
                for status in ["ongoing", "completed"] {
                    no_fault(w.bob.put(&format!("{path}/status/"), json!({"status": status})).await);
                }
            }
            Step::Accept(_) => {
                no_fault(w.bob.put(&format!("/providers/jobs/{id}/accept/"), json!({})).await);
            }
            Step::Decline(_) => {
                no_fault(w.bob.put(&format!("/providers/jobs/{id}/decline/"), json!({})).await);
            }
            Step::Cancel(_, by) => {
                no_fault(w.of(by).put(&format!("{path}/cancel/"), json!({})).await);
            }
            Step::NoShow(_, by) => {
                no_fault(w.of(by).put(&format!("{path}/no-show/"), json!({})).await);
            }
            Step::Contest(_, by) => {
                let body = json!({"reason": "I was there."});
                no_fault(w.of(by).put(&format!("{path}/no-show/contest/"), body).await);
            }
            Step::Complain(_) => {
                no_fault(w.ann.put(&format!("{path}/dispute/"), json!({"reason": "Half of it."})).await);
            }
            Step::Decide(_, decision) => self.decide(staff, number, decision).await,
            Step::Reschedule(_, by, days, halves) => self.reschedule(w, number, by, days, halves).await,
            Step::AnswerReschedule(_, by, yes) => self.answer_reschedule(w, number, by, yes).await,
            Step::WaitFor(_, minutes) => {
                let at = self.bookings[number].starts_at - SignedDuration::from_mins(minutes);
                let wait = at.duration_since(w.t.now().timestamp());
                if wait.is_positive() {
                    w.long_after(wait.as_secs()).await;
                }
            }
            _ => self.pay(w, &id, step).await,
        }
    }

    async fn pay(&mut self, w: &World, booking: &str, step: Step) {
        let by = |kind: &str, card: &str| {
            json!({"booking_id": booking, "payment_type": kind, "payment_method": "card",
                "payment_method_id": format!("pm_sandbox_{card}")})
        };
        let (path, body, card) = match step {
            Step::Pay(_, card) | Step::PayTwice(_, card) => ("process", by("immediate", card), card),
            Step::PayMixed(_, card, minor) => {
                let mut body = by("immediate", card);
                body["credits_amount"] = json!(amount(minor));
                ("process", body, card)
            }
            Step::PayLess(_, card, code) => {
                let mut body = by("immediate", card);
                body["promo_code"] = json!(format!("CODE{code}"));
                ("process", body, card)
            }
            Step::PayLater(_, card, days) => {
                let mut body = by("later", card);
                let today = jiff::tz::TimeZone::UTC.to_datetime(w.t.now().timestamp()).date();
                body["due_date"] = json!(today.checked_add(jiff::Span::new().days(days)).unwrap());
                ("process", body, card)
            }
            Step::PayInParts(_, card, count) => {
                let mut body = by("installment", card);
                body["count"] = json!(count);
                body["interval"] = json!("weekly");
                ("installments", body, card)
            }
            Step::Tip(_, card, minor) => {
                let mut body = by("immediate", card);
                body["amount"] = json!(amount(minor));
                ("tips", body, card)
            }
            Step::TipTwice(_, card) => {
                let mut body = by("immediate", card);
                body["amount"] = json!("5.55");
                ("tips", body, card)
            }
            _ => return,
        };
        let path = format!("/payments/{path}/");
        let answer = match step {
            Step::PayTwice(..) | Step::TipTwice(..) => self.twice(w, &path, body).await,
            _ => w.ann.post(&path, body).await,
        };
        let answer = no_fault(answer);
        if let (Step::PayLess(_, _, code), Some(id)) = (step, payment_of(&answer))
            && is_code_ours(code)
            && answer.status == 201
        {
            self.subsidised.push(id);
        }
        self.remember(answer, card);
    }

    /// A payment, whatever became of it.
    fn remember(&mut self, answer: Answer, card: &'static str) {
        let is_answer = [201, 402].contains(&answer.status.as_u16());
        if let Some(id) = payment_of(&no_fault(answer)).filter(|_| is_answer) {
            self.cards.insert(id.clone(), card);
            self.payments.push(id);
        }
    }

    /// The same request with the same key, twice at once and then again: at most one charge.
    async fn twice(&mut self, w: &World, path: &str, body: Value) -> Answer {
        self.keys += 1;
        let ann = w.ann.with("Idempotency-Key", &format!("key-{}", self.keys));
        let before = w.charges_asked().await;
        let (first, second) = tokio::join!(ann.post(path, body.clone()), ann.post(path, body.clone()));
        let again = ann.post(path, body).await;
        let charges = w.charges_asked().await - before;
        assert!(charges <= 1, "one key, {charges} charges: {path}");
        let answers = [first, second, again].map(no_fault);
        let mut ids: Vec<_> = answers.iter().filter_map(payment_of).collect();
        ids.dedup();
        assert!(ids.len() <= 1, "one key, {ids:?}");
        let [first, second, again] = answers;
        [first, second].into_iter().find(|answer| payment_of(answer).is_some()).unwrap_or(again)
    }

    async fn book(&mut self, w: &World, days: i64) {
        let number = self.bookings.len();
        let today = jiff::tz::TimeZone::UTC.to_datetime(w.t.now().timestamp()).date();
        let date = today.checked_add(jiff::Span::new().days(1 + days)).unwrap();
        let time = ["08:00", "11:00", "14:00", "17:00"][number % 4];
        let body = json!({"service_id": w.service, "scheduled_date": date, "scheduled_time": time,
            "payment_method": "card", "payment_type": "immediate"});
        let answer = w.ann.post("/bookings/", body).await;
        assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
        if answer.status == 201 {
            let (id, starts_at) = (answer.str("id"), starts_at(&answer));
            self.bookings.push(Known { id, starts_at, moves: Vec::new(), decision: None, asked: None });
        }
    }

    async fn reschedule(&mut self, w: &World, number: usize, by: Side, days: i64, halves: i64) {
        let known = &mut self.bookings[number];
        let to = known.starts_at + SignedDuration::from_mins(1440 * days + 30 * halves);
        let before = w.booking(&known.id).await;
        let path = format!("/bookings/{}/reschedule/", known.id);
        let answer = no_fault(w.of(by).put(&path, json!({"starts_at": to})).await);
        if answer.status != 200 {
            return;
        }
        let step = Move {
            is_asked_by_customer: by == Side::Customer,
            at: w.t.now().timestamp(),
            from: known.starts_at,
        };
        let is_confirmed = before.str("sub_status") == "confirmed";
        let moments = if is_confirmed { vec![step] } else { Vec::new() };
        if starts_at(&answer) == known.starts_at {
            known.asked = Some((by, moments));
        } else {
            known.starts_at = starts_at(&answer);
            known.moves.extend(moments);
        }
    }

    async fn answer_reschedule(&mut self, w: &World, number: usize, by: Side, yes: bool) {
        let known = &mut self.bookings[number];
        let is_confirmed = w.booking(&known.id).await.str("sub_status") == "confirmed";
        let what = if yes { "accept" } else { "decline" };
        let path = format!("/bookings/{}/reschedule/{what}/", known.id);
        let answer = no_fault(w.of(by).put(&path, json!({})).await);
        if answer.status != 200 {
            return;
        }
        let (asked_by, moments) = known.asked.take().expect("somebody asked");
        if starts_at(&answer) != known.starts_at {
            assert!(yes && asked_by != by, "only the other side accepts");
            known.moves.extend(moments);
            if is_confirmed {
                let is_asked_by_customer = asked_by == Side::Customer;
                known.moves.push(Move {
                    is_asked_by_customer,
                    at: w.t.now().timestamp(),
                    from: known.starts_at,
                });
            }
            known.starts_at = starts_at(&answer);
        }
    }

    pub(super) async fn decide(&mut self, staff: &Staff, number: usize, decision: Decision) {
        let known = &mut self.bookings[number];
        let body = match decision {
            Decision::For(Side::Customer) => json!({"outcome": "customer", "reason": "So it is."}),
            Decision::For(Side::Provider) => json!({"outcome": "provider", "reason": "So it is."}),
            Decision::Split(minor) => {
                json!({"outcome": "split", "refund_amount": amount(minor), "reason": "So it is."})
            }
        };
        let path = format!("/admin/bookings/{}/resolve/", known.id);
        let answer = no_fault(staff.finance.post(&path, body).await);
        if answer.status.is_success() {
            assert!(known.decision.is_none(), "decided once");
            known.decision = Some(decision);
        }
    }
}

fn payment_of(answer: &Answer) -> Option<String> {
    answer["id"].as_str().or(answer["payment_id"].as_str()).map(str::to_owned)
}

pub(super) fn starts_at(booking: &Answer) -> Timestamp {
    booking.str("starts_at").parse().unwrap()
}

impl World {
    fn of(&self, side: Side) -> &Client {
        match side {
            Side::Customer => &self.ann,
            Side::Provider => &self.bob,
        }
    }

    /// What is on its way does not wait as long: what was reserved is taken before the bank lets it go.
    async fn long_after(&self, seconds: i64) {
        self.later(1).await;
        self.later(seconds - 1).await;
    }

    /// How many charges the gateway was asked for, declined ones too.
    async fn charges_asked(&self) -> i64 {
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from sandbox_operations where task = 'charge'"#
        );
        count.fetch_one(&self.t.app.db).await.unwrap()
    }
}
