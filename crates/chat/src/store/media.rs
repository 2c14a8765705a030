//! Files of messages.

use platform::{
    ids::{ConversationId, MediaId, MessageId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, PgExecutor};

use crate::media::{MediaKind, StoredMedia};

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

/// A file that was uploaded.
pub(crate) struct NewMedia<'a> {
    pub media: &'a StoredMedia,
    pub owner: UserId,
    pub storage_key: &'a str,
    pub at: Instant,
}

/// Writes down where a file will be, before it is there: so it can always be found and removed.
pub(crate) async fn insert(db: impl PgExecutor<'_>, new: &NewMedia<'_>) -> sqlx::Result<()> {
    let media = new.media;
    sqlx::query!(
        "insert into chat_media (id, owner_id, kind, content_type, file_name, size_bytes, width, height, blurhash,
                duration_ms, storage_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        media.id as _,
        new.owner as _,
        media.kind as _,
        media.content_type,
        media.file_name,
        media.size_bytes,
        media.width,
        media.height,
        media.blurhash,
        media.duration_ms,
        new.storage_key,
        new.at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Where a file is, and whether somebody may read it without a link.
pub(crate) struct Found {
    pub kind: MediaKind,
    pub content_type: String,
    pub file_name: String,
    pub storage_key: String,
    pub is_theirs: bool,
}

/// A file that has not been taken back with its message.
pub(crate) async fn find(
    db: impl PgExecutor<'_>,
    id: MediaId,
    reader: Option<UserId>,
) -> sqlx::Result<Option<Found>> {
    sqlx::query_as!(
        Found,
        r#"select f.kind, f.content_type, f.file_name, f.storage_key,
                  coalesce(case when f.message_id is null then f.owner_id = $2
                                else exists (select from conversation_members
                                              where conversation_id = f.conversation_id and user_id = $2)
                                     or exists (select from conversation_staff
                                                 where conversation_id = f.conversation_id and user_id = $2
                                                   and left_at is null)
                                     or exists (select from chat_reports r join users u on u.id = $2
                                                 where r.conversation_id = f.conversation_id
                                                   and u.staff_role in ('moderator', 'superuser')) end, false)
                      as "is_theirs!"
             from chat_media f
             left join messages m on m.id = f.message_id
            where f.id = $1 and m.deleted_at is null"#,
        id as _,
        reader as _,
    )
    .fetch_optional(db)
    .await
}

/// Removes up to so many files that nobody has sent since a moment, and says where they are.
pub(crate) async fn remove_orphans(
    db: &mut PgConnection,
    before: Instant,
    most: i64,
) -> sqlx::Result<Vec<(String, MediaKind)>> {
    let rows = sqlx::query!(
        "delete from chat_media where id in (select id from chat_media where message_id is null and created_at < $1
                                              order by created_at limit $2 for update skip locked)
         returning storage_key, kind",
        before as _,
        most,
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.storage_key, row.kind)).collect())
}
