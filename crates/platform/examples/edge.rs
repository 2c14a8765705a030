//! Serves a small answer through everything that each request passes, to measure what that costs:
//! `cargo run --release -p platform --features testing --example edge`, then `wrk http://127.0.0.1:18050/small/`.

use axum::{http::HeaderMap, routing::get};
use platform::{app::App, error::ApiResult, locale::Language, server, testing::TestApp};
use utoipa_axum::router::OpenApiRouter;

async fn cached(app: App, language: Language, headers: HeaderMap) -> ApiResult<axum::response::Response> {
    let document =
        app.cache.get("/cached/", language, async { Ok(vec!["a fairly short text"; 500]) }).await?;
    Ok(document.respond(&headers))
}

fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().route("/small/", get(|| async { "pong" })).route("/cached/", get(cached))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let t = TestApp::start(OpenApiRouter::new()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:18050").await?;
    let stop = std::future::pending();
    server::serve(listener, router().split_for_parts().0, t.app.clone(), stop).await;
    Ok(())
}
