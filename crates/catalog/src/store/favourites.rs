//! Services that people saved.

use platform::{
    ids::{ServiceId, UserId},
    time::Instant,
};
use sqlx::PgExecutor;

/// Saves a service that the person may see; `false` when there is none. Saving it again changes nothing.
pub(crate) async fn add(
    db: impl PgExecutor<'_>,
    user: UserId,
    service: ServiceId,
    now: Instant,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with seen as (
               select s.id from services s join users u on u.id = s.provider_id
                where s.id = $2 and s.withdrawn_at is null
                  and (s.is_active and u.state = 'active' or s.provider_id = $1)),
           saved as (
               insert into favourites (user_id, service_id, created_at) select $1, id, $3 from seen
               on conflict do nothing)
           select exists (select from seen) as "seen!""#,
        user as _,
        service as _,
        now as _,
    )
    .fetch_one(db)
    .await
}

/// Forgets a saved service, if it was one.
pub(crate) async fn remove(db: impl PgExecutor<'_>, user: UserId, service: ServiceId) -> sqlx::Result<()> {
    sqlx::query!("delete from favourites where user_id = $1 and service_id = $2", user as _, service as _)
        .execute(db)
        .await?;
    Ok(())
}
