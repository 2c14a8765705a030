//! Pictures of a service over HTTP.

use axum::{Json, http::StatusCode, response::Response};
use bytes::Bytes;
use pictures::{Rendition, Size, Upload};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Patch, Path, Valid},
    idempotency::Write,
    ids::{ImageId, ServiceId, UserId},
    jobs::{self, Timing},
    locale::Sentence,
    outbox,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{offer::without_required, services::lock};
use crate::{
    events::ServiceUpdated,
    jobs::{DeletePicture, file_name},
    model::{CatalogError, ImageRow},
    store,
    views::ImageView,
};

/// The sizes of a service's picture, largest first.
pub(crate) const SIZES: [Size; 3] = [
    Size { name: "large", max_side: 1600 },
    Size { name: "medium", max_side: 800 },
    Size { name: "thumbnail", max_side: 200 },
];
/// Most pictures of one service.
const MAX_IMAGES: usize = 10;
const MAX_ALT_TEXT: usize = 300;
/// Files whose row is not there by then never will be.
const UPLOAD_TIME: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

/// Pictures of a service, in order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ServiceImages)]
pub(super) struct Images {
    images: Vec<ImageView>,
}

/// A form with a picture.
#[derive(utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the document; the form is read field by field")]
pub(super) struct AddImage {
    /// JPEG, PNG or WebP of at most 10 MiB, 12,000 pixels a side and 40 megapixels.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    image: Vec<u8>,
    /// What it shows, in words.
    #[schema(max_length = 300)]
    alt_text: Option<String>,
    /// Whether it is to stand for the service in lists; the first picture does anyway.
    is_primary: Option<bool>,
}

/// Add a picture to a service.
///
/// It is turned upright, freed of all metadata, and kept as WebP in three sizes. At most ten a service.
#[utoipa::path(post, path = "/services/{id}/images/", operation_id = "add_service_image", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service.")),
    request_body(content = AddImage, content_type = "multipart/form-data"), security(("bearer" = [])),
    responses(
        (status = 201, description = "The new picture.", body = ImageView),
        (status = 409, description = "`too_many_images`: there are ten already."),
        (status = 415, description = "`unsupported_picture`: send JPEG, PNG or WebP."),
        (status = 422, description = "`corrupt_picture`, `picture_too_large`, or a field is not valid."),
    ))]
pub(super) async fn add_service_image(
    app: App,
    caller: Caller,
    Path(service): Path<ServiceId>,
    write: Write,
    form: Upload,
) -> ApiResult<Response> {
    let (alt_text, wants_primary) = (alt_text(&form)?, flag(&form, "is_primary")?);
    let file = form.file("image")?;
    // Before the costly part: foreign services are not there, and a full one takes no more.
    let (owner, count) = store::services::owner(&app.db, service).await?.ok_or_else(ApiError::not_found)?;
    if caller.id != owner {
        return Err(ApiError::not_found());
    }
    if count >= MAX_IMAGES {
        return Err(CatalogError::TooManyImages.into());
    }
    app.limits.check_upload(caller.id)?;
    let id = ImageId::at(app.clock.now());
    let stored = Stored::put(&app, service, id, file).await?;

    let mut tx = write.begin().await?;
    let owner = lock(&mut tx, &caller, service, None).await?.provider_id;
    let now = app.clock.now();
    let present = store::images::all(&mut tx, service).await?;
    if present.len() >= MAX_IMAGES {
        return Err(CatalogError::TooManyImages.into());
    }
    let position = i32::try_from(present.len()).unwrap_or(i32::MAX);
    let (storage_key, picture) = (stored.key.as_str(), &stored.picture);
    let new =
        store::images::NewImage { id, service, storage_key, picture, alt_text: &alt_text, position, at: now };
    store::images::insert(&mut tx, &new).await?;
    if wants_primary {
        store::images::demote(&mut tx, service).await?;
    }
    store::images::promote(&mut tx, service, wants_primary.then_some(id), None).await?;
    stored.keep(&mut tx).await?;
    changed(&mut tx, service, owner, now).await?;
    let rows = store::images::all(&mut tx, service).await?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(ApiError::not_found)?;
    tx.commit((StatusCode::CREATED, Json(ImageView::of(row, &app.storage.public_url("").into())))).await
}

