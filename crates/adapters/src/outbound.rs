//! Calls to the outside: one client with time limits, answers of bounded size, no redirects.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use platform::{config::Environment, time::Instant};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{self, HeaderMap},
    redirect::Policy,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);
/// A payer waits, and gets an answer in 8 seconds.
const GATEWAY_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(7);
const USUAL_PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 60 * 60;
/// The longest code that we know has half of it.
const MAX_CODE: usize = 50;

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

/// Whether an answer only means: not now.
pub fn asks_to_wait(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// How long an answer asks to wait, in seconds or until a date; a minute where it does not say, never over an hour.
pub fn pause(headers: &HeaderMap, now: Instant) -> Duration {
    let said = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let until = |date: &str| {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
        Some(Instant::from(at).since(now).as_secs())
    };
    let seconds = said.parse().ok().or_else(|| until(said)).unwrap_or(USUAL_PAUSE);
    Duration::from_secs(seconds.clamp(1, LONGEST_PAUSE).unsigned_abs())
}

/// A service's error code for a log: what does not look like one is not repeated.
pub fn code(said: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let is_code = said.len() <= MAX_CODE && said.bytes().all(is_plain);
    if is_code { said.to_owned() } else { String::new() }
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::absent(None, 60)]
    #[case::seconds(Some("7"), 7)]
    #[case::none(Some("0"), 1)]
    #[case::negative(Some("-5"), 1)]
    #[case::too_long(Some("86400"), 3600)]
    #[case::date(Some("Mon, 02 Mar 2026 09:02:00 GMT"), 120)]
    #[case::past(Some("Mon, 02 Mar 2026 08:00:00 GMT"), 1)]
    #[case::far(Some("Tue, 02 Mar 2027 09:00:00 GMT"), 3600)]
    #[case::senseless(Some("soon"), 60)]
    #[case::huge(Some("99999999999999999999999"), 60)]
    fn a_pause_is_what_the_answer_says_within_bounds(#[case] said: Option<&str>, #[case] seconds: u64) {
        let now: jiff::Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let headers = said.map(|said| (header::RETRY_AFTER, said.parse().unwrap())).into_iter().collect();
        assert_eq!(pause(&headers, now.into()), Duration::from_secs(seconds));
    }

    #[test]
    fn a_code_is_repeated_only_where_it_is_one() {
        assert_eq!(code("UNREGISTERED"), "UNREGISTERED");
        for other in ["to max@example.com", "a\nb", &"x".repeat(51)] {
            assert_eq!(code(other), "");
        }
    }
}
