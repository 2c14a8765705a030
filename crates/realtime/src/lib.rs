//! What happens, while it happens: the WebSocket and the server-sent events. Both follow the log of their person
//! (`platform::stream`), so they say the same in the same order, and a break loses nothing.

mod allowance;
mod asyncapi;
mod events;
mod follower;
mod protocol;
mod session;
mod store;
mod ticket;
mod unheeded;
mod upgrade;
mod upkeep;
mod wire;

#[cfg(test)]
mod tests;

pub use asyncapi::document as asyncapi;
use platform::{app::App, jobs::Registry};
pub use unheeded::MessagesUnheeded;
pub use upkeep::run;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ticket::issue))
        .routes(routes!(upgrade::connect))
        .routes(routes!(events::follow))
}

/// Adds what runs later.
pub fn register(registry: Registry) -> Registry {
    registry.every(jiff::SignedDuration::from_hours(1), &ticket::ForgetTickets {})
}
