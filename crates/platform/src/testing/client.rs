//! A client that speaks to the whole stack as somebody.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{http::canonical, ids::UserId};

/// Sends requests as one person, or as nobody.
#[derive(Clone)]
pub struct Client {
    pub(super) service: Router,
    pub(super) user: Option<UserId>,
    pub(super) token: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Client {
    /// Who this client speaks as; panics for nobody.
    pub fn id(&self) -> UserId {
        self.user.expect("a signed-in client")
    }

    /// The same client, sending one more header.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The same client with another bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Body::empty()).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some("application/json"), Body::from(body.to_string())).await
    }

    /// PUT with a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some("application/json"), Body::from(body.to_string())).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some("application/json"), Body::from(body.to_string())).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, Body::empty()).await
    }

    /// POST of one file in the multipart field `field`, with further text fields.
    pub async fn upload(
        &self,
        path: &str,
        field: &str,
        file: (&str, &str, &[u8]),
        texts: &[(&str, &str)],
    ) -> Answer {
        let (name, content_type, bytes) = file;
        let mut body = Vec::new();
        for (name, value) in texts {
            body.extend(
                format!("--frontier\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        body.extend(format!("--frontier\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: {content_type}\r\n\r\n").bytes());
        body.extend(bytes);
        body.extend(b"\r\n--frontier--\r\n");
        self.send(Method::POST, path, Some("multipart/form-data; boundary=frontier"), Body::from(body)).await
    }

    /// Any request.
    pub async fn send(&self, method: Method, path: &str, content_type: Option<&str>, body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = canonical(request.body(body).expect("a request"));
        let response = self.service.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; `null` where it is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl std::ops::Index<&str> for Answer {
    type Output = Value;
    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

impl Answer {
    /// Fails the test, showing the body, unless the status is this.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Fails the test unless the request was refused with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text()
        );
        self
    }

    /// What it says of this field; fails the test unless that is why the request was refused with 422.
    #[track_caller]
    pub fn refused_field(self, field: &str) -> String {
        let refused = self.refused(422, "validation_failed");
        let said = refused.body["errors"][field][0].as_str();
        said.unwrap_or_else(|| panic!("nothing of {field} in {}", refused.text())).to_owned()
    }

    /// A string member of the body.
    #[track_caller]
    pub fn str(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no text {name} in {}", self.text())).to_owned()
    }

    /// A header, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Status line and pretty body with ids masked: made to be snapshotted.
    pub fn masked(&self) -> String {
        let mut body = self.body.clone();
        mask(&mut body);
        format!("{}\n{body:#}", self.status)
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::String(text) if uuid::Uuid::parse_str(text).is_ok() => "[id]".clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(mask),
        Value::Object(all) => {
            if all.contains_key("request_id") {
                all.insert("request_id".to_owned(), "[id]".into());
            }
            all.values_mut().for_each(mask);
        }
        _ => {}
    }
}
