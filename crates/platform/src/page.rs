//! Lists in pages. Cursors name the row where a page ends, so that walking `next` neither repeats nor skips
//! an item that existed all along; `?page=N` works too, for clients that count.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    error::{ApiError, ApiResult, Kind},
    http::RequestContext,
    ids::UserId,
};

/// Counting stops here; what is beyond is said to be at least this.
pub const EXACT_COUNT: i64 = 1000;
const DEFAULT_SIZE: u16 = 20;
/// Bytes of the seal behind a cursor.
const SEAL: usize = 16;

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
#[derive(Clone)]
pub struct Link {
    base: String,
    path: String,
    others: Vec<(String, String)>,
    context: Option<RequestContext>,
    sign: Sign,
}

/// A keyed hash of the pieces.
type Sign = Arc<dyn Fn(&[&[u8]]) -> Vec<u8> + Send + Sync>;

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("path", &self.path).field("others", &self.others).finish_non_exhaustive()
    }
}

impl FromRequestParts<App> for Link {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let others = form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name != "cursor" && name != "page")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let context = parts.extensions.get::<RequestContext>().cloned();
        let app = app.clone();
        Ok(Self {
            base: app.url(""),
            path: parts.uri.path().to_owned(),
            others,
            context,
            sign: Arc::new(move |pieces| app.secrets.fingerprint(pieces)),
        })
    }
}

impl Link {
    /// For an answer that is the same for everybody and remembered as one: its cursors are nobody's, whoever asked first.
    #[must_use]
    pub fn for_everybody(self) -> Self {
        Self { context: None, ..self }
    }

