//! Services of others, as moderators change and withdraw them: with a reason that the provider is told, and as their own
//! doing, never as the provider's.

use axum::{
    Json,
    http::{StatusCode, header},
    response::Response,
};
use garde::Validate;
use platform::{
    app::App,
    audit::{AuditedTx, Matter},
    auth::{Moderator, Staff},
    error::{ApiError, ApiResult},
    extract::{IfMatch, Patch, Path, Valid},
    idempotency::Write,
    ids::{ImageId, ModerationId, ServiceId},
    locale::Language,
    outbox,
    time::Instant,
    validation::not_blank,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    images,
    offer::{SaveService, ServicePatch},
    services::{read, update},
};
use crate::{
    events::{ModerationKind, ServiceModerated, ServiceWithdrawn},
    store::{self, services::EditableRow},
    views::{Scene, ServiceDetailView},
};

/// What is changed, and why.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"reason": "Telephone numbers do not belong into titles.", "changes": {"title": "Windows cleaned"}}))]
pub(super) struct EditService {
    /// The provider reads it.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// A merge patch, as of PATCH /services/{id}/.
    #[garde(skip)]
    #[schema(value_type = ServicePatch, inline)]
    changes: Patch<SaveService>,
}

/// Why something goes.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(example = json!({"reason": "This is not allowed here."}))]
pub(super) struct ModerationReason {
    /// The provider reads it.
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What a moderator did to a service.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ServiceModeration {
    id: ModerationId,
    service_id: ServiceId,
    kind: ModerationKind,
    reason: String,
    at: Instant,
}

/// Holds a service of somebody else's.
async fn open(tx: &mut AuditedTx, staff: &Staff, id: ServiceId) -> ApiResult<(EditableRow, Matter)> {
    let current = store::services::lock(tx, id).await?.ok_or_else(ApiError::not_found)?;
    let matter = staff.matter("service", id, [current.provider_id])?;
    Ok((current, matter))
}

/// Writes down what was done to a service, and tells its provider.
async fn record(
    tx: &mut AuditedTx,
    staff: &Staff,
    (id, current): (ServiceId, &EditableRow),
    (kind, reason): (ModerationKind, &str),
    now: Instant,
) -> ApiResult<ServiceModeration> {
    let moderation = ServiceModeration {
        id: ModerationId::at(now),
        service_id: id,
        kind,
        reason: reason.trim().to_owned(),
        at: now,
    };
    let (moderator, reason) = (staff.caller.id, &moderation.reason);
    store::moderations::insert(tx, moderation.id, (id, kind), reason, (moderator, now)).await?;
    let event = ServiceModerated {
        moderation_id: moderation.id,
        service_id: id,
        provider_id: current.provider_id,
        title: current.title.clone(),
        kind,
        reason: reason.clone(),
    };
    outbox::emit(tx, &event, now).await?;
    Ok(moderation)
}

/// Change a service of somebody else's: for moderators. The provider is told, with the reason.
#[utoipa::path(patch, path = "/admin/services/{id}/", operation_id = "edit_service_as_moderator", tag = "admin",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("If-Match" = Option<String>, Header, description = "The version that you edit.")),
    request_body = EditService, security(("bearer" = [])),
    responses(
        (status = 200, description = "The service.", body = ServiceDetailView,
            headers(("ETag" = String, description = "Its version."))),
        (status = 403, description = "`forbidden`: no moderator; `own_matter`: their own service."),
        (status = 412, description = "`stale_version`: it has been changed in the meantime."),
    ))]
pub(super) async fn edit_service_as_moderator(
    app: App,
    Moderator(staff): Moderator,
    language: Language,
    Path(id): Path<ServiceId>,
    version: IfMatch,
    write: Write,
    Valid(body): Valid<EditService>,
) -> ApiResult<Response> {
    let scene = Scene::of(&app, language).await?;
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (current, matter) = open(&mut tx, &staff, id).await?;
    version.check(current.version)?;
    let wanted = body.changes.apply(&SaveService::from(&current))?;
    update(&mut tx, id, &current, wanted, now).await?;
    let about = (ModerationKind::Edited, body.reason.as_str());
    let moderation = record(&mut tx, &staff, (id, &current), about, now).await?;
    let view = read(&mut tx, &scene, id, language, Some(&staff.caller)).await?;
    let entry = matter.act("service.edit").reason(moderation.reason);
    let entry = entry.details(json!({"version_before": current.version, "version": view.version()}));
    tx.commit(entry, ([(header::ETAG, format!("\"{}\"", view.version()))], Json(view))).await
}

/// Withdraw a service of somebody else's: for moderators.
///
/// The provider is told, with the reason. Bookings that are still to come are called off by the operator: customers get
/// everything back, and it does not count against the provider.
#[utoipa::path(post, path = "/admin/services/{id}/withdraw/", operation_id = "withdraw_service_as_moderator",
    tag = "admin", params(("id" = ServiceId, Path, description = "Which service.")),
    request_body = ModerationReason, security(("bearer" = [])),
    responses(
        (status = 201, description = "It is withdrawn.", body = ServiceModeration),
        (status = 403, description = "`forbidden`: no moderator; `own_matter`: their own service."),
    ))]
pub(super) async fn withdraw_service_as_moderator(
    app: App,
    Moderator(staff): Moderator,
    Path(id): Path<ServiceId>,
    write: Write,
    Valid(body): Valid<ModerationReason>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (current, matter) = open(&mut tx, &staff, id).await?;
    store::services::withdraw(&mut tx, id, now).await?;
    let about = (ModerationKind::Withdrawn, body.reason.as_str());
    let moderation = record(&mut tx, &staff, (id, &current), about, now).await?;
    let event = ServiceWithdrawn {
        service_id: id,
        provider_id: current.provider_id,
        cancel_upcoming: true,
        moderator_id: Some(staff.caller.id),
    };
    outbox::emit(&mut tx, &event, now).await?;
    let entry = matter.act("service.withdraw").reason(&*moderation.reason);
    tx.commit(entry, (StatusCode::CREATED, Json(moderation))).await
}

/// Remove a picture of a service of somebody else's: for moderators. The provider is told, with the reason.
#[utoipa::path(post, path = "/admin/services/{id}/images/{image_id}/remove/", tag = "admin",
    operation_id = "remove_service_image_as_moderator",
    params(("id" = ServiceId, Path, description = "Which service."),
        ("image_id" = ImageId, Path, description = "Which picture.")),
    request_body = ModerationReason, security(("bearer" = [])),
    responses(
        (status = 201, description = "It is gone.", body = ServiceModeration),
        (status = 403, description = "`forbidden`: no moderator; `own_matter`: their own service."),
    ))]
pub(super) async fn remove_service_image_as_moderator(
    app: App,
    Moderator(staff): Moderator,
    Path((id, image)): Path<(ServiceId, ImageId)>,
    write: Write,
    Valid(body): Valid<ModerationReason>,
) -> ApiResult<Response> {
    let now = app.clock.now();
    let mut tx = staff.begin(write).await?;
    let (current, matter) = open(&mut tx, &staff, id).await?;
    images::remove(&mut tx, (id, current.provider_id), image, now).await?;
    let about = (ModerationKind::ImageRemoved, body.reason.as_str());
    let moderation = record(&mut tx, &staff, (id, &current), about, now).await?;
    let entry = matter.act("service.remove_image").reason(&*moderation.reason);
    tx.commit(entry.details(json!({"image_id": image})), (StatusCode::CREATED, Json(moderation))).await
}
