//! A page of services, whoever asks for it and on whichever path.

use std::sync::Arc;

use catalog::{Categories, Scene, ServiceView};
use platform::{
    app::App,
    error::ApiResult,
    ids::UserId,
    locale::Language,
    page::{EXACT_COUNT, Link, Page, PageQuery, Paging},
};
use serde::Serialize;

use crate::{
    availability,
    facets::{self, Facets},
    filters::{Around, Ordering, ServiceQuery},
    finder::Finder,
    keys::{Found, Key},
    query::{Search, Slice},
    terms::Terms,
};

/// A page of services.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ServiceList {
    /// How many services there are; at least so many where `count_exact` is false.
    #[schema(minimum = 0, example = 57)]
    count: i64,
    /// Whether `count` is exact.
    count_exact: bool,
    /// The next page.
    next: Option<String>,
    /// The page before.
    previous: Option<String>,
    /// The services.
    results: Vec<ServiceView>,
    /// How many there are per category and per price band; `null` unless `facets=true` was asked for.
    facets: Option<Facets>,
}

impl ServiceList {
    /// Who is hidden from the caller is left out of the page, which is shorter then: the list goes on where it would.
    fn of(page: Page<Option<ServiceView>>, facets: Option<Facets>) -> Self {
        let Page { count, count_exact, next, previous, results } = page;
        Self { count, count_exact, next, previous, results: results.into_iter().flatten().collect(), facets }
    }
}

/// Who asks for what.
pub(crate) struct Request {
    pub finder: Arc<Finder>,
    pub caller: Option<UserId>,
    pub language: Language,
    pub query: ServiceQuery,
    pub around: Option<Around>,
    /// The order where none is asked for.
    pub usual: Ordering,
    pub page: PageQuery,
    pub link: Link,
}

impl Request {
    /// Answers it.
    pub(crate) async fn answer(self, app: &App) -> ApiResult<ServiceList> {
        let scene = Scene::of(app, self.language).await?;
        let filters = self.query.filters(self.around, scene.categories())?;
        let ordering = self.query.ordering(&filters, self.usual)?;
        let paging = self.page.paging::<Key>(self.link)?;
        let terms = match &filters.search {
            Some(search) => Some(self.finder.terms(app, self.language, search).await?),
            None => None,
        };
        let search = Search {
            filters: &filters,
            terms: terms.as_ref(),
            ordering,
            language: self.language,
            caller: self.caller,
        };
        let is_void = filters.is_void() || terms.as_ref().is_some_and(Terms::is_empty);
        let view = |found: Found| (!found.is_hidden).then(|| ServiceView::of(found.row, &scene));
        let page = if is_void {
            paging.finish(Vec::new(), 0, key, view)
        } else if let Some(date) = filters.available_on {
            let slice = Slice::of(&paging);
            let bookable = availability::find(app, &search, slice, date).await?;
            bookable_page(paging, bookable, view)
        } else {
            let slice = Slice::of(&paging);
            let (found, count) = read(app, &self.finder, &search, slice, scene.categories()).await?;
            paging.finish(found, count, key, view)
        };
        let facets = match self.query.facets {
            Some(true) if !is_void => {
                Some(facets::count(app, &search, scene.categories(), self.language).await?)
            }
            Some(true) => Some(Facets::default()),
            _ => None,
        };
        Ok(ServiceList::of(page, facets))
    }
}

fn key(found: &Found) -> Key {
    found.key
}

fn bookable_page<V>(
    paging: Paging<Key>,
    bookable: availability::Bookable,
    view: impl FnMut(Found) -> V,
) -> Page<V> {
    if let Some(stopped) = bookable.stopped {
        return paging.finish_early(bookable.found, stopped, key, view);
    }
    let count = i64::try_from(bookable.found.len()).unwrap_or(EXACT_COUNT);
    let is_whole = paging.position == platform::page::Position::First && count <= i64::from(paging.size);
    let mut page = paging.finish(bookable.found, count, key, view);
    page.count_exact = is_whole;
    page
}

/// The rows of a slice, and how many there are in all: what the page itself shows, or what memory knows to be
/// many, or what was counted a moment ago; else counted in the statement that reads the rows.
async fn read(
    app: &App,
    finder: &Finder,
    search: &Search<'_>,
    slice: Slice,
    categories: &Categories,
) -> ApiResult<(Vec<Found>, i64)> {
    let is_first = slice.key.is_none() && slice.offset == 0;
    let fingerprint =
        xxhash_rust::xxh3::xxh3_64(format!("{} {:?}", search.language, search.filters).as_bytes());
    let many = search.filters.is_certainly_many(categories).then_some(EXACT_COUNT + 1);
    let now = app.clock.now();
    let known = many.or_else(|| finder.count(fingerprint, now));
    let found = search.run(&app.db, slice, known.is_none()).await?;
    let shown = i64::try_from(found.len()).unwrap_or(EXACT_COUNT);
    if is_first && shown < slice.limit {
        return Ok((found, shown));
    }
    let count = match known.or_else(|| found.first()?.count) {
        Some(count) => count,
        None => search.count(&app.db).await?,
    };
    if many.is_none() && known.is_none() {
        finder.counted(fingerprint, count, now);
    }
    Ok((found, count.max(shown.min(EXACT_COUNT))))
}
