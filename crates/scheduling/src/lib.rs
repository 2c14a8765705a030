//! Scheduling: a provider's opening hours and booking rules, and the free slots that follow from them.
//!
//! Everything here is a function of its arguments: the clock, the bookings and the schedule are given.

mod availability;
mod draft;
mod model;
mod opening;
mod slots;
mod time_of_day;
mod wall_clock;

pub use self::{
    availability::{DayAvailability, WeeklyAvailability},
    draft::{ExceptionDraft, FieldFault, Hours, InvalidSchedule, ScheduleDraft, ScheduleFault, WeeklyHours},
    model::{Exception, InvalidDuration, Schedule, ServiceDuration},
    opening::conflicts,
    slots::{MAX_WINDOW_DAYS, Slot, SlotRefusal, Window, WindowFault, alternatives, check, free_slots},
    time_of_day::{InvalidTimeOfDay, TimeOfDay},
    wall_clock::{LocalTimeFault, resolve_local},
};

#[cfg(test)]
mod tests;
