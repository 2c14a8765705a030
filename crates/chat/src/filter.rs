//! Words that somebody of the staff should look at. The message is sent all the same: only people judge.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

const FLAGGED: &str = include_str!("../data/flagged.txt");

/// Whether a text has one of the words, or phrases, whole.
pub(crate) fn is_flagged(text: &str) -> bool {
    let words = format!(" {} ", plain(text));
    phrases().any(|phrase| words.contains(&format!(" {phrase} ")))
}

fn phrases() -> impl Iterator<Item = &'static str> {
    FLAGGED.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Lower case, without marks, words apart by one space.
fn plain(text: &str) -> String {
    let letters = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let spaced: String = letters
        .flat_map(|c| match c {
            'ß' => vec!['s', 's'],
            c if c.is_alphanumeric() => vec![c],
            _ => vec![' '],
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_three_languages_are_found() {
        for text in [
            "Send a GIFT-CARD please",
            "Außerhalb der App bezahlen?",
            "Una ricarica  Postepay!",
            "hurensohn.",
        ] {
            assert!(is_flagged(text), "{text}");
        }
        for text in ["", "Il vaso di Troiano", "Grape juice", "Montenegro is nice", "Bringst du dich ein?"] {
            assert!(!is_flagged(text), "{text}");
        }
    }

    #[test]
    fn every_phrase_is_written_as_texts_are_compared() {
        for phrase in phrases() {
            assert_eq!(plain(phrase), phrase);
        }
    }
}
