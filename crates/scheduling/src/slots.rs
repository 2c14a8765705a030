//! When a service can start: listing the free slots, checking one, and naming the nearest others.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    model::{Schedule, ServiceDuration},
    opening::{is_open_throughout, openings},
    time_of_day::TimeOfDay,
    wall_clock::{DAY, WallClock, ceil, dates, floor, local, shifted, timestamp},
};

/// The longest window that one question may cover.
pub const MAX_WINDOW_DAYS: i64 = 31;

/// A time at which the service can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Slot {
    /// When the service starts.
    pub starts_at: Timestamp,
    /// When it ends, buffers excluded.
    pub ends_at: Timestamp,
    /// The date of the start on the provider's calendar.
    pub local_date: Date,
    /// The start on the provider's clock.
    pub local_time: TimeOfDay,
}

/// Local dates to look at, both included, at most [`MAX_WINDOW_DAYS`] of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    first: Date,
    last: Date,
}

/// Why two dates are not a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum WindowFault {
    /// The last date is before the first.
    #[error("The end must not be before the start.")]
    WindowReversed,
    /// More than [`MAX_WINDOW_DAYS`].
    #[error("At most 31 days can be asked for at once.")]
    WindowTooLong,
}

impl Window {
    /// From one local date to another, both included.
    pub fn parse(first: Date, last: Date) -> Result<Self, WindowFault> {
        if last < first {
            Err(WindowFault::WindowReversed)
        } else if last > shifted(first, MAX_WINDOW_DAYS - 1) {
            Err(WindowFault::WindowTooLong)
        } else {
            Ok(Self { first, last })
        }
    }
}

/// Why a service cannot start at a time; the name is the code that clients see. Where several reasons
/// hold it is the first of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum SlotRefusal {
    /// In the past, or within the provider's minimum notice.
    #[error("This time is too soon.")]
    TooSoon,
    /// Beyond the days that the provider opens in advance.
    #[error("This time is too far in the future.")]
    TooFar,
    /// Not within opening hours, or not one of the grid's starts.
    #[error("The provider does not offer this time.")]
    OutsideSchedule,
    /// Another booking or its buffers are in the way.
    #[strum(serialize = "slot_taken")]
    #[error("This time has just been taken.")]
    Taken,
}

/// The slots of a service that start on the window's dates, in order.
///
/// Starts lie on a grid of `slot_step_minutes` from each local midnight, whatever the opening hours are;
/// a start that the clocks skip is left out, one that they repeat is offered once. `busy` are the blocked
/// ranges (buffers included, see [`Schedule::blocked_range`]) of bookings that hold their time.
pub fn free_slots(
    schedule: &Schedule,
    duration: ServiceDuration,
    busy: &[Range<Timestamp>],
    window: Window,
    now: Timestamp,
) -> Vec<Slot> {
    Search { schedule, duration, busy: merged(busy), bookable: Bookable::at(schedule, now) }
        .between(window.first, window.last)
}

/// Whether a service can start at an instant. Agrees with [`free_slots`]: what that lists is accepted
/// here and nothing else is; a start off the grid is outside the schedule.
pub fn check(
    schedule: &Schedule,
    duration: ServiceDuration,
    starts_at: Timestamp,
    busy: &[Range<Timestamp>],
    now: Timestamp,
) -> Result<Slot, SlotRefusal> {
    let bookable = Bookable::at(schedule, now);
    let start = schedule.zone.to_datetime(starts_at);
    let (local_date, local_time) = (start.date(), TimeOfDay::from(start.time()));
    if starts_at < bookable.earliest {
        return Err(SlotRefusal::TooSoon);
    }
    let length = SignedDuration::from_secs(duration.seconds());
    let ends_at = starts_at.checked_add(length).map_err(|_beyond_the_calendar| SlotRefusal::TooFar)?;
    if local_date > bookable.last {
        return Err(SlotRefusal::TooFar);
    }
    let on_grid = starts_at.subsec_nanosecond() == 0
        && i64::from(local_time.seconds()) % (schedule.rules.slot_step_minutes * 60) == 0;
    let reading = WallClock::covering(&schedule.zone, local_date, local_date)
        .first_reading(local(local_date, local_time));
    let is_repeat = reading.at != starts_at.as_second();
    if !on_grid || is_repeat || !is_open_throughout(schedule, &(starts_at..ends_at)) {
        return Err(SlotRefusal::OutsideSchedule);
    }
    let blocked = schedule.blocked_range(starts_at, ends_at);
    let in_the_way = |taken: &Range<Timestamp>| {
        !taken.is_empty() && taken.start < blocked.end && blocked.start < taken.end
    };
    if busy.iter().any(in_the_way) {
        return Err(SlotRefusal::Taken);
    }
    Ok(Slot { starts_at, ends_at, local_date, local_time })
}

