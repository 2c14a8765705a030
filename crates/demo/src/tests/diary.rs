//! Bookings: nothing overlaps, everything lies within working hours, and all counters add up.
use super::{NOW, everything, world};
use crate::{
    batches::Batch,
    history::answered_at,
    rows::{Booking, Provider, State},
    tables::list_position,
    time::{MINUTE, Zone},
};
use jiff::{Timestamp, civil, tz::TimeZone};
use std::collections::BTreeMap;
use uuid::Uuid;

fn by_provider(all: &Batch) -> BTreeMap<Uuid, Vec<&Booking>> {
    let mut bookings = BTreeMap::<_, Vec<_>>::new();
    for booking in &all.bookings {
        bookings.entry(booking.provider_id).or_default().push(booking);
    }
    bookings
}

#[test]
fn no_two_bookings_of_a_provider_overlap() {
    let all = everything(&world(1_000, 11));
    for bookings in by_provider(&all).values_mut() {
        bookings.sort_by_key(|booking| booking.starts_at);
        for pair in bookings.windows(2) {
            assert!(pair[0].blocked().end <= pair[1].blocked().start, "{pair:?}");
        }
    }
}

#[test]
fn every_state_occurs_and_open_ones_are_where_they_belong() {
    let world = world(2_000, 11);
    let all = everything(&world);
    let mut states = BTreeMap::<_, u32>::new();
    for booking in &all.bookings {
        *states.entry(booking.state.name()).or_default() += 1;
        match booking.state {
            State::PendingAcceptance => {
                assert!(booking.respond_by > Some(world.now) && !booking.books_instantly);
            }
            State::Confirmed => assert!(booking.starts_at > world.now),
            State::InProgress => assert!(booking.starts_at <= world.now && world.now < booking.ends_at),
            State::Completed => assert!(booking.ends_at <= world.now),
            _ => {}
        }
    }
    assert_eq!(states.len(), 11, "{states:?}");
}

/// Weekly hours as they are stored: weekday, from, to.
fn weekly(all: &Batch) -> BTreeMap<Uuid, Vec<(i64, civil::Time, civil::Time)>> {
    let read = |interval: &serde_json::Value| {
        let time = |field: &str| interval[field].as_str().unwrap().parse::<civil::Time>().unwrap();
        (interval["weekday"].as_i64().unwrap(), time("start"), time("end"))
    };
    let intervals = all.schedules.iter().map(|schedule| {
        let weekly: Vec<serde_json::Value> = serde_json::from_str(&schedule.hours.weekly_json()).unwrap();
        (schedule.provider_id, weekly.iter().map(read).collect())
    });
    intervals.collect()
}

#[test]
fn bookings_lie_within_the_schedule() {
    let all = everything(&world(500, 12));
    let weekly = weekly(&all);
    for booking in &all.bookings {
        let local = |micros| {
            let zone = TimeZone::get(booking.timezone).unwrap();
            Timestamp::from_microsecond(micros).unwrap().to_zoned(zone).datetime()
        };
        let (start, end) = (local(booking.starts_at), local(booking.ends_at));
        let weekday = i64::from(start.weekday().to_monday_one_offset());
        let is_open = |(day, from, to): &(i64, civil::Time, civil::Time)| {
            *day == weekday && *from <= start.time() && end.time() <= *to
        };
        assert!(weekly[&booking.provider_id].iter().any(is_open), "{start} to {end}");
        assert_eq!(start.minute() % 30, 0);
    }
}

#[test]
fn days_off_are_kept_free() {
    let all = everything(&world(1_000, 13));
    let mut days_off = 0;
    for schedule in &all.schedules {
        let exceptions: Vec<serde_json::Value> =
            serde_json::from_str(&schedule.hours.exceptions_json().unwrap()).unwrap();
        let closed = exceptions.iter().filter(|exception| exception["is_available"] == false);
        let closed: Vec<civil::Date> =
            closed.map(|day| day["date"].as_str().unwrap().parse().unwrap()).collect();
        days_off += closed.len();
        for booking in all.bookings.iter().filter(|booking| booking.provider_id == schedule.provider_id) {
            let zone = TimeZone::get(booking.timezone).unwrap();
            let day = Timestamp::from_microsecond(booking.starts_at).unwrap().to_zoned(zone).date();
            assert!(!closed.contains(&day));
        }
    }
    assert!(days_off > 100);
}

