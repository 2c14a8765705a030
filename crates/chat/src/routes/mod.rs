//! HTTP for conversations.

mod conversations;
mod messages;

use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(conversations::list_conversations, conversations::begin_conversation))
        .routes(routes!(conversations::get_conversation))
        .routes(routes!(conversations::read_conversation))
        .routes(routes!(messages::list_messages, messages::send_message))
}
