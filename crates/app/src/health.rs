//! Is it alive, is it ready, how is it doing, which one is it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{self, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::PrometheusHandle;
use platform::{
    app::App,
    error::{ApiError, ApiResult},
    jobs::{self, Queue},
    time::Instant,
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(version))
}

/// Whether this process is on its way out; load balancers are told, so that they send nothing more.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on `/readyz` says no.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Tells clients not to use their connection again while the process is on its way out: it ends soon, and a request
/// that comes at that moment would be lost. (HTTP/2 says so by itself.)
pub async fn close_while_draining(
    State(draining): State<Draining>,
    request: Request,
    next: Next,
) -> Response {
    let has_header = request.version() <= http::Version::HTTP_11;
    let mut response = next.run(request).await;
    if has_header
        && draining.0.load(Ordering::Relaxed)
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// How the process is.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process lives. It asks nobody else, so a restart would not help where this says yes.
#[utoipa::path(get, path = "/healthz", tag = "operations", operation_id = "get_health",
    responses((status = 200, description = "It lives.", body = Health)))]
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether it can serve: the database answers, its schema is there, and it is not shutting down.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "get_readiness",
    responses((status = 200, description = "Send requests.", body = Health)))]
async fn readyz(app: App, draining: Option<Extension<Draining>>) -> ApiResult<Json<Health>> {
    if draining.is_some_and(|Extension(draining)| draining.0.load(Ordering::Relaxed)) {
        return Err(ApiError::unavailable(anyhow::anyhow!("shutting down")));
    }
    if !platform::db::is_migrated(&app.db).await.map_err(ApiError::unavailable)? {
        return Err(ApiError::unavailable(anyhow::anyhow!("migrations are missing")));
    }
    Ok(Json(Health { status: "ok" }))
}

/// Counters and histograms for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "get_metrics",
    responses((status = 200, description = "Prometheus text format.", body = String, content_type = "text/plain")))]
async fn metrics(app: App, handle: Option<Extension<PrometheusHandle>>) -> impl IntoResponse {
    metrics::gauge!("database_connections").set(f64::from(app.db.size()));
    let idle = u32::try_from(app.db.num_idle()).unwrap_or(u32::MAX);
    metrics::gauge!("database_connections_idle").set(f64::from(idle));
    // Without a database there are still the other numbers.
    if let Ok(mut db) = app.db.acquire().await
        && let Ok(queue) = jobs::queue(&mut db, app.clock.now()).await
    {
        gauge_jobs(&queue, app.clock.now());
    }
    let text = handle.map(|Extension(handle)| handle.render()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn gauge_jobs(queue: &Queue, now: Instant) {
    let count = |count: i64| f64::from(i32::try_from(count).unwrap_or(i32::MAX));
    metrics::gauge!("jobs_due").set(count(queue.due));
    metrics::gauge!("jobs_dead").set(count(queue.dead));
    let oldest = queue.oldest.map_or(0.0, |since| now.since(since).as_secs_f64());
    metrics::gauge!("jobs_oldest_due_seconds").set(oldest);
}

/// Which build this is.
#[derive(Serialize, utoipa::ToSchema)]
struct Version {
    /// Name of the program.
    #[schema(example = "skillbuddy")]
    name: &'static str,
    /// Version of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Which build this is.
#[utoipa::path(get, path = "/version", tag = "operations", operation_id = "get_version",
    responses((status = 200, description = "Name and version.", body = Version)))]
async fn version() -> Json<Version> {
    Json(Version { name: "skillbuddy", version: env!("CARGO_PKG_VERSION") })
}
