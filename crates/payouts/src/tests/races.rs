//! Many at once: nobody gets more than there is.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use platform::testing::Answer;
use serde_json::json;

use super::World;

const MANY: &[&str] = &["--database-connections", "64", "--database-wait", "60000"];

fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_balance_for_ten_exactly_ten_are_paid_however_many_ask_at_once() {
    let w = World::with(MANY).await;
    w.released(11_764).await;
    w.open_account("good").await;
    assert_eq!(w.purse().await, [0, 10_000, 0, 0]);
    for _ in 0..10 {
        let answers = join_all((0..100).map(|_| w.withdraw("10"))).await;
        assert_eq!(statuses(&answers), BTreeMap::from([(201, 1), (409, 99)]));
        w.settle().await;
    }
    let answers = join_all((0..100).map(|_| w.withdraw("10"))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(409, 100)]));
    assert!(answers.iter().all(|answer| answer["code"] == "balance_too_low"));
    assert_eq!((w.purse().await, w.statuses().await.len()), ([0; 4], 10));
    w.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn withdrawals_refunds_and_new_jobs_at_once_leave_the_books_right() {
    let w = World::with(MANY).await;
    let mut bookings = Vec::new();
    for _ in 0..10 {
        bookings.push(w.released(1500).await);
    }
    w.open_account("good").await;
    let refunds = async { join_all(bookings.iter().map(|booking| w.give_back(*booking, 1500))).await };
    let withdrawals = async { join_all((0..20).map(|_| w.withdraw("100"))).await };
    let jobs = async {
        let jobs: Vec<_> = (0..10).map(|_| w.job(2000)).collect();
        join_all(jobs.iter().map(|job| w.earn(job))).await
    };
    let (refunds, withdrawals, _) = futures_util::join!(refunds, withdrawals, jobs);
    assert!(refunds.iter().all(|refund| *refund == Ok(true)));
    assert!(withdrawals.iter().all(|answer| [201, 409].contains(&answer.status.as_u16())));
    w.hours(48);
    w.settle().await;
    let [pending, available, in_payout, owed] = w.purse().await;
    let paid: i64 = 10_000 * i64::try_from(w.statuses().await.len()).unwrap();
    assert_eq!((pending, in_payout, available - owed + paid), (0, 0, 17_000));
    w.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_refund_at_once_happens_once() {
    let w = World::with(MANY).await;
    let booking = w.released(10_000).await;
    let reversal = w.reversal(booking, 2500);
    let all = join_all((0..20).map(|_| w.reverse(&reversal))).await;
    assert!(all.iter().all(|done| *done == Ok(true)));
    let others = join_all((0..20).map(|_| w.give_back(booking, 2500))).await;
    assert_eq!(others.iter().filter(|done| **done == Ok(true)).count(), 3);
    assert_eq!(w.purse().await, [0; 4]);
    w.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_at_once_withdraws_once() {
    let w = World::with(MANY).await;
    w.released(100_000).await;
    w.open_account("good").await;
    let bob = w.bob.with("Idempotency-Key", "once");
    let answers = join_all((0..50).map(|_| bob.post("/providers/withdrawals/", json!({"amount": 10})))).await;
    let ids: Vec<_> = answers.iter().filter(|a| a.status == 201).map(|a| a.str("id")).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]));
    assert_eq!(w.purse().await[2], 1000);
}
