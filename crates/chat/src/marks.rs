//! What has arrived, and what has been read.

use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{ConversationId, MessageId, UserId},
    stream::Kind,
    time::Instant,
};
use serde::Serialize;
use sqlx::PgExecutor;

use crate::store::{self, marks::Moved};

/// Most marks in one transaction of [`delivered`]: nobody can be told anything while their log is locked.
const MOST_AT_ONCE: usize = 50;

/// How far somebody is, as others are told.
#[derive(Serialize)]
struct Mark {
    conversation_id: ConversationId,
    user_id: UserId,
    up_to_seq: i64,
}

/// The caller has read a conversation up to a message. Going back is not possible, and no fault.
pub async fn read(app: &App, caller: &Caller, conversation: ConversationId, up_to_seq: i64) -> ApiResult<()> {
    let now = app.clock.now();
    let (is_member, moved) = store::marks::read(&app.db, caller.id, conversation, up_to_seq, now).await?;
    if !is_member {
        return Err(ApiError::not_found());
    }
    tell(app, Kind::MessageRead, moved, now)
}

/// Messages of a conversation have reached a device of somebody.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Whose device.
    pub user: UserId,
    /// In which conversation; that of others is passed over.
    pub conversation: ConversationId,
    /// Up to which message.
    pub up_to_seq: i64,
}

/// Messages have reached devices: whoever wrote them is told.
pub async fn delivered(app: &App, arrivals: &[Arrival]) -> ApiResult<()> {
    let now = app.clock.now();
    for some in arrivals.chunks(MOST_AT_ONCE) {
        let moved = store::marks::delivered(&app.db, some, now).await?;
        tell(app, Kind::MessageDelivered, moved, now)?;
    }
    Ok(())
}

fn tell(app: &App, kind: Kind, moved: impl IntoIterator<Item = Moved>, now: Instant) -> ApiResult<()> {
    for Moved { user, conversation, up_to_seq, places } in moved {
        let mark = Mark { conversation_id: conversation, user_id: user, up_to_seq };
        store::told(kind, &mark, places, now)?.tell(app);
    }
    Ok(())
}

/// How many messages of others somebody has not read, and in how many conversations.
pub async fn unread(db: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<(i64, i64)> {
    store::marks::unread(db, user).await
}

/// Whether somebody has read a message of a conversation.
pub async fn is_read(
    db: impl PgExecutor<'_>,
    conversation: ConversationId,
    user: UserId,
    seq: i64,
) -> sqlx::Result<bool> {
    store::marks::is_read(db, conversation, user, seq).await
}

/// A message that waits to be read.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Which.
    pub id: MessageId,
    /// Its number in the conversation.
    pub seq: i64,
    /// Who wrote it.
    pub sender_name: String,
    /// What it says; empty where it is something else.
    pub preview: String,
    /// What it is or has beside words: `image`, `document`, `audio`, `video`, `location`, `booking_card`.
    pub attachment: Option<String>,
}

/// A message, unless its reader has read it, has muted the conversation, or it was taken back.
pub async fn waiting(
    db: impl PgExecutor<'_>,
    reader: UserId,
    message: MessageId,
    now: Instant,
) -> sqlx::Result<Option<Waiting>> {
    store::marks::waiting(db, reader, message, now).await
}

/// The newest messages of a conversation that somebody has not read, at most so many, the oldest first; none where they
/// have muted it.
pub async fn waiting_in(
    db: impl PgExecutor<'_>,
    reader: UserId,
    conversation: ConversationId,
    most: i64,
    now: Instant,
) -> sqlx::Result<Vec<Waiting>> {
    store::marks::waiting_in(db, reader, conversation, most, now).await
}
