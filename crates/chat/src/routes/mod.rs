//! HTTP for conversations.

mod changes;
mod conversations;
mod media;
mod messages;
mod reports;
mod safety;
mod staff;

use platform::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(conversations::list_conversations, conversations::begin_conversation))
        .routes(routes!(conversations::get_conversation))
        .routes(routes!(conversations::read_conversation))
        .routes(routes!(safety::block_conversation, safety::unblock_conversation))
        .routes(routes!(safety::report_conversation))
        .routes(routes!(reports::list_chat_reports))
        .routes(routes!(reports::get_chat_report))
        .routes(routes!(reports::decide_chat_report))
        .routes(routes!(staff::join_conversation, staff::leave_conversation))
        .routes(routes!(staff::list_messages_as_staff, staff::send_message_as_staff))
        .routes(routes!(safety::set_conversation_settings))
        .routes(routes!(safety::get_chat_settings, safety::set_chat_settings))
        .routes(routes!(messages::list_messages, messages::send_message))
        .routes(routes!(changes::edit_message, changes::delete_message))
        .routes(routes!(changes::react_to_message, changes::take_reaction_back))
        .routes(routes!(media::get_media))
        .merge(OpenApiRouter::new().routes(routes!(media::upload_media)).layer(pictures::upload_limit()))
}
