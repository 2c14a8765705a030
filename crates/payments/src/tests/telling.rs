//! What the gateway tells by itself: late, twice, shuffled, forged.

use rstest::rstest;
use serde_json::json;

use super::World;
use crate::settle::settle;

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

/// Ten times each place, in an order that the seed decides.
fn shuffled(count: usize, seed: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..10 * count).collect();
    order.sort_by_key(|place| (place * 7919 + 31 * seed + place * place * (seed % 97)) % 10_007);
    order.into_iter().map(|place| place % count).collect()
}

/// `PERMUTATIONS` tries more of them than every test run does.
#[expect(clippy::disallowed_methods, reason = "how many is up to whoever runs the tests")]
#[tokio::test]
async fn every_permutation_of_messages_before_and_after_the_reply_leads_to_the_same_end() {
    let seeds = std::env::var("PERMUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(24);
    let mut w = World::instant().await;
    for seed in 0..seeds {
        // A calendar has room for so many.
        if seed % 24 == 23 {
            w = World::instant().await;
        }
        let date = format!("2026-03-{:02}", 4 + seed % 24);
        let booking = w.book_at(&date, "10:00", "card", "immediate").await;
        let method = ["visa", "reports_late", "drops_reply"][seed % 3];
        let charge = w.written_down(&booking, method).await;
        let outcome = w.asked(charge).await;
        if seed % 2 == 0 {
            w.tell_in(|count| shuffled(count, seed)).await;
        }
        // The request goes on, and hears the reply that others have heard before it.
        let mut tx = w.t.app.db.begin().await.unwrap();
        let payment = settle(&w.t.app, &mut tx, charge, &outcome).await.unwrap().id;
        tx.commit().await.unwrap();
        w.t.advance(jiff::SignedDuration::from_secs(3));
        w.tell_in(|count| shuffled(count, seed + 1)).await;
        let body = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
        w.bob.post("/payments/refund/", body).await.expect(201);
        w.later(3).await;
        w.tell_in(|count| shuffled(count, seed + 2)).await;
        assert_eq!(w.state(&booking).await, "confirmed partially_refunded", "{seed}");
        let id: platform::ids::BookingId = booking.parse().unwrap();
        let effects = sqlx::query_scalar!(
            r#"select string_agg(kind, ' ' order by kind) as "kinds!" from ledger_transactions where subject = $1"#,
            id as _
        );
        let effects = effects.fetch_one(&w.t.app.db).await.unwrap();
        assert_eq!(effects, "payment_charged payment_refunded refund_begun", "{seed}");
    }
    w.books().await;
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
