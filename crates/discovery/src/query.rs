//! Filters → SQL: the one place of this crate that puts statements together.
//!
//! A page of ids is read first, from narrow rows and covering indexes; the wide rows of that page are joined
//! last. The hot statements (a list in some order, in a category or not, with or without limits on the
//! numbers; a search; what is near) have few texts and are planned once a connection. Everything else has
//! filters that only statistics can judge, and is planned for its very values.

use std::fmt::Write as _;

use catalog::ServiceRow;
use platform::{
    ids::UserId,
    locale::Language,
    page::{EXACT_COUNT, Paging, Position},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    filters::{Filters, Ordering},
    geo::{Cube, chord},
    keys::{Column, Found, Key, key_condition, kind_number, run},
    sql::{Param, Params},
    terms::{Place, TIERS, Terms, Wanted},
    tiers::in_index,
};

/// So many rows are read through in the order of a list before the planner is asked for a better way.
const PATIENCE: u32 = 5000;

/// What is asked for, all names resolved.
pub(crate) struct Search<'a> {
    pub filters: &'a Filters,
    /// The words of `filters.search`.
    pub terms: Option<&'a Terms>,
    pub ordering: Ordering,
    pub language: Language,
    /// Whose favourites are marked, and who is not shown whom they blocked or who blocked them.
    pub caller: Option<UserId>,
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    pub key: Option<Key>,
    pub back: bool,
    pub limit: i64,
    pub offset: i64,
}

impl Slice {
    pub(crate) fn of(paging: &Paging<Key>) -> Self {
        let back = matches!(paging.position, Position::Before(_));
        Self { key: paging.key().copied(), back, limit: paging.limit(), offset: paging.offset() }
    }
}

/// A page of ids in the making.
pub(crate) struct Page {
    /// Selects `service_id`, `kind` and `key`.
    pub text: String,
    /// How the page is ordered, in terms of those.
    pub order: String,
    /// Whether the plan may be kept.
    pub kept: bool,
}

