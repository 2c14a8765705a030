//! Public files, for installations whose files clients do not read from a bucket or a CDN.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use platform::{
    app::App,
    cache::matches,
    error::{ApiError, ApiResult},
    extract::Path,
};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::storage_objects::{CACHE_FOREVER, PUBLIC_PREFIX, is_key};

/// `GET /media/files/{key}`.
pub fn files_router() -> OpenApiRouter<App> {
    // The key has slashes: a wildcard for the router, which OpenAPI does not know.
    OpenApiRouter::with_openapi(Documented::openapi()).route("/media/files/{*key}", get(read_file))
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(read_file))]
struct Documented;

/// A public picture.
///
/// Take the URL from the answers that name pictures, such as `image_url`. What is behind a URL never changes, so
/// that it may be kept for good; a picture that was taken away may still be in caches.
#[utoipa::path(
    get,
    path = "/media/files/{key}",
    operation_id = "read_file",
    tag = "media",
    params(("key" = String, Path, description = "Begins with `public/`, ends with `.webp`, and holds slashes.", example = "public/demo.webp")),
    responses(
        (status = 200, description = "The picture.", content_type = "image/webp", body = Vec<u8>,
            headers(("ETag" = String, description = "For `If-None-Match`."), ("Cache-Control" = String, description = "For good."))),
        (status = 304, description = "The caller has it already."),
    )
)]
async fn read_file(app: App, Path(key): Path<String>, request: HeaderMap) -> ApiResult<Response> {
    // All that we publish is WebP; nothing else is handed out from here, whatever got into the storage.
    let is_public = key.starts_with(PUBLIC_PREFIX) && key.rsplit('.').next() == Some("webp") && is_key(&key);
    if !is_public {
        return Err(ApiError::not_found());
    }
    let bytes =
        app.storage.get(&key).await.map_err(ApiError::unavailable)?.ok_or_else(ApiError::not_found)?;
    let etag = format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&bytes));
    let etag = HeaderValue::try_from(etag).map_err(anyhow::Error::from)?;
    let is_known = matches(&request, &etag);
    let headers = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE_FOREVER)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // Pages of other origins may show it.
    let more = [("cross-origin-resource-policy", "cross-origin"), ("content-type", "image/webp")];
    Ok((headers, more, bytes).into_response())
}
