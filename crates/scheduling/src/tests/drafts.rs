//! What a draft must hold to become a schedule, and how times are written.

use insta::assert_snapshot;
use rstest::rstest;

use super::{daily, date, exception, hours, time};
use crate::{InvalidSchedule, ScheduleDraft, TimeOfDay, Window, WindowFault};

fn faults(draft: ScheduleDraft) -> String {
    let Err(InvalidSchedule(faults)) = draft.parse() else { return "valid".to_owned() };
    faults.iter().map(|f| format!("{} {}", f.path, f.fault.code())).collect::<Vec<_>>().join("\n")
}

#[rstest]
#[case::touching(&["09:00-12:00", "12:00-17:00"], "valid")]
#[case::in_any_order(&["13:00-17:00", "09:00-12:00"], "valid")]
#[case::until_midnight(&["22:00-24:00"], "valid")]
#[case::reversed(&["17:00-09:00"], "exceptions.0.intervals.0.end reversed")]
#[case::empty(&["09:00-09:00"], "exceptions.0.intervals.0.end reversed")]
#[case::overlapping(&["09:00-12:00", "11:59-13:00"], "exceptions.0.intervals.1.start overlap")]
#[case::overlapping_in_any_order(&["11:00-13:00", "09:00-12:00"], "exceptions.0.intervals.0.start overlap")]
#[case::inside_another(&["09:00-17:00", "10:00-11:00", "12:00-13:00"],
    "exceptions.0.intervals.1.start overlap\nexceptions.0.intervals.2.start overlap")]
#[case::equal(&["09:00-12:00", "09:00-12:00"], "exceptions.0.intervals.1.start overlap")]
#[case::none(&[], "exceptions.0.intervals no_intervals")]
fn intervals_of_a_day_go_forward_and_do_not_overlap(#[case] day: &[&str], #[case] expected: &str) {
    let mut draft = daily("Europe/Berlin", &[]);
    draft.exceptions = vec![exception("2026-03-29", true, day)];
    assert_eq!(faults(draft), expected);
}

