//! The outbox of development, through HTTP.

use platform::{
    ports::{
        mailer::{Mail, Mailer},
        sms::{Sms, SmsSender},
    },
    testing::TestApp,
};

use crate::{dev_outbox_router, mail_outbox::OutboxMailer, sms_outbox::OutboxSms};

async fn with_two_mails_and_an_sms() -> TestApp {
    let test = TestApp::start(dev_outbox_router()).await;
    for (to, subject) in [("max@example.com", "First"), ("Ada+x@example.com", "Second <script>")] {
        send_mail(&test, to, subject).await;
    }
    let sms = Sms { to: "+4930123456".into(), text: "Your code is 123456".into() };
    OutboxSms::new(test.app.db.clone(), test.app.clock.clone()).send(sms).await.unwrap();
    test
}

async fn send_mail(test: &TestApp, to: &str, subject: &str) {
    let mail = Mail {
        to: to.into(),
        subject: subject.into(),
        text: "Open https://skillbuddy.app/verify?token=a&b=<c> now\n<script>alert(1)</script> javascript:alert(1)".into(),
        html: "<a href='https://skillbuddy.app'>Open</a><script>alert(1)</script>".into(),
        unsubscribe: None,
    };
    OutboxMailer::new(test.app.db.clone(), test.app.clock.clone()).send(mail).await.unwrap();
}

#[tokio::test]
async fn the_newest_come_first() {
    let test = with_two_mails_and_an_sms().await;
    let answer = test.anonymous().get("/dev/outbox/").await.expect(200);
    insta::assert_snapshot!(answer.masked());
}

#[tokio::test]
async fn the_list_can_be_narrowed_to_a_recipient_and_a_channel() {
    let test = with_two_mails_and_an_sms().await;
    for (query, subjects) in [
        ("?to=MAX@example.com", vec!["\"First\""]),
        ("?to=ada+x@example.com", vec!["\"Second <script>\""]),
        ("?to=ada%2Bx@example.com", vec!["\"Second <script>\""]),
        ("?to=+4930123456", vec!["null"]),
        ("?channel=sms", vec!["null"]),
        ("?channel=mail", vec!["\"Second <script>\"", "\"First\""]),
        ("?channel=mail&to=%2B4930123456", vec![]),
    ] {
        let answer = test.anonymous().get(&format!("/dev/outbox/{query}")).await.expect(200);
        let found: Vec<_> =
            answer["results"].as_array().unwrap().iter().map(|r| r["subject"].to_string()).collect();
        assert_eq!(found, subjects, "{query}");
    }
    test.anonymous().get("/dev/outbox/?channel=pigeon").await.refused(422, "validation_failed");
}

#[tokio::test]
async fn pages_lead_on() {
    let test = with_two_mails_and_an_sms().await;
    let first = test.anonymous().get("/dev/outbox/?page_size=2").await.expect(200);
    let next = first.str("next").replace("http://localhost:8000", "");
    let second = test.anonymous().get(&next).await.expect(200);
    assert_eq!(second["results"][0]["subject"], "First");
    assert_eq!((&second["count"], &second["next"]), (&3.into(), &serde_json::Value::Null));
}

#[tokio::test]
async fn the_oldest_go_once_in_a_while_until_a_thousand_are_left() {
    let test = TestApp::start(dev_outbox_router()).await;
    sqlx::query!(
        "insert into dev_outbox (channel, recipient, text, created_at) select 'sms', '+491', n::text, now() from generate_series(1, 1099) n"
    )
    .execute(&test.app.db)
    .await
    .unwrap();
    send_mail(&test, "max@example.com", "The newest").await;
    let kept = sqlx::query!(r#"select count(*) as "count!", min(id) as "oldest!" from dev_outbox"#);
    let kept = kept.fetch_one(&test.app.db).await.unwrap();
    assert_eq!((kept.count, kept.oldest), (1000, 101));
}

#[tokio::test]
async fn a_browser_gets_a_page_on_which_nothing_runs() {
    let test = with_two_mails_and_an_sms().await;
    let browser = test.anonymous().with("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let answer = browser.get("/dev/outbox/").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
        "{policy}"
    );
    assert!(!answer.text().contains("<script"), "{}", answer.text());
    insta::assert_snapshot!(answer.text());
}

#[tokio::test]
async fn outside_development_it_does_not_exist() {
    let registry = platform::jobs::Registry::default();
    let authenticator = std::sync::Arc::new(platform::testing::TokenIsUserId);
    let test =
        TestApp::with(dev_outbox_router(), registry, authenticator, &["--environment", "production"]).await;
    test.anonymous().get("/dev/outbox/").await.refused(404, "not_found");
}
