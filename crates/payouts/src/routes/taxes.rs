//! What a provider says of their taxes.

use axum::Json;
use garde::Validate;
use platform::{
    app::App,
    auth::Provider,
    error::{ApiError, ApiResult},
    extract::Valid,
    locale::Sentence,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};

use crate::{store::taxes as store, tax::TaxProfile};

/// What a provider says of their taxes. Receipts that are issued from then on say it, too.
#[derive(Clone, Deserialize, Serialize, Validate, utoipa::ToSchema)]
#[schema(as = TaxProfile, example = json!({"tax_id": "VAT ID DE123456789", "rate_bps": 1900, "is_small_business": false}))]
pub(super) struct TaxView {
    /// As it is printed.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 40), custom(not_blank)))]
    #[schema(min_length = 1, max_length = 40)]
    tax_id: Option<String>,
    /// The tax that my prices contain, in hundredths of a percent: 1900 for 19 %.
    #[garde(range(min = 0, max = 3000))]
    #[schema(minimum = 0, maximum = 3000)]
    rate_bps: i32,
    /// Exempt because my business is small: then there is no rate.
    #[garde(skip)]
    is_small_business: bool,
}

impl From<TaxProfile> for TaxView {
    fn from(profile: TaxProfile) -> Self {
        let TaxProfile { tax_id, rate_bps, is_small_business } = profile;
        Self { tax_id, rate_bps, is_small_business }
    }
}

/// My taxes.
#[utoipa::path(get, path = "/providers/tax-profile/", tag = "payouts", operation_id = "get_tax_profile",
    security(("bearer" = [])),
    responses((status = OK, description = "What I have said; no tax where that is nothing.", body = TaxView),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn get_tax_profile(app: App, Provider(caller): Provider) -> ApiResult<Json<TaxView>> {
    let profile = crate::tax::tax_profile(&mut *app.db.acquire().await?, caller.id).await?;
    Ok(Json(profile.into()))
}

/// Say how my prices are taxed.
#[utoipa::path(put, path = "/providers/tax-profile/", tag = "payouts", operation_id = "set_tax_profile",
    security(("bearer" = [])), request_body = TaxView,
    responses((status = OK, description = "What I have said.", body = TaxView),
        (status = FORBIDDEN, description = "`provider_required`.")))]
pub(super) async fn set_tax_profile(
    app: App,
    Provider(caller): Provider,
    Valid(body): Valid<TaxView>,
) -> ApiResult<Json<TaxView>> {
    if body.is_small_business && body.rate_bps != 0 {
        return Err(ApiError::invalid_field("rate_bps", Sentence::new("field-invalid")));
    }
    let TaxView { tax_id, rate_bps, is_small_business } = body.clone();
    let profile = TaxProfile { tax_id, rate_bps, is_small_business };
    store::save(&mut *app.db.acquire().await?, caller.id, &profile, app.clock.now()).await?;
    Ok(Json(body))
}