impl Search<'_> {
    /// Reads a slice of the list, and with `with_count` how long the list is.
    pub(crate) async fn run(&self, db: &PgPool, slice: Slice, with_count: bool) -> sqlx::Result<Vec<Found>> {
        let found = self.attempt(db, slice, with_count, false).await?;
        let was_hasty = self.walks_everything();
        let wanted = usize::try_from(slice.limit).unwrap_or(usize::MAX);
        if was_hasty && found.len() < wanted {
            // Few match: walking on in the order of the list could take forever.
            return self.attempt(db, slice, with_count, true).await;
        }
        Ok(found)
    }

    /// Whether the list is read through in its order until enough rows match.
    fn walks_everything(&self) -> bool {
        self.walks() && self.filters.has_numbers() && self.filters.categories.is_none()
    }

    fn walks(&self) -> bool {
        let f = self.filters;
        let free = f.provider.is_none() && f.ids.is_none() && self.terms.is_none();
        let around = f.around.is_none_or(|around| around.radius_km.is_none() && !around.must_reach);
        free && around && self.ordering != Ordering::Distance
    }

    async fn attempt(
        &self,
        db: &PgPool,
        slice: Slice,
        with_count: bool,
        patiently: bool,
    ) -> sqlx::Result<Vec<Found>> {
        let (params, text, kept) = self.compose(slice, with_count, patiently);
        params.fetch(db, text, kept).await
    }

    /// The whole statement, and whether its plan may be kept.
    pub(crate) fn compose(&self, slice: Slice, with_count: bool, patiently: bool) -> (Params, String, bool) {
        let mut params = Params::default();
        let page = if patiently {
            self.any(&mut params, slice)
        } else if let Some(places) = self.places() {
            self.tier_by_tier(&mut params, slice, places)
        } else if self.ordering == Ordering::Distance && !slice.back {
            self.nearest(&mut params, slice)
        } else if self.walks() && slice.offset == 0 {
            self.walk(&mut params, slice)
        } else {
            self.any(&mut params, slice)
        };
        let text = self.whole(&mut params, &page, with_count);
        (params, text, page.kept && slice.offset == 0)
    }

    /// The page with its wide rows.
    fn whole(&self, params: &mut Params, page: &Page, with_count: bool) -> String {
        let (favourite, hidden) = self.caller.map_or_else(
            || ("false".to_owned(), "false".to_owned()),
            |caller| {
                let caller = params.add(caller);
                (
                    format!(
                        "exists (select from favourites f where f.user_id = {caller} and f.service_id = s.id)"
                    ),
                    format!(
                        "exists (select from user_blocks b
                                  where (b.blocker_id, b.blocked_id) in (({caller}, s.provider_id), (s.provider_id, {caller})))"
                    ),
                )
            },
        );
        let distance = self.filters.around.map_or_else(
            || "null::float8".to_owned(),
            |around| format!("d.position <-> {}", params.add(around.point.position())),
        );
        let count = if with_count { self.count_text(params) } else { "null::int8".to_owned() };
        let columns = ServiceRow::columns(self.language);
        let Page { text, order, .. } = page;
        // `u` and `p` are what the columns of the catalogue read names and papers from; here the narrow row
        // has both, and nobody is joined.
        format!(
            "select {columns}, {favourite}, null::float8, page.kind, page.key, {distance}, {count}, {hidden} as is_hidden
               from ({text}) page
               join service_search d on d.service_id = page.service_id
              cross join lateral (select d.provider_name as name) u
              cross join lateral (select d.is_verified) p
               join services s on s.id = page.service_id
              order by {order}"
        )
    }

    /// In the order of an index, alone or merged from those of several categories.
    fn walk(&self, params: &mut Params, slice: Slice) -> Page {
        let (column, kind, order) = self.ordering.column();
        let (comparison, direction) = run(order, slice.back);
        let from = key_condition(params, column, kind, comparison, slice.key);
        let numbers =
            if self.filters.has_numbers() { self.numbers_in_passing(params) } else { String::new() };
        let (limit, number) = (slice.limit, kind_number(kind));
        let select = format!("select service_id, {number}::int2 as kind, {column} as key");
        let by = format!("{column} {direction}, service_id {direction}");
        let text = match &self.filters.categories {
            Some(categories) => {
                let categories = params.add(categories.clone());
                format!(
                    "select w.* from unnest({categories}::uuid[]) c(id) cross join lateral (
                        {select} from service_search where category_id = c.id{from}{numbers} order by {by} limit {limit}
                     ) w order by key {direction}, service_id {direction} limit {limit}"
                )
            }
            None if numbers.is_empty() => {
                format!("{select} from service_search where true{from} order by {by} limit {limit}")
            }
            None => format!(
                "select service_id, {number}::int2 as kind, key from (
                    select service_id, {column} as key, price_hundredths, rating, duration_minutes, is_verified
                      from service_search where true{from} order by {by} limit {PATIENCE}
                 ) ahead where true{numbers} limit {limit}"
            ),
        };
        Page { text, order: format!("page.key {direction}, page.service_id {direction}"), kept: true }
    }

    /// Nearest first, from the index on positions. Several services at one place keep together: the last
    /// ones of a page are read with all that are as far away, and put into the order of their ids.
    fn nearest(&self, params: &mut Params, slice: Slice) -> Page {
        let Some(around) = self.filters.around else { return self.any(params, slice) };
        let place = around.point.position();
        let centre = params.add(place);
        let distance = format!("(position <-> {centre})");
        let mut conditions = match around.radius_km {
            Some(km) => Self::within(params, place, km, around.must_reach, &distance),
            None => " and position is not null".to_owned(),
        };
        let kept = self.terms.is_none() && self.filters.provider.is_none() && self.filters.ids.is_none();
        if kept {
            if let Some(categories) = &self.filters.categories {
                let categories = params.add(categories.clone());
                conditions.push_str(&in_passing(&format!("category_id = any ({categories})")));
            }
            if self.filters.has_numbers() {
                conditions.push_str(&self.numbers_in_passing(params));
            }
        } else {
            conditions.push_str(&self.conditions(params, false));
        }
        conditions.push_str(&key_condition(params, &distance, Column::Double, ">", slice.key));
        let (limit, offset) = (slice.limit, slice.offset);
        let rows = limit + offset;
        let text = format!(
            "select service_id, 3::int2 as kind, key from (
                select service_id, {distance} as key from service_search where true{conditions}
                 order by {distance} fetch first {rows} rows with ties
             ) near order by key, service_id limit {limit} offset {offset}"
        );
        Page { text, order: "page.key, page.service_id".to_owned(), kept }
    }

    /// Whatever is left: the planner finds a way for these very values.
    fn any(&self, params: &mut Params, slice: Slice) -> Page {
        let (column, kind, order) = self.ordering.column();
        let (comparison, direction) = run(order, slice.back);
        let column = match (self.ordering, self.filters.around) {
            (Ordering::Distance, Some(around)) => {
                format!("(position <-> {})", params.add(around.point.position()))
            }
            _ => column.to_owned(),
        };
        let mut conditions = self.conditions(params, true);
        if self.ordering == Ordering::Distance {
            conditions.push_str(" and position is not null");
        }
        conditions.push_str(&key_condition(params, &column, kind, comparison, slice.key));
        let (limit, offset, number) = (slice.limit, slice.offset, kind_number(kind));
        let text = format!(
            "select service_id, {number}::int2 as kind, {column} as key from service_search where true{conditions}
              order by {column} {direction}, service_id {direction} limit {limit} offset {offset}"
        );
        Page { text, order: format!("page.key {direction}, page.service_id {direction}"), kept: false }
    }

    /// All filters as plain conditions, each with ` and ` before it.
    fn conditions(&self, params: &mut Params, with_place: bool) -> String {
        let f = self.filters;
        let mut text = self.numbers(params, " and ");
        if let Some(categories) = &f.categories {
            let _infallible = write!(text, " and category_id = any ({})", params.add(categories.clone()));
        }
        if self.terms.is_some() {
            let cells = self.cells();
            let wanted = Wanted { terms: self.terms, cells: cells.as_deref(), ..Wanted::default() };
            let words = params.add(wanted.in_any_tier(Place::Anywhere));
            let _infallible = write!(text, " and words @@ {words}::text::tsquery");
        }
        text.push_str(&self.whose(params));
        if with_place
            && let Some(around) = f.around
            && let Some(km) = around.radius_km
        {
            let place = around.point.position();
            let distance = format!("(position <-> {})", params.add(place));
            text.push_str(&Self::within(params, place, km, around.must_reach, &distance));
        }
        text
    }

    pub(crate) fn whose(&self, params: &mut Params) -> String {
        let mut text = String::new();
        if let Some(provider) = self.filters.provider {
            let _infallible = write!(text, " and provider_id = {}", params.add(provider));
        }
        if let Some(ids) = &self.filters.ids {
            let _infallible = write!(text, " and service_id = any ({})", params.add(ids.clone()));
        }
        text
    }

    /// Within a radius, and with `must_reach` only what comes so far. The box is what the index looks for;
    /// `&&` and not `<@`, since the planner then believes in walking from the nearest.
    fn within(params: &mut Params, place: Cube, km: f64, must_reach: bool, distance: &str) -> String {
        let (farthest, around) = (params.add(chord(km)), params.add(place.around(chord(km))));
        let limit = if must_reach { format!("least(reach, {farthest})") } else { farthest.to_string() };
        format!(" and position && {around} and {distance} <= {limit}")
    }

    /// Limits on numbers, as conditions that indexes may serve.
    fn numbers(&self, params: &mut Params, between: &str) -> String {
        let f = self.filters;
        let mut text = String::new();
        let mut push = |condition: &str, value: Option<Param>| {
            let _infallible = value.map_or(Ok(()), |value| write!(text, "{between}{condition} {value}"));
        };
        push("price_hundredths >=", f.min_price.map(|price| params.add(price)));
        push("price_hundredths <=", f.max_price.map(|price| params.add(price)));
        push("rating >=", f.min_rating.map(|rating| params.add(nearest_real(rating))));
        push("duration_minutes <=", f.max_duration.map(|minutes| params.add(minutes)));
        if f.only_verified {
            let _infallible = write!(text, "{between}is_verified");
        }
        text
    }

    /// The same limits, all in one text, looked at row by row: nothing here tempts the planner off the order.
    pub(crate) fn numbers_in_passing(&self, params: &mut Params) -> String {
        let f = self.filters;
        let price = (params.add(f.min_price.unwrap_or(0)), params.add(f.max_price.unwrap_or(i64::MAX)));
        let rating = params.add(f.min_rating.map_or(0.0, nearest_real));
        let duration = params.add(f.max_duration.unwrap_or(i32::MAX));
        let verified = params.add(f.only_verified);
        in_passing(&format!(
            "price_hundredths >= {} and price_hundredths <= {} and rating >= {rating}
             and duration_minutes <= {duration} and is_verified >= {verified}",
            price.0, price.1
        ))
    }

    /// How many there are, up to [`EXACT_COUNT`] and one more.
    fn count_text(&self, params: &mut Params) -> String {
        format!("(select count(*) from ({}) counted)", self.all(params, "", EXACT_COUNT + 1))
    }

    /// Everything that matches, at most `limit` rows of it.
    fn all(&self, params: &mut Params, columns: &str, limit: i64) -> String {
        let cells = self.cells();
        if self.terms.is_none() && cells.is_none() {
            let conditions = self.conditions(params, true);
            return format!("select {columns} from service_search where true{conditions} limit {limit}");
        }
        if self.terms.is_none()
            && let Some(around) = self.filters.around.filter(|around| around.must_reach)
        {
            // Hardly anybody comes from far away: who does is found soonest from the nearest on.
            let centre = params.add(around.point.position());
            let conditions = self.conditions(params, true);
            return format!(
                "select {columns} from service_search where true{conditions} order by position <-> {centre} limit {limit}"
            );
        }
        let filters = self.conditions_beside_words(params);
        let wanted = self.wanted(cells.as_deref());
        let tiers = (0..TIERS).map(|tier| {
            let words = params.add(wanted.in_tier(tier, Place::Anywhere));
            format!("select {columns} from service_search where {}{filters}", in_index(words))
        });
        format!("select * from ({}) tiers limit {limit}", tiers.collect::<Vec<_>>().join(" union all "))
    }

    /// How many there are, by itself.
    pub(crate) async fn count(&self, db: &PgPool) -> sqlx::Result<i64> {
        let mut params = Params::default();
        let text = format!("select {}", self.count_text(&mut params));
        let rows: Vec<(i64,)> = params.fetch(db, text, false).await?;
        Ok(rows.first().map_or(0, |row| row.0))
    }

    /// How many of at most `limit` matches are in each category.
    pub(crate) async fn by_category(&self, db: &PgPool, limit: i64) -> sqlx::Result<Vec<(Uuid, i64)>> {
        let mut params = Params::default();
        let all = self.all(&mut params, "category_id", limit);
        let text = format!("select category_id, count(*) from ({all}) matching group by category_id");
        params.fetch(db, text, false).await
    }

    /// How many of at most `limit` matches are in each band of prices; `bounds` are the lower ones of all
    /// bands but the first, and bands count from 0.
    pub(crate) async fn by_price(
        &self,
        db: &PgPool,
        bounds: Vec<i64>,
        limit: i64,
    ) -> sqlx::Result<Vec<(i32, i64)>> {
        let mut params = Params::default();
        let bounds = params.add(bounds);
        let all = self.all(&mut params, "price_hundredths", limit);
        let text = format!(
            "select width_bucket(price_hundredths, {bounds}::int8[]), count(*) from ({all}) matching group by 1"
        );
        params.fetch(db, text, false).await
    }
}

/// A condition whose selectivity the planner does not guess at.
pub(crate) fn in_passing(condition: &str) -> String {
    format!(" and case when {condition} then true else false end")
}

/// Ratings are kept as `real`; the same number has to be the same number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "rounds to the nearest real, as PostgreSQL does"
)]
pub(crate) fn nearest_real(value: f64) -> f32 {
    value as f32
}
