//! The same rules once more, as slowly and plainly as possible: minute by minute.

use std::{collections::BTreeMap, ops::Range};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use super::zone;
use crate::{ScheduleDraft, TimeOfDay};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// One minute of a provider's life.
struct Minute {
    local: DateTime,
    /// Whether the clock shows a time that it has not shown before.
    is_new: bool,
    /// Whether the provider works.
    open: bool,
}

/// Days lived through minute by minute, from three days before the first date to four after the last.
pub(super) struct Diary {
    draft: ScheduleDraft,
    minutes: BTreeMap<Timestamp, Minute>,
}

impl Diary {
    pub(super) fn of(draft: &ScheduleDraft, first: jiff::civil::Date, last: jiff::civil::Date) -> Self {
        let utc = |date: jiff::civil::Date| date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let (mut now, end) =
            (utc(first) - SignedDuration::from_hours(72), utc(last) + SignedDuration::from_hours(120));
        let zone = zone(&draft.timezone);
        // The latest time that the clock has shown. While it is set back, the day is as far on as it was.
        let mut latest = DateTime::MIN;
        let mut minutes = BTreeMap::new();
        while now < end {
            let local = zone.to_datetime(now);
            let is_new = local > latest;
            latest = latest.max(local);
            minutes.insert(now, Minute { local, is_new, open: works_at(draft, latest) });
            now += MINUTE;
        }
        Self { draft: draft.clone(), minutes }
    }

    /// The starts with these local dates that are free.
    pub(super) fn free(
        &self,
        length: i64,
        busy: &[Range<Timestamp>],
        window: (jiff::civil::Date, jiff::civil::Date),
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let in_window = |minute: &Minute| (window.0..=window.1).contains(&minute.local.date());
        let starts = self.minutes.iter().filter(|(_, minute)| in_window(minute)).map(|(start, _)| *start);
        starts.filter(|start| self.is_free(*start, length, busy, now)).collect()
    }

    fn is_free(&self, start: Timestamp, length: i64, busy: &[Range<Timestamp>], now: Timestamp) -> bool {
        let minute = &self.minutes[&start];
        let of_day = i64::from(minute.local.hour()) * 60 + i64::from(minute.local.minute());
        let end = start + SignedDuration::from_mins(length);
        let blocked_from = start - SignedDuration::from_mins(self.draft.buffer_before_minutes);
        let blocked_to = end + SignedDuration::from_mins(self.draft.buffer_after_minutes);
        let today = now.to_zoned(zone(&self.draft.timezone)).date();
        minute.is_new
            && of_day % self.draft.slot_step_minutes == 0
            && start >= now + SignedDuration::from_mins(self.draft.min_notice_minutes)
            && i64::from((minute.local.date() - today).get_days()) <= self.draft.max_advance_days
            && self.minutes.range(start..end).all(|(_, minute)| minute.open)
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
