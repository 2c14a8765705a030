//! The rules of slots, one by one, far from any clock change.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::{at, daily, date, exception, hours, minutes, on, starts, window};
use crate::{Schedule, ScheduleDraft, Slot, SlotRefusal, alternatives, check, conflicts, free_slots};

/// A Tuesday in winter: Berlin is at +01:00.
const DAY: &str = "2026-01-13";

fn berlin(day: &[&str]) -> ScheduleDraft {
    daily("Europe/Berlin", day)
}

fn clock(time: &str) -> Timestamp {
    at(&format!("{DAY}T{time}:00+01:00"))
}

#[rstest]
#[case::fits(&["09:00-10:30"], 30, "09:00 09:30 10:00")]
#[case::exactly_one(&["09:00-10:00"], 60, "09:00")]
#[case::too_long(&["09:00-10:00"], 61, "")]
#[case::break_between(&["09:00-10:00", "10:30-11:30"], 60, "09:00 10:30")]
#[case::touching_is_one(&["09:00-10:00", "10:00-11:00"], 90, "09:00 09:30")]
#[case::grid_counts_from_midnight_not_from_opening(&["09:10-10:40"], 30, "09:30 10:00")]
#[case::closed(&[], 30, "")]
fn a_service_lies_within_one_opening(#[case] day: &[&str], #[case] length: i64, #[case] expected: &str) {
    assert_eq!(starts(&on(&berlin(day).parse().unwrap(), length, &[], DAY)), expected);
}

#[test]
fn a_service_may_run_past_midnight_when_the_next_day_goes_on() {
    let mut draft = berlin(&["22:00-24:00"]);
    assert_eq!(starts(&on(&draft.clone().parse().unwrap(), 90, &[], DAY)), "22:00 22:30");
    draft.exceptions = vec![exception("2026-01-14", true, &["00:00-01:00"])];
    let schedule = draft.parse().unwrap();
    assert_eq!(starts(&on(&schedule, 90, &[], DAY)), "22:00 22:30 23:00 23:30");
    assert_eq!(starts(&on(&schedule, 30, &[], "2026-01-14")), "00:00 00:30");
}

#[test]
fn the_longest_service_finds_room_when_days_join() {
    let schedule = berlin(&["00:00-24:00"]).parse().unwrap();
    let slots = on(&schedule, 1_440, &[], DAY);
    assert_eq!(slots.len(), 48);
    assert_eq!(slots[47].ends_at, at("2026-01-14T23:30:00+01:00"));
}

#[rstest]
#[case::grid_of_45_restarts_every_midnight(45, "09:00 09:45 10:30")]
#[case::grid_of_7(7, "09:06 09:13 09:20 09:27 09:34 09:41 09:48 09:55 10:02 10:09 10:16 10:23 10:30")]
#[case::one_start_a_day_at_midnight(1_440, "")]
fn starts_are_multiples_of_the_step(#[case] step: i64, #[case] expected: &str) {
    let schedule = ScheduleDraft { slot_step_minutes: step, ..berlin(&["09:00-11:00"]) }.parse().unwrap();
    assert_eq!(starts(&on(&schedule, 30, &[], DAY)), expected);
}

#[rstest]
#[case::all_day(false, &[], "")]
#[case::closed_for_a_while(false, &["10:00-11:00"], "09:00 09:30 11:00 11:30")]
#[case::closed_before_and_after(false, &["07:00-08:00", "13:00-14:00"], "09:00 09:30 10:00 10:30 11:00 11:30")]
#[case::closed_around_the_edges(false, &["08:00-09:30", "11:00-13:00"], "09:30 10:00 10:30")]
#[case::closed_over_everything(false, &["00:00-24:00"], "")]
#[case::open_at_other_times(true, &["14:00-15:00", "18:00-18:30"], "14:00 14:30 18:00")]
fn an_exception_wins_over_the_week(#[case] open: bool, #[case] intervals: &[&str], #[case] expected: &str) {
    let mut draft = berlin(&["09:00-12:00"]);
    draft.exceptions = vec![exception(DAY, open, intervals)];
    let schedule = draft.parse().unwrap();
    assert_eq!(starts(&on(&schedule, 30, &[], DAY)), expected);
    assert_eq!(starts(&on(&schedule, 60, &[], "2026-01-14")), "09:00 09:30 10:00 10:30 11:00");
}

#[test]
fn closing_for_a_while_leaves_no_empty_rest() {
    let mut draft = berlin(&["09:00-12:00", "12:00-14:00"]);
    draft.exceptions =
        vec![exception(DAY, false, &["09:00-10:00", "10:00-10:30", "11:00-12:00", "13:00-14:00"])];
    let schedule = draft.parse().unwrap();
    assert_eq!(*schedule.hours_on(date(DAY)), [hours("10:30-11:00"), hours("12:00-13:00")]);
}

