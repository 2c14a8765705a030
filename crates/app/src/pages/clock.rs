//! `/dev/clock/`: puts the clock of a server in development forward, so that nobody waits two days to see what becomes
//! of a booking then.

use axum::{Json, Router, routing::get};
use garde::Validate;
use jiff::SignedDuration;
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    extract::Valid,
    time::Instant,
};
use serde::{Deserialize, Serialize};

/// The longest step.
const MAX_ADVANCE_SECONDS: i64 = 90 * 24 * 3600;

/// `GET` tells the server's time, `POST` puts it forward until the server stops.
pub fn router() -> Router<App> {
    Router::new().route("/dev/clock/", get(show).post(advance))
}

#[derive(Deserialize, Validate)]
struct AdvanceClock {
    #[garde(range(min = 0, max = MAX_ADVANCE_SECONDS))]
    advance_seconds: i64,
}

#[derive(Serialize)]
struct ClockView {
    now: Instant,
}

async fn show(app: App) -> Json<ClockView> {
    Json(ClockView { now: app.clock.now() })
}

async fn advance(app: App, Valid(body): Valid<AdvanceClock>) -> ApiResult<Json<ClockView>> {
    if !app.clock.is_adjustable() {
        return Err(ApiError::not_found());
    }
    app.clock.advance(SignedDuration::from_secs(body.advance_seconds));
    // What is due now need not wait for the next look at the queue.
    app.jobs_waiting.notify_one();
    let Json(view) = show(app).await;
    Ok(Json(view))
}
