//! What holds for any schedule in any zone on any day, with an eye on days of clock changes.
//! For a long run: `PROPTEST_CASES=20000 cargo test --release -p scheduling properties`.

use std::{collections::BTreeSet, ops::Range};

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, Disambiguation},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{minutes, oracle::Diary, zone};
use crate::{
    ExceptionDraft, Hours, LocalTimeFault, ScheduleDraft, Slot, TimeOfDay, WeeklyHours, Window, alternatives,
    check, conflicts, free_slots, resolve_local,
    wall_clock::{WallClock, local, shifted},
};

const ZONES: [&str; 16] = [
    "Europe/Berlin",
    "Europe/Rome",
    "Europe/Dublin",
    "Europe/London",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/New_York",
    "America/Havana",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "UTC",
];

/// A zone and a date of the years 1990 to 2037, mostly within a day of a clock change.
fn days() -> impl Strategy<Value = (&'static str, Date)> {
    let from = 631_152_000_i64..2_145_916_800;
    (select(&ZONES), from, -1_i64..=1, prop::bool::weighted(0.8)).prop_map(|(name, second, days, near)| {
        let (zone, moment) = (zone(name), Timestamp::from_second(second).unwrap());
        let change = zone.following(moment).next().map(|change| change.timestamp()).filter(|_| near);
        (name, shifted(zone.to_datetime(change.unwrap_or(moment)).date(), days))
    })
}

/// Disjoint intervals of a day, some of which touch.
fn intervals() -> impl Strategy<Value = Vec<Hours>> {
    let edges = vec(prop_oneof![3 => 0_u32..=24, 1 => 0_u32..=96, 1 => 0_u32..=1_440], 0..6);
    edges.prop_map(|numbers| {
        let minutes = numbers.iter().map(|n| match n {
            0..=24 => n * 60,
            25..=96 => n * 15,
            _ => *n,
        });
        let edges = minutes.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        let of = |minute: u32| TimeOfDay::from_seconds(minute * 60).unwrap();
        let pairs = edges.windows(2).filter(|pair| pair[0] % 7 != 0 || pair[1] % 2 == 0);
        pairs.map(|pair| Hours { start: of(pair[0]), end: of(pair[1]) }).collect()
    })
}

fn exceptions(around: Date) -> impl Strategy<Value = Vec<ExceptionDraft>> {
    vec((-1_i64..=3, any::<bool>(), intervals()), 0..3).prop_map(move |list| {
        let mut seen = BTreeSet::new();
        let list =
            list.into_iter().filter(|(day, open, hours)| seen.insert(*day) && (!open || !hours.is_empty()));
        let draft = |(day, is_available, intervals)| ExceptionDraft {
            date: shifted(around, day),
            is_available,
            intervals,
            reason: None,
        };
        list.map(draft).collect()
    })
}

prop_compose! {
    fn drafts()(day in days())(
        week in vec(prop_oneof![Just(vec![Hours { start: TimeOfDay::MIDNIGHT, end: TimeOfDay::END_OF_DAY }]), intervals()], 7),
        exceptions in exceptions(day.1),
        min_notice_minutes in select(&[0_i64, 1, 60, 600]),
        max_advance_days in select(&[0_i64, 1, 2, 730]),
        buffer_before_minutes in select(&[0_i64, 0, 5, 45]),
        buffer_after_minutes in select(&[0_i64, 0, 10, 90]),
        slot_step_minutes in select(&[7_i64, 15, 20, 30, 45, 60, 1_440]),
        day in Just(day),
    ) -> (Date, ScheduleDraft) {
        let weekly = (1..).zip(week).flat_map(|(weekday, day)| {
            day.into_iter().map(move |hours| WeeklyHours { weekday, start: hours.start, end: hours.end })
        });
        (day.1, ScheduleDraft {
            timezone: day.0.to_owned(), weekly: weekly.collect(), exceptions,
            min_notice_minutes, max_advance_days, buffer_before_minutes, buffer_after_minutes,
            slot_step_minutes, auto_accept: false,
        })
    }
}

/// A question about two dates: the first date, the draft, the length, what is busy, and now.
#[derive(Clone, Debug)]
struct Question {
    first: Date,
    last: Date,
    draft: ScheduleDraft,
    length: i64,
    busy: Vec<Range<Timestamp>>,
    now: Timestamp,
}

prop_compose! {
    fn questions()(
        (first, draft) in drafts(),
        length in prop_oneof![Just(30_i64), Just(60), 1_i64..=1_440],
        busy in vec((0_i64..72 * 3600, 0_i64..7_200), 0..8),
        now in -24_i64 * 60..24 * 60,
    ) -> Question {
        let noon = local(first, TimeOfDay::MIDNIGHT) + 12 * 3600;
        let instant = |second| Timestamp::from_second(second).unwrap();
        let start = noon - 24 * 3600;
        let busy = busy.into_iter().map(|(from, length)| instant(start + from)..instant(start + from + length));
        let busy = busy.collect();
        Question { first, last: shifted(first, 1), draft, length, busy, now: instant(noon - 12 * 3600 + now * 60) }
    }
}

