//! Withdrawals, by hand and by schedule, and all that a gateway can answer.

use jiff::SignedDuration;
use ledger::Account;
use platform::{
    ids::OperationId,
    outbox::Event as _,
    ports::gateway::{Event, GatewayName, Subject},
    time::Instant,
};
use serde_json::json;

use super::World;
use crate::{Earning, Paid, WithdrawalChanged, hear};

const CLEARING: Account = Account::Clearing(GatewayName::Sandbox);

/// Bob has 85 euros, and an account at this bank.
async fn rich(bank: &str) -> World {
    let w = World::new().await;
    w.released(10_000).await;
    w.open_account(bank).await;
    w
}

#[tokio::test]
async fn money_is_withdrawn_and_arrives() {
    let w = rich("good").await;
    let answer = w.withdraw("50").await.expect(201);
    insta::assert_snapshot!(answer.masked());
    assert_eq!(w.purse().await, [0, 3500, 5000, 0]);
    w.t.run_jobs().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["processing".to_owned()], [0, 3500, 5000, 0]));
    let before = w.has(CLEARING).await;
    w.t.advance(SignedDuration::from_secs(5));
    w.t.run_jobs().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["paid".to_owned()], [0, 3500, 0, 0]));
    assert_eq!(before - w.has(CLEARING).await, 5000);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_withdrawal_is_refused() {
    let w = World::new().await;
    w.withdraw("10").await.refused(409, "payout_account_missing");
    w.open_account("unverified").await;
    w.withdraw("10").await.refused(409, "payout_account_not_active");
    w.open_account("good").await;
    w.withdraw("10").await.refused(409, "balance_too_low");
    w.earn(&w.job(10_000)).await;
    w.withdraw("10").await.refused(409, "balance_too_low");
    w.hours(48);
    w.t.run_jobs().await;
    for amount in ["0", "-10", "9.99"] {
        let refused = w.withdraw(amount).await.refused(422, "withdrawal_too_small");
        assert_eq!(refused["errors"]["amount"][0], "Please withdraw at least €10.00.");
        let german = w.bob.with("accept-language", "de");
        let refused = german.post("/providers/withdrawals/", json!({"amount": amount})).await;
        assert_eq!(refused["errors"]["amount"][0], "Bitte zahlen Sie mindestens 10,00\u{a0}€ aus.");
    }
    w.withdraw("10.001").await.refused(422, "validation_failed");
    w.withdraw("85.01").await.refused(409, "balance_too_low");
    let yen = json!({"amount": 10.5, "currency": "JPY"});
    w.bob.post("/providers/withdrawals/", yen).await.refused(422, "validation_failed");
    let francs = json!({"amount": 10, "currency": "CHF"});
    w.bob.post("/providers/withdrawals/", francs).await.refused(409, "balance_too_low");
    assert_eq!((w.statuses().await.len(), w.purse().await), (0, [0, 8500, 0, 0]));
    w.withdraw("85").await.expect(201);
    w.books_are_right().await;
}

#[tokio::test]
async fn only_providers_withdraw() {
    let w = World::new().await;
    let ann = w.t.user("Ann Lee").await;
    for path in ["/providers/withdrawals/", "/providers/payout-account/", "/providers/earnings/"] {
        ann.get(path).await.refused(403, "provider_required");
        w.t.anonymous().get(path).await.refused(401, "unauthenticated");
    }
    ann.post("/providers/withdrawals/", json!({"amount": 10})).await.refused(403, "provider_required");
    ann.put("/providers/payout-account/", json!({"country": "DE"})).await.refused(403, "provider_required");
}

#[tokio::test]
async fn a_provider_sees_only_their_own() {
    let w = rich("good").await;
    w.withdraw("10").await.expect(201);
    let other = w.t.provider("Eve Fox").await;
    assert_eq!(other.get("/providers/withdrawals/").await.expect(200)["count"], 0);
    assert_eq!(other.get("/providers/payout-account/").await.expect(200)["status"], "none");
    let earnings = other.get("/providers/earnings/").await.expect(200);
    assert_eq!((&earnings["transactions"], &earnings["available"]), (&json!([]), &json!(0.0)));
}

