//! Changing messages over HTTP.

use axum::Json;
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::ApiResult,
    extract::{Path, Query, Valid},
    ids::MessageId,
    locale::Language,
    validation::broken,
};
use serde::Deserialize;

use crate::{
    change::{Change, change},
    message::{Message, Reader},
};

/// Other words.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct EditMessage {
    #[garde(length(chars, min = 1, max = 5000))]
    #[schema(min_length = 1, max_length = 5000)]
    content: String,
}

/// A reaction.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Reaction {
    /// An emoji, or a word.
    #[garde(length(chars, min = 1, max = 16), custom(is_visible))]
    #[schema(min_length = 1, max_length = 16, pattern = r"^\S+$", example = "👍")]
    #[param(min_length = 1, max_length = 16, pattern = r"^\S+$", example = "👍")]
    key: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn is_visible(key: &str, _context: &()) -> garde::Result {
    if key.contains(|c: char| c.is_whitespace() || c.is_control()) { Err(broken("invalid")) } else { Ok(()) }
}

/// Say it in other words.
///
/// Its sender can edit a text for 15 minutes. Moderators can see what it said before.
#[utoipa::path(patch, path = "/chat/messages/{id}/", tag = "chat", operation_id = "edit_message",
    security(("bearer" = [])), params(("id" = MessageId, Path)), request_body = EditMessage,
    responses(
        (status = OK, description = "The message.", body = Message),
        (status = FORBIDDEN, description = "`chat_blocked`: one has blocked the other."),
        (status = NOT_FOUND, description = "There is no such message of the caller's."),
        (status = CONFLICT, description = "`message_not_editable`: the time is over, or it is no text; `conversation_closed`: the other one has gone.")))]
pub(super) async fn edit_message(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<MessageId>,
    Valid(body): Valid<EditMessage>,
) -> ApiResult<Json<Message>> {
    app.limits.check_message(caller.id)?;
    let reader = Reader::of(&app, &caller, language);
    change(&app, &caller, &reader, id, Change::Edit(body.content.trim().to_owned())).await.map(Json)
}

/// Take a message back.
///
/// Nothing of it stays but that it was there.
#[utoipa::path(delete, path = "/chat/messages/{id}/", tag = "chat", operation_id = "delete_message",
    security(("bearer" = [])), params(("id" = MessageId, Path)),
    responses(
        (status = OK, description = "What is left of the message.", body = Message),
        (status = NOT_FOUND, description = "There is no such message of the caller's.")))]
pub(super) async fn delete_message(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<MessageId>,
) -> ApiResult<Json<Message>> {
    let reader = Reader::of(&app, &caller, language);
    change(&app, &caller, &reader, id, Change::Delete).await.map(Json)
}

/// React to a message.
///
/// Ten reactions of one person at most; more, and the same again, change nothing.
#[utoipa::path(post, path = "/chat/messages/{id}/reactions/", tag = "chat", operation_id = "react_to_message",
    security(("bearer" = [])), params(("id" = MessageId, Path)), request_body = Reaction,
    responses(
        (status = OK, description = "The message with its reactions.", body = Message),
        (status = FORBIDDEN, description = "`chat_blocked`: one has blocked the other."),
        (status = NOT_FOUND, description = "There is no such message that the caller may see."),
        (status = CONFLICT, description = "`conversation_closed`: the other one has gone.")))]
pub(super) async fn react_to_message(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<MessageId>,
    Valid(body): Valid<Reaction>,
) -> ApiResult<Json<Message>> {
    app.limits.check_message(caller.id)?;
    let reader = Reader::of(&app, &caller, language);
    change(&app, &caller, &reader, id, Change::React(body.key)).await.map(Json)
}

/// Take a reaction back.
#[utoipa::path(delete, path = "/chat/messages/{id}/reactions/", tag = "chat", operation_id = "take_reaction_back",
    security(("bearer" = [])), params(("id" = MessageId, Path), Reaction),
    responses(
        (status = OK, description = "The message with its reactions.", body = Message),
        (status = FORBIDDEN, description = "`chat_blocked`: one has blocked the other."),
        (status = NOT_FOUND, description = "There is no such message that the caller may see."),
        (status = CONFLICT, description = "`conversation_closed`: the other one has gone.")))]
pub(super) async fn take_reaction_back(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<MessageId>,
    Query(query): Query<Reaction>,
) -> ApiResult<Json<Message>> {
    let reader = Reader::of(&app, &caller, language);
    change(&app, &caller, &reader, id, Change::Unreact(query.key)).await.map(Json)
}
