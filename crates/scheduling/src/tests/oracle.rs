//! The same rules once more, as slowly and plainly as possible: minute by minute.

use std::ops::Range;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::zone;
use crate::{ScheduleDraft, TimeOfDay};

/// One minute of a provider's life.
struct Minute {
    start: Timestamp,
    local: DateTime,
    /// Whether the clock shows a time that it has not shown before.
    is_new: bool,
    /// Whether the provider works.
    open: bool,
}

/// Some days, minute by minute, and enough around them for a service of 24 hours.
pub(super) struct Diary {
    draft: ScheduleDraft,
    minutes: Vec<Minute>,
}

impl Diary {
    pub(super) fn of(draft: &ScheduleDraft, first: Date, last: Date) -> Self {
        let utc = |date: Date| date.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let (mut start, end) =
            (utc(first) - SignedDuration::from_hours(24), utc(last) + SignedDuration::from_hours(72));
        let zone = zone(&draft.timezone);
        // The latest time that the clock has shown. While it is set back, the day is as far on as it was.
        let mut latest = DateTime::MIN;
        let mut minutes = Vec::new();
        while start < end {
            let local = zone.to_datetime(start);
            let is_new = local > latest;
            latest = latest.max(local);
            minutes.push(Minute { start, local, is_new, open: works_at(draft, latest) });
            start += SignedDuration::from_mins(1);
        }
        Self { draft: draft.clone(), minutes }
    }

    /// The starts with these local dates that are free.
    pub(super) fn free(
        &self,
        length: i64,
        busy: &[Range<Timestamp>],
        window: (Date, Date),
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let days = (0..self.minutes.len()).map(|index| &self.minutes[index..]);
        let in_window = days.filter(|rest| (window.0..=window.1).contains(&rest[0].local.date()));
        in_window.filter(|rest| self.is_free(rest, length, busy, now)).map(|rest| rest[0].start).collect()
    }

    /// Whether a service can start with the first of these minutes.
    fn is_free(&self, minutes: &[Minute], length: i64, busy: &[Range<Timestamp>], now: Timestamp) -> bool {
        let Minute { start, local, is_new, .. } = minutes[0];
        let of_day = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let end = start + SignedDuration::from_mins(length);
        let blocked_from = start - SignedDuration::from_mins(self.draft.buffer_before_minutes);
        let blocked_to = end + SignedDuration::from_mins(self.draft.buffer_after_minutes);
        let today = zone(&self.draft.timezone).to_datetime(now).date();
        is_new
            && of_day % self.draft.slot_step_minutes == 0
            && start >= now + SignedDuration::from_mins(self.draft.min_notice_minutes)
            && i64::from((local.date() - today).get_days()) <= self.draft.max_advance_days
            && minutes[..usize::try_from(length).unwrap()].iter().all(|minute| minute.open)
            && !busy.iter().any(|taken| taken.start < blocked_to && blocked_from < taken.end)
    }
}

/// Straight from the draft: an exception of that date, or else the week.
fn works_at(draft: &ScheduleDraft, local: DateTime) -> bool {
    let time = TimeOfDay::from(local.time());
    let weekday = i64::from(local.weekday().to_monday_one_offset());
    let mut week = draft.weekly.iter().filter(|entry| entry.weekday == weekday);
    let weekly = week.any(|entry| entry.start <= time && time < entry.end);
    match draft.exceptions.iter().find(|exception| exception.date == local.date()) {
        None => weekly,
        Some(exception) => {
            let listed = exception.intervals.iter().any(|hours| hours.start <= time && time < hours.end);
            if exception.is_available { listed } else { weekly && !listed && !exception.intervals.is_empty() }
        }
    }
}
