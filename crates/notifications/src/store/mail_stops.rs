//! The SQL of addresses that get no mail.

use platform::{ids::UserId, time::Instant};
use sqlx::PgConnection;

/// These addresses of ours lead nowhere until then. Gives whose they are, where that was not known.
pub(crate) async fn bounce(
    db: &mut PgConnection,
    addresses: &[String],
    until: Instant,
    now: Instant,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        r#"with new as (
             insert into mail_stops as s (address, reason, until, created_at)
             select distinct lower(u.email), 'bounced', $2::timestamptz, $3::timestamptz
               from unnest($1::text[]) given (address) join users u on lower(u.email) = lower(given.address)
             on conflict (address, reason) do update set until = excluded.until, created_at = excluded.created_at
              where s.until <= excluded.created_at
             returning address)
           select u.id as "id: UserId" from new join users u on lower(u.email) = new.address"#,
        addresses,
        until as _,
        now as _,
    )
    .fetch_all(db)
    .await
}

/// The owners of these addresses of ours want no mail that they need not get.
pub(crate) async fn refuse(db: &mut PgConnection, addresses: &[String], now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mail_stops (address, reason, until, created_at)
         select distinct lower(u.email), 'unwanted', 'infinity'::timestamptz, $2::timestamptz
           from unnest($1::text[]) given (address) join users u on lower(u.email) = lower(given.address)
         on conflict (address, reason) do nothing",
        addresses,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody wants no mail that they need not get; or they do again, and their address works.
pub(crate) async fn set(
    db: &mut PgConnection,
    user: UserId,
    is_stopped: bool,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with own as (select lower(email) as address from users where id = $1),
              gone as (delete from mail_stops s using own where s.address = own.address and not $2::boolean)
         insert into mail_stops (address, reason, until, created_at)
         select address, 'unwanted', 'infinity'::timestamptz, $3::timestamptz from own where $2
         on conflict (address, reason) do nothing",
        user as _,
        is_stopped,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets addresses that are tried again.
pub(crate) async fn delete_old(db: &mut PgConnection, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from mail_stops where until <= $1", now as _).execute(db).await?;
    Ok(())
}
