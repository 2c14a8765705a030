//! The same events without a socket: as server-sent events, or one answer at a time.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, HeaderName, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    extract::Query,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::follower::{Follower, Frame};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A stream lives a little longer than its token.
const GRACE: Duration = Duration::from_secs(30);

/// From where on, and how.
#[derive(Deserialize, garde::Validate, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Follow {
    /// Events after this one; without it, and without `Last-Event-ID`, only what happens from now on.
    #[garde(range(min = 0))]
    #[param(minimum = 0)]
    after: Option<i64>,
    /// One answer at a time: how many seconds to wait for something to happen.
    #[garde(range(max = 8))]
    #[param(maximum = 8)]
    wait: Option<u8>,
}

/// One event of the stream.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "for the document; the stream is written line by line")]
pub struct Streamed {
    /// Its number in the log; `typing` and `presence` have none.
    id: Option<String>,
    /// A frame of the socket, as JSON.
    data: String,
}

/// One answer.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(example = json!({"events": [{"id": 8, "type": "booking.updated", "at": "2026-03-02T09:00:00Z",
    "data": {"booking_id": "019cad9a-7000-7000-8000-000000000002"}}], "last_event_id": 8}))]
pub struct Happened {
    /// In order; `resync` among them says that older ones are not known any more.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Box<RawValue>>,
    /// For the next `after`.
    last_event_id: i64,
}

/// What happens to the caller, as it happens: the events of the socket as server-sent events, or with
/// `Accept: application/json` one answer at a time.
#[utoipa::path(get, path = "/events/", tag = "realtime", operation_id = "follow_events", params(Follow),
    responses((status = OK, description = "The events. A stream ends with its token: come back with `Last-Event-ID`.",
        content((Streamed = "text/event-stream"), (Happened = "application/json")))),
    security(("bearer" = [])))]
pub async fn follow(
    app: App,
    caller: Caller,
    Query(query): Query<Follow>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let after = query.after.or(last.filter(|after: &i64| *after >= 0));
    let (mut follower, mut missed) = Follower::join(&app, caller.id, caller.session, after).await?;
    missed.extend(follower.open().await?);
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("application/json") || query.wait.is_some() {
        let wait = Duration::from_secs(query.wait.unwrap_or(0).into());
        return Ok(Json(once(follower, missed, wait).await?).into_response());
    }
    let left = caller.expires_at.since(app.clock.now());
    let end = Instant::now() + Duration::try_from(left).unwrap_or_default() + GRACE;
    let events = stream(caller, follower, missed, end);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// The answer for one who asks again and again.
async fn once(mut follower: Follower, missed: Vec<Frame>, wait: Duration) -> ApiResult<Happened> {
    let until = Instant::now() + wait;
    let (line, mut frames) = (follower.line(), missed);
    while frames.iter().all(|frame| frame.id.is_none()) {
        match tokio::time::timeout_at(until, line.next()).await {
            Ok(Ok(delivery)) => frames = follower.take(delivery).await?,
            Ok(Err(_end)) => break,
            Err(_elapsed) => break,
        }
    }
    let events = frames.into_iter().filter(|frame| frame.id.is_some());
    let raw = |frame: Frame| RawValue::from_string(frame.text.as_str().to_owned());
    let events = events.map(raw).collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::from)?;
    Ok(Happened { events, last_event_id: follower.sent() })
}

/// Frames as they come, until the token or the connection ends.
fn stream(
    caller: Caller,
    follower: Follower,
    missed: Vec<Frame>,
    end: Instant,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = missed.into_iter();
    stream::unfold((follower, first), move |(mut follower, mut waiting)| {
        async move {
            loop {
                if let Some(frame) = waiting.next() {
                    return Some((Ok(event(&frame)), (follower, waiting)));
                }
                let line = follower.line();
                let rings = follower.rings_at().filter(|at| *at < end);
                let Ok(delivery) = tokio::time::timeout_at(rings.unwrap_or(end), line.next()).await else {
                    rings?;
                    follower.ring().await;
                    continue;
                };
                let delivery = delivery.ok()?;
                if matches!(delivery, platform::stream::Delivery::Recheck) {
                    follower.recheck(&caller).await.ok()?;
                    continue;
                }
                let frames = follower.take(delivery).await;
                // The client comes back, and misses nothing.
                let log = |error: &ApiError| tracing::warn!(code = error.code(), "a stream of events broke");
                waiting = frames.inspect_err(log).ok()?.into_iter();
            }
        }
    })
}

fn event(frame: &Frame) -> Event {
    let event = Event::default().data(frame.text.as_str());
    match frame.id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}
