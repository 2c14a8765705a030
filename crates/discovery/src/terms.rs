//! The words of a search, and the conditions that they become.

use std::{fmt::Write as _, sync::Arc};

use platform::locale::Language;
use uuid::Uuid;

/// More words than this are not looked for.
pub(crate) const MAX_WORDS: usize = 8;
const MAX_LETTERS: usize = 50;
/// The services are in so many tiers by popularity; see the migration.
pub(crate) const TIERS: u8 = 4;

/// One spelling of a word as the documents have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Without accents, in lower case; several for words with hyphens and the like.
    pub plain: Vec<String>,
    /// Stemmed; none for a word that says nothing (`the`).
    pub stems: Vec<String>,
}

/// A word of the search: as it was written, and what it may have meant.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub forms: Vec<Arc<Form>>,
    /// Whether it may be unfinished.
    pub is_last: bool,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    terms: Vec<Term>,
    language: char,
}

/// Where all words have to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the title.
    Title,
    /// In the title or the description.
    Text,
    /// In the provider's name, too.
    Anywhere,
}

impl Place {
    /// The best first.
    pub(crate) const ALL: [Self; 3] = [Self::Title, Self::Text, Self::Anywhere];

    /// The next better one.
    pub(crate) fn better(self) -> Option<Self> {
        match self {
            Self::Title => None,
            Self::Text => Some(Self::Title),
            Self::Anywhere => Some(Self::Text),
        }
    }

    fn kinds(self) -> &'static [char] {
        match self {
            Self::Title => &['a'],
            Self::Text | Self::Anywhere => &['a', 'b'],
        }
    }
}

/// The words of what somebody typed.
pub(crate) fn split(search: &str) -> Vec<String> {
    let words = search.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    words.take(MAX_WORDS).map(|word| word.chars().take(MAX_LETTERS).collect()).collect()
}

impl Terms {
    /// Words that say nothing are left out, unless there are no others.
    pub(crate) fn new(language: Language, mut terms: Vec<Term>) -> Self {
        terms.retain(|term| term.forms.iter().any(|form| !form.plain.is_empty()));
        let says_something = |term: &Term| term.forms.iter().any(|form| !form.stems.is_empty());
        if terms.iter().any(says_something) {
            terms.retain(says_something);
        }
        let language = match language {
            Language::En => 'e',
            Language::De => 'd',
            Language::It => 'i',
        };
        Self { terms, language }
    }

    /// Whether nothing is left to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// A `tsquery` for the documents of one tier that have all words in `place`.
    fn in_tier(&self, tier: u8, place: Place) -> String {
        let mut text = String::new();
        let terms = self.terms.iter().map(|term| {
            let mut either = String::new();
            push_all(
                &mut either,
                '|',
                term.forms.iter().map(|form| self.form(form, term.is_last, tier, place)),
            );
            either
        });
        push_all(&mut text, '&', terms);
        text
    }

    fn form(&self, form: &Form, is_last: bool, tier: u8, place: Place) -> String {
        let language = self.language;
        let star = if is_last { ":*" } else { "" };
        let mut ways: Vec<String> = Vec::new();
        let mut every = |lexemes: &[String], of: &dyn Fn(&str) -> String| {
            if !lexemes.is_empty() {
                let mut way = String::new();
                push_all(&mut way, '&', lexemes.iter().map(|lexeme| of(&quoted(lexeme))));
                ways.push(way);
            }
        };
        every(&form.stems, &|stem| {
            let mut either = String::new();
            push_all(
                &mut either,
                '|',
                place.kinds().iter().map(|kind| format!("'{tier}{kind}{language}{stem}'")),
            );
            either
        });
        if is_last || form.stems.is_empty() {
            every(&form.plain, &|word| {
                let mut either = format!("('{tier}p{language}{word}'{star}");
                if place != Place::Title {
                    // Descriptions are known by their stems alone, which begin like the words.
                    let _infallible = write!(either, "|'{tier}b{language}{word}'{star}");
                }
                either + ")"
            });
        }
        if place == Place::Anywhere {
            every(&form.plain, &|word| format!("'{tier}n{word}'{star}"));
        }
        let mut text = String::new();
        push_all(&mut text, '|', ways.into_iter());
        text
    }

    /// Whether a name, analysed as one word, has all of them.
    pub(crate) fn are_in(&self, name: &Form) -> bool {
        let has = |term: &Term, form: &Form| {
            let begun = |word: &String| name.plain.iter().any(|known| known.starts_with(word.as_str()));
            let stemmed = !form.stems.is_empty() && form.stems.iter().all(|stem| name.stems.contains(stem));
            let plain = !form.plain.is_empty()
                && form
                    .plain
                    .iter()
                    .all(|word| if term.is_last { begun(word) } else { name.plain.contains(word) });
            stemmed || plain
        };
        self.terms.iter().all(|term| term.forms.iter().any(|form| has(term, form)))
    }

