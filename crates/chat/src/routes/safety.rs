//! Blocking, reporting, and how somebody wants to see a conversation.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Valid},
    idempotency::Write,
    ids::{ConversationId, MessageId, ReportId},
    locale::{Language, Sentence},
    stream,
    time::Instant,
    validation::broken,
};
use serde::{Deserialize, Serialize};

use super::conversations::show;
use crate::{
    conversation::Conversation,
    report::{REPORT_TIME, file},
    store::{
        self, conversations,
        reports::{self, NewReport},
    },
    typing,
};

/// Block the other one.
///
/// Neither can write to the other any more, or book them. While a booking of the two is open, they can still write
/// about it.
#[utoipa::path(post, path = "/chat/conversations/{id}/block/", tag = "chat", operation_id = "block_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)),
    responses((status = OK, description = "The conversation.", body = Conversation)))]
pub(super) async fn block_conversation(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ConversationId>,
) -> ApiResult<Json<Conversation>> {
    set_blocked(&app, &caller, language, id, true).await
}

/// Do not block the other one any more.
#[utoipa::path(delete, path = "/chat/conversations/{id}/block/", tag = "chat", operation_id = "unblock_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)),
    responses((status = OK, description = "The conversation.", body = Conversation)))]
pub(super) async fn unblock_conversation(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ConversationId>,
) -> ApiResult<Json<Conversation>> {
    set_blocked(&app, &caller, language, id, false).await
}

async fn set_blocked(
    app: &App,
    caller: &Caller,
    language: Language,
    id: ConversationId,
    is_blocked: bool,
) -> ApiResult<Json<Conversation>> {
    let mut tx = app.db.begin().await?;
    let other = conversations::other(&mut *tx, id, caller.id).await?;
    let (other, _may_hear) = other.ok_or_else(ApiError::not_found)?;
    store::people::set_blocked(&mut *tx, caller.id, other, is_blocked, app.clock.now()).await?;
    let conversation = show(app, &mut tx, caller, language, id).await?;
    tx.commit().await?;
    typing::forget(id, [caller.id, other]);
    if is_blocked {
        app.nodes.part(app, [caller.id, other]);
    }
    Ok(Json(conversation))
}

/// Why somebody reports a conversation.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum ReportReason {
    /// Advertising.
    Spam,
    /// Insults, threats, stalking.
    Harassment,
    /// They want to deceive.
    Fraud,
    /// They want to be paid elsewhere.
    OffPlatformPayment,
    /// What nobody should be sent.
    Inappropriate,
    /// Something else.
    Other,
}

/// What is wrong.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct ReportConversation {
    #[garde(skip)]
    reason: ReportReason,
    /// In one's own words.
    #[garde(inner(length(chars, max = 2000)))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    details: Option<String>,
    /// The message that is meant.
    #[garde(skip)]
    #[serde(default)]
    message_id: Option<MessageId>,
}

/// A report.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct ConversationReport {
    id: ReportId,
    /// By then somebody has looked at it.
    due_at: Instant,
    created_at: Instant,
}

/// Report a conversation to the staff, with its newest messages.
#[utoipa::path(post, path = "/chat/conversations/{id}/report/", tag = "chat", operation_id = "report_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)), request_body = ReportConversation,
    responses(
        (status = CREATED, description = "The report.", body = ConversationReport),
        (status = OK, description = "The caller's earlier report, which is still open.", body = ConversationReport),
        (status = UNPROCESSABLE_ENTITY, description = "The message is not in the conversation.")))]
