//! The checks find what is wrong, and random histories never make anything wrong.

use proptest::{prelude::*, test_runner::TestRunner};

use super::World;
use crate::{Earning, Paid, free_earning, hold_earning};

async fn broken(w: &World, sql: &'static str) -> Vec<&'static str> {
    sqlx::raw_sql(sql).execute(&w.t.app.db).await.unwrap();
    let found = crate::check(&w.t.app.db).await.unwrap();
    found
        .into_iter()
        .filter(|invariant| !invariant.broken.is_empty())
        .map(|invariant| invariant.name)
        .collect()
}

#[tokio::test]
async fn a_row_that_says_something_else_than_the_ledger_is_found() {
    let w = World::new().await;
    w.released(10_000).await;
    w.earn(&w.job(1000)).await;
    w.open_account("good").await;
    w.withdraw("50").await.expect(201);
    assert!(broken(&w, "select 1").await.is_empty());
    assert_eq!(
        broken(&w, "update earnings set pending_minor = pending_minor - 1 where state = 'pending'").await,
        ["what earnings have pending is on the pending accounts"]
    );
    assert_eq!(
        broken(&w, "update earnings set pending_minor = pending_minor + 1 where state = 'pending'")
            .await
            .len(),
        0
    );
    assert_eq!(
        broken(&w, "update withdrawals set amount_minor = 4999").await,
        ["withdrawals that are open are on the accounts of their way"]
    );
    assert_eq!(broken(&w, "update withdrawals set amount_minor = 5000").await.len(), 0);
    assert_eq!(
        broken(&w, "update earnings set fees_minor = fees_minor + 1 where state = 'released'").await,
        [
            "entries of earnings add up to what was earned",
            "what was earned is with the provider, or on the way"
        ]
    );
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Earn(i64, bool),
    Reverse(usize, i64),
    Hold(usize),
    Free(usize),
    Withdraw(i64),
    Bank(&'static str),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..20_000_i64, any::<bool>()).prop_map(|(minor, cash)| Step::Earn(minor, cash)),
        3 => (any::<usize>(), 1..15_000_i64).prop_map(|(which, minor)| Step::Reverse(which, minor)),
        1 => any::<usize>().prop_map(Step::Hold),
        1 => any::<usize>().prop_map(Step::Free),
        3 => (1000..20_000_i64).prop_map(Step::Withdraw),
        1 => prop::sample::select(vec!["good", "closed", "returned", "drops_reply"]).prop_map(Step::Bank),
        3 => (0..40_i64).prop_map(Step::Wait),
    ]
}

/// Any history of a provider's money; a refusal is fine, wrong books are not.
async fn play(w: &World, steps: &[Step]) {
    let mut bookings = Vec::new();
    w.open_account("good").await;
    for step in steps {
        let chosen = |which: usize| bookings.get(which.checked_rem(bookings.len()).unwrap_or(0)).copied();
        match *step {
            Step::Earn(minor, cash) => {
                let paid = if cash { Paid::InCash } else { Paid::ToUs };
                let booking = w.earn(&Earning { paid, ..w.job(minor) }).await;
                bookings.push(booking);
            }
            Step::Reverse(which, minor) => {
                if let Some(booking) = chosen(which) {
                    let _refused = w.give_back(booking, minor).await;
                }
            }
            Step::Hold(which) => {
                if let Some(booking) = chosen(which) {
                    hold_earning(&mut w.t.app.db.acquire().await.unwrap(), booking).await.unwrap();
                }
            }
            Step::Free(which) => {
                if let Some(booking) = chosen(which) {
                    free_earning(&mut w.t.app.db.acquire().await.unwrap(), booking, w.t.now()).await.unwrap();
                }
            }
            Step::Withdraw(minor) => {
                let answer = w.withdraw(&format!("{}.{:02}", minor / 100, minor % 100)).await;
                assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
            }
            Step::Bank(bank) => {
                w.open_account(bank).await;
            }
            Step::Wait(hours) => {
                w.hours(hours);
                w.t.run_jobs().await;
            }
        }
        w.books_are_right().await;
    }
}

#[test]
fn no_history_makes_the_books_wrong() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig {
        cases: 12,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&prop::collection::vec(step(), 1..25), |steps| {
            runtime.block_on(async { play(&World::new().await, &steps).await });
            Ok(())
        })
        .unwrap();
}
