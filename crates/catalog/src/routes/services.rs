//! One service over HTTP: reading, offering, editing, withdrawing.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use platform::{
    app::App,
    auth::{Caller, MaybeCaller, Provider},
    cache::{Document, Versioned},
    error::{ApiError, ApiResult, Kind},
    extract::{IfMatch, Patch, Path, Query, Valid},
    idempotency::Write,
    ids::{CategoryId, ServiceId, UserId},
    locale::{Language, Sentence},
    outbox,
    time::Instant,
};
use serde::Deserialize;
use sqlx::PgConnection;

use super::offer::{SaveService, ServicePatch};
use crate::{
    events::{ServiceCreated, ServiceUpdated, ServiceWithdrawn},
    model::CatalogError,
    rows::DetailRow,
    store::{self, services::EditableRow},
    views::{Scene, ServiceDetailView},
};

/// Whether somebody sees of a provider's service what the provider sees. Only the provider edits it so; moderators have
/// calls of their own.
fn is_insider(caller: &Caller, owner: UserId) -> bool {
    caller.id == owner || caller.staff.is_some()
}

/// Everybody sees what is published by somebody in good standing; the provider what is not withdrawn;
/// staff everything.
fn may_see(caller: Option<&Caller>, row: &DetailRow) -> bool {
    let is_public = row.service.is_active && row.provider.is_account_active;
    let is_own = caller.is_some_and(|caller| caller.id == row.service.provider_id);
    caller.is_some_and(|caller| caller.staff.is_some()) || row.withdrawn_at.is_none() && (is_own || is_public)
}

/// A service as `caller` sees it; 404 when they do not.
pub(super) async fn read(
    db: &mut PgConnection,
    scene: &Scene,
    id: ServiceId,
    language: Language,
    caller: Option<&Caller>,
) -> ApiResult<ServiceDetailView> {
    let row = store::services::detail(db, id, language, caller.map(|caller| caller.id)).await?;
    let row = row.filter(|row| may_see(caller, row)).ok_or_else(ApiError::not_found)?;
    let as_insider = caller.is_some_and(|caller| is_insider(caller, row.service.provider_id));
    Ok(ServiceDetailView::of(row, scene, as_insider))
}

/// One service.
///
/// Inactive services are there for their provider and for staff only; these also get `original`,
/// `translations`, the provider's `total_earnings`, and the `version` as `ETag`, for If-Match.
#[utoipa::path(get, path = "/services/{id}/", operation_id = "get_service", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service.")),
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The service.", body = ServiceDetailView,
            headers(("ETag" = String, description = "Send it as If-None-Match to hear only of changes."))),
        (status = 304, description = "You have this very answer."),
    ))]
pub(super) async fn get_service(
    app: App,
    MaybeCaller(caller): MaybeCaller,
    language: Language,
    Path(id): Path<ServiceId>,
    request: HeaderMap,
) -> ApiResult<Response> {
    let view = async {
        let scene = Scene::of(&app, language).await?;
        read(&mut *app.db.acquire().await?, &scene, id, language, caller.as_ref()).await
    };
    let Some(caller) = caller else {
        let document = app.cache.get(&format!("/services/{id}/"), language, view).await?;
        return Ok(document.respond(&request));
    };
    let view = view.await?;
    if is_insider(&caller, view.provider_id()) {
        return Ok(editable(StatusCode::OK, view));
    }
    Ok(Document::of(&view)?.respond_privately(&request))
}

/// An answer that can be edited with If-Match.
pub(super) fn editable(status: StatusCode, view: ServiceDetailView) -> Response {
    (status, Versioned(view.version(), view)).into_response()
}

/// Offer a service.
///
/// Pictures are sent afterwards, to POST /services/{id}/images/.
#[utoipa::path(post, path = "/services/", operation_id = "create_service", tag = "catalog",
    request_body = SaveService, security(("bearer" = [])),
    responses(
        (status = 201, description = "The new service.", body = ServiceDetailView,
            headers(("Location" = String, description = "Where it is."), ("ETag" = String, description = "Its version."))),
        (status = 403, description = "`provider_required`: register as a provider first."),
    ))]
pub(super) async fn create_service(
    app: App,
    Provider(caller): Provider,
    language: Language,
    write: Write,
    Valid(body): Valid<SaveService>,
) -> ApiResult<Response> {
    // Before the transaction, so that nobody waits for a second connection while holding one.
    let scene = Scene::of(&app, language).await?;
    let now = app.clock.now();
    let id = ServiceId::at(now);
    let mut tx = write.begin().await?;
    let base = store::providers::base(&mut tx, caller.id).await?;
    let base = base.ok_or_else(|| ApiError::new(Kind::Forbidden, "provider_required"))?;
    let offer = body.offer(base, language)?;
    check_category(&mut tx, offer.category_id).await?;
    store::services::insert(&mut tx, id, caller.id, &offer, now).await?;
    outbox::emit(&mut tx, &ServiceCreated { service_id: id, provider_id: caller.id }, now).await?;
    let view = read(&mut tx, &scene, id, language, Some(&caller)).await?;
    let location = [(header::LOCATION, format!("/services/{id}/"))];
    tx.commit((location, editable(StatusCode::CREATED, view))).await
}

