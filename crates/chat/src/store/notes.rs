//! What the house says in conversations.

use platform::{
    ids::{BookingId, MessageId, UserId},
    locale::Language,
    time::Instant,
};
use sqlx::{PgConnection, types::Json};

use crate::message::Data;

/// Something that happened to a booking.
pub(crate) struct Note {
    pub id: MessageId,
    pub booking: BookingId,
    pub customer: UserId,
    pub provider: UserId,
    /// It is said once under this name.
    pub name: String,
    pub data: Data,
    pub at: Instant,
}

/// Says it; `false` where there is no conversation, or it was said already.
pub(crate) async fn insert(db: &mut PgConnection, note: &Note) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "with target as (
             select id from conversations
              where least(customer_id, provider_id) = least($3::uuid, $4)
                and greatest(customer_id, provider_id) = greatest($3::uuid, $4)
                and (booking_id = $2 or booking_id is null)
              order by booking_id nulls last limit 1
         ), bumped as (
             update conversations c
                set last_seq = c.last_seq + 1, last_message_at = greatest(c.last_message_at, $7)
               from target
              where c.id = target.id
                and not exists (select from messages
                                 where conversation_id = c.id and sender_id is null and client_message_id = $5)
          returning c.id, c.last_seq
         )
         insert into messages (id, conversation_id, seq, kind, content, data, client_message_id, created_at)
         select $1, bumped.id, bumped.last_seq, 'system', '', $6, $5, $7 from bumped",
        note.id as _,
        note.booking as _,
        note.customer as _,
        note.provider as _,
        note.name,
        Json(&note.data) as _,
        note.at as _,
    );
    Ok(inserted.execute(db).await?.rows_affected() > 0)
}

/// The languages of people.
pub(crate) async fn languages(
    db: &mut PgConnection,
    people: &[UserId],
) -> sqlx::Result<Vec<(UserId, Language)>> {
    let rows = sqlx::query!(
        r#"select id as "id: UserId", language as "language: Language" from users where id = any($1)"#,
        people as _,
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.id, row.language)).collect())
}