#[rstest]
#[case::none(0, 0, "09:00 09:30 10:30 11:00 11:30")]
#[case::before(15, 0, "09:00 09:30 11:00 11:30")]
#[case::after(0, 15, "09:00 10:30 11:00 11:30")]
#[case::both(30, 30, "09:00 11:00 11:30")]
fn buffers_keep_a_distance_from_what_is_busy(
    #[case] buffer_before_minutes: i64,
    #[case] buffer_after_minutes: i64,
    #[case] expected: &str,
) {
    let draft = ScheduleDraft { buffer_before_minutes, buffer_after_minutes, ..berlin(&["09:00-12:00"]) };
    let busy = [clock("10:00")..clock("10:30")];
    assert_eq!(starts(&on(&draft.parse().unwrap(), 30, &busy, DAY)), expected);
}

#[test]
fn neighbours_are_apart_by_the_sum_of_both_buffers() {
    let draft =
        ScheduleDraft { buffer_before_minutes: 10, buffer_after_minutes: 20, ..berlin(&["09:00-13:00"]) };
    let schedule = draft.parse().unwrap();
    let busy = [schedule.blocked_range(clock("10:30"), clock("11:00"))];
    assert_eq!(busy, [clock("10:20")..clock("11:20")]);
    assert_eq!(starts(&on(&schedule, 30, &busy, DAY)), "09:00 09:30 11:30 12:00 12:30");
}

#[test]
fn buffers_may_lie_outside_opening_hours() {
    let draft =
        ScheduleDraft { buffer_before_minutes: 60, buffer_after_minutes: 60, ..berlin(&["09:00-10:00"]) };
    assert_eq!(starts(&on(&draft.parse().unwrap(), 60, &[], DAY)), "09:00");
}

#[test]
fn busy_ranges_may_come_in_any_order_overlap_and_be_empty() {
    let schedule = berlin(&["09:00-13:00"]).parse().unwrap();
    let instant = SignedDuration::from_micros(1);
    let busy = [
        clock("11:30")..clock("12:00"),
        clock("09:10")..clock("09:20"),
        clock("11:15")..clock("11:15"),
        clock("09:00")..clock("10:00"),
        clock("11:20")..clock("11:10"),
        clock("10:30") - instant - instant..clock("10:30") - instant,
        clock("12:00")..clock("12:00") + instant,
    ];
    let slots = on(&schedule, 30, &busy, DAY);
    assert_eq!(starts(&slots), "10:30 11:00 12:30");
    for start in on(&schedule, 30, &[], DAY) {
        let accepted = check(&schedule, minutes(30), start.starts_at, &busy, clock("06:00"));
        assert_eq!(accepted.is_ok(), slots.contains(&start), "{start:?}");
    }
}

#[rstest]
#[case::on_time(60, "08:00", Ok(()))]
#[case::a_second_late(60, "08:00:01", Err(SlotRefusal::TooSoon))]
#[case::without_notice(0, "09:00", Ok(()))]
#[case::in_the_past(0, "09:00:01", Err(SlotRefusal::TooSoon))]
fn minimum_notice_is_elapsed_time(
    #[case] min_notice_minutes: i64,
    #[case] now: &str,
    #[case] expected: Result<(), SlotRefusal>,
) {
    let schedule = ScheduleDraft { min_notice_minutes, ..berlin(&["09:00-10:00"]) }.parse().unwrap();
    let now = at(&format!("{DAY}T{now}+01:00"));
    assert_eq!(check(&schedule, minutes(60), clock("09:00"), &[], now).map(drop), expected);
    let listed = free_slots(&schedule, minutes(60), &[], window(DAY, DAY), now);
    assert_eq!(listed.len(), usize::from(expected.is_ok()));
}

#[rstest]
#[case::today_only(0, "2026-01-13", 1)]
#[case::whole_days_of_the_providers_calendar(2, "2026-01-15", 3)]
fn the_horizon_is_counted_in_local_dates(
    #[case] max_advance_days: i64,
    #[case] last: &str,
    #[case] count: usize,
) {
    let schedule = ScheduleDraft { max_advance_days, ..berlin(&["23:00-24:00"]) }.parse().unwrap();
    // In UTC it is still the 12th.
    let now = clock("00:30");
    let slots = free_slots(&schedule, minutes(60), &[], window("2026-01-01", "2026-01-31"), now);
    assert_eq!(slots.len(), count);
    assert_eq!(slots[count - 1].local_date, date(last));
    let next = slots[count - 1].starts_at + SignedDuration::from_hours(24);
    assert_eq!(check(&schedule, minutes(60), next, &[], now), Err(SlotRefusal::TooFar));
}

#[rstest]
#[case::free("09:30", Ok(()))]
#[case::off_the_grid("09:31", Err(SlotRefusal::OutsideSchedule))]
#[case::before_opening("08:30", Err(SlotRefusal::OutsideSchedule))]
#[case::ends_too_late("11:30", Err(SlotRefusal::OutsideSchedule))]
#[case::taken("10:30", Err(SlotRefusal::Taken))]
#[case::off_the_grid_and_taken("10:31", Err(SlotRefusal::OutsideSchedule))]
#[case::past("05:00", Err(SlotRefusal::TooSoon))]
fn a_refusal_says_why(#[case] start: &str, #[case] expected: Result<(), SlotRefusal>) {
    let schedule = berlin(&["09:00-12:00"]).parse().unwrap();
    let busy = [clock("10:30")..clock("11:00")];
    assert_eq!(check(&schedule, minutes(60), clock(start), &busy, clock("06:00")).map(drop), expected);
}

