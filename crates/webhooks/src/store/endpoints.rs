//! The SQL of endpoints.

use platform::{
    ids::{EndpointId, UserId},
    time::Instant,
};
use sqlx::{PgConnection, PgPool};

use crate::model::{DeliveryState, OffReason, Verdict};

/// Where a partner wants to be told what happens.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: EndpointId,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) event_types: Vec<String>,
    pub(crate) provider_id: Option<UserId>,
    pub(crate) is_active: bool,
    pub(crate) off_reason: Option<OffReason>,
    pub(crate) sealed_secret: Vec<u8>,
    pub(crate) old_secret_until: Option<Instant>,
    pub(crate) failing_since: Option<Instant>,
    pub(crate) version: i32,
    pub(crate) created_at: Instant,
    pub(crate) updated_at: Instant,
}

/// Those that want to hear of something.
pub(crate) async fn listening(
    db: &PgPool,
    event_type: &str,
    provider: Option<UserId>,
) -> sqlx::Result<Vec<EndpointId>> {
    sqlx::query_scalar!(
        "select id from webhook_endpoints
          where is_active and $1 = any(event_types) and (provider_id is null or provider_id = $2) order by id",
        event_type,
        provider as _,
    )
    .fetch_all(db)
    .await
}

/// Whether any is switched on.
pub(crate) async fn is_any_active(db: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from webhook_endpoints where is_active) as "is!""#)
        .fetch_one(db)
        .await
}

/// All of them, the oldest first.
pub(crate) async fn all(db: &PgPool) -> sqlx::Result<Vec<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        "select id, url, description, event_types, provider_id, is_active, off_reason, sealed_secret, old_secret_until,
                failing_since, version, created_at, updated_at
           from webhook_endpoints order by id",
    )
    .fetch_all(db)
    .await
}

/// One.
pub(crate) async fn find(db: &PgPool, id: EndpointId) -> sqlx::Result<Option<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        "select id, url, description, event_types, provider_id, is_active, off_reason, sealed_secret, old_secret_until,
                failing_since, version, created_at, updated_at
           from webhook_endpoints where id = $1",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// One, held until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: EndpointId) -> sqlx::Result<Option<Endpoint>> {
    sqlx::query_as!(
        Endpoint,
        "select id, url, description, event_types, provider_id, is_active, off_reason, sealed_secret, old_secret_until,
                failing_since, version, created_at, updated_at
           from webhook_endpoints where id = $1 for no key update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Keeps others from writing a new one until the transaction ends.
pub(crate) async fn lock_places(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('webhook_endpoints', 0))")
        .execute(db)
        .await?;
    Ok(())
}

/// Writes one in the first of the fifty places that is free; `false` where none is.
pub(crate) async fn insert(db: &mut PgConnection, endpoint: &Endpoint) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into webhook_endpoints (id, place, url, description, event_types, provider_id, is_active, sealed_secret,
                version, created_at, updated_at)
         select $1::uuid, free.place, $2::text, $3::text, $4::text[], $5::uuid, $6::boolean, $7::bytea, $8::integer,
                $9::timestamptz, $9
           from generate_series(1, 50) free (place)
          where not exists (select from webhook_endpoints e where e.place = free.place)
          order by free.place limit 1",
        endpoint.id as _,
        endpoint.url,
        endpoint.description,
        &endpoint.event_types,
        endpoint.provider_id as _,
        endpoint.is_active,
        endpoint.sealed_secret,
        endpoint.version,
        endpoint.created_at as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Writes what staff may change.
pub(crate) async fn update(db: &mut PgConnection, endpoint: &Endpoint) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_endpoints
            set url = $2, description = $3, event_types = $4, provider_id = $5, is_active = $6, off_reason = $7,
                failing_since = $8, version = $9, updated_at = $10
          where id = $1",
        endpoint.id as _,
        endpoint.url,
        endpoint.description,
        &endpoint.event_types,
        endpoint.provider_id as _,
        endpoint.is_active,
        endpoint.off_reason as _,
        endpoint.failing_since as _,
        endpoint.version,
        endpoint.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts a new secret beside the present one, which is good until then.
pub(crate) async fn rotate(
    db: &mut PgConnection,
    endpoint: &Endpoint,
    sealed: &[u8],
    old_until: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_endpoints
            set sealed_old_secret = sealed_secret, old_secret_until = $3, sealed_secret = $2, version = $4, updated_at = $5
          where id = $1",
        endpoint.id as _,
        sealed,
        old_until as _,
        endpoint.version,
        endpoint.updated_at as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets one, and what it was told; `false` where there is no such one.
pub(crate) async fn delete(db: &mut PgConnection, id: EndpointId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from webhook_endpoints where id = $1", id as _);
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Takes one, so that nobody else sends there meanwhile. A claim ends by itself.
pub(crate) async fn claim(db: &PgPool, id: EndpointId, now: Instant, until: Instant) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update webhook_endpoints set busy_until = $3
          where id = $1 and is_active and (busy_until is null or busy_until <= $2)",
        id as _,
        now as _,
        until as _,
    );
    Ok(done.execute(db).await?.rows_affected() == 1)
}

/// Until when somebody has it, held until the transaction ends.
pub(crate) async fn lock_busy(
    db: &mut PgConnection,
    id: EndpointId,
    now: Instant,
) -> sqlx::Result<Option<Instant>> {
    sqlx::query_scalar!(
        r#"select busy_until as "until!" from webhook_endpoints
            where id = $1 and is_active and busy_until > $2 for no key update"#,
        id as _,
        now as _,
    )
    .fetch_optional(db)
    .await
}

/// Gives one back, now or then.
pub(crate) async fn release(
    db: &mut PgConnection,
    id: EndpointId,
    until: Option<Instant>,
) -> sqlx::Result<()> {
    sqlx::query!("update webhook_endpoints set busy_until = $2 where id = $1", id as _, until as _)
        .execute(db)
        .await?;
    Ok(())
}

/// Writes what a try says of the endpoint; nothing where it is as it was.
pub(crate) async fn note(
    db: &mut PgConnection,
    id: EndpointId,
    verdict: &Verdict,
    now: Instant,
) -> sqlx::Result<()> {
    let is_delivered = verdict.state == DeliveryState::Delivered;
    sqlx::query!(
        "update webhook_endpoints
            set failing_since = case when $2 then null else coalesce(failing_since, $4::timestamptz) end,
                is_active = is_active and $3::text is null,
                off_reason = case when is_active then $3::text else off_reason end,
                version = version + case when is_active and $3::text is not null then 1 else 0 end,
                updated_at = case when is_active and $3::text is not null then $4::timestamptz else updated_at end
          where id = $1 and ($2::boolean = (failing_since is not null) or $3::text is not null)",
        id as _,
        is_delivered,
        verdict.off as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets secrets that were replaced.
pub(crate) async fn forget_old_secrets(db: &PgPool, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update webhook_endpoints set sealed_old_secret = null, old_secret_until = null where old_secret_until <= $1",
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
