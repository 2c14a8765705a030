//! What every feature stands on: the application, errors, extractors, money, time, pages, jobs, events.
//! It knows no feature.

pub mod app;
pub mod audit;
pub mod auth;
mod body;
pub mod bus;
pub mod cache;
pub mod config;
pub mod crypto;
pub mod csv;
pub mod db;
pub mod error;
pub mod extract;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod jobs;
mod json;
pub mod local_format;
pub mod locale;
mod lull;
pub mod money;
pub mod obligations;
pub mod openapi;
pub mod outbox;
pub mod page;
pub mod phrase;
pub mod ports;
pub mod rate_limit;
pub mod server;
pub mod stream;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod validation;

#[cfg(test)]
mod tests;
