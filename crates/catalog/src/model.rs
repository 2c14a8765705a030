//! What the catalogue is made of, and the rules that a request can break. No I/O.

use std::collections::BTreeMap;

use platform::{
    error::{Fault, Kind},
    ids::{CategoryId, ImageId},
    locale::{Language, Sentence},
    money::Money,
};
use serde::{Deserialize, Serialize};

/// What kind of business a provider is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountType {
    /// One person.
    #[default]
    Individual,
    /// A registered business of one person.
    Business,
    /// A company with several people.
    Company,
}

/// How much comes back to a customer who cancels; `bookings` reckons it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CancellationPolicy {
    /// Everything until 24 hours before the start, then half.
    #[default]
    Flexible,
    /// Everything until 72 hours before the start, half until 24 hours, then nothing.
    Moderate,
    /// Half until 7 days before the start, then nothing.
    Strict,
}

/// A mean of ratings from 1 to 5, `null` while there is none; on the wire a number of at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating(Option<u16>);

impl Rating {
    /// The mean of `count` ratings that add up to `sum`, rounded half up.
    pub fn mean(sum: i32, count: i32) -> Self {
        let (sum, count) = (i64::from(sum), i64::from(count));
        let hundredths = (count > 0).then(|| (sum * 100 + count / 2) / count);
        Self(hundredths.and_then(|rating| u16::try_from(rating).ok()))
    }

    #[expect(clippy::float_arithmetic, reason = "a rating is no money; two decimals survive the division")]
    fn number(self) -> Option<f64> {
        self.0.map(|hundredths| f64::from(hundredths) / 100.0)
    }
}

impl Serialize for Rating {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}
impl utoipa::PartialSchema for Rating {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Number, Type::Null]))
            .minimum(Some(1))
            .maximum(Some(5))
            .examples([4.67])
            .into()
    }
}
impl utoipa::ToSchema for Rating {}

/// A picture of a service, as its row and the copy beside the service say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ImageRow {
    /// Which.
    pub id: ImageId,
    /// Its files are `<storage_key>/{large,medium,thumbnail}.webp`.
    pub storage_key: String,
    /// Pixels from left to right of the large file.
    pub width: i32,
    /// Pixels from top to bottom of the large file.
    pub height: i32,
    /// A blurred preview.
    pub blurhash: String,
    /// What it shows, in words.
    pub alt_text: String,
    /// Whether it stands for the service in lists.
    pub is_primary: bool,
    /// Its place, from 0.
    pub position: i32,
}

/// Title and description in one more language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct Translation {
    /// Shown in place of `title`.
    #[garde(length(chars, max = 120), custom(title_long_enough))]
    #[schema(min_length = 3, max_length = 120, example = "Fensterreinigung")]
    pub title: String,
    /// Shown in place of `description`.
    #[garde(length(chars, max = 5000))]
    #[serde(default)]
    #[schema(max_length = 5000, example = "Innen und außen, streifenfrei.")]
    pub description: String,
}

/// Blanks around a title do not count: it is kept without them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde calls it so")]
pub(crate) fn title_long_enough(title: &str, _context: &()) -> garde::Result {
    const MIN: usize = 3;
    if title.trim().chars().count() >= MIN {
        return Ok(());
    }
    Err(garde::Error::new(Sentence::new("field-too_short").with_number("min", MIN).pack()))
}

/// Translations by language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Translations(pub BTreeMap<Language, Translation>);

impl garde::Validate for Translations {
    type Context = ();

    fn validate_into(
        &self,
        context: &(),
        parent: &mut dyn FnMut() -> garde::Path,
        report: &mut garde::Report,
    ) {
        for (language, translation) in &self.0 {
            translation.validate_into(context, &mut || parent().join(language.code()), report);
        }
    }
}

impl utoipa::PartialSchema for Translations {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::{
            Ref,
            schema::{AdditionalProperties, ObjectBuilder},
        };
        let languages = Language::ALL.map(Language::code).into_iter();
        let object = languages.fold(ObjectBuilder::new(), |object, language| {
            object.property(language, Ref::from_schema_name("Translation"))
        });
        object.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
    }
}
impl utoipa::ToSchema for Translations {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push(("Translation".to_owned(), <Translation as utoipa::PartialSchema>::schema()));
    }
}

/// A service as it is kept, past all rules that need no data.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub category_id: CategoryId,
    pub language: Language,
    pub title: String,
    pub description: String,
    pub translations: Translations,
    pub price: Money,
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
}

/// What a provider says of themselves, past all rules that need no data.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
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
}

/// What a request about the catalogue can be refused for.
#[derive(Clone, Copy, Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum CatalogError {
    /// A provider registers once.
    #[error("already registered as a provider")]
    AlreadyProvider,
    /// Withdrawing would break promises.
    #[error("bookings are upcoming")]
    UpcomingBookings,
    /// A service has at most ten pictures.
    #[error("no more pictures")]
    TooManyImages,
    /// The order has to name every picture once.
    #[error("the pictures are others by now")]
    ImagesChanged,
}

impl Fault for CatalogError {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }
    fn code(&self) -> &'static str {
        self.into()
    }
}
