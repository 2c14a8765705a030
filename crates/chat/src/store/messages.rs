//! Sending and reading messages.

use platform::{
    ids::{ConversationId, MessageId, UserId},
    time::Instant,
};
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use crate::{
    events::MessageSent,
    message::{Marks, Message, StoredMessage},
    send::Draft,
};

/// What only the database knows of a message that was sent.
pub(crate) struct Numbered {
    pub seq: i64,
    pub is_masked: bool,
    pub sender_name: String,
    pub sender_image: Option<String>,
    pub places: Vec<(UserId, i64)>,
}

/// Sends a message: checks, numbers, writes, and tells, under the lock of the conversation's row. `None` where
/// something is in its way. Whether the two have blocked each other does not matter while a booking of theirs is open.
pub(crate) async fn send(
    db: &mut PgConnection,
    draft: &Draft,
    shown: &Message,
    sender: UserId,
    now: Instant,
) -> sqlx::Result<Option<Numbered>> {
    let event = json!(MessageSent {
        conversation_id: draft.conversation,
        message_id: draft.id,
        seq: 0,
        sender_id: sender,
        recipient_id: sender,
        at: now,
    });
    let row = sqlx::query!(
        r#"with bumped as (
               update conversations c set last_seq = c.last_seq + 1, last_message_at = $11
                 from conversation_members m
                 join users o on o.id = m.other_id and o.state not in ('deleted', 'banned')
                 join users u on u.id = m.user_id
                where c.id = $1 and m.conversation_id = $1 and m.user_id = $2
                  and not exists (select from messages
                                   where conversation_id = $1 and sender_id = $2 and client_message_id = $3)
                  and (not exists (select from user_blocks
                                    where (blocker_id, blocked_id) in ((m.user_id, m.other_id), (m.other_id, m.user_id)))
                       or has_open_booking(c.customer_id, c.provider_id))
                  and ($9::uuid is null or exists (select from messages where id = $9 and conversation_id = $1))
                  and ($10::uuid is null or exists (select from bookings b
                                                     where b.id = $10 and (b.customer_id, b.provider_id) in
                                                           ((m.user_id, m.other_id), (m.other_id, m.user_id))))
            returning c.last_seq, m.other_id, u.name, u.profile_image,
                      $6::text is not null and not has_agreed_booking(c.customer_id, c.provider_id) as is_masked
           ), written as (
               insert into messages (id, conversation_id, seq, sender_id, kind, content, data, reply_to,
                                     client_message_id, is_masked, created_at)
               select $4, $1, last_seq, $2, $7, case when is_masked then $6 else $5 end, $8, $9, $3, is_masked, $11
                 from bumped
           ), heard as (
               insert into outbox (topic, subject, payload, created_at)
               select 'chat.message_sent', $1,
                      $13::jsonb || jsonb_build_object('seq', last_seq, 'recipient_id', other_id), $11
                 from bumped
           )
           select b.last_seq as "seq!", b.is_masked as "is_masked!", b.name as "sender_name!",
                  b.profile_image as sender_image, e.people as "people!: Vec<UserId>", e.numbers as "numbers!"
             from bumped b
            cross join lateral (
                select array_agg(person) as people, array_agg(number) as numbers
                  from append_event(array[$2, b.other_id], 'message.created', $11,
                       $12::jsonb || jsonb_build_object('seq', b.last_seq, 'sender_name', b.name,
                           'sender_profile_image', $14 || b.profile_image, 'is_masked', b.is_masked,
                           'content', case when b.is_masked then $6 else $5 end))) e"#,
        draft.conversation as _,
        sender as _,
        draft.client_message_id,
        draft.id as _,
        draft.content,
        draft.masked,
        draft.kind as _,
        draft.data.as_ref().map(Json) as _,
        draft.reply_to as _,
        draft.data.as_ref().and_then(|data| data.booking_id) as _,
        now as _,
        Json(shown) as _,
        event,
        draft.files,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Numbered {
        seq: row.seq,
        is_masked: row.is_masked,
        sender_name: row.sender_name,
        sender_image: row.sender_image,
        places: row.people.into_iter().zip(row.numbers).collect(),
    }))
}

