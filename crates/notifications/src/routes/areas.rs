//! The places that I want to hear of.

use axum::{Json, http::StatusCode, response::Response};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, OnConstraint as _},
    extract::{Path, Query, Valid},
    idempotency::Write,
    ids::{AreaId, CategoryId},
    locale::Sentence,
    page::{Link, Page, PageQuery},
    time::Instant,
    validation::{broken, not_blank},
};
use serde::{Deserialize, Serialize};

use crate::{
    model::NotificationError,
    store::{
        areas::{self as store, Area},
        preferences::lock,
    },
};

/// A circle that I want to hear of.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NotificationArea)]
pub(super) struct AreaView {
    id: AreaId,
    name: String,
    latitude: f64,
    longitude: f64,
    radius_km: i32,
    category_id: Option<CategoryId>,
    /// When I agreed to messages about it.
    consented_at: Instant,
}

impl From<Area> for AreaView {
    fn from(area: Area) -> Self {
        Self {
            id: area.id,
            name: area.name,
            latitude: area.latitude,
            longitude: area.longitude,
            radius_km: area.radius_km,
            category_id: area.category_id,
            consented_at: area.consented_at,
        }
    }
}

/// A circle, and the consent to messages about it.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"name": "Home", "latitude": 52.52, "longitude": 13.405, "radius_km": 10, "consent": true}))]
pub(super) struct SaveArea {
    #[garde(length(chars, min = 1, max = 60), custom(not_blank))]
    #[schema(min_length = 1, max_length = 60, pattern = r"\S")]
    name: String,
    #[garde(range(min = -90.0, max = 90.0))]
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    #[garde(range(min = -180.0, max = 180.0))]
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    #[garde(range(min = 1, max = 50))]
    #[schema(minimum = 1, maximum = 50)]
    radius_km: i32,
    /// Only services of this category, or of those below it.
    #[serde(default)]
    #[garde(skip)]
    category_id: Option<CategoryId>,
    /// Has to be `true`: the place is kept for these messages and for nothing else.
    #[garde(custom(agreed))]
    consent: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
fn agreed(consent: &bool, _context: &()) -> garde::Result {
    if *consent { Ok(()) } else { Err(broken("consent_needed")) }
}

/// The places that I want to hear of.
#[utoipa::path(get, path = "/notifications/areas/", tag = "notifications", operation_id = "list_notification_areas",
    security(("bearer" = [])), params(PageQuery),
    responses((status = OK, description = "Mine, the oldest first; at most three.", body = Page<AreaView>)))]
pub(super) async fn list_areas(
    app: App,
    caller: Caller,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<AreaView>>> {
    let found = store::of_user(&app.db, caller.id).await?;
    let areas = found.into_iter().map(AreaView::from).collect();
    Ok(Json(page.slice(link, areas, |area: &AreaView| area.id.to_string())?))
}

/// Tell me of new services near a place, at most three a day.
#[utoipa::path(post, path = "/notifications/areas/", tag = "notifications", operation_id = "save_notification_area",
    security(("bearer" = [])), request_body = SaveArea,
    responses((status = CREATED, description = "The place.", body = AreaView),
        (status = CONFLICT, description = "`too_many_areas`: there are three already."),
        (status = UNPROCESSABLE_ENTITY, description = "Without consent, no such category, or a field is not valid.")))]
pub(super) async fn save_area(
    app: App,
    caller: Caller,
    write: Write,
    Valid(body): Valid<SaveArea>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = write.begin().await?;
    // One after the other, so that two at once do not want the same of the three.
    lock(&mut tx, caller.id).await?;
    if let Some(category) = body.category_id
        && !store::is_category(&mut tx, category).await?
    {
        return Err(ApiError::invalid_field("category_id", Sentence::new("field-unknown_choice")));
    }
    let area = Area {
        id: AreaId::at(now),
        name: body.name.trim().to_owned(),
        latitude: body.latitude,
        longitude: body.longitude,
        radius_km: body.radius_km,
        category_id: body.category_id,
        consented_at: now,
    };
    let written = store::insert(&mut tx, caller.id, &area).await;
    if !written.on_constraint("notification_areas_most", NotificationError::TooManyAreas)? {
        return Err(NotificationError::TooManyAreas.into());
    }
    tx.commit((StatusCode::CREATED, Json(AreaView::from(area)))).await
}

/// Tell me no more of a place.
#[utoipa::path(delete, path = "/notifications/areas/{id}/", tag = "notifications",
    operation_id = "forget_notification_area", security(("bearer" = [])), params(("id" = AreaId, Path)),
    responses((status = NO_CONTENT, description = "It is forgotten."),
        (status = NOT_FOUND, description = "The caller has no such place.")))]
pub(super) async fn forget_area(app: App, caller: Caller, Path(id): Path<AreaId>) -> ApiResult<StatusCode> {
    if store::delete(&app.db, caller.id, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}