#[test]
fn histories_lead_to_the_state_in_order() {
    let world = world(500, 14);
    for booking in everything(&world).bookings {
        let history = &booking.history;
        assert_eq!((history[0].name, history[0].from), ("created", None));
        assert_eq!(history[0].at, booking.created_at);
        for pair in history.windows(2) {
            assert_eq!(pair[1].from, Some(pair[0].to));
            assert!(pair[0].at <= pair[1].at, "{booking:?}");
        }
        let last = history.last().unwrap();
        assert_eq!(last.to, booking.state);
        assert!(last.at <= world.now);
    }
}

fn check_counters(provider: &Provider, bookings: &[&Booking]) {
    let count = |is: &dyn Fn(&&&Booking) -> bool| i32::try_from(bookings.iter().filter(is).count()).unwrap();
    let record = &provider.record;
    assert_eq!(record.jobs_completed, count(&|booking| booking.state == State::Completed));
    assert_eq!(record.requests_received, count(&|booking| !booking.books_instantly));
    let answer =
        |booking: &Booking| answered_at(&booking.history).map(|at| (at - booking.created_at) / MINUTE);
    assert_eq!(record.requests_answered, count(&|booking| answer(booking).is_some()));
    assert_eq!(
        record.response_minutes_sum,
        bookings.iter().filter_map(|booking| answer(booking)).sum::<i64>()
    );
    let cancelled = [State::CancelledByProvider, State::NoShowProvider];
    assert_eq!(record.jobs_cancelled, count(&|booking| cancelled.contains(&booking.state)));
}

#[test]
fn counters_are_what_the_bookings_add_up_to() {
    let all = everything(&world(1_000, 15));
    let bookings = by_provider(&all);
    let nothing = Vec::new();
    for provider in &all.providers {
        check_counters(provider, bookings.get(&provider.id).unwrap_or(&nothing));
        let services = all.services.iter().filter(|service| service.provider_id == provider.id);
        let (sum, count) = services.fold((0, 0), |(sum, count), service| {
            let rating = service.rating;
            assert!((rating.count..=rating.count * 5).contains(&rating.sum));
            assert!(service.popularity >= 0.0);
            (sum + rating.sum, count + rating.count)
        });
        assert_eq!((provider.record.rating.sum, provider.record.rating.count), (sum, count));
        assert!(provider.record.rating.count <= provider.record.jobs_completed);
    }
}

#[test]
fn lists_show_what_is_ahead_soonest_first_and_then_what_is_past_latest_first() {
    let mut bookings = everything(&world(500, 16)).bookings;
    bookings.sort_by_key(list_position);
    let (open, over): (Vec<_>, Vec<_>) = bookings.iter().partition(|booking| booking.state.is_open());
    assert!(bookings.iter().take(open.len()).all(|booking| booking.state.is_open()));
    assert!(open.is_sorted_by_key(|booking| booking.starts_at));
    assert!(over.is_sorted_by_key(|booking| std::cmp::Reverse(booking.starts_at)));
}

#[test]
fn local_times_are_right_on_both_sides_of_a_change_of_clocks() {
    let now = NOW.parse::<Timestamp>().unwrap();
    for name in ["Europe/Berlin", "Europe/Rome", "Europe/London"] {
        let zone = Zone::load(name, now).unwrap();
        for date in ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"] {
            let date: civil::Date = date.parse().unwrap();
            let day = date.since((jiff::Unit::Day, civil::date(1970, 1, 1))).unwrap().get_days();
            let expected = date.at(9, 30, 0, 0).in_tz(name).unwrap().timestamp().as_microsecond();
            assert_eq!(zone.instant(day.into(), 9 * 60 + 30), expected, "{name} {date}");
        }
    }
}
