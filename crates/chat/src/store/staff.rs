//! Members of staff in conversations.

use platform::{
    ids::{ConversationId, MessageId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, types::Json};

use crate::message::{Data, Marks, StoredMessage};

/// A member of staff who is inside a conversation.
pub(crate) struct Stay {
    pub id: i64,
    pub customer: UserId,
    pub provider: UserId,
    /// The name that the two see.
    pub name: String,
    pub reason: String,
    pub joined_at: Instant,
    pub active_at: Instant,
    /// Up to where both have read, and both have got messages; as far as others may know.
    pub read: i64,
    pub delivered: i64,
}

impl Stay {
    pub(crate) fn people(&self) -> [UserId; 2] {
        [self.customer, self.provider]
    }

    /// How far messages of staff have come: as far as with both.
    pub(crate) fn marks(&self) -> Marks {
        Marks { read: 0, other_read: self.read, other_delivered: self.delivered }
    }
}

/// Holds a conversation until the transaction ends: nobody joins, leaves or writes meanwhile. Gives its two people;
/// `None` where there is no such conversation.
pub(crate) async fn hold(
    db: &mut PgConnection,
    conversation: ConversationId,
) -> sqlx::Result<Option<[UserId; 2]>> {
    let row = sqlx::query!(
        "select customer_id, provider_id from conversations where id = $1 for update",
        conversation as _,
    );
    Ok(row.fetch_optional(db).await?.map(|row| [row.customer_id, row.provider_id]))
}

/// How somebody is inside; `None` where they are not.
pub(crate) async fn stay(
    db: &mut PgConnection,
    conversation: ConversationId,
    user: UserId,
) -> sqlx::Result<Option<Stay>> {
    sqlx::query_as!(
        Stay,
        r#"select s.id, c.customer_id as customer, c.provider_id as provider, u.name, s.reason, s.joined_at, s.active_at,
                  m.read as "read!", m.delivered as "delivered!"
             from conversation_staff s
             join conversations c on c.id = s.conversation_id
             join users u on u.id = s.user_id
            cross join lateral (
                select min(case when coalesce(cs.shows_read_receipts, true) then m.read_seq else 0 end) as read,
                       min(m.delivered_seq) as delivered
                  from conversation_members m
                  left join chat_settings cs on cs.user_id = m.user_id
                 where m.conversation_id = c.id) m
            where s.conversation_id = $1 and s.user_id = $2 and s.left_at is null"#,
        conversation as _,
        user as _,
    )
    .fetch_optional(db)
    .await
}

/// Somebody joins; `false` where they are inside.
pub(crate) async fn join(
    db: &mut PgConnection,
    conversation: ConversationId,
    user: UserId,
    reason: &str,
    now: Instant,
) -> sqlx::Result<bool> {
    let joined = sqlx::query!(
        "insert into conversation_staff (conversation_id, user_id, reason, joined_at, active_at)
         values ($1, $2, $3, $4, $4) on conflict do nothing",
        conversation as _,
        user as _,
        reason,
        now as _,
    );
    Ok(joined.execute(db).await?.rows_affected() > 0)
}

/// Somebody leaves.
pub(crate) async fn leave(db: &mut PgConnection, stay: i64, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("update conversation_staff set left_at = $2 where id = $1", stay, now as _)
        .execute(db)
        .await?;
    Ok(())
}

/// Somebody has written.
pub(crate) async fn keep(db: &mut PgConnection, stay: i64, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("update conversation_staff set active_at = $2 where id = $1", stay, now as _)
        .execute(db)
        .await?;
    Ok(())
}

/// What a member of staff says, or the house about one.
pub(crate) struct Said<'a> {
    pub id: MessageId,
    pub conversation: ConversationId,
    /// Nobody: the house.
    pub sender: Option<UserId>,
    pub content: &'a str,
    pub data: Option<Data>,
    pub client_message_id: &'a str,
    pub at: Instant,
}

/// Numbers and writes it; the message as it is shown.
pub(crate) async fn say(db: &mut PgConnection, said: &Said<'_>) -> sqlx::Result<StoredMessage> {
    sqlx::query!(
        "with bumped as (
             update conversations set last_seq = last_seq + 1, last_message_at = greatest(last_message_at, $7)
              where id = $2
          returning last_seq
         )
         insert into messages (id, conversation_id, seq, sender_id, kind, content, data, client_message_id, is_staff,
                               created_at)
         select $1, $2, last_seq, $3, case when $3::uuid is null then 'system' else 'text' end, $4, $5, $6,
                $3 is not null, $7
           from bumped",
        said.id as _,
        said.conversation as _,
        said.sender as _,
        said.content,
        said.data.as_ref().map(Json) as _,
        said.client_message_id,
        said.at as _,
    )
    .execute(&mut *db)
    .await?;
    super::messages::shown(db, said.id).await
}

/// The message that a member of staff calls so, if they have sent it.
pub(crate) async fn sent_before(
    db: &mut PgConnection,
    sender: UserId,
    conversation: ConversationId,
    client_message_id: &str,
) -> sqlx::Result<Option<StoredMessage>> {
    let message = sqlx::query_scalar!(
        r#"select to_jsonb(m) as "message!: Json<StoredMessage>" from shown_messages m
            where m.conversation_id = $1 and m.sender_id = $2 and m.client_message_id = $3"#,
        conversation as _,
        sender as _,
        client_message_id,
    );
    Ok(message.fetch_optional(db).await?.map(|message| message.0))
}
