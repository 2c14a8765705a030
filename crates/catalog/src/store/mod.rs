//! The SQL of the catalogue, one function a statement.

pub(crate) mod categories;
pub(crate) mod favourites;
pub(crate) mod images;
pub(crate) mod moderations;
pub(crate) mod providers;
pub(crate) mod services;
