//! Earning, releasing, holding, giving back.

use ledger::{Account, CountryCode};
use platform::{
    ids::{BookingId, CategoryId},
    money::Money,
};

use super::World;
use crate::{Earning, Paid, Tax, free_earning, hold_earning};

async fn fees(w: &World, job: &Earning) -> i64 {
    let before = w.has(Account::Commission).await;
    w.earn(job).await;
    w.has(Account::Commission).await - before
}

#[tokio::test]
async fn a_job_is_pending_for_48_hours_and_then_available() {
    let w = World::new().await;
    let booking = w.earn(&w.job(4990)).await;
    assert_eq!((w.purse().await, w.has(Account::Commission).await), ([4242, 0, 0, 0], 748));
    assert_eq!(w.has(Account::Escrow(booking)).await, 0);
    w.hours(47);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [4242, 0, 0, 0]);
    w.hours(1);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 4242, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn the_time_of_waiting_is_a_setting() {
    let w = World::with(&["--earnings-hold-hours", "0"]).await;
    w.earn(&w.job(4990)).await;
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 4242, 0, 0]);
}

#[tokio::test]
async fn each_earning_waits_for_itself() {
    let w = World::new().await;
    w.earn(&w.job(1000)).await;
    w.hours(24);
    w.earn(&w.job(2000)).await;
    w.hours(24);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [1700, 850, 0, 0]);
}

#[tokio::test]
async fn a_job_that_is_paid_in_parts_earns_what_it_would_have_earned_at_once() {
    let w = World::new().await;
    let germany = CountryCode::parse("DE").unwrap();
    let job = Earning { tax: Some(Tax { country: germany, bps: 1900 }), ..w.job(1664) };
    let part = |minor| Earning { gross: Money::new(minor, job.gross.currency), ..job.clone() };
    let booking = w.earn(&part(1664)).await;
    w.give_back(booking, 333).await.unwrap();
    w.earn(&part(1663)).await;
    w.hours(48);
    w.t.run_jobs().await;
    // What comes after the time for complaints is available at once.
    w.earn(&part(1663)).await;
    let ours = w.has(Account::Commission).await + w.has(Account::Tax(germany)).await;
    assert_eq!((w.purse().await, ours), ([0, 4242 - 284, 0, 0], 748 - 49));
    w.books_are_right().await;
    w.give_back(booking, 4657).await.unwrap();
    let ours = w.has(Account::Commission).await + w.has(Account::Tax(germany)).await;
    assert_eq!((w.purse().await, ours), ([0; 4], 0));
    // What went back is earned again, and waits again.
    w.earn(&part(1000)).await;
    assert_eq!(w.purse().await, [850, 0, 0, 0]);
    w.hours(48);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 850, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_job_in_cash_is_earned_once() {
    let w = World::new().await;
    let job = Earning { paid: Paid::InCash, ..w.job(4990) };
    w.earn(&job).await;
    w.earn(&job).await;
    assert_eq!(w.purse().await, [0, 0, 0, 748]);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_job_may_cost_nothing() {
    let w = World::new().await;
    w.released(0).await;
    assert_eq!(w.purse().await, [0; 4]);
    w.books_are_right().await;
}

#[tokio::test]
async fn tax_is_a_part_of_our_share() {
    let w = World::new().await;
    let germany = CountryCode::parse("DE").unwrap();
    let booking = w.earn(&Earning { tax: Some(Tax { country: germany, bps: 1900 }), ..w.job(10_000) }).await;
    let ours = (w.has(Account::Commission).await, w.has(Account::Tax(germany)).await);
    assert_eq!((ours, w.purse().await), ((1261, 239), [8500, 0, 0, 0]));
    w.give_back(booking, 5001).await.unwrap();
    w.give_back(booking, 4999).await.unwrap();
    let ours = (w.has(Account::Commission).await, w.has(Account::Tax(germany)).await);
    assert_eq!((ours, w.purse().await), ((0, 0), [0; 4]));
    w.books_are_right().await;
}

#[tokio::test]
async fn the_most_specific_rule_of_the_time_of_booking_counts() {
    let w = World::new().await;
    let (below, elsewhere) = (CategoryId::at(w.t.now()), CategoryId::at(w.t.now()));
    w.category_row(below, Some(w.category)).await;
    w.category_row(elsewhere, None).await;
    let finance = w.finance().await;
    let early = w.job(10_000);
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1500, "none");
    w.hours(1);
    w.rule(&finance, None, false, 1400).await;
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1400, "everybody's");
    w.rule(&finance, Some(w.category), false, 1300).await;
    w.rule(&finance, Some(elsewhere), false, 100).await;
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1300, "the category above");
    w.rule(&finance, Some(below), false, 1200).await;
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1200, "the category");
    w.rule(&finance, None, true, 1100).await;
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1100, "the provider's");
    w.rule(&finance, Some(below), true, 1000).await;
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1000, "both");
    assert_eq!(fees(&w, &early).await, 1500, "booked before there were rules");
    w.hours(1);
    sqlx::query!("update commission_rules set ended_at = $1", w.t.now() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    assert_eq!(fees(&w, &Earning { category: below, ..w.job(10_000) }).await, 1500, "all have ended");
}

