//! What the gateway tells by itself: late, twice, shuffled, forged.

use rstest::rstest;
use serde_json::json;

use super::World;

#[rstest]
#[case(|count| (0..count).collect())]
#[case(|count| (0..count).rev().collect())]
#[case(|count| (0..count).flat_map(|place| [place; 10]).collect())]
#[case(|count| (0..10 * count).map(|place| place * 7 % count).collect())]
#[tokio::test]
async fn messages_lead_to_the_same_end_in_any_order(#[case] order: fn(usize) -> Vec<usize>) {
    let w = World::instant().await;
    let booking = w.book("card", "immediate").await;
    let payment = w.pay(&booking, "reports_late").await.expect(201).str("id");
    w.t.advance(jiff::SignedDuration::from_secs(3));
    w.tell_in(order).await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", body).await.expect(201);
    w.later(3).await;
    w.tell_in(order).await;
    assert_eq!(w.books().await, "clearing 3990, escrow 3990");
    assert_eq!(w.gateway_book().await, "charge 4990, refund 1000");
}

#[rstest]
#[case("disputed_won", "clearing 4990, commission 748, provider_pending 4242")]
#[case("disputed_lost", "")]
#[tokio::test]
async fn a_dispute_takes_the_money_until_it_is_decided(#[case] method: &str, #[case] in_the_end: &str) {
    for is_earned_before in [false, true] {
        let w = World::instant().await;
        let (booking, payment) = w.paid(method).await;
        if is_earned_before {
            w.complete(&booking).await;
        }
        w.later(3).await;
        w.tell().await;
        // The work takes longer than the dispute, which is decided then, and heard of only now.
        if !is_earned_before {
            assert_eq!(w.books().await, "disputes 4990, escrow 4990");
            let body = json!({"payment_id": payment, "reason": "So that it goes back twice"});
            w.bob.post("/payments/refund/", body).await.refused(409, "refund_too_large");
            w.complete(&booking).await;
        }
        w.later(6).await;
        w.tell_in(|count| (0..3 * count).map(|place| place % count).collect()).await;
        assert_eq!(w.books().await, in_the_end, "{method} {is_earned_before}");
    }
}

#[tokio::test]
async fn what_is_not_signed_is_not_heard() {
    let w = World::instant().await;
    let forged = json!({"id": "evt_1", "subject": "charge", "operation": null, "reference": "ch_1", "at": "2026-03-02T09:00:00Z"});
    w.t.anonymous().post("/webhooks/sandbox/", forged.clone()).await.refused(400, "webhook_not_signed");
    let signed = w.t.anonymous().with("sandbox-signature", "t=1,v1=00");
    signed.post("/webhooks/sandbox/", forged.clone()).await.refused(400, "webhook_not_signed");
    for other in ["stripe", "paypal"] {
        w.t.anonymous().post(&format!("/webhooks/{other}/"), forged.clone()).await.refused(404, "not_found");
    }
}
