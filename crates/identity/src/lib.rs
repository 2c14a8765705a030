//! Identity: who somebody is. Accounts, their sessions and tokens, the proofs of mailbox and phone, the
//! other services that somebody may sign in with, and the profile.

#![expect(missing_docs, reason = "only the items below are visible; rows and errors name themselves")]

mod access;
mod codes;
mod contact;
mod events;
mod jobs;
mod keys;
mod mail;
mod model;
mod password;
mod recovery;
mod routes;
mod session;
mod staff;
mod store;
#[cfg(test)]
mod tests;
mod throttle;

pub use self::{
    access::{AccessTokens, listen},
    events::{AccountClosing, AccountRestored, SessionsEnded},
    jobs::register,
    keys::rotate,
    model::IdentityError,
    password::hash_password,
    routes::router,
    staff::{NewStaff, StaffCreated, create_staff, make_provider, sign_in_demo_people},
};
