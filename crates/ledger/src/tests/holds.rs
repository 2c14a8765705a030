//! The life of a hold, as one table and in the database.

use std::fmt::Write as _;

use jiff::SignedDuration;
use platform::{
    ids::{HoldId, PaymentId},
    money::{Currency, Money},
};
use strum::VariantArray as _;

use super::{Books, euros, held};
use crate::{
    Account, Hold, LedgerError, hold,
    hold::{Action, State},
    post, void_hold,
};

#[test]
fn the_whole_life_of_a_hold() {
    let mut table = String::new();
    for state in State::VARIANTS {
        for action in Action::VARIANTS {
            let next = state.after(*action).map_or_else(|_| "refused".to_owned(), |next| format!("{next:?}"));
            writeln!(table, "{state:?} + {action:?}: {next}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

/// A hold of 6 in each state.
async fn in_state(books: &Books, state: State) -> HoldId {
    let mut db = books.db().await;
    let way = (books.ann, books.escrow);
    let new = Hold::new(format!("{}", HoldId::at(books.now)), "test", way, euros(6), books.now);
    let expires = books.now.plus(SignedDuration::from_mins(if state == State::Overdue { 0 } else { 15 }));
    let id = hold(&mut db, &new.until(expires)).await.unwrap();
    match state {
        State::Pending | State::Overdue => {}
        State::Posted => drop(books.post_hold(id, euros(6)).await.unwrap()),
        State::Voided => void_hold(&mut db, id, books.now).await.unwrap(),
        State::Expired => crate::hold::end(&mut db, id, Action::Expire, expires).await.unwrap(),
    }
    id
}

#[tokio::test]
async fn the_database_keeps_to_the_table() {
    let books = Books::open().await;
    books.give(books.ann, 100_000).await;
    for state in State::VARIANTS {
        for action in Action::VARIANTS {
            let id = in_state(&books, *state).await;
            let (before, escrow) = (books.has(books.ann).await, books.has(books.escrow).await);
            let mut db = books.db().await;
            let done = match action {
                Action::Post => books.post_hold(id, euros(6)).await.map(|_| ()),
                other => crate::hold::end(&mut db, id, *other, books.now).await,
            };
            assert_eq!(done.is_ok(), state.after(*action).is_ok(), "{state:?} {action:?} {done:?}");
            let held = matches!(state, State::Pending | State::Overdue);
            let ends = held && done.is_ok();
            let moved = if ends && *action == Action::Post { 6 } else { 0 };
            let released = if ends { 6 } else { 0 };
            assert_eq!(
                books.has(books.ann).await,
                (before.0 - moved, before.1 - released),
                "{state:?} {action:?}"
            );
            assert_eq!(books.has(books.escrow).await, (escrow.0 + moved, escrow.1));
        }
    }
    books.are_right().await;
}

#[tokio::test]
async fn what_is_held_is_not_spent_otherwise() {
    let books = Books::open().await;
    books.give(books.ann, 10).await;
    let mut db = books.db().await;
    let first = held(&mut db, &books, "a", 7).await.unwrap();
    assert_eq!(books.has(books.ann).await, (10, 7));
    let spend = |operation, minor| books.posting(operation).transfer(books.ann, books.bob, euros(minor));
    assert!(matches!(post(&mut db, &spend("b", 4)).await, Err(LedgerError::InsufficientFunds)));
    assert!(matches!(held(&mut db, &books, "c", 4).await, Err(LedgerError::InsufficientFunds)));
    post(&mut db, &spend("d", 3)).await.unwrap();
    // A part is posted, the rest is free.
    let transaction = books.post_hold(first, euros(5)).await.unwrap();
    assert_eq!((books.has(books.ann).await, books.has(books.escrow).await), ((2, 0), (5, 0)));
    assert_eq!(books.post_hold(first, euros(5)).await.unwrap(), transaction);
    assert!(matches!(books.post_hold(first, euros(4)).await, Err(LedgerError::HoldOver { .. })));
    books.are_right().await;
}

#[tokio::test]
async fn holds_refuse_what_makes_no_sense() {
    let books = Books::open().await;
    let mut db = books.db().await;
    assert!(matches!(held(&mut db, &books, "a", 1).await, Err(LedgerError::InsufficientFunds)));
    books.give(books.ann, 10).await;
    assert!(matches!(held(&mut db, &books, "a", 0).await, Err(LedgerError::NothingMoves)));
    assert!(matches!(held(&mut db, &books, "a", -1).await, Err(LedgerError::NegativeAmount)));
    for from in [Account::Commission, Account::Disputes(PaymentId::at(books.now))] {
        let new = Hold::new("a", "test", (from, books.escrow), euros(1), books.now);
        assert!(matches!(hold(&mut db, &new).await, Err(LedgerError::NothingToHold(_))));
    }
    let id = held(&mut db, &books, "a", 5).await.unwrap();
    assert_eq!(held(&mut db, &books, "a", 5).await.unwrap(), id);
    assert!(matches!(held(&mut db, &books, "a", 4).await, Err(LedgerError::OperationReused(_))));
    assert_eq!(books.has(books.ann).await, (10, 5));
    let chf = Money::new(5, Currency::parse("CHF").unwrap());
    assert!(matches!(books.post_hold(id, euros(6)).await, Err(LedgerError::HoldExceeded)));
    assert!(matches!(books.post_hold(id, chf).await, Err(LedgerError::HoldExceeded)));
    let unknown = HoldId::at(books.now);
    assert!(matches!(void_hold(&mut db, unknown, books.now).await, Err(LedgerError::HoldNotFound)));
    books.are_right().await;
}

#[tokio::test]
async fn a_hold_lets_go_by_itself() {
    let t = platform::testing::TestApp::with(
        utoipa_axum::router::OpenApiRouter::new(),
        crate::register(platform::jobs::Registry::default()),
        std::sync::Arc::new(platform::testing::TokenIsUserId),
        &[],
    )
    .await;
    let books = Books { pool: t.app.db.clone(), ..Books::open().await };
    books.give(books.ann, 10).await;
    let way = (books.ann, books.escrow);
    let new =
        Hold::new("a", "test", way, euros(6), t.now()).until(t.now().plus(SignedDuration::from_mins(15)));
    hold(&mut *books.db().await, &new).await.unwrap();
    t.advance(SignedDuration::from_mins(14));
    t.run_jobs().await;
    assert_eq!(books.has(books.ann).await, (10, 6));
    t.advance(SignedDuration::from_mins(2));
    t.run_jobs().await;
    assert_eq!(books.has(books.ann).await, (10, 0));
    let report = books.check().await;
    assert!(report.is_clean() && report.head.is_some(), "{report}");
}
