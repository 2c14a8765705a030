//! A provider's profile as they send it.

use platform::{ids::CategoryId, validation::broken};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{offer::without_required, place::Location};
use crate::{
    model::{AccountType, Profile},
    store::providers::EditableProfile,
};

/// How far a provider goes who does not say.
const DEFAULT_RADIUS_KM: i32 = 25;

/// A provider's profile, in full. What is optional and left out gets its default.
#[derive(Clone, Debug, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
pub(super) struct SaveProfile {
    /// What kind of business it is.
    #[garde(skip)]
    account_type: AccountType,
    /// What it is called.
    #[garde(inner(length(chars, min = 1, max = 120)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120, example = "Marino Window Cleaning")]
    business_name: Option<String>,
    /// What you say of yourself.
    #[garde(inner(length(chars, max = 5000)))]
    #[serde(default)]
    #[schema(max_length = 5000, example = "Ten years of clear views.")]
    description: Option<String>,
    /// Categories that you know.
    #[garde(length(max = 50))]
    #[schema(max_items = 50)]
    skills: Vec<CategoryId>,
    /// Languages that you speak (ISO 639-1); that of your account by default.
    #[garde(inner(length(min = 1, max = 20), inner(custom(language_code))))]
    #[serde(default)]
    #[schema(schema_with = languages_schema)]
    languages: Option<Vec<String>>,
    /// Whether you take bookings at present; you do by default. Bookings that were made stay.
    #[garde(skip)]
    #[serde(default)]
    is_available: Option<bool>,
    /// Where you start from.
    #[garde(dive)]
    #[serde(default)]
    location: Option<Location>,
    /// How far you go; 25 km by default.
    #[garde(inner(range(min = 1, max = 200)))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 200)]
    service_radius_km: Option<i32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
fn language_code(code: &str, _context: &()) -> garde::Result {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_code { Ok(()) } else { Err(broken("unknown_language")) }
}

fn languages_schema() -> utoipa::openapi::schema::Schema {
    use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
    let code = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z]{2}$"));
    let list = ArrayBuilder::new().items(code).min_items(Some(1)).max_items(Some(20));
    list.schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .examples([serde_json::json!(["en", "it"])])
        .into()
}

impl SaveProfile {
    /// What is kept of it; `language` is that of the account.
    pub(super) fn profile(self, language: &str) -> Profile {
        let location = self.location;
        Profile {
            account_type: self.account_type,
            business_name: self
                .business_name
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty()),
            description: self.description.unwrap_or_default(),
            skills: each_once(self.skills.into_iter().map(CategoryId::uuid)),
            languages: each_once(self.languages.unwrap_or_else(|| vec![language.to_owned()])),
            is_available: self.is_available.unwrap_or(true),
            latitude: location.as_ref().map(|place| place.latitude),
            longitude: location.as_ref().map(|place| place.longitude),
            city: location.and_then(|place| place.city),
            service_radius_km: self.service_radius_km.unwrap_or(DEFAULT_RADIUS_KM),
        }
    }

    /// The skills as they were sent, so that one at fault can be named by its place.
    pub(super) fn skills(&self) -> Vec<Uuid> {
        self.skills.iter().map(|id| id.uuid()).collect()
    }
}

fn each_once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items.into_iter().fold(Vec::new(), |mut kept, item| {
        if !kept.contains(&item) {
            kept.push(item);
        }
        kept
    })
}

/// What a PUT that changes nothing would say.
impl From<&EditableProfile> for SaveProfile {
    fn from(row: &EditableProfile) -> Self {
        Self {
            account_type: row.account_type,
            business_name: row.business_name.clone(),
            description: Some(row.description.clone()),
            skills: row.skills.iter().map(|id| CategoryId::from(*id)).collect(),
            languages: Some(row.languages.clone()).filter(|languages| !languages.is_empty()),
            is_available: Some(row.is_available),
            location: Location::of(row.latitude, row.longitude, row.city.clone()),
            service_radius_km: Some(row.service_radius_km),
        }
    }
}

/// A merge patch of a [`SaveProfile`]. Only for the document.
pub(super) struct ProfilePatch;

impl utoipa::PartialSchema for ProfilePatch {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        without_required(SaveProfile::schema())
    }
}
impl utoipa::ToSchema for ProfilePatch {}