fn alt_text(form: &Upload) -> ApiResult<String> {
    let text = form.text("alt_text")?.unwrap_or_default().trim().to_owned();
    if text.chars().count() > MAX_ALT_TEXT {
        let sentence = Sentence::new("field-too_long").with_number("max", MAX_ALT_TEXT);
        return Err(ApiError::invalid_field("alt_text", sentence));
    }
    Ok(text)
}

fn flag(form: &Upload, name: &str) -> ApiResult<bool> {
    match form.text(name)?.map(str::trim) {
        None | Some("" | "false" | "False" | "0") => Ok(false),
        Some("true" | "True" | "1") => Ok(true),
        Some(_) => Err(ApiError::invalid_field(name, Sentence::new("field-wrong_type"))),
    }
}

/// Files that are in the storage, but not yet in a row.
struct Stored {
    key: String,
    picture: pictures::Picture,
}

impl Stored {
    /// Makes the picture and stores its files. A job is waiting to remove them, should all end here.
    async fn put(app: &App, service: ServiceId, image: ImageId, file: Bytes) -> ApiResult<Self> {
        let picture = pictures::process(file, &SIZES).await?;
        let key = format!("public/services/{service}/{image}");
        let timing = Timing { at: Some(app.clock.now().plus(UPLOAD_TIME)), key: Some(Self::job(&key)) };
        let removal = DeletePicture { storage_key: key.clone() };
        jobs::schedule(&mut *app.db.acquire().await?, &removal, app.clock.now(), timing).await?;
        for rendition in &picture.renditions {
            let name = file_name(&key, rendition.name);
            let put = app.storage.put(&name, Rendition::CONTENT_TYPE, rendition.bytes.clone()).await;
            put.map_err(ApiError::unavailable)?;
        }
        Ok(Self { key, picture })
    }

    /// Takes back the job that would have removed the files.
    async fn keep(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        jobs::cancel(db, &Self::job(&self.key)).await
    }

    fn job(key: &str) -> String {
        format!("{}:{key}", <DeletePicture as jobs::Job>::KIND)
    }
}

/// The pictures are part of the service: it has another version now.
async fn changed(db: &mut PgConnection, service: ServiceId, provider: UserId, now: Instant) -> ApiResult<()> {
    store::services::touch(db, service, now).await?;
    outbox::emit(db, &ServiceUpdated { service_id: service, provider_id: provider }, now).await?;
    Ok(())
}

fn view(app: &App, rows: Vec<ImageRow>) -> Vec<ImageView> {
    let files = app.storage.public_url("").into();
    rows.into_iter().map(|row| ImageView::of(row, &files)).collect()
}

/// All pictures of a service in the order that they are to have.
#[derive(Debug, Deserialize, garde::Validate, utoipa::ToSchema)]
pub(super) struct OrderImages {
    /// Every picture of the service once.
    #[garde(length(max = 10))]
    #[serde(alias = "ids", alias = "order")]
    #[schema(max_items = 10)]
    image_ids: Vec<ImageId>,
}

/// Put the pictures of a service in order.
#[utoipa::path(put, path = "/services/{id}/images/order/", operation_id = "order_service_images", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service.")),
    request_body = OrderImages, security(("bearer" = [])),
    responses(
        (status = 200, description = "The pictures in their new order.", body = Images),
        (status = 409, description = "`images_changed`: these are not the pictures of the service."),
    ))]
pub(super) async fn order_service_images(
    app: App,
    caller: Caller,
    Path(service): Path<ServiceId>,
    Valid(body): Valid<OrderImages>,
) -> ApiResult<Json<Images>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let owner = lock(&mut tx, &caller, service, None).await?.provider_id;
    let mut present: Vec<_> =
        store::images::all(&mut tx, service).await?.into_iter().map(|row| row.id).collect();
    let mut wanted = body.image_ids.clone();
    present.sort();
    wanted.sort();
    if present != wanted {
        return Err(CatalogError::ImagesChanged.into());
    }
    let ids: Vec<_> = body.image_ids.iter().map(|id| id.uuid()).collect();
    store::images::order(&mut tx, service, &ids).await?;
    changed(&mut tx, service, owner, now).await?;
    let images = store::images::all(&mut tx, service).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(Json(Images { images: view(&app, images) }))
}