#[tokio::test]
async fn one_is_under_way_at_a_time() {
    let w = rich("good").await;
    w.withdraw("10").await.expect(201);
    w.withdraw("10").await.refused(409, "withdrawal_open");
    w.settle().await;
    w.withdraw("10").await.expect(201);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_repeated_key_withdraws_once() {
    let w = rich("good").await;
    let bob = w.bob.with("Idempotency-Key", "once");
    let first = bob.post("/providers/withdrawals/", json!({"amount": 10})).await.expect(201);
    let again = bob.post("/providers/withdrawals/", json!({"amount": 10})).await.expect(201);
    assert_eq!((first.bytes, again.header("idempotency-replayed")), (again.bytes.clone(), "true"));
    bob.post("/providers/withdrawals/", json!({"amount": 11})).await.refused(422, "idempotency_key_reused");
    assert_eq!(w.purse().await, [0, 7500, 1000, 0]);
}

#[tokio::test]
async fn a_bank_that_takes_nothing_gives_the_money_back() {
    let w = rich("closed").await;
    w.withdraw("50").await.expect(201);
    w.settle().await;
    let list = w.bob.get("/providers/withdrawals/?lang=de").await.expect(200);
    let failed = &list["results"][0];
    assert_eq!(
        (&failed["status"], &failed["failure_code"]),
        (&json!("failed"), &json!("payout_account_unusable"))
    );
    assert_eq!(
        failed["failure_message"],
        "Auf Ihr Auszahlungskonto kann nicht ausgezahlt werden. Bitte prüfen Sie die Angaben."
    );
    assert_eq!(w.purse().await, [0, 8500, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_bank_may_send_the_money_back_later() {
    let w = rich("returned").await;
    w.withdraw("50").await.expect(201);
    w.t.run_jobs().await;
    // It arrives after 3 seconds, and comes back 3 seconds later.
    w.t.advance(SignedDuration::from_secs(5));
    w.t.run_jobs().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["paid".to_owned()], [0, 3500, 0, 0]));
    w.hours(24);
    w.t.run_jobs().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["failed".to_owned()], [0, 8500, 0, 0]));
    w.books_are_right().await;
    w.open_account("good").await;
    w.withdraw("85").await.expect(201);
    w.settle().await;
    assert_eq!(w.statuses().await, ["paid", "failed"]);
    w.books_are_right().await;
}

#[tokio::test]
async fn what_comes_back_pays_debts_first() {
    let w = rich("returned").await;
    let booking = w.earn(&w.job(2000)).await;
    w.withdraw("85").await.expect(201);
    w.t.run_jobs().await;
    w.t.advance(SignedDuration::from_secs(5));
    w.t.run_jobs().await;
    w.hours(1);
    w.earn(&Earning { paid: crate::Paid::InCash, ..w.job(10_000) }).await;
    assert_eq!(w.purse().await, [1700, 0, 0, 1500]);
    w.hours(24);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [1700, 7000, 0, 0]);
    w.give_back(booking, 2000).await.unwrap();
    w.books_are_right().await;
}

