//! The SQL of devices.

use platform::{
    ids::{DeviceId, SessionId, UserId},
    ports::push::DevicePlatform,
    time::Instant,
};
use sqlx::{PgConnection, PgExecutor, PgPool};

/// A device of somebody.
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) user_id: UserId,
    pub(crate) token: String,
    pub(crate) platform: DevicePlatform,
    pub(crate) device_name: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) app_version: Option<String>,
    pub(crate) created_at: Instant,
    pub(crate) last_seen_at: Instant,
}

/// Somebody's devices that were seen since then, the latest first. One whose sign-in is over is none, even while the
/// job that forgets it is still waiting.
pub(crate) async fn of_user(
    db: impl PgExecutor<'_>,
    user: UserId,
    since: Instant,
) -> sqlx::Result<Vec<Device>> {
    sqlx::query_as!(
        Device,
        "select id, user_id, token, platform, device_name, locale, app_version, created_at, last_seen_at
           from notification_devices d
          where user_id = $1 and last_seen_at > $2
            and not exists (select from sessions s where s.id = d.session_id and s.ended_at is not null)
          order by last_seen_at desc, id desc",
        user as _,
        since as _,
    )
    .fetch_all(db)
    .await
}

/// Writes a device, or what is new of it; it is this person's now, for as long as they stay signed in. Gives it as
/// it is.
pub(crate) async fn save(db: &mut PgConnection, device: &Device, session: SessionId) -> sqlx::Result<Device> {
    sqlx::query_as!(
        Device,
        "insert into notification_devices as d (id, user_id, token, platform, device_name, locale, app_version,
                created_at, last_seen_at, session_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)
         on conflict (token) do update
            set user_id = excluded.user_id, platform = excluded.platform, device_name = excluded.device_name,
                locale = excluded.locale, app_version = excluded.app_version, last_seen_at = excluded.last_seen_at,
                session_id = excluded.session_id,
                created_at = case when d.user_id = excluded.user_id then d.created_at else excluded.created_at end,
                id = case when d.user_id = excluded.user_id then d.id else excluded.id end
         returning id, user_id, token, platform, device_name, locale, app_version, created_at, last_seen_at",
        device.id as _,
        device.user_id as _,
        device.token,
        device.platform as _,
        device.device_name,
        device.locale,
        device.app_version,
        device.last_seen_at as _,
        session.uuid(),
    )
    .fetch_one(db)
    .await
}

/// Forgets all but so many of somebody's devices, the oldest first.
pub(crate) async fn keep_newest(db: &mut PgConnection, user: UserId, most: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from notification_devices
          where id in (select id from notification_devices where user_id = $1 order by last_seen_at desc, id desc offset $2)",
        user as _,
        most,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a device of somebody; `false` where they have no such one.
pub(crate) async fn delete(db: &PgPool, user: UserId, id: DeviceId) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("delete from notification_devices where id = $1 and user_id = $2", id as _, user as _);
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Forgets the devices that these sign-ins of somebody registered.
pub(crate) async fn delete_of_sessions(
    db: &mut PgConnection,
    user: UserId,
    sessions: &[uuid::Uuid],
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from notification_devices where user_id = $1 and session_id = any($2)",
        user as _,
        sessions,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the devices of somebody that were last seen at that time or before.
pub(crate) async fn delete_seen_until(db: &mut PgConnection, user: UserId, at: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from notification_devices where user_id = $1 and last_seen_at <= $2",
        user as _,
        at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets all devices of somebody.
pub(crate) async fn delete_all(db: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from notification_devices where user_id = $1", user as _).execute(db).await?;
    Ok(())
}

/// Forgets devices that were not seen since then.
pub(crate) async fn delete_old(db: &PgPool, before: Instant) -> sqlx::Result<()> {
    sqlx::query!("delete from notification_devices where last_seen_at <= $1", before as _)
        .execute(db)
        .await?;
    Ok(())
}
