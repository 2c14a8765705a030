//! The catalogue over HTTP.

mod categories;
mod favourites;
pub(crate) mod images;
mod moderation;
mod offer;
mod place;
mod profile;
mod providers;
mod services;

pub(crate) use self::offer::Base;
use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// All routes of the catalogue.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(categories::list_categories))
        .routes(routes!(categories::list_service_categories))
        .routes(routes!(services::create_service))
        .routes(routes!(
            services::get_service,
            services::replace_service,
            services::change_service,
            services::withdraw_service
        ))
        .routes(routes!(moderation::edit_service_as_moderator))
        .routes(routes!(moderation::withdraw_service_as_moderator))
        .routes(routes!(moderation::remove_service_image_as_moderator))
        .routes(routes!(favourites::add_favourite, favourites::remove_favourite))
        .routes(routes!(images::order_service_images))
        .routes(routes!(images::change_service_image, images::remove_service_image))
        .routes(routes!(providers::register_provider))
        .routes(routes!(
            providers::get_own_profile,
            providers::replace_own_profile,
            providers::change_own_profile
        ))
        .routes(routes!(providers::get_provider))
        .merge(
            OpenApiRouter::new().routes(routes!(images::add_service_image)).layer(pictures::upload_limit()),
        )
}
