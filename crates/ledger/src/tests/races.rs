//! Many at once: nothing is spent twice, nobody waits for each other in a circle.

use futures_util::future::join_all;

use super::{Books, GATEWAY, euros, held};
use crate::{Account, LedgerError, post, post_hold, void_hold};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_spends_of_what_is_worth_10_exactly_10_succeed() {
    let books = Books::open().await;
    books.give(books.ann, 10).await;
    let spends = (0..100).map(async |n| {
        let posting = books.posting(&format!("spend {n}")).transfer(books.ann, books.escrow, euros(1));
        post(&mut *books.db().await, &posting).await
    });
    let results = join_all(spends).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 10);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(LedgerError::InsufficientFunds))));
    assert_eq!((books.has(books.ann).await, books.has(books.escrow).await), ((0, 0), (10, 0)));
    books.are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_holds_and_spends_together_no_more_succeed_than_there_is() {
    let books = Books::open().await;
    books.give(books.ann, 10).await;
    let spends = (0..100).map(async |n| {
        let (operation, mut db) = (format!("spend {n}"), books.db().await);
        if n % 2 == 0 {
            return held(&mut db, &books, &operation, 1).await.is_ok();
        }
        let posting = books.posting(&operation).transfer(books.ann, books.escrow, euros(1));
        post(&mut db, &posting).await.is_ok()
    });
    let succeeded = join_all(spends).await.into_iter().filter(|succeeded| *succeeded).count();
    let (posted, held) = books.has(books.ann).await;
    assert_eq!((succeeded, posted), (10, held));
    books.are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_operation_that_100_post_at_once_is_posted_once() {
    let books = Books::open().await;
    // Whoever tries again makes a new posting of the same operation.
    let posts = (0..100).map(async |_| {
        let posting = books.posting("once").transfer(GATEWAY, books.ann, euros(7));
        post(&mut *books.db().await, &posting).await.unwrap()
    });
    let ids = join_all(posts).await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(books.has(books.ann).await, (7, 0));
    books.are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_that_many_post_and_void_at_once_ends_once() {
    let books = Books::open().await;
    books.give(books.ann, 100).await;
    for round in 0..5 {
        let hold = held(&mut *books.db().await, &books, &format!("hold {round}"), 10).await.unwrap();
        let ends = (0..30).map(async |n| {
            let mut tx = books.pool.begin().await.unwrap();
            let done = match n % 2 {
                0 => post_hold(&mut tx, hold, euros(10), books.now).await.map(|_| ()),
                _ => void_hold(&mut tx, hold, books.now).await,
            };
            tx.commit().await.unwrap();
            (n % 2, done)
        });
        let ends = join_all(ends).await;
        let winners: Vec<_> = ends.iter().filter(|(_, done)| done.is_ok()).map(|(way, _)| way).collect();
        assert_eq!(winners.len(), 15);
        assert!(winners.iter().all(|way| *way == winners[0]));
    }
    books.are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn money_going_round_between_many_accounts_never_stands_still() {
    let books = Books::open().await;
    let accounts: Vec<Account> =
        (0..6).map(|_| Account::Escrow(platform::ids::BookingId::at(books.now))).collect();
    for account in &accounts {
        books.give(*account, 1_000).await;
    }
    let moves = (0..32_usize).map(async |task| {
        let mut db = books.db().await;
        for step in 0..25_usize {
            let pick = |n: usize| accounts[(task * 7 + step * 5 + n * (task % 5 + 1)) % accounts.len()];
            let posting = books
                .posting(&format!("move {task} {step}"))
                .transfer(pick(0), pick(1), euros(3))
                .transfer(pick(2), pick(3), euros(2))
                .transfer(pick(1), Account::Commission, euros(1));
            match post(&mut db, &posting).await {
                Ok(_) | Err(LedgerError::InsufficientFunds) => {}
                Err(error) => panic!("{error}"),
            }
            if step % 10 == task % 10 {
                crate::seal(&mut db).await.unwrap();
            }
        }
    });
    join_all(moves).await;
    let mut total = books.has(Account::Commission).await.0;
    for account in accounts {
        total += books.has(account).await.0;
    }
    assert_eq!(total, 6_000);
    books.are_right().await;
}
