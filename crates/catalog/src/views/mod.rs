//! What the app gets to see. Names of categories and addresses of pictures are shared, not copied: lists
//! of these are the busiest answers of the server.

mod provider;

use std::{fmt, sync::Arc};

use platform::{
    app::App,
    ids::{CategoryId, ImageId, ServiceId, UserId},
    locale::Language,
    money::{Currency, Money},
    time::Instant,
};
use serde::{Serialize, Serializer};

use crate::{
    category::{Categories, Category},
    model::{CancellationPolicy, ImageRow, Rating, Translations},
    rows::{DetailRow, ServiceRow},
};

pub use self::provider::ProviderView;

/// What views are made with: the tree of categories, the language, and where files are read.
#[derive(Clone)]
pub struct Scene {
    categories: Arc<Categories>,
    language: Language,
    files: Arc<str>,
}

impl Scene {
    /// The scene of one answer.
    pub async fn of(app: &App, language: Language) -> platform::error::ApiResult<Self> {
        let categories = crate::category::categories(app).await?;
        Ok(Self { categories, language, files: app.storage.public_url("").into() })
    }

    /// The tree.
    pub fn categories(&self) -> &Categories {
        &self.categories
    }
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// The address of a file, put together while it is written.
#[derive(Clone, Debug)]
pub struct FileUrl {
    files: Arc<str>,
    key: Arc<str>,
    file: &'static str,
}

impl fmt::Display for FileUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.files)?;
        f.write_str(&self.key)?;
        f.write_str(self.file)
    }
}
impl Serialize for FileUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A picture of a service, as WebP in three sizes.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Image)]
pub struct ImageView {
    /// Which.
    id: ImageId,
    /// At most 1,600 pixels on the longer side.
    #[schema(value_type = String, format = "uri", example = "https://files.example.com/services/0195/large.webp")]
    image_url: FileUrl,
    /// At most 200 pixels on the longer side.
    #[schema(value_type = String, format = "uri", example = "https://files.example.com/services/0195/thumbnail.webp")]
    thumbnail_url: FileUrl,
    /// At most 800 pixels on the longer side.
    #[schema(value_type = String, format = "uri", example = "https://files.example.com/services/0195/medium.webp")]
    medium_url: FileUrl,
    /// Of the largest size, in pixels.
    #[schema(example = 1600)]
    width: i32,
    /// Of the largest size, in pixels.
    #[schema(example = 1067)]
    height: i32,
    /// A blurred preview to show while the picture loads (blurha.sh).
    #[schema(example = "LEHV6nWB2yk8pyo0adR*.7kCMdnj")]
    blurhash: String,
    /// What the picture shows, in words.
    #[schema(example = "A window being cleaned")]
    alt_text: String,
    /// Whether it stands for the service in lists.
    is_primary: bool,
    /// Its place, from 0.
    position: i32,
}

impl ImageView {
    /// The view of a row; `files` is where the storage's files are read.
    pub fn of(row: ImageRow, files: &Arc<str>) -> Self {
        let key: Arc<str> = row.storage_key.into();
        let url = |file| FileUrl { files: files.clone(), key: key.clone(), file };
        Self {
            id: row.id,
            image_url: url("/large.webp"),
            thumbnail_url: url("/thumbnail.webp"),
            medium_url: url("/medium.webp"),
            width: row.width,
            height: row.height,
            blurhash: row.blurhash,
            alt_text: row.alt_text,
            is_primary: row.is_primary,
            position: row.position,
        }
    }
}

/// A kind of service.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Category)]
pub struct CategoryView {
    /// Which.
    pub(crate) id: CategoryId,
    /// Its name in addresses.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "window-cleaning")]
    slug: Arc<str>,
    /// What it is called.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "Window cleaning")]
    name: Arc<str>,
    /// What belongs to it.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "Windows, frames and blinds.")]
    description: Arc<str>,
    /// The name of a symbol.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "window")]
    icon: Arc<str>,
    /// Its colour.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, pattern = "^#[0-9A-F]{6}$", example = "#0EA5E9")]
    color: Arc<str>,
    /// The category above it.
    parent_id: Option<CategoryId>,
    /// Its place among its siblings.
    position: i32,
    /// Active services in it and in everything below it.
    #[schema(minimum = 0)]
    services_count: i64,
    /// Whether it is shown.
    is_active: bool,
}

impl CategoryView {
    /// The view of a category in one language.
    pub fn of(category: &Category, language: Language) -> Self {
        Self {
            id: category.id,
            slug: category.slug.clone(),
            name: category.name.get(language).clone(),
            description: category.description.get(language).clone(),
            icon: category.icon.clone(),
            color: category.color.clone(),
            parent_id: category.parent_id,
            position: category.position,
            services_count: category.services_count,
            is_active: category.is_active,
        }
    }
}

