//! SMTP, against aiosmtpd.

use jiff::Timestamp;
use lettre::message::Mailbox;
use platform::{
    ports::mailer::{Mail, MailError, Mailer},
    time::Clock,
};
use rstest::rstest;
use secrecy::SecretString;
use tempfile::TempDir;

use super::programs::Program;
use crate::mail_smtp::{SmtpMailer, sender};

fn mailer(url: &str) -> anyhow::Result<SmtpMailer> {
    let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    let from: Mailbox = sender("SkillBuddy <hello@skillbuddy.app>").unwrap();
    SmtpMailer::new(&SecretString::from(url), from, Clock::manual(now.into()))
}

fn mail(to: &str, subject: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: "Ihr Code: 123456\nGrüße".to_owned(),
        html: "<p>Ihr Code: <b>123456</b><br>Grüße</p>".to_owned(),
        unsubscribe: None,
    }
}

/// What the server delivered, as it came.
fn delivered(directory: &TempDir) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(directory.path().join("mails/new")) else { return Vec::new() };
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap().replace("\r\n", "\n")).collect()
}

/// Without what differs from run to run.
fn masked(mail: &str) -> String {
    let boundary =
        mail.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a boundary");
    let mask = |line: &str| match line.split_once(": ") {
        Some(("Message-ID", id)) => {
            let random = id
                .strip_prefix('<')
                .and_then(|id| id.strip_suffix("@skillbuddy.app>"))
                .expect("an id of our domain");
            assert!(random.len() == 32 && random.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
            "Message-ID: <[random]@skillbuddy.app>".to_owned()
        }
        Some(("X-Peer", _)) => "X-Peer: [peer]".to_owned(),
        _ => line.replace(boundary, "[boundary]"),
    };
    mail.lines().map(mask).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_mail_arrives_with_both_parts_and_all_headers() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    mailer.send(mail("max@example.com", "Ihr Bestätigungscode für SkillBuddy ✓")).await.unwrap();
    insta::assert_snapshot!(masked(&delivered(&directory)[0]));
}

#[tokio::test]
async fn one_connection_carries_many_mails_to_many_people() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    for name in ["ada", "ben", "o'neil+tag"] {
        mailer.send(mail(&format!("{name}@example.com"), "Hello")).await.unwrap();
    }
    let mut to: Vec<_> = delivered(&directory)
        .iter()
        .map(|mail| mail.lines().find(|line| line.starts_with("To: ")).unwrap().to_owned())
        .collect();
    to.sort();
    assert_eq!(to, ["To: ada@example.com", "To: ben@example.com", "To: o'neil+tag@example.com"]);
}

#[tokio::test]
async fn a_subject_cannot_add_headers() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    for subject in [
        "Hi\r\nBcc: eve@example.com",
        "Hi\nBcc: eve@example.com\n\nbody",
        "Hi\u{0}\u{85}\u{2028}Bcc: eve@example.com",
    ] {
        mailer.send(mail("max@example.com", subject)).await.unwrap();
    }
    let mails = delivered(&directory);
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert!(!mail.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{mail}");
        assert!(mail.contains("\nX-RcptTo: max@example.com\n"), "{mail}");
        let subject = mail.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        assert!(subject.starts_with("Hi ") && subject.contains(" Bcc: eve@example.com"), "{subject}");
    }
}

#[tokio::test]
async fn a_mail_that_can_be_ended_says_how() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    // Longer than a line that is folded or encoded.
    let link = format!("https://skillbuddy.app/notifications/unsubscribe/?token={}", "a-Z_9".repeat(60));
    mailer.send(Mail { unsubscribe: Some(link.clone()), ..mail("max@example.com", "Hello") }).await.unwrap();
    mailer.send(mail("ada@example.com", "Hello")).await.unwrap();
    let mails = delivered(&directory);
    let to =
        |name: &str| mails.iter().find(|mail| mail.contains(&format!("\nTo: {name}@example.com\n"))).unwrap();
    assert!(to("max").contains(&format!("\nList-Unsubscribe: <{link}>\n")), "{}", to("max"));
    assert!(to("max").contains("\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"), "{}", to("max"));
    assert!(!to("ada").contains("List-Unsubscribe"), "{}", to("ada"));
}

