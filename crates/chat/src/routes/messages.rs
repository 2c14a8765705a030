//! Messages over HTTP.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Query, Valid},
    idempotency::Write,
    ids::ConversationId,
    locale::{Language, Sentence},
    page::{EXACT_COUNT, Page},
};
use serde::Deserialize;

use crate::{
    message::{Message, Reader, StoredMessage},
    send::{self, Draft, NewMessage, Sent, Written},
    store::messages::{self as store, Part, Window},
};

pub(super) const DEFAULT_SIZE: u16 = 20;

/// Which part of a conversation; the newest messages where no number is given.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageQuery {
    /// Of this conversation.
    #[garde(skip)]
    conversation_id: ConversationId,
    /// Those right before this number.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    before: Option<i64>,
    /// Those right after this number.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    after: Option<i64>,
    /// Those before and after this number, and the one that has it.
    #[garde(inner(range(min = 0)))]
    #[param(minimum = 0)]
    around: Option<i64>,
    /// A page by number, from 1, the newest messages first; prefer `next`.
    #[garde(inner(range(min = 1, max = 1000)))]
    #[param(minimum = 1, maximum = 1000)]
    page: Option<u16>,
    /// Messages a page.
    #[garde(inner(range(min = 1, max = 100)))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    page_size: Option<u16>,
}

impl MessageQuery {
    fn size(&self) -> u16 {
        self.page_size.unwrap_or(DEFAULT_SIZE)
    }

    fn window(&self) -> ApiResult<Window> {
        Window::of(self.before, self.after, self.around, self.size())
            .map(|window| window.page(self.page, self.size()))
            .ok_or_else(|| ApiError::invalid_field("before", Sentence::new("field-only_one")))
    }

    fn link(&self, app: &App, name: &str, seq: i64) -> String {
        let (conversation, size) = (self.conversation_id, self.size());
        app.url(&format!("/chat/messages/?conversation_id={conversation}&{name}={seq}&page_size={size}"))
    }
}

/// A part of a conversation, the newest message first.
///
/// `next` leads to older messages, `previous` to newer ones.
#[utoipa::path(get, path = "/chat/messages/", tag = "chat", operation_id = "list_messages",
    security(("bearer" = [])), params(MessageQuery),
    responses((status = OK, description = "Messages.", body = Page<Message>),
        (status = NOT_FOUND, description = "There is no such conversation of the caller's."),
        (status = UNPROCESSABLE_ENTITY, description = "More than one of `before`, `after` and `around`.")))]
pub(super) async fn list_messages(
    app: App,
    caller: Caller,
    language: Language,
    Query(query): Query<MessageQuery>,
) -> ApiResult<Json<Page<Message>>> {
    let window = query.window()?;
    let mut db = app.db.acquire().await?;
    let part = store::part(&mut db, caller.id, query.conversation_id, &window).await?;
    let part = part.ok_or_else(ApiError::not_found)?;
    let (reader, marks) = (Reader::of(&app, &caller, language), part.marks);
    let link = |name: &str, seq| query.link(&app, name, seq);
    Ok(Json(page(part, link, |message| Message::of(message, &reader, marks))))
}

/// A part of a conversation with links to what is `before` and `after` it.
pub(super) fn page(
    part: Part,
    link: impl Fn(&str, i64) -> String,
    show: impl Fn(StoredMessage) -> Message,
) -> Page<Message> {
    let newest = part.messages.first().map(|message| message.seq);
    let oldest = part.messages.last().map(|message| message.seq);
    let count = part.last - part.first + 1;
    Page {
        count: count.min(EXACT_COUNT),
        count_exact: count <= EXACT_COUNT,
        next: oldest.filter(|seq| *seq > part.first).map(|seq| link("before", seq)),
        previous: newest.filter(|seq| *seq < part.last).map(|seq| link("after", seq)),
        results: part.messages.into_iter().map(show).collect(),
    }
}

/// Send a message.
///
/// Sent again under the same `client_message_id` it is the same message. Contact details are taken out of it until a
/// booking of the two is confirmed: then `is_masked` is `true`.
#[utoipa::path(post, path = "/chat/messages/", tag = "chat", operation_id = "send_message",
    security(("bearer" = [])), request_body = NewMessage,
    responses(
        (status = CREATED, description = "The message.", body = Message),
        (status = OK, description = "The message, which was sent before.", body = Message),
        (status = FORBIDDEN, description = "`chat_blocked`: one has blocked the other."),
        (status = NOT_FOUND, description = "There is no such conversation of the caller's."),
        (status = CONFLICT, description = "`conversation_closed`: the other one has gone."),
        (status = UNPROCESSABLE_ENTITY, description = "It says nothing, or names what is not there."),
        (status = TOO_MANY_REQUESTS, description = "More messages than a person writes.")))]
pub(super) async fn send_message(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<NewMessage>,
) -> ApiResult<Response> {
    let answer = |sent: Sent| {
        let status = if sent.is_new { StatusCode::CREATED } else { StatusCode::OK };
        (status, Json(sent.message))
    };
    if !write.has_key() {
        return Ok(answer(send::send(&app, &caller, body).await?).into_response());
    }
    let draft = Draft::of(&app, &caller, body)?;
    let mut tx = write.begin().await?;
    match draft.write(&app, &caller, &mut tx).await? {
        Written::Done(sent, told) => {
            let answer = tx.commit(answer(*sent)).await?;
            send::tell(&app, told);
            Ok(answer)
        }
        Written::Overtaken => {
            drop(tx);
            Ok(answer(draft.overtaken(&app, &caller).await?).into_response())
        }
    }
}
