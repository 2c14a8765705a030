//! How far people are in their conversations.

use platform::{
    ids::{ConversationId, MessageId, UserId},
    outbox::Event as _,
    time::Instant,
};
use sqlx::PgExecutor;

use crate::{
    events::ConversationRead,
    marks::{Arrival, Waiting},
};

/// A mark that has moved: whose it is, in whose logs it stands.
pub(crate) struct Moved {
    pub user: UserId,
    pub conversation: ConversationId,
    pub up_to_seq: i64,
    pub places: Vec<(UserId, i64)>,
}

/// Somebody has read up to a message, or up to the newest. Says whether the conversation is theirs, and whether that
/// is news; only they themselves are told where they hide it from the other one.
pub(crate) async fn read(
    db: impl PgExecutor<'_>,
    user: UserId,
    conversation: ConversationId,
    up_to_seq: i64,
    now: Instant,
) -> sqlx::Result<(bool, Option<Moved>)> {
    let row = sqlx::query!(
        r#"with mine as (
               select m.other_id, coalesce(s.shows_read_receipts, true) as shows, c.last_seq
                 from conversation_members m
                 join conversations c on c.id = m.conversation_id
                 left join chat_settings s on s.user_id = m.user_id
                where m.conversation_id = $1 and m.user_id = $2
           ), moved as (
               update conversation_members m
                  set read_seq = least($3, mine.last_seq),
                      delivered_seq = greatest(m.delivered_seq, least($3, mine.last_seq))
                 from mine
                where m.conversation_id = $1 and m.user_id = $2 and m.read_seq < least($3, mine.last_seq)
            returning m.read_seq, case when mine.shows then array[m.user_id, m.other_id] else array[m.user_id] end as people
           ), later as (
               insert into outbox (topic, subject, payload, created_at)
               select $5, $1, jsonb_build_object('conversation_id', $1::uuid, 'user_id', $2::uuid, 'up_to_seq', read_seq), $4
                 from moved
           )
           select exists (select from mine) as "is_member!", moved.read_seq as "up_to_seq?",
                  told.people as "people?: Vec<UserId>", told.numbers
             from (select) nothing
             left join moved on true
             left join lateral (
                 select array_agg(person) as people, array_agg(number) as numbers
                   from append_event(moved.people, 'message.read', $4,
                        jsonb_build_object('conversation_id', $1::uuid, 'user_id', $2::uuid, 'up_to_seq', moved.read_seq))
                  where moved.read_seq is not null) told on true"#,
        conversation as _,
        user as _,
        up_to_seq,
        now as _,
        ConversationRead::TOPIC,
    )
    .fetch_one(db)
    .await?;
    let moved = row.up_to_seq.map(|up_to_seq| Moved {
        user,
        conversation,
        up_to_seq,
        places: row.people.unwrap_or_default().into_iter().zip(row.numbers.unwrap_or_default()).collect(),
    });
    Ok((row.is_member, moved))
}

/// Messages have reached devices; whoever wrote them is told. The marks that have moved are locked in the order of
/// conversations and people, the logs of their people in the order of ids, as everywhere.
pub(crate) async fn delivered(
    db: impl PgExecutor<'_>,
    arrivals: &[Arrival],
    now: Instant,
) -> sqlx::Result<Vec<Moved>> {
    let users: Vec<UserId> = arrivals.iter().map(|arrival| arrival.user).collect();
    let conversations: Vec<ConversationId> = arrivals.iter().map(|arrival| arrival.conversation).collect();
    let up_to: Vec<i64> = arrivals.iter().map(|arrival| arrival.up_to_seq).collect();
    let told = sqlx::query!(
        r#"with wanted as (
               select m.conversation_id, m.user_id, least(w.up_to, c.last_seq) as up_to
                 from (select user_id, conversation_id, max(up_to) as up_to
                         from unnest($1::uuid[], $2::uuid[], $3::bigint[]) w (user_id, conversation_id, up_to)
                        group by user_id, conversation_id) w
                 join conversation_members m on m.conversation_id = w.conversation_id and m.user_id = w.user_id
                 join conversations c on c.id = w.conversation_id
                where m.delivered_seq < least(w.up_to, c.last_seq)
                order by m.conversation_id, m.user_id
                  for update of m
           ), moved as (
               update conversation_members m set delivered_seq = w.up_to
                 from wanted w
                where m.conversation_id = w.conversation_id and m.user_id = w.user_id and m.delivered_seq < w.up_to
            returning m.conversation_id, m.user_id, m.other_id, m.delivered_seq
           ), listed as (
               select array_agg(conversation_id) as conversations, array_agg(user_id) as users,
                      array_agg(other_id) as others, array_agg(delivered_seq) as seqs,
                      array_agg(jsonb_build_object('conversation_id', conversation_id, 'user_id', user_id,
                                                   'up_to_seq', delivered_seq)) as bodies
                 from moved
           )
           select l.users[e.place] as "user!: UserId", l.conversations[e.place] as "conversation!: ConversationId",
                  l.others[e.place] as "other!: UserId", l.seqs[e.place] as "up_to_seq!", e.number as "number!"
             from listed l
            cross join lateral append_events(l.others, 'message.delivered', $4, l.bodies) e
            where l.others is not null"#,
        &users as _,
        &conversations as _,
        &up_to,
        now as _,
    )
    .fetch_all(db)
    .await?;
    let moved = told.into_iter().map(|row| Moved {
        user: row.user,
        conversation: row.conversation,
        up_to_seq: row.up_to_seq,
        places: vec![(row.other, row.number)],
    });
    Ok(moved.collect())
}

