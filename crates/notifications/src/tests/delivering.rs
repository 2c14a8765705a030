//! Messages on their way.

use platform::{auth::StaffRole, jobs::Job as _};
use serde_json::json;

use super::{World, shape};
use crate::jobs::Deliver;

#[tokio::test]
async fn a_mail_says_what_happened_and_how_to_end_it() {
    let w = World::new().await;
    let booking = w.confirmed().await;
    let mails = w.t.mailer.take();
    let mail = mails.iter().find(|mail| mail.to == "ann.lee@example.com").unwrap();
    assert_eq!(mail.subject, "Booking accepted");
    assert!(mail.text.contains(&format!("/bookings/{booking}/")), "{}", mail.text);
    assert!(
        mail.unsubscribe.as_deref().is_some_and(|link| link.contains("/notifications/unsubscribe/?token="))
    );
    assert!(mail.html.contains("Bob Weber has accepted"), "{}", mail.html);
}

#[tokio::test]
async fn a_name_breaks_no_subject_and_no_page() {
    let w = World::new().await;
    sqlx::query!("update users set name = E'<b>Ann\\nLee' where id = $1", w.ann.id() as _)
        .execute(&w.t.app.db)
        .await
        .unwrap();
    w.book().await;
    w.t.run_jobs().await;
    let mails = w.t.mailer.take();
    assert!(!mails[0].html.contains("<b>Ann") && !mails[0].subject.contains('\n'));
}

#[tokio::test]
async fn what_fails_is_tried_for_its_time_and_then_left() {
    let w = World::new().await;
    w.device(&w.bob, "down-1").await;
    w.device(&w.bob, "phone").await;
    w.prefer(&w.bob, json!({"preferences": {"booking": {"email": false}}})).await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.deliveries(&w.bob).await, ["booking_requested push failed the device does not answer"]);
    for _ in 0..90 {
        w.later(60).await;
    }
    assert_eq!(w.deliveries(&w.bob).await, ["booking_requested push dead the device does not answer"]);
    let attempts = sqlx::query_scalar!("select attempts from notification_deliveries");
    assert_eq!(attempts.fetch_one(&w.t.app.db).await.unwrap(), 9);
    // The device that took it was not asked again.
    assert_eq!(w.pushes().len(), 1);
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again() {
    let w = World::new().await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.t.mailer.take().len(), 1);
    let ids = sqlx::query_scalar!("select id from notification_deliveries").fetch_all(&w.t.app.db).await;
    for id in ids.unwrap() {
        Deliver { delivery_id: id }.run(&w.t.app).await.unwrap();
    }
    assert!(w.t.mailer.take().is_empty());
}

#[tokio::test]
async fn nobody_sends_what_somebody_else_is_sending() {
    let w = World::new().await;
    w.book().await;
    w.t.run_jobs().await;
    w.t.mailer.take();
    sqlx::query!(
        "update notification_deliveries set state = 'pending', claimed_until = $1",
        w.t.now().plus(jiff::SignedDuration::from_mins(2)) as _
    )
    .execute(&w.t.app.db)
    .await
    .unwrap();
    let id = sqlx::query_scalar!("select id from notification_deliveries where channel = 'email'");
    let id = id.fetch_one(&w.t.app.db).await.unwrap();
    Deliver { delivery_id: id }.run(&w.t.app).await.unwrap_err();
    // Whoever it was has died.
    w.t.advance(jiff::SignedDuration::from_mins(2));
    Deliver { delivery_id: id }.run(&w.t.app).await.unwrap();
    assert_eq!(w.t.mailer.take().len(), 1);
}

#[tokio::test]
async fn a_critical_push_that_nobody_reads_is_followed_by_an_sms() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    w.later(599).await;
    assert!(w.t.sms.take().is_empty());
    w.later(1).await;
    let sms = w.t.sms.take();
    assert_eq!(sms.len(), 1);
    assert_eq!(
        sms[0].text,
        "SkillBuddy: “Window cleaning” with Ann Lee on 4 March 2026 at 10:00 has been cancelled."
    );
}