/// What may be in the way of a message.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Obstacle {
    pub is_gone: bool,
    pub is_blocked: bool,
    pub is_reply_unknown: bool,
    pub is_booking_unknown: bool,
}

/// What is in the way of a message; `None` where the conversation is none of the sender's.
pub(crate) async fn obstacle(
    db: &mut PgConnection,
    draft: &Draft,
    sender: UserId,
) -> sqlx::Result<Option<Obstacle>> {
    sqlx::query_as!(
        Obstacle,
        r#"select o.state in ('deleted', 'banned') as "is_gone!",
                  exists (select from user_blocks
                           where (blocker_id, blocked_id) in ((m.user_id, m.other_id), (m.other_id, m.user_id)))
                  and not has_open_booking(c.customer_id, c.provider_id) as "is_blocked!",
                  $3::uuid is not null
                  and not exists (select from messages where id = $3 and conversation_id = $1) as "is_reply_unknown!",
                  $4::uuid is not null
                  and not exists (select from bookings b
                                   where b.id = $4 and (b.customer_id, b.provider_id) in
                                         ((m.user_id, m.other_id), (m.other_id, m.user_id))) as "is_booking_unknown!"
             from conversation_members m
             join conversations c on c.id = m.conversation_id
             join users o on o.id = m.other_id
            where m.conversation_id = $1 and m.user_id = $2"#,
        draft.conversation as _,
        sender as _,
        draft.reply_to as _,
        draft.data.as_ref().and_then(|data| data.booking_id) as _,
    )
    .fetch_optional(db)
    .await
}

struct Row {
    message: Json<StoredMessage>,
    read: i64,
    other_read: i64,
    other_delivered: i64,
}

impl Row {
    fn split(self) -> (StoredMessage, Marks) {
        let Self { message, read, other_read, other_delivered } = self;
        (message.0, Marks { read, other_read, other_delivered })
    }
}

/// Messages of conversations of the person `$1`, with how far both are.
macro_rules! messages_of {
    ($which:literal, $($arg:expr),*) => {
        sqlx::query_as!(
            Row,
            r#"select to_jsonb(m) as "message!: Json<StoredMessage>", me.read_seq as read,
                      case when coalesce(s.shows_read_receipts, true) then other.read_seq else 0 end as "other_read!",
                      other.delivered_seq as other_delivered
                 from conversation_members me
                 join conversation_members other
                   on other.conversation_id = me.conversation_id and other.user_id = me.other_id
                 left join chat_settings s on s.user_id = me.other_id
                 join shown_messages m on m.conversation_id = me.conversation_id
                where me.user_id = $1 "# + $which,
            $($arg),*
        )
    };
}

/// The message that the sender's app calls so, if it was sent.
pub(crate) async fn sent_before(
    db: &mut PgConnection,
    sender: UserId,
    conversation: ConversationId,
    client_message_id: &str,
) -> sqlx::Result<Option<(StoredMessage, Marks)>> {
    let row = messages_of!(
        "and me.conversation_id = $2 and m.sender_id = $1 and m.client_message_id = $3",
        sender as _,
        conversation as _,
        client_message_id
    );
    Ok(row.fetch_optional(db).await?.map(Row::split))
}

/// A message that somebody may see.
pub(crate) async fn find(
    db: &mut PgConnection,
    reader: UserId,
    id: MessageId,
) -> sqlx::Result<Option<(StoredMessage, Marks)>> {
    let row = messages_of!("and m.id = $2", reader as _, id as _);
    Ok(row.fetch_optional(db).await?.map(Row::split))
}

/// A message that the house shows, whoever reads it.
pub(crate) async fn shown(db: &mut PgConnection, id: MessageId) -> sqlx::Result<StoredMessage> {
    let message = sqlx::query_scalar!(
        r#"select to_jsonb(m) as "message!: Json<StoredMessage>" from shown_messages m where m.id = $1"#,
        id as _,
    );
    Ok(message.fetch_one(db).await?.0)
}

/// Which part of a conversation: so many messages before a number, and so many after another one.
pub(crate) struct Window {
    pub before: i64,
    pub older: i64,
    pub after: i64,
    pub newer: i64,
    /// So many of the newest are left out.
    pub skipped: i64,
}

