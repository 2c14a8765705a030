//! The tree of categories over HTTP.

use axum::{
    http::{HeaderMap, Uri},
    response::Response,
};
use platform::{
    app::App,
    cache::Document,
    error::ApiResult,
    extract::Query,
    locale::Language,
    page::{Link, Page, PageQuery},
};

use crate::{category, views::CategoryView};

/// All categories in the order of the tree: each is followed by those below it.
///
/// The whole tree is one page, unless pages are asked for. `services_count` counts what is below a category, too.
#[utoipa::path(get, path = "/categories/", operation_id = "list_categories", tag = "catalog",
    params(PageQuery), responses(
        (status = 200, description = "The tree.", body = Page<CategoryView>,
            headers(("ETag" = String, description = "Send it as If-None-Match to hear only of changes."))),
        (status = 304, description = "You have this very tree."),
    ))]
pub(super) async fn list_categories(
    app: App,
    language: Language,
    Query(page): Query<PageQuery>,
    link: Link,
    uri: Uri,
    request: HeaderMap,
) -> ApiResult<Response> {
    Ok(document(&app, language, &page, link, &uri).await?.respond(&request))
}

/// The same tree as GET /categories/.
#[utoipa::path(get, path = "/services/categories/", operation_id = "list_service_categories", tag = "catalog",
    params(PageQuery), responses(
        (status = 200, description = "The tree.", body = Page<CategoryView>,
            headers(("ETag" = String, description = "Send it as If-None-Match to hear only of changes."))),
        (status = 304, description = "You have this very tree."),
    ))]
pub(super) async fn list_service_categories(
    app: App,
    language: Language,
    Query(page): Query<PageQuery>,
    link: Link,
    uri: Uri,
    request: HeaderMap,
) -> ApiResult<Response> {
    Ok(document(&app, language, &page, link, &uri).await?.respond(&request))
}

async fn document(
    app: &App,
    language: Language,
    page: &PageQuery,
    link: Link,
    uri: &Uri,
) -> ApiResult<Document> {
    if !page.is_given() {
        // One key for both paths: it is one answer.
        return app.cache.get("/categories/", language, tree(app, language)).await;
    }
    let made = async {
        let all = tree(app, language).await?.results;
        page.slice(link.for_everybody(), all, |category: &CategoryView| category.id.to_string())
    };
    app.cache.get(&uri.to_string(), language, made).await
}

async fn tree(app: &App, language: Language) -> ApiResult<Page<CategoryView>> {
    // Straight from the database: the answer is remembered, what it is made of need not be.
    let categories = category::load(app).await?;
    let shown = categories.iter().filter(|category| categories.is_shown(category));
    let results: Vec<_> = shown.map(|category| CategoryView::of(category, language)).collect();
    let count = i64::try_from(results.len()).unwrap_or(i64::MAX);
    Ok(Page { count, count_exact: true, next: None, previous: None, results })
}
