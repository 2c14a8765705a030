//! The program: puts the features together, and is what `skillbuddy` runs.

pub mod cli;
pub mod demo;
pub mod dev;
mod health;
mod pages;
pub mod router;
pub mod serve;
pub mod wiring;
