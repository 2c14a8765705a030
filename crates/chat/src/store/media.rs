//! Files of messages.

use platform::ids::{ConversationId, MediaId, MessageId, UserId};
use sqlx::PgConnection;

use crate::media::StoredMedia;

/// Those of these files that somebody has uploaded and not sent yet, in this order. They are held until the transaction
/// ends.
pub(crate) async fn lock_waiting(
    db: &mut PgConnection,
    owner: UserId,
    ids: &[MediaId],
) -> sqlx::Result<Vec<StoredMedia>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as!(
        StoredMedia,
        "select id, kind, content_type, file_name, size_bytes, width, height, blurhash, duration_ms
           from chat_media where id = any($2) and owner_id = $1 and message_id is null
          order by array_position($2, id) for update",
        owner as _,
        ids as _,
    )
    .fetch_all(db)
    .await
}

/// Makes files part of a message.
pub(crate) async fn attach(
    db: &mut PgConnection,
    ids: &[MediaId],
    conversation: ConversationId,
    message: MessageId,
) -> sqlx::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update chat_media set conversation_id = $2, message_id = $3, position = array_position($1, id)
          where id = any($1)",
        ids as _,
        conversation as _,
        message as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
