//! The three languages: which one an answer is written in, and the texts themselves.
//!
//! Every sentence that a person reads stands in `locales/<language>/<feature>.ftl`, embedded in the binary.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use fluent_bundle::{
    FluentArgs, FluentResource, FluentValue,
    concurrent::FluentBundle,
    types::{FluentNumber, FluentNumberOptions},
};
use fluent_syntax::ast::Pattern;
use serde::{Deserialize, Serialize};
use unic_langid::{LanguageIdentifier, langid};

use crate::money::{Currency, Money};

/// A language that everything is available in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Language {
    /// English, where nothing else is asked for.
    #[default]
    En,
    /// German.
    De,
    /// Italian.
    It,
}

impl Language {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::It];

    /// `en`, `de`, `it`.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The best of ours for an `Accept-Language` header.
    pub fn accepted(header: &str) -> Option<Self> {
        // Headers can be long on purpose; a real one is short.
        let header = header.get(..header.len().min(256))?;
        let mut wanted: Vec<(u16, Self)> = header.split(',').filter_map(Self::accepted_range).collect();
        wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        wanted.first().map(|(_, language)| *language)
    }

    /// One part of the header, `de-AT;q=0.8`, with its weight in thousandths (RFC 9110, 12.4.2).
    fn accepted_range(range: &str) -> Option<(u16, Self)> {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next()?;
        let weight = match parts.find_map(|p| p.strip_prefix("q=")) {
            None | Some("1" | "1.0" | "1.00" | "1.000") => 1000,
            Some(q) => {
                format!("{:0<3}", q.strip_prefix("0.")?).parse().ok().filter(|w| (1..1000).contains(w))?
            }
        };
        let primary = tag.split('-').next()?.to_ascii_lowercase();
        let language = if tag == "*" { Self::En } else { primary.parse().ok()? };
        Some((weight, language))
    }

    fn langid(self) -> LanguageIdentifier {
        match self {
            Self::En => langid!("en"),
            Self::De => langid!("de"),
            Self::It => langid!("it"),
        }
    }

    /// The sentence `key` in this language, in English where it is missing, else the key itself.
    pub fn text(self, key: &str, args: &[(&str, &str)]) -> String {
        self.filled(key, &values(args))
    }

    fn filled(self, key: &str, args: &FluentArgs<'_>) -> String {
        [self, Self::En]
            .into_iter()
            .find_map(|language| format(language, key, args))
            .unwrap_or_else(|| key.to_owned())
    }

    /// Whether the catalogue of this language itself has `key`.
    pub fn has(self, key: &str) -> bool {
        self.pattern(key).is_some()
    }

    /// The sentence `key` of the catalogue of this language itself, as it was parsed.
    pub(crate) fn pattern(self, key: &str) -> Option<&'static Pattern<&'static str>> {
        CATALOGUES.get(&self)?.get_message(key)?.value()
    }

    /// An empty bundle for texts in this language.
    pub(crate) fn bundle(self) -> Bundle {
        let mut bundle = FluentBundle::new_concurrent(vec![self.langid()]);
        // The marks around placeables help screens with mixed directions, and look broken in mails and SMS.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match self {
            Self::En => |value, _| write_number(Self::En, value),
            Self::De => |value, _| write_number(Self::De, value),
            Self::It => |value, _| write_number(Self::It, value),
        }));
        bundle
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A sentence before its language is known: a key of the catalogues and what goes into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    key: Cow<'static, str>,
    args: Vec<(Cow<'static, str>, Arg)>,
}

/// What fills a placeholder of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Arg {
    Text(String),
    /// Written as in the reader's language; a whole one chooses plural forms, too.
    Number(String),
    /// Written as in the reader's language.
    Money(Money),
}

