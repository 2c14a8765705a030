//! Between the clock on the provider's wall and instants, through clock changes.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};

use crate::time_of_day::TimeOfDay;

/// Seconds in a day of the clock face; elapsed time may differ when the clocks change.
pub(crate) const DAY: i64 = 86_400;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// Why a date and a time of day in a time zone name no instant; the name is the code that clients see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LocalTimeFault {
    /// The clocks jump over it.
    #[strum(serialize = "nonexistent_local_time")]
    #[error("This local time does not exist: the clocks go forward over it.")]
    Nonexistent,
    /// It lies at the edge of the supported calendar (years -9999 to 9999).
    #[strum(serialize = "date_out_of_range")]
    #[error("This date is outside the calendar.")]
    OutOfRange,
}

/// The instant of a local time. A time that the clocks show twice is the first of the two; 24:00 is
/// 00:00 of the next day.
pub fn resolve_local(zone: &TimeZone, date: Date, time: TimeOfDay) -> Result<Timestamp, LocalTimeFault> {
    let reading = WallClock::covering(zone, date, date).first_reading(local(date, time));
    if !reading.exists {
        return Err(LocalTimeFault::Nonexistent);
    }
    timestamp(reading.at).ok_or(LocalTimeFault::OutOfRange)
}

/// The offsets of a time zone over some days, so that converting a local time is arithmetic.
///
/// Local times are counted in seconds from 1970-01-01 00:00 of the wall clock, instants in seconds
/// from the Unix epoch.
pub(crate) struct WallClock {
    spans: Vec<Span>,
}

/// A stretch of time with one offset, up to the start of the next one.
struct Span {
    from: i64,
    offset: i64,
}

/// When the wall clock first shows a local time, or passes it in a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) at: i64,
    /// Whether the clock shows exactly that time, instead of jumping over it.
    pub(crate) exists: bool,
}

impl WallClock {
    /// Knows every local time from the first date's 00:00 to the last date's 24:00.
    pub(crate) fn covering(zone: &TimeZone, first: Date, last: Date) -> Self {
        // No offset reaches 26 hours, so two days on either side see every instant with those dates.
        let from = clamped(local(first, TimeOfDay::MIDNIGHT) - 2 * DAY);
        let to = clamped(local(last, TimeOfDay::END_OF_DAY) + 2 * DAY);
        let mut spans = vec![Span { from: i64::MIN, offset: seconds_of(zone.to_offset(from)) }];
        for change in zone.following(from).take_while(|change| change.timestamp() <= to) {
            let offset = seconds_of(change.offset());
            // Some transitions only rename the zone.
            if spans.last().is_none_or(|span| span.offset != offset) {
                spans.push(Span { from: change.timestamp().as_second(), offset });
            }
        }
        Self { spans }
    }

    /// The first instant at which the wall clock shows `local` or later.
    ///
    /// That definition answers every question about clock changes: it is monotonic, so intervals stay
    /// intervals and those that touch still touch; in a gap it is the jump, so the missing hour takes no
    /// time; in a fold it is the first of the two.
    pub(crate) fn first_reading(&self, local: i64) -> Reading {
        let mut ends = self.spans.iter().skip(1).map(|next| next.from);
        for span in &self.spans {
            let at = span.from.max(local - span.offset);
            if ends.next().is_none_or(|end| at < end) {
                return Reading { at, exists: at + span.offset == local };
            }
        }
        // Not reached: the last span has no end.
        Reading { at: local, exists: false }
    }
}

/// Local seconds of a date and a time of day.
pub(crate) fn local(date: Date, time: TimeOfDay) -> i64 {
    date.duration_since(EPOCH).as_secs() + i64::from(time.seconds())
}

/// A date some days away, or the calendar's edge.
pub(crate) fn shifted(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::SignedDuration::from_secs(days.saturating_mul(DAY)))
}

/// Each date from the first to the last.
pub(crate) fn dates(first: Date, last: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |date| date.tomorrow().ok()).take_while(move |date| *date <= last)
}

/// The instant, if the calendar reaches that far.
pub(crate) fn timestamp(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// The last whole second at or before an instant.
pub(crate) fn floor(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

/// The first whole second at or after an instant.
pub(crate) fn ceil(instant: Timestamp) -> i64 {
    instant.as_second() + i64::from(instant.subsec_nanosecond() > 0)
}

fn clamped(second: i64) -> Timestamp {
    timestamp(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn seconds_of(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}
