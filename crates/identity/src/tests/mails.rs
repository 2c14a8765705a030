//! What the mails say.

use platform::locale::Language;

use super::*;
use crate::{mail::Letter, throttle::Device};

fn letters(w: &World) -> Vec<Letter> {
    let device = Device {
        name: Some("<b>Ada's</b> phone".into()),
        ip: "203.0.113.7".into(),
        user_agent: None,
        token: None,
    };
    vec![
        Letter::VerifyEmail { code: "042317".into(), link: "LINK".into() },
        Letter::ResetPassword { token: "TOKEN".into() },
        Letter::new_device(&device, w.t.now()),
        Letter::PasswordChanged,
        Letter::email_changed("king@example.com"),
        Letter::AccountClosing { due_at: w.t.now() },
        Letter::AccountRestored,
    ]
}

#[tokio::test]
async fn every_mail_has_every_language_as_text_and_html() {
    let w = World::start().await;
    let mut texts = String::new();
    for language in Language::ALL {
        for letter in letters(&w) {
            let mail = letter.write(&w.t.app, "ada@example.com".into(), language).unwrap();
            for part in [&mail.subject, &mail.text, &mail.html] {
                assert!(!part.contains("mail-") && !part.contains("{ $"), "{language}: {part}");
            }
            assert!(
                !mail.subject.contains('\n') && mail.html.contains(&format!("<html lang=\"{language}\""))
            );
            assert!(!mail.html.contains("<b>Ada"), "{}", mail.html);
            texts.extend([format!("=== {language}: {}\n", mail.subject), mail.text, "\n".to_owned()]);
        }
    }
    insta::assert_snapshot!(texts);
}

#[tokio::test]
async fn a_mail_looks_like_this() {
    let w = World::start().await;
    let letter = Letter::VerifyEmail { code: "042317".into(), link: "LINK".into() };
    insta::assert_snapshot!(letter.write(&w.t.app, "ada@example.com".into(), Language::En).unwrap().html);
}