impl Arg {
    fn value(&self, language: Language) -> FluentValue<'_> {
        match self {
            Self::Text(text) => text_value(text),
            Self::Number(number) => match number.parse::<FluentNumber>() {
                Ok(number) => FluentValue::Number(written_for_reader(number)),
                Err(_) => FluentValue::from(number.as_str()),
            },
            Self::Money(money) => FluentValue::from(language.money(*money)),
        }
    }

    /// One word for its sort, and what it is.
    fn pack(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => format!("\u{1d}n{number}"),
            Self::Money(money) => format!("\u{1d}m{} {}", money.minor, money.currency),
        }
    }

    fn unpack(packed: &str) -> Self {
        let money = |packed: &str| {
            let (minor, currency) = packed.split_once(' ')?;
            Some(Money::new(minor.parse().ok()?, Currency::parse(currency)?))
        };
        if let Some(number) = packed.strip_prefix("\u{1d}n") {
            return Self::Number(number.to_owned());
        }
        let money = packed.strip_prefix("\u{1d}m").and_then(money);
        money.map_or_else(|| Self::Text(packed.to_owned()), Self::Money)
    }
}

impl Sentence {
    /// The sentence `key`, with nothing to fill in yet.
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), args: Vec::new() }
    }

    /// Fills `{ $name }`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl std::fmt::Display) -> Self {
        self.args.push((name.into(), Arg::Text(value.to_string())));
        self
    }

    /// Fills `{ $name }` with a number, which is written as people write it in each language.
    #[must_use]
    pub fn with_number(mut self, name: impl Into<Cow<'static, str>>, number: impl std::fmt::Display) -> Self {
        self.args.push((name.into(), Arg::Number(number.to_string())));
        self
    }

    /// Fills `{ $name }` with an amount, which is written as people write it in each language.
    #[must_use]
    pub fn with_money(mut self, name: impl Into<Cow<'static, str>>, money: Money) -> Self {
        self.args.push((name.into(), Arg::Money(money)));
        self
    }

    /// The words in `language`.
    pub fn render(&self, language: Language) -> String {
        let mut args = FluentArgs::new();
        for (name, arg) in &self.args {
            args.set(name.as_ref(), arg.value(language));
        }
        language.filled(&self.key, &args)
    }

    /// One string for APIs that carry only strings; [`Sentence::unpack`] reads it.
    pub fn pack(&self) -> String {
        self.args.iter().fold(self.key.to_string(), |packed, (name, value)| {
            format!("{packed}\u{1f}{name}\u{1e}{}", value.pack())
        })
    }

    /// Reads what [`Sentence::pack`] wrote.
    pub fn unpack(packed: &str) -> Self {
        let mut parts = packed.split('\u{1f}');
        let key = parts.next().unwrap_or_default().to_owned();
        let args =
            parts.filter_map(|p| p.split_once('\u{1e}')).map(|(n, v)| (n.to_owned().into(), Arg::unpack(v)));
        Self { key: key.into(), args: args.collect() }
    }
}

/// Texts in one language.
pub(crate) type Bundle = FluentBundle<FluentResource>;

static CATALOGUES: LazyLock<BTreeMap<Language, Bundle>> =
    LazyLock::new(|| Language::ALL.into_iter().map(|language| (language, catalogue(language))).collect());

macro_rules! files {
    ($language:literal) => {
        files!($language: "platform" "identity" "catalog" "discovery" "scheduling" "bookings" "ledger" "payouts"
            "payments" "chat" "notifications" "webhooks" "realtime" "adapters" "app")
    };
    ($language:literal: $($feature:literal)*) => {
        &[$(include_str!(concat!("../../../locales/", $language, "/", $feature, ".ftl"))),*]
    };
}

