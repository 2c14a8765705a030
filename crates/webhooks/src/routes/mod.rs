//! HTTP for webhooks.

mod deliveries;
mod endpoints;

use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(endpoints::list_endpoints, endpoints::create_endpoint))
        .routes(routes!(endpoints::get_endpoint, endpoints::change_endpoint, endpoints::delete_endpoint))
        .routes(routes!(endpoints::rotate_secret))
        .routes(routes!(endpoints::test_endpoint))
        .routes(routes!(deliveries::list_webhook_deliveries))
        .routes(routes!(deliveries::get_webhook_delivery))
        .routes(routes!(deliveries::replay_webhook_delivery))
}
