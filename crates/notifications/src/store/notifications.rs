//! The SQL of the notifications themselves.

use platform::{
    ids::{NotificationId, UserId},
    page::{Order, Paging},
    time::Instant,
};
use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::model::{Args, Category, Intent, Priority, Template};

/// A notification in the list of the app.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Notification {
    pub(crate) id: NotificationId,
    pub(crate) category: Category,
    pub(crate) priority: Priority,
    pub(crate) template: Template,
    pub(crate) args: Json<Args>,
    /// How many messages of a burst it stands for.
    pub(crate) count: i32,
    pub(crate) entity_id: Option<Uuid>,
    pub(crate) read_at: Option<Instant>,
    /// It was there when its reader last opened the list.
    pub(crate) is_seen: bool,
    pub(crate) created_at: Instant,
}

/// Which of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter {
    pub(crate) user: UserId,
    pub(crate) is_unread: Option<bool>,
    pub(crate) category: Option<Category>,
}

impl Filter {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" from notifications where in_feed and user_id = ").push_bind(self.user);
        match self.is_unread {
            Some(true) => query.push(" and read_at is null"),
            Some(false) => query.push(" and read_at is not null"),
            None => query,
        };
        if let Some(category) = self.category {
            query.push(" and category = ").push_bind(category);
        }
    }
}

#[derive(FromRow)]
struct Listed {
    #[sqlx(flatten)]
    notification: Notification,
    total: i64,
}

