//! Lists in pages. Cursors name the row where a page ends, so that walking `next` neither repeats nor skips
//! an item that existed all along; `?page=N` works too, for clients that count.

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    locale::Sentence,
};

/// Counting stops here; what is beyond is said to be at least this.
pub const EXACT_COUNT: i64 = 1000;
const DEFAULT_SIZE: u16 = 20;

/// The parameters that every list has.
#[derive(Clone, Debug, Default, Deserialize, garde::Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Opaque; take it from `next` or `previous`.
    #[garde(inner(length(max = 1000)))]
    #[param(max_length = 1000)]
    pub cursor: Option<String>,
    /// A page by number, from 1; prefer `next`.
    #[garde(inner(range(min = 1, max = 1000)))]
    #[param(minimum = 1, maximum = 1000)]
    pub page: Option<u16>,
    /// Items a page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub page_size: Option<u16>,
}

/// The path and query of the present request, from which the links to other pages are made.
#[derive(Clone, Debug)]
pub struct Link {
    base: String,
    path: String,
    others: Vec<(String, String)>,
}

impl FromRequestParts<App> for Link {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let others = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name != "cursor" && name != "page")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(Self { base: app.url(""), path: parts.uri.path().to_owned(), others })
    }
}

impl Link {
    fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.others).append_pair(name, value);
        format!("{}{}?{}", self.base, self.path, query.finish())
    }

    /// A cursor is good only for the list and the filters that it was made for.
    fn scope(&self) -> u32 {
        let mut filters: Vec<_> =
            self.others.iter().filter(|(name, _)| name != "page_size" && name != "lang").collect();
        filters.sort();
        let text = format!("{} {filters:?}", self.path);
        u32::try_from(xxhash_rust::xxh3::xxh3_64(text.as_bytes()) >> 32).unwrap_or_default()
    }
}

/// Where a page begins; `K` is the key that the list is ordered by, the id last.
#[derive(Clone, Debug, PartialEq)]
pub enum Position<K> {
    /// At the first item.
    First,
    /// Behind the item with this key.
    After(K),
    /// The page that ends in front of the item with this key.
    Before(K),
    /// After so many items.
    Skip(i64),
}

#[derive(Serialize, Deserialize)]
struct Cursor<K> {
    #[serde(rename = "b")]
    back: bool,
    #[serde(rename = "s")]
    scope: u32,
    #[serde(rename = "k")]
    key: K,
}

/// One page to be read.
#[derive(Clone, Debug)]
pub struct Paging<K> {
    /// Items asked for.
    pub size: u16,
    /// Where it begins.
    pub position: Position<K>,
    link: Link,
}

impl PageQuery {
    /// Reads the cursor; 422 when it was made for something else.
    pub fn paging<K: DeserializeOwned>(&self, link: Link) -> ApiResult<Paging<K>> {
        let size = self.page_size.unwrap_or(DEFAULT_SIZE).clamp(1, 100);
        let position = match (&self.cursor, self.page) {
            (Some(cursor), _) => {
                let invalid = || ApiError::invalid_field("cursor", Sentence::new("field-invalid_cursor"));
                let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_e| invalid())?;
                let cursor: Cursor<K> = serde_json::from_slice(&bytes).map_err(|_e| invalid())?;
                if cursor.scope != link.scope() {
                    return Err(invalid());
                }
                if cursor.back { Position::Before(cursor.key) } else { Position::After(cursor.key) }
            }
            (None, Some(page)) if page > 1 => Position::Skip(i64::from(page - 1) * i64::from(size)),
            (None, _) => Position::First,
        };
        Ok(Paging { size, position, link })
    }
}

impl<K: Serialize> Paging<K> {
    /// Rows to fetch: one more than asked for tells whether there is another page.
    pub fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// Rows to skip, for `?page=`.
    pub fn offset(&self) -> i64 {
        if let Position::Skip(rows) = self.position { rows } else { 0 }
    }

    /// The key to start from, if any.
    pub fn key(&self) -> Option<&K> {
        match &self.position {
            Position::After(key) | Position::Before(key) => Some(key),
            Position::First | Position::Skip(_) => None,
        }
    }

    fn back(&self) -> bool {
        matches!(self.position, Position::Before(_))
    }

