//! What lists are ordered by, and how that goes into cursors and conditions.

use catalog::ServiceRow;
use platform::{ids::ServiceId, page::Order, time::Instant};
use sqlx::{FromRow, Row as _, postgres::PgRow};

use crate::{filters::Ordering, geo::kilometres, sql::Params};

/// By what a list is ordered, in a form that sorts like it does; and the id.
pub(crate) type Key = (i64, ServiceId);

/// A row of a list.
#[derive(Debug)]
pub(crate) struct Found {
    pub row: ServiceRow,
    pub key: Key,
    /// How many there are in all, where that was asked; at most [`platform::page::EXACT_COUNT`] + 1.
    pub count: Option<i64>,
    /// One of the caller and its provider has blocked the other.
    pub is_hidden: bool,
}

/// The type of the column that a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    At,
    Whole,
    Real,
    Double,
}

impl Ordering {
    pub(crate) fn column(self) -> (&'static str, Column, Order) {
        match self {
            Self::Newest => ("created_at", Column::At, Order::Descending),
            Self::Cheapest => ("price_hundredths", Column::Whole, Order::Ascending),
            Self::Dearest => ("price_hundredths", Column::Whole, Order::Descending),
            Self::Rating => ("rating_rank", Column::Real, Order::Descending),
            Self::Popularity | Self::Relevance => ("popularity", Column::Real, Order::Descending),
            Self::Distance => ("chord", Column::Double, Order::Ascending),
        }
    }
}

/// A whole number that sorts like a float which is not negative.
fn bits(value: f32) -> i64 {
    i64::from(value.max(0.0).to_bits())
}

pub(crate) fn from_bits(bits: i64) -> f32 {
    f32::from_bits(u32::try_from(bits & 0xFFFF_FFFF).unwrap_or_default())
}

impl FromRow<'_, PgRow> for Found {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let mut service = ServiceRow::from_row(row)?;
        let kind: i16 = row.try_get(19)?;
        let key = match kind {
            0 => row.try_get::<Instant, _>(20)?.as_micros(),
            1 => row.try_get::<i64, _>(20)?,
            2 => bits(row.try_get(20)?),
            3 => i64::from_ne_bytes(row.try_get::<f64, _>(20)?.to_ne_bytes()),
            // A search: the place and the tier, then the popularity.
            place => (i64::from(place - SEARCHED) << 32) | bits(row.try_get(20)?),
        };
        service.distance_km = row.try_get::<Option<f64>, _>(21)?.map(kilometres);
        let (count, is_hidden) = (row.try_get(22)?, row.try_get(23)?);
        Ok(Self { key: (key, service.id), count, is_hidden, row: service })
    }
}

/// Where the numbers of search branches begin among the kinds of keys.
pub(crate) const SEARCHED: i16 = 8;

pub(crate) fn kind_number(column: Column) -> i16 {
    match column {
        Column::At => 0,
        Column::Whole => 1,
        Column::Real => 2,
        Column::Double => 3,
    }
}

/// How keys compare and which way they run.
pub(crate) fn run(order: Order, back: bool) -> (&'static str, &'static str) {
    match (order, back) {
        (Order::Descending, false) | (Order::Ascending, true) => ("<", "desc"),
        (Order::Descending, true) | (Order::Ascending, false) => (">", "asc"),
    }
}

/// Behind (or before) the row that a cursor names.
pub(crate) fn key_condition(
    params: &mut Params,
    column: &str,
    kind: Column,
    comparison: &str,
    key: Option<Key>,
) -> String {
    let Some((value, id)) = key else { return String::new() };
    let value = match kind {
        Column::At => {
            params.add(Instant::from_micros(value).unwrap_or(Instant::new(jiff::Timestamp::UNIX_EPOCH)))
        }
        Column::Whole => params.add(value),
        Column::Real => params.add(from_bits(value)),
        Column::Double => params.add(f64::from_ne_bytes(value.to_ne_bytes())),
    };
    format!(" and ({column}, service_id) {comparison} ({value}, {})", params.add(id))
}
