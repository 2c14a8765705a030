//! The SQL of pushes that stand on screens although they were read.

use platform::{
    ids::{DeliveryId, NotificationId, UserId},
    ports::push::DevicePlatform,
    time::Instant,
};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::model::Template;

/// A push of something that was read, on one device.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) delivery_id: DeliveryId,
    pub(crate) notification_id: NotificationId,
    pub(crate) template: Template,
    pub(crate) entity_id: Option<Uuid>,
    pub(crate) token: String,
    pub(crate) platform: DevicePlatform,
    /// Of the person's list.
    pub(crate) unread: i64,
}

/// Whether somebody has any, later than this one.
pub(crate) async fn exists(db: &mut PgConnection, user: UserId, since: DeliveryId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from notification_deliveries d join notifications n on n.id = d.notification_id
                           where d.user_id = $1 and d.id > $2 and d.channel = 'push' and d.state = 'sent'
                             and n.read_at is not null) as "exists!""#,
        user as _,
        since as _,
    )
    .fetch_one(db)
    .await
}

/// Somebody's newest, by device. One whose place on the screen something unread has taken is not among them, and
/// browsers are not: they tell of a push without words in words of their own.
pub(crate) async fn list(
    db: &PgPool,
    user: UserId,
    since: DeliveryId,
    most: i64,
) -> sqlx::Result<Vec<Shown>> {
    sqlx::query_as!(
        Shown,
        r#"with read as (
             select d.id, d.notification_id, d.reached, n.template, n.entity_id
               from notification_deliveries d join notifications n on n.id = d.notification_id
              where d.user_id = $1 and d.id > $2 and d.channel = 'push' and d.state = 'sent' and n.read_at is not null
                and not exists (select from notifications o where o.user_id = d.user_id and o.read_at is null
                                   and o.entity_id = n.entity_id)
              order by d.id desc limit $3)
           select r.id as "delivery_id: DeliveryId", r.notification_id as "notification_id: NotificationId",
                  r.template as "template: Template", r.entity_id, p.token, p.platform as "platform: DevicePlatform",
                  (select count(*) from (select from notifications o where o.user_id = $1 and o.in_feed
                                            and o.read_at is null limit 1000) o) as "unread!"
             from read r join notification_devices p on p.user_id = $1 and p.id = any(r.reached) and p.platform <> 'web'
            order by r.id desc, p.id"#,
        user as _,
        since as _,
        most,
    )
    .fetch_all(db)
    .await
}

/// These of somebody's were taken back.
pub(crate) async fn retracted(
    db: &PgPool,
    user: UserId,
    ids: &[DeliveryId],
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update notification_deliveries set state = 'retracted', updated_at = $2
          where user_id = $3 and id = any($1) and state = 'sent'",
        ids as _,
        now as _,
        user as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
