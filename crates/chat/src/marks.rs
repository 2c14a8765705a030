//! What has arrived, and what has been read.

use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{ConversationId, UserId},
    stream::Kind,
    time::Instant,
};
use serde::Serialize;
use sqlx::PgExecutor;

use crate::store::{self, marks::Moved};

/// Most conversations in one [`delivered`].
const MOST_AT_ONCE: usize = 200;

/// How far somebody is, as both are told.
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
    tell(app, Kind::MessageRead, caller.id, moved, now)
}

/// Messages have reached a device of the caller, per conversation up to one. Conversations of others are passed over.
pub async fn delivered(app: &App, caller: &Caller, up_to: &[(ConversationId, i64)]) -> ApiResult<()> {
    let now = app.clock.now();
    for some in up_to.chunks(MOST_AT_ONCE) {
        let (conversations, seqs): (Vec<_>, Vec<_>) = some.iter().copied().unzip();
        let mut tx = app.db.begin().await?;
        let moved = store::marks::delivered(&mut tx, caller.id, &conversations, &seqs, now).await?;
        tx.commit().await?;
        tell(app, Kind::MessageDelivered, caller.id, moved, now)?;
    }
    Ok(())
}

fn tell(
    app: &App,
    kind: Kind,
    user_id: UserId,
    moved: impl IntoIterator<Item = Moved>,
    now: Instant,
) -> ApiResult<()> {
    for Moved { conversation, up_to_seq, places } in moved {
        let mark = Mark { conversation_id: conversation, user_id, up_to_seq };
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
