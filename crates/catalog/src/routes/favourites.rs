//! Saving services. The list of saved services is in `discovery`, with the other lists.

use axum::http::StatusCode;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Path,
    ids::ServiceId,
};

use crate::store;

/// Save a service.
///
/// Saving it again changes nothing.
#[utoipa::path(put, path = "/services/{id}/favourite/", operation_id = "add_favourite", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service.")), security(("bearer" = [])),
    responses((status = 204, description = "It is saved.")))]
pub(super) async fn add_favourite(
    app: App,
    caller: Caller,
    Path(id): Path<ServiceId>,
) -> ApiResult<StatusCode> {
    if store::favourites::add(&app.db, caller.id, id, app.clock.now()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found())
    }
}

/// Forget a saved service.
///
/// One that was not saved, or is not there any more, is fine.
#[utoipa::path(delete, path = "/services/{id}/favourite/", operation_id = "remove_favourite", tag = "catalog",
    params(("id" = ServiceId, Path, description = "Which service.")), security(("bearer" = [])),
    responses((status = 204, description = "It is not saved.")))]
pub(super) async fn remove_favourite(
    app: App,
    caller: Caller,
    Path(id): Path<ServiceId>,
) -> ApiResult<StatusCode> {
    store::favourites::remove(&app.db, caller.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