    /// How rows of this page compare with [`Paging::key`] in a list ordered so: `(a, id) < ($1, $2)`.
    pub fn comparison(&self, order: Order) -> &'static str {
        if (order == Order::Descending) == self.back() { ">" } else { "<" }
    }

    /// What `order by` says for every column. A page before a cursor is read backwards; [`Paging::finish`]
    /// turns it round again.
    pub fn direction(&self, order: Order) -> &'static str {
        if (order == Order::Descending) == self.back() { "asc" } else { "desc" }
    }

    /// Makes the answer of the rows that were read. `count` may have stopped at [`EXACT_COUNT`] + 1.
    pub fn finish<T, V>(
        self,
        mut rows: Vec<T>,
        count: i64,
        key: impl Fn(&T) -> K,
        view: impl FnMut(T) -> V,
    ) -> Page<V> {
        let more = rows.len() > usize::from(self.size);
        rows.truncate(usize::from(self.size));
        if self.back() {
            rows.reverse();
        }
        let cursor = |row: Option<&T>, back| row.map(|row| self.cursor_link(key(row), back));
        let by_number =
            |skipped: i64| self.link.with("page", &(skipped / i64::from(self.size) + 1).to_string());
        let (previous, next) = match &self.position {
            Position::First => (None, cursor(rows.last().filter(|_| more), false)),
            Position::After(_) => (cursor(rows.first(), true), cursor(rows.last().filter(|_| more), false)),
            Position::Before(_) => (cursor(rows.first().filter(|_| more), true), cursor(rows.last(), false)),
            Position::Skip(n) => {
                let size = i64::from(self.size);
                (Some(by_number((n - size).max(0))), more.then(|| by_number(n + size)))
            }
        };
        Page {
            count: count.min(EXACT_COUNT),
            count_exact: count <= EXACT_COUNT,
            next,
            previous,
            results: rows.into_iter().map(view).collect(),
        }
    }

    /// Like [`Paging::finish`], for a list that is searched through in steps and was left at `stopped` before
    /// the page was full: the page leads on from there, and how many there are is not known.
    pub fn finish_early<T, V>(
        self,
        rows: Vec<T>,
        stopped: K,
        key: impl Fn(&T) -> K,
        view: impl FnMut(T) -> V,
    ) -> Page<V> {
        let back = self.back();
        let onward = Some(self.cursor_link(stopped, back));
        let count = i64::try_from(rows.len()).unwrap_or(EXACT_COUNT);
        let mut page = self.finish(rows, count, key, view);
        page.count_exact = false;
        *(if back { &mut page.previous } else { &mut page.next }) = onward;
        page
    }

    fn cursor_link(&self, key: K, back: bool) -> String {
        let cursor = Cursor { back, scope: self.link.scope(), key };
        self.link.with("cursor", &URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default()))
    }
}

/// The order of a list; every column of the key runs the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Page<V> {
    /// How many items there are; at least so many where `count_exact` is false.
    pub count: i64,
    /// Whether `count` is exact.
    pub count_exact: bool,
    /// The next page.
    pub next: Option<String>,
    /// The page before.
    pub previous: Option<String>,
    /// The items.
    pub results: Vec<V>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(query: &str) -> Link {
        let others = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Link { base: "http://x".into(), path: "/things/".into(), others }
    }

    /// A list of numbers, read the way that SQL reads a table.
    fn read(all: &[i64], order: Order, query: &PageQuery) -> Page<i64> {
        let paging = query.paging::<i64>(link("color=red")).unwrap();
        let mut rows: Vec<i64> = all.to_vec();
        rows.sort_unstable();
        if paging.direction(order) == "desc" {
            rows.reverse();
        }
        if let Some(&key) = paging.key() {
            rows.retain(|&n| if paging.comparison(order) == "<" { n < key } else { n > key });
        }
        let rows = rows.into_iter().skip(paging.offset().try_into().unwrap());
        let rows = rows.take(paging.limit().try_into().unwrap()).collect();
        paging.finish(rows, 1, |n| *n, |n| n)
    }

    fn follow(url: &str) -> PageQuery {
        let query = url.split_once('?').unwrap().1;
        assert!(query.contains("color=red"));
        let get = |name| {
            form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
        };
        PageQuery { cursor: get("cursor"), page: get("page").map(|p| p.parse().unwrap()), page_size: Some(3) }
    }

    #[test]
    fn walking_forth_and_back_sees_everything_once() {
        let all: Vec<i64> = (0..10).collect();
        for order in [Order::Ascending, Order::Descending] {
            for page in [None, Some(1)] {
                let mut seen: Vec<i64> = Vec::new();
                let mut current = read(&all, order, &PageQuery { page_size: Some(3), page, cursor: None });
                assert_eq!(current.previous, None);
                seen.extend(&current.results);
                while let Some(next) = &current.next {
                    current = read(&all, order, &follow(next));
                    seen.extend(&current.results);
                }
                let mut expected = all.clone();
                if order == Order::Descending {
                    expected.reverse();
                }
                assert_eq!(seen, expected);
                let mut back = current.results.clone();
                while let Some(previous) = &current.previous {
                    current = read(&all, order, &follow(previous));
                    back.splice(0..0, current.results.clone());
                }
                assert_eq!(back, expected);
            }
        }
    }

    #[test]
    fn pages_by_number_lead_on() {
        let all: Vec<i64> = (0..10).collect();
        let page =
            read(&all, Order::Ascending, &PageQuery { page_size: Some(3), page: Some(4), cursor: None });
        assert_eq!((page.results, page.next), (vec![9], None));
        assert!(page.previous.unwrap().ends_with("page=3"));
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let first =
            read(&[1, 2, 3, 4], Order::Ascending, &PageQuery { page_size: Some(3), ..Default::default() });
        let query = follow(&first.next.unwrap());
        assert!(query.paging::<i64>(link("color=blue")).is_err());
        assert!(query.paging::<(String, i64)>(link("color=red")).is_err());
        for cursor in ["", "!", "e30", "AAAA"] {
            let query = PageQuery { cursor: Some(cursor.into()), ..Default::default() };
            assert!(query.paging::<i64>(link("color=red")).is_err(), "{cursor}");
        }
    }
}
