//! Money that came from several and goes back: each cent once, and to whom it belongs.

use rstest::rstest;
use serde_json::json;

use super::World;

const FEE_STAYS: &[&str] = &["--service-fee-bps", "500", "--service-fee-refundable", "false"];

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn with_a_fee_that_stays_a_full_refund_leaves_the_provider_nothing_of_our_promotion(
    #[case] is_by_provider: bool,
) {
    let w = World::tuned(true, FEE_STAYS).await;
    w.our_code(json!({"code": "SPRING", "currency": "EUR", "amount": 10})).await;
    let booking = w.book("card", "immediate").await;
    let paid = w.pay_with(&booking, "visa", "SPRING").await.expect(201);
    assert_eq!(paid["amount"], json!(41.89));
    if is_by_provider {
        w.complete(&booking).await;
        let body = json!({"payment_id": paid["id"], "reason": "All windows were missed."});
        w.bob.post("/payments/refund/", body).await.expect(201);
        w.t.run_jobs().await;
    } else {
        w.cancel(&w.ann, &booking).await;
    }
    assert_eq!(w.books().await, "clearing 199, service_fees 199");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn a_lost_dispute_of_the_cards_part_takes_no_more_than_what_is_left_of_it() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    let payment = w.pay_mixed(&booking, "disputed_lost", 20).await.expect(201).str("id");
    // Before the bank is heard of: 5.99 of the 10 go back to the card.
    w.complete(&booking).await;
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.t.run_jobs().await;
    for _ in 0..3 {
        w.later(10).await;
        w.tell().await;
    }
    // 39.90 was left of the price, and the card's 23.91 of it are gone: 15.99 were paid by credits and stay. What the
    // bank took a second time is our loss, not the provider's.
    let books = w.books().await;
    assert!(books.contains("losses 599"), "{books}");
    let earned = w.bob.get("/providers/earnings/").await.expect(200);
    assert_eq!(earned["by_period"][0]["refunds"], json!(33.91));
    w.gateway_agrees().await;
}

#[tokio::test]
async fn what_the_bank_took_of_one_part_is_not_refunded_again_from_it() {
    let w = World::instant().await;
    let booking = w.book("card", "installment").await;
    let body = json!({"booking_id": booking, "count": 2, "interval": "weekly", "payment_method_id": "pm_sandbox_visa"});
    let payment = w.ann.post("/payments/installments/", body).await.expect(201);
    w.complete(&booking).await;
    let part = payment["installments"][1]["id"].as_str().unwrap().to_owned();
    let disputed = json!({"payment_method_id": "pm_sandbox_disputed_lost"});
    w.ann.post(&format!("/payments/installments/{part}/pay/"), disputed).await.expect(201);
    for _ in 0..3 {
        w.later(10).await;
        w.tell().await;
    }
    let body = json!({"payment_id": payment["id"], "reason": "All windows were missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.later(10).await;
    assert_eq!(w.gateway_book().await, "charge 2495, charge 2495, dispute 2495, refund 2495");
    assert_eq!(w.books().await, "");
    w.gateway_agrees().await;
}