/// 422 where a service would be in a category that is not there, or not any more.
async fn check_category(db: &mut PgConnection, id: CategoryId) -> ApiResult<()> {
    if store::categories::active_among(db, &[id.uuid()]).await?.is_empty() {
        return Err(ApiError::invalid_field("category_id", Sentence::new("field-unknown_category")));
    }
    Ok(())
}

/// Replace a service.
///
/// What is optional and left out goes back to its default. Bookings that were made keep what they copied.
#[utoipa::path(put, path = "/services/{id}/", operation_id = "replace_service", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = SaveService, security(("bearer" = [])),
    responses(
        (status = 200, description = "The service.", body = ServiceDetailView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn replace_service(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ServiceId>,
    version: IfMatch,
    Valid(body): Valid<SaveService>,
) -> ApiResult<Response> {
    save(&app, &caller, language, id, &version, |_current| Ok(body)).await
}

/// Change some of a service.
///
/// A merge patch (RFC 7386) of its top level: what is left out stays, `null` goes back to the default.
#[utoipa::path(patch, path = "/services/{id}/", operation_id = "change_service", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = inline(ServicePatch), security(("bearer" = [])),
    responses(
        (status = 200, description = "The service.", body = ServiceDetailView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn change_service(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<ServiceId>,
    version: IfMatch,
    patch: Patch<SaveService>,
) -> ApiResult<Response> {
    save(&app, &caller, language, id, &version, |current| patch.apply(&SaveService::from(current))).await
}

/// Holds a service of `caller`'s, in the version that they mean.
pub(super) async fn lock(
    db: &mut PgConnection,
    caller: &Caller,
    id: ServiceId,
    version: Option<&IfMatch>,
) -> ApiResult<EditableRow> {
    let row = store::services::lock(db, id).await?;
    let row = row.filter(|row| row.provider_id == caller.id).ok_or_else(ApiError::not_found)?;
    if let Some(version) = version {
        version.check(row.version)?;
    }
    Ok(row)
}

async fn save(
    app: &App,
    caller: &Caller,
    language: Language,
    id: ServiceId,
    version: &IfMatch,
    wanted: impl FnOnce(&EditableRow) -> ApiResult<SaveService> + Send,
) -> ApiResult<Response> {
    let scene = Scene::of(app, language).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let current = lock(&mut tx, caller, id, Some(version)).await?;
    let wanted = wanted(&current)?;
    update(&mut tx, id, &current, wanted, now).await?;
    let view = read(&mut tx, &scene, id, language, Some(caller)).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(editable(StatusCode::OK, view))
}

/// Writes what a service, which is held, is to be from now on.
pub(super) async fn update(
    db: &mut PgConnection,
    id: ServiceId,
    current: &EditableRow,
    wanted: SaveService,
    now: Instant,
) -> ApiResult<()> {
    let base = store::providers::base(db, current.provider_id).await?.ok_or_else(ApiError::not_found)?;
    // The text stays in the language that it was written in, whoever's language the request has.
    let offer = wanted.offer(base, current.language)?;
    if offer.category_id != current.category_id {
        check_category(db, offer.category_id).await?;
    }
    store::services::update(db, id, &offer, now).await?;
    outbox::emit(db, &ServiceUpdated { service_id: id, provider_id: current.provider_id }, now).await?;
    Ok(())
}

#[derive(Debug, Deserialize, garde::Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Withdrawal {
    /// Whether to call off, as the provider, what is still to come.
    #[garde(skip)]
    #[serde(default)]
    #[param(default = false)]
    cancel_upcoming: bool,
}

/// Withdraw a service.
///
/// It is gone for everybody but staff; bookings of it keep what they copied. Bookings that are still to
/// come forbid it, unless they are to be called off with it.
#[utoipa::path(delete, path = "/services/{id}/", operation_id = "withdraw_service", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service."), Withdrawal,
        ("If-Match" = Option<String>, Header, description = "The version that you have seen.")),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is withdrawn."),
        (status = 409, description = "`upcoming_bookings`: bookings of it are still to come."),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn withdraw_service(
    app: App,
    caller: Caller,
    Path(id): Path<ServiceId>,
    Query(how): Query<Withdrawal>,
    version: IfMatch,
) -> ApiResult<StatusCode> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let EditableRow { provider_id, .. } = lock(&mut tx, &caller, id, Some(&version)).await?;
    if !how.cancel_upcoming && store::services::has_upcoming(&mut tx, id).await? {
        return Err(CatalogError::UpcomingBookings.into());
    }
    store::services::withdraw(&mut tx, id, now).await?;
    let cancel_upcoming = how.cancel_upcoming;
    let event = ServiceWithdrawn { service_id: id, provider_id, cancel_upcoming, moderator_id: None };
    outbox::emit(&mut tx, &event, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
