//! From a request to a socket.

use axum::{
    extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, header},
    response::Response,
};
use platform::{
    app::App,
    auth::MaybeCaller,
    error::{ApiError, ApiResult, Kind},
    extract::Query,
    http::RequestContext,
};
use serde::Deserialize;

use crate::{
    protocol::LARGEST,
    session::{Opening, Session},
    ticket,
};

/// Idle connections keep no more than this to read into.
const READ_BUFFER: usize = 1024;

/// How a client comes to the socket.
#[derive(Deserialize, garde::Validate, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Connect {
    /// From `POST /ws/ticket/`, for clients that cannot send a header.
    #[garde(inner(length(max = 64)))]
    #[param(max_length = 64)]
    ticket: Option<String>,
    /// Events after this one were missed, and come first.
    #[garde(range(min = 0))]
    #[param(minimum = 0)]
    last_event_id: Option<i64>,
}

/// The socket: docs/realtime.md and `/asyncapi.json` say what goes over it.
#[utoipa::path(get, path = "/ws/", tag = "realtime", operation_id = "connect", params(Connect),
    responses((status = SWITCHING_PROTOCOLS, description = "The socket is open."),
        (status = UNPROCESSABLE_ENTITY, description = "`websocket_expected`: it is no request for a socket."),
        (status = UNAUTHORIZED, description = "`token_invalid`, `token_expired`, `ticket_invalid`."),
        (status = FORBIDDEN, description = "`origin_not_allowed`: not from that web page.")),
    security((), ("bearer" = [])))]
pub async fn connect(
    app: App,
    context: RequestContext,
    MaybeCaller(caller): MaybeCaller,
    Query(query): Query<Connect>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let expected = |_rejection| ApiError::new(Kind::Invalid, "websocket_expected");
    let upgrade = upgrade.map_err(expected)?;
    if !may_come_from(&app, &headers) {
        return Err(ApiError::new(Kind::Forbidden, "origin_not_allowed"));
    }
    let caller = match (caller, query.ticket) {
        (None, Some(ticket)) => Some(ticket::redeem(&app, &ticket).await?),
        (caller, _) => caller,
    };
    let opening = Opening {
        caller,
        last_event_id: query.last_event_id,
        language: context.language(),
        request_id: context.id().to_owned(),
    };
    Ok(limited(upgrade, LARGEST).on_upgrade(move |socket| Session::run(app, socket, opening)))
}

/// What every socket is limited to, with messages of at most so many bytes.
pub(crate) fn limited(upgrade: WebSocketUpgrade, largest: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * largest)
        .max_message_size(largest)
        .max_frame_size(largest)
}

/// Browsers say which page opens the socket, and no CORS protects it. Apps say nothing.
fn may_come_from(app: &App, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let http = &app.settings.http;
    let is_ours = http.public_url.trim_end_matches('/') == origin;
    // A page that came from the same address as the socket goes to.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_same = host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host));
    is_ours || is_same || http.cors_origins.iter().any(|allowed| allowed.trim_end_matches('/') == origin)
}
