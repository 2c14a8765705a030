//! The gateway's book and ours, compared.

use jiff::SignedDuration;
use platform::{auth::StaffRole, ports::gateway::Period};
use serde_json::json;

use super::World;

impl World {
    /// What differs of the last month, as `kind ours theirs`.
    async fn differences(&self) -> Vec<String> {
        let (now, day) = (self.t.now(), SignedDuration::from_hours(24));
        for gateway in self.t.app.gateways.each() {
            let period = Period { from: now.minus(day * 30), until: now.plus(day) };
            crate::reconcile::reconcile(&self.t.app, gateway, period).await.unwrap();
        }
        let rows = sqlx::query_scalar!(
            r#"select concat_ws(' ', kind, coalesce(ours::text, '-'), coalesce(theirs::text, '-')) as "row!"
                 from payment_differences where resolved_at is null order by kind, ours"#
        );
        rows.fetch_all(&self.t.app.db).await.unwrap()
    }
}

#[tokio::test]
async fn books_that_agree_have_no_differences() {
    let w = World::new().await;
    let (booking, _) = w.paid("visa").await;
    w.accept(&booking).await;
    w.cancel(&w.bob, &booking).await;
    w.paid_at("2026-03-06").await;
    assert_eq!(w.gateway_book().await, "charge 4990, refund 4990");
    assert_eq!(w.differences().await, [""; 0]);
}

#[tokio::test]
async fn what_the_gateway_keeps_is_booked_once() {
    let w = World::instant().await;
    let kept = async || {
        let rows = sqlx::query_scalar!(
            r#"select purpose || ' ' || balance as "row!" from ledger_balances
                where purpose in ('clearing', 'gateway_fees') order by purpose"#
        );
        rows.fetch_all(&w.t.app.db).await.unwrap()
    };
    let (booking, _) = w.paid("visa").await;
    assert_eq!(kept().await, ["clearing 4990"]);
    for _ in 0..2 {
        assert_eq!(w.differences().await, [""; 0]);
        // 1.4 % of 49.90, and 0.25.
        assert_eq!(kept().await, ["clearing 4896", "gateway_fees 94"]);
    }
    w.cancel(&w.bob, &booking).await;
    assert_eq!(w.differences().await, [""; 0]);
    assert_eq!(
        kept().await,
        ["clearing -94", "gateway_fees 94"],
        "a refund costs nothing, and brings no fee back"
    );
    w.books().await;
}

#[tokio::test]
async fn what_only_one_book_has_is_listed_once() {
    let w = World::instant().await;
    w.paid("visa").await;
    w.paid_at("2026-03-06").await;
    sqlx::query!("update payment_operations set amount_minor = 4989 where id = (select id from payment_operations limit 1)")
        .execute(&w.t.app.db).await.unwrap();
    sqlx::query!("update payment_operations set state = 'open' where amount_minor = 4990")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let all = ["charge 4989 4990", "charge - 4990", "intent 4989 4990", "intent 4990 4990"];
    assert_eq!(w.differences().await, all);
    assert_eq!(w.differences().await.len(), 4);
    let finance = w.t.staff("Fay", StaffRole::Finance).await;
    let report = finance.get("/admin/ledger/check/").await.expect(200);
    let differences = report["differences"].as_array().unwrap();
    assert!(differences.iter().all(|one| one["theirs"] == json!(49.9)), "{differences:?}");
    let further = differences.iter().find(|one| one["our_state"] == json!("not_taken")).unwrap();
    assert_eq!(further["their_state"], json!("taken"));
}

#[tokio::test]
async fn finance_sees_whether_the_books_are_right() {
    let w = World::instant().await;
    let (booking, _) = w.paid("visa").await;
    w.complete(&booking).await;
    let (finance, support) =
        (w.t.staff("Fay", StaffRole::Finance).await, w.t.staff("Sue", StaffRole::Support).await);
    for (person, status, code) in [(&w.bob, 403, "forbidden"), (&support, 403, "forbidden")] {
        person.get("/admin/ledger/check/").await.refused(status, code);
    }
    w.t.anonymous().get("/admin/ledger/check/").await.refused(401, "unauthenticated");
    let report = finance.get("/admin/ledger/check/").await.expect(200);
    assert_eq!((&report["is_clean"], &report["differences"]), (&json!(true), &json!([])));
    assert!(report["invariants"].as_array().unwrap().len() >= 20);
    let balances: Vec<_> = report["balances"].as_array().unwrap().iter().collect();
    assert!(balances.contains(&&json!({"purpose": "provider_pending", "currency": "EUR", "balance": 42.42})));
    sqlx::query!("update ledger_accounts set held = 1 where purpose = 'provider_pending'")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let report = finance.get("/admin/ledger/check/").await.expect(200);
    assert_eq!(report["is_clean"], false);
}

