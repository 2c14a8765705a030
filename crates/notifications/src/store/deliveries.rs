//! The SQL of messages on their way.

use platform::{
    ids::{DeliveryId, DeviceId, NotificationId, UserId},
    locale::Language,
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, PgPool, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::{
    model::{Args, Channel, DeliveryState, MailStop, Template},
    preferences::Planned,
};

/// Everything that is needed to send one.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) id: DeliveryId,
    pub(crate) notification_id: NotificationId,
    pub(crate) user_id: UserId,
    pub(crate) channel: Channel,
    pub(crate) attempts: i16,
    /// Names this claim.
    pub(crate) claimed_until: Option<Instant>,
    pub(crate) gathers: i32,
    pub(crate) reached: Vec<DeviceId>,
    pub(crate) template: Template,
    pub(crate) args: Json<Args>,
    pub(crate) count: i32,
    pub(crate) seq: Option<i64>,
    pub(crate) entity_id: Option<Uuid>,
    pub(crate) is_read: bool,
    pub(crate) is_active: bool,
    pub(crate) email: String,
    pub(crate) is_email_verified: bool,
    pub(crate) mail_stop: Option<MailStop>,
    /// Where it is verified and wants SMS.
    pub(crate) phone_number: Option<String>,
    pub(crate) language: Language,
    /// Of the person's list.
    pub(crate) unread: i64,
    /// To the person, since a day.
    pub(crate) sms_sent: i64,
}

/// Writes the ways of a message; those that exist stay. Gives the new ones.
pub(crate) async fn insert(
    db: &mut PgConnection,
    notification: NotificationId,
    user: UserId,
    planned: &[Planned],
    now: Instant,
) -> sqlx::Result<Vec<DeliveryId>> {
    let ids: Vec<Uuid> = planned.iter().map(|_| DeliveryId::at(now).uuid()).collect();
    let channels: Vec<String> = planned.iter().map(|way| <&str>::from(way.channel).to_owned()).collect();
    let states: Vec<String> = planned.iter().map(|way| <&str>::from(way.state).to_owned()).collect();
    let due: Vec<Instant> = planned.iter().map(|way| way.due_at).collect();
    sqlx::query_scalar!(
        "insert into notification_deliveries (id, notification_id, user_id, channel, state, due_at, created_at, updated_at)
         select id, $1, $2, channel, state, due_at, $7, $7
           from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) way (id, channel, state, due_at)
         on conflict on constraint notification_deliveries_once do nothing
         returning id",
        notification as _,
        user as _,
        &ids,
        &channels,
        &states,
        due as _,
        now as _,
    )
    .fetch_all(db)
    .await
}

/// A burst has grown: its push, where one was sent or is being sent, is sent again, but not before then. Gives it where
/// it has to be put into the queue.
pub(crate) async fn send_again(
    db: &mut PgConnection,
    notification: NotificationId,
    state: DeliveryState,
    due_at: Instant,
    now: Instant,
) -> sqlx::Result<Option<DeliveryId>> {
    sqlx::query_scalar!(
        "update notification_deliveries
            set state = $2, due_at = $3, attempts = 0, reached = '{}', reply = null, gathers = 1, claimed_until = null,
                updated_at = $4
          where notification_id = $1 and channel = 'push'
            and (state in ('sent', 'suppressed', 'dead') or claimed_until > $4)
         returning id",
        notification as _,
        state as _,
        due_at as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Takes one that is due, so that nobody else sends it meanwhile. A claim ends by itself.
pub(crate) async fn claim(
    db: &PgPool,
    id: DeliveryId,
    now: Instant,
    until: Instant,
    day_ago: Instant,
) -> sqlx::Result<Option<Work>> {
    sqlx::query_as!(
        Work,
        r#"update notification_deliveries d set claimed_until = $3, attempts = d.attempts + 1, updated_at = $2
             from notifications n join users u on u.id = n.user_id
            where d.id = $1 and n.id = d.notification_id and d.state in ('pending', 'failed') and d.due_at <= $2
              and (d.claimed_until is null or d.claimed_until <= $2)
        returning d.id as "id: DeliveryId", d.notification_id as "notification_id: NotificationId",
                  d.user_id as "user_id: UserId", d.channel as "channel: Channel", d.attempts,
                  d.claimed_until, d.gathers, d.reached as "reached: Vec<DeviceId>", n.template as "template: Template",
                  n.args as "args: Json<Args>", greatest(cardinality(n.seqs), 1) as "count!",
                  (select max(seq) from unnest(n.seqs) seq) as seq, n.entity_id,
                  n.read_at is not null as "is_read!", u.state = 'active' as "is_active!", u.email,
                  u.is_email_verified, u.language as "language: Language",
                  (select s.reason from mail_stops s where s.address = lower(u.email) and s.until > $2
                    order by s.reason limit 1) as "mail_stop: MailStop",
                  case when u.is_phone_verified
                        and not exists (select from sms_stops s where s.phone_number = u.phone_number)
                       then u.phone_number end as phone_number,
                  (select count(*) from (select from notifications o where o.user_id = d.user_id and o.in_feed
                                            and o.read_at is null limit 1000) o) as "unread!",
                  (select count(*) from notification_deliveries s where s.user_id = d.user_id and s.channel = 'sms'
                      and s.state = 'sent' and s.updated_at > $4) as "sms_sent!""#,
        id as _,
        now as _,
        until as _,
        day_ago as _,
    )
    .fetch_optional(db)
    .await
}

/// Whether somebody is sending it.
pub(crate) async fn is_being_sent(db: &PgPool, id: DeliveryId, now: Instant) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from notification_deliveries
                           where id = $1 and state in ('pending', 'failed') and claimed_until > $2) as "is!""#,
        id as _,
        now as _,
    )
    .fetch_one(db)
    .await
}

