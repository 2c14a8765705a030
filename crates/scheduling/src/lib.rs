//! Scheduling: a provider's opening hours and booking rules, and the free slots that follow from them.
//!
//! The arithmetic is a function of its arguments: the clock, the bookings and the schedule are given. Around
//! it stand the provider's schedule and the slots of a service over HTTP (`routes`), and the time that
//! bookings hold (`reservations`, in `store`).

mod availability;
mod calendar_date;
mod draft;
mod model;
mod opening;
mod routes;
mod slots;
mod store;
mod time_of_day;
mod wall_clock;

pub use self::{
    availability::{DayAvailability, WeeklyAvailability},
    calendar_date::CalendarDate,
    draft::{ExceptionDraft, FieldFault, Hours, InvalidSchedule, ScheduleDraft, ScheduleFault, WeeklyHours},
    model::{Exception, InvalidDuration, Schedule, ServiceDuration},
    opening::conflicts,
    routes::router,
    slots::{MAX_WINDOW_DAYS, Slot, SlotRefusal, Window, WindowFault, alternatives, check, free_slots},
    store::{StoredSchedule, busy, lock_calendar},
    time_of_day::{InvalidTimeOfDay, TimeOfDay},
    wall_clock::{LocalTimeFault, resolve_local},
};

#[cfg(test)]
mod tests;
