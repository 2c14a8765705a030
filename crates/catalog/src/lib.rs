//! What is offered: the tree of categories, providers, their services and pictures of them.
//! Finding it is the `discovery` crate's work, with the rows and views from here.

mod category;
mod events;
mod jobs;
mod model;
mod routes;
mod rows;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod views;

pub use self::{
    category::{Categories, Category, Localized, categories},
    events::{
        ModerationKind, ProviderRegistered, ServiceCreated, ServiceModerated, ServiceUpdated,
        ServiceWithdrawn,
    },
    jobs::register,
    model::{AccountType, CancellationPolicy, CatalogError, ImageRow, Rating, Translation, Translations},
    routes::router,
    rows::{ProviderRow, ServiceRow, WeeklyRow},
    views::{CategoryView, ImageView, ProviderView, Scene, ServiceDetailView, ServiceView},
};
