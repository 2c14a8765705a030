//! The phrases that titles, descriptions, notes and names are composed from, in three languages.
use crate::{chance::Chance, places::Country};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The offers of one top category each; the file's name is its slug.
const OFFERS: [(&str, &str); 11] = [
    ("cleaning", include_str!("../data/offers/cleaning.json")),
    ("trades", include_str!("../data/offers/trades.json")),
    ("garden", include_str!("../data/offers/garden.json")),
    ("moving", include_str!("../data/offers/moving.json")),
    ("lessons", include_str!("../data/offers/lessons.json")),
    ("beauty", include_str!("../data/offers/beauty.json")),
    ("fitness", include_str!("../data/offers/fitness.json")),
    ("pets", include_str!("../data/offers/pets.json")),
    ("events", include_str!("../data/offers/events.json")),
    ("technology", include_str!("../data/offers/technology.json")),
    ("family", include_str!("../data/offers/family.json")),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
    Italian,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::English, Self::German, Self::Italian];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Italian => "it",
        }
    }
}

/// One phrase in English, German and Italian, in that order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Wording([String; 3]);

impl Wording {
    pub(crate) fn to(&self, language: Language) -> &str {
        let [english, german, italian] = &self.0;
        match language {
            Language::English => english,
            Language::German => german,
            Language::Italian => italian,
        }
    }

    /// `{"en": "…", "de": "…", "it": "…"}`, as the database keeps it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        Language::ALL.into_iter().map(|language| (language.code(), self.to(language))).collect()
    }
}

/// What people of one trade offer: a top category with the offers of its children.
#[derive(Debug, Deserialize)]
pub(crate) struct Trade {
    /// How a business of that trade is called; `{name}` is the owner's.
    #[serde(rename = "trade")]
    pub(crate) business: Wording,
    /// By the slug of the child category.
    pub(crate) categories: BTreeMap<String, Offer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Offer {
    /// From the shortest to the longest appointment, in euro cents.
    pub(crate) price: [i64; 2],
    pub(crate) minutes: Vec<i64>,
    pub(crate) titles: Vec<Wording>,
    pub(crate) details: Vec<Wording>,
}

/// Phrases that fit every category.
#[derive(Debug, Deserialize)]
pub(crate) struct Phrases {
    pub(crate) suffixes: Vec<Wording>,
    pub(crate) sentences: Vec<Wording>,
    pub(crate) introductions: Vec<Wording>,
    pub(crate) notes: Vec<Wording>,
    pub(crate) customer_reasons: Vec<Wording>,
    pub(crate) provider_reasons: Vec<Wording>,
    pub(crate) decline_reasons: Vec<Wording>,
    pub(crate) days_off: Vec<Wording>,
}

#[derive(Debug, Deserialize)]
struct Names {
    first: Vec<String>,
    last: Vec<String>,
    streets: Vec<String>,
}

/// Everything that is read from the data files.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) trades: Vec<(&'static str, Trade)>,
    pub(crate) phrases: Phrases,
    names: BTreeMap<String, Names>,
}

impl Texts {
    pub(crate) fn load() -> anyhow::Result<Self> {
        let trades = OFFERS
            .into_iter()
            .map(|(slug, text)| Ok((slug, serde_json::from_str(text)?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            trades,
            phrases: serde_json::from_str(include_str!("../data/phrases.json"))?,
            names: serde_json::from_str(include_str!("../data/names.json"))?,
        })
    }

    pub(crate) fn trade(&self, slug: &str) -> anyhow::Result<&Trade> {
        let found = self.trades.iter().find(|(name, _)| *name == slug);
        found.map(|(_, trade)| trade).ok_or_else(|| anyhow::anyhow!("no trade {slug}"))
    }

    /// First and last name of somebody from that country.
    pub(crate) fn name(&self, country: Country, chance: &mut Chance) -> (&str, &str) {
        let Some(names) = self.names.get(country.code()) else { return ("Demo", "Demo") };
        (chance.pick(&names.first).as_str(), chance.pick(&names.last).as_str())
    }

    /// Street and number as that country writes them.
    pub(crate) fn street(&self, country: Country, chance: &mut Chance) -> String {
        let Some(names) = self.names.get(country.code()) else { return String::new() };
        let street = chance.pick(&names.streets);
        let number = chance.between(1, 140);
        match country {
            Country::Germany | Country::Italy => format!("{street} {number}"),
            Country::UnitedKingdom => format!("{number} {street}"),
        }
    }
}

/// What the braces in a phrase stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blanks<'a> {
    pub(crate) city: &'a str,
    pub(crate) years: i64,
    pub(crate) radius: i64,
}

impl Blanks<'_> {
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        text.replace("{city}", self.city)
            .replace("{years}", &self.years.to_string())
            .replace("{radius}", &self.radius.to_string())
    }
}

/// A name as it stands in an address: lower case, no accents, nothing but letters.
pub(crate) fn address_part(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'ı' => out.push('i'),
            'a'..='z' => out.push(letter),
            _ => {}
        }
    }
    out
}
