//! Mailboxes and phones that answer.

use serde_json::{Value, json};

use super::World;

impl World {
    /// Bob's address is not Bob's any more.
    async fn bob_moves_out(&self) {
        self.has_address("nobody.here@example.com").await;
    }

    async fn has_address(&self, address: &str) {
        sqlx::query!("update users set email = $2 where id = $1", self.bob.id() as _, address)
            .execute(&self.t.app.db)
            .await
            .unwrap();
    }

    /// A service reports.
    async fn report(&self, body: Value) {
        let service = self.t.anonymous().with("x-signed", "yes");
        service.post("/webhooks/twilio/", body).await.expect(204);
        self.t.run_jobs().await;
    }

    async fn mail_of_bob(&self) -> Vec<String> {
        let lines = self.deliveries(&self.bob).await;
        lines.into_iter().filter(|line| line.contains(" email ")).collect()
    }

    async fn is_stopped(&self, way: &str) -> Value {
        self.bob.get("/notifications/preferences/").await.expect(200)[way].clone()
    }
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_tried_once() {
    let w = World::new().await;
    w.bob_moves_out().await;
    w.book_at("10:00").await;
    w.t.run_jobs().await;
    w.book_at("14:00").await;
    w.later(3600).await;
    let tried = sqlx::query_scalar!(
        "select sum(attempts) from notification_deliveries where user_id = $1 and channel = 'email'",
        w.bob.id() as _
    );
    assert_eq!(w.mail_of_bob().await, ["booking_requested email suppressed no_mailbox"; 2]);
    assert_eq!(tried.fetch_one(&w.t.app.db).await.unwrap(), Some(2));
}

#[tokio::test]
async fn whoever_mail_does_not_reach_hears_of_it_in_the_app_once() {
    let w = World::new().await;
    w.device(&w.bob, "phone").await;
    w.bob_moves_out().await;
    for time in ["10:00", "12:00", "14:00"] {
        w.book_at(time).await;
        w.t.run_jobs().await;
    }
    let told = w.told(&w.bob).await;
    assert_eq!(told.iter().filter(|event| *event == "mailbox_unreachable").count(), 1, "{told:?}");
    assert!(w.pushes().iter().any(|push| push.starts_with("phone: Mail does not reach you | ")));
    assert_eq!(w.is_stopped("mail_stopped").await, json!(true));
}

#[tokio::test]
async fn a_mailbox_that_was_mended_gets_mail_when_its_owner_says_so_or_after_a_month() {
    let w = World::new().await;
    w.bob_moves_out().await;
    w.book().await;
    w.t.run_jobs().await;
    w.prefer(&w.bob, json!({"mail_stopped": false})).await;
    assert_eq!(w.is_stopped("mail_stopped").await, json!(false));
    w.book_at("14:00").await;
    w.t.run_jobs().await;
    assert_eq!(w.is_stopped("mail_stopped").await, json!(true), "it is not mended");
    w.later(30 * 24 * 3600).await;
    assert_eq!(w.is_stopped("mail_stopped").await, json!(false));
}

#[tokio::test]
async fn a_mail_that_comes_back_later_counts_as_one_that_was_not_taken() {
    let w = World::new().await;
    w.has_address("Bob.Weber@Example.com").await;
    w.report(json!([{"mail_bounced": "bob.weber@example.com"}, {"mail_bounced": "stranger@example.com"}]))
        .await;
    w.report(json!([{"mail_bounced": "bob.weber@example.com"}])).await;
    w.later(1).await;
    w.book().await;
    w.t.run_jobs().await;
    assert_eq!(w.mail_of_bob().await, ["booking_requested email suppressed no_mailbox"]);
    assert_eq!(w.told(&w.bob).await, ["booking_requested", "mailbox_unreachable"]);
    let kept = sqlx::query_scalar!("select address from mail_stops").fetch_all(&w.t.app.db).await.unwrap();
    assert_eq!(kept, ["bob.weber@example.com"], "strangers are not kept");
}

#[tokio::test]
async fn whoever_calls_a_mail_spam_gets_only_what_is_critical() {
    let w = World::new().await;
    w.report(json!([{"mail_complained": "bob.weber@example.com"}])).await;
    let booking = w.confirmed().await;
    w.cancel(&w.ann, &booking).await;
    assert_eq!(
        w.mail_of_bob().await,
        ["booking_requested email suppressed unwanted", "booking_cancelled email sent accepted"]
    );
    assert_eq!(w.told(&w.bob).await.last().unwrap(), "booking_requested", "and nothing about a mailbox");
    w.prefer(&w.bob, json!({"mail_stopped": false})).await;
    w.later(1).await;
    w.book_at("14:00").await;
    w.t.run_jobs().await;
    assert!(w.mail_of_bob().await.last().unwrap().ends_with("booking_requested email sent accepted"));
}

#[tokio::test]
async fn an_answer_by_sms_counts_at_once() {
    let w = World::new().await;
    w.phone(&w.bob, "+4915112345678").await;
    w.prefer(&w.bob, json!({"preferences": {"booking": {"sms": true}}})).await;
    w.report(json!([{"sms_stopped": "+4915112345678"}])).await;
    assert_eq!(w.is_stopped("sms_stopped").await, json!(true));
    w.book().await;
    w.t.run_jobs().await;
    assert!(w.t.sms.take().is_empty());
    w.report(json!([{"sms_started": "+4915112345678"}])).await;
    w.book_at("14:00").await;
    w.t.run_jobs().await;
    assert_eq!(w.t.sms.take().len(), 1);
}

#[tokio::test]
async fn a_report_of_many_mails_is_taken_and_one_without_end_is_not() {
    let w = World::new().await;
    let service = w.t.anonymous().with("x-signed", "yes");
    let many = |n: usize| {
        let all =
            (0..n).map(|n| json!({"mail_bounced": format!("stranger-{n}-{}@example.com", "x".repeat(40))}));
        let own = json!({"mail_bounced": "bob.weber@example.com"});
        Value::Array(all.chain([json!({"mail_bounced": "\0@example.com"}), own]).collect())
    };
    service.post("/webhooks/twilio/", many(8_000)).await.expect(204);
    assert_eq!(w.is_stopped("mail_stopped").await, json!(true));
    service.post("/webhooks/twilio/", many(16_000)).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn a_report_that_is_not_signed_moves_nothing() {
    let w = World::new().await;
    let forged = json!([{"mail_bounced": "bob.weber@example.com"}, {"sms_stopped": "+4915112345678"}]);
    w.t.anonymous().post("/webhooks/twilio/", forged).await.refused(400, "webhook_not_signed");
    let service = w.t.anonymous().with("x-signed", "yes");
    service.post("/webhooks/twilio/", json!({"what": "ever"})).await.refused(400, "webhook_not_readable");
    // Nobody of that name is set up.
    service.post("/webhooks/sendgrid/", json!([])).await.refused(404, "not_found");
    assert_eq!(w.is_stopped("mail_stopped").await, json!(false));
}
