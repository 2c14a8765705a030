//! Local times as integers: one table of offsets a zone instead of a calendar computation a booking.
use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};

/// Microseconds, the resolution of `timestamptz`.
pub(crate) const MINUTE: i64 = 60_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How far back the demo's history reaches.
pub(crate) const HISTORY_DAYS: i64 = 1100;
/// How far ahead somebody has booked or taken days off.
pub(crate) const AHEAD_DAYS: i64 = 70;

const EPOCH: civil::Date = civil::date(1970, 1, 1);

/// A time zone over the years of the demo.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    first_day: i64,
    /// Offset from UTC at noon of each day. Clocks change at night and nobody works then.
    offsets: Vec<i64>,
    /// Today in this zone, as days since 1970.
    pub(crate) today: i64,
}

impl Zone {
    pub(crate) fn load(name: &'static str, now: Timestamp) -> anyhow::Result<Self> {
        let zone = TimeZone::get(name).with_context(|| format!("the time zone {name}"))?;
        let today = day_of(now.to_zoned(zone.clone()).date())?;
        let first_day = today - HISTORY_DAYS - 2;
        let offsets = (first_day..=today + AHEAD_DAYS)
            .map(|day| {
                let noon = date_of(day)?.at(12, 0, 0, 0).to_zoned(zone.clone())?;
                Ok(i64::from(noon.offset().seconds()) * 1_000_000)
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { name, first_day, offsets, today })
    }

    /// The instant (microseconds since 1970) at which clocks there show that minute of that day.
    pub(crate) fn instant(&self, day: i64, minute: i64) -> i64 {
        let index = usize::try_from(day - self.first_day).unwrap_or(0);
        let offset = self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or(0);
        day * DAY + minute * MINUTE - offset
    }
}

/// Monday-based weeks since 1970, and the weekday from 1 (Monday) to 7.
pub(crate) fn week_of(day: i64) -> (i64, i64) {
    ((day + 3).div_euclid(7), (day + 3).rem_euclid(7) + 1)
}

pub(crate) fn day_in_week(week: i64, weekday: i64) -> i64 {
    week * 7 - 3 + weekday - 1
}

pub(crate) fn date_of(day: i64) -> anyhow::Result<civil::Date> {
    Ok(EPOCH.checked_add(day.days())?)
}

fn day_of(date: civil::Date) -> anyhow::Result<i64> {
    Ok(date.since((jiff::Unit::Day, EPOCH))?.get_days().into())
}
