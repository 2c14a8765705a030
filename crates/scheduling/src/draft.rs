//! A schedule as it is sent and shown, and the checks that make a [`Schedule`] of it.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    calendar_date::CalendarDate,
    model::{Exception, Rules, Schedule},
    time_of_day::TimeOfDay,
};

const MAX_WEEKLY: usize = 168;
const MAX_EXCEPTIONS: usize = 1_000;
const MAX_INTERVALS: usize = 24;
const MAX_REASON: usize = 200;

/// A schedule on the wire: every field is there, nothing is checked yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduleDraft {
    /// IANA name of the zone that all dates and times of the schedule are in.
    #[schema(example = "Europe/Berlin", max_length = 100)]
    pub timezone: String,
    /// Opening hours that repeat every week.
    #[schema(max_items = 168)]
    pub weekly: Vec<WeeklyHours>,
    /// Dates that differ from the week; each date at most once.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub exceptions: Vec<ExceptionDraft>,
    /// How long before its start a booking must be made.
    #[serde(default = "Rules::default_min_notice_minutes")]
    #[schema(minimum = 0, maximum = 525_600)]
    pub min_notice_minutes: i64,
    /// How many days after today are bookable; 0 is today only.
    #[serde(default = "Rules::default_max_advance_days")]
    #[schema(minimum = 0, maximum = 730)]
    pub max_advance_days: i64,
    /// Time kept free before each booking.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub buffer_before_minutes: i64,
    /// Time kept free after each booking.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    pub buffer_after_minutes: i64,
    /// Bookings start at multiples of this, counted from local midnight.
    #[serde(default = "Rules::default_slot_step_minutes")]
    #[schema(minimum = 5, maximum = 1440)]
    pub slot_step_minutes: i64,
    /// Whether a booking is confirmed without the provider's answer.
    #[serde(default)]
    pub auto_accept: bool,
}

/// Opening hours of one weekday, within that day; to work past midnight, end at 24:00 and go on at
/// 00:00 of the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WeeklyHours {
    /// 1 is Monday, 7 is Sunday.
    #[schema(minimum = 1, maximum = 7)]
    pub weekday: i64,
    /// When work begins.
    pub start: TimeOfDay,
    /// When it ends, at most 24:00.
    pub end: TimeOfDay,
}

/// A stretch of one day on the wall clock, from `start` up to, but not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hours {
    /// When it begins.
    pub start: TimeOfDay,
    /// When it ends, at most 24:00.
    pub end: TimeOfDay,
}

/// A date that differs from the week. Available: open exactly in the intervals. Not available: closed
/// in the intervals, or all day where there are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExceptionDraft {
    /// The local date.
    #[serde(deserialize_with = "iso_date")]
    pub date: Date,
    /// Whether the intervals are open or closed.
    pub is_available: bool,
    /// The intervals.
    #[serde(default)]
    #[schema(max_items = 24)]
    pub intervals: Vec<Hours>,
    /// Why, in the provider's words.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

/// What is wrong with one field; the variant's name is the code that clients see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ScheduleFault {
    /// Not in the IANA database.
    #[error("This time zone is not known.")]
    UnknownTimezone,
    /// The end is at or before the start.
    #[error("The end must be after the start.")]
    Reversed,
    /// It overlaps an interval of the same day.
    #[error("This interval overlaps another one of the same day.")]
    Overlap,
    /// Two exceptions for one date.
    #[error("There is another exception for this date.")]
    DuplicateDate,
    /// A date that is available at no time.
    #[error("A date that is available needs at least one interval.")]
    NoIntervals,
    /// A list is too long.
    #[error("At most {max} entries are allowed.")]
    TooMany {
        /// The most entries that are allowed.
        max: usize,
    },
    /// A number is too small or too large.
    #[error("This must be between {min} and {max}.")]
    OutOfRange {
        /// The smallest number that is allowed.
        min: i64,
        /// The largest number that is allowed.
        max: i64,
    },
    /// A text is too long.
    #[error("At most {max} characters are allowed.")]
    TooLong {
        /// The most characters that are allowed.
        max: usize,
    },
    /// A text has characters that cannot be shown.
    #[error("Control characters are not allowed.")]
    ControlCharacter,
}

impl ScheduleFault {
    /// The stable machine word, such as `overlap`.
    pub fn code(&self) -> &'static str {
        self.into()
    }
}

/// A field of the draft and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct FieldFault {
    /// Where the field is, such as `exceptions.2.intervals.1.end`.
    pub path: String,
    /// What is wrong with it.
    pub fault: ScheduleFault,
}

/// Everything that is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schedule has {} invalid field(s)", .0.len())]
pub struct InvalidSchedule(pub Vec<FieldFault>);

impl ScheduleDraft {
    /// A schedule without opening hours and with the default rules, to be filled in.
    pub fn closed(timezone: impl Into<String>) -> Self {
        Self {
            timezone: timezone.into(),
            weekly: Vec::new(),
            exceptions: Vec::new(),
            min_notice_minutes: Rules::default_min_notice_minutes(),
            max_advance_days: Rules::default_max_advance_days(),
            buffer_before_minutes: 0,
            buffer_after_minutes: 0,
            slot_step_minutes: Rules::default_slot_step_minutes(),
            auto_accept: false,
        }
    }