#[test]
fn every_fault_is_told_at_once_with_its_path() {
    let mut draft = daily("Europe/Atlantis", &["09:00-12:00", "11:00-13:00"]);
    draft.weekly.truncate(2);
    draft.weekly.push(crate::WeeklyHours { weekday: 8, start: time("10:00"), end: time("09:00") });
    draft.exceptions = vec![
        exception("2026-12-24", false, &[]),
        exception("2026-12-24", true, &["14:00-13:00"]),
        exception("2026-12-25", true, &[]),
    ];
    draft.exceptions[0].reason = Some("x".repeat(201));
    draft.exceptions[1].reason = Some("nul\0".to_owned());
    draft.min_notice_minutes = -1;
    draft.max_advance_days = 731;
    draft.buffer_before_minutes = 1_441;
    draft.buffer_after_minutes = i64::MIN;
    draft.slot_step_minutes = 0;
    assert_snapshot!(faults(draft), @"
    timezone unknown_timezone
    weekly.2.weekday out_of_range
    weekly.1.start overlap
    weekly.2.end reversed
    exceptions.0.reason too_long
    exceptions.1.date duplicate_date
    exceptions.1.intervals.0.end reversed
    exceptions.1.reason control_character
    exceptions.2.intervals no_intervals
    min_notice_minutes out_of_range
    max_advance_days out_of_range
    buffer_before_minutes out_of_range
    buffer_after_minutes out_of_range
    slot_step_minutes out_of_range
    ");
}

#[test]
fn lists_have_an_end() {
    let mut draft = daily("Europe/Berlin", &[]);
    draft.weekly = vec![daily("UTC", &["09:00-10:00"]).weekly[0]; 169];
    draft.exceptions = vec![exception("2026-12-24", true, &["09:00-10:00"; 25])];
    assert_eq!(faults(draft), "weekly too_many\nexceptions.0.intervals too_many");
}

#[rstest]
#[case("Europe/Berlin", true)]
#[case("europe/berlin", true)]
#[case("Asia/Kathmandu", true)]
#[case("UTC", true)]
#[case("Etc/Unknown", false)]
#[case("CET-1CEST", false)]
#[case("+02:00", false)]
#[case("../../etc/passwd", false)]
#[case("Europe/Berlin\0", false)]
#[case("", false)]
fn a_time_zone_is_an_iana_name(#[case] name: &str, #[case] known: bool) {
    assert_eq!(daily(name, &[]).parse().is_ok(), known);
}

#[test]
fn a_schedule_shown_again_is_the_draft_in_order() {
    let mut draft = daily("europe/berlin", &["13:00-17:00", "09:00-12:00"]);
    draft.weekly.truncate(2);
    draft.exceptions = vec![exception("2026-12-24", false, &["12:00-24:00"])];
    let schedule = draft.parse().unwrap();
    let shown = ScheduleDraft::from(&schedule);
    assert_snapshot!(serde_json::to_string(&shown).unwrap(), @r#"{"timezone":"Europe/Berlin","weekly":[{"weekday":1,"start":"09:00:00","end":"12:00:00"},{"weekday":1,"start":"13:00:00","end":"17:00:00"}],"exceptions":[{"date":"2026-12-24","is_available":false,"intervals":[{"start":"12:00:00","end":"24:00:00"}],"reason":null}],"min_notice_minutes":0,"max_advance_days":730,"buffer_before_minutes":0,"buffer_after_minutes":0,"slot_step_minutes":30,"auto_accept":false}"#);
    assert_eq!(shown.parse().unwrap(), schedule);
}

#[test]
fn what_a_client_leaves_out_has_a_default() {
    let draft: ScheduleDraft = serde_json::from_str(r#"{"timezone":"Europe/Rome","weekly":[]}"#).unwrap();
    assert_eq!(draft, ScheduleDraft::closed("Europe/Rome"));
    assert!(draft.parse().is_ok());
}

#[rstest]
#[case(r#""2026-03-29""#, true)]
#[case(r#""20260329""#, false)]
#[case(r#""0000-01-01""#, false)]
#[case(r#""2026-03-29T10:00""#, false)]
#[case(r#""2026-02-29""#, false)]
#[case(r#""-002026-02-20""#, false)]
#[case("20260329", false)]
fn a_date_is_written_in_one_way(#[case] json: &str, #[case] valid: bool) {
    let json = format!(r#"{{"date":{json},"is_available":false}}"#);
    assert_eq!(serde_json::from_str::<crate::ExceptionDraft>(&json).is_ok(), valid);
}

#[rstest]
#[case("00:00", Some("00:00:00"))]
#[case("09:30", Some("09:30:00"))]
#[case("23:59:59", Some("23:59:59"))]
#[case("24:00", Some("24:00:00"))]
#[case("24:00:00", Some("24:00:00"))]
#[case("24:00:01", None)]
#[case("24:01", None)]
#[case("25:00", None)]
#[case("12:60", None)]
#[case("12:00:60", None)]
#[case("9:30", None)]
#[case("+9:30", None)]
#[case("09:3", None)]
#[case("09:30:", None)]
#[case("09:30:00:00", None)]
#[case("09:30:00.5", None)]
#[case(" 09:30", None)]
#[case("٠٩:30", None)]
#[case("09", None)]
#[case("", None)]
fn a_time_of_day_is_hours_and_minutes_up_to_24_00(#[case] text: &str, #[case] shown: Option<&str>) {
    let parsed = text.parse::<TimeOfDay>().ok();
    assert_eq!(parsed.map(|time| time.to_string()).as_deref(), shown);
    let json = serde_json::from_value::<TimeOfDay>(serde_json::Value::from(text)).ok();
    assert_eq!(json, parsed);
}

#[rstest]
#[case("2026-01-01", "2026-01-31", None)]
#[case("2026-01-01", "2026-01-01", None)]
#[case("2026-01-01", "2026-02-01", Some(WindowFault::WindowTooLong))]
#[case("2026-01-02", "2026-01-01", Some(WindowFault::WindowReversed))]
#[case("-009999-01-01", "9999-12-31", Some(WindowFault::WindowTooLong))]
fn a_window_has_one_to_31_days(#[case] first: &str, #[case] last: &str, #[case] fault: Option<WindowFault>) {
    assert_eq!(Window::parse(date(first), date(last)).err(), fault);
}

#[test]
fn the_weekly_summary_has_seven_days_and_joins_what_touches() {
    let mut draft = daily("Europe/Rome", &["09:00-12:00", "12:00-13:00", "14:00-18:00"]);
    draft.weekly.retain(|entry| entry.weekday == 2);
    let summary = draft.parse().unwrap().weekly_availability();
    assert_eq!(summary.timezone, "Europe/Rome");
    assert_eq!(summary.days.iter().map(|day| day.weekday).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(summary.days[1].intervals, [hours("09:00-13:00"), hours("14:00-18:00")]);
    assert!(summary.days[0].intervals.is_empty());
}

#[test]
fn codes_are_stable() {
    use strum::VariantNames as _;
    assert_eq!(crate::SlotRefusal::VARIANTS, ["too_soon", "too_far", "outside_schedule", "slot_taken"]);
    assert_eq!(crate::LocalTimeFault::VARIANTS, ["nonexistent_local_time", "date_out_of_range"]);
    assert_eq!(<&str>::from(crate::SlotRefusal::Taken), "slot_taken");
}
