//! Conversations over HTTP.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    idempotency::{Write, WriteTx},
    ids::{BookingId, ConversationId, UserId},
    locale::{Language, Sentence},
    page::{Link, Page, PageQuery},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    conversation::Conversation,
    marks,
    message::Reader,
    model::ChatError,
    store::conversations::{self as store, Filter, NewConversation},
};

/// In which time begun conversations are counted.
const INQUIRY_SPAN: SignedDuration = SignedDuration::from_hours(24);

/// Which conversations.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct ConversationQuery {
    /// The archived ones; the others where absent.
    #[serde(default)]
    archived: bool,
    /// Only those with unread messages.
    #[serde(default)]
    unread: bool,
}

/// My conversations, the newest activity first.
#[utoipa::path(get, path = "/chat/conversations/", tag = "chat", operation_id = "list_conversations",
    security(("bearer" = [])), params(ConversationQuery, PageQuery),
    responses((status = OK, description = "A page of conversations.", body = Page<Conversation>)))]
pub(super) async fn list_conversations(
    app: App,
    caller: Caller,
    language: Language,
    Query(query): Query<ConversationQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<Conversation>>> {
    let paging = page.paging::<store::Key>(link)?;
    let filter = Filter { reader: caller.id, is_archived: query.archived, is_unread: query.unread };
    let (rows, total) = store::list(&mut *app.db.acquire().await?, &filter, &paging).await?;
    let reader = Reader::of(&app, &caller, language);
    Ok(Json(paging.finish(
        rows,
        total,
        |row| (row.last_message_at.as_micros(), row.id),
        |row| Conversation::of(row, &reader),
    )))
}

/// One of my conversations.
#[utoipa::path(get, path = "/chat/conversations/{id}/", tag = "chat", operation_id = "get_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)),
    responses((status = OK, description = "The conversation.", body = Conversation)))]
pub(super) async fn get_conversation(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ConversationId>,
) -> ApiResult<Json<Conversation>> {
    show(&app, &mut *app.db.acquire().await?, &caller, language, id).await.map(Json)
}

pub(super) async fn show(
    app: &App,
    db: &mut PgConnection,
    caller: &Caller,
    language: Language,
    id: ConversationId,
) -> ApiResult<Conversation> {
    let stored = store::find(db, caller.id, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Conversation::of(stored, &Reader::of(app, caller, language)))
}

/// With whom, and about what. One of the people, or a booking, is needed.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[garde(allow_unvalidated)]
#[expect(clippy::struct_field_names, reason = "names of the wire")]
pub(super) struct BeginConversation {
    /// A provider to write to.
    #[serde(default)]
    provider_id: Option<UserId>,
    /// A customer to write to: somebody who has booked the caller.
    #[serde(default)]
    customer_id: Option<UserId>,
    /// Either.
    #[serde(default, alias = "user_id")]
    participant_id: Option<UserId>,
    /// The booking that it is about.
    #[serde(default)]
    booking_id: Option<BookingId>,
}

/// Begin a conversation, or find the one that there is.
///
/// There is one of two people, and one more of each of their bookings. Everybody can write to a provider; a provider
/// can write first only to people who have booked them.
#[utoipa::path(post, path = "/chat/conversations/", tag = "chat", operation_id = "begin_conversation",
    security(("bearer" = [])), request_body = BeginConversation,
    responses(
        (status = OK, description = "The conversation that there was.", body = Conversation),
        (status = CREATED, description = "The new conversation.", body = Conversation),
        (status = FORBIDDEN, description = "`chat_blocked`: one has blocked the other."),
        (status = NOT_FOUND, description = "There is no such person or booking, or they may not be written to."),
        (status = UNPROCESSABLE_ENTITY, description = "Nobody is named, or the caller."),
        (status = TOO_MANY_REQUESTS, description = "`too_many_inquiries`: many were begun today.")))]
pub(super) async fn begin_conversation(
    app: App,
    caller: Caller,
    language: Language,
    write: Write,
    Valid(body): Valid<BeginConversation>,
) -> ApiResult<Response> {
    let mut tx = write.begin().await?;
    let (id, is_new) = find_or_begin(&app, &mut tx, &caller, &body).await?;
    let conversation = show(&app, &mut tx, &caller, language, id).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    tx.commit((status, Json(conversation))).await
}

