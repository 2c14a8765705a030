//! A date as clients write it.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, de};

/// `YYYY-MM-DD` and nothing else: jiff would also read `20260329`, dates with a time behind them, and the year 0, which
/// the database's calendar does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct CalendarDate(Date);

impl CalendarDate {
    /// The date.
    pub const fn date(self) -> Date {
        self.0
    }
}

impl<'de> Deserialize<'de> for CalendarDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let is_plain = |date: &Date| text.len() == 10 && date.year() > 0 && date.to_string() == text;
        let date = text.parse::<Date>().ok().filter(is_plain);
        date.map(Self).ok_or_else(|| de::Error::custom("invalid_date"))
    }
}

impl utoipa::PartialSchema for CalendarDate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        let date = SchemaFormat::KnownFormat(KnownFormat::Date);
        ObjectBuilder::new().schema_type(Type::String).format(Some(date)).examples(["2026-03-02"]).into()
    }
}
impl utoipa::ToSchema for CalendarDate {}
