//! Who may see what of whom.

use platform::{auth::Caller, ids::UserId, time::Instant};
use sqlx::PgExecutor;

/// Those of `people` whose presence somebody may watch: providers, and whom they have a conversation with; without
/// those who hide it, and where one has blocked the other.
pub async fn visible_people(
    db: impl PgExecutor<'_>,
    caller: &Caller,
    people: &[UserId],
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"select u.id as "id: UserId" from users u
             left join user_streams s on s.user_id = u.id
            where u.id = any($2) and u.state = 'active' and not coalesce(s.is_hidden, false)
              and (u.is_provider or exists (select from conversation_members
                                             where user_id = $1 and other_id = u.id))
              and not exists (select from user_blocks where (blocker_id, blocked_id) in ((u.id, $1), ($1, u.id)))
            order by u.id"#,
        caller.id as _,
        people as _,
    )
    .fetch_all(db)
    .await
}

/// What somebody lets others see: that they have read something, and that they are here.
pub(crate) async fn settings(db: impl PgExecutor<'_>, user: UserId) -> sqlx::Result<(bool, bool)> {
    let row = sqlx::query!(
        r#"select coalesce((select shows_read_receipts from chat_settings where user_id = $1), true) as "receipts!",
                  not coalesce((select is_hidden from user_streams where user_id = $1), false) as "presence!""#,
        user as _
    )
    .fetch_one(db)
    .await?;
    Ok((row.receipts, row.presence))
}

/// Keeps whether somebody lets others see that they have read something.
pub(crate) async fn show_read_receipts(
    db: impl PgExecutor<'_>,
    user: UserId,
    is_shown: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into chat_settings (user_id, shows_read_receipts) values ($1, $2)
         on conflict (user_id) do update set shows_read_receipts = excluded.shows_read_receipts",
        user as _,
        is_shown,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody wants nothing to do with somebody, or does again.
pub(crate) async fn set_blocked(
    db: impl PgExecutor<'_>,
    blocker: UserId,
    blocked: UserId,
    is_blocked: bool,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with unblocked as (delete from user_blocks where blocker_id = $1 and blocked_id = $2 and not $3)
         insert into user_blocks (blocker_id, blocked_id, created_at) select $1, $2, $4 where $3
         on conflict do nothing",
        blocker as _,
        blocked as _,
        is_blocked,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the words of people whose account is gone, up to so many messages; says how many there were.
pub(crate) async fn forget_words_of_the_gone(
    db: impl PgExecutor<'_>,
    most: i64,
    now: Instant,
) -> sqlx::Result<u64> {
    let blanked = sqlx::query!(
        "with words as (
             select m.id from users u join messages m on m.sender_id = u.id and m.deleted_at is null
              where u.state = 'deleted' limit $1
         ), originals as (
             delete from message_originals where message_id in (select id from words)
         ), files as (
             update chat_media set message_id = null where message_id in (select id from words)
         )
         update messages m set content = '', data = null, deleted_at = $2 from words where m.id = words.id",
        most,
        now as _,
    );
    Ok(blanked.execute(db).await?.rows_affected())
}
