//! Prints how long it takes to find the free slots of a month: `cargo run --release --example slots`.

use std::{hint::black_box, ops::Range, time::Instant};

use jiff::{SignedDuration, Timestamp, civil::date};
use scheduling::{
    ScheduleDraft, ServiceDuration, TimeOfDay, WeeklyHours, Window, alternatives, check, free_slots,
};

const ROUNDS: u32 = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let length = ServiceDuration::from_minutes(60)?;
    // A month with a clock change in it, asked for three weeks ahead.
    let window = Window::parse(date(2026, 3, 10), date(2026, 4, 9))?;
    let now = "2026-02-17T08:00:00Z".parse::<Timestamp>()?;
    for (name, start, end) in [("round the clock", "00:00", "24:00"), ("from 8 to 18", "08:00", "18:00")] {
        let (start, end) = (start.parse::<TimeOfDay>()?, end.parse::<TimeOfDay>()?);
        let draft = ScheduleDraft {
            weekly: (1..=7).map(|weekday| WeeklyHours { weekday, start, end }).collect(),
            max_advance_days: 90,
            slot_step_minutes: 15,
            ..ScheduleDraft::closed("Europe/Berlin")
        };
        let schedule = draft.parse()?;
        let busy = busy(200, "2026-03-10T05:00:00Z".parse()?);
        let slots = free_slots(&schedule, length, &busy, window, now);
        let wanted = slots.first().ok_or("no slot")?.starts_at;
        println!("{name}: {} slots beside {} bookings", slots.len(), busy.len());
        timed("free_slots, 31 days", || free_slots(&schedule, length, &busy, window, now).len());
        timed("check", || usize::from(check(&schedule, length, wanted, &busy, now).is_ok()));
        timed("alternatives, 5", || alternatives(&schedule, length, wanted, &busy, now, 5).len());
    }
    Ok(())
}

/// Bookings of 75 minutes, some three and a half hours apart, latest first to make the sort work.
fn busy(count: u32, first: Timestamp) -> Vec<Range<Timestamp>> {
    let at = |n: u32| first + SignedDuration::from_mins(i64::from(n) * 217);
    (0..count).rev().map(|n| at(n)..at(n) + SignedDuration::from_mins(75)).collect()
}

fn timed(what: &str, run: impl Fn() -> usize) {
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        black_box(run());
    }
    println!("  {what}: {:.1?}", begin.elapsed() / ROUNDS);
}