impl BeginConversation {
    /// Whom it is to; the customer and the provider, where a booking says so.
    async fn people(
        &self,
        db: &mut PgConnection,
        caller: &Caller,
    ) -> ApiResult<(UserId, Option<(UserId, UserId)>)> {
        let named = [self.provider_id, self.customer_id, self.participant_id];
        let mut others = named.into_iter().flatten().filter(|id| *id != caller.id);
        let other = others.next();
        if others.any(|id| Some(id) != other) {
            return Err(ApiError::invalid_field("participant_id", Sentence::new("field-only_one")));
        }
        let Some(booking) = self.booking_id else {
            let is_self = named.iter().flatten().any(|id| *id == caller.id);
            let word = if is_self { "field-yourself" } else { "field-required" };
            let other = other.ok_or_else(|| ApiError::invalid_field("provider_id", Sentence::new(word)))?;
            return Ok((other, None));
        };
        let parties = store::parties(db, booking, caller.id).await?.ok_or_else(ApiError::not_found)?;
        let theirs = if parties.0 == caller.id { parties.1 } else { parties.0 };
        match other {
            Some(other) if other != theirs => Err(ApiError::not_found()),
            _ => Ok((theirs, Some(parties))),
        }
    }
}

async fn find_or_begin(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    body: &BeginConversation,
) -> ApiResult<(ConversationId, bool)> {
    let now = app.clock.now();
    let (other, parties) = body.people(tx, caller).await?;
    let known = store::acquaintance(tx, caller.id, other, body.booking_id, now.minus(INQUIRY_SPAN)).await?;
    let known = known.ok_or_else(ApiError::not_found)?;
    if let Some(id) = known.conversation {
        return Ok((id, false));
    }
    if !known.is_there {
        return Err(ApiError::not_found());
    }
    if known.is_blocked {
        return Err(ChatError::ChatBlocked.into());
    }
    let is_customer = known.was_booked_by_me || (known.is_provider && !known.has_booked_me);
    let (customer, provider) = match parties {
        Some(parties) => parties,
        None if is_customer => (caller.id, other),
        None if known.has_booked_me => (other, caller.id),
        // Not a provider, and never was a customer: nobody to write to.
        None => return Err(ApiError::not_found()),
    };
    let is_inquiry = parties.is_none() && !known.was_booked_by_me && !known.has_booked_me;
    let most = i64::from(app.settings.limits.inquiries);
    if is_inquiry && most > 0 && known.begun >= most {
        return Err(ApiError::from(ChatError::TooManyInquiries).limit(app.settings.limits.inquiries));
    }
    let booking = body.booking_id;
    let id = ConversationId::at(now);
    let new = NewConversation { id, customer, provider, booking, started_by: caller.id, at: now };
    if store::begin(tx, &new).await? {
        return Ok((id, true));
    }
    let known = store::acquaintance(tx, caller.id, other, booking, now).await?;
    let id = known.and_then(|known| known.conversation);
    Ok((id.ok_or_else(|| ApiError::unavailable(anyhow::anyhow!("a conversation has gone")))?, false))
}

/// How far the caller has read.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
pub(super) struct ReadUpTo {
    /// The number of the newest message that was read.
    #[garde(range(min = 0))]
    #[schema(minimum = 0)]
    up_to_seq: i64,
}

/// What is left to read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Unread {
    /// Messages of others that the caller has not read, in all conversations.
    unread_count: i64,
    /// In how many conversations they are.
    unread_conversations: i64,
}

/// I have read a conversation up to a message.
///
/// The mark only moves on: an older number changes nothing.
#[utoipa::path(put, path = "/chat/conversations/{id}/read/", tag = "chat", operation_id = "read_conversation",
    security(("bearer" = [])), params(("id" = ConversationId, Path)), request_body = ReadUpTo,
    responses((status = OK, description = "What is left to read, in all conversations.", body = Unread)))]
pub(super) async fn read_conversation(
    app: App,
    caller: Caller,
    Path(id): Path<ConversationId>,
    Valid(body): Valid<ReadUpTo>,
) -> ApiResult<Json<Unread>> {
    marks::read(&app, &caller, id, body.up_to_seq).await?;
    let (unread_count, unread_conversations) = marks::unread(&app.db, caller.id).await?;
    Ok(Json(Unread { unread_count, unread_conversations }))
}
