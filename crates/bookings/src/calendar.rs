//! A booking as an iCalendar file (RFC 5545, with the methods of RFC 5546).

use jiff::tz::TimeZone;
use platform::time::Instant;

use crate::model::{Actor, Booking, State, Status};

/// Lines are folded after so many bytes, the line break not counted.
const LINE: usize = 75;

/// One event. The provider sees where it is once it is confirmed.
pub(crate) fn file(booking: &Booking, viewer: Actor) -> String {
    let cancelled = booking.state.status() == Status::Cancelled;
    let status = match booking.state {
        State::AwaitingPayment | State::PendingAcceptance => "TENTATIVE",
        _ if cancelled => "CANCELLED",
        _ => "CONFIRMED",
    };
    let other = if viewer == Actor::Customer { &booking.provider_name } else { &booking.customer_name };
    let sees_all = viewer == Actor::Customer || booking.state.is_agreed();
    let place = booking.address.as_ref().map(|at| if sees_all { at.line() } else { at.city.clone() });
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//SkillBuddy//Bookings//EN".to_owned(),
        "CALSCALE:GREGORIAN".to_owned(),
        format!("METHOD:{}", if cancelled { "CANCEL" } else { "PUBLISH" }),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@skillbuddy", booking.id),
        format!("SEQUENCE:{}", booking.ics_sequence),
        format!("DTSTAMP:{}", utc(booking.updated_at)),
        format!("CREATED:{}", utc(booking.created_at)),
        format!("LAST-MODIFIED:{}", utc(booking.updated_at)),
        format!("DTSTART:{}", utc(booking.starts_at)),
        format!("DTEND:{}", utc(booking.ends_at)),
        format!("SUMMARY:{}", text(&format!("{} – {other}", booking.service_title))),
        format!("DESCRIPTION:{}", text(&description(booking))),
        // Addresses of people are nobody's business; a URI is all that the format asks for.
        format!("ORGANIZER;CN={}:urn:uuid:{}", parameter(&booking.provider_name), booking.provider_id),
        format!("STATUS:{status}"),
        format!("TRANSP:{}", if cancelled { "TRANSPARENT" } else { "OPAQUE" }),
    ];
    lines.extend(place.map(|place| format!("LOCATION:{}", text(&place))));
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
    lines.iter().map(|line| folded(line)).collect()
}

fn description(booking: &Booking) -> String {
    if booking.notes.is_empty() {
        booking.reference.clone()
    } else {
        format!("{}\n{}", booking.reference, booking.notes)
    }
}

fn utc(at: Instant) -> String {
    let at = TimeZone::UTC.to_datetime(at.timestamp());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// Section 3.3.11: backslash, semicolon and comma are escaped, line breaks become `\n`.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Section 3.2: a quoted parameter may hold anything but quotes and control characters.
fn parameter(value: &str) -> String {
    let plain: String = value.chars().map(|c| if c == '"' || c.is_control() { '\'' } else { c }).collect();
    format!("\"{plain}\"")
}

/// Section 3.1: no line is longer than 75 bytes, and no character is cut in two.
fn folded(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 8);
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > LINE {
            folded.push_str("\r\n ");
            width = 1;
        }
        width += c.len_utf8();
        folded.push(c);
    }
    folded.push_str("\r\n");
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unfolded(file: &str) -> String {
        file.replace("\r\n ", "")
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(text("a,b;c\\d\ne\r\nf\u{7}"), "a\\,b\\;c\\\\d\\ne\\nf ");
        assert_eq!(parameter("Bob \"the\r\nbuilder\""), "\"Bob 'the''builder'\"");
    }

    proptest! {
        #[test]
        fn lines_are_short_and_come_back_whole(line in "[^\\r\\n]{0,400}") {
            let file = folded(&line);
            prop_assert!(file.ends_with("\r\n"));
            for part in file.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(part.len() <= LINE);
            }
            prop_assert_eq!(unfolded(&file), format!("{line}\r\n"));
        }
    }
}