#[test]
fn a_start_between_seconds_is_off_the_grid() {
    let schedule = berlin(&["09:00-12:00"]).parse().unwrap();
    let start = clock("09:00") + SignedDuration::from_micros(1);
    assert_eq!(check(&schedule, minutes(30), start, &[], clock("06:00")), Err(SlotRefusal::OutsideSchedule));
}

#[test]
fn the_ends_of_time_are_refused_calmly() {
    let schedule = berlin(&["00:00-24:00"]).parse().unwrap();
    let ask = |start, now| check(&schedule, minutes(1_440), start, &[], now).unwrap_err();
    assert_eq!(ask(Timestamp::MAX, clock("09:00")), SlotRefusal::TooFar);
    assert_eq!(ask(Timestamp::MIN, clock("09:00")), SlotRefusal::TooSoon);
    assert_eq!(ask(Timestamp::MAX, Timestamp::MAX), SlotRefusal::TooFar);
    let edge = window("9999-12-20", "9999-12-31");
    assert!(free_slots(&schedule, minutes(60), &[], edge, clock("09:00")).is_empty());
    assert!(!free_slots(&schedule, minutes(60), &[], edge, at("9999-12-25T00:00:00Z")).is_empty());
    assert_eq!(alternatives(&schedule, minutes(60), Timestamp::MAX, &[], clock("09:00"), 2).len(), 2);
    assert_eq!(alternatives(&schedule, minutes(60), Timestamp::MIN, &[], clock("09:00"), 2).len(), 2);
}

fn local(slots: &[Slot]) -> Vec<String> {
    slots.iter().map(|slot| format!("{} {}", slot.local_date, slot.local_time)).collect()
}

#[test]
fn alternatives_are_the_nearest_and_of_two_equals_the_earlier_first() {
    let schedule = berlin(&["09:00-12:00"]).parse().unwrap();
    let busy = [clock("10:00")..clock("10:30")];
    let found = alternatives(&schedule, minutes(30), clock("10:00"), &busy, clock("06:00"), 3);
    assert_eq!(local(&found), ["2026-01-13 09:30:00", "2026-01-13 10:30:00", "2026-01-13 09:00:00"]);
}

#[test]
fn alternatives_look_past_weeks_that_are_full() {
    let schedule = berlin(&["09:00-09:30"]).parse().unwrap();
    let busy = [clock("00:00")..at("2026-05-01T00:00:00+02:00")];
    let found = alternatives(&schedule, minutes(30), clock("09:00"), &busy, clock("06:00"), 2);
    assert_eq!(local(&found), ["2026-05-01 09:00:00", "2026-05-02 09:00:00"]);
}

#[test]
fn an_alternative_just_beyond_the_first_weeks_is_not_missed() {
    let mut draft = berlin(&[]);
    draft.exceptions = vec![
        exception("2026-01-06", true, &["00:00-00:30"]),
        exception("2026-01-21", true, &["00:00-00:30"]),
    ];
    let now = at("2026-01-01T00:00:00Z");
    let found = alternatives(&draft.parse().unwrap(), minutes(30), clock("23:30"), &[], now, 1);
    assert_eq!(local(&found), ["2026-01-21 00:00:00"]);
}

#[test]
fn alternatives_may_be_few_or_none() {
    let schedule = ScheduleDraft { max_advance_days: 1, ..berlin(&["09:00-09:30"]) }.parse().unwrap();
    let found =
        |count| alternatives(&schedule, minutes(30), clock("09:00"), &[], clock("06:00"), count).len();
    assert_eq!((found(0), found(1), found(9)), (0, 1, 2));
    let closed: Schedule = berlin(&[]).parse().unwrap();
    assert!(alternatives(&closed, minutes(30), clock("09:00"), &[], clock("06:00"), 3).is_empty());
}

#[test]
fn conflicts_are_reservations_that_a_narrowed_schedule_leaves_outside() {
    let schedule = ScheduleDraft {
        exceptions: vec![exception("2026-01-14", false, &[])],
        min_notice_minutes: 525_600,
        ..berlin(&["10:00-12:00", "12:00-13:00"])
    };
    let reservations = [
        ("within", clock("10:00")..clock("11:00")),
        ("over the seam", clock("11:30")..clock("13:00")),
        ("off the grid", clock("10:07")..clock("10:37")),
        ("too early", clock("09:30")..clock("10:30")),
        ("too late", clock("12:30")..clock("13:01")),
        ("on a closed day", at("2026-01-14T10:00:00+01:00")..at("2026-01-14T11:00:00+01:00")),
    ];
    let outside = conflicts(&schedule.parse().unwrap(), &reservations);
    assert_eq!(outside, ["too early", "too late", "on a closed day"]);
}
