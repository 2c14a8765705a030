//! What is posted moves once, and balances.

use std::fmt::Write as _;

use platform::{
    ids::{BookingId, PaymentId, UserId},
    money::{Currency, Money},
    ports::gateway::GatewayName,
};
use strum::VariantArray as _;

use super::{Books, EUR, GATEWAY, euros};
use crate::{Account, CountryCode, LedgerError, Purpose, account::account_id, post};

#[test]
fn the_chart_of_accounts() {
    let mut chart = String::new();
    for purpose in Purpose::VARIANTS {
        let terms = purpose.terms();
        let side: &str = terms.normal_side.into();
        let floor = if terms.may_be_negative { "" } else { ", never below zero" };
        let shared = if terms.is_shared { ", shared" } else { "" };
        writeln!(chart, "{}: {side}{floor}{shared}", purpose.name()).unwrap();
    }
    insta::assert_snapshot!(chart);
}

#[tokio::test]
async fn an_account_is_known_by_what_it_is() {
    let books = Books::open().await;
    let (user, booking, payment) =
        (UserId::at(books.now), BookingId::at(books.now), PaymentId::at(books.now));
    let country = CountryCode::parse("DE").unwrap();
    let accounts = [
        books.ann,
        Account::Escrow(booking),
        Account::ProviderPending(user),
        Account::ProviderAvailable(user),
        Account::ProviderInPayout(user),
        Account::ProviderOwed(user),
        Account::RefundsPayable(payment),
        Account::Disputes(payment),
        Account::Commission,
        Account::ServiceFees,
        Account::Tax(country),
        Account::Clearing(GatewayName::Stripe),
        Account::Bank,
        Account::GatewayFees(GatewayName::Paypal),
        Account::Promotions,
        Account::ExpiredCredits,
        Account::Losses,
    ];
    assert_eq!(accounts.map(Account::purpose).as_slice(), Purpose::VARIANTS);
    for account in accounts {
        assert_eq!(Account::of(account.purpose(), account.owner(), &account.part()), Some(account));
        assert_eq!(Account::of(account.purpose(), account.owner(), "something else"), None);
        assert_ne!(account.id(EUR), account.id(Currency::parse("CHF").unwrap()));
    }
    let id = account_id("escrow", Some("019c0000-0000-7000-8000-000000000000".parse().unwrap()), "", EUR);
    assert_eq!(id.to_string(), "5c0adc89-b9ac-87db-9f6a-c0eeb7f1d8ff");
}

#[tokio::test]
async fn money_moves_and_each_account_shows_it_in_its_own_sign() {
    let books = Books::open().await;
    let mut db = books.db().await;
    let charge = books.posting("charge").transfer(GATEWAY, books.escrow, euros(10_000));
    post(&mut db, &charge).await.unwrap();
    let done = books
        .posting("done")
        .transfer(books.escrow, Account::Commission, euros(1500))
        .transfer(books.escrow, Account::Tax(CountryCode::parse("DE").unwrap()), euros(0))
        .transfer(books.escrow, books.bob, euros(8500));
    post(&mut db, &done).await.unwrap();
    for _ in 0..2 {
        assert_eq!(books.has(GATEWAY).await, (10_000, 0));
        assert_eq!(books.has(books.escrow).await, (0, 0));
        assert_eq!(books.has(books.bob).await, (8500, 0));
        assert_eq!(books.has(Account::Commission).await, (1500, 0));
        assert_eq!(books.has(Account::Losses).await, (0, 0));
        books.are_right().await;
    }
}

#[tokio::test]
async fn an_operation_is_posted_once() {
    let books = Books::open().await;
    let mut db = books.db().await;
    let posting = |minor| books.posting("once").transfer(GATEWAY, books.ann, euros(minor));
    let first = post(&mut db, &posting(10)).await.unwrap();
    assert_eq!(post(&mut db, &posting(10)).await.unwrap(), first);
    for other in [
        posting(11),
        posting(10).about(first),
        posting(10).transfer(GATEWAY, books.bob, euros(1)),
        books.posting("once").transfer(GATEWAY, books.bob, euros(10)),
        books.posting("once").transfer(Account::Promotions, books.ann, euros(10)),
    ] {
        assert!(matches!(post(&mut db, &other).await, Err(LedgerError::OperationReused(_))), "{other:?}");
    }
    assert_eq!(books.has(books.ann).await, (10, 0));
    books.are_right().await;
}

#[tokio::test]
async fn nothing_and_less_than_nothing_do_not_move() {
    let books = Books::open().await;
    let mut db = books.db().await;
    let posting = || books.posting("none");
    let chf = Money::new(1, Currency::parse("CHF").unwrap());
    let there_and_back =
        posting().transfer(GATEWAY, books.ann, euros(1)).transfer(books.ann, GATEWAY, euros(1));
    for nothing in [posting(), posting().transfer(GATEWAY, books.ann, euros(0)), there_and_back] {
        assert!(matches!(post(&mut db, &nothing).await, Err(LedgerError::NothingMoves)));
    }
    let negative = posting().transfer(GATEWAY, books.ann, euros(-1));
    assert!(matches!(post(&mut db, &negative).await, Err(LedgerError::NegativeAmount)));
    let two_currencies = posting().transfer(GATEWAY, books.ann, euros(1)).transfer(GATEWAY, books.ann, chf);
    assert_eq!(two_currencies.legs().unwrap().len(), 4);
    let much = posting().transfer(GATEWAY, books.ann, euros(i64::MAX));
    let more = much.transfer(GATEWAY, books.ann, euros(1));
    assert!(matches!(post(&mut db, &more).await, Err(LedgerError::OutOfRange)));
    books.are_right().await;
}

#[tokio::test]
async fn nobody_spends_what_they_do_not_have() {
    let books = Books::open().await;
    let mut db = books.db().await;
    let spend = |operation, minor| books.posting(operation).transfer(books.ann, books.escrow, euros(minor));
    assert!(matches!(post(&mut db, &spend("a", 1)).await, Err(LedgerError::InsufficientFunds)));
    books.give(books.ann, 10).await;
    assert!(matches!(post(&mut db, &spend("b", 11)).await, Err(LedgerError::InsufficientFunds)));
    post(&mut db, &spend("c", 10)).await.unwrap();
    assert!(matches!(post(&mut db, &spend("d", 1)).await, Err(LedgerError::InsufficientFunds)));
    // A debt is not paid twice: what we are owed has a floor too.
    let Account::ProviderPending(provider) = books.bob else { unreachable!() };
    let debt = Account::ProviderOwed(provider);
    let cash = books.posting("cash").transfer(debt, Account::Commission, euros(5));
    post(&mut db, &cash).await.unwrap();
    let paid = books.posting("paid").transfer(GATEWAY, debt, euros(6));
    assert!(matches!(post(&mut db, &paid).await, Err(LedgerError::InsufficientFunds)));
    assert_eq!(books.has(debt).await, (5, 0));
    books.are_right().await;
}

#[tokio::test]
async fn a_posting_that_is_rolled_back_never_was() {
    let books = Books::open().await;
    let mut tx = books.pool.begin().await.unwrap();
    let posting = books.posting("a").transfer(GATEWAY, books.ann, euros(1));
    post(&mut tx, &posting).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(books.has(books.ann).await, (0, 0));
    post(&mut *books.db().await, &posting).await.unwrap();
    assert_eq!(books.has(books.ann).await, (1, 0));
    books.are_right().await;
}
