//! The time that a request asks for: a date and a time on the provider's wall, or an instant.

use jiff::{Timestamp, tz::TimeZone};
use platform::{
    error::{ApiError, ApiResult},
    locale::Sentence,
    time::Instant,
};
use scheduling::{CalendarDate, TimeOfDay, resolve_local};

use crate::model::BookingError;

/// As it was sent.
pub(super) struct When {
    pub(super) scheduled_date: Option<CalendarDate>,
    pub(super) scheduled_time: Option<TimeOfDay>,
    pub(super) starts_at: Option<Instant>,
}

impl When {
    /// The instant. A local time that the clocks show twice is the first of the two.
    pub(super) fn resolve(&self, zone: &TimeZone) -> ApiResult<Timestamp> {
        match (self.scheduled_date, self.scheduled_time, self.starts_at) {
            (Some(date), Some(time), None) => {
                Ok(resolve_local(zone, date.date(), time).map_err(BookingError::NoSuchTime)?)
            }
            (None, None, Some(starts_at)) => Ok(starts_at.timestamp()),
            (_, _, Some(_)) => Err(ApiError::invalid_field("starts_at", Sentence::new("field-two_times"))),
            (None, _, None) => {
                Err(ApiError::invalid_field("scheduled_date", Sentence::new("field-required")))
            }
            (Some(_), None, None) => {
                Err(ApiError::invalid_field("scheduled_time", Sentence::new("field-required")))
            }
        }
    }
}
