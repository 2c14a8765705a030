//! Days on which the clocks change, or the calendar does.

use jiff::SignedDuration;
use rstest::rstest;

use super::{at, daily, date, minutes, on, starts, time, zone};
use crate::{LocalTimeFault, ScheduleDraft, SlotRefusal, check, conflicts, free_slots, resolve_local};

#[rstest]
#[case::berlin_forward("Europe/Berlin", "2026-03-29", &["01:00-04:00"], "01:00 01:30 03:00 03:30")]
#[case::berlin_back("Europe/Berlin", "2026-10-25", &["01:00-04:00"], "01:00 01:30 02:00 02:30 03:00 03:30")]
#[case::rome_forward("Europe/Rome", "2027-03-28", &["01:00-04:00"], "01:00 01:30 03:00 03:30")]
#[case::opening_in_the_gap("Europe/Berlin", "2026-03-29", &["02:15-04:00"], "03:00 03:30")]
#[case::closing_in_the_gap("Europe/Berlin", "2026-03-29", &["01:00-02:45"], "01:00 01:30")]
#[case::wholly_in_the_gap("Europe/Berlin", "2026-03-29", &["02:00-03:00"], "")]
#[case::opening_in_the_fold("Europe/Berlin", "2026-10-25", &["02:30-04:00"], "02:30 03:00 03:30")]
#[case::closing_in_the_fold("Europe/Berlin", "2026-10-25", &["01:00-02:30"], "01:00 01:30 02:00")]
#[case::half_an_hour_forward("Australia/Lord_Howe", "2026-10-04", &["01:00-03:30"], "01:00 01:30 02:30 03:00")]
#[case::half_an_hour_back("Australia/Lord_Howe", "2026-04-05", &["01:00-03:00"], "01:00 01:30 02:00 02:30")]
#[case::midnight_gap("America/Sao_Paulo", "2018-11-04", &["00:00-02:00"], "01:00 01:30")]
#[case::day_before_a_midnight_gap("America/Sao_Paulo", "2018-11-03", &["22:00-24:00"], "22:00 22:30 23:00 23:30")]
#[case::midnight_fold("America/Sao_Paulo", "2018-02-17", &["22:30-24:00"], "22:30 23:00 23:30")]
#[case::day_after_a_midnight_fold("America/Sao_Paulo", "2018-02-18", &["00:00-01:00"], "00:00 00:30")]
#[case::a_minute_past_midnight("America/St_Johns", "2010-11-07", &["00:00-01:30"], "00:00 00:30 01:00")]
#[case::the_evening_before("America/St_Johns", "2010-11-06", &["22:30-24:00"], "22:30 23:00 23:30")]
#[case::end_of_ramadan("Africa/Casablanca", "2026-03-22", &["01:00-04:00"], "01:00 01:30 03:00 03:30")]
#[case::start_of_ramadan("Africa/Casablanca", "2026-02-15", &["01:30-04:00"], "01:30 02:00 02:30 03:00 03:30")]
#[case::a_day_that_never_was("Pacific/Apia", "2011-12-30", &["00:00-24:00"], "")]
#[case::the_day_before_it("Pacific/Apia", "2011-12-29", &["22:00-24:00"], "22:00 22:30 23:00 23:30")]
#[case::the_day_after_it("Pacific/Apia", "2011-12-31", &["00:00-01:00"], "00:00 00:30")]
#[case::india("Asia/Kolkata", "2026-03-29", &["09:00-10:00"], "09:00 09:30")]
#[case::nepal("Asia/Kathmandu", "2026-03-29", &["09:00-10:00"], "09:00 09:30")]
fn skipped_times_are_left_out_and_repeated_ones_offered_once(
    #[case] zone: &str,
    #[case] day: &str,
    #[case] hours: &[&str],
    #[case] expected: &str,
) {
    assert_eq!(starts(&on(&daily(zone, hours).parse().unwrap(), 30, &[], day)), expected);
}

#[rstest]
#[case::forward("2026-03-29", 120, "01:00")]
#[case::forward_and_too_long("2026-03-29", 121, "")]
#[case::back("2026-10-25", 240, "01:00")]
#[case::back_and_too_long("2026-10-25", 241, "")]
#[case::ordinary("2026-06-07", 180, "01:00")]
#[case::ordinary_and_too_long("2026-06-07", 181, "")]
fn a_service_takes_elapsed_time_not_what_the_clock_face_says(
    #[case] day: &str,
    #[case] length: i64,
    #[case] expected: &str,
) {
    let schedule = daily("Europe/Berlin", &["01:00-04:00"]).parse().unwrap();
    assert_eq!(starts(&on(&schedule, length, &[], day)), expected);
}

#[rstest]
#[case("Europe/Berlin", "2026-03-28", "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z")]
#[case("Europe/Rome", "2026-10-24", "2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z")]
#[case("America/St_Johns", "2026-03-07", "2026-03-07T12:30:00Z", "2026-03-08T11:30:00Z")]
#[case("Australia/Lord_Howe", "2026-10-03", "2026-10-02T22:30:00Z", "2026-10-03T22:00:00Z")]
#[case("Asia/Kolkata", "2026-03-28", "2026-03-28T03:30:00Z", "2026-03-29T03:30:00Z")]
#[case("Asia/Kathmandu", "2026-03-28", "2026-03-28T03:15:00Z", "2026-03-29T03:15:00Z")]
#[case("Africa/Casablanca", "2026-03-21", "2026-03-21T09:00:00Z", "2026-03-22T08:00:00Z")]
#[case("Pacific/Apia", "2011-12-29", "2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z")]
fn nine_o_clock_stays_nine_o_clock(
    #[case] zone: &str,
    #[case] day: &str,
    #[case] first: &str,
    #[case] second: &str,
) {
    let schedule = daily(zone, &["09:00-10:00"]).parse().unwrap();
    let window = crate::Window::parse(date(day), crate::wall_clock::shifted(date(day), 2)).unwrap();
    let now = at(first) - SignedDuration::from_hours(1);
    let slots = free_slots(&schedule, minutes(60), &[], window, now);
    assert!(slots.iter().all(|slot| slot.local_time == time("09:00")));
    assert_eq!([slots[0].starts_at, slots[1].starts_at], [at(first), at(second)]);
}

