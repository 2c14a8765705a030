//! Saved services.

use axum::Json;
use catalog::{Scene, ServiceView};
use platform::{
    app::App,
    auth::Caller,
    error::ApiResult,
    extract::Query,
    ids::ServiceId,
    locale::Language,
    page::{Link, Page, PageQuery},
    time::Instant,
};

use crate::saved::{self, Saved};

/// The services that I saved, newest first. One that its provider has taken off the list is left out, and
/// comes back with it.
#[utoipa::path(get, path = "/favourites/", operation_id = "list_favourites", tag = "discovery",
    params(PageQuery), security(("bearer" = [])),
    responses((status = 200, description = "A page of services.", body = Page<ServiceView>)))]
pub(super) async fn list_favourites(
    app: App,
    caller: Caller,
    language: Language,
    Query(page): Query<PageQuery>,
    link: Link,
) -> ApiResult<Json<Page<ServiceView>>> {
    let scene = Scene::of(&app, language).await?;
    let paging = page.paging::<(Instant, ServiceId)>(link)?;
    let saved = saved::page(&app.db, caller.id, language, &paging).await?;
    let count = match saved.first() {
        Some(first) => first.count,
        None => saved::count(&app.db, caller.id).await?,
    };
    let key = |saved: &Saved| (saved.at, saved.row.id);
    Ok(Json(paging.finish(saved, count, key, |saved| ServiceView::of(saved.row, &scene))))
}
