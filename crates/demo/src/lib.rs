//! Demo data: a marketplace with people, services and bookings in real towns, the same for the same seed.
//!
//! [`fill`] loads all of it into an empty database; [`categories::ensure`] brings only the categories,
//! which a production start needs as well. Search documents are not made here: whoever calls [`fill`]
//! rebuilds them afterwards.
mod addresses;
mod batches;
pub mod categories;
mod chance;
mod copy;
mod diary;
mod favourites;
mod history;
mod hours;
mod load;
mod logins;
mod offers;
mod people;
mod places;
mod popularity;
mod providers;
mod rows;
mod tables;
#[cfg(test)]
mod tests;
mod texts;
mod time;
mod world;

pub use self::{
    load::fill,
    logins::{LOGINS, Login},
};

/// What to fill a database with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many services, from 20 to 1,000,000. There are a quarter as many providers, two and a half times
    /// as many people, and about ten times as many bookings.
    pub services: u32,
    /// Same seed and same `now`: same data.
    pub seed: u64,
    /// The present, which separates past from upcoming bookings.
    pub now: jiff::Timestamp,
    /// The hash of everybody's password.
    pub password_hash: String,
}

/// How far a [`fill`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done: services for [`Stage::Rows`], statements for [`Stage::Indexes`].
    pub done: u64,
    /// How much there is to do in this stage.
    pub total: u64,
}

/// The stages of a [`fill`], in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rows are copied.
    Rows,
    /// Indexes are built and references checked.
    Indexes,
    /// The planner's statistics are taken.
    Statistics,
}

/// How many rows a [`fill`] made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Accounts, providers among them.
    pub people: u64,
    /// Providers, each with a schedule.
    pub providers: u64,
    /// Services.
    pub services: u64,
    /// Bookings, past and upcoming.
    pub bookings: u64,
    /// Upcoming and running bookings, each of which holds its time.
    pub open_bookings: u64,
    /// Services saved by customers.
    pub favourites: u64,
}

impl Summary {
    fn count(&mut self, table: &str, rows: u64) {
        match table {
            "users" => self.people += rows,
            "providers" => self.providers += rows,
            "services" => self.services += rows,
            "bookings" => self.bookings += rows,
            "reservations" => self.open_bookings += rows,
            "favourites" => self.favourites += rows,
            _ => {}
        }
    }
}
