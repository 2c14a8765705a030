//! The directory of providers.

use std::sync::Arc;

use axum::{
    Extension,
    http::{HeaderMap, Uri},
    response::Response,
};
use catalog::{ProviderView, Scene};
use garde::Validate;
use platform::{
    app::App,
    error::ApiResult,
    extract::Query,
    locale::Language,
    page::{Link, Page, PageQuery},
};
use serde::Deserialize;

use super::name_of;
use crate::{
    directory::{Directory, Key, Listed},
    filters::{Around, AroundQuery, finite, within},
    finder::Finder,
    terms::Terms,
};

/// How far around a place providers are looked for.
const AROUND_KM: f64 = 25.0;

/// Filters of the directory; all of them can be combined.
#[derive(Debug, Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProviderQuery {
    /// Words of the provider's own name or business name; the last one may be unfinished, typos are forgiven
    /// as in services.
    #[garde(inner(length(chars, max = 200)))]
    #[param(max_length = 200, example = "marino")]
    search: Option<String>,
    /// A category's id or slug that the provider knows or offers services in; what is below it counts too.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100, example = "home-cleaning")]
    category: Option<String>,
    /// The same as `category`.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100)]
    category_id: Option<String>,
    /// `true`: only providers whose papers were checked.
    #[garde(skip)]
    verified: Option<bool>,
    /// Average rating from; providers that nobody has rated are left out.
    #[garde(inner(custom(finite), range(min = 0.0, max = 5.0)))]
    #[param(minimum = 0, maximum = 5)]
    min_rating: Option<f64>,
}

/// The directory of providers.
///
/// Ranked by a Bayesian mean of ratings (six tenths), by how many agreed bookings were completed (a quarter)
/// and by answering requests, and quickly. With `lat` and `lng` it is those who start within `radius_km`
/// (default 25) of that place.
#[utoipa::path(get, path = "/providers/", operation_id = "list_providers", tag = "discovery",
    params(ProviderQuery, AroundQuery, PageQuery),
    responses((status = 200, description = "A page of providers.", body = Page<ProviderView>),
              (status = 304, description = "The client has this very answer.")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn list_providers(
    app: App,
    language: Language,
    Extension(finder): Extension<Arc<Finder>>,
    Query(page): Query<PageQuery>,
    Query(query): Query<ProviderQuery>,
    Query(around): Query<AroundQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let around = around.place()?;
    let made = list(&app, &finder, language, query, around, page, link.for_everybody());
    Ok(app.cache.get(name_of(&uri), language, made).await?.respond(&headers))
}

async fn list(
    app: &App,
    finder: &Finder,
    language: Language,
    query: ProviderQuery,
    around: Option<Around>,
    page: PageQuery,
    link: Link,
) -> ApiResult<Page<ProviderView>> {
    let scene = Scene::of(app, language).await?;
    let paging = page.paging::<Key>(link)?;
    let terms = match query.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
        Some(search) => Some(finder.terms(app, language, search).await?),
        None => None,
    };
    let categories = within([&query.category, &query.category_id], scene.categories());
    let is_void =
        terms.as_ref().is_some_and(Terms::is_empty) || categories.as_ref().is_some_and(Vec::is_empty);
    let directory = Directory {
        terms: terms.as_ref(),
        categories,
        around: around.map(|around| Around { radius_km: around.radius_km.or(Some(AROUND_KM)), ..around }),
        only_verified: query.verified == Some(true),
        min_rating: query.min_rating.filter(|rating| *rating > 0.0),
    };
    let found = if is_void { Vec::new() } else { directory.page(&app.db, &paging).await? };
    let count = match found.first() {
        Some(first) => first.count,
        None if is_void => 0,
        None => directory.count(&app.db).await?,
    };
    let key = |listed: &Listed| listed.key;
    Ok(paging.finish(found, count, key, |listed| ProviderView::of(listed.row, &scene, false)))
}