#[tokio::test]
async fn a_reply_that_gets_lost_is_asked_for() {
    let w = rich("drops_reply").await;
    w.withdraw("50").await.expect(201);
    w.t.run_jobs().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["requested".to_owned()], [0, 3500, 5000, 0]));
    w.settle().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["paid".to_owned()], [0, 3500, 0, 0]));
    let sent =
        sqlx::query_scalar!(r#"select count(*) as "count!" from sandbox_operations where task = 'pay_out'"#);
    assert_eq!(sent.fetch_one(&w.t.app.db).await.unwrap(), 1);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_crash_after_the_call_pays_once() {
    let w = rich("good").await;
    let id = w.withdraw("50").await.expect(201).str("id");
    // The gateway has it, but nobody has written that down.
    let gateway = w.t.app.gateways.named(GatewayName::Sandbox).unwrap();
    let mut db = w.t.app.db.acquire().await.unwrap();
    let withdrawal = crate::store::withdrawals::find(&mut db, id.parse().unwrap()).await.unwrap().unwrap();
    gateway.perform(&withdrawal.operation()).await;
    w.settle().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["paid".to_owned()], [0, 3500, 0, 0]));
    let sent =
        sqlx::query_scalar!(r#"select count(*) as "count!" from sandbox_operations where task = 'pay_out'"#);
    assert_eq!(sent.fetch_one(&w.t.app.db).await.unwrap(), 1);
    w.books_are_right().await;
}

async fn tell(w: &World, event: &Event) {
    let mut db = w.t.app.db.acquire().await.unwrap();
    hear(&mut db, GatewayName::Sandbox, event, w.t.now()).await.unwrap();
}

fn message(subject: Subject, reference: &str, operation: Option<OperationId>, at: Instant) -> Event {
    Event { id: "evt_1".to_owned(), subject, operation, reference: reference.to_owned(), at }
}

#[tokio::test]
async fn messages_of_the_gateway_are_heard_twice_early_and_late() {
    let w = rich("returned").await;
    let id = w.withdraw("50").await.expect(201).str("id");
    let (operation, now) = (Some(id.parse().unwrap()), w.t.now());
    let paid = message(Subject::PayOut, "", operation, now);
    tell(&w, &paid).await;
    tell(&w, &paid).await;
    w.t.run_jobs().await;
    assert_eq!(w.statuses().await, ["processing"]);
    w.t.advance(SignedDuration::from_secs(3));
    tell(&w, &paid).await;
    w.t.run_jobs().await;
    assert_eq!(w.statuses().await, ["paid"]);
    w.t.advance(SignedDuration::from_secs(3));
    let reference = format!("po_sandbox_{}", id.replace('-', ""));
    for _ in 0..2 {
        tell(&w, &message(Subject::PayOut, &reference, None, now)).await;
        tell(&w, &paid).await;
        w.t.run_jobs().await;
    }
    assert_eq!((w.statuses().await, w.purse().await), (vec!["failed".to_owned()], [0, 8500, 0, 0]));
    // What is about nothing of ours does nothing.
    tell(&w, &message(Subject::PayOut, "po_unknown", Some(OperationId::at(now)), now)).await;
    tell(&w, &message(Subject::Account, "acct_unknown", None, now)).await;
    tell(&w, &message(Subject::Charge, &reference, operation, now)).await;
    w.t.run_jobs().await;
    w.books_are_right().await;
}

#[tokio::test]
async fn others_hear_of_every_step() {
    let w = rich("closed").await;
    w.withdraw("50").await.expect(201);
    w.t.run_jobs().await;
    sqlx::query!("delete from outbox").execute(&w.t.app.db).await.unwrap();
    w.t.advance(SignedDuration::from_secs(5));
    let job = sqlx::query_scalar!("select payload from jobs where kind = 'payouts.pay_withdrawal'");
    let job: crate::jobs::PayWithdrawal =
        serde_json::from_value(job.fetch_one(&w.t.app.db).await.unwrap()).unwrap();
    platform::jobs::Job::run(job, &w.t.app).await.unwrap();
    let heard = sqlx::query!("select topic, payload from outbox").fetch_one(&w.t.app.db).await.unwrap();
    let event: WithdrawalChanged = serde_json::from_value(heard.payload).unwrap();
    assert_eq!(heard.topic, WithdrawalChanged::TOPIC);
    assert_eq!(
        (event.state, event.amount_minor, event.failure_code.as_deref()),
        (crate::WithdrawalState::Failed, 5000, Some("payout_account_unusable"))
    );
}

