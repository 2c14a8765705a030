//! The public keys of access tokens.

use axum::{http::HeaderMap, response::Response};
use platform::{app::App, error::ApiResult, locale::Language};
use serde::Serialize;

use crate::keys::{self, Jwk};

/// A key set (RFC 7517).
#[derive(Serialize, utoipa::ToSchema)]
pub struct KeySet {
    /// The one that signs now first.
    keys: Vec<Jwk>,
}

/// The public keys that access tokens can be checked with.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "list_signing_keys", tag = "identity",
    responses((status = OK, body = KeySet, description = "The keys."), (status = NOT_MODIFIED, description = "As you have them.")))]
pub async fn list_signing_keys(app: App, headers: HeaderMap) -> ApiResult<Response> {
    let keys = async { Ok(KeySet { keys: keys::published(&app).await? }) };
    let document = app.cache.get("/.well-known/jwks.json", Language::En, keys).await?;
    Ok(document.respond(&headers))
}