/// What can be said of a picture.
#[derive(Clone, Debug, Default, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
pub(super) struct SaveImage {
    /// What it shows, in words.
    #[garde(inner(length(chars, max = 300)))]
    #[serde(default)]
    #[schema(max_length = 300)]
    alt_text: Option<String>,
    /// Whether it stands for the service in lists. One picture always does.
    #[garde(skip)]
    #[serde(default)]
    is_primary: Option<bool>,
}

/// A merge patch of a [`SaveImage`]. Only for the document.
pub(super) struct ImagePatch;

impl utoipa::PartialSchema for ImagePatch {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        without_required(SaveImage::schema())
    }
}
impl utoipa::ToSchema for ImagePatch {}

/// Change what is said of a picture.
#[utoipa::path(patch, path = "/services/{id}/images/{image_id}/", operation_id = "change_service_image", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("image_id" = ImageId, Path, description = "Which picture.")),
    request_body = inline(ImagePatch), security(("bearer" = [])),
    responses((status = 200, description = "The picture.", body = ImageView)))]
pub(super) async fn change_service_image(
    app: App,
    caller: Caller,
    Path((service, image)): Path<(ServiceId, ImageId)>,
    patch: Patch<SaveImage>,
) -> ApiResult<Json<ImageView>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let owner = lock(&mut tx, &caller, service, None).await?.provider_id;
    let current = one(&mut tx, service, image).await?;
    let said = SaveImage { alt_text: Some(current.alt_text), is_primary: Some(current.is_primary) };
    let wanted = patch.apply(&said)?;
    store::images::describe(&mut tx, image, wanted.alt_text.unwrap_or_default().trim()).await?;
    if wanted.is_primary.unwrap_or(false) != current.is_primary {
        store::images::demote(&mut tx, service).await?;
        let (promoted, passed_over) =
            if current.is_primary { (None, Some(image)) } else { (Some(image), None) };
        store::images::promote(&mut tx, service, promoted, passed_over).await?;
    }
    changed(&mut tx, service, owner, now).await?;
    let row = one(&mut tx, service, image).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(Json(ImageView::of(row, &app.storage.public_url("").into())))
}

async fn one(db: &mut PgConnection, service: ServiceId, image: ImageId) -> ApiResult<ImageRow> {
    let rows = store::images::all(db, service).await?;
    rows.into_iter().find(|row| row.id == image).ok_or_else(ApiError::not_found)
}

/// Remove a picture of a service.
///
/// Where it was the primary one, the first of the others takes its place.
#[utoipa::path(delete, path = "/services/{id}/images/{image_id}/", operation_id = "remove_service_image", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("image_id" = ImageId, Path, description = "Which picture.")),
    security(("bearer" = [])),
    responses((status = 204, description = "It is gone.")))]
pub(super) async fn remove_service_image(
    app: App,
    caller: Caller,
    Path((service, image)): Path<(ServiceId, ImageId)>,
) -> ApiResult<StatusCode> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let owner = lock(&mut tx, &caller, service, None).await?.provider_id;
    remove(&mut tx, (service, owner), image, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a picture of a service that is held.
pub(super) async fn remove(
    db: &mut PgConnection,
    (service, owner): (ServiceId, UserId),
    image: ImageId,
    now: Instant,
) -> ApiResult<()> {
    let storage_key = store::images::delete(db, service, image).await?.ok_or_else(ApiError::not_found)?;
    store::images::close_gaps(db, service).await?;
    store::images::promote(db, service, None, None).await?;
    jobs::enqueue(db, &DeletePicture { storage_key }, now).await?;
    changed(db, service, owner, now).await
}
