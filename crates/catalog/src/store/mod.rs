//! The SQL of the catalogue, one function a statement.

pub(crate) mod categories;
pub(crate) mod services;
