//! Quiet hours: when somebody wants no phone to ring, on the clock of where they are.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use platform::{time::Instant, validation::broken};
use scheduling::TimeOfDay;
use serde::{Deserialize, Serialize};

/// More than all of a week's hours in a row: whoever is always quiet is heard of after a week.
const MOST_IN_A_ROW: usize = 8;

/// When somebody wants no push and no SMS, critical ones aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(example = json!({"timezone": "Europe/Berlin",
    "weekly": [{"weekday": 1, "start": "22:00:00", "end": "07:00:00"}]}))]
pub(crate) struct QuietHours {
    /// A name of the IANA database.
    #[garde(length(chars, min = 1, max = 64), custom(known_zone))]
    #[schema(min_length = 1, max_length = 64)]
    pub(crate) timezone: String,
    /// At most two a weekday on the average.
    #[garde(length(max = 14), dive)]
    #[schema(max_items = 14)]
    pub(crate) weekly: Vec<QuietSpan>,
}

/// From a time on a weekday; where `end` is not after `start`, until then on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
pub(crate) struct QuietSpan {
    /// Monday is 1.
    #[garde(range(min = 1, max = 7))]
    #[schema(minimum = 1, maximum = 7)]
    pub(crate) weekday: i8,
    #[garde(skip)]
    pub(crate) start: TimeOfDay,
    #[garde(skip)]
    pub(crate) end: TimeOfDay,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn known_zone(name: &str, _context: &()) -> garde::Result {
    // Only names as the database writes them, so that two spellings are not two zones.
    let known = TimeZone::get(name).ok();
    if known.as_ref().and_then(TimeZone::iana_name) == Some(name) {
        Ok(())
    } else {
        Err(broken("unknown_timezone"))
    }
}

impl QuietHours {
    /// The first instant from `now` on that is not quiet.
    pub(crate) fn next_allowed(&self, now: Instant) -> Instant {
        let Ok(zone) = TimeZone::get(&self.timezone) else { return now };
        let mut at = now.timestamp();
        for _ in 0..MOST_IN_A_ROW {
            let Some(end) = self.end_of_quiet(at, &zone) else { break };
            at = end;
        }
        Instant::new(at)
    }

    /// When the quiet hours that `at` lies in end; `None` where it lies in none.
    fn end_of_quiet(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(at).date();
        // Yesterday's may last until today.
        let days = [today.yesterday().ok()?, today];
        let spans = days.into_iter().flat_map(|day| {
            let of_day = move |span: &&QuietSpan| span.weekday == day.weekday().to_monday_one_offset();
            self.weekly.iter().filter(of_day).filter_map(move |span| span.on(day, zone))
        });
        spans.filter(|(start, end)| *start <= at && at < *end).map(|(_, end)| end).max()
    }
}

impl QuietSpan {
    /// What it is on a day. A time that the clocks skip is the first one after; of two, the first.
    fn on(self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let until = if self.start < self.end { day } else { day.tomorrow().ok()? };
        Some((instant(day, self.start, zone)?, instant(until, self.end, zone)?))
    }
}

fn instant(day: Date, time: TimeOfDay, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = day.at(0, 0, 0, 0);
    let local = midnight.checked_add(i64::from(time.seconds()).seconds()).ok()?;
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str, spans: &[(i8, &str, &str)]) -> QuietHours {
        let span = |(weekday, start, end): &(i8, &str, &str)| QuietSpan {
            weekday: *weekday,
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        };
        QuietHours { timezone: zone.to_owned(), weekly: spans.iter().map(span).collect() }
    }

    fn allowed(hours: &QuietHours, now: &str) -> String {
        hours.next_allowed(now.parse::<Timestamp>().unwrap().into()).to_string()
    }

    fn nights() -> Vec<(i8, &'static str, &'static str)> {
        (1..=7).map(|day| (day, "22:00", "07:00")).collect()
    }

    #[test]
    fn outside_of_quiet_hours_nothing_waits() {
        let quiet = hours("Europe/Berlin", &nights());
        assert_eq!(allowed(&quiet, "2026-03-02T09:00:00Z"), "2026-03-02T09:00:00Z");
        assert_eq!(allowed(&hours("Europe/Berlin", &[]), "2026-03-02T23:00:00Z"), "2026-03-02T23:00:00Z");
    }

    #[test]
    fn a_night_wraps_midnight() {
        let quiet = hours("Europe/Berlin", &nights());
        assert_eq!(allowed(&quiet, "2026-03-02T21:00:00Z"), "2026-03-03T06:00:00Z");
        assert_eq!(allowed(&quiet, "2026-03-03T03:00:00Z"), "2026-03-03T06:00:00Z");
        assert_eq!(allowed(&quiet, "2026-03-03T06:00:00Z"), "2026-03-03T06:00:00Z");
    }

    #[test]
    fn a_weekday_is_that_of_its_beginning() {
        let quiet = hours("Europe/Berlin", &[(1, "22:00", "07:00")]);
        assert_eq!(allowed(&quiet, "2026-03-03T03:00:00Z"), "2026-03-03T06:00:00Z");
        assert_eq!(allowed(&quiet, "2026-03-02T03:00:00Z"), "2026-03-02T03:00:00Z");
        assert_eq!(allowed(&quiet, "2026-03-03T22:00:00Z"), "2026-03-03T22:00:00Z");
    }

    #[test]
    fn hours_that_touch_are_waited_through() {
        let quiet = hours("Europe/Berlin", &[(6, "20:00", "24:00"), (7, "00:00", "12:00")]);
        assert_eq!(allowed(&quiet, "2026-03-07T20:00:00Z"), "2026-03-08T11:00:00Z");
    }

    #[test]
    fn quiet_hours_end_by_the_clock_on_the_wall_when_the_clocks_change() {
        let quiet = hours("Europe/Berlin", &nights());
        // Forward on 2026-03-29, back on 2026-10-25: seven on the wall is another instant.
        assert_eq!(allowed(&quiet, "2026-03-28T22:00:00Z"), "2026-03-29T05:00:00Z");
        assert_eq!(allowed(&quiet, "2026-10-24T21:00:00Z"), "2026-10-25T06:00:00Z");
        // An end that does not exist is the first time after it; one that exists twice is the first.
        let short = hours("Europe/Berlin", &[(6, "23:00", "02:30")]);
        assert_eq!(allowed(&short, "2026-03-28T23:00:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(allowed(&short, "2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn whoever_is_always_quiet_is_heard_of_after_a_week() {
        let all: Vec<_> = (1..=7).map(|day| (day, "00:00", "24:00")).collect();
        let quiet = hours("UTC", &all);
        assert!(allowed(&quiet, "2026-03-02T09:00:00Z").starts_with("2026-03-10"));
    }

    #[test]
    fn zones_are_where_people_are() {
        let quiet = hours("America/New_York", &nights());
        assert_eq!(allowed(&quiet, "2026-03-03T03:30:00Z"), "2026-03-03T12:00:00Z");
    }
}
