//! What is true of the whole: who gets in, what is documented, how the crates stand to each other.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod access;
mod commands;
mod contract;
mod hostile;
mod keys;
mod layers;
mod lists;
mod running;
mod statements;
mod telemetry;
mod words;
