//! Members of staff in conversations, over HTTP.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::SupportOrModerator,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{ConversationId, UserId},
    locale::{Language, Sentence},
    page::Page,
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::messages::{DEFAULT_SIZE, page};
use crate::{
    message::{Message, Reader},
    staff,
    store::{
        messages::{self as store, Window},
        staff::Stay,
    },
};

/// What the audit log calls it.
const CONVERSATION: &str = "conversation";

/// Why a member of staff joins.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct JoinConversation {
    /// For the record; the two people do not see it.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500, example = "The customer has asked for help: ticket 4711")]
    reason: String,
}

/// A member of staff in a conversation.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StaffStay {
    conversation_id: ConversationId,
    customer_id: UserId,
    provider_id: UserId,
    /// The name that the two people see.
    name: String,
    reason: String,
    joined_at: Instant,
}

impl StaffStay {
    fn of(stay: Stay, conversation_id: ConversationId) -> Self {
        Self {
            conversation_id,
            customer_id: stay.customer,
            provider_id: stay.provider,
            name: stay.name,
            reason: stay.reason,
            joined_at: stay.joined_at,
        }
    }
}

/// Join a conversation of others: for support and moderators.
///
/// Both people are told who has joined. Whoever has not written for 24 hours is taken out again.
#[utoipa::path(post, path = "/chat/conversations/{id}/staff/", tag = "chat", operation_id = "join_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)), request_body = JoinConversation,
    responses(
        (status = CREATED, description = "The caller is inside.", body = StaffStay),
        (status = OK, description = "The caller was inside, and nothing has changed.", body = StaffStay),
        (status = FORBIDDEN, description = "`forbidden`: neither support nor a moderator; `own_matter`: the caller is one of \
            the two people."),
        (status = NOT_FOUND, description = "There is no such conversation.")))]
pub(super) async fn join_conversation(
    app: App,
    SupportOrModerator(staff): SupportOrModerator,
    Path(id): Path<ConversationId>,
    write: Write,
    Valid(body): Valid<JoinConversation>,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let people = staff::hold(&mut tx, id).await?;
    let matter = staff.matter(CONVERSATION, id, people)?;
    let joined = staff::join(&app, &mut tx, &staff.caller, id, body.reason.trim()).await?;
    let status = if joined.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let entry = matter.act("conversation.join").reason(body.reason.trim());
    let answer = tx.commit(entry, (status, Json(StaffStay::of(joined.stay, id)))).await?;
    staff::tell(&app, joined.told);
    Ok(answer)
}

/// Leave a conversation of others: for support and moderators. Both people are told.
#[utoipa::path(delete, path = "/chat/conversations/{id}/staff/", tag = "chat", operation_id = "leave_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)),
    responses(
        (status = NO_CONTENT, description = "The caller has left."),
        (status = FORBIDDEN, description = "`forbidden`: neither support nor a moderator."),
        (status = NOT_FOUND, description = "The caller is not inside.")))]
pub(super) async fn leave_conversation(
    app: App,
    SupportOrModerator(staff): SupportOrModerator,
    Path(id): Path<ConversationId>,
    write: Write,
) -> ApiResult<Response> {
    let mut tx = staff.begin(write).await?;
    let matter = staff.matter(CONVERSATION, id, staff::hold(&mut tx, id).await?)?;
    let told = staff::leave(&app, &mut tx, &staff.caller, id).await?;
    let answer = tx.commit(matter.act("conversation.leave"), StatusCode::NO_CONTENT).await?;
    staff::tell(&app, told);
    Ok(answer)
}

/// Which part of the conversation; the newest messages where no number is given.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StaffMessageQuery {
    /// Those right before this number.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    before_seq: Option<i64>,
    /// Those right after this number.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    after_seq: Option<i64>,
    /// A page by number, from 1, the newest messages first; prefer `next`.
    #[garde(inner(range(min = 1, max = 1000)))]
    #[param(minimum = 1, maximum = 1000)]
    page: Option<u16>,
    /// Messages a page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    page_size: Option<u16>,
}

