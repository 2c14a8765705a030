//! Whoever gets around the database's refusals is found out.

use super::{Books, euros, held};
use crate::check;

/// Books with a hold that was posted, one that is open, and seals.
async fn sealed() -> Books {
    let books = Books::open().await;
    books.give(books.ann, 100).await;
    books.give(books.bob, 50).await;
    let mut db = books.db().await;
    let hold = held(&mut db, &books, "posted", 10).await.unwrap();
    books.post_hold(hold, euros(4)).await.unwrap();
    held(&mut db, &books, "open", 3).await.unwrap();
    books.are_right().await;
    books
}

/// What no longer holds after somebody changed the books with the triggers switched off.
async fn found(sql: &str) -> Vec<&'static str> {
    let books = sealed().await;
    let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
    books.by_hand(&sql).await.unwrap();
    let report = books.check().await;
    report.invariants.iter().filter(|invariant| !invariant.broken.is_empty()).map(|i| i.name).collect()
}

const BALANCED: &str = "every transaction balances in each currency";
const EQUAL: &str = "debits equal credits in each currency";
const TOGETHER: &str = "entries, transactions and accounts belong together";
const FLOOR: &str = "no account is below zero that must not be";
const SUMS: &str = "balances are the sums of their entries";
const HISTORIES: &str = "histories follow line by line";
const HELD: &str = "what is held is the sum of the open holds";
const CHART: &str = "accounts are what the chart of accounts says";
const CHAINED: &str = "every transaction is in the chain";
const CHAIN: &str = "the chain is whole";

#[tokio::test]
async fn amounts_are_not_changed_unnoticed() {
    assert_eq!(
        found("update ledger_entries set amount = amount + 1 where amount = 100").await,
        [BALANCED, EQUAL, SUMS, HISTORIES, CHAIN]
    );
    // All of a transaction and everything that depends on it: only the chain remembers.
    assert_eq!(
        found(
            "update ledger_entries set amount = amount * 2, balance_after = balance_after * 2 where amount in (50, -50);
             update ledger_accounts set balance = 100 where purpose = 'provider_pending';
             update ledger_accounts set balance = 200 where purpose = 'clearing'"
        )
        .await,
        [CHAIN]
    );
}

#[tokio::test]
async fn transactions_do_not_vanish_or_appear_unnoticed() {
    assert_eq!(
        found("delete from ledger_entries where transaction_id = (select transaction_id from ledger_entries where amount = 50)")
            .await,
        [TOGETHER, SUMS, CHAIN]
    );
    assert_eq!(
        found(
            "create temporary table gone as select transaction_id as id from ledger_entries where amount = 50;
             delete from ledger_entries where transaction_id in (select id from gone);
             delete from ledger_transactions where id in (select id from gone);
             update ledger_accounts set balance = 0, entries = 0 where purpose = 'provider_pending';
             update ledger_accounts set balance = 100, entries = 1 where purpose = 'clearing'"
        )
        .await,
        [CHAIN]
    );
    assert_eq!(
        found("insert into ledger_transactions select gen_random_uuid(), 'new', kind, subject, posted_at from ledger_transactions limit 1")
            .await,
        [TOGETHER, CHAINED]
    );
    assert_eq!(
        found("update ledger_transactions set posted_at = posted_at + interval '1 day'").await,
        [CHAIN]
    );
    assert_eq!(found("delete from ledger_seals where position = 2").await, [CHAINED, CHAIN]);
}

#[tokio::test]
async fn balances_are_not_changed_unnoticed() {
    assert_eq!(
        found("update ledger_accounts set balance = balance + 1 where purpose = 'credits'").await,
        [SUMS]
    );
    assert_eq!(found("update ledger_accounts set balance = balance + 1 where is_shared").await, [SUMS]);
    assert_eq!(
        found("update ledger_entries set balance_after = 1 where amount = 100").await,
        [HISTORIES, CHAIN]
    );
    assert_eq!(found("update ledger_accounts set held = held - 1 where held > 0").await, [HELD]);
    assert_eq!(found("update ledger_holds set amount = 1").await, [HELD]);
    assert_eq!(
        found(
            "alter table ledger_accounts drop constraint ledger_accounts_funds;
             update ledger_accounts set balance = -1 where purpose = 'credits'"
        )
        .await,
        [FLOOR, SUMS]
    );
}

#[tokio::test]
async fn accounts_do_not_change_hands_unnoticed() {
    assert_eq!(
        found("update ledger_accounts set owner = gen_random_uuid() where purpose = 'credits'").await,
        [CHART]
    );
    assert_eq!(
        found("update ledger_accounts set may_be_negative = true where purpose = 'credits'").await,
        [CHART]
    );
}

#[tokio::test]
async fn a_chain_that_was_made_anew_lacks_the_seal_that_was_noted() {
    let books = sealed().await;
    let noted = books.check().await.head.unwrap().to_string();
    books.give(books.bob, 7).await;
    books.seal().await;
    let report = check(&books.pool, Some(&noted)).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let forgery = "begin; set local session_replication_role = replica;
        update ledger_transactions set kind = 'forged'; delete from ledger_seals;
        insert into ledger_unsealed select id from ledger_transactions;
        update ledger_accounts set balance = 0, entries = 0 where is_shared; commit";
    books.by_hand(forgery).await.unwrap();
    books.are_right().await;
    for noted in [noted.as_str(), "1", "x:y", "99:00"] {
        let report = check(&books.pool, Some(noted)).await.unwrap();
        let broken: Vec<_> =
            report.invariants.iter().filter(|i| !i.broken.is_empty()).map(|i| i.name).collect();
        assert_eq!(broken, ["the chain has the seal that was noted"]);
    }
}
