//! The SQL of webhooks, one function one statement.

pub(crate) mod deliveries;
pub(crate) mod endpoints;
