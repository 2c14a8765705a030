//! Where somebody is signed in.

use axum::{Json, http::StatusCode};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::{Path, Query},
    ids::SessionId,
    page::{Link, Page, PageQuery},
    time::Instant,
};
use serde::Serialize;

use crate::{
    session::{self, Which},
    store,
};

/// One sign-in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Session, example = json!({"id": "019b76da-a800-7000-8000-000000000002", "device_name": "Ada's phone",
    "ip": "203.0.113.7", "user_agent": "Dart/3.9 (dart:io)", "created_at": "2026-03-02T09:00:00Z",
    "last_used_at": "2026-03-02T09:00:00Z", "is_current": true}))]
pub struct SessionView {
    id: SessionId,
    /// What the app called the device.
    device_name: Option<String>,
    /// Where it signed in from.
    ip: Option<String>,
    /// The program that signed in.
    user_agent: Option<String>,
    /// When it signed in.
    created_at: Instant,
    /// When it last got an access token.
    last_used_at: Instant,
    /// Whether it is the one that asks.
    is_current: bool,
}

/// List where I am signed in, the latest first.
#[utoipa::path(get, path = "/auth/sessions/", operation_id = "list_sessions", tag = "identity", params(PageQuery),
    security(("bearer" = [])), responses((status = OK, body = Page<SessionView>, description = "A page of sessions.")))]
pub async fn list_sessions(
    app: App,
    caller: Caller,
    link: Link,
    Query(query): Query<PageQuery>,
) -> ApiResult<Json<Page<SessionView>>> {
    let now = app.clock.now();
    let paging = query.paging::<SessionId>(link)?;
    let rows = store::sessions::list(&app.db, caller.id, now, session::idle_since(now), &paging).await?;
    let count = store::sessions::count(&app.db, caller.id, now, session::idle_since(now)).await?;
    let view = |row: store::sessions::Session| SessionView {
        id: row.id,
        device_name: row.device_name,
        ip: row.ip,
        user_agent: row.user_agent,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        is_current: row.id == caller.session,
    };
    Ok(Json(paging.finish(rows, count, |row| row.id, view)))
}

/// End one of my sessions; its tokens stop working at once.
#[utoipa::path(delete, path = "/auth/sessions/{id}/", operation_id = "end_session", tag = "identity",
    params(("id" = SessionId, Path)), security(("bearer" = [])),
    responses((status = NO_CONTENT, description = "It has ended."),
        (status = NOT_FOUND, description = "You have no such live session.")))]
pub async fn end_session(app: App, caller: Caller, Path(id): Path<SessionId>) -> ApiResult<StatusCode> {
    let mut tx = app.db.begin().await?;
    let ended = session::end(&mut tx, &app, caller.id, Which::Only(id), "ended_by_owner").await?;
    tx.commit().await?;
    if !ended.any() {
        return Err(ApiError::not_found());
    }
    ended.forget(&app);
    Ok(StatusCode::NO_CONTENT)
}
