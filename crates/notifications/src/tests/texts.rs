//! What messages say.

use std::fmt::Write as _;

use platform::locale::Language;
use strum::VariantArray as _;

use super::World;
use crate::{
    model::{Args, Template},
    render,
    routes::sample,
    wording::Wordings,
};

#[tokio::test]
async fn every_message_has_every_language() {
    let w = World::new().await;
    let mut texts = String::new();
    for language in Language::ALL {
        for template in Template::VARIANTS {
            let said =
                render::words(&Wordings::default(), *template, &sample(&w.t.app, *template), 3, language);
            for part in [&said.title, &said.body] {
                assert!(
                    !part.is_empty() && !part.contains("notification-") && !part.contains('{'),
                    "{language}: {part}"
                );
            }
            writeln!(texts, "{language} {}: {} | {}", template.name(), said.title, said.body).unwrap();
        }
    }
    insta::assert_snapshot!(texts);
}

#[test]
fn what_has_no_name_is_left_out() {
    let args = Args {
        amount: Some((1000, platform::money::Currency::EUR)),
        number: Some("SB-00000001".to_owned()),
        ..Args::default()
    };
    let said =
        |language| render::words(&Wordings::default(), Template::PaymentReceived, &args, 1, language).body;
    assert_eq!(
        said(Language::En),
        "We have received €10.00. Thank you. Your receipt has the number SB-00000001."
    );
    assert!(said(Language::De).starts_with("Wir haben 10,00\u{a0}€ erhalten."));
}

#[test]
fn one_is_not_many() {
    let said = |count| render::gathered(count, Language::It).body;
    assert_eq!((said(1).as_str(), said(2).as_str()), ("1 nuova notifica", "2 nuove notifiche"));
}

#[tokio::test]
async fn templates_can_be_looked_at_in_development() {
    let w = World::new().await;
    let page = w.t.anonymous().get("/dev/templates/").await.expect(200);
    let text = page.text();
    for part in ["booking_cancelled", "Buchung storniert", "Prenotazione annullata", "SkillBuddy: "] {
        assert!(text.contains(part), "{part}");
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}