#[tokio::test]
async fn a_critical_push_that_was_read_is_enough() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    w.bob.put("/notifications/", json!({"all": true, "is_read": true})).await.expect(200);
    w.later(600).await;
    assert!(w.t.sms.take().is_empty());
}

#[tokio::test]
async fn without_a_number_a_critical_message_is_mailed_even_where_mails_are_muted() {
    let w = World::new().await;
    w.prefer(&w.bob, json!({"preferences": {"booking": {"email": false}}})).await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    w.t.mailer.take();
    w.later(600).await;
    let mails = w.t.mailer.take();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "bob.weber@example.com"));
    w.later(600).await;
    assert!(w.t.mailer.take().is_empty());
}

#[tokio::test]
async fn a_number_that_said_stop_gets_no_sms() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    w.prefer(&w.bob, json!({"sms_stopped": true, "preferences": {"booking": {"sms": true}}})).await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    w.later(600).await;
    assert!(w.t.sms.take().is_empty());
    w.prefer(&w.bob, json!({"sms_stopped": false})).await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.t.sms.take().len(), 1);
}

#[tokio::test]
async fn whoever_answers_stop_gets_no_more_sms_and_hears_what_is_critical_by_mail() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    w.prefer(&w.bob, json!({"preferences": {"booking": {"email": false}}})).await;
    w.t.sms.stop("+4915112345678");
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    w.t.mailer.take();
    w.later(600).await;
    assert!(w.deliveries(&w.bob).await.iter().any(|line| line.ends_with("sms suppressed stopped")));
    let mails = w.t.mailer.take();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "bob.weber@example.com"));
    assert_eq!(w.bob.get("/notifications/preferences/").await["sms_stopped"], json!(true));
    w.later(600).await;
    assert!(w.t.mailer.take().is_empty());
}

#[tokio::test]
async fn nobody_gets_more_than_five_sms_a_day() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    w.prefer(&w.bob, json!({"preferences": {"booking": {"sms": true}}})).await;
    for _ in 0..4 {
        let booking = w.book().await;
        w.t.run_jobs().await;
        w.cancel(&w.ann, &booking).await;
    }
    assert_eq!(w.t.sms.take().len(), 5);
    assert!(w.deliveries(&w.bob).await.iter().any(|line| line.ends_with("sms suppressed too_many_sms")));
}

#[tokio::test]
async fn an_account_that_closes_loses_its_devices() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    let event = identity::AccountClosing { user_id: w.bob.id() };
    let mut db = w.t.app.db.acquire().await.unwrap();
    platform::outbox::emit(&mut db, &event, w.t.now()).await.unwrap();
    w.t.run_jobs().await;
    assert_eq!(w.bob.get("/notifications/devices/").await["results"], json!([]));
}

#[tokio::test]
async fn support_sees_what_was_sent_and_sends_it_again() {
    let w = World::new().await;
    let sue = w.t.staff("Sue Support", StaffRole::Support).await;
    w.device(&w.bob, "phone").await;
    w.book().await;
    w.t.run_jobs().await;
    w.t.mailer.take();
    let path = format!("/notifications/deliveries/?user_id={}", w.bob.id());
    let list = sue.get(&path).await.expect(200);
    assert_eq!(list["count"], 2);
    let all = list["results"].as_array().unwrap();
    let mail = all.iter().find(|one| one["channel"] == "email").unwrap();
    let resend = format!("/notifications/deliveries/{}/resend/", mail["id"].as_str().unwrap());
    for other in [&w.ann, &w.bob, &w.t.staff("Finn Finance", StaffRole::Finance).await] {
        other.get(&path).await.refused(403, "forbidden");
        other.post(&resend, json!({})).await.refused(403, "forbidden");
    }
    shape!(sue.post(&resend, json!({})).await);
    w.t.run_jobs().await;
    assert_eq!(w.t.mailer.take().len(), 1);
    let unknown = "/notifications/deliveries/00000000-0000-7000-8000-000000000000/resend/";
    sue.post(unknown, json!({})).await.refused(404, "not_found");
}
