//! A time on the clock face in whole seconds, from 00:00 to 24:00.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A time of day. Unlike `jiff::civil::Time` it can be 24:00, the end of a day, so that an interval
/// that lasts until midnight needs no special case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

/// The text was not `HH:MM` or `HH:MM:SS` between 00:00 and 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of day as HH:MM or HH:MM:SS, at most 24:00")]
pub struct InvalidTimeOfDay;

impl TimeOfDay {
    /// 00:00, where a day begins.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00, where a day ends.
    pub const END_OF_DAY: Self = Self(86_400);

    /// From seconds after midnight; 86,400 is 24:00.
    pub fn from_seconds(seconds: u32) -> Result<Self, InvalidTimeOfDay> {
        if seconds <= Self::END_OF_DAY.0 { Ok(Self(seconds)) } else { Err(InvalidTimeOfDay) }
    }

    /// Seconds after midnight on the clock face, which on a day of a clock change is not elapsed time.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

/// Drops fractions of a second, which no opening hour and no slot has.
impl From<jiff::civil::Time> for TimeOfDay {
    fn from(time: jiff::civil::Time) -> Self {
        let part = |value: i8| u32::from(value.unsigned_abs());
        Self(part(time.hour()) * 3600 + part(time.minute()) * 60 + part(time.second()))
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTimeOfDay;

    fn from_str(text: &str) -> Result<Self, InvalidTimeOfDay> {
        let mut parts = text.split(':').map(two_digits);
        let (Some(Some(hour)), Some(Some(minute @ 0..=59))) = (parts.next(), parts.next()) else {
            return Err(InvalidTimeOfDay);
        };
        let second = match (parts.next(), parts.next()) {
            (None, _) => 0,
            (Some(Some(second @ 0..=59)), None) => second,
            _ => return Err(InvalidTimeOfDay),
        };
        Self::from_seconds(hour * 3600 + minute * 60 + second)
    }
}

/// Strict on purpose: `str::parse` would also take `+9`.
fn two_digits(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02}", self.0 / 3600, self.0 / 60 % 60, self.0 % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(|_not_one| de::Error::custom("invalid_time"))
    }
}

impl utoipa::PartialSchema for TimeOfDay {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let time = "^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$";
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(time)).examples(["09:00:00"]).into()
    }
}
impl utoipa::ToSchema for TimeOfDay {}