#[rstest]
#[case("https://skillbuddy.app/\r\nBcc: eve@example.com")]
#[case("https://skillbuddy.app/>, <mailto:eve@example.com")]
#[case("https://skillbuddy.app/a b")]
#[case("https://skillbuddy.app/über")]
#[case("mailto:eve@example.com")]
#[case("/notifications/unsubscribe/")]
#[case(&format!("https://skillbuddy.app/{}", "a".repeat(1000)))]
#[case("")]
#[tokio::test]
async fn a_link_that_ends_mails_is_one_url(#[case] link: &str) {
    let mail = Mail { unsubscribe: Some(link.to_owned()), ..mail("max@example.com", "Hello") };
    let error = mailer("smtp://127.0.0.1:1").unwrap().send(mail).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "the link that ends mails of this kind is not a URL");
}

#[rstest]
#[case("max@example.com\r\nBcc: eve@example.com")]
#[case("max@example.com, eve@example.com")]
#[case("max@example.com>\r\nRCPT TO:<eve@example.com")]
#[case("Max <max@example.com>")]
#[case("max")]
#[case("")]
#[tokio::test]
async fn only_one_plain_address_is_a_recipient(#[case] to: &str) {
    // Nobody listens there: a mail that is wrong in itself does not get so far.
    let error = mailer("smtp://127.0.0.1:1").unwrap().send(mail(to, "Hello")).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "the recipient is not a mail address");
}

#[tokio::test]
async fn a_refused_mail_is_an_error_without_the_address() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    let error = mailer.send(mail("spam@example.com", "Hello")).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "the mail server refused the mail for good: 550");
    // And the connection is of use for the next one.
    mailer.send(mail("max@example.com", "Hello")).await.unwrap();
    assert_eq!(delivered(&directory).len(), 1);
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_told_from_a_mail_that_is_not_wanted() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    let nobody = mailer.send(mail("nobody@example.com", "Hello")).await.unwrap_err();
    assert!(matches!(nobody, MailError::NoMailbox), "{nobody:#}");
    for wanted_another_time in ["spam@example.com", "full@example.com"] {
        let error = mailer.send(mail(wanted_another_time, "Hello")).await.unwrap_err();
        assert!(matches!(error, MailError::Other(_)), "{error:#}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error() {
    let error =
        mailer("smtp://127.0.0.1:1").unwrap().send(mail("max@example.com", "Hello")).await.unwrap_err();
    assert!(format!("{error:#}").starts_with("the mail server cannot be reached"), "{error:#}");
}

#[tokio::test]
async fn the_account_of_the_url_signs_in() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "login").await;
    let url = |password: &str| format!("smtp://hello:{password}@127.0.0.1:{}", server.port);
    let error = mailer(&url("wrong")).unwrap().send(mail("max@example.com", "Hello")).await.unwrap_err();
    assert!(format!("{error:#}").ends_with("535"), "{error:#}");
    mailer(&url("secret")).unwrap().send(mail("max@example.com", "Hello")).await.unwrap();
    assert_eq!(delivered(&directory).len(), 1);
}

#[tokio::test]
async fn a_server_with_a_certificate_that_nobody_trusts_gets_no_mail() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "tls").await;
    let url = format!("smtp://hello:secret@localhost:{}?tls=required", server.port);
    let error = mailer(&url).unwrap().send(mail("max@example.com", "Hello")).await.unwrap_err();
    assert!(!format!("{error:#}").contains("secret"), "{error:#}");
    assert_eq!(delivered(&directory).len(), 0);
}

#[tokio::test]
async fn a_server_without_tls_gets_no_mail_where_tls_is_required() {
    let directory = TempDir::new().unwrap();
    let server = Program::smtp(directory.path(), "").await;
    let mailer = mailer(&format!("smtp://localhost:{}?tls=required", server.port)).unwrap();
    mailer.send(mail("max@example.com", "Hello")).await.unwrap_err();
    assert_eq!(delivered(&directory).len(), 0);
}