#[tokio::test]
async fn everything_is_withdrawn_on_mondays() {
    let w = World::new().await;
    let weekly = json!({"country": "DE", "bank_token": "ba_sandbox_good", "schedule": "weekly"});
    let account = w.bob.put("/providers/payout-account/", weekly).await.expect(200);
    // Midnight in Berlin.
    assert_eq!(account["next_withdrawal_at"], "2026-03-08T23:00:00Z");
    w.released(10_000).await;
    w.at("2026-03-08T22:59:00Z");
    w.t.run_jobs().await;
    assert_eq!(w.statuses().await.len(), 0);
    w.at("2026-03-08T23:00:00Z");
    w.settle().await;
    assert_eq!((w.statuses().await, w.purse().await), (vec!["paid".to_owned()], [0; 4]));
    let list = w.bob.get("/providers/withdrawals/").await.expect(200);
    assert_eq!(
        (&list["results"][0]["is_scheduled"], &list["results"][0]["amount"]),
        (&json!(true), &json!(85.0))
    );
    // Too little a week later.
    w.released(1000).await;
    w.at("2026-03-15T23:00:00Z");
    w.settle().await;
    assert_eq!((w.statuses().await.len(), w.purse().await), (1, [0, 850, 0, 0]));
    let account = w.bob.get("/providers/payout-account/").await.expect(200);
    assert_eq!(account["next_withdrawal_at"], "2026-03-22T23:00:00Z");
    w.books_are_right().await;
}

#[tokio::test]
async fn a_page_of_withdrawals_leads_to_the_next() {
    let w = rich("good").await;
    for _ in 0..5 {
        w.withdraw("10").await.expect(201);
        w.settle().await;
    }
    let first = w.bob.get("/providers/withdrawals/?page_size=3").await.expect(200);
    assert_eq!((&first["count"], first["results"].as_array().unwrap().len()), (&json!(5), 3));
    let next = first.str("next").replace("http://localhost:8000", "");
    let second = w.bob.get(&next).await.expect(200);
    assert_eq!((second["results"].as_array().unwrap().len(), &second["next"]), (2, &json!(null)));
}

/// What keeps Bob from leaving.
async fn blockers(w: &World) -> Vec<String> {
    let obligations = platform::obligations::Obligations::default();
    crate::register_obligations(&obligations);
    let mut db = w.t.app.db.acquire().await.unwrap();
    let found = obligations.find(&mut db, w.bob.id(), w.t.now()).await.unwrap();
    found.into_iter().map(|one| format!("{} {}", one.kind, one.amount.unwrap())).collect()
}

#[tokio::test]
async fn a_provider_leaves_when_nothing_is_left_or_owed() {
    let w = World::new().await;
    assert!(blockers(&w).await.is_empty());
    w.earn(&w.job(1000)).await;
    assert_eq!(blockers(&w).await, ["balances 8.50"]);
    w.hours(48);
    w.t.run_jobs().await;
    w.open_account("good").await;
    // It is less than the minimum, but all that is left.
    let closing = async |amount| {
        w.bob.post("/providers/withdrawals/", json!({"amount": amount, "is_closing": true})).await
    };
    w.withdraw("8.50").await.refused(422, "withdrawal_too_small");
    closing(8.49).await.refused(422, "withdrawal_too_small");
    closing(8.51).await.refused(409, "balance_too_low");
    closing(0.0).await.refused(422, "withdrawal_too_small");
    closing(8.50).await.expect(201);
    assert_eq!(blockers(&w).await, ["payouts_in_flight 8.50"]);
    w.settle().await;
    assert!(blockers(&w).await.is_empty());
    w.earn(&Earning { paid: Paid::InCash, ..w.job(1000) }).await;
    assert_eq!(blockers(&w).await, ["debts 1.50"]);
    w.books_are_right().await;
}
