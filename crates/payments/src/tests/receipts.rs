//! Receipts and credit notes: numbers, what they say, and how they look.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{World, credits::SMALL, euros};

#[tokio::test]
async fn receipts_are_numbered_without_gaps() {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    w.pay(&booking, "declined").await.refused(402, "card_declined");
    let payment = w.pay(&booking, "visa").await.expect(201).str("id");
    let path = format!("/payments/{payment}/receipt/");
    let all = join_all((0..10).map(|_| w.ann.get(&path))).await;
    assert!(all.iter().all(|answer| answer["number"] == "SB-00000001"));
    shape!(w.ann.get(&path).await.expect(200));
    let second = w.buy(SMALL, "visa").await.expect(201).str("id");
    assert_eq!(w.ann.get(&format!("/payments/{second}/receipt/")).await.expect(200)["number"], "SB-00000002");
    w.bob.get(&path).await.expect(200);
    w.bob.get(&format!("/payments/{second}/receipt/")).await.refused(404, "not_found");
    w.t.anonymous().get(&path).await.refused(401, "unauthenticated");
    let waits = w.buy(SMALL, "3ds").await.expect(201).str("id");
    w.ann.get(&format!("/payments/{waits}/receipt/")).await.refused(409, "nothing_paid");
}

#[tokio::test]
async fn what_goes_back_has_a_credit_note_of_the_same_series() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    for amount in [10, 5] {
        let body = json!({"payment_id": payment, "amount": amount, "reason": "A window was missed."});
        w.bob.post("/payments/refund/", body).await.expect(201);
        w.later(1).await;
    }
    let path = format!("/payments/{payment}/receipt/");
    let all = join_all((0..10).map(|_| w.ann.get(&path))).await;
    assert!(all.iter().all(|answer| answer["credit_notes"] == all[0]["credit_notes"]));
    let receipt = &all[0];
    let notes = receipt["credit_notes"].as_array().unwrap().iter();
    let numbers: Vec<_> = notes.map(|note| note["number"].as_str().unwrap()).collect();
    assert_eq!(
        (receipt.str("number").as_str(), numbers),
        ("SB-00000001", vec!["SB-00000002", "SB-00000003"])
    );
    assert_eq!((&receipt["amount"], &receipt["refunded_amount"]), (&json!(49.9), &json!(15.0)));
    let refund = receipt["credit_notes"][0]["refund_id"].as_str().unwrap();
    let note = format!("/payments/{payment}/credit-notes/{refund}/");
    let alone = w.ann.get(&note).await.expect(200);
    assert_eq!(
        (alone.str("receipt_number").as_str(), &alone["amount"], alone.str("reason").as_str()),
        ("SB-00000001", &json!(10.0), "A window was missed.")
    );
    let (rob, other) = (w.t.user("Rob").await, w.paid_at("2026-03-06").await.1);
    rob.get(&note).await.refused(404, "not_found");
    w.ann.get(&format!("/payments/{other}/credit-notes/{refund}/")).await.refused(404, "not_found");
}

#[tokio::test]
async fn papers_are_the_same_file_each_time_in_the_language_that_is_asked_for() {
    let w = World::instant().await;
    let (booking, payment) = w.paid("visa").await;
    w.cancel(&w.bob, &booking).await;
    let receipt = format!("/payments/{payment}/receipt/");
    let refund =
        w.ann.get(&receipt).await.expect(200)["credit_notes"][0]["refund_id"].as_str().unwrap().to_owned();
    let reader = w.ann.with("accept", "application/pdf");
    for path in [receipt, format!("/payments/{payment}/credit-notes/{refund}/")] {
        let mut files = Vec::new();
        for language in ["en", "de", "it"] {
            let file = reader.get(&format!("{path}?lang={language}")).await.expect(200);
            assert_eq!(file.header("content-type"), "application/pdf");
            assert!(file.header("content-disposition").contains("SB-0000000"));
            assert!(file.bytes.starts_with(b"%PDF-"));
            let again = reader.get(&format!("{path}?lang={language}")).await.expect(200);
            assert_eq!(file.bytes, again.bytes);
            files.push(file.bytes);
        }
        files.dedup();
        assert_eq!(files.len(), 3);
    }
}

#[tokio::test]
async fn a_receipt_cannot_be_changed() {
    let w = World::instant().await;
    let (_, payment) = w.paid("visa").await;
    w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    for sql in ["update receipts set number = 7", "delete from receipts", "truncate receipts"] {
        let refused = sqlx::raw_sql(sql).execute(&w.t.app.db).await.unwrap_err().to_string();
        assert!(refused.contains("receipts are written once"), "{refused}");
    }
}