fn catalogue(language: Language) -> Bundle {
    let files: &[&str] = match language {
        Language::En => files!("en"),
        Language::De => files!("de"),
        Language::It => files!("it"),
    };
    let mut bundle = language.bundle();
    for file in files {
        // A test reads every file; here a broken sentence costs that sentence, not the service.
        let resource = FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn format(language: Language, key: &str, args: &FluentArgs<'_>) -> Option<String> {
    let bundle = CATALOGUES.get(&language)?;
    let pattern = language.pattern(key)?;
    Some(bundle.format_pattern(pattern, Some(args), &mut Vec::new()).into_owned())
}

/// What fills placeholders. It is never parsed as a text.
pub(crate) fn values<'a>(args: &[(&'a str, &'a str)]) -> FluentArgs<'a> {
    let mut values = FluentArgs::new();
    for (name, value) in args {
        values.set(*name, text_value(value));
    }
    values
}

/// A text as it is. One that is a whole number chooses plural forms, too; `007` and `2026` stay what they are. Its
/// options are those of a number in a catalogue: Fluent compares them, too, where a sentence has a case for `[0]`.
fn text_value(text: &str) -> FluentValue<'_> {
    let is_whole = text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
    let number = text.parse::<FluentNumber>().ok().filter(|_| is_whole);
    number.map_or_else(|| FluentValue::from(text), FluentValue::Number)
}

/// Marks a number as one that is written as people write it, and not as a text is.
fn written_for_reader(number: FluentNumber) -> FluentNumber {
    let options =
        FluentNumberOptions { maximum_fraction_digits: Some(MAX_FRACTION_DIGITS), ..number.options };
    FluentNumber::new(number.value, options)
}

/// More digits than any number of ours has behind its point.
const MAX_FRACTION_DIGITS: usize = 20;

/// How numbers are written: those that stand for a text as it does.
fn write_number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.options.maximum_fraction_digits.is_some() => {
            Some(language.number(&number.as_string()))
        }
        _ => None,
    }
}

/// The keys of every sentence in `language`'s files, for tests that compare the languages.
pub fn keys(language: Language) -> Vec<String> {
    let directory = format!("{}/../../locales/{language}", env!("CARGO_MANIFEST_DIR"));
    let mut keys: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| std::fs::read_to_string(file.path()).ok())
        .flat_map(|text| {
            text.lines()
                .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
                .filter_map(|line| line.split_once(" =").map(|(key, _)| key.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_language_wins() {
        for (header, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("fr, it;q=0.5, en;q=0.4", Some(Language::It)),
            ("en;q=0.1, it;q=0.25", Some(Language::It)),
            ("fr", None),
            ("*", Some(Language::En)),
            ("de;q=0", None),
            (";;;,,q=", None),
            ("IT", Some(Language::It)),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn every_sentence_exists_in_every_language() {
        let english = keys(Language::En);
        assert!(!english.is_empty());
        for language in Language::ALL {
            assert_eq!(keys(language), english, "{language}");
            for key in &english {
                assert!(language.has(key), "{language}: {key} cannot be read");
            }
        }
    }

    #[test]
    fn sentences_survive_packing() {
        let sentence = Sentence::new("field-too_long").with("max", 5);
        assert_eq!(Sentence::unpack(&sentence.pack()), sentence);
        let sentence = Sentence::new("field-too_large")
            .with_number("max", -10_000)
            .with_money("most", Money::new(-1000, Currency::EUR));
        assert_eq!(Sentence::unpack(&sentence.pack()), sentence);
    }

    #[test]
    fn amounts_and_numbers_are_written_for_the_reader_and_texts_as_they_are() {
        let rendered = |sentence: Sentence| Language::ALL.map(|language| sentence.render(language));
        let large = rendered(Sentence::new("field-too_large").with_number("max", 10_000));
        assert!(
            large[0].contains("10,000") && large[1].contains("10.000") && large[2].contains("10.000"),
            "{large:?}"
        );
        let large =
            rendered(Sentence::new("field-too_large").with_money("max", Money::new(123_450, Currency::EUR)));
        assert!(large[0].contains("€1,234.50") && large[1].contains("1.234,50\u{a0}€"), "{large:?}");
        let small = rendered(Sentence::new("field-too_small").with_number("min", -90.5));
        assert!(small[0].contains("-90.5") && small[1].contains("-90,5"), "{small:?}");
        for text in ["2026", "007", "10000", "1.5"] {
            let named = rendered(Sentence::new("field-too_small").with("min", text));
            assert!(named.iter().all(|sentence| sentence.contains(text)), "{named:?}");
        }
        let one = rendered(Sentence::new("field-too_short").with_number("min", 1));
        let two = rendered(Sentence::new("field-too_short").with_number("min", 2));
        assert!(one[0].ends_with(" character.") && two[0].ends_with(" characters."), "{one:?} {two:?}");
    }
}
