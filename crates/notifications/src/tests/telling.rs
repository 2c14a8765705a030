//! Who hears of what, and how often.

use bookings::BookingChanged;
use futures_util::future::join_all;
use platform::{auth::StaffRole, jobs::Job as _};
use serde_json::json;

use super::{World, shape};
use crate::jobs::TellOfBooking;

#[tokio::test]
async fn the_side_that_did_not_do_it_hears_of_a_booking() {
    let w = World::new().await;
    let booking = w.book().await;
    w.t.run_jobs().await;
    assert_eq!((w.told(&w.ann).await, w.told(&w.bob).await), (vec![], vec!["booking_requested".to_owned()]));
    shape!(w.bob.get("/notifications/").await);
    w.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
    w.t.run_jobs().await;
    assert_eq!(w.told(&w.ann).await, ["booking_accepted"]);
    w.cancel(&w.ann, &booking).await;
    assert_eq!(w.told(&w.ann).await, ["booking_accepted"]);
    assert_eq!(w.told(&w.bob).await, ["booking_cancelled", "booking_requested"]);
}

#[tokio::test]
async fn ten_deliveries_of_one_event_at_once_are_one_message() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    w.book().await;
    let event = sqlx::query_scalar!("select payload from outbox where topic = 'bookings.changed'");
    let event: BookingChanged = serde_json::from_value(event.fetch_one(&w.t.app.db).await.unwrap()).unwrap();
    let all = (0..10).map(|_| TellOfBooking { event: event.clone() }.run(&w.t.app));
    for told in join_all(all).await {
        told.unwrap();
    }
    w.t.run_jobs().await;
    assert_eq!(w.told(&w.bob).await, ["booking_requested"]);
    assert_eq!(w.deliveries(&w.bob).await.len(), 2);
    assert_eq!(w.t.mailer.take().len(), 1);
    let events = sqlx::query_scalar!(
        "select kind from user_events where user_id = $1 and kind like 'notification.%'",
        w.bob.id() as _
    );
    assert_eq!(events.fetch_all(&w.t.app.db).await.unwrap(), ["notification.created"]);
}

#[tokio::test]
async fn words_are_those_of_the_reader() {
    let w = World::new().await;
    w.confirmed().await;
    let list = w.ann.get("/notifications/?lang=de").await.expect(200);
    assert_eq!(list["results"][0]["title"], "Buchung angenommen");
    assert_eq!(
        list["results"][0]["message"],
        "Bob Weber hat „Window cleaning“ angenommen: 4. März 2026 um 10:00 Uhr."
    );
}

#[tokio::test]
async fn people_are_reminded_a_day_and_two_hours_before() {
    let w = World::new().await;
    w.confirmed().await;
    w.at("2026-03-03T08:59:59Z").await;
    assert_eq!(w.told(&w.ann).await, ["booking_accepted"]);
    w.at("2026-03-03T09:00:00Z").await;
    assert_eq!(w.told(&w.ann).await, ["booking_tomorrow", "booking_accepted"]);
    w.at("2026-03-04T07:00:00Z").await;
    assert_eq!(w.told(&w.ann).await, ["booking_soon", "booking_tomorrow", "booking_accepted"]);
    assert_eq!(w.told(&w.bob).await, ["booking_soon", "booking_tomorrow", "booking_requested"]);
}

#[tokio::test]
async fn reminders_are_moved_with_a_booking_and_dropped_with_it() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    let moved = json!({"scheduled_date": "2026-03-06", "scheduled_time": "12:00"});
    w.ann.put(&format!("/bookings/{booking}/reschedule/"), moved).await.expect(200);
    w.bob.put(&format!("/bookings/{booking}/reschedule/accept/"), json!({})).await.expect(200);
    w.t.run_jobs().await;
    w.at("2026-03-04T12:00:00Z").await;
    assert!(!w.told(&w.ann).await.contains(&"booking_tomorrow".to_owned()));
    assert_eq!(w.reminders().await, ["05 11:00", "06 09:00"]);
    w.cancel(&w.ann, &booking).await;
    assert!(w.reminders().await.is_empty());
}