#[tokio::test]
async fn our_share_contains_its_tax() {
    let w = World::tuned(true, &["--commission-tax", "DE:1900"]).await;
    let (booking, payment) = w.paid("visa").await;
    w.complete(&booking).await;
    // 7.48 are ours, of which 19/119 are the state's.
    assert_eq!(w.books().await, "clearing 4990, commission 629, provider_pending 4242, tax 119");
    let body = json!({"payment_id": payment, "reason": "All of it"});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.t.run_jobs().await;
    assert_eq!(w.books().await, "");
}

/// Changes the gateway's own book, then its books and ours are compared; what differs, and then nothing again.
async fn tampered(w: &World, sql: &'static str, undo: &'static str, expected: &[&str]) {
    sqlx::raw_sql(sql).execute(&w.t.app.db).await.unwrap();
    assert_eq!(w.differences().await, expected, "{sql}");
    let report = crate::check(&w.t.app.db, None).await.unwrap();
    assert_eq!(report.is_clean(), expected.is_empty(), "{sql}: {report}");
    sqlx::raw_sql(undo).execute(&w.t.app.db).await.unwrap();
    assert_eq!(w.differences().await, [""; 0], "{undo}");
    assert!(crate::check(&w.t.app.db, None).await.unwrap().is_clean(), "{undo}");
}

#[tokio::test]
async fn every_kind_of_line_that_differs_is_found_and_the_check_fails_until_it_agrees_again() {
    let w = World::instant().await;
    let (booking, payment) = w.paid("visa").await;
    w.complete(&booking).await;
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.later(49 * 3600).await;
    w.bob_withdraws().await;
    tampered(&w, "select 1", "select 1", &[]).await;
    // Another amount.
    for (kind, ours, theirs) in [("charge", 4990, 4991), ("refund", 1000, 1001), ("payout", 3392, 3393)] {
        let sql = format!("update sandbox_book set amount = {theirs} where kind = '{kind}'");
        let undo = format!("update sandbox_book set amount = {ours} where kind = '{kind}'");
        let expected = format!("{kind} {ours} {theirs}");
        tampered(&w, sql.leak(), undo.leak(), &[&expected]).await;
        // Another currency.
        let sql = format!("update sandbox_book set currency = 'USD' where kind = '{kind}'");
        let undo = format!("update sandbox_book set currency = 'EUR' where kind = '{kind}'");
        let expected = format!("{kind} {ours} {ours}");
        tampered(&w, sql.leak(), undo.leak(), &[&expected]).await;
        // Only we have it.
        let sql = format!("update sandbox_book set kind = 'other' where kind = '{kind}'");
        let undo = format!("update sandbox_book set kind = '{kind}' where kind = 'other'");
        let expected = format!("{kind} {ours} -");
        tampered(&w, sql.leak(), undo.leak(), &[&expected]).await;
    }
    // Only they have it.
    for kind in ["charge", "refund", "refund_failure", "payout", "payout_failure", "dispute", "dispute_won"] {
        let sql = format!(
            "insert into sandbox_book (operation, reference, kind, amount, currency, at)
             select operation, 'x_1', '{kind}', 77, 'EUR', at from sandbox_book where kind = 'charge'"
        );
        let expected = format!("{kind} - 77");
        tampered(&w, sql.leak(), "delete from sandbox_book where reference = 'x_1'", &[&expected]).await;
    }
}

#[tokio::test]
async fn a_charge_of_another_amount_or_further_than_ours_is_found() {
    let w = World::instant().await;
    w.paid("visa").await;
    tampered(
        &w,
        "update sandbox_operations set amount = 5000",
        "update sandbox_operations set amount = 4990",
        &["intent 4990 5000"],
    )
    .await;
    tampered(
        &w,
        "update sandbox_operations set captured = 4000",
        "update sandbox_operations set captured = 4990",
        &["intent 4990 4000"],
    )
    .await;
    tampered(
        &w,
        "update sandbox_operations set captured = 0",
        "update sandbox_operations set captured = 4990",
        &["intent 4990 4990"],
    )
    .await;
    tampered(
        &w,
        "update sandbox_operations set currency = 'USD'",
        "update sandbox_operations set currency = 'EUR'",
        &["intent 4990 4990"],
    )
    .await;
}

#[tokio::test]
async fn disputes_and_what_came_back_agree() {
    let w = World::instant().await;
    w.paid("disputed_won").await;
    for _ in 0..20 {
        w.later(24 * 3600).await;
        w.tell().await;
        assert_eq!(w.differences().await, [""; 0]);
    }
    assert_eq!(w.gateway_book().await, "charge 4990, dispute 4990, dispute_won 4990");
}