pub(super) async fn report_conversation(
    app: App,
    caller: Caller,
    Path(id): Path<ConversationId>,
    write: Write,
    Valid(body): Valid<ReportConversation>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    let other = conversations::other(&mut *tx, id, caller.id).await?;
    let (reported, _may_hear) = other.ok_or_else(ApiError::not_found)?;
    if let Some(message) = body.message_id
        && !reports::has_message(&mut tx, id, message).await?
    {
        return Err(ApiError::invalid_field("message_id", Sentence::new("field-unknown_choice")));
    }
    let report = NewReport {
        id: ReportId::at(now),
        conversation: id,
        message: body.message_id,
        reporter: Some(caller.id),
        reported,
        reason: body.reason.into(),
        details: body.details.as_deref().unwrap_or_default(),
        due_at: now.plus(REPORT_TIME),
        at: now,
    };
    let is_new = file(&mut tx, &report).await?;
    let stored = reports::open(&mut tx, id, caller.id).await?.ok_or_else(ApiError::not_found)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let view = ConversationReport { id: stored.id, due_at: stored.due_at, created_at: stored.created_at };
    tx.commit((status, Json(view))).await
}

/// How the caller wants to see a conversation. What is absent is off.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[garde(allow_unvalidated)]
pub(super) struct ConversationSettings {
    /// Out of sight until the next message.
    #[serde(default)]
    is_archived: bool,
    /// In front of the others.
    #[serde(default)]
    is_pinned: bool,
    /// No notifications until then.
    #[serde(default)]
    #[garde(custom(is_near))]
    muted_until: Option<Instant>,
}

/// For good is a hundred years.
#[expect(clippy::trivially_copy_pass_by_ref, clippy::ref_option, reason = "the signature that garde calls")]
fn is_near(until: &Option<Instant>, _context: &()) -> garde::Result {
    let year = |until: &Instant| until.timestamp().to_zoned(jiff::tz::TimeZone::UTC).year();
    if until.as_ref().is_none_or(|until| (1970..=2200).contains(&year(until))) {
        Ok(())
    } else {
        Err(broken("invalid"))
    }
}

/// Archive, pin or mute a conversation, for me alone.
#[utoipa::path(put, path = "/chat/conversations/{id}/settings/", tag = "chat", operation_id = "set_conversation_settings",
    security(("bearer" = [])), params(("id" = ConversationId, Path)), request_body = ConversationSettings,
    responses((status = OK, description = "The conversation.", body = Conversation)))]
pub(super) async fn set_conversation_settings(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ConversationId>,
    Valid(body): Valid<ConversationSettings>,
) -> ApiResult<Json<Conversation>> {
    let mut tx = app.db.begin().await?;
    let (is_archived, is_pinned) = (body.is_archived, body.is_pinned);
    conversations::set(&mut *tx, id, caller.id, is_archived, is_pinned, body.muted_until).await?;
    let conversation = show(&app, &mut tx, &caller, language, id).await?;
    tx.commit().await?;
    Ok(Json(conversation))
}

/// What the caller lets others see.
#[derive(Debug, Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[garde(allow_unvalidated)]
pub(super) struct ChatSettings {
    /// That they have read a message.
    shows_read_receipts: bool,
    /// That they are here.
    shows_presence: bool,
}

/// What I let others see.
#[utoipa::path(get, path = "/chat/settings/", tag = "chat", operation_id = "get_chat_settings",
    security(("bearer" = [])),
    responses((status = OK, description = "The settings.", body = ChatSettings)))]
pub(super) async fn get_chat_settings(app: App, caller: Caller) -> ApiResult<Json<ChatSettings>> {
    let (shows_read_receipts, shows_presence) = store::people::settings(&app.db, caller.id).await?;
    Ok(Json(ChatSettings { shows_read_receipts, shows_presence }))
}

/// Choose what I let others see.
#[utoipa::path(put, path = "/chat/settings/", tag = "chat", operation_id = "set_chat_settings",
    security(("bearer" = [])), request_body = ChatSettings,
    responses((status = OK, description = "The settings.", body = ChatSettings)))]
pub(super) async fn set_chat_settings(
    app: App,
    caller: Caller,
    Valid(body): Valid<ChatSettings>,
) -> ApiResult<Json<ChatSettings>> {
    let mut tx = app.db.begin().await?;
    store::people::show_read_receipts(&mut *tx, caller.id, body.shows_read_receipts).await?;
    stream::hide(&mut tx, caller.id, !body.shows_presence).await?;
    tx.commit().await?;
    Ok(Json(body))
}
