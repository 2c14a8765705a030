//! Points in time, and the clock that tells them.
//!
//! Calendar work (opening hours, slots) is done on `jiff::Zoned`; see the `scheduling` crate.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, encode::IsNull, error::BoxDynError};

/// A point in time in UTC, in whole microseconds (what PostgreSQL keeps), RFC 3339 with `Z` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Instant(jiff::Timestamp);

impl Instant {
    /// Rounds to the microsecond, so that what was stored equals what is held.
    pub fn new(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.round(jiff::Unit::Microsecond).unwrap_or(timestamp))
    }

    /// The timestamp itself, for calendar work.
    pub fn timestamp(self) -> jiff::Timestamp {
        self.0
    }

    /// This instant moved by an exact duration; at the ends of time it stays there.
    #[must_use]
    pub fn plus(self, duration: jiff::SignedDuration) -> Self {
        Self(self.0.saturating_add(duration).unwrap_or(self.0))
    }

    /// This instant moved back by an exact duration.
    #[must_use]
    pub fn minus(self, duration: jiff::SignedDuration) -> Self {
        self.plus(-duration)
    }

    /// How long after `earlier` this is; negative when it is before.
    pub fn since(self, earlier: Self) -> jiff::SignedDuration {
        self.0.duration_since(earlier.0)
    }

    /// Microseconds since 1970.
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// From microseconds since 1970; `None` outside the calendar.
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(Self)
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<jiff::Timestamp> for Instant {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::new(timestamp)
    }
}

impl From<Instant> for uuid::Timestamp {
    fn from(at: Instant) -> Self {
        let seconds = u64::try_from(at.0.as_second()).unwrap_or(0);
        let nanos = u32::try_from(at.0.subsec_nanosecond()).unwrap_or(0);
        Self::from_unix(uuid::NoContext, seconds, nanos)
    }
}

impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-03-02T09:00:00Z"])
            .into()
    }
}
impl utoipa::ToSchema for Instant {}

impl sqlx::Type<Postgres> for Instant {
    fn type_info() -> sqlx::postgres::PgTypeInfo {
        jiff_sqlx::Timestamp::type_info()
    }
}
impl sqlx::postgres::PgHasArrayType for Instant {
    fn array_type_info() -> sqlx::postgres::PgTypeInfo {
        sqlx::postgres::PgTypeInfo::with_name("_timestamptz")
    }
}
impl sqlx::Encode<'_, Postgres> for Instant {
    fn encode_by_ref(&self, buf: &mut sqlx::postgres::PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.to_sqlx().encode_by_ref(buf)
    }
}
impl<'r> sqlx::Decode<'r, Postgres> for Instant {
    fn decode(value: sqlx::postgres::PgValueRef<'r>) -> Result<Self, BoxDynError> {
        jiff_sqlx::Timestamp::decode(value).map(|t| Self::new(t.to_jiff()))
    }
}

/// Where the time comes from: the system, or a hand that tests and developers move.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock, put forward by so many microseconds: for developers who do not want to wait two days to
    /// see what happens then.
    Adjustable(Arc<AtomicI64>),
    /// Stands still until somebody moves it.
    Manual(Arc<Mutex<Instant>>),
}

impl Clock {
    /// A clock that stands at `at` until [`Clock::advance`] moves it.
    pub fn manual(at: Instant) -> Self {
        Self::Manual(Arc::new(Mutex::new(at)))
    }

    /// The machine's clock, which [`Clock::advance`] puts forward until the process ends.
    pub fn adjustable() -> Self {
        Self::Adjustable(Arc::default())
    }

    /// The present.
    #[expect(clippy::disallowed_methods, reason = "the system clock is read here and nowhere else")]
    pub fn now(&self) -> Instant {
        match self {
            Self::System => Instant::new(jiff::Timestamp::now()),
            Self::Adjustable(ahead) => Instant::new(jiff::Timestamp::now())
                .plus(jiff::SignedDuration::from_micros(ahead.load(Ordering::Relaxed))),
            Self::Manual(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Whether somebody may move it.
    pub fn is_adjustable(&self) -> bool {
        !matches!(self, Self::System)
    }

    /// Moves a clock that can be moved; the system's clock goes by itself.
    pub fn advance(&self, by: jiff::SignedDuration) {
        match self {
            Self::System => {}
            Self::Adjustable(ahead) => {
                let micros = i64::try_from(by.as_micros()).unwrap_or_default();
                ahead.fetch_add(micros, Ordering::Relaxed);
            }
            Self::Manual(at) => {
                let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
                *at = at.plus(by);
            }
        }
    }
}