    /// The same words in the names of providers.
    pub(crate) fn in_names(&self) -> String {
        let mut text = String::new();
        let terms = self.terms.iter().map(|term| {
            let star = if term.is_last { ":*" } else { "" };
            let mut either = String::new();
            push_all(
                &mut either,
                '|',
                term.forms.iter().map(|form| {
                    let mut all = String::new();
                    push_all(
                        &mut all,
                        '&',
                        form.plain.iter().map(|word| format!("'{}'{star}", quoted(word))),
                    );
                    all
                }),
            );
            either
        });
        push_all(&mut text, '&', terms);
        text
    }
}

/// What the index of words is asked: words, and what else stands among them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub terms: Option<&'a Terms>,
    /// In one of these categories.
    pub categories: Option<&'a [Uuid]>,
    /// In one of these cells; see [`crate::cells`].
    pub cells: Option<&'a [String]>,
}

impl Wanted<'_> {
    /// As a `tsquery` for the documents of one tier.
    pub(crate) fn in_tier(&self, tier: u8, place: Place) -> String {
        let mut parts = Vec::new();
        let mut any_of = |lexemes: &mut dyn Iterator<Item = String>| {
            let mut part = String::new();
            push_all(&mut part, '|', lexemes);
            parts.push(part);
        };
        if let Some(categories) = self.categories {
            any_of(&mut categories.iter().map(|id| format!("'{tier}c{}'", id.simple())));
        }
        if let Some(cells) = self.cells {
            any_of(&mut cells.iter().map(|cell| format!("'{tier}{cell}'")));
        }
        parts.extend(self.terms.map(|terms| terms.in_tier(tier, place)));
        let mut text = String::new();
        push_all(&mut text, '&', parts.into_iter());
        text
    }

    /// The same over all tiers.
    pub(crate) fn in_any_tier(&self, place: Place) -> String {
        let mut text = String::new();
        push_all(&mut text, '|', (0..TIERS).map(|tier| self.in_tier(tier, place)));
        text
    }
}

/// `(a|b|c)`; what is empty is left out.
fn push_all(text: &mut String, between: char, parts: impl Iterator<Item = String>) {
    let mut opened = false;
    for part in parts.filter(|part| !part.is_empty()) {
        text.push(if opened { between } else { '(' });
        text.push_str(&part);
        opened = true;
    }
    if opened {
        text.push(')');
    }
}

/// What stands between the quotes of a lexeme.
fn quoted(lexeme: &str) -> String {
    lexeme.replace('\\', "\\\\").replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(plain: &str, stem: &str, is_last: bool) -> Term {
        let list = |word: &str| word.split(' ').filter(|w| !w.is_empty()).map(str::to_owned).collect();
        Term { forms: vec![Arc::new(Form { plain: list(plain), stems: list(stem) })], is_last }
    }

    #[test]
    fn the_last_word_may_be_unfinished() {
        let terms =
            Terms::new(Language::En, vec![term("window", "window", false), term("clea", "clea", true)]);
        let text = terms.in_tier(0, Place::Title);
        assert_eq!(text, "((((('0aewindow'))))&(((('0aeclea'))|(('0peclea':*)))))");
    }

    #[test]
    fn each_place_is_wider_than_the_better_one() {
        let terms = Terms::new(Language::De, vec![term("muller", "mull", false)]);
        assert_eq!(terms.in_tier(3, Place::Text), "((((('3admull'|'3bdmull')))))");
        assert!(terms.in_tier(3, Place::Anywhere).contains("'3nmuller'"));
    }

    #[test]
    fn words_that_say_nothing_are_left_out_unless_alone() {
        let both = Terms::new(Language::En, vec![term("the", "", false), term("garden", "garden", true)]);
        assert!(!both.in_tier(0, Place::Title).contains("the"));
        let alone = Terms::new(Language::En, vec![term("the", "", true)]);
        assert_eq!(alone.in_tier(0, Place::Title), "((((('0pethe':*)))))");
        assert!(Terms::new(Language::En, vec![term("", "", true)]).is_empty());
    }

    #[test]
    fn categories_and_cells_are_words_among_the_others() {
        let terms = Terms::new(Language::En, vec![term("dog", "dog", false)]);
        let (ids, cells) = ([Uuid::nil()], ["f1x2".to_owned(), "f1x3".to_owned()]);
        let wanted = Wanted { terms: Some(&terms), categories: Some(&ids), cells: Some(&cells) };
        let text = wanted.in_tier(2, Place::Title);
        assert_eq!(text, "(('2c00000000000000000000000000000000')&('2f1x2'|'2f1x3')&((((('2aedog'))))))");
        assert!(wanted.in_any_tier(Place::Title).contains("'3aedog'"));
    }

    #[test]
    fn quotes_stay_inside() {
        let terms = Terms::new(Language::En, vec![term("o'neil\\", "o'neil\\", false)]);
        assert!(terms.in_tier(0, Place::Title).contains("'0aeo''neil\\\\'"));
    }

    #[test]
    fn searches_are_cut_to_a_size() {
        assert_eq!(split("a  b-c !! 'd'"), ["a", "b-c", "'d'"]);
        assert_eq!(split(&"word ".repeat(50)).len(), MAX_WORDS);
        assert_eq!(split(&"x".repeat(150)).first().map(String::len), Some(MAX_LETTERS));
    }
}