fn answer(question: &Question) -> Vec<Slot> {
    let schedule = question.draft.clone().parse().unwrap();
    let window = Window::parse(question.first, question.last).unwrap();
    free_slots(&schedule, minutes(question.length), &question.busy, window, question.now)
}

proptest! {
    #[test]
    fn slots_are_those_found_minute_by_minute(mut question in questions()) {
        question.busy.retain(|range| !range.is_empty());
        let diary = Diary::of(&question.draft, question.first, question.last);
        let window = (question.first, question.last);
        let expected = diary.free(question.length, &question.busy, window, question.now);
        let slots = answer(&question);
        prop_assert_eq!(slots.iter().map(|slot| slot.starts_at).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_start_is_accepted_exactly_if_it_is_listed(question in questions(), others in vec(0_i64..4_320, 60)) {
        let schedule = question.draft.clone().parse().unwrap();
        let slots = answer(&question);
        let ask = |start| check(&schedule, minutes(question.length), start, &question.busy, question.now);
        for slot in &slots {
            prop_assert_eq!(ask(slot.starts_at), Ok(*slot));
        }
        let midnight = local(question.first, TimeOfDay::MIDNIGHT) - 12 * 3600;
        for minute in others {
            let start = Timestamp::from_second(midnight + minute * 60).unwrap();
            if (question.first..=question.last).contains(&schedule.timezone().to_datetime(start).date()) {
                let listed = slots.iter().find(|slot| slot.starts_at == start);
                prop_assert_eq!(ask(start).ok(), listed.copied());
            }
        }
    }

    #[test]
    fn slots_are_ordered_on_the_clock_and_clear_of_what_is_busy(question in questions()) {
        let schedule = question.draft.clone().parse().unwrap();
        let slots = answer(&question);
        prop_assert!(slots.is_sorted_by(|a, b| a.starts_at < b.starts_at));
        for slot in &slots {
            prop_assert_eq!(slot.ends_at.duration_since(slot.starts_at), SignedDuration::from_mins(question.length));
            let shown = schedule.timezone().to_datetime(slot.starts_at);
            prop_assert_eq!((shown.date(), TimeOfDay::from(shown.time())), (slot.local_date, slot.local_time));
            prop_assert_eq!(
                resolve_local(schedule.timezone(), slot.local_date, slot.local_time),
                Ok(slot.starts_at)
            );
            let blocked = schedule.blocked_range(slot.starts_at, slot.ends_at);
            for taken in question.busy.iter().filter(|taken| !taken.is_empty()) {
                prop_assert!(taken.end <= blocked.start || blocked.end <= taken.start);
            }
        }
        let booked = slots.iter().map(|slot| ((), slot.starts_at..slot.ends_at)).collect::<Vec<_>>();
        prop_assert!(conflicts(&schedule, &booked).is_empty());
    }

    #[test]
    fn a_slot_that_is_booked_is_gone_and_its_alternatives_are_free(question in questions()) {
        let schedule = question.draft.clone().parse().unwrap();
        let Some(slot) = answer(&question).first().copied() else { return Ok(()) };
        let mut busy = question.busy.clone();
        busy.push(schedule.blocked_range(slot.starts_at, slot.ends_at));
        let length = minutes(question.length);
        prop_assert!(check(&schedule, length, slot.starts_at, &busy, question.now).is_err());
        let distance = |other: &Slot| other.starts_at.duration_since(slot.starts_at).abs();
        let nearest = alternatives(&schedule, length, slot.starts_at, &busy, question.now, 5);
        for other in &nearest {
            prop_assert_eq!(check(&schedule, length, other.starts_at, &busy, question.now), Ok(*other));
        }
        let window = Window::parse(shifted(slot.local_date, -15), shifted(slot.local_date, 15)).unwrap();
        let mut all = free_slots(&schedule, length, &busy, window, question.now);
        all.sort_by_key(|other| (distance(other), other.starts_at));
        all.truncate(5);
        if all.len() == 5 {
            prop_assert_eq!(nearest, all);
        }
    }

    #[test]
    fn a_local_time_resolves_as_the_calendar_library_has_it((name, date) in days(), second in 0_u32..86_400) {
        let (zone, time) = (zone(name), TimeOfDay::from_seconds(second).unwrap());
        let civil = date.at(0, 0, 0, 0) + SignedDuration::from_secs(i64::from(second));
        let ambiguous = zone.to_ambiguous_timestamp(civil);
        let expected = if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            Err(LocalTimeFault::Nonexistent)
        } else {
            Ok(ambiguous.disambiguate(Disambiguation::Compatible).unwrap())
        };
        prop_assert_eq!(resolve_local(&zone, date, time), expected);
    }

    #[test]
    fn later_on_the_clock_is_never_earlier_in_time((name, date) in days(), a in 0_i64..172_800, b in 0_i64..172_800) {
        let clock = WallClock::covering(&zone(name), date, shifted(date, 1));
        let base = local(date, TimeOfDay::MIDNIGHT);
        let (first, second) = (clock.first_reading(base + a.min(b)), clock.first_reading(base + a.max(b)));
        prop_assert!(first.at <= second.at);
    }
}
