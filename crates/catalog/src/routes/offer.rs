//! A service as its provider sends it, and what is made of it.

use platform::{
    error::{ApiError, ApiResult},
    ids::CategoryId,
    locale::{Language, Sentence},
    money::{Amount, Currency},
    validation::broken,
};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use super::place::Location;
use crate::{
    model::{CancellationPolicy, Offer, Translations, title_long_enough},
    store::services::EditableRow,
};

/// A hundred million hundredths: prices stay below 1,000,000.00.
const PRICE_LIMIT: i64 = 100_000_000;

/// A service, in full. What is optional and left out gets its default.
#[derive(Clone, Debug, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
pub(super) struct SaveService {
    /// What kind it is.
    #[garde(skip)]
    category_id: CategoryId,
    /// What it is called.
    #[garde(length(chars, max = 120), custom(title_long_enough))]
    #[schema(min_length = 3, max_length = 120, example = "Windows cleaned inside and out")]
    title: String,
    /// What it is.
    #[garde(length(chars, max = 5000))]
    #[schema(max_length = 5000, example = "Frames and sills included.")]
    description: String,
    /// What it costs: less than 1,000,000, with the currency's decimals.
    #[garde(custom(price_in_range))]
    #[schema(schema_with = price_schema)]
    price: Amount,
    /// Of the price (ISO 4217); EUR by default.
    #[garde(skip)]
    #[serde(default)]
    currency: Option<Currency>,
    /// What it costs in credits; 0, the default, where credits are not taken.
    #[garde(inner(range(min = 0, max = 100_000)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100_000)]
    credits_required: Option<i32>,
    /// How long it takes.
    #[garde(range(min = 5, max = 1440))]
    #[schema(minimum = 5, maximum = 1440, example = 90)]
    duration_minutes: i32,
    /// What cancelling costs; flexible by default.
    #[garde(skip)]
    #[serde(default)]
    cancellation_policy: Option<CancellationPolicy>,
    /// Where it starts from; your own place by default.
    #[garde(dive)]
    #[serde(default)]
    location: Option<Location>,
    /// How far you go for it; as far as your profile says by default.
    #[garde(inner(range(min = 1, max = 200)))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200)]
    service_radius_km: Option<i32>,
    /// Free time before it; what your schedule says by default.
    #[garde(inner(range(min = 0, max = 1440)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    buffer_before_minutes: Option<i32>,
    /// Free time after it; what your schedule says by default.
    #[garde(inner(range(min = 0, max = 1440)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1440)]
    buffer_after_minutes: Option<i32>,
    /// How early it must be booked; what your schedule says by default.
    #[garde(inner(range(min = 0, max = 43_200)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 43_200)]
    min_notice_minutes: Option<i32>,
    /// How far ahead it can be booked; what your schedule says by default.
    #[garde(inner(range(min = 1, max = 730)))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 730)]
    max_advance_days: Option<i32>,
    /// The language of title and description; that of the request by default, and it stays.
    #[garde(skip)]
    #[serde(default)]
    language: Option<Language>,
    /// Title and description in other languages.
    #[garde(dive)]
    #[serde(default)]
    translations: Option<Translations>,
    /// Whether it is published; it is by default.
    #[garde(skip)]
    #[serde(default)]
    is_active: Option<bool>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn price_in_range(price: &Amount, _context: &()) -> garde::Result {
    if (0..PRICE_LIMIT).contains(&price.hundredths()) { Ok(()) } else { Err(broken("invalid_price")) }
}

fn price_schema() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .multiple_of(Some(0.01))
        .minimum(Some(0))
        .maximum(Some(999_999.99));
    let text =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^(0|[1-9][0-9]{0,5})(\\.[0-9]{1,2})?$"));
    OneOfBuilder::new().item(number).item(text).examples([serde_json::json!(49.9)]).into()
}

/// Where a provider starts from, and how far they go, where a service does not say.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub city: Option<String>,
    pub service_radius_km: i32,
}

impl SaveService {
    /// What is kept of it; `language` is that of the text where the request does not say.
    pub(super) fn offer(self, base: Base, language: Language) -> ApiResult<Offer> {
        let currency = self.currency.unwrap_or(Currency::EUR);
        let price = self.price.in_currency(currency).map_err(|_decimals| {
            ApiError::invalid_field(
                "price",
                Sentence::new("field-too_many_decimals").with("currency", currency),
            )
        })?;
        let language = self.language.unwrap_or(language);
        let mut translations = self.translations.unwrap_or_default();
        // Title and description are the text in that language; a second one would hide them.
        translations.0.remove(&language);
        let location = self.location.or_else(|| Location::of(base.latitude, base.longitude, base.city));
        Ok(Offer {
            category_id: self.category_id,
            language,
            title: self.title.trim().to_owned(),
            description: self.description,
            translations,
            price,
            credits_required: self.credits_required.unwrap_or(0),
            duration_minutes: self.duration_minutes,
            cancellation_policy: self.cancellation_policy.unwrap_or_default(),
            latitude: location.as_ref().map(|place| place.latitude),
            longitude: location.as_ref().map(|place| place.longitude),
            city: location.and_then(|place| place.city),
            service_radius_km: self.service_radius_km.unwrap_or(base.service_radius_km),
            buffer_before_minutes: self.buffer_before_minutes,
            buffer_after_minutes: self.buffer_after_minutes,
            min_notice_minutes: self.min_notice_minutes,
            max_advance_days: self.max_advance_days,
            is_active: self.is_active.unwrap_or(true),
        })
    }
}

/// What a PUT that changes nothing would say.
impl From<&EditableRow> for SaveService {
    fn from(row: &EditableRow) -> Self {
        // Wire amounts are hundredths, whatever the currency.
        let per_minor = 10_i64.pow(2_u32.saturating_sub(row.currency.exponent()));
        Self {
            category_id: row.category_id,
            title: row.title.clone(),
            description: row.description.clone(),
            price: Amount::from_hundredths(row.price_minor.saturating_mul(per_minor)),
            currency: Some(row.currency),
            credits_required: Some(row.credits_required),
            duration_minutes: row.duration_minutes,
            cancellation_policy: Some(row.cancellation_policy),
            location: Location::of(row.latitude, row.longitude, row.city.clone()),
            service_radius_km: Some(row.service_radius_km),
            buffer_before_minutes: row.buffer_before_minutes,
            buffer_after_minutes: row.buffer_after_minutes,
            min_notice_minutes: row.min_notice_minutes,
            max_advance_days: row.max_advance_days,
            language: Some(row.language),
            translations: Some(row.translations.0.clone()),
            is_active: Some(row.is_active),
        }
    }
}

/// A merge patch of a [`SaveService`]: the same members, none of them required. Only for the document.
pub(super) struct ServicePatch;

impl PartialSchema for ServicePatch {
    fn schema() -> RefOr<Schema> {
        without_required(SaveService::schema())
    }
}
impl ToSchema for ServicePatch {}

/// The schema of a merge patch of what `schema` describes.
pub(super) fn without_required(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.required.clear();
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}
