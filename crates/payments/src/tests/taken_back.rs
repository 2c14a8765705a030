//! Banks that take a payment back before the job: the booking is unpaid, and may be paid anew.

use rstest::rstest;
use serde_json::json;

use super::World;

impl World {
    /// Ann books and pays, and her bank takes it back; the ids of the booking and the payment.
    pub(super) async fn taken_back(&self, card: &str) -> (String, String) {
        let (booking, payment) = self.paid(card).await;
        self.later(3).await;
        self.tell().await;
        (booking, payment)
    }

    /// The bank decides, and says so twice.
    pub(super) async fn bank_decides(&self) {
        self.later(4).await;
        self.tell_in(|count| (0..2 * count).map(|place| place % count).collect()).await;
    }

    /// What has happened to a booking.
    pub(super) async fn history(&self, booking: &str) -> String {
        let booking = self.booking(booking).await;
        let history = booking["history"].as_array().unwrap();
        history.iter().map(|entry| entry["event"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }
}

#[tokio::test]
async fn a_booking_whose_payment_the_bank_takes_back_is_unpaid_and_both_are_told() {
    let w = World::instant().await;
    let (booking, payment) = w.taken_back("disputed_lost").await;
    assert_eq!(w.state(&booking).await, "confirmed unpaid");
    assert_eq!(w.history(&booking).await, "created payment_secured payment_lost");
    let seen = w.ann.get(&format!("/payments/{payment}/")).await.expect(200);
    assert_eq!((&seen["status"], &seen["failure_code"]), (&json!("failed"), &json!("disputed")));
    for who in [&w.ann, &w.bob] {
        let told = sqlx::query_scalar!(
            r#"select count(*) as "count!" from user_events
                where user_id = $1 and kind = 'booking.updated' and data ->> 'event' = 'payment_lost'"#,
            who.id() as _
        );
        assert_eq!(told.fetch_one(&w.t.app.db).await.unwrap(), 1);
    }
    assert_eq!(w.books().await, "disputes 4990, escrow 4990");
}

#[rstest]
#[case("disputed_lost", "charge 4990, dispute 4990, charge 4990", "failed")]
#[case("disputed_won", "charge 4990, dispute 4990, charge 4990, dispute_won 4990, refund 4990", "refunded")]
#[tokio::test]
async fn what_was_paid_anew_is_earned_once_however_the_bank_decides(
    #[case] card: &str,
    #[case] book: &str,
    #[case] status: &str,
) {
    for is_done_before in [false, true] {
        let w = World::instant().await;
        let (booking, first) = w.taken_back(card).await;
        let second = w.pay(&booking, "visa").await.expect(201).str("id");
        assert_eq!(w.state(&booking).await, "confirmed paid");
        let events = "created payment_secured payment_lost payment_restored";
        assert_eq!(w.history(&booking).await, events);
        w.pay(&booking, "visa").await.refused(409, "already_paid");
        if is_done_before {
            w.complete(&booking).await;
        }
        w.bank_decides().await;
        w.later(1).await;
        if !is_done_before {
            w.complete(&booking).await;
        }
        assert_eq!(
            (w.status(&first).await.as_str(), w.status(&second).await.as_str()),
            (status, "completed")
        );
        assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
        assert_eq!(w.gateway_book().await, book);
        assert!(w.owed().await.is_empty());
        w.gateway_agrees().await;
    }
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn what_the_bank_keeps_and_nobody_pays_anew_is_owed_for_work_that_was_done(
    #[case] is_lost_before: bool,
) {
    let w = World::instant().await;
    w.note_failures().await;
    let (booking, first) = w.taken_back("disputed_lost").await;
    if is_lost_before {
        w.bank_decides().await;
        assert_eq!((w.state(&booking).await.as_str(), w.owed().await), ("confirmed unpaid", Vec::new()));
        w.complete(&booking).await;
    } else {
        w.complete(&booking).await;
        assert!(w.owed().await.is_empty());
        w.bank_decides().await;
    }
    assert_eq!((w.state(&booking).await.as_str(), w.books().await.as_str()), ("completed unpaid", ""));
    assert_eq!((w.owed().await, w.failures().await), (vec![4990], vec!["4990 owed".to_owned()]));
    w.pay(&booking, "visa").await.expect(201);
    w.t.run_jobs().await;
    assert_eq!((w.state(&booking).await.as_str(), w.owed().await), ("completed paid", Vec::new()));
    assert_eq!(w.status(&first).await, "failed");
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
    w.gateway_agrees().await;
}

#[tokio::test]
async fn what_the_bank_gives_back_counts_again_where_nothing_was_paid_anew() {
    let w = World::instant().await;
    let (booking, payment) = w.taken_back("disputed_won").await;
    w.bank_decides().await;
    assert_eq!(
        (w.state(&booking).await.as_str(), w.status(&payment).await.as_str()),
        ("confirmed paid", "completed")
    );
    assert_eq!(w.history(&booking).await, "created payment_secured payment_lost payment_restored");
    w.cancel(&w.ann, &booking).await;
    assert_eq!(
        (w.state(&booking).await.as_str(), w.books().await.as_str()),
        ("cancelled_by_customer refunded", "")
    );
    w.gateway_agrees().await;
}

#[tokio::test]
async fn a_dispute_that_is_heard_of_when_it_is_won_troubles_nobody() {
    let w = World::instant().await;
    let (booking, _) = w.paid("disputed_won").await;
    w.later(10).await;
    w.tell_in(|count| (0..3 * count).rev().map(|place| place % count).collect()).await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    assert_eq!(w.history(&booking).await, "created payment_secured");
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
}

#[rstest]
#[case(true)]
#[case(false)]
#[tokio::test]
async fn what_is_won_while_another_try_waits_for_its_payer_is_kept_once(#[case] approves: bool) {
    let w = World::instant().await;
    let (booking, first) = w.taken_back("disputed_won").await;
    let second = w.pay(&booking, "3ds").await.expect(201);
    w.bank_decides().await;
    assert_eq!(w.state(&booking).await, "confirmed unpaid");
    assert!(w.sandbox.decide(&second.str("transaction_id"), approves).await.unwrap());
    w.later(10).await;
    w.tell().await;
    w.later(10).await;
    assert_eq!(w.state(&booking).await, "confirmed paid");
    let expected = if approves { ["refunded", "completed"] } else { ["completed", "failed"] };
    assert_eq!([w.status(&first).await, w.status(&second.str("id")).await], expected);
    assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    w.gateway_agrees().await;
}

#[rstest]
#[case(true, false)]
#[case(false, false)]
#[case(true, true)]
#[tokio::test]
async fn what_is_won_is_earned_when_the_work_is_done_and_another_try_was_never_approved(
    #[case] is_won_before: bool,
    #[case] approves_late: bool,
) {
    let w = World::instant().await;
    let (booking, first) = w.taken_back("disputed_won").await;
    let second = w.pay(&booking, "3ds").await.expect(201);
    if is_won_before {
        w.bank_decides().await;
        w.complete(&booking).await;
    } else {
        w.complete(&booking).await;
        w.bank_decides().await;
    }
    if approves_late {
        w.sandbox.decide(&second.str("transaction_id"), true).await.unwrap();
    }
    w.later(10).await;
    w.tell().await;
    w.later(10).await;
    assert_eq!(w.state(&booking).await, "completed paid");
    assert_eq!([w.status(&first).await, w.status(&second.str("id")).await], ["completed", "cancelled"]);
    assert_eq!(w.books().await, "clearing 4990, commission 748, provider_pending 4242");
    assert!(w.owed().await.is_empty());
    w.gateway_agrees().await;
}

#[rstest]
#[case("disputed_lost")]
#[case("disputed_won")]
#[tokio::test]
async fn a_booking_that_is_cancelled_while_the_bank_decides_pays_nobody(#[case] card: &str) {
    for by_provider in [false, true] {
        let w = World::instant().await;
        let (booking, _) = w.taken_back(card).await;
        w.cancel(if by_provider { &w.bob } else { &w.ann }, &booking).await;
        w.pay(&booking, "visa").await.refused(409, "not_payable");
        w.bank_decides().await;
        w.later(1).await;
        assert_eq!(w.books().await, "", "{card} {by_provider}");
        assert!(w.owed().await.is_empty());
        w.gateway_agrees().await;
    }
}

#[tokio::test]
async fn what_was_left_of_a_mixed_payment_goes_back_when_it_is_paid_anew() {
    let w = World::with_credits(true).await;
    let booking = w.book("card", "immediate").await;
    w.pay_mixed(&booking, "disputed_lost", 20).await.expect(201);
    w.later(3).await;
    w.tell().await;
    assert_eq!(w.state(&booking).await, "confirmed partially_paid");
    w.pay(&booking, "visa").await.expect(201);
    w.t.run_jobs().await;
    w.bank_decides().await;
    assert_eq!(w.books().await, "clearing 7490, credits 2500, escrow 4990");
    w.gateway_agrees().await;
}

#[rstest]
#[case("disputed_won")]
#[case("disputed_lost")]
#[tokio::test]
async fn a_plan_waits_for_the_bank(#[case] card: &str) {
    let w = World::instant().await;
    let booking = w.book_at("2026-03-30", "10:00", "card", "installment").await;
    let body = json!({"booking_id": booking, "count": 2, "interval": "weekly",
        "payment_method_id": format!("pm_sandbox_{card}")});
    let payment = w.ann.post("/payments/installments/", body).await.expect(201).str("id");
    w.later(3).await;
    w.tell().await;
    assert_eq!(w.state(&booking).await, "confirmed unpaid");
    sqlx::query!("update payments set method = 'pm_sandbox_visa'").execute(&w.t.app.db).await.unwrap();
    // The next part is due while nobody knows.
    w.days(8).await;
    assert_eq!(w.gateway_book().await.matches("charge").count(), 1);
    w.bank_decides().await;
    w.later(30).await;
    if card == "disputed_won" {
        assert_eq!(
            (w.state(&booking).await.as_str(), w.status(&payment).await.as_str()),
            ("confirmed paid", "completed")
        );
        assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    } else {
        assert_eq!(w.state(&booking).await, "confirmed unpaid");
        w.pay(&booking, "visa").await.expect(201);
        assert_eq!(w.books().await, "clearing 4990, escrow 4990");
    }
    w.gateway_agrees().await;
}
