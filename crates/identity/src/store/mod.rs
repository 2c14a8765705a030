//! The SQL of accounts, one function a statement.

pub mod codes;
pub mod keys;
pub mod sessions;
pub mod social;
pub mod staff;
pub mod throttles;
pub mod users;
