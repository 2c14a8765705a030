//! What the tests of both push services share.

use std::collections::BTreeMap;

use jiff::Timestamp;
use platform::{
    ports::push::{DevicePlatform, Push, PushError},
    time::{Clock, Instant},
};
use wiremock::{MockServer, Request};

pub fn now() -> Instant {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap().into()
}

pub fn clock() -> Clock {
    Clock::manual(now())
}

/// A notification that is seen.
pub fn push(platform: DevicePlatform, token: &str) -> Push {
    let data = [("type", "booking"), ("id", "0190"), ("route", "/bookings/0190"), ("v", "1")];
    Push {
        token: token.to_owned(),
        platform,
        title: "Neue Buchung".to_owned(),
        body: "Max möchte am 3. März „Fensterputzen“.".to_owned(),
        data: data.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        collapse_key: Some("booking:0190f7c3-5f1e-7c52-9a64-0f3b8d3e1a2b".to_owned()),
        badge: Some(3),
    }
}

/// One that only the app sees.
pub fn silent(platform: DevicePlatform, token: &str) -> Push {
    let (title, body) = (String::new(), String::new());
    Push { title, body, badge: None, ..push(platform, token) }
}

/// One of text, data and key of such lengths.
pub fn sized(token: &str, body: String, data: usize) -> Push {
    let data = BTreeMap::from([("route".to_owned(), "r".repeat(data))]);
    Push { body, data, ..push(DevicePlatform::Android, token) }
}

/// What came of it, in words.
pub fn said(outcome: Result<String, PushError>) -> String {
    match outcome {
        Ok(name) => format!("taken as {name}"),
        Err(PushError::DeviceGone) => "gone".to_owned(),
        Err(PushError::Later(pause)) => format!("in {} s", pause.as_secs()),
        Err(PushError::Refused(why)) => format!("refused: {why}"),
        Err(PushError::Other(error)) => format!("{error:#}"),
    }
}

/// The requests to `path`, in order.
pub async fn requests(server: &MockServer, path: &str) -> Vec<Request> {
    let mut requests = server.received_requests().await.unwrap();
    requests.retain(|request| request.url.path() == path);
    requests
}