/// What became of one that was claimed.
#[derive(Debug)]
pub(crate) struct Finished<'a> {
    pub(crate) state: DeliveryState,
    pub(crate) reply: &'a str,
    pub(crate) reached: &'a [DeviceId],
    /// When it is tried again.
    pub(crate) due_at: Instant,
    /// Which claim it was.
    pub(crate) claimed_until: Instant,
}

/// Writes what became of one that was claimed; nothing where a burst has grown meanwhile and it is sent again.
pub(crate) async fn finish(
    db: &mut PgConnection,
    id: DeliveryId,
    finished: &Finished<'_>,
    now: Instant,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update notification_deliveries
            set state = $2, reply = $3, reached = $4, due_at = $5, claimed_until = null, updated_at = $6
          where id = $1 and claimed_until = $7",
        id as _,
        finished.state as _,
        finished.reply,
        finished.reached as _,
        finished.due_at as _,
        now as _,
        finished.claimed_until as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// One that waits for the end of quiet hours.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: DeliveryId,
    pub(crate) channel: Channel,
    pub(crate) is_read: bool,
}

/// Somebody's that wait for the end of quiet hours, newest first.
pub(crate) async fn lock_held(db: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as!(
        Held,
        r#"select d.id, d.channel, n.read_at is not null as "is_read!"
             from notification_deliveries d join notifications n on n.id = d.notification_id
            where d.user_id = $1 and d.state = 'held' order by d.id desc for update of d"#,
        user as _,
    )
    .fetch_all(db)
    .await
}

/// Quiet hours are over: one is sent, and stands for so many.
pub(crate) async fn release(
    db: &mut PgConnection,
    id: DeliveryId,
    gathers: i32,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update notification_deliveries set state = 'pending', gathers = $2, due_at = $3, updated_at = $3 where id = $1",
        id as _,
        gathers,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// These have no use any more.
pub(crate) async fn suppress(
    db: &mut PgConnection,
    ids: &[DeliveryId],
    why: &str,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update notification_deliveries set state = 'suppressed', reply = $2, updated_at = $3 where id = any($1)",
        ids as _,
        why,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One as staff see it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Delivery {
    pub(crate) id: DeliveryId,
    pub(crate) notification_id: NotificationId,
    pub(crate) user_id: UserId,
    pub(crate) channel: Channel,
    pub(crate) state: DeliveryState,
    pub(crate) template: Template,
    pub(crate) attempts: i16,
    pub(crate) reply: Option<String>,
    pub(crate) due_at: Instant,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    delivery: Delivery,
    total: i64,
}

/// One page of what was sent to somebody, newest first, and the bounded count.
pub(crate) async fn list(
    db: &PgPool,
    user: UserId,
    paging: &Paging<DeliveryId>,
) -> sqlx::Result<(Vec<Delivery>, i64)> {
    let mut query = QueryBuilder::new(
        "select d.id, d.notification_id, d.user_id, d.channel, d.state, n.template, d.attempts, d.reply, d.due_at,
                d.created_at, d.updated_at,
                (select count(*) from (select 1 from notification_deliveries where user_id = ",
    );
    query.push_bind(user).push(
        " limit 1001) c) as total
           from notification_deliveries d join notifications n on n.id = d.notification_id where d.user_id = ",
    );
    query.push_bind(user);
    if let Some(&id) = paging.key() {
        query.push(" and d.id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by d.id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.delivery).collect(), total))
}

/// One, and whether somebody is sending it; held until the transaction ends.
pub(crate) async fn lock(
    db: &mut PgConnection,
    id: DeliveryId,
    now: Instant,
) -> sqlx::Result<Option<(Delivery, bool)>> {
    let row = sqlx::query!(
        r#"select d.id, d.notification_id, d.user_id, d.channel, d.state, n.template as "template: Template",
                  d.attempts, d.reply, d.due_at, d.created_at, d.updated_at,
                  coalesce(d.claimed_until > $2, false) as "is_claimed!"
             from notification_deliveries d join notifications n on n.id = d.notification_id
            where d.id = $1 for update of d"#,
        id as _,
        now as _,
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.map(|row| {
        let delivery = Delivery {
            id: row.id,
            notification_id: row.notification_id,
            user_id: row.user_id,
            channel: row.channel,
            state: row.state,
            template: row.template,
            attempts: row.attempts,
            reply: row.reply,
            due_at: row.due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        (delivery, row.is_claimed)
    }))
}

/// Sends one anew, as if it never had been.
pub(crate) async fn start_anew(db: &mut PgConnection, id: DeliveryId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update notification_deliveries
            set state = 'pending', attempts = 0, reached = '{}', reply = null, claimed_until = null, due_at = $2,
                updated_at = $2
          where id = $1",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