    /// Checks everything at once, so that a form can mark all its fields.
    pub fn parse(self) -> Result<Schedule, InvalidSchedule> {
        let mut faults = Faults::default();
        let zone = faults.zone(&self.timezone);
        let weekly = faults.weekly(&self.weekly);
        let exceptions = faults.exceptions(self.exceptions);
        let rules = Rules {
            min_notice_minutes: faults.number("min_notice_minutes", self.min_notice_minutes, 0, 525_600),
            max_advance_days: faults.number("max_advance_days", self.max_advance_days, 0, 730),
            buffer_before_minutes: faults.number(
                "buffer_before_minutes",
                self.buffer_before_minutes,
                0,
                1_440,
            ),
            buffer_after_minutes: faults.number("buffer_after_minutes", self.buffer_after_minutes, 0, 1_440),
            slot_step_minutes: faults.number("slot_step_minutes", self.slot_step_minutes, 5, 1_440),
            auto_accept: self.auto_accept,
        };
        match zone {
            Some(zone) if faults.0.is_empty() => Ok(Schedule { zone, weekly, exceptions, rules }),
            _ => Err(InvalidSchedule(faults.0)),
        }
    }
}

#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, path: impl Into<String>, fault: ScheduleFault) {
        self.0.push(FieldFault { path: path.into(), fault });
    }

    fn number(&mut self, path: &str, value: i64, min: i64, max: i64) -> i64 {
        if !(min..=max).contains(&value) {
            self.add(path, ScheduleFault::OutOfRange { min, max });
        }
        value
    }

    /// Whether a list is short enough to look at.
    fn bounded(&mut self, path: &str, length: usize, max: usize) -> bool {
        if length > max {
            self.add(path, ScheduleFault::TooMany { max });
        }
        length <= max
    }

    fn zone(&mut self, name: &str) -> Option<TimeZone> {
        let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown() && zone.iana_name().is_some());
        if zone.is_none() {
            self.add("timezone", ScheduleFault::UnknownTimezone);
        }
        zone
    }

    fn weekly(&mut self, weekly: &[WeeklyHours]) -> BTreeMap<i64, Vec<Hours>> {
        let mut days = BTreeMap::<_, Vec<_>>::new();
        if !self.bounded("weekly", weekly.len(), MAX_WEEKLY) {
            return BTreeMap::new();
        }
        for (index, entry) in weekly.iter().enumerate() {
            let path = format!("weekly.{index}");
            let weekday = self.number(&format!("{path}.weekday"), entry.weekday, 1, 7);
            days.entry(weekday).or_default().push((path, Hours { start: entry.start, end: entry.end }));
        }
        days.into_iter().map(|(weekday, day)| (weekday, self.day(day))).collect()
    }

    fn exceptions(&mut self, exceptions: Vec<ExceptionDraft>) -> BTreeMap<Date, Exception> {
        let mut dates = BTreeMap::new();
        if !self.bounded("exceptions", exceptions.len(), MAX_EXCEPTIONS) {
            return dates;
        }
        for (index, entry) in exceptions.into_iter().enumerate() {
            let path = format!("exceptions.{index}");
            if dates.contains_key(&entry.date) {
                self.add(format!("{path}.date"), ScheduleFault::DuplicateDate);
            }
            if entry.is_available && entry.intervals.is_empty() {
                self.add(format!("{path}.intervals"), ScheduleFault::NoIntervals);
            }
            let mut intervals = Vec::new();
            if self.bounded(&format!("{path}.intervals"), entry.intervals.len(), MAX_INTERVALS) {
                let named = entry.intervals.into_iter().enumerate();
                intervals =
                    self.day(named.map(|(n, hours)| (format!("{path}.intervals.{n}"), hours)).collect());
            }
            self.reason(&format!("{path}.reason"), entry.reason.as_deref());
            dates.insert(
                entry.date,
                Exception { is_available: entry.is_available, intervals, reason: entry.reason },
            );
        }
        dates
    }

    fn reason(&mut self, path: &str, reason: Option<&str>) {
        let reason = reason.unwrap_or_default();
        if reason.chars().count() > MAX_REASON {
            self.add(path, ScheduleFault::TooLong { max: MAX_REASON });
        }
        // PostgreSQL cannot store NUL, and the others have no business in a calendar.
        if reason.chars().any(|c| c.is_control() && c != '\n') {
            self.add(path, ScheduleFault::ControlCharacter);
        }
    }

    /// One day's intervals in order; each comes with its path.
    fn day(&mut self, mut day: Vec<(String, Hours)>) -> Vec<Hours> {
        day.retain(|(path, hours)| {
            let forward = hours.start < hours.end;
            if !forward {
                self.add(format!("{path}.end"), ScheduleFault::Reversed);
            }
            forward
        });
        // Stable, so that of two equal ones the later entry is at fault.
        day.sort_by_key(|(_, hours)| hours.start);
        let mut covered = TimeOfDay::MIDNIGHT;
        for (path, hours) in &day {
            if hours.start < covered {
                self.add(format!("{path}.start"), ScheduleFault::Overlap);
            }
            covered = covered.max(hours.end);
        }
        day.into_iter().map(|(_, hours)| hours).collect()
    }
}

fn iso_date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    CalendarDate::deserialize(deserializer).map(CalendarDate::date)
}