#[tokio::test]
async fn a_receipt_says_what_the_provider_says_of_taxes() {
    let w = World::instant().await;
    let profile = json!({"tax_id": "USt-IdNr. DE123456789", "rate_bps": 1900, "is_small_business": false});
    w.ann.put("/providers/tax-profile/", profile.clone()).await.refused(403, "provider_required");
    w.bob.put("/providers/tax-profile/", profile.clone()).await.expect(200);
    assert_eq!(w.bob.get("/providers/tax-profile/").await.expect(200)["rate_bps"], profile["rate_bps"]);
    let (_, payment) = w.paid("visa").await;
    let receipt = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    let tax = json!({"tax_id": "USt-IdNr. DE123456789", "rate_bps": 1900, "is_small_business": false, "net": 41.93,
        "tax": 7.97, "gross": 49.9});
    assert_eq!(receipt["tax"], tax);
    let body = json!({"payment_id": payment, "amount": 24.95, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    let receipt = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    assert_eq!(receipt["credit_notes"][0]["tax"]["tax"], json!(3.99));
    // Small ones have none, and what was issued stays as it is.
    let wrong = json!({"rate_bps": 1900, "is_small_business": true});
    w.bob.put("/providers/tax-profile/", wrong).await.expect(422);
    w.bob.put("/providers/tax-profile/", json!({"rate_bps": 0, "is_small_business": true})).await.expect(200);
    let (_, other) = w.paid_at("2026-03-05").await;
    let receipt = w.ann.get(&format!("/payments/{other}/receipt/")).await.expect(200);
    assert_eq!((&receipt["tax"]["is_small_business"], &receipt["tax"]["tax"]), (&json!(true), &json!(0.0)));
    let first = w.ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
    assert_eq!(first["tax"], tax);
    for language in ["en", "de", "it"] {
        let ann = w.ann.with("accept", "application/pdf").with("accept-language", language);
        for payment in [&payment, &other] {
            let file = ann.get(&format!("/payments/{payment}/receipt/")).await.expect(200);
            assert!(file.text().starts_with("%PDF-"));
        }
    }
}

/// What all credit notes of a receipt come to, in cents: net, tax, gross.
fn credited(notes: &Value) -> [i64; 3] {
    let cents = |note: &Value, part: &str| (euros(&note["tax"][part]) * 100.0).round() as i64;
    let notes = notes.as_array().unwrap();
    ["net", "tax", "gross"].map(|part| notes.iter().map(|note| cents(note, part)).sum())
}

#[tokio::test]
async fn credit_notes_of_a_full_refund_add_up_to_the_receipt() {
    for args in [vec![], vec!["--service-fee-bps", "333"]] {
        let w = World::tuned(true, &args).await;
        let profile = json!({"tax_id": "DE123456789", "rate_bps": 1900, "is_small_business": false});
        w.bob.put("/providers/tax-profile/", profile).await.expect(200);
        let (_, payment) = w.paid("visa").await;
        let path = format!("/payments/{payment}/receipt/");
        for amount in [0.03, 0.04, 16.63, 16.63, 0.01] {
            let body = json!({"payment_id": payment, "amount": amount, "reason": "A window was missed."});
            w.bob.post("/payments/refund/", body).await.expect(201);
            w.later(1).await;
        }
        if args.is_empty() {
            let notes = w.ann.get(&path).await.expect(200)["credit_notes"].clone();
            assert_eq!(credited(&json!([notes[2]])), [1397, 266, 1663]);
        }
        w.bob.post("/payments/refund/", json!({"payment_id": payment, "reason": "All"})).await.expect(201);
        w.later(1).await;
        let receipt = w.ann.get(&path).await.expect(200);
        assert_eq!(receipt["refunded_amount"], receipt["amount"]);
        assert_eq!(credited(&receipt["credit_notes"]), [4193, 797, 4990], "{:?}", receipt["credit_notes"]);
    }
}

#[tokio::test]
async fn a_cancelled_plan_has_a_receipt_of_what_was_taken() {
    let w = World::tuned(true, &["--service-fee-bps", "500"]).await;
    let profile = json!({"tax_id": "DE123456789", "rate_bps": 1900, "is_small_business": false});
    w.bob.put("/providers/tax-profile/", profile).await.expect(200);
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 3, "interval": "monthly",
        "payment_method_id": "pm_sandbox_visa"});
    let payment = w.ann.post("/payments/installments/", body).await.expect(201).str("id");
    let path = format!("/payments/{payment}/receipt/");
    w.ann.get(&path).await.refused(409, "nothing_paid");
    w.cancel(&w.bob, &booking).await;
    let receipt = w.ann.get(&path).await.expect(200);
    let sum =
        |list: &Value| -> f64 { list.as_array().unwrap().iter().map(|part| euros(&part["amount"])).sum() };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 0.001, "{a} {b}: {}", receipt.masked());
    near(euros(&receipt["amount"]), 17.47);
    near(sum(&receipt["lines"]), 17.47);
    near(sum(&receipt["tender"]), 17.47);
    near(sum(&receipt["credit_notes"]), 17.47);
    let tax = ["net", "tax", "gross"].map(|part| (euros(&receipt["tax"][part]) * 100.0).round() as i64);
    assert_eq!(credited(&receipt["credit_notes"]), tax);
    let payment = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
    assert!(payment.str("receipt_url").ends_with(&path));
    let ann = w.ann.with("accept", "application/pdf");
    assert!(ann.get(&path).await.expect(200).bytes.starts_with(b"%PDF-"));
}
