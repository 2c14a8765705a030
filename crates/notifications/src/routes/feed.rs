//! The list of the app.

use axum::{Json, http::StatusCode};
use garde::Validate;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query, Valid},
    ids::NotificationId,
    locale::{Language, Sentence},
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    model::{Category, Entity, Priority, Template, route},
    render,
    retract::retract_soon,
    store::notifications::{self as store, Filter, Notification, Waiting},
    wording::{self, Wordings},
};

/// Which notifications.
#[derive(Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub(super) struct FeedQuery {
    /// Only those that are unread, or only those that are not.
    unread: Option<bool>,
    /// Of this kind.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<Category>,
}

/// Something that I was told, in my language.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Notification, example = json!({"id": "019cad9a-7000-7000-8000-000000000001", "type": "booking",
    "event": "booking_accepted", "priority": "normal", "title": "Booking accepted",
    "message": "Bob Weber has accepted “Window cleaning” on 4 March 2026 at 10:00.",
    "data": {"entity": "booking", "id": "019cad9a-7000-7000-8000-000000000002",
        "route": "/bookings/019cad9a-7000-7000-8000-000000000002/"},
    "is_read": false, "read_at": null, "is_seen": true, "created_at": "2026-03-02T09:00:00Z"}))]
pub(super) struct NotificationView {
    id: NotificationId,
    #[serde(rename = "type")]
    kind: Category,
    /// What happened.
    event: Template,
    priority: Priority,
    title: String,
    message: String,
    data: NotificationData,
    is_read: bool,
    read_at: Option<Instant>,
    /// It was there when I last opened the list, or I have read it.
    is_seen: bool,
    created_at: Instant,
}

/// Where it leads.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NotificationData {
    entity: Entity,
    /// Of the entity.
    id: Option<Uuid>,
    /// The page of the app.
    route: String,
}

impl NotificationView {
    fn of(wordings: &Wordings, row: &Notification, language: Language) -> Self {
        let count = usize::try_from(row.count).unwrap_or(1);
        let said = render::words(wordings, row.template, &row.args, count, language);
        let entity = row.template.nature().entity;
        Self {
            id: row.id,
            kind: row.category,
            event: row.template,
            priority: row.priority,
            title: said.title,
            message: said.body,
            data: NotificationData { entity, id: row.entity_id, route: route(entity, row.entity_id) },
            is_read: row.read_at.is_some(),
            read_at: row.read_at,
            is_seen: row.is_seen,
            created_at: row.created_at,
        }
    }
}

/// What I was told, newest first.
#[utoipa::path(get, path = "/notifications/", tag = "notifications", operation_id = "list_notifications",
    security(("bearer" = [])), params(FeedQuery, PageQuery),
    responses((status = OK, description = "A page of notifications.", body = Page<NotificationView>)))]
pub(super) async fn list_notifications(
    app: App,
    caller: Caller,
    language: Language,
    Query(query): Query<FeedQuery>,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<NotificationView>>> {
    let filter = Filter { user: caller.id, is_unread: query.unread, category: query.kind };
    let paging = page.paging::<NotificationId>(link)?;
    let wordings = wording::in_force(&app).await?;
    let (rows, total) = store::list(&app.db, &filter, &paging).await?;
    Ok(Json(paging.finish(rows, total, |row| row.id, |row| NotificationView::of(&wordings, &row, language))))
}

/// What is to be marked, and how: either `ids`, or `all`.
#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[schema(as = MarkNotifications, example = json!({"all": true, "is_read": true}))]
pub(super) struct Mark {
    #[serde(default)]
    #[garde(inner(length(min = 1, max = 100)))]
    #[schema(min_items = 1, max_items = 100)]
    ids: Option<Vec<NotificationId>>,
    #[serde(default)]
    #[garde(skip)]
    all: bool,
    #[garde(skip)]
    is_read: bool,
}

/// How many are unread.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct UnreadCount {
    /// Up to 1,000.
    unread: i64,
    /// Those of the unread that came since I last opened the list.
    unseen: i64,
}

