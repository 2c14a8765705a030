//! Signing out.

use axum::http::{HeaderMap, StatusCode, header};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, Kind},
    extract::{Brief, Query},
    ids::{SessionId, UserId},
};
use serde::Deserialize;

use crate::session::{self, Which};

/// The session that ends.
#[derive(Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct SignOut {
    /// The session's present refresh token; instead of an access token, or beside it. One that is used up, or whose
    /// session is over, does nothing.
    #[garde(inner(length(chars, max = 200)))]
    #[schema(max_length = 200, example = "q3Jv0mZr1h2f7nYq...")]
    #[serde(default)]
    refresh: Option<String>,
}

/// How far.
#[derive(Deserialize, garde::Validate, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HowFar {
    /// End all sessions of the person.
    #[garde(skip)]
    #[serde(default)]
    everywhere: bool,
}

/// Sign out.
///
/// The session is named by the access token, by the refresh token, or both. Its access token stops working at
/// once. Signing out of a session that has ended is fine.
#[utoipa::path(post, path = "/auth/signout/", operation_id = "sign_out", tag = "identity", params(HowFar),
    request_body(content = Option<SignOut>, content_type = "application/json"), security((), ("bearer" = [])),
    responses((status = NO_CONTENT, description = "Signed out."),
        (status = UNAUTHORIZED, description = "Neither token was sent, or the access token is none of ours.")))]
pub async fn sign_out(
    app: App,
    headers: HeaderMap,
    Query(how_far): Query<HowFar>,
    Brief(body): Brief<SignOut>,
) -> ApiResult<StatusCode> {
    let bearer = by_access_token(&app, &headers).await?;
    if matches!(bearer, Bearer::None) && body.refresh.is_none() {
        return Err(ApiError::new(Kind::Unauthenticated, "unauthenticated"));
    }
    let mut sessions: Vec<(SessionId, UserId)> = Vec::new();
    if let Bearer::Alive(caller) = bearer {
        sessions.push((caller.session, caller.id));
    }
    if let Some(refresh) = &body.refresh {
        sessions.extend(session::of_refresh(&app, refresh).await?);
    }
    for (session, user) in sessions {
        let which = if how_far.everywhere { Which::All } else { Which::Only(session) };
        let mut tx = app.db.begin().await?;
        let ended = session::end(&mut tx, &app, user, which, "signed_out").await?;
        tx.commit().await?;
        ended.forget(&app);
    }
    Ok(StatusCode::NO_CONTENT)
}

enum Bearer {
    None,
    Alive(Caller),
    /// Ours, but over: whoever signs out twice, or late, has what they want.
    Over,
}

async fn by_access_token(app: &App, headers: &HeaderMap) -> ApiResult<Bearer> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Bearer::None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or_else(|| ApiError::new(Kind::Unauthenticated, "token_invalid"))?;
    match app.authenticator.authenticate(app, token).await {
        Ok(caller) => Ok(Bearer::Alive(caller)),
        Err(error) if ["session_ended", "token_expired", "account_suspended"].contains(&error.code()) => {
            Ok(Bearer::Over)
        }
        Err(error) => Err(error),
    }
}
