//! The SQL of providers' taxes.

use platform::{ids::UserId, time::Instant};
use sqlx::PgConnection;

use crate::tax::TaxProfile;

/// What a provider has said.
pub(crate) async fn find(db: &mut PgConnection, provider: UserId) -> sqlx::Result<Option<TaxProfile>> {
    sqlx::query_as!(
        TaxProfile,
        "select tax_id, rate_bps, is_small_business from provider_taxes where provider_id = $1",
        provider as _,
    )
    .fetch_optional(db)
    .await
}

/// Writes what a provider says.
pub(crate) async fn save(
    db: &mut PgConnection,
    provider: UserId,
    profile: &TaxProfile,
    now: Instant,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into provider_taxes (provider_id, tax_id, rate_bps, is_small_business, updated_at)
         values ($1, $2, $3, $4, $5)
         on conflict (provider_id) do update
            set tax_id = excluded.tax_id, rate_bps = excluded.rate_bps,
                is_small_business = excluded.is_small_business, updated_at = excluded.updated_at",
        provider as _,
        profile.tax_id,
        profile.rate_bps,
        profile.is_small_business,
        now as _,
    )
    .execute(db)
    .await?;
    Ok(())
}