impl From<Waiting> for UnreadCount {
    fn from(Waiting { unread, unseen }: Waiting) -> Self {
        Self { unread, unseen }
    }
}

/// Mark notifications as read or unread. Those that are not the caller's are left alone.
#[utoipa::path(put, path = "/notifications/", tag = "notifications", operation_id = "mark_notifications",
    security(("bearer" = [])), request_body = Mark,
    responses((status = OK, description = "How many are unread now.", body = UnreadCount),
        (status = UNPROCESSABLE_ENTITY, description = "Neither `ids` nor `all`, or both; or a field is not valid.")))]
pub(super) async fn mark_notifications(
    app: App,
    caller: Caller,
    Valid(body): Valid<Mark>,
) -> ApiResult<Json<UnreadCount>> {
    if body.ids.is_some() == body.all {
        return Err(ApiError::invalid_field("ids", Sentence::new("field-ids_or_all")));
    }
    let read_at = body.is_read.then(|| app.clock.now());
    let mut tx = app.db.begin().await?;
    store::mark_many(&mut tx, caller.id, body.ids.as_deref(), read_at).await?;
    retract_soon(&mut tx, caller.id, app.clock.now()).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(Json(store::count(&app.db, caller.id).await?.into()))
}

/// How many notifications I have not read.
#[utoipa::path(get, path = "/notifications/count/", tag = "notifications", operation_id = "count_notifications",
    security(("bearer" = [])), responses((status = OK, description = "The number.", body = UnreadCount)))]
pub(super) async fn count_notifications(app: App, caller: Caller) -> ApiResult<Json<UnreadCount>> {
    Ok(Json(store::count(&app.db, caller.id).await?.into()))
}

/// I have opened the list: what is in it now is not new to me any more, though I may not have read it.
#[utoipa::path(put, path = "/notifications/seen/", tag = "notifications", operation_id = "see_notifications",
    security(("bearer" = [])), responses((status = OK, description = "How many are unread.", body = UnreadCount)))]
pub(super) async fn see_notifications(app: App, caller: Caller) -> ApiResult<Json<UnreadCount>> {
    let mut tx = app.db.begin().await?;
    store::see(&mut tx, caller.id, app.clock.now()).await?;
    let waiting = store::count(&mut *tx, caller.id).await?;
    tx.commit().await?;
    Ok(Json(waiting.into()))
}

/// I have read this one.
#[utoipa::path(put, path = "/notifications/{id}/read/", tag = "notifications", operation_id = "read_notification",
    security(("bearer" = [])), params(("id" = NotificationId, Path)),
    responses((status = OK, description = "The notification.", body = NotificationView),
        (status = NOT_FOUND, description = "The caller has no such notification.")))]
pub(super) async fn read_notification(
    app: App,
    caller: Caller,
    language: Language,
    Path(id): Path<NotificationId>,
) -> ApiResult<Json<NotificationView>> {
    let wordings = wording::in_force(&app).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let read = store::mark(&mut tx, caller.id, id, now).await?.ok_or_else(ApiError::not_found)?;
    retract_soon(&mut tx, caller.id, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(Json(NotificationView::of(&wordings, &read, language)))
}

/// Take a notification out of my list.
#[utoipa::path(delete, path = "/notifications/{id}/", tag = "notifications", operation_id = "delete_notification",
    security(("bearer" = [])), params(("id" = NotificationId, Path)),
    responses((status = NO_CONTENT, description = "It is gone."),
        (status = NOT_FOUND, description = "The caller has no such notification.")))]
pub(super) async fn delete_notification(
    app: App,
    caller: Caller,
    Path(id): Path<NotificationId>,
) -> ApiResult<StatusCode> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if !store::remove(&mut tx, caller.id, id, now).await? {
        return Err(ApiError::not_found());
    }
    retract_soon(&mut tx, caller.id, now).await?;
    tx.commit().await?;
    app.jobs_waiting.notify_one();
    Ok(StatusCode::NO_CONTENT)
}
