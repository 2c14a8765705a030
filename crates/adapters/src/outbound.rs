//! Calls to the outside: one client with time limits, answers of bounded size, no redirects.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use platform::config::Environment;
use reqwest::{Client, Response, Url, redirect::Policy};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// A payer waits, and gets an answer in 8 seconds.
const GATEWAY_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(7);

/// The client of all adapters. It follows no redirects: who we call, with what secrets, is configuration.
pub fn client() -> reqwest::Result<Client> {
    client_within(CONNECT_TIMEOUT, TOTAL_TIMEOUT)
}

/// The client of the payment gateways.
pub fn gateway_client() -> reqwest::Result<Client> {
    client_within(GATEWAY_CONNECT_TIMEOUT, GATEWAY_TIMEOUT)
}

fn client_within(connect: Duration, total: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .connect_timeout(connect)
        .timeout(total)
        .redirect(Policy::none())
        .user_agent(concat!("skillbuddy/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The body, unless it is larger than `limit` bytes, decompressed. What is beyond is not read.
pub async fn bounded_body(mut response: Response, limit: usize) -> anyhow::Result<Bytes> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        ensure!(body.len() + chunk.len() <= limit, "the answer is larger than {limit} bytes");
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// Checks the setting `name`: outside development, secrets and keys travel encrypted, or within the machine.
pub fn check_url(name: &str, value: &str, environment: Environment) -> anyhow::Result<()> {
    let url = Url::parse(value).with_context(|| format!("{name} is not a URL"))?;
    let is_safe = url.scheme() == "https" || is_loopback(&url) || environment == Environment::Development;
    ensure!(is_safe, "{name} must begin with https://");
    Ok(())
}

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
