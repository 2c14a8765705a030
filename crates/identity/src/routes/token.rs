//! Carrying a session on.

use axum::Json;
use platform::{app::App, error::ApiResult, extract::Valid};
use serde::{Deserialize, Serialize};

use crate::session;

/// The refresh token.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct RefreshToken {
    /// The one that came last.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "q3Jv0mZr1h2f7nYq...")]
    refresh: String,
}

/// What comes in its place.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Renewed {
    /// For the `Authorization` header.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9...")]
    access: String,
    /// For the next refresh.
    #[schema(example = "mT8c5kQ0c1d2e3f4...")]
    refresh: String,
    /// Seconds until `access` ends.
    #[schema(example = 900)]
    expires_in: u32,
}

/// Get a new access token.
///
/// The refresh token is used up by this, and comes with a successor. Within ten seconds the same token gives
/// the same successor again, so a call whose answer was lost may be repeated. Used again later it ends the
/// session (`token_reused`), for then somebody else has it too.
#[utoipa::path(post, path = "/auth/token/refresh/", operation_id = "refresh_token", tag = "identity",
    request_body = RefreshToken,
    responses((status = OK, body = Renewed, description = "The next tokens."),
        (status = UNAUTHORIZED, description = "`token_invalid`, `token_expired`, `token_reused` or `session_ended`: sign in again."),
        (status = FORBIDDEN, description = "`account_suspended`.")))]
pub async fn refresh_token(app: App, Valid(body): Valid<RefreshToken>) -> ApiResult<Json<Renewed>> {
    let session::Granted { access, refresh, expires_in } = session::refresh(&app, &body.refresh).await?;
    Ok(Json(Renewed { access, refresh, expires_in }))
}