/// The `count` free slots whose starts are nearest to the wanted one, nearest first; of two that are
/// equally near, the earlier. Looks as far as the schedule is open for booking. With `wanted` = `now`
/// it is the next free slots.
pub fn alternatives(
    schedule: &Schedule,
    duration: ServiceDuration,
    wanted: Timestamp,
    busy: &[Range<Timestamp>],
    now: Timestamp,
    count: usize,
) -> Vec<Slot> {
    let search = Search { schedule, duration, busy: merged(busy), bookable: Bookable::at(schedule, now) };
    let Some(last_wanted) = count.checked_sub(1) else {
        return Vec::new();
    };
    let date = schedule.zone.to_datetime(wanted).date();
    let distance = |slot: &Slot| slot.starts_at.duration_since(wanted).abs();
    // A week is nearly always enough; widening keeps the common answer cheap.
    let mut days = 7_i64;
    loop {
        let (first, last) = (shifted(date, -days), shifted(date, days));
        let mut slots = search.between(first, last);
        slots.sort_by_key(|slot| (distance(slot), slot.starts_at));
        // Only up to here is it certain that nothing outside these dates is nearer: a day may be skipped.
        let certain = SignedDuration::from_secs((days - 1) * DAY);
        let settled = slots.get(last_wanted).is_some_and(|slot| distance(slot) <= certain);
        if settled || (first <= search.bookable.first && last >= search.bookable.last) {
            slots.truncate(count);
            return slots;
        }
        days = days.saturating_mul(4);
    }
}

/// What notice and horizon leave open for booking at a moment.
struct Bookable {
    earliest: Timestamp,
    first: Date,
    last: Date,
}

impl Bookable {
    fn at(schedule: &Schedule, now: Timestamp) -> Self {
        let notice = SignedDuration::from_mins(schedule.rules.min_notice_minutes);
        let earliest = now.checked_add(notice).unwrap_or(Timestamp::MAX);
        let today = schedule.zone.to_datetime(now).date();
        Self {
            earliest,
            first: schedule.zone.to_datetime(earliest).date(),
            // Whole days of the provider's calendar, so that the last day does not open minute by minute.
            last: shifted(today, schedule.rules.max_advance_days),
        }
    }
}

/// Everything that a search for starts needs, prepared once.
struct Search<'a> {
    schedule: &'a Schedule,
    duration: ServiceDuration,
    busy: Vec<Range<i64>>,
    bookable: Bookable,
}

impl Search<'_> {
    /// One pass over days, opening hours and busy ranges together; all three are in order.
    fn between(&self, first: Date, last: Date) -> Vec<Slot> {
        let (first, last) = (first.max(self.bookable.first), last.min(self.bookable.last));
        if first > last {
            return Vec::new();
        }
        // The last start may run into the next days (three of them, if the calendar skips one).
        let ends_by = shifted(last, 3);
        let clock = WallClock::covering(&self.schedule.zone, first, ends_by);
        let open = openings(self.schedule, &clock, first, ends_by);
        let (mut open, mut busy) = (open.as_slice(), self.busy.as_slice());
        let mut slots = Vec::new();
        for date in dates(first, last) {
            for (at, local_time) in self.grid(&clock, date) {
                open = skip_past(open, at);
                busy = skip_past(busy, at - self.schedule.rules.buffer_before_minutes * 60);
                if self.is_free(at, open.first(), busy.first()) {
                    slots.extend(self.slot(at, date, local_time));
                }
            }
        }
        slots
    }

    /// The day's grid within its opening hours, as instants that are not too soon.
    fn grid(&self, clock: &WallClock, date: Date) -> impl Iterator<Item = (i64, TimeOfDay)> {
        let step = u32::try_from(self.schedule.rules.slot_step_minutes * 60).unwrap_or(u32::MAX);
        let earliest = ceil(self.bookable.earliest);
        let hours = self.schedule.hours_on(date).into_owned();
        hours
            .into_iter()
            .flat_map(move |hours| {
                let first = hours.start.seconds().div_ceil(step);
                (first..hours.end.seconds().div_ceil(step)).filter_map(move |n| n.checked_mul(step))
            })
            .filter_map(move |seconds| {
                let time = TimeOfDay::from_seconds(seconds).ok()?;
                let reading = clock.first_reading(local(date, time));
                (reading.exists && reading.at >= earliest).then_some((reading.at, time))
            })
    }

    /// Whether a start fits, given the opening and the busy range that end next.
    fn is_free(&self, at: i64, open: Option<&Range<i64>>, busy: Option<&Range<i64>>) -> bool {
        let end = at + self.duration.seconds();
        let blocked_until = end + self.schedule.rules.buffer_after_minutes * 60;
        open.is_some_and(|open| open.start <= at && end <= open.end)
            && busy.is_none_or(|busy| blocked_until <= busy.start)
    }

    fn slot(&self, at: i64, local_date: Date, local_time: TimeOfDay) -> Option<Slot> {
        let (starts_at, ends_at) = (timestamp(at)?, timestamp(at + self.duration.seconds())?);
        Some(Slot { starts_at, ends_at, local_date, local_time })
    }
}

/// Drops the ranges that are over.
fn skip_past(mut ranges: &[Range<i64>], at: i64) -> &[Range<i64>] {
    while let [range, rest @ ..] = ranges
        && range.end <= at
    {
        ranges = rest;
    }
    ranges
}

/// Busy ranges in order and apart, in whole seconds. Rounding outwards changes no answer, since starts
/// and ends of slots are whole seconds.
fn merged(busy: &[Range<Timestamp>]) -> Vec<Range<i64>> {
    let busy = busy.iter().filter(|range| !range.is_empty());
    let mut ranges = busy.map(|range| floor(range.start)..ceil(range.end)).collect::<Vec<_>>();
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}
