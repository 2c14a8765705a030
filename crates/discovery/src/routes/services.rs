//! Lists of services.

use std::sync::Arc;

use axum::{
    Extension,
    http::{HeaderMap, Uri},
    response::Response,
};
use garde::Validate;
use platform::{
    app::App,
    auth::MaybeCaller,
    cache::Document,
    error::ApiResult,
    extract::Query,
    locale::Language,
    page::{Link, PageQuery},
};
use serde::Deserialize;

use super::name_of;
use crate::{
    filters::{Around, AroundQuery, NearbyQuery, Ordering, ServiceQuery},
    finder::Finder,
    geo::Point,
    listing::{Request, ServiceList},
};

/// How far around a place is nearby.
const NEARBY_KM: f64 = 10.0;
/// How far around a place popular services are looked for.
const POPULAR_KM: f64 = 25.0;

/// What every list of services is made with.
struct Context {
    app: App,
    caller: MaybeCaller,
    uri: Uri,
    headers: HeaderMap,
}

impl Context {
    /// From memory for everybody; somebody in particular is answered from the database, with their favourites.
    async fn respond(self, request: Request) -> ApiResult<Response> {
        let Self { app, caller, uri, headers } = self;
        if caller.0.is_some() {
            return Ok(Document::of(&request.answer(&app).await?)?.respond_privately(&headers));
        }
        let document = app.cache.get(name_of(&uri), request.language, request.answer(&app)).await?;
        Ok(document.respond(&headers))
    }
}

/// Find services. All filters can be combined; unknown orders and bad numbers are refused.
///
/// Without an order it is `relevance` where `search` is given, else the newest first. A search is made in the
/// language of the request; services that were not translated into it are found by their own words.
#[utoipa::path(get, path = "/services/", operation_id = "list_services", tag = "discovery",
    params(ServiceQuery, AroundQuery, PageQuery), security((), ("bearer" = [])),
    responses((status = 200, description = "A page of services.", body = ServiceList),
              (status = 304, description = "The client has this very answer.")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn list_services(
    app: App,
    caller: MaybeCaller,
    language: Language,
    Extension(finder): Extension<Arc<Finder>>,
    Query(page): Query<PageQuery>,
    Query(query): Query<ServiceQuery>,
    Query(around): Query<AroundQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let around = around.place()?;
    let caller_id = caller.0.map(|caller| caller.id);
    let request =
        Request { finder, caller: caller_id, language, query, around, usual: Ordering::Newest, page, link };
    Context { app, caller, uri, headers }.respond(request).await
}

/// Find services that come to a place, nearest first, with `distance_km`.
///
/// Takes every filter of `GET /services/`. A service is listed when the place lies within `radius_km` and
/// within the area that the service covers.
#[utoipa::path(get, path = "/services/nearby/", operation_id = "list_nearby_services", tag = "discovery",
    params(NearbyQuery, ServiceQuery, PageQuery), security((), ("bearer" = [])),
    responses((status = 200, description = "A page of services.", body = ServiceList),
              (status = 304, description = "The client has this very answer.")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn list_nearby_services(
    app: App,
    caller: MaybeCaller,
    language: Language,
    Extension(finder): Extension<Arc<Finder>>,
    Query(near): Query<NearbyQuery>,
    Query(page): Query<PageQuery>,
    Query(query): Query<ServiceQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let around = Some(Around {
        point: Point { latitude: near.lat, longitude: near.lng },
        radius_km: Some(near.radius_km.unwrap_or(NEARBY_KM)),
        must_reach: true,
    });
    let caller_id = caller.0.map(|caller| caller.id);
    let request =
        Request { finder, caller: caller_id, language, query, around, usual: Ordering::Distance, page, link };
    Context { app, caller, uri, headers }.respond(request).await
}

/// What popular services can be asked for.
#[derive(Debug, Deserialize, Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PopularQuery {
    /// A category's id or slug; what is below it counts too.
    #[garde(inner(length(chars, max = 100)))]
    #[param(max_length = 100, example = "home-cleaning")]
    category: Option<String>,
}

/// Services that are booked and rated well at present.
///
/// Bookings completed in the last 90 days count, recent ones more, times a Bayesian mean of the ratings. With
/// `lat` and `lng` it is services that come to that place, within `radius_km` (default 25).
#[utoipa::path(get, path = "/services/popular/", operation_id = "list_popular_services", tag = "discovery",
    params(PopularQuery, AroundQuery, PageQuery), security((), ("bearer" = [])),
    responses((status = 200, description = "A page of services.", body = ServiceList),
              (status = 304, description = "The client has this very answer.")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn list_popular_services(
    app: App,
    caller: MaybeCaller,
    language: Language,
    Extension(finder): Extension<Arc<Finder>>,
    Query(page): Query<PageQuery>,
    Query(popular): Query<PopularQuery>,
    Query(around): Query<AroundQuery>,
    link: Link,
    uri: Uri,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let around = around.place()?.map(|around| Around {
        radius_km: Some(around.radius_km.unwrap_or(POPULAR_KM)),
        must_reach: true,
        ..around
    });
    let query = ServiceQuery { category: popular.category, ..ServiceQuery::default() };
    let caller_id = caller.0.map(|caller| caller.id);
    let request = Request {
        finder,
        caller: caller_id,
        language,
        query,
        around,
        usual: Ordering::Popularity,
        page,
        link,
    };
    Context { app, caller, uri, headers }.respond(request).await
}
