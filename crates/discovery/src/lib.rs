//! Discovery: finding services and providers by words, filters and place. It reads narrow documents that
//! triggers keep in step with the catalogue, and shows rows and views of the catalogue.

mod availability;
mod cells;
mod directory;
mod facets;
mod filters;
mod finder;
mod geo;
mod jobs;
mod keys;
mod listing;
mod query;
mod ranking;
mod routes;
mod saved;
mod sql;
mod store;
mod suggest;
mod terms;
mod tiers;
mod words;

pub use self::{
    jobs::{LearnWords, RefreshPopularity, rebuild, register},
    routes::router,
};

#[cfg(test)]
mod tests;
