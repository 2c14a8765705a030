//! What the database refuses, whoever asks.

use super::{Books, EUR, GATEWAY, euros, held};
use crate::Account;

/// Books with something in every table.
async fn written() -> Books {
    let books = Books::open().await;
    books.give(books.ann, 100).await;
    books.give(books.bob, 100).await;
    let hold = held(&mut *books.db().await, &books, "hold", 10).await.unwrap();
    books.post_hold(hold, euros(4)).await.unwrap();
    books.seal().await;
    books
}

#[tokio::test]
async fn what_was_written_stays() {
    let books = written().await;
    let tables = [
        "ledger_transactions",
        "ledger_entries",
        "ledger_holds",
        "ledger_hold_ends",
        "ledger_seals",
        "ledger_accounts",
    ];
    let changes = [
        "update ledger_transactions set kind = 'other'",
        "update ledger_entries set amount = amount * 2",
        "update ledger_holds set amount = 1",
        "update ledger_hold_ends set outcome = 'voided', transaction_id = null",
        "update ledger_seals set position = position + 1",
        "update ledger_accounts set owner = gen_random_uuid()",
        "update ledger_accounts set may_be_negative = true",
        "update ledger_accounts set is_shared = true, may_be_negative = true",
        "update ledger_accounts set balance = 1000000 where purpose = 'credits'",
    ];
    let removals =
        tables.iter().flat_map(|table| [format!("delete from {table}"), format!("truncate {table} cascade")]);
    for sql in changes.into_iter().map(str::to_owned).chain(removals) {
        let refused = books.by_hand(&sql).await.unwrap_err();
        assert!(refused.contains("the books are written once"), "{sql}: {refused}");
    }
    books.are_right().await;
}

/// Entries of one new transaction, written by hand: an account and an amount each.
fn entries(books: &Books, lines: &[(Account, i64)]) -> String {
    let lines = lines.iter().map(|(account, amount)| {
        let id = account.id(EUR);
        format!(
            "select '{id}'::uuid, coalesce(a.entries, 0) + 1, t.id, 'EUR', {amount}, coalesce(a.balance, 0) + {amount}
               from t left join ledger_accounts a on a.id = '{id}'"
        )
    });
    let (at, lines) = (books.now, lines.collect::<Vec<_>>().join(" union all "));
    format!(
        "with t as (insert into ledger_transactions (id, operation, kind, posted_at)
             values (gen_random_uuid(), gen_random_uuid(), 'by hand', '{at}') returning id)
         insert into ledger_entries (account_id, number, transaction_id, currency, amount, balance_after) {lines}"
    )
}

#[tokio::test]
async fn entries_are_not_written_by_hand() {
    let books = written().await;
    let balanced = entries(&books, &[(books.ann, 5), (books.bob, -5)]);
    let late = "insert into ledger_entries select account_id, number + 100, transaction_id, currency, amount, balance_after
                  from ledger_entries order by transaction_id limit 1";
    for sql in [balanced.as_str(), late] {
        assert!(books.by_hand(sql).await.unwrap_err().contains("by ledger_post alone"));
    }
    books.are_right().await;
}

#[tokio::test]
async fn a_transaction_that_does_not_balance_is_not_committed() {
    let books = written().await;
    let nothing =
        "insert into ledger_transactions values (gen_random_uuid(), 'nothing', 'by hand', null, now())";
    assert!(books.by_hand(nothing).await.unwrap_err().contains("must add up to nothing"));
    for lines in [vec![(books.ann, 5)], vec![(books.ann, 5), (books.bob, -4)], vec![(GATEWAY, -5)]] {
        let sql = format!("begin; set local ledger.posting = on; {}; commit", entries(&books, &lines));
        assert!(books.by_hand(&sql).await.unwrap_err().contains("must add up to nothing"), "{lines:?}");
    }
    books.are_right().await;
}

#[tokio::test]
async fn accounts_with_a_floor_have_it_in_the_database() {
    let books = written().await;
    let overdraw = format!(
        "update ledger_accounts set balance = -1, entries = entries + 1 where id = '{}'",
        books.ann.id(EUR)
    );
    assert!(books.by_hand(&overdraw).await.unwrap_err().contains("ledger_accounts_funds"));
    let hold = "update ledger_accounts set held = balance + 1 where not is_shared";
    assert!(books.by_hand(hold).await.unwrap_err().contains("ledger_accounts_funds"));
    let shared = "update ledger_accounts set held = 1 where is_shared";
    assert!(books.by_hand(shared).await.unwrap_err().contains("ledger_accounts_shared"));
    books.are_right().await;
}

#[tokio::test]
async fn a_hold_ends_once_says_the_database() {
    let books = written().await;
    let again = "insert into ledger_hold_ends (hold_id, outcome, ended_at) select hold_id, 'voided', ended_at from ledger_hold_ends";
    assert!(books.by_hand(again).await.unwrap_err().contains("ledger_hold_ends_pkey"));
    books.are_right().await;
}
