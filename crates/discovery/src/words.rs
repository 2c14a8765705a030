//! Guessing what a misspelt word means: the words that services are described with, held in memory, and how
//! far two words are apart.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Words beyond this many are not guessed at.
const CAPACITY: usize = 200_000;
/// How many guesses a misspelt word gets.
const GUESSES: usize = 5;

/// A word with a summary that tells most others from it without looking at their letters.
#[derive(Debug)]
struct Word {
    letters: Box<[char]>,
    text: Arc<str>,
    frequency: i64,
    /// One bit for each letter that occurs.
    occurring: u32,
}

/// All known words, sorted.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary(RwLock<Words>);

#[derive(Debug, Default)]
struct Words {
    sorted: Vec<Arc<str>>,
    by_length: HashMap<usize, Vec<Word>>,
    /// The last row of the table that has been read.
    newest: i64,
}

impl Vocabulary {
    /// Where to go on reading.
    pub(crate) fn newest(&self) -> i64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).newest
    }

    /// Adds rows `(id, word, frequency)` of the table that are not known yet.
    pub(crate) fn learn(&self, rows: Vec<(i64, String, i64)>) {
        if rows.is_empty() {
            return;
        }
        let mut words = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, text, frequency) in rows {
            words.newest = words.newest.max(id);
            if words.sorted.len() >= CAPACITY {
                continue;
            }
            let (letters, text): (Box<[char]>, Arc<str>) = (text.chars().collect(), text.into());
            words.sorted.push(text.clone());
            let occurring = occurring(&letters);
            words.by_length.entry(letters.len()).or_default().push(Word {
                letters,
                text,
                frequency,
                occurring,
            });
        }
        words.sorted.sort_unstable();
        words.sorted.dedup();
    }

    /// Whether some service is described with the word, or with one that begins so.
    pub(crate) fn knows(&self, word: &str, as_prefix: bool) -> bool {
        let words = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let at = words.sorted.partition_point(|known| &**known < word);
        words
            .sorted
            .get(at)
            .is_some_and(|known| if as_prefix { known.starts_with(word) } else { &**known == word })
    }

    /// The known words that `word` most likely means, the nearest and most frequent first.
    pub(crate) fn guesses(&self, word: &str, as_prefix: bool) -> Vec<Arc<str>> {
        let letters: Vec<char> = word.chars().collect();
        let Some(allowed) = allowed_typos(letters.len()) else { return Vec::new() };
        let words = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let bits = occurring(&letters);
        let longest = if as_prefix { usize::MAX } else { letters.len() + allowed };
        let near = words
            .by_length
            .iter()
            .filter(|(length, _)| **length + allowed >= letters.len() && **length <= longest);
        let mut found: Vec<(usize, i64, &Arc<str>)> = near
            .flat_map(|(_, words)| words)
            // A typo adds or loses at most one letter that occurs, or swaps one for another.
            .filter(|known| missing(bits, known.occurring) <= allowed)
            .filter_map(|known| {
                let typos = distance(&letters, &known.letters, as_prefix);
                (typos <= allowed).then_some((typos, -known.frequency, &known.text))
            })
            .collect();
        found.sort_unstable();
        let nearest = found.first().map_or(0, |(typos, ..)| *typos);
        found
            .into_iter()
            .filter(|(typos, ..)| *typos == nearest)
            .take(GUESSES)
            .map(|(_, _, text)| text.clone())
            .collect()
    }
}

/// One typo from five letters on, two from nine.
fn allowed_typos(letters: usize) -> Option<usize> {
    match letters {
        0..5 => None,
        5..9 => Some(1),
        _ => Some(2),
    }
}

/// How many letters of the one do not occur in the other.
fn missing(bits: u32, known: u32) -> usize {
    usize::try_from((bits & !known).count_ones()).unwrap_or(usize::MAX)
}

fn occurring(letters: &[char]) -> u32 {
    letters.iter().fold(0, |bits, letter| bits | 1 << (u32::from(*letter) % 32))
}

/// How many letters have to be put in, left out, replaced, or swapped with their neighbour; with `as_prefix`
/// whatever follows in `known` costs nothing.
fn distance(word: &[char], known: &[char], as_prefix: bool) -> usize {
    let width = known.len() + 1;
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (vec![0; width], (0..width).collect());
    let mut row = vec![0; width];
    let mut previous = None;
    for (i, letter) in word.iter().enumerate() {
        let mut left = i + 1;
        set(&mut row, 0, left);
        for (j, other) in known.iter().enumerate() {
            let replaced = at(&last, j) + usize::from(letter != other);
            let mut best = replaced.min(at(&last, j + 1) + 1).min(left + 1);
            let swapped = j.checked_sub(1).and_then(|k| known.get(k));
            if swapped == Some(letter) && previous == Some(other) {
                best = best.min(at(&before, j - 1) + 1);
            }
            set(&mut row, j + 1, best);
            left = best;
        }
        previous = Some(letter);
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    if as_prefix { last.iter().copied().min().unwrap_or_default() } else { at(&last, known.len()) }
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or(usize::MAX / 2)
}

fn set(row: &mut [usize], index: usize, value: usize) {
    if let Some(cell) = row.get_mut(index) {
        *cell = value;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn apart(a: &str, b: &str, as_prefix: bool) -> usize {
        distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>(), as_prefix)
    }

    #[rstest]
    #[case("cleaning", "cleaning", 0)]
    #[case("clening", "cleaning", 1)]
    #[case("claening", "cleaning", 1)]
    #[case("cleanning", "cleaning", 1)]
    #[case("kleaning", "cleaning", 1)]
    #[case("clen", "cleaning", 4)]
    #[case("", "abc", 3)]
    #[case("abc", "", 3)]
    fn words_are_so_far_apart(#[case] a: &str, #[case] b: &str, #[case] typos: usize) {
        assert_eq!((apart(a, b, false), apart(b, a, false)), (typos, typos));
    }

    #[test]
    fn what_follows_a_prefix_costs_nothing() {
        assert_eq!(apart("clean", "cleaning", true), 0);
        assert_eq!(apart("claeni", "cleaning", true), 1);
        assert_eq!(apart("zzz", "cleaning", true), 3);
    }

    #[test]
    fn five_letters_get_one_typo_and_nine_two() {
        let vocabulary = Vocabulary::default();
        let rows = ["clean", "cleaning", "gardening", "yoga", "massage"];
        vocabulary.learn(rows.iter().zip(1..).map(|(word, id)| (id, (*word).to_owned(), 1)).collect());
        let guesses =
            |word| vocabulary.guesses(word, false).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(guesses("cleen"), ["clean"]);
        assert_eq!(guesses("clening"), ["cleaning"]);
        assert_eq!(guesses("gradenign"), ["gardening"]);
        assert!(guesses("yogo").is_empty() && guesses("klaning").is_empty());
        assert!(
            vocabulary.knows("gard", true)
                && !vocabulary.knows("gard", false)
                && vocabulary.knows("yoga", false)
        );
    }

    #[test]
    fn frequent_words_are_guessed_first() {
        let vocabulary = Vocabulary::default();
        vocabulary.learn(vec![(1, "banks".into(), 3), (2, "tanks".into(), 9)]);
        assert_eq!(vocabulary.guesses("manks", false).first().map(|w| &**w), Some("tanks"));
        assert_eq!(vocabulary.newest(), 2);
    }
}