impl Window {
    /// The same by the number of a page, which only counts where nothing else says where to begin.
    #[must_use]
    pub(crate) fn page(self, page: Option<u16>, size: u16) -> Self {
        let skipped = i64::from(page.unwrap_or(1).saturating_sub(1)) * i64::from(size);
        if self.before == i64::MAX { Self { skipped, ..self } } else { self }
    }

    /// So many messages before a number, after one or around one, else the newest; `None` where more than one is given.
    pub(crate) fn of(
        before: Option<i64>,
        after: Option<i64>,
        around: Option<i64>,
        size: u16,
    ) -> Option<Self> {
        let size = i64::from(size);
        let none = Self { before: 0, older: 0, after: i64::MAX, newer: 0, skipped: 0 };
        match (before, after, around) {
            (None, None, None) => Some(Self { before: i64::MAX, older: size, ..none }),
            (Some(before), None, None) => Some(Self { before, older: size, ..none }),
            (None, Some(after), None) => Some(Self { after, newer: size, ..none }),
            (None, None, Some(around)) => {
                let newer = size / 2;
                let before = around.saturating_add(1);
                Some(Self { before, older: size - newer, after: around, newer, skipped: 0 })
            }
            _ => None,
        }
    }
}

/// A part of a conversation.
pub(crate) struct Part {
    /// The number of the oldest message that is kept, and of the newest.
    pub first: i64,
    pub last: i64,
    pub marks: Marks,
    /// Newest first.
    pub messages: Vec<StoredMessage>,
}

/// A part of a conversation; `None` where it is none of the reader's.
pub(crate) async fn part(
    db: &mut PgConnection,
    reader: UserId,
    conversation: ConversationId,
    window: &Window,
) -> sqlx::Result<Option<Part>> {
    let rows = sqlx::query!(
        r#"select to_jsonb(m) as "message: Json<StoredMessage>", me.read_seq as read, c.last_seq as last,
                  case when coalesce(s.shows_read_receipts, true) then other.read_seq else 0 end as "other_read!",
                  other.delivered_seq as other_delivered,
                  coalesce((select min(seq) from messages where conversation_id = $2), c.last_seq + 1) as "first!"
             from conversation_members me
             join conversations c on c.id = me.conversation_id
             join conversation_members other
               on other.conversation_id = me.conversation_id and other.user_id = me.other_id
             left join chat_settings s on s.user_id = me.other_id
             left join shown_messages m on m.conversation_id = me.conversation_id and m.seq = any(
                  array(select seq from messages where conversation_id = $2 and seq < $3
                           and seq <= (select last_seq - $7 from conversations where id = $2) order by seq desc limit $4)
               || array(select seq from messages where conversation_id = $2 and seq > $5 order by seq limit $6))
            where me.conversation_id = $2 and me.user_id = $1
            order by m.seq desc"#,
        reader as _,
        conversation as _,
        window.before,
        window.older,
        window.after,
        window.newer,
        window.skipped,
    )
    .fetch_all(db)
    .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let marks = Marks { read: row.read, other_read: row.other_read, other_delivered: row.other_delivered };
    let (first, last) = (row.first, row.last);
    let messages = rows.into_iter().filter_map(|row| row.message).map(|message| message.0).collect();
    Ok(Some(Part { first, last, marks, messages }))
}

/// Removes up to so many messages from before a moment for good, the oldest first; not where somebody has still to
/// decide about the conversation or a booking of the two.
pub(crate) async fn remove_old(db: &mut PgConnection, before: MessageId, most: i64) -> sqlx::Result<u64> {
    let removed = sqlx::query!(
        "delete from messages where id in (
             select m.id from messages m join conversations c on c.id = m.conversation_id
              where m.id < $1
                and not exists (select from chat_reports r where r.conversation_id = c.id and r.state = 'open')
                and not exists (select from bookings b
                                 where b.state = 'disputed' and (b.customer_id, b.provider_id) in
                                       ((c.customer_id, c.provider_id), (c.provider_id, c.customer_id)))
              order by m.id limit $2)",
        before as _,
        most,
    );
    Ok(removed.execute(db).await?.rows_affected())
}
