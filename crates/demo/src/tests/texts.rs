//! Every phrase exists in three languages and says the same in each.
use super::{everything, world};
use crate::{
    categories,
    texts::{Language, Texts, Wording, address_part},
};
use std::collections::BTreeSet;

fn blanks(text: &str) -> Vec<&str> {
    let mut blanks: Vec<_> = text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
    blanks.sort_unstable();
    blanks
}

fn check(wording: &Wording) {
    let english = wording.to(Language::English);
    for language in Language::ALL {
        let text = wording.to(language);
        assert!(!text.trim().is_empty(), "{english} lacks {}", language.code());
        assert_eq!(blanks(text), blanks(english), "{text}");
        assert!(
            blanks(text).iter().all(|blank| ["city", "years", "radius", "name"].contains(blank)),
            "{text}"
        );
    }
}

#[test]
fn every_phrase_has_three_languages_with_the_same_blanks() {
    let texts = Texts::load().unwrap();
    let phrases = &texts.phrases;
    let general = [
        &phrases.suffixes,
        &phrases.sentences,
        &phrases.introductions,
        &phrases.notes,
        &phrases.customer_reasons,
        &phrases.provider_reasons,
        &phrases.decline_reasons,
        &phrases.days_off,
    ];
    general.into_iter().flatten().for_each(check);
    for (_, trade) in &texts.trades {
        check(&trade.business);
        trade.categories.values().flat_map(|offer| offer.titles.iter().chain(&offer.details)).for_each(check);
    }
}

#[test]
fn every_child_category_has_offers_that_fit_into_half_a_day() {
    let texts = Texts::load().unwrap();
    let offered: BTreeSet<_> = texts
        .trades
        .iter()
        .flat_map(|(top, trade)| trade.categories.keys().map(|child| ((*top).to_owned(), child.clone())))
        .collect();
    assert_eq!(offered, categories::children().unwrap().into_iter().collect());
    for offer in texts.trades.iter().flat_map(|(_, trade)| trade.categories.values()) {
        assert!(offer.minutes.iter().all(|minutes| (5..=240).contains(minutes)));
        assert!(offer.titles.len() == 5 && offer.details.len() == 3);
        assert!(offer.price.is_sorted());
    }
}

#[test]
fn titles_vary_and_have_no_blanks_left() {
    let services = everything(&world(1_000, 4)).services;
    let titles: BTreeSet<_> = services.iter().map(|service| &service.title).collect();
    assert!(titles.len() > 500, "{} titles", titles.len());
    for service in &services {
        let texts = [&service.title, &service.description];
        assert!(texts.iter().all(|text| !text.contains(['{', '}'])), "{texts:?}");
        assert!(!service.translations.contains("{city}"));
        assert!(service.title.chars().count() <= 120);
    }
}

#[test]
fn names_become_addresses() {
    assert_eq!(address_part("Jürgen"), "juergen");
    assert_eq!(address_part("De Luca"), "deluca");
    assert_eq!(address_part("Yılmaz"), "yilmaz");
}
