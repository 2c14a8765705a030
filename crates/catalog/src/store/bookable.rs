//! What a booking needs to know of a service.

use platform::{ids::ServiceId, locale::Language, money::Money};
use sqlx::PgExecutor;

use crate::model::BookableService;

/// What a booking of the service would copy; `None` for one that never was. Whoever books must still look
/// at `is_active`, `is_withdrawn` and `is_provider_available`.
pub async fn bookable(
    db: impl PgExecutor<'_>,
    id: ServiceId,
    language: Language,
) -> sqlx::Result<Option<BookableService>> {
    let row = sqlx::query!(
        r#"select s.id, s.provider_id, u.name as provider_name, coalesce(s.translations -> $2 ->> 'title', s.title) as "title!",
                  s.price_minor, s.currency, s.credits_required, s.duration_minutes, s.cancellation_policy,
                  s.buffer_before_minutes, s.buffer_after_minutes, s.min_notice_minutes, s.max_advance_days,
                  s.is_active, s.withdrawn_at is not null as "is_withdrawn!",
                  p.is_available and u.state = 'active' as "is_provider_available!",
                  s.latitude, s.longitude, s.city, s.service_radius_km
             from services s join providers p on p.user_id = s.provider_id join users u on u.id = s.provider_id
            where s.id = $1"#,
        id as _,
        language.code(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| BookableService {
        id: row.id,
        provider_id: row.provider_id,
        provider_name: row.provider_name,
        title: row.title,
        price: Money::new(row.price_minor, row.currency),
        credits_required: row.credits_required,
        duration_minutes: row.duration_minutes,
        cancellation_policy: row.cancellation_policy,
        buffer_before_minutes: row.buffer_before_minutes,
        buffer_after_minutes: row.buffer_after_minutes,
        min_notice_minutes: row.min_notice_minutes,
        max_advance_days: row.max_advance_days,
        is_active: row.is_active,
        is_withdrawn: row.is_withdrawn,
        is_provider_available: row.is_provider_available,
        latitude: row.latitude,
        longitude: row.longitude,
        city: row.city,
        service_radius_km: row.service_radius_km,
    }))
}
