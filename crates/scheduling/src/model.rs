//! A provider's schedule that holds what it promises: built only from a draft that passed every check.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::draft::{ExceptionDraft, Hours, ScheduleDraft, WeeklyHours};

/// When a provider works and how they may be booked. Made by [`ScheduleDraft::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(crate) zone: TimeZone,
    /// By weekday, Monday 1; in order and without overlap, as is every list of intervals here.
    pub(crate) weekly: BTreeMap<i64, Vec<Hours>>,
    pub(crate) exceptions: BTreeMap<Date, Exception>,
    pub(crate) rules: Rules,
}

/// What is different on one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Whether the intervals are open or closed.
    pub is_available: bool,
    /// The intervals; none and not available means closed all day.
    pub intervals: Vec<Hours>,
    /// Why, in the provider's words.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) min_notice_minutes: i64,
    pub(crate) max_advance_days: i64,
    pub(crate) buffer_before_minutes: i64,
    pub(crate) buffer_after_minutes: i64,
    pub(crate) slot_step_minutes: i64,
    pub(crate) auto_accept: bool,
}

impl Rules {
    pub(crate) fn default_min_notice_minutes() -> i64 {
        60
    }

    pub(crate) fn default_max_advance_days() -> i64 {
        60
    }

    pub(crate) fn default_slot_step_minutes() -> i64 {
        30
    }
}

impl Schedule {
    /// The zone that all its dates and times are in.
    pub fn timezone(&self) -> &TimeZone {
        &self.zone
    }

    /// The IANA name of that zone.
    pub fn timezone_name(&self) -> &str {
        // A draft's zone always has a name.
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Whether a booking is confirmed without the provider's answer.
    pub fn auto_accept(&self) -> bool {
        self.rules.auto_accept
    }

    /// The dates that differ from the week.
    pub fn exceptions(&self) -> impl Iterator<Item = (Date, &Exception)> {
        self.exceptions.iter().map(|(date, exception)| (*date, exception))
    }

    /// Opening hours of a weekday, exceptions aside.
    pub fn weekly_hours(&self, weekday: Weekday) -> &[Hours] {
        self.weekly.get(&i64::from(weekday.to_monday_one_offset())).map_or(&[], Vec::as_slice)
    }

    /// Opening hours of a date: in order, without overlap, on the wall clock.
    pub fn hours_on(&self, date: Date) -> Cow<'_, [Hours]> {
        let weekly = self.weekly_hours(date.weekday());
        match self.exceptions.get(&date) {
            None => Cow::Borrowed(weekly),
            Some(exception) if exception.is_available => Cow::Borrowed(&exception.intervals),
            Some(exception) if exception.intervals.is_empty() => Cow::Borrowed(&[]),
            Some(exception) => Cow::Owned(without(weekly, &exception.intervals)),
        }
    }

    /// What a booking keeps others from: its time and the buffers on both sides. Two bookings conflict
    /// when these overlap, so neighbours are apart by the sum of both buffers.
    pub fn blocked_range(&self, starts_at: Timestamp, ends_at: Timestamp) -> Range<Timestamp> {
        let before = SignedDuration::from_mins(self.rules.buffer_before_minutes);
        let after = SignedDuration::from_mins(self.rules.buffer_after_minutes);
        starts_at.checked_sub(before).unwrap_or(Timestamp::MIN)
            ..ends_at.checked_add(after).unwrap_or(Timestamp::MAX)
    }
}

/// Cuts the closed intervals out of the open ones.
fn without(open: &[Hours], closed: &[Hours]) -> Vec<Hours> {
    let mut rest = Vec::new();
    for hours in open {
        let mut start = hours.start;
        for gap in closed.iter().filter(|gap| gap.end > hours.start && gap.start < hours.end) {
            if start < gap.start {
                rest.push(Hours { start, end: gap.start });
            }
            start = gap.end;
        }
        if start < hours.end {
            rest.push(Hours { start, end: hours.end });
        }
    }
    rest
}

/// Back to the wire form: in order, the zone by its canonical spelling.
impl From<&Schedule> for ScheduleDraft {
    fn from(schedule: &Schedule) -> Self {
        let weekly = schedule.weekly.iter().flat_map(|(weekday, day)| {
            day.iter().map(|hours| WeeklyHours { weekday: *weekday, start: hours.start, end: hours.end })
        });
        let exceptions = schedule.exceptions().map(|(date, exception)| ExceptionDraft {
            date,
            is_available: exception.is_available,
            intervals: exception.intervals.clone(),
            reason: exception.reason.clone(),
        });
        Self {
            timezone: schedule.timezone_name().to_owned(),
            weekly: weekly.collect(),
            exceptions: exceptions.collect(),
            min_notice_minutes: schedule.rules.min_notice_minutes,
            max_advance_days: schedule.rules.max_advance_days,
            buffer_before_minutes: schedule.rules.buffer_before_minutes,
            buffer_after_minutes: schedule.rules.buffer_after_minutes,
            slot_step_minutes: schedule.rules.slot_step_minutes,
            auto_accept: schedule.rules.auto_accept,
        }
    }
}

/// How long a service takes: 1 minute to 24 hours of elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceDuration(i64);

/// A service takes between 1 minute and 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a service takes between 1 and 1440 minutes")]
pub struct InvalidDuration;

impl ServiceDuration {
    /// From whole minutes.
    pub fn from_minutes(minutes: i64) -> Result<Self, InvalidDuration> {
        if (1..=1_440).contains(&minutes) { Ok(Self(minutes)) } else { Err(InvalidDuration) }
    }

    /// Whole minutes.
    pub const fn minutes(self) -> i64 {
        self.0
    }

    pub(crate) const fn seconds(self) -> i64 {
        self.0 * 60
    }
}
