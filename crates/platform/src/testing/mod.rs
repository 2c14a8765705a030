//! What tests of features stand on: an application with a database of its own, a clock that stands still,
//! outside services that remember what they were told, and a client that speaks HTTP to the whole stack.

mod app;
mod client;
mod database;
mod fakes;

pub use self::{
    app::{TestApp, TokenIsUserId},
    client::{Answer, Client},
    database::{database, database_url},
    fakes::{FakeMailer, FakeSms, FakeSocial, MemoryStorage},
};
