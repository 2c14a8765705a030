//! What a customer owes of a booking that they ended, where the money for it is gone by then.

use platform::auth::StaffRole;
use rstest::rstest;
use serde_json::json;

use super::{
    World,
    credits::SMALL,
    fault::{amounts, kept},
};

/// When Ann cancels: while the bank decides, or when it has taken all.
#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn a_bank_that_keeps_a_payment_saves_nobody_what_cancelling_costs(#[case] is_lost_before: bool) {
    let w = World::for_hundred(true, "flexible", &[]).await;
    w.note_failures().await;
    let (booking, first) = w.taken_back("disputed_lost").await;
    if is_lost_before {
        w.bank_decides().await;
    }
    let preview = w.cancels(&booking, 2).await;
    assert_eq!(amounts(&preview), [10_000, 10_000, 0, 5_000, 5_000]);
    if !is_lost_before {
        assert!(w.owed().await.is_empty(), "the bank has not decided");
        w.pay(&booking, "visa").await.refused(409, "not_payable");
        w.bank_decides().await;
    }
    w.settles().await;
    assert_eq!(w.state(&booking).await, "cancelled_by_customer unpaid");
    assert_eq!(w.ends().await, kept(0));
    assert_eq!((w.owed().await, w.failures().await), (vec![5_000], vec!["5000 owed".to_owned()]));
    let finance = w.t.staff("Fin", StaffRole::Finance).await;
    assert_eq!(w.debt_tasks(&finance).await, 1);
    let activity = w.ann.get("/payments/activity/?kind=dispute").await.expect(200);
    assert_eq!(
        (&activity["results"][0]["amount"], &activity["results"][0]["status"]),
        (&json!(100.0), &json!("lost"))
    );

    // It is paid like anything else, by a card that needs an approval, too, and once.
    w.pay(&booking, "declined").await.expect(402);
    assert_eq!(w.owed().await, [5_000]);
    let second = w.pay(&booking, "3ds").await.expect(201);
    assert_eq!(second["amount"], json!(50.0));
    w.settles().await;
    assert!(w.sandbox.decide(&second.str("transaction_id"), true).await.unwrap());
    w.settles().await;
    w.tell().await;
    w.settles().await;
    assert_eq!(w.state(&booking).await, "cancelled_by_customer paid");
    assert_eq!(
        (w.status(&first).await.as_str(), w.status(&second.str("id")).await.as_str()),
        ("failed", "completed")
    );
    assert_eq!((w.ends().await, w.owed().await), (kept(5_000), Vec::new()));
    w.pay(&booking, "visa").await.refused(409, "not_payable");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn what_is_owed_all_the_same_is_paid_as_it_is() {
    let w = World::for_hundred(true, "strict", &[]).await;
    let (booking, _) = w.taken_back("disputed_lost").await;
    w.bank_decides().await;
    w.cancels(&booking, 2).await;
    assert_eq!(w.owed().await, [10_000]);
    let body = |kind: &str| {
        json!({"booking_id": booking, "payment_type": kind, "payment_method": "card",
            "payment_method_id": "pm_sandbox_visa"})
    };
    for kind in ["later", "installment"] {
        w.ann.post("/payments/process/", body(kind)).await.refused(409, "not_payable");
    }
    let mut with_code = body("immediate");
    with_code["promo_code"] = json!("WELCOME");
    w.ann.post("/payments/process/", with_code).await.refused(409, "not_payable");
    w.bob.post("/payments/process/", body("immediate")).await.refused(404, "not_found");
    w.pay(&booking, "visa").await.expect(201);
    w.settles().await;
    assert_eq!((w.ends().await, w.owed().await), (kept(10_000), Vec::new()));
}

#[tokio::test]
async fn nobody_owes_for_what_the_provider_ended() {
    let w = World::for_hundred(true, "strict", &[]).await;
    let (booking, _) = w.taken_back("disputed_lost").await;
    w.bank_decides().await;
    w.cancel(&w.bob, &booking).await;
    w.settles().await;
    assert!(w.owed().await.is_empty());
    w.pay(&booking, "visa").await.refused(409, "not_payable");
    assert_eq!(w.ends().await, kept(0));
}

/// By card alone, or with a part in credits.
#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn what_the_bank_no_longer_gives_of_what_is_kept_is_owed(#[case] is_mixed: bool) {
    let w = World::for_hundred(false, "strict", &[]).await;
    w.note_failures().await;
    let booking = w.book("card", "immediate").await;
    if is_mixed {
        w.buy(SMALL, "visa").await.expect(201);
        w.pay_mixed(&booking, "visa", 20).await.expect(201);
    } else {
        w.pay(&booking, "visa").await.expect(201);
    }
    w.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
    // The bank lets go of what was reserved before a job has taken it.
    sqlx::query!("update sandbox_operations set created_at = created_at - interval '8 days'")
        .execute(&w.t.app.db)
        .await
        .unwrap();
    let preview = w.cancels(&booking, 2).await;
    assert_eq!(amounts(&preview)[3..], [10_000, 0]);
    w.settles().await;
    assert_eq!(w.state(&booking).await, "cancelled_by_customer failed");
    assert_eq!((w.owed().await, w.failures().await), (vec![10_000], vec!["10000 owed".to_owned()]));
    w.pay(&booking, "visa").await.expect(201);
    w.settles().await;
    assert_eq!(
        (w.owed().await, w.state(&booking).await.as_str()),
        (Vec::new(), "cancelled_by_customer paid")
    );
    w.gateway_agrees().await;
}
