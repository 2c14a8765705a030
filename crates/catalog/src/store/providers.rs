//! Providers.

use platform::{ids::UserId, time::Instant};
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder};

use crate::{
    model::{AccountType, Profile},
    routes::Base,
    rows::ProviderRow,
};

/// A provider as others see them, whatever the state of their account.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: UserId) -> sqlx::Result<Option<ProviderRow>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query
        .push(ProviderRow::COLUMNS)
        .push(" from providers p ")
        .push(ProviderRow::JOINS)
        .push(" where p.user_id = ");
    query.push_bind(id);
    query.build_query_as().fetch_optional(db).await
}

/// Where a provider starts from; `None` for somebody who is none.
pub(crate) async fn base(db: &mut PgConnection, id: UserId) -> sqlx::Result<Option<Base>> {
    sqlx::query_as!(
        Base,
        "select latitude, longitude, city, service_radius_km from providers where user_id = $1",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// A profile as it can be edited.
pub(crate) struct EditableProfile {
    pub account_type: AccountType,
    pub business_name: Option<String>,
    pub description: String,
    pub skills: Vec<uuid::Uuid>,
    pub languages: Vec<String>,
    pub is_available: bool,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub city: Option<String>,
    pub service_radius_km: i32,
    pub version: i32,
}

/// Holds the row until the transaction ends.
pub(crate) async fn lock(db: &mut PgConnection, id: UserId) -> sqlx::Result<Option<EditableProfile>> {
    sqlx::query_as!(
        EditableProfile,
        "select account_type, business_name, description, skills, languages, is_available, latitude, longitude, city,
                service_radius_km, version
           from providers where user_id = $1 for no key update",
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Makes somebody a provider; `false` when they are one already.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id: UserId,
    profile: &Profile,
    now: Instant,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into providers (user_id, account_type, business_name, description, skills, languages, is_available,
                                latitude, longitude, city, service_radius_km, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         on conflict (user_id) do nothing",
        id as _,
        profile.account_type as _,
        profile.business_name,
        profile.description,
        &profile.skills,
        &profile.languages,
        profile.is_available,
        profile.latitude,
        profile.longitude,
        profile.city,
        profile.service_radius_km,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes in the account that its owner is a provider. The one thing that is written here into a table of
/// `identity`: becoming a provider is this feature's to decide, and what tokens say hangs on it.
pub(crate) async fn mark_user(db: &mut PgConnection, id: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!("update users set is_provider = true, updated_at = $2 where id = $1", id as _, now as _)
        .execute(db)
        .await?;
    Ok(())
}

/// Gives a new provider working hours to begin with: Monday to Friday, 9 to 17, in the zone of their account.
pub(crate) async fn give_hours(db: &mut PgConnection, id: UserId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into schedules (provider_id, timezone, weekly, exceptions, min_notice_minutes, max_advance_days,
                                  buffer_before_minutes, buffer_after_minutes, slot_step_minutes, auto_accept, updated_at)
           select id, timezone,
                  (select jsonb_agg(jsonb_build_object('weekday', day, 'start', '09:00:00', 'end', '17:00:00') order by day)
                     from generate_series(1, 5) day),
                  '[]', 120, 60, 0, 0, 30, false, $2
             from users where id = $1
           on conflict (provider_id) do nothing"#,
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps an edited profile.
pub(crate) async fn update(
    db: &mut PgConnection,
    id: UserId,
    profile: &Profile,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update providers
            set account_type = $2, business_name = $3, description = $4, skills = $5, languages = $6, is_available = $7,
                latitude = $8, longitude = $9, city = $10, service_radius_km = $11, updated_at = $12, version = version + 1
          where user_id = $1",
        id as _,
        profile.account_type as _,
        profile.business_name,
        profile.description,
        &profile.skills,
        &profile.languages,
        profile.is_available,
        profile.latitude,
        profile.longitude,
        profile.city,
        profile.service_radius_km,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