/// One page of somebody's list, newest first, and the bounded count.
pub(crate) async fn list(
    db: &PgPool,
    filter: &Filter,
    paging: &Paging<NotificationId>,
) -> sqlx::Result<(Vec<Notification>, i64)> {
    let mut query = QueryBuilder::new(
        "select id, category, priority, template, args, greatest(cardinality(seqs), 1) as count, entity_id, read_at,
                read_at is not null or created_at <= coalesce((select seen_at from notification_views v
                    where v.user_id = notifications.user_id), '-infinity') as is_seen,
                created_at, (select count(*) from (select 1",
    );
    filter.push(&mut query);
    query.push(" limit 1001) n) as total");
    filter.push(&mut query);
    if let Some(&id) = paging.key() {
        query.push(" and id ").push(paging.comparison(Order::Descending)).push(" ").push_bind(id);
    }
    query.push(" order by id ").push(paging.direction(Order::Descending));
    query.push(" limit ").push(paging.limit()).push(" offset ").push(paging.offset());
    let rows: Vec<Listed> = query.build_query_as().fetch_all(db).await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok((rows.into_iter().map(|row| row.notification).collect(), total))
}

/// How many of somebody's list wait for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) unread: i64,
    /// Of these, those that came since the list was last opened.
    pub(crate) unseen: i64,
}

/// How many of somebody's list are unread, and of these unseen; counting stops at 1,000.
pub(crate) async fn count(db: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<Waiting> {
    sqlx::query_as!(
        Waiting,
        r#"select count(*) as "unread!", count(*) filter (where n.created_at > v.seen_at) as "unseen!"
             from (select coalesce(max(seen_at), '-infinity') as seen_at from notification_views where user_id = $1) v,
                  (select created_at from notifications where user_id = $1 and in_feed and read_at is null
                    order by id desc limit 1000) n"#,
        user as _,
    )
    .fetch_one(db)
    .await
}

/// Somebody has opened their list.
pub(crate) async fn see(db: &mut PgConnection, user: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notification_views as v (user_id, seen_at) values ($1, $2)
         on conflict (user_id) do update set seen_at = greatest(v.seen_at, excluded.seen_at)",
        user as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Marks one as read, or as unread, and gives it; `None` where somebody has no such one.
pub(crate) async fn mark(
    db: &mut PgConnection,
    user: UserId,
    id: NotificationId,
    now: Instant,
) -> sqlx::Result<Option<Notification>> {
    sqlx::query_as!(
        Notification,
        r#"update notifications set read_at = coalesce(read_at, $3) where id = $1 and user_id = $2 and in_feed
        returning id, category, priority, template, args as "args: Json<Args>",
                  greatest(cardinality(seqs), 1) as "count!", entity_id, read_at, true as "is_seen!", created_at"#,
        id as _,
        user as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Marks some of somebody's as read or unread, or all where `ids` is `None`; gives how many it changed. One of a
/// burst stays read: a newer one has taken its place.
pub(crate) async fn mark_many(
    db: &mut PgConnection,
    user: UserId,
    ids: Option<&[NotificationId]>,
    read_at: Option<Instant>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update notifications set read_at = $3
          where user_id = $1 and in_feed and ($2::uuid[] is null or id = any($2))
            and (read_at is null) = ($3::timestamptz is not null) and ($3 is not null or burst is null)",
        user as _,
        ids as _,
        read_at as _,
    );
    Ok(done.execute(db).await?.rows_affected())
}

/// Takes one out of somebody's list; it stays known, so that nothing brings it back.
pub(crate) async fn remove(
    db: &mut PgConnection,
    user: UserId,
    id: NotificationId,
    now: Instant,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update notifications set in_feed = false, read_at = coalesce(read_at, $3)
          where id = $1 and user_id = $2 and in_feed",
        id as _,
        user as _,
        now as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Writes a message, unless it was written before.
pub(crate) async fn insert(
    db: &mut PgConnection,
    intent: &Intent,
    in_feed: bool,
    now: Instant,
) -> sqlx::Result<Option<NotificationId>> {
    let nature = intent.template.nature();
    sqlx::query_scalar!(
        "insert into notifications (id, user_id, category, priority, template, args, source, entity_id, in_feed, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict on constraint notifications_once do nothing
         returning id",
        NotificationId::at(now) as _,
        intent.recipient as _,
        nature.category as _,
        nature.priority as _,
        intent.template as _,
        Json(&intent.args) as _,
        intent.source,
        intent.entity_id,
        in_feed,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes a message of a burst: into the notification of the burst that nobody has read yet, or into a new one.
/// `None` where it is known. What the last message says is what is shown.
pub(crate) async fn insert_in_burst(
    db: &mut PgConnection,
    intent: &Intent,
    (burst, seq): (&str, i64),
    in_feed: bool,
    now: Instant,
) -> sqlx::Result<Option<NotificationId>> {
    let nature = intent.template.nature();
    sqlx::query_scalar!(
        "insert into notifications as n (id, user_id, category, priority, template, args, source, entity_id, in_feed,
                created_at, burst, seqs)
         select $1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::jsonb, $7::text, $8::uuid, $9::boolean,
                $10::timestamptz, $11::text, array[$12::bigint]
          where not exists (select from notifications o where o.user_id = $2 and o.burst = $11 and $12 = any(o.seqs))
         on conflict (user_id, burst) where read_at is null and burst is not null do update
            set seqs = n.seqs || excluded.seqs,
                args = case when excluded.seqs[1] > all(n.seqs) then excluded.args else n.args end
          where not n.seqs @> excluded.seqs
         returning id",
        NotificationId::at(now) as _,
        intent.recipient as _,
        nature.category as _,
        nature.priority as _,
        intent.template as _,
        Json(&intent.args) as _,
        intent.source,
        intent.entity_id,
        in_feed,
        now as _,
        burst,
        seq,
    )
    .fetch_optional(db)
    .await
}

/// Somebody has read all of a burst, elsewhere; whether they were told of it.
pub(crate) async fn read_burst(
    db: &PgPool,
    user: UserId,
    burst: &str,
    up_to_seq: i64,
    now: Instant,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update notifications set read_at = $4
          where user_id = $1 and burst = $2 and read_at is null and $3 >= all(seqs)",
        user as _,
        burst,
        up_to_seq,
        now as _,
    );
    Ok(done.execute(db).await?.rows_affected() > 0)
}

/// Whether somebody has read it, or it is no more.
pub(crate) async fn is_read(db: &mut PgConnection, id: NotificationId) -> sqlx::Result<bool> {
    let unread = sqlx::query_scalar!(
        r#"select exists (select from notifications where id = $1 and read_at is null) as "unread!""#,
        id as _,
    );
    Ok(!unread.fetch_one(db).await?)
}

/// Removes some of those that are older than is kept; gives how many.
pub(crate) async fn delete_old(db: &PgPool, before: Instant) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "delete from notifications
          where id in (select id from notifications where created_at < $1 order by created_at limit 5000)",
        before as _,
    );
    Ok(done.execute(db).await?.rows_affected())
}