/// A part of a conversation that the caller has joined, the newest message first: for support and moderators.
///
/// `next` leads to older messages, `previous` to newer ones. Contact details that were taken out are not shown. What
/// the caller wrote is `delivered` or `read` where it is so for both people.
#[utoipa::path(get, path = "/chat/conversations/{id}/staff/messages/", tag = "chat",
    operation_id = "list_messages_as_staff", security(("bearer" = [])),
    params(("id" = ConversationId, Path), StaffMessageQuery),
    responses(
        (status = OK, description = "Messages.", body = Page<Message>),
        (status = FORBIDDEN, description = "`forbidden`: neither support nor a moderator."),
        (status = NOT_FOUND, description = "The caller is not inside."),
        (status = UNPROCESSABLE_ENTITY, description = "Both `before_seq` and `after_seq`.")))]
pub(super) async fn list_messages_as_staff(
    app: App,
    SupportOrModerator(staff): SupportOrModerator,
    language: Language,
    Path(id): Path<ConversationId>,
    Query(query): Query<StaffMessageQuery>,
) -> ApiResult<Json<Page<Message>>> {
    let size = query.page_size.unwrap_or(DEFAULT_SIZE);
    let window = Window::of(query.before_seq, query.after_seq, None, size)
        .map(|window| window.page(query.page, size))
        .ok_or_else(|| ApiError::invalid_field("before_seq", Sentence::new("field-only_one")))?;
    let mut db = app.db.acquire().await?;
    let stay = staff::inside(&mut db, id, staff.caller.id).await?;
    let part = store::part(&mut db, stay.customer, id, &window).await?.ok_or_else(ApiError::not_found)?;
    let reader = Reader::of(&app, &staff.caller, language);
    let link = |name: &str, seq| {
        app.url(&format!("/chat/conversations/{id}/staff/messages/?{name}_seq={seq}&page_size={size}"))
    };
    Ok(Json(page(part, link, |message| Message::of(message, &reader, stay.marks()))))
}

/// What a member of staff writes.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct StaffMessage {
    #[garde(length(chars, min = 1, max = 5000), custom(not_blank))]
    #[schema(min_length = 1, max_length = 5000, example = "Hello, I am looking into your refund.")]
    content: String,
    /// The app's own name for the message: however often it is sent, it is one message.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    client_message_id: Option<String>,
}

/// Write to both people of a conversation that the caller has joined: for support and moderators.
///
/// Sent again under the same `client_message_id` it is the same message. Both hear it, also where one has blocked the
/// other.
#[utoipa::path(post, path = "/chat/conversations/{id}/staff/messages/", tag = "chat",
    operation_id = "send_message_as_staff", security(("bearer" = [])), params(("id" = ConversationId, Path)),
    request_body = StaffMessage,
    responses(
        (status = CREATED, description = "The message.", body = Message),
        (status = OK, description = "The message, which was sent before.", body = Message),
        (status = FORBIDDEN, description = "`forbidden`: neither support nor a moderator."),
        (status = NOT_FOUND, description = "The caller is not inside."),
        (status = TOO_MANY_REQUESTS, description = "More messages than a person writes.")))]
pub(super) async fn send_message_as_staff(
    app: App,
    SupportOrModerator(staff): SupportOrModerator,
    Path(id): Path<ConversationId>,
    write: Write,
    Valid(body): Valid<StaffMessage>,
) -> ApiResult<Response> {
    app.limits.check_message(staff.caller.id)?;
    let mut tx = staff.begin(write).await?;
    let matter = staff.matter(CONVERSATION, id, staff::hold(&mut tx, id).await?)?;
    let content = body.content.trim();
    let (sent, told) = staff::send(&app, &mut tx, &staff.caller, id, content, body.client_message_id).await?;
    let status = if sent.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let entry = matter.act("conversation.write").details(json!({"message_id": sent.message.id}));
    let answer = tx.commit(entry, (status, Json(sent.message))).await?;
    staff::tell(&app, told);
    Ok(answer)
}
