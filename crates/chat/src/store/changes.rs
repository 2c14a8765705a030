//! Changing messages that were sent: editing, taking back, reacting.

use platform::{
    ids::{MessageId, UserId},
    time::Instant,
};
use sqlx::PgConnection;

use crate::message::MessageKind;

/// A message that is held for a change by one of its two people.
pub(crate) struct Held {
    pub sender: Option<UserId>,
    pub other: UserId,
    pub kind: MessageKind,
    pub created_at: Instant,
    pub deleted_at: Option<Instant>,
    pub is_gone: bool,
    pub is_blocked: bool,
}

/// Holds a message until the transaction ends; `None` where it is in no conversation of the person.
pub(crate) async fn hold(db: &mut PgConnection, user: UserId, id: MessageId) -> sqlx::Result<Option<Held>> {
    sqlx::query_as!(
        Held,
        r#"select m.sender_id as sender, me.other_id as other, m.kind as "kind: MessageKind", m.created_at, m.deleted_at,
                  o.state in ('deleted', 'banned') as "is_gone!",
                  exists (select from user_blocks
                           where (blocker_id, blocked_id) in ((me.user_id, me.other_id), (me.other_id, me.user_id)))
                  and not has_open_booking(c.customer_id, c.provider_id) as "is_blocked!"
             from messages m
             join conversations c on c.id = m.conversation_id
             join conversation_members me on me.conversation_id = m.conversation_id and me.user_id = $1
             join users o on o.id = me.other_id
            where m.id = $2 for update of m"#,
        user as _,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes other words into a message, and keeps the old ones for moderators.
pub(crate) async fn edit(
    db: &mut PgConnection,
    id: MessageId,
    content: &str,
    masked: Option<&str>,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with kept as (
             insert into message_originals (message_id, content, data, replaced_at)
             select id, content, data, $4 from messages where id = $1
         ), open as (
             select $3::text is null or has_agreed_booking(c.customer_id, c.provider_id) as shows
               from messages m join conversations c on c.id = m.conversation_id where m.id = $1
         )
         update messages set content = case when open.shows then $2 else $3 end, is_masked = not open.shows, edited_at = $4
           from open where id = $1",
        id as _,
        content,
        masked,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a message back: a tombstone stays for both, what it said for moderators.
pub(crate) async fn delete(db: &mut PgConnection, id: MessageId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "with kept as (
             insert into message_originals (message_id, content, data, replaced_at)
             select id, content, data, $2 from messages where id = $1
         ), reactions as (
             delete from message_reactions where message_id = $1
         )
         update messages set content = '', data = null, is_masked = false, deleted_at = $2 where id = $1",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody reacts; `false` where they have reacted so before, or with `most` others.
pub(crate) async fn react(
    db: &mut PgConnection,
    id: MessageId,
    user: UserId,
    key: &str,
    most: i64,
    now: Instant,
) -> sqlx::Result<bool> {
    let added = sqlx::query!(
        "insert into message_reactions (message_id, user_id, key, created_at)
         select $1, $2, $3, $5
          where (select count(*) from message_reactions where message_id = $1 and user_id = $2) < $4
         on conflict do nothing",
        id as _,
        user as _,
        key,
        most,
        now as _,
    );
    Ok(added.execute(db).await?.rows_affected() > 0)
}

/// Somebody takes a reaction back; `false` where there was none.
pub(crate) async fn unreact(
    db: &mut PgConnection,
    id: MessageId,
    user: UserId,
    key: &str,
) -> sqlx::Result<bool> {
    let removed = sqlx::query!(
        "delete from message_reactions where message_id = $1 and user_id = $2 and key = $3",
        id as _,
        user as _,
        key,
    );
    Ok(removed.execute(db).await?.rows_affected() > 0)
}
