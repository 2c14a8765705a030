//! Opening hours as stretches of real time.

use std::ops::Range;

use jiff::{Timestamp, civil::Date};

use crate::{
    model::Schedule,
    wall_clock::{WallClock, ceil, dates, floor, local, shifted},
};

/// When the provider works on these dates: in order, and what touches is one, over midnight too, so that
/// a service may run from 23:00 to 01:00.
pub(crate) fn openings(schedule: &Schedule, clock: &WallClock, first: Date, last: Date) -> Vec<Range<i64>> {
    let mut open = Vec::<Range<i64>>::new();
    for date in dates(first, last) {
        for hours in schedule.hours_on(date).iter() {
            let start = clock.first_reading(local(date, hours.start)).at;
            let end = clock.first_reading(local(date, hours.end)).at;
            match open.last_mut() {
                Some(last) if last.end == start => last.end = end,
                // An interval in the hour that a clock change skips takes no time.
                _ if start < end => open.push(start..end),
                _ => {}
            }
        }
    }
    open
}

/// Whether the provider works through all of it without a break.
pub(crate) fn is_open_throughout(schedule: &Schedule, span: &Range<Timestamp>) -> bool {
    let first = schedule.zone.to_datetime(span.start).date();
    // A clock that was set back over midnight may have shown the next date already.
    let last = shifted(schedule.zone.to_datetime(span.end).date(), 1);
    let clock = WallClock::covering(&schedule.zone, first, last);
    let (start, end) = (floor(span.start), ceil(span.end));
    openings(schedule, &clock, first, last).iter().any(|open| open.start <= start && end <= open.end)
}

/// The reservations (an id and the service's own time, without buffers) that do not lie within the
/// opening hours, as after these were narrowed. Notice, horizon and grid are rules for new bookings and
/// do not count here.
pub fn conflicts<I: Clone>(schedule: &Schedule, reservations: &[(I, Range<Timestamp>)]) -> Vec<I> {
    let outside = reservations.iter().filter(|(_, span)| !is_open_throughout(schedule, span));
    outside.map(|(id, _)| id.clone()).collect()
}
