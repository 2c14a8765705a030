//! Reading and writing services.

use platform::{
    ids::{CategoryId, ServiceId, UserId},
    locale::Language,
    money::Currency,
    time::Instant,
};
use sqlx::{PgConnection, PgExecutor, Postgres, QueryBuilder, types::Json};

use crate::{
    model::{CancellationPolicy, Offer, Translations},
    rows::{DetailRow, ProviderRow, ServiceRow},
};

/// Everything about a service in one statement; withdrawn and inactive ones too, so look who asks.
pub(crate) async fn detail(
    db: impl PgExecutor<'_>,
    id: ServiceId,
    language: Language,
    viewer: Option<UserId>,
) -> sqlx::Result<Option<DetailRow>> {
    let mut query = QueryBuilder::<Postgres>::new("select ");
    query.push(ServiceRow::columns(language));
    match viewer {
        Some(viewer) => {
            query.push(", exists (select from favourites f where f.service_id = s.id and f.user_id = ");
            query.push_bind(viewer).push(")");
        }
        None => {
            query.push(", false");
        }
    }
    query.push(", null::float8, ").push(DetailRow::COLUMNS).push(", ").push(ProviderRow::COLUMNS);
    query.push(" from services s join providers p on p.user_id = s.provider_id ").push(ProviderRow::JOINS);
    query.push(" where s.id = ").push_bind(id);
    query.build_query_as().fetch_optional(db).await
}

/// A service as it can be edited.
pub(crate) struct EditableRow {
    pub provider_id: UserId,
    pub category_id: CategoryId,
    pub language: Language,
    pub title: String,
    pub description: String,
    pub translations: Json<Translations>,
    pub price_minor: i64,
    pub currency: Currency,
    pub credits_required: i32,
    pub duration_minutes: i32,
    pub cancellation_policy: CancellationPolicy,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub city: Option<String>,
    pub service_radius_km: i32,
    pub buffer_before_minutes: Option<i32>,
    pub buffer_after_minutes: Option<i32>,
    pub min_notice_minutes: Option<i32>,
    pub max_advance_days: Option<i32>,
    pub is_active: bool,
    pub version: i32,
}

/// Holds a service that was not withdrawn until the transaction ends. Bookings of it wait meanwhile: their
/// foreign key needs the row.
pub(crate) async fn lock(db: &mut PgConnection, id: ServiceId) -> sqlx::Result<Option<EditableRow>> {
    sqlx::query_as!(
        EditableRow,
        r#"select provider_id, category_id, language, title, description, translations as "translations: _", price_minor,
                  currency, credits_required, duration_minutes, cancellation_policy, latitude, longitude, city,
                  service_radius_km, buffer_before_minutes, buffer_after_minutes, min_notice_minutes, max_advance_days,
                  is_active, version
             from services where id = $1 and withdrawn_at is null for update"#,
        id as _,
    )
    .fetch_optional(db)
    .await
}

/// Whose a service is, and how many pictures it has; `None` for one that was withdrawn.
pub(crate) async fn owner(db: impl PgExecutor<'_>, id: ServiceId) -> sqlx::Result<Option<(UserId, usize)>> {
    let row = sqlx::query!(
        r#"select provider_id, jsonb_array_length(images) as "images!" from services where id = $1 and withdrawn_at is null"#,
        id as _,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.provider_id, usize::try_from(row.images).unwrap_or(0))))
}

/// Writes a new service.
pub(crate) async fn insert(
    db: &mut PgConnection,
    id: ServiceId,
    provider: UserId,
    offer: &Offer,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into services (id, provider_id, category_id, language, title, description, translations, price_minor,
                               currency, credits_required, duration_minutes, cancellation_policy, latitude, longitude,
                               city, service_radius_km, buffer_before_minutes, buffer_after_minutes,
                               min_notice_minutes, max_advance_days, is_active, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22)",
        id as _,
        provider as _,
        offer.category_id as _,
        offer.language as _,
        offer.title,
        offer.description,
        Json(&offer.translations) as _,
        offer.price.minor,
        offer.price.currency as _,
        offer.credits_required,
        offer.duration_minutes,
        offer.cancellation_policy as _,
        offer.latitude,
        offer.longitude,
        offer.city,
        offer.service_radius_km,
        offer.buffer_before_minutes,
        offer.buffer_after_minutes,
        offer.min_notice_minutes,
        offer.max_advance_days,
        offer.is_active,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Keeps an edited service.
pub(crate) async fn update(
    db: &mut PgConnection,
    id: ServiceId,
    offer: &Offer,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update services
            set category_id = $2, language = $3, title = $4, description = $5, translations = $6, price_minor = $7,
                currency = $8, credits_required = $9, duration_minutes = $10, cancellation_policy = $11, latitude = $12,
                longitude = $13, city = $14, service_radius_km = $15, buffer_before_minutes = $16,
                buffer_after_minutes = $17, min_notice_minutes = $18, max_advance_days = $19, is_active = $20,
                updated_at = $21, version = version + 1
          where id = $1",
        id as _,
        offer.category_id as _,
        offer.language as _,
        offer.title,
        offer.description,
        Json(&offer.translations) as _,
        offer.price.minor,
        offer.price.currency as _,
        offer.credits_required,
        offer.duration_minutes,
        offer.cancellation_policy as _,
        offer.latitude,
        offer.longitude,
        offer.city,
        offer.service_radius_km,
        offer.buffer_before_minutes,
        offer.buffer_after_minutes,
        offer.min_notice_minutes,
        offer.max_advance_days,
        offer.is_active,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that something beside the service's own columns was changed.
pub(crate) async fn touch(db: &mut PgConnection, id: ServiceId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update services set version = version + 1, updated_at = $2 where id = $1",
        id as _,
        now as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes a service back for good; its rows stay, for the bookings that name it.
pub(crate) async fn withdraw(db: &mut PgConnection, id: ServiceId, now: Instant) -> sqlx::Result<()> {
    sqlx::query!(
        "update services set is_active = false, withdrawn_at = $2, updated_at = $2, version = version + 1 where id = $1",
        id as _,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether bookings of it are still to come or going on. `bookings` owns that table; this only reads it.
pub(crate) async fn has_upcoming(db: &mut PgConnection, id: ServiceId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from bookings where service_id = $1
                          and state in ('awaiting_payment', 'pending_acceptance', 'confirmed', 'in_progress')) as "some!""#,
        id as _,
    )
    .fetch_one(db)
    .await
}
