//! Tests of the schedule and its slots, and the words they share.

mod clock_changes;
mod drafts;
mod http;
mod oracle;
mod properties;
mod rules;

use std::ops::Range;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    ExceptionDraft, Hours, Schedule, ScheduleDraft, ServiceDuration, Slot, TimeOfDay, WeeklyHours, Window,
};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn time(text: &str) -> TimeOfDay {
    text.parse().unwrap()
}

/// An instant, by RFC 3339 text.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn minutes(minutes: i64) -> ServiceDuration {
    ServiceDuration::from_minutes(minutes).unwrap()
}

fn window(first: &str, last: &str) -> Window {
    Window::parse(date(first), date(last)).unwrap()
}

/// `09:00-12:00`
fn hours(text: &str) -> Hours {
    let (start, end) = text.split_once('-').unwrap();
    Hours { start: time(start), end: time(end) }
}

fn exception(on: &str, is_available: bool, intervals: &[&str]) -> ExceptionDraft {
    let intervals = intervals.iter().map(|text| hours(text)).collect();
    ExceptionDraft { date: date(on), is_available, intervals, reason: None }
}

/// The same hours every day, no notice, a far horizon, every half an hour.
fn daily(zone: &str, day: &[&str]) -> ScheduleDraft {
    let weekly = (1..=7).flat_map(|weekday| {
        day.iter().map(move |text| {
            let Hours { start, end } = hours(text);
            WeeklyHours { weekday, start, end }
        })
    });
    ScheduleDraft {
        weekly: weekly.collect(),
        min_notice_minutes: 0,
        max_advance_days: 730,
        slot_step_minutes: 30,
        ..ScheduleDraft::closed(zone)
    }
}

/// The free slots of one date, asked for a day and a half before it begins.
fn on(schedule: &Schedule, length: i64, busy: &[Range<Timestamp>], day: &str) -> Vec<Slot> {
    let now = date(day).to_zoned(TimeZone::UTC).unwrap().timestamp() - jiff::SignedDuration::from_hours(36);
    crate::free_slots(schedule, minutes(length), busy, window(day, day), now)
}

/// Local starts, as `09:00 09:30`.
fn starts(slots: &[Slot]) -> String {
    let short = |slot: &Slot| slot.local_time.to_string().strip_suffix(":00").unwrap().to_owned();
    slots.iter().map(short).collect::<Vec<_>>().join(" ")
}