/// A service in a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Service)]
pub struct ServiceView {
    /// Which.
    id: ServiceId,
    /// Who offers it.
    provider_id: UserId,
    /// Their name.
    #[schema(example = "Ada Marino")]
    provider_name: String,
    /// Whether their papers were checked.
    provider_is_verified: bool,
    /// What kind it is.
    category_id: CategoryId,
    /// What that kind is called.
    #[serde(serialize_with = "text")]
    #[schema(value_type = String, example = "Window cleaning")]
    category_name: Arc<str>,
    /// What it is called, in your language where it was translated.
    #[schema(example = "Windows cleaned inside and out")]
    title: String,
    /// What it is, in your language where it was translated.
    #[schema(example = "Frames and sills included.")]
    description: String,
    /// What it costs.
    price: Money,
    /// Of the price.
    currency: Currency,
    /// What it costs in credits; 0 where credits are not taken.
    credits_required: i32,
    /// How long it takes.
    #[schema(example = 90)]
    duration_minutes: i32,
    /// The picture that stands for it.
    primary_image: Option<ImageView>,
    /// All pictures, in order.
    images: Vec<ImageView>,
    /// From 1 to 5 with two decimals; `null` while there is none.
    average_rating: Rating,
    /// How many ratings there are.
    total_reviews: i32,
    /// Whether it is published.
    is_active: bool,
    /// How far it is from the place asked about; `null` where none was.
    #[schema(example = 3.42)]
    distance_km: Option<f64>,
    /// Whether you saved it.
    is_favourite: bool,
    /// When it was made.
    created_at: Instant,
    /// When it was changed last.
    updated_at: Instant,
}

impl ServiceView {
    /// The view of a row.
    pub fn of(row: ServiceRow, scene: &Scene) -> Self {
        let images: Vec<_> = row.images.into_iter().map(|image| ImageView::of(image, &scene.files)).collect();
        Self {
            id: row.id,
            provider_id: row.provider_id,
            provider_name: row.provider_name,
            provider_is_verified: row.provider_is_verified,
            category_id: row.category_id,
            category_name: scene.categories.name(row.category_id, scene.language),
            title: row.title,
            description: row.description,
            price: Money::new(row.price_minor, row.currency),
            currency: row.currency,
            credits_required: row.credits_required,
            duration_minutes: row.duration_minutes,
            primary_image: images.iter().find(|image| image.is_primary).cloned(),
            images,
            average_rating: Rating::mean(row.rating_sum, row.rating_count),
            total_reviews: row.rating_count,
            is_active: row.is_active,
            distance_km: row.distance_km.map(to_ten_metres),
            is_favourite: row.is_favourite,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "a distance on the earth")]
fn to_ten_metres(kilometres: f64) -> f64 {
    (kilometres * 100.0).round() / 100.0
}

/// Where a service starts from.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ServiceLocation)]
pub struct LocationView {
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 52.52)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 13.405)]
    longitude: f64,
    /// The town.
    #[schema(example = "Berlin")]
    city: Option<String>,
}

impl LocationView {
    fn of(latitude: Option<f64>, longitude: Option<f64>, city: Option<String>) -> Option<Self> {
        Some(Self { latitude: latitude?, longitude: longitude?, city })
    }
}

/// The text of a service as its provider wrote it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OriginalText)]
pub struct OriginalView {
    /// The language that it is written in.
    language: Language,
    /// The title.
    title: String,
    /// The description.
    description: String,
}

/// A service alone.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ServiceDetail)]
pub struct ServiceDetailView {
    /// What lists say of it.
    #[serde(flatten)]
    service: ServiceView,
    /// Who offers it.
    provider: ProviderView,
    /// What kind it is.
    category: Option<CategoryView>,
    /// What cancelling a booking of it costs.
    cancellation_policy: CancellationPolicy,
    /// Where it starts from.
    location: Option<LocationView>,
    /// How far the provider goes for it.
    service_radius_km: i32,
    /// Free time before it, in place of the schedule's.
    buffer_before_minutes: Option<i32>,
    /// Free time after it, in place of the schedule's.
    buffer_after_minutes: Option<i32>,
    /// How early it must be booked, in place of the schedule's.
    min_notice_minutes: Option<i32>,
    /// How far ahead it can be booked, in place of the schedule's.
    max_advance_days: Option<i32>,
    /// The language that it was written in.
    language: Language,
    /// The text as it was written; only its provider and staff see it.
    original: Option<OriginalView>,
    /// Title and description in other languages; only its provider and staff see them.
    translations: Option<Translations>,
    /// Grows with every edit; also the `ETag`.
    version: i32,
}

impl ServiceDetailView {
    /// The view of a row; `as_insider` for its provider and for staff.
    pub(crate) fn of(row: DetailRow, scene: &Scene, as_insider: bool) -> Self {
        let category = scene.categories.get(row.service.category_id);
        let original =
            OriginalView { language: row.language, title: row.own_title, description: row.own_description };
        Self {
            service: ServiceView::of(row.service, scene),
            provider: ProviderView::of(row.provider, scene, as_insider),
            category: category.map(|category| CategoryView::of(category, scene.language)),
            cancellation_policy: row.cancellation_policy,
            location: LocationView::of(row.latitude, row.longitude, row.city),
            service_radius_km: row.service_radius_km,
            buffer_before_minutes: row.buffer_before_minutes,
            buffer_after_minutes: row.buffer_after_minutes,
            min_notice_minutes: row.min_notice_minutes,
            max_advance_days: row.max_advance_days,
            language: row.language,
            original: as_insider.then_some(original),
            translations: as_insider.then_some(row.translations),
            version: row.version,
        }
    }

    /// Which version this is.
    pub(crate) fn version(&self) -> i32 {
        self.version
    }

    /// Whose it is.
    pub(crate) fn provider_id(&self) -> UserId {
        self.service.provider_id
    }
}
