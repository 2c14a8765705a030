//! The directory of providers: filters → SQL.

use std::fmt::Write as _;

use catalog::ProviderRow;
use platform::{
    ids::UserId,
    page::{EXACT_COUNT, Order, Paging},
};
use sqlx::{FromRow, PgPool, Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{filters::Around, geo::chord, query::nearest_real, sql::Params, terms::Terms};

/// The rank's bits, which sort like it; and the provider.
pub(crate) type Key = (i32, UserId);

/// What is asked for.
pub(crate) struct Directory<'a> {
    pub terms: Option<&'a Terms>,
    pub categories: Option<Vec<Uuid>>,
    pub around: Option<Around>,
    pub only_verified: bool,
    pub min_rating: Option<f64>,
}

/// A provider of the directory.
pub(crate) struct Listed {
    pub row: ProviderRow,
    pub key: Key,
    /// How many there are in all, up to [`EXACT_COUNT`] and one more.
    pub count: i64,
}

/// How many columns the catalogue reads.
const COLUMNS: usize = 29;

impl FromRow<'_, PgRow> for Listed {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let provider = ProviderRow::from_row(row)?;
        let rank: f32 = row.try_get(COLUMNS)?;
        let bits = i32::from_ne_bytes(rank.max(0.0).to_ne_bytes());
        Ok(Self { key: (bits, provider.id), count: row.try_get(COLUMNS + 1)?, row: provider })
    }
}

impl Directory<'_> {
    /// Reads a slice, best rank first.
    pub(crate) async fn page(&self, db: &PgPool, paging: &Paging<Key>) -> sqlx::Result<Vec<Listed>> {
        let mut params = Params::default();
        let (conditions, kept) = self.conditions(&mut params);
        let (comparison, direction) =
            (paging.comparison(Order::Descending), paging.direction(Order::Descending));
        let from = paging.key().map_or_else(String::new, |(bits, id)| {
            let (rank, id) = (params.add(f32::from_ne_bytes(bits.to_ne_bytes())), params.add(*id));
            format!(" and (rank, provider_id) {comparison} ({rank}, {id})")
        });
        let (limit, offset, counted) = (paging.limit(), paging.offset(), EXACT_COUNT + 1);
        let (columns, joins) = (ProviderRow::COLUMNS, ProviderRow::JOINS);
        let text = format!(
            "select {columns}, page.rank,
                    (select count(*) from (select from provider_search where true{conditions} limit {counted}) n)
               from (select provider_id, rank from provider_search where true{conditions}{from}
                      order by rank {direction}, provider_id {direction} limit {limit} offset {offset}) page
               join providers p on p.user_id = page.provider_id {joins}
              order by page.rank {direction}, page.provider_id {direction}"
        );
        params.fetch(db, text, kept && offset == 0).await
    }

    /// How many there are, by itself.
    pub(crate) async fn count(&self, db: &PgPool) -> sqlx::Result<i64> {
        let mut params = Params::default();
        let (conditions, _) = self.conditions(&mut params);
        let limit = EXACT_COUNT + 1;
        let text = format!(
            "select count(*) from (select from provider_search where true{conditions} limit {limit}) n"
        );
        let rows: Vec<(i64,)> = params.fetch(db, text, false).await?;
        Ok(rows.first().map_or(0, |row| row.0))
    }

    /// The conditions, and whether a plan for them may be kept: limits on numbers are looked at in passing,
    /// all else is for the statistics to judge.
    fn conditions(&self, params: &mut Params) -> (String, bool) {
        let mut text = String::new();
        if let Some(rating) = self.min_rating {
            let rating = params.add(nearest_real(rating));
            let _infallible = write!(text, " and case when rating >= {rating} then true else false end");
        }
        if self.only_verified {
            text.push_str(" and case when is_verified then true else false end");
        }
        if let Some(categories) = &self.categories {
            let _infallible = write!(text, " and categories && {}", params.add(categories.clone()));
        }
        if let Some(terms) = self.terms {
            let _infallible = write!(text, " and words @@ {}::text::tsquery", params.add(terms.in_names()));
        }
        if let Some(around) = self.around
            && let Some(km) = around.radius_km
        {
            let place = around.point.position();
            let (centre, reach) = (params.add(place), params.add(place.around(chord(km))));
            let farthest = params.add(chord(km));
            let _infallible =
                write!(text, " and position && {reach} and (position <-> {centre}) <= {farthest}");
        }
        let kept = self.categories.is_none() && self.terms.is_none() && self.around.is_none();
        (text, kept)
    }
}
