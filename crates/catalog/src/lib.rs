//! What is offered: the tree of categories, providers, their services and pictures of them.
//! Finding it is the `discovery` crate's work, with the rows and views from here.

mod category;
mod model;
mod rows;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod views;

pub use self::{
    category::{Categories, Category, Localized, categories},
    model::{
        AccountType, BookableService, CancellationPolicy, CatalogError, ImageRow, Rating, Translation,
        Translations,
    },
    rows::{ProviderRow, ServiceRow, WeeklyRow},
    store::services::bookable,
    views::{CategoryView, ImageView, ProviderView, Scene, ServiceDetailView, ServiceView},
};
