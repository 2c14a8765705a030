//! What tests of features stand on: an application with a database of its own, a clock that stands still,
//! outside services that remember what they were told, and a client that speaks HTTP to the whole stack.
#![expect(
    clippy::indexing_slicing,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "a test may fail by panicking"
)]

mod app;
mod client;
mod database;
mod fakes;
mod log;
mod plans;
mod tools;

pub use self::{
    app::{TestApp, TokenIsUserId},
    client::{Answer, Client},
    database::{database, database_url},
    fakes::{FakeMailer, FakePush, FakeScanner, FakeSms, FakeSocial, FakeWebhooks, MemoryStorage},
    log::Log,
    plans::Watched,
    tools::{tool, tools},
};