/// How many messages of others somebody has not read, and in how many conversations.
pub(crate) async fn unread(db: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select coalesce(sum(n.unread), 0)::bigint as "messages!", count(*) filter (where n.unread > 0) as "conversations!"
             from conversation_members me
             join conversations c on c.id = me.conversation_id and c.last_seq > me.read_seq
            cross join lateral (
                select count(*) as unread from messages m
                 where m.conversation_id = me.conversation_id and m.seq > me.read_seq
                   and (m.sender_id = me.other_id or m.is_staff) and m.deleted_at is null) n
            where me.user_id = $1"#,
        user as _,
    )
    .fetch_one(db)
    .await?;
    Ok((row.messages, row.conversations))
}

/// Whether somebody has read a message of a conversation.
pub(crate) async fn is_read(
    db: impl PgExecutor<'_>,
    conversation: ConversationId,
    user: UserId,
    seq: i64,
) -> sqlx::Result<bool> {
    let read = sqlx::query_scalar!(
        "select read_seq from conversation_members where conversation_id = $1 and user_id = $2",
        conversation as _,
        user as _,
    );
    Ok(read.fetch_optional(db).await?.is_some_and(|read| read >= seq))
}

/// A message that its reader has not read, with what they are told of it; nothing where they do not want to hear of it.
pub(crate) async fn waiting(
    db: impl PgExecutor<'_>,
    reader: UserId,
    message: MessageId,
    now: Instant,
) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as!(
        Waiting,
        r#"select m.id, m.seq, u.name as sender_name, m.content as preview,
                  case when m.kind <> 'text' then m.kind
                       else (select f.kind from chat_media f where f.message_id = m.id order by f.id limit 1) end
                      as attachment
             from messages m
             join conversation_members me on me.conversation_id = m.conversation_id and me.user_id = $1
             join users u on u.id = m.sender_id
            where m.id = $2 and m.seq > me.read_seq and m.deleted_at is null
              and (me.muted_until is null or me.muted_until <= $3)"#,
        reader as _,
        message as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// The newest messages of a conversation that its reader has not read, the oldest first.
pub(crate) async fn waiting_in(
    db: impl PgExecutor<'_>,
    reader: UserId,
    conversation: ConversationId,
    most: i64,
    now: Instant,
) -> sqlx::Result<Vec<Waiting>> {
    let mut found = sqlx::query_as!(
        Waiting,
        r#"select m.id, m.seq, u.name as sender_name, m.content as preview,
                  case when m.kind <> 'text' then m.kind
                       else (select f.kind from chat_media f where f.message_id = m.id order by f.id limit 1) end
                      as attachment
             from conversation_members me
             join messages m on m.conversation_id = me.conversation_id and m.seq > me.read_seq
                            and (m.sender_id = me.other_id or m.is_staff) and m.deleted_at is null
             join users u on u.id = m.sender_id
            where me.conversation_id = $2 and me.user_id = $1
              and (me.muted_until is null or me.muted_until <= $4)
            order by m.seq desc limit $3"#,
        reader as _,
        conversation as _,
        most,
        now as _,
    )
    .fetch_all(db)
    .await?;
    found.reverse();
    Ok(found)
}