#[tokio::test]
async fn a_payer_gets_the_receipt_and_the_credit_note_by_mail() {
    let w = World::new().await;
    let body = json!({"service_id": w.service, "scheduled_date": "2026-03-04", "scheduled_time": "10:00",
        "payment_method": "card", "payment_type": "immediate"});
    let booking = w.ann.post("/bookings/", body).await.expect(201).str("id");
    let body = json!({"booking_id": booking, "payment_type": "immediate", "payment_method": "card",
        "payment_method_id": "pm_sandbox_visa"});
    let payment = w.ann.post("/payments/process/", body).await.expect(201).str("id");
    w.t.run_jobs().await;
    w.bob.put(&format!("/providers/jobs/{booking}/accept/"), json!({})).await.expect(200);
    w.later(5).await;
    w.later(5).await;
    let mails = w.t.mailer.take();
    let receipt = mails.iter().find(|mail| mail.subject.starts_with("Your receipt")).unwrap();
    assert_eq!(receipt.to, "ann.lee@example.com");
    assert!(receipt.text.contains("€49.90") && receipt.text.contains("SB-00000001"), "{}", receipt.text);
    assert!(receipt.text.contains(&format!("/payments/{payment}/receipt/")), "{}", receipt.text);
    let refund = json!({"payment_id": payment, "amount": 10, "reason": "A window was missed."});
    w.bob.post("/payments/refund/", refund).await.expect(201);
    w.later(5).await;
    w.later(5).await;
    let mails = w.t.mailer.take();
    let note = mails.iter().find(|mail| mail.subject.starts_with("Refund")).unwrap();
    assert!(note.text.contains("€10.00") && note.text.contains("SB-00000002"), "{}", note.text);
}

#[tokio::test]
async fn a_provider_is_told_when_their_payout_account_changes() {
    let w = World::new().await;
    let account = json!({"country": "DE", "bank_token": "ba_sandbox_good"});
    w.bob.put("/providers/payout-account/", account).await.expect(200);
    w.t.run_jobs().await;
    assert!(w.told(&w.bob).await.contains(&"payout_account_changed".to_owned()));
}

#[tokio::test]
async fn whoever_reported_hears_what_came_of_it() {
    let w = World::new().await;
    let report = |n: u128, is_upheld| chat::ReportDecided {
        report_id: platform::ids::ReportId::from(uuid::Uuid::from_u128(n)),
        reporter_id: w.ann.id(),
        is_upheld,
    };
    for (n, is_upheld, told) in [(1, true, "report_upheld"), (2, false, "report_rejected")] {
        let mut db = w.t.app.db.acquire().await.unwrap();
        platform::outbox::emit(&mut db, &report(n, is_upheld), w.t.now()).await.unwrap();
        w.later(1).await;
        assert_eq!(w.told(&w.ann).await[0], told);
    }
    assert!(w.told(&w.bob).await.is_empty(), "whom it is about hears nothing");
}

#[tokio::test]
async fn a_report_that_is_late_is_brought_to_all_who_could_decide() {
    let w = World::new().await;
    let staff = |name: &'static str, role| w.t.staff(name, role);
    let deciders =
        [staff("Mo Derator", StaffRole::Moderator).await, staff("Sue Per", StaffRole::Superuser).await];
    let others = [staff("Finn", StaffRole::Finance).await, w.t.user("Eve").await];
    let event = chat::ReportOverdue { report_id: platform::ids::ReportId::at(w.t.now()) };
    let mut db = w.t.app.db.acquire().await.unwrap();
    platform::outbox::emit(&mut db, &event, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
    for decider in &deciders {
        assert_eq!(w.told(decider).await, ["report_overdue"]);
    }
    for other in &others {
        assert!(w.told(other).await.is_empty());
    }
}
