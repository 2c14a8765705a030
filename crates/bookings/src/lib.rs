//! Bookings: a customer asks a provider for a service at a time, and both agree, move it, do it or drop it.
//!
//! [`Status`] is what the app switches on, [`State`] says which kind. The only way a booking changes is the
//! table in `transitions`, applied by [`transition`] in one database transaction.

mod address;
mod calendar;
mod change;
mod events;
mod funding;
mod jobs;
mod model;
mod obligations;
mod payment;
mod policy;
mod reference;
mod routes;
mod settlement;
mod store;
#[cfg(test)]
mod tests;
mod transitions;

pub use self::{
    change::{By, transition},
    events::BookingChanged,
    funding::{Funding, lock, payment_lost, payment_secured, set_paid},
    jobs::register,
    model::{Actor, Booking, BookingError, State, Status},
    obligations::register_obligations,
    payment::{PaymentMethod, PaymentStatus, PaymentType},
    policy::Policy,
    routes::router,
    transitions::Event,
};
