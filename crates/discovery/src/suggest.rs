//! Completing what somebody types, from names of categories and titles of services; nothing that anybody
//! else typed is ever shown.

use std::collections::HashSet;

use platform::{app::App, error::ApiResult, ids::CategoryId, locale::Language};
use serde::Serialize;

use crate::{finder::Finder, terms::Terms, tiers::titles};

/// How many completions there are at most.
const MOST: usize = 10;
/// How many of them may be categories.
const MOST_CATEGORIES: usize = 4;

/// What a completion is.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The name of a category.
    Category,
    /// The title of a service.
    Service,
}

/// A completion.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Suggestion {
    /// What to put into the search box.
    #[schema(example = "Window cleaning")]
    text: String,
    /// What it is.
    kind: Kind,
    /// The category, for a category.
    category_id: Option<CategoryId>,
}

impl Suggestion {
    /// Names it among others.
    pub(crate) fn key(&self) -> String {
        format!("{:?} {}", self.kind, self.text)
    }
}

/// Completes `typed`: the best first, at most 10.
pub(crate) async fn complete(
    app: &App,
    finder: &Finder,
    language: Language,
    typed: &str,
) -> ApiResult<Vec<Suggestion>> {
    let terms = finder.terms(app, language, typed).await?;
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut results = categories(app, finder, language, &terms).await?;
    let mut seen: HashSet<String> = results.iter().map(|suggestion| suggestion.text.to_lowercase()).collect();
    for text in titles(&app.db, &terms, language).await? {
        if results.len() < MOST && seen.insert(text.to_lowercase()) {
            results.push(Suggestion { text, kind: Kind::Service, category_id: None });
        }
    }
    Ok(results)
}

/// Categories whose names have all the words, the last one perhaps unfinished.
async fn categories(
    app: &App,
    finder: &Finder,
    language: Language,
    terms: &Terms,
) -> ApiResult<Vec<Suggestion>> {
    let categories = catalog::categories(app).await?;
    let shown: Vec<_> = categories.iter().filter(|category| category.is_active).collect();
    let names: Vec<String> = shown.iter().map(|category| category.name.get(language).to_string()).collect();
    let words = finder.words_of(app, language, names.clone()).await?;
    let mut found: Vec<_> =
        shown.iter().zip(names).zip(words).filter(|(_, form)| terms.are_in(form)).collect();
    found.sort_by_key(|((category, _), _)| std::cmp::Reverse(category.services_count));
    let found = found.into_iter().take(MOST_CATEGORIES).map(|((category, text), _)| Suggestion {
        text,
        kind: Kind::Category,
        category_id: Some(category.id),
    });
    Ok(found.collect())
}
