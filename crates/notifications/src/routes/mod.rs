//! HTTP for notifications.

mod areas;
mod deliveries;
mod devices;
mod feed;
mod preferences;
mod previews;
mod send;
mod templates;
mod unsubscribe;
mod webhooks;

use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use previews::dev_templates_router;
#[cfg(test)]
pub(crate) use previews::sample;

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(feed::list_notifications, feed::mark_notifications))
        .routes(routes!(feed::count_notifications))
        .routes(routes!(feed::see_notifications))
        .routes(routes!(feed::read_notification))
        .routes(routes!(feed::delete_notification))
        .routes(routes!(preferences::get_preferences, preferences::set_preferences))
        .routes(routes!(devices::list_devices, devices::register_device))
        .routes(routes!(devices::forget_device))
        .routes(routes!(areas::list_areas, areas::save_area))
        .routes(routes!(areas::forget_area))
        .routes(routes!(unsubscribe::show_unsubscribe, unsubscribe::unsubscribe))
        .routes(routes!(send::send_notification))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::resend_delivery))
        .routes(routes!(templates::list_templates))
        .routes(routes!(templates::get_template))
        .routes(routes!(templates::set_wording))
        .routes(routes!(templates::preview_wording))
        .routes(routes!(templates::revert_wording))
        .merge(webhooks::router())
}
