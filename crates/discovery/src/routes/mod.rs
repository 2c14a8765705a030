//! The paths of discovery.

use std::sync::Arc;

use axum::{Extension, http::Uri};
use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::finder::Finder;

mod favourites;
mod providers;
mod services;
mod suggestions;

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(services::list_services))
        .routes(routes!(services::list_popular_services))
        .routes(routes!(services::list_nearby_services))
        .routes(routes!(suggestions::suggest_services))
        .routes(routes!(providers::list_providers))
        .routes(routes!(favourites::list_favourites))
        .layer(Extension(Arc::new(Finder::default())))
}

/// What names a public answer in memory.
fn name_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or_else(|| uri.path(), |both| both.as_str())
}
