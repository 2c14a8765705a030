//! The server itself: alive, ready, and with a document of its API.

use anyhow::Context as _;

use crate::story::Story;

pub async fn tell(story: &mut Story) -> anyhow::Result<()> {
    let client = &story.client;
    story.tell("The server is there");
    client
        .get("/healthz")
        .expect(200)
        .await
        .context("bin/dev starts a server; --url says where another one is")?;
    client.get("/readyz").expect(200).await?;
    client.get("/version").expect(200).await?;
    let metrics = client.get("/metrics").expect(200).await?;
    let counted = String::from_utf8_lossy(&metrics.bytes).contains("http_request_seconds");
    metrics.check(counted, "the metrics should have http_request_seconds")?;
    let document = client.get("/openapi.json").expect(200).await?;
    let version = document.text("openapi")?;
    document.check(version.starts_with("3.1"), format_args!("openapi should be 3.1, but is {version}"))?;
    Ok(())
}
