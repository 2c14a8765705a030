//! The week at a glance, for the provider's public profile.

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use crate::{draft::Hours, model::Schedule};

/// Opening hours of an ordinary week, exceptions aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyAvailability {
    /// IANA name of the zone that the times are in.
    pub timezone: String,
    /// All seven days, Monday first.
    pub days: Vec<DayAvailability>,
}

/// One day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayAvailability {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: i64,
    /// When the provider works, in order; empty on a day off. Intervals that touch are shown as one.
    pub intervals: Vec<Hours>,
}

impl Schedule {
    /// The ordinary week.
    pub fn weekly_availability(&self) -> WeeklyAvailability {
        let days = Weekday::Monday.cycle_forward().take(7).map(|weekday| DayAvailability {
            weekday: i64::from(weekday.to_monday_one_offset()),
            intervals: joined(self.weekly_hours(weekday)),
        });
        WeeklyAvailability { timezone: self.timezone_name().to_owned(), days: days.collect() }
    }
}

fn joined(day: &[Hours]) -> Vec<Hours> {
    let mut intervals = Vec::<Hours>::new();
    for hours in day {
        match intervals.last_mut() {
            Some(last) if last.end == hours.start => last.end = hours.end,
            _ => intervals.push(*hours),
        }
    }
    intervals
}