#[test]
fn the_second_showing_of_a_repeated_hour_cannot_be_booked() {
    let schedule = daily("Europe/Berlin", &["01:00-04:00"]).parse().unwrap();
    let ask = |start| check(&schedule, minutes(30), at(start), &[], at("2026-10-24T00:00:00Z"));
    assert_eq!(ask("2026-10-25T02:30:00+02:00").unwrap().local_time, time("02:30"));
    assert_eq!(ask("2026-10-25T02:30:00+01:00"), Err(SlotRefusal::OutsideSchedule));
}

#[test]
fn a_service_may_run_through_the_second_showing_of_an_hour() {
    let schedule = daily("Europe/Berlin", &["01:00-04:00"]).parse().unwrap();
    let slots = on(&schedule, 90, &[], "2026-10-25");
    assert_eq!(starts(&slots), "01:00 01:30 02:00 02:30");
    // The provider works on while the clocks show 02:00 to 03:00 again.
    assert_eq!(slots[3].ends_at, at("2026-10-25T03:00:00+01:00"));
    let second_hour = at("2026-10-25T02:00:00+01:00")..at("2026-10-25T03:00:00+01:00");
    assert!(conflicts(&schedule, &[((), second_hour)]).is_empty());
}

#[test]
fn a_midnight_that_does_not_exist_still_joins_two_days() {
    let schedule = daily("America/Sao_Paulo", &["00:00-02:00", "22:00-24:00"]).parse().unwrap();
    let slots = on(&schedule, 90, &[], "2018-11-03");
    assert_eq!(starts(&slots), "00:00 00:30 22:00 22:30 23:00 23:30");
    // 00:00 to 01:00 was skipped, so 23:30 and 90 minutes is 02:00.
    assert_eq!(slots[5].ends_at, at("2018-11-04T02:00:00-02:00"));
}

#[test]
fn the_longest_service_runs_over_a_day_that_never_was() {
    let schedule = daily("Pacific/Apia", &["00:00-24:00"]).parse().unwrap();
    let slots = on(&schedule, 1_440, &[], "2011-12-29");
    assert_eq!(slots.len(), 48);
    assert_eq!(slots[47].ends_at, at("2011-12-31T23:30:00+14:00"));
}

#[test]
fn notice_is_counted_in_elapsed_hours_and_the_horizon_in_dates() {
    let draft = ScheduleDraft {
        min_notice_minutes: 24 * 60,
        max_advance_days: 1,
        ..daily("Europe/Berlin", &["09:00-10:00"])
    };
    let schedule = draft.parse().unwrap();
    let start = at("2026-03-29T09:00:00+02:00");
    let ask = |now| check(&schedule, minutes(60), start, &[], at(now)).map(drop);
    // The night is an hour short.
    assert_eq!(ask("2026-03-28T08:00:00+01:00"), Ok(()));
    assert_eq!(ask("2026-03-28T08:30:00+01:00"), Err(SlotRefusal::TooSoon));
    assert_eq!(ask("2026-03-28T00:00:00+01:00"), Ok(()));
    assert_eq!(ask("2026-03-27T23:59:59+01:00"), Err(SlotRefusal::TooFar));
}

#[rstest]
#[case("Europe/Berlin", "2026-03-29", "01:59:59", Ok("2026-03-29T00:59:59Z"))]
#[case("Europe/Berlin", "2026-03-29", "02:00", Err(LocalTimeFault::Nonexistent))]
#[case("Europe/Berlin", "2026-03-29", "02:59:59", Err(LocalTimeFault::Nonexistent))]
#[case("Europe/Berlin", "2026-03-29", "03:00", Ok("2026-03-29T01:00:00Z"))]
#[case("Europe/Berlin", "2026-10-25", "02:30", Ok("2026-10-25T00:30:00Z"))]
#[case("Europe/Berlin", "2026-10-25", "03:00", Ok("2026-10-25T02:00:00Z"))]
#[case("America/Sao_Paulo", "2018-11-04", "00:00", Err(LocalTimeFault::Nonexistent))]
#[case("America/Sao_Paulo", "2018-11-03", "24:00", Err(LocalTimeFault::Nonexistent))]
#[case("Asia/Kathmandu", "2026-01-01", "24:00", Ok("2026-01-01T18:15:00Z"))]
#[case("Pacific/Apia", "2011-12-30", "12:00", Err(LocalTimeFault::Nonexistent))]
#[case("Australia/Lord_Howe", "2026-10-04", "02:15", Err(LocalTimeFault::Nonexistent))]
#[case("Europe/Berlin", "9999-12-31", "12:00", Err(LocalTimeFault::OutOfRange))]
#[case("Europe/Berlin", "-009999-01-01", "00:00", Err(LocalTimeFault::OutOfRange))]
fn a_local_time_is_its_first_instant_if_it_has_one(
    #[case] name: &str,
    #[case] day: &str,
    #[case] clock: &str,
    #[case] expected: Result<&str, LocalTimeFault>,
) {
    assert_eq!(resolve_local(&zone(name), date(day), time(clock)), expected.map(at));
}