#[tokio::test]
async fn a_dispute_holds_the_money_until_it_is_over() {
    let w = World::new().await;
    let booking = w.earn(&w.job(4990)).await;
    let mut db = w.t.app.db.acquire().await.unwrap();
    assert!(hold_earning(&mut db, booking).await.unwrap());
    assert!(hold_earning(&mut db, booking).await.unwrap(), "again");
    w.hours(72);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [4242, 0, 0, 0]);
    free_earning(&mut db, booking, w.t.now()).await.unwrap();
    free_earning(&mut db, booking, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 4242, 0, 0]);
    assert!(!hold_earning(&mut db, booking).await.unwrap(), "it is released");
    assert!(!hold_earning(&mut db, BookingId::at(w.t.now())).await.unwrap(), "there is none");
    w.books_are_right().await;
}

#[tokio::test]
async fn a_dispute_that_ends_early_leaves_the_day_of_release() {
    let w = World::new().await;
    let booking = w.earn(&w.job(4990)).await;
    let mut db = w.t.app.db.acquire().await.unwrap();
    hold_earning(&mut db, booking).await.unwrap();
    w.hours(24);
    free_earning(&mut db, booking, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [4242, 0, 0, 0]);
    w.hours(24);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 4242, 0, 0]);
}

#[tokio::test]
async fn money_goes_back_from_what_is_pending_of_the_job() {
    let w = World::new().await;
    let other = w.earn(&w.job(1000)).await;
    let booking = w.earn(&w.job(4990)).await;
    let reversal = w.reversal(booking, 990);
    assert_eq!(w.reverse(&reversal).await, Ok(true));
    assert_eq!(w.reverse(&reversal).await, Ok(true), "the same again does nothing");
    assert_eq!(w.has(reversal.to).await, 990);
    // 15 % of the price are 748 cents; of 990 cents they are 148.
    assert_eq!((w.purse().await, w.has(Account::Commission).await), ([850 + 4242 - 842, 0, 0, 0], 750));
    assert_eq!(w.give_back(booking, 4001).await, Err("reversal_too_large"));
    assert_eq!(w.give_back(booking, 0).await, Err("reversal_too_large"));
    assert_eq!(w.give_back(booking, 4000).await, Ok(true));
    assert_eq!((w.purse().await, w.has(Account::Commission).await), ([850, 0, 0, 0], 150));
    assert_eq!(w.give_back(BookingId::at(w.t.now()), 100).await, Ok(false), "nothing was earned");
    w.hours(48);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 850, 0, 0]);
    assert_eq!(w.give_back(other, 1000).await, Ok(true));
    assert_eq!(w.purse().await, [0; 4]);
    w.books_are_right().await;
}

#[tokio::test]
async fn what_is_gone_is_owed_and_later_jobs_pay_it_first() {
    let w = World::new().await;
    let booking = w.released(10_000).await;
    w.open_account("good").await;
    w.withdraw("80").await.expect(201);
    w.settle().await;
    assert_eq!(w.purse().await, [0, 500, 0, 0]);
    w.give_back(booking, 10_000).await.unwrap();
    assert_eq!((w.purse().await, w.has(Account::Commission).await), ([0, 0, 0, 8000], 0));
    w.books_are_right().await;
    // The first job pays a part of the debt, the second one the rest.
    w.earn(&w.job(5000)).await;
    assert_eq!(w.purse().await, [0, 0, 0, 3750]);
    w.earn(&w.job(10_000)).await;
    assert_eq!(w.purse().await, [4750, 0, 0, 0]);
    w.hours(48);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 4750, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn a_debt_that_arises_meanwhile_is_paid_when_money_is_released() {
    let w = World::new().await;
    let gone = w.released(10_000).await;
    w.open_account("good").await;
    w.withdraw("85").await.expect(201);
    w.settle().await;
    w.earn(&w.job(20_000)).await;
    w.give_back(gone, 10_000).await.unwrap();
    assert_eq!(w.purse().await, [17_000, 0, 0, 8500]);
    w.withdraw("10").await.refused(409, "balance_too_low");
    w.hours(48);
    w.t.run_jobs().await;
    assert_eq!(w.purse().await, [0, 8500, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn of_a_job_in_cash_the_provider_owes_our_share() {
    let w = World::new().await;
    let cash = w.earn(&Earning { paid: Paid::InCash, ..w.job(10_000) }).await;
    assert_eq!((w.purse().await, w.has(Account::Commission).await), ([0, 0, 0, 1500], 1500));
    assert_eq!(w.has(Account::Escrow(cash)).await, 0);
    w.books_are_right().await;
    w.earn(&w.job(2000)).await;
    assert_eq!(w.purse().await, [200, 0, 0, 0]);
    w.hours(48);
    w.t.run_jobs().await;
    // What is available pays at once.
    w.earn(&Earning { paid: Paid::InCash, ..w.job(1000) }).await;
    assert_eq!(w.purse().await, [0, 50, 0, 0]);
    w.give_back(cash, 5000).await.unwrap();
    assert_eq!(w.purse().await, [0, 800, 0, 0]);
    w.books_are_right().await;
}

#[tokio::test]
async fn an_amount_of_another_currency_does_not_go_back() {
    let w = World::new().await;
    let booking = w.earn(&w.job(4990)).await;
    let mut reversal = w.reversal(booking, 100);
    reversal.amount = Money::new(100, platform::money::Currency::parse("CHF").unwrap());
    assert_eq!(w.reverse(&reversal).await, Err("reversal_too_large"));
    assert_eq!(w.purse().await, [4242, 0, 0, 0]);
}
