//! When a provider works: opening hours, days off, and the half days that bookings are laid into.
use crate::{
    chance::Chance,
    texts::{Language, Phrases},
    time::{self, Zone},
};
use serde_json::json;

/// Nobody is booked across lunch, so that a morning's and an afternoon's buffers (at most half an hour
/// each) never touch, whether or not the provider takes a break.
const NOON: i64 = 13 * 60;
const AFTER_LUNCH: i64 = 14 * 60;

/// A morning or an afternoon of the week; no more than one booking begins in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfDay {
    weekday: i64,
    pub(crate) opens: i64,
    pub(crate) closes: i64,
}

#[derive(Debug)]
pub(crate) struct Hours {
    halves: Vec<HalfDay>,
    takes_break: bool,
    exceptions: Vec<Exception>,
    pub(crate) min_notice_minutes: i32,
    pub(crate) max_advance_days: i32,
    pub(crate) buffer_before_minutes: i32,
    pub(crate) buffer_after_minutes: i32,
    pub(crate) slot_step_minutes: i32,
    pub(crate) auto_accept: bool,
}

#[derive(Debug)]
struct Exception {
    day: i64,
    /// Opened specially, in minutes of the day; else closed all day.
    opened: Option<(i64, i64)>,
    reason: Option<String>,
}

impl Hours {
    pub(crate) fn draw(zone: &Zone, language: Language, phrases: &Phrases, chance: &mut Chance) -> Self {
        let opens = *chance.pick(&[7 * 60, 7 * 60 + 30, 8 * 60, 8 * 60 + 30, 9 * 60, 9 * 60]);
        let closes = *chance.pick(&[18 * 60, 18 * 60, 18 * 60 + 30, 19 * 60, 20 * 60]);
        let mut halves = Vec::with_capacity(12);
        let free = if chance.percent(25) { chance.between(1, 5) } else { 0 };
        for weekday in (1..=5).filter(|weekday| *weekday != free) {
            halves.push(HalfDay { weekday, opens, closes: NOON });
            halves.push(HalfDay { weekday, opens: AFTER_LUNCH, closes });
        }
        if chance.percent(45) {
            halves.push(HalfDay { weekday: 6, opens: 9 * 60, closes: NOON });
        }
        let mut hours = Self {
            halves,
            takes_break: chance.percent(40),
            exceptions: Vec::new(),
            min_notice_minutes: *chance.pick(&[60, 120, 240, 720, 1440]),
            max_advance_days: *chance.pick(&[60, 60, 90, 180]),
            buffer_before_minutes: *chance.pick(&[0, 0, 15, 30]),
            buffer_after_minutes: *chance.pick(&[0, 15, 15, 30]),
            slot_step_minutes: *chance.pick(&[15, 30, 30]),
            auto_accept: chance.percent(35),
        };
        hours.draw_exceptions(zone, language, phrases, chance);
        hours
    }

    fn draw_exceptions(&mut self, zone: &Zone, language: Language, phrases: &Phrases, chance: &mut Chance) {
        if chance.percent(60) {
            let first = zone.today + chance.between(3, 50);
            let reason = chance.pick(&phrases.days_off).to(language);
            for day in first..first + chance.between(1, 6) {
                self.exceptions.push(Exception { day, opened: None, reason: Some(reason.to_owned()) });
            }
        }
        if chance.percent(15) {
            let (week, _) = time::week_of(zone.today + 14);
            let day = time::day_in_week(week, 7);
            if !self.is_off(day) {
                let opened = Some((10 * 60, 14 * 60));
                self.exceptions.push(Exception { day, opened, reason: None });
            }
        }
        self.exceptions.sort_by_key(|exception| exception.day);
    }

    fn is_off(&self, day: i64) -> bool {
        self.exceptions.iter().any(|exception| exception.day == day)
    }

    fn per_week(&self) -> i64 {
        i64::try_from(self.halves.len()).unwrap_or(i64::MAX)
    }

    /// Half days are numbered through all weeks: the first one of that day, or of the next working day.
    pub(crate) fn first_half_from(&self, day: i64) -> i64 {
        let (week, weekday) = time::week_of(day);
        let earlier = self.halves.iter().filter(|half| half.weekday < weekday).count();
        week * self.per_week() + i64::try_from(earlier).unwrap_or(0)
    }

    /// The day of that number and its half; nothing on a day off.
    pub(crate) fn half(&self, number: i64) -> Option<(i64, HalfDay)> {
        let week = number.div_euclid(self.per_week());
        let half = self.halves.get(usize::try_from(number.rem_euclid(self.per_week())).ok()?)?;
        let day = time::day_in_week(week, half.weekday);
        (!self.is_off(day)).then_some((day, *half))
    }

    pub(crate) fn weekly_json(&self) -> String {
        let interval =
            |weekday, start, end| json!({"weekday": weekday, "start": clock(start), "end": clock(end)});
        let weekly: serde_json::Value = if self.takes_break {
            self.halves.iter().map(|half| interval(half.weekday, half.opens, half.closes)).collect()
        } else {
            let mornings = self.halves.iter().filter(|half| half.closes == NOON);
            mornings
                .map(|morning| {
                    let evening = self.halves.iter().rfind(|half| half.weekday == morning.weekday);
                    interval(morning.weekday, morning.opens, evening.map_or(NOON, |half| half.closes))
                })
                .collect()
        };
        weekly.to_string()
    }

    pub(crate) fn exceptions_json(&self) -> anyhow::Result<String> {
        let list = self.exceptions.iter().map(|exception| {
            let intervals: Vec<_> = exception
                .opened
                .iter()
                .map(|(start, end)| json!({"start": clock(*start), "end": clock(*end)}))
                .collect();
            Ok(json!({
                "date": time::date_of(exception.day)?.to_string(),
                "is_available": exception.opened.is_some(),
                "intervals": intervals,
                "reason": exception.reason,
            }))
        });
        Ok(list.collect::<anyhow::Result<serde_json::Value>>()?.to_string())
    }
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}:00", minute / 60, minute % 60)
}
