//! What one node remembers for searching: known words, how words are stemmed, recent counts.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use platform::{app::App, error::ApiResult, locale::Language, time::Instant};

use crate::{
    store,
    terms::{Form, Term, Terms, split},
    words::Vocabulary,
};

/// How often new words are looked for, at most.
const FRESH: SignedDuration = SignedDuration::from_secs(1);
/// A count of a list that is longer than its page is good for so long.
const COUNTS_LIVE: SignedDuration = SignedDuration::from_secs(1);

/// The memory of a node; one a router.
pub(crate) struct Finder {
    vocabulary: Vocabulary,
    read_at: Mutex<Option<Instant>>,
    /// Never stale: how a word is stemmed does not change.
    forms: moka::sync::Cache<(Language, String), Arc<Form>>,
    counts: moka::sync::Cache<u64, (i64, Instant)>,
}

impl Default for Finder {
    fn default() -> Self {
        Self {
            vocabulary: Vocabulary::default(),
            read_at: Mutex::default(),
            forms: moka::sync::Cache::new(20_000),
            counts: moka::sync::Cache::new(10_000),
        }
    }
}

impl Finder {
    /// What `search` asks for: every word as it was written, and what it means if nobody writes it so.
    pub(crate) async fn terms(&self, app: &App, language: Language, search: &str) -> ApiResult<Terms> {
        let words = split(search);
        let last = words.len().saturating_sub(1);
        let written = self.forms(app, language, words).await?;
        let mut terms: Vec<Term> = written
            .into_iter()
            .enumerate()
            .map(|(at, form)| Term { forms: vec![form], is_last: at == last })
            .collect();
        if terms.iter().any(|term| !self.knows(term)) {
            self.learn(app).await?;
        }
        for term in &mut terms {
            let guesses = if self.knows(term) { Vec::new() } else { self.guesses(term) };
            let is_last = term.is_last;
            term.forms.extend(self.forms(app, language, guesses).await?);
            // What was guessed is a whole word.
            term.is_last = is_last;
        }
        Ok(Terms::new(language, terms))
    }

    fn knows(&self, term: &Term) -> bool {
        let plain = term.forms.iter().flat_map(|form| &form.plain);
        plain.into_iter().all(|word| self.vocabulary.knows(word, term.is_last))
    }

    fn guesses(&self, term: &Term) -> Vec<String> {
        let single = term.forms.first().map(|form| form.plain.as_slice()).unwrap_or_default();
        // A word with hyphens is several; guessing at their combinations helps nobody.
        let [word] = single else { return Vec::new() };
        self.vocabulary.guesses(word, term.is_last).iter().map(ToString::to_string).collect()
    }

    /// All words of each text, in one form.
    pub(crate) async fn words_of(
        &self,
        app: &App,
        language: Language,
        texts: Vec<String>,
    ) -> ApiResult<Vec<Arc<Form>>> {
        self.forms(app, language, texts).await
    }

    /// From memory; words met for the first time cost one query together.
    async fn forms(&self, app: &App, language: Language, words: Vec<String>) -> ApiResult<Vec<Arc<Form>>> {
        let known = |word: &String| self.forms.get(&(language, word.clone()));
        let missing: Vec<String> = words.iter().filter(|word| known(word).is_none()).cloned().collect();
        if !missing.is_empty() {
            for (word, form) in store::forms(&app.db, language, &missing).await? {
                self.forms.insert((language, word), Arc::new(form));
            }
        }
        Ok(words.iter().map(|word| known(word).unwrap_or_default()).collect())
    }

    /// Reads the words that are new since last time.
    async fn learn(&self, app: &App) -> ApiResult<()> {
        let now = app.clock.now();
        {
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            if read_at.is_some_and(|at| now.since(at) < FRESH) {
                return Ok(());
            }
            *read_at = Some(now);
        }
        match store::words_after(&app.db, self.vocabulary.newest()).await {
            Ok(rows) => self.vocabulary.learn(rows),
            Err(error) => {
                *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// How many there were a moment ago.
    pub(crate) fn count(&self, of: u64, now: Instant) -> Option<i64> {
        let (count, at) = self.counts.get(&of)?;
        (now.since(at) < COUNTS_LIVE).then_some(count)
    }

    /// Remembers how many there are.
    pub(crate) fn counted(&self, of: u64, count: i64, now: Instant) {
        self.counts.insert(of, (count, now));
    }
}