    fn with(&self, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.others).append_pair(name, value);
        format!("{}{}?{}", self.base, self.path, query.finish())
    }

    /// Who reads the list; known once the handler's arguments are.
    fn reader(&self) -> Option<UserId> {
        self.context.as_ref().and_then(RequestContext::user)
    }

    /// A cursor is good only for the list, the filters and the person that it was made for. Equal cursors have equal
    /// seals: they are a part of answers whose `ETag` is a hash.
    fn seal(&self, reader: Option<UserId>, cursor: &[u8]) -> Vec<u8> {
        let mut filters: Vec<_> =
            self.others.iter().filter(|(name, _)| name != "page_size" && name != "lang").collect();
        filters.sort();
        let scope = format!("{} {filters:?}", self.path);
        let reader = reader.map(|reader| reader.to_string()).unwrap_or_default();
        let pieces = [b"cursor".as_slice(), scope.as_bytes(), reader.as_bytes(), cursor];
        let mut seal = (self.sign)(&pieces);
        seal.truncate(SEAL);
        seal
    }

    fn close<K: Serialize>(&self, cursor: &Cursor<K>) -> String {
        let mut bytes = serde_json::to_vec(cursor).unwrap_or_default();
        let seal = self.seal(self.reader(), &bytes);
        bytes.extend(seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What [`Link::close`] made for the same list and person. Whoever signs in may walk on with what they got as nobody.
    fn open<K: DeserializeOwned>(&self, cursor: &str) -> Option<Cursor<K>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (bytes, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
        let is_sealed = |reader| {
            aws_lc_rs::constant_time::verify_slices_are_equal(&self.seal(reader, bytes), seal).is_ok()
        };
        if is_sealed(self.reader()) || is_sealed(None) { serde_json::from_slice(bytes).ok() } else { None }
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
    /// Reads the cursor; 400 `cursor_invalid` when it is none of ours, or was made for something or somebody else.
    pub fn paging<K: DeserializeOwned>(&self, link: Link) -> ApiResult<Paging<K>> {
        let size = self.page_size.unwrap_or(DEFAULT_SIZE).clamp(1, 100);
        let position = match (&self.cursor, self.page) {
            (Some(cursor), _) => {
                let cursor = link.open::<K>(cursor);
                let cursor = cursor.ok_or_else(|| ApiError::new(Kind::Malformed, "cursor_invalid"))?;
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
                (Some(by_number((n - size).max(0))), cursor(rows.last().filter(|_| more), false))
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
        self.link.with("cursor", &self.link.close(&Cursor { back, key }))
    }
}

impl PageQuery {
    /// Whether a page is asked for, and not just the list.
    pub fn is_given(&self) -> bool {
        self.cursor.is_some() || self.page.is_some() || self.page_size.is_some()
    }

    /// The page of a list that is read as a whole, because it is short; `id` names an item.
    pub fn slice<V>(&self, link: Link, all: Vec<V>, id: impl Fn(&V) -> String) -> ApiResult<Page<V>> {
        let paging = self.paging::<(usize, String)>(link)?;
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let mut rows: Vec<((usize, String), V)> =
            all.into_iter().enumerate().map(|(place, item)| ((place, id(&item)), item)).collect();
        if let Some((place, id)) = paging.key() {
            // What the cursor names may have moved, or be gone: then its place counts.
            let found = rows.iter().position(|((_, other), _)| other == id);
            rows = if paging.back() {
                rows.truncate(found.unwrap_or(*place));
                rows.reverse();
                rows
            } else {
                rows.split_off(found.map_or(*place, |found| found + 1).min(rows.len()))
            };
        }
        let skipped = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
        let rows = rows.into_iter().skip(skipped).take(usize::from(paging.size) + 1).collect();
        Ok(paging.finish(rows, count, |(key, _)| key.clone(), |(_, item)| item))
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
        let secrets = crate::crypto::Secrets::derive(&"a secret".into()).unwrap();
        let sign: Sign = Arc::new(move |pieces| secrets.fingerprint(pieces));
        Link { base: "http://x".into(), path: "/things/".into(), others, context: None, sign }
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
        let good = query.cursor.clone().unwrap();
        let mut forged: Vec<String> = ["", "!", "e30", "AAAA"].map(str::to_owned).to_vec();
        for place in 0..good.len() {
            let (head, tail) = good.split_at(place);
            let other = if tail.starts_with('A') { "B" } else { "A" };
            forged.push(format!("{head}{other}{}", tail.get(1..).unwrap()));
            forged.push(head.to_owned());
        }
        assert!(query.paging::<i64>(link("color=red")).is_ok());
        for cursor in forged {
            let query = PageQuery { cursor: Some(cursor.clone()), ..Default::default() };
            let error = query.paging::<i64>(link("color=red")).map(drop).unwrap_err();
            assert_eq!((error.kind(), error.code()), (Kind::Malformed, "cursor_invalid"), "{cursor}");
        }
    }

    #[test]
    fn a_page_by_number_leads_on_by_cursor() {
        let all: Vec<i64> = (0..10).collect();
        let page = |n| PageQuery { page_size: Some(3), page: Some(n), cursor: None };
        let second = read(&all, Order::Ascending, &page(2));
        let next = second.next.unwrap();
        assert!(next.contains("cursor=") && !next.contains("page=2"));
        // Somebody adds an item in front meanwhile.
        let grown: Vec<i64> = (-1..10).collect();
        assert_eq!(read(&grown, Order::Ascending, &follow(&next)).results, [6, 7, 8]);
    }

    #[test]
    fn a_short_list_is_walked_like_a_long_one() {
        let slice = |all: &[i64], query: &PageQuery| {
            query.slice(link("color=red"), all.to_vec(), i64::to_string).unwrap()
        };
        let all: Vec<i64> = (0..8).collect();
        let first = slice(&all, &PageQuery { page_size: Some(3), ..Default::default() });
        assert_eq!((first.count, first.count_exact, first.previous.is_none()), (8, true, true));
        let second = slice(&all, &follow(first.next.as_deref().unwrap()));
        assert_eq!(second.results, [3, 4, 5]);
        assert_eq!(slice(&all, &follow(second.previous.as_deref().unwrap())).results, first.results);
        let third = slice(&all, &follow(second.next.as_deref().unwrap()));
        assert_eq!((third.results.as_slice(), third.next), ([6, 7].as_slice(), None));
        // The item that the cursor names is gone; its place counts.
        assert_eq!(slice(&[0, 1, 3, 4, 5, 6, 7], &follow(first.next.as_deref().unwrap())).results, [3, 4, 5]);
        let by_number = PageQuery { page_size: Some(3), page: Some(3), cursor: None };
        assert_eq!(slice(&all, &by_number).results, [6, 7]);
        assert_eq!(slice(&all, &PageQuery { page: Some(9), ..by_number }).results, [0_i64; 0]);
    }
}
