//! Extractors whose rejections are [`ApiError`]s. Axum's own are banned in `clippy.toml`.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{header, request::Parts},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    error::{ApiError, ApiResult, FieldErrors, Kind},
    json::{self, Nulls},
    locale::{Language, Sentence},
    validation,
};

/// Parts of the path. What does not parse does not exist: 404.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        #[expect(clippy::disallowed_types, reason = "this is the wrapper that the ban points to")]
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_rejection| ApiError::not_found())
    }
}

/// The query string, parsed and past its `garde` rules; keys may repeat for lists.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + garde::Validate<Context = ()>> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> ApiResult<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_html_form::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let value = serde_path_to_error::deserialize(deserializer)
            .map_err(|e| wrong_type(&e.path().to_string(), &e.inner().to_string()))?;
        validation::check(&value)?;
        Ok(Self(value))
    }
}

/// Whether the caller would rather have a PDF file: `Accept` names `application/pdf`, and no other type with a greater
/// weight.
#[derive(Clone, Copy, Debug)]
pub struct WantsPdf(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for WantsPdf {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Ok(Self(header.is_some_and(|accept| prefers(accept, "application/pdf"))))
    }
}

/// The same for a CSV file, `text/csv`.
#[derive(Clone, Copy, Debug)]
pub struct WantsCsv(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for WantsCsv {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Ok(Self(header.is_some_and(|accept| prefers(accept, "text/csv"))))
    }
}

fn prefers(accept: &str, wanted: &str) -> bool {
    let ranges = accept.split(',').map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        (kind, weight.unwrap_or(0.0))
    });
    let (mine, others): (Vec<_>, Vec<_>) = ranges.partition(|(kind, _)| kind == wanted);
    let best = |ranges: &[(String, f32)]| ranges.iter().map(|range| range.1).fold(0.0, f32::max);
    best(&mine) > 0.0 && best(&mine) >= best(&others)
}

/// A JSON body that has been parsed and has passed its `garde` rules.
pub struct Valid<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + garde::Validate<Context = ()>> FromRequest<S> for Valid<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let body = json_body(request, state).await?;
        parse(&body).map(Self)
    }
}

/// A JSON body that may be left out: then everything in it is absent. For requests whose body only explains.
pub struct Brief<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + garde::Validate<Context = ()>> FromRequest<S> for Brief<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let untyped = !request.headers().contains_key(header::CONTENT_TYPE);
        let body = if untyped {
            Bytes::from_request(request, state).await.map_err(ApiError::from)?
        } else {
            json_body(request, state).await?
        };
        let nothing = body.is_empty() || body.trim_ascii() == b"null";
        match (nothing, untyped) {
            (true, _) => parse(b"{}").map(Self),
            (false, true) => Err(ApiError::new(Kind::Unsupported, "unsupported_media_type")),
            (false, false) => parse(&body).map(Self),
        }
    }
}

/// A JSON merge patch (RFC 7386) of the top level: what is absent stays, `null` goes back to the default.
#[derive(Clone)]
pub struct Patch<T> {
    members: BTreeMap<String, Box<RawValue>>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned + garde::Validate<Context = ()>> Patch<T> {
    /// The request that a PUT of the patched `current` would have been, checked by the same rules.
    pub fn apply(self, current: &T) -> ApiResult<T> {
        let current = serde_json::to_string(current).map_err(anyhow::Error::from)?;
        let mut members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(&current).map_err(anyhow::Error::from)?;
        for (name, value) in self.members {
            if value.get() == "null" {
                members.remove(&name);
            } else {
                members.insert(name, value);
            }
        }
        parse(&serde_json::to_vec(&members).map_err(anyhow::Error::from)?)
    }
}

impl<'de, T> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = BTreeMap::deserialize(deserializer)?;
        Ok(Self { members, of: std::marker::PhantomData })
    }
}

impl<S: Send + Sync, T> FromRequest<S> for Patch<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let body = json_body(request, state).await?;
        let members = deserialize(&body, Nulls::KeepOutermost)?;
        Ok(Self { members, of: std::marker::PhantomData })
    }
}

/// The versions in `If-Match`, where it was sent: as an `ETag` has them, or alone.
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// 412 `stale_version` unless the header is absent, `*`, or names `version`.
    pub fn check(&self, version: i32) -> ApiResult<()> {
        let Some(named) = &self.0 else { return Ok(()) };
        let current = version.to_string();
        if named.iter().any(|tag| tag == "*" || *tag == current) {
            Ok(())
        } else {
            Err(ApiError::new(Kind::Stale, "stale_version"))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> ApiResult<Self> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            return Ok(Self(None));
        }
        // What cannot be read matches nothing.
        let lines = parts.headers.get_all(header::IF_MATCH).into_iter().filter_map(|line| line.to_str().ok());
        let version = |tag: &str| {
            let tag = tag.trim().trim_start_matches("W/").trim_matches('"');
            tag.split_once('-').map_or(tag, |(version, _shown)| version).to_owned()
        };
        Ok(Self(Some(lines.flat_map(|line| line.split(',')).map(version).collect())))
    }
}

async fn json_body<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(ApiError::new(Kind::Unsupported, "unsupported_media_type"));
    }
    Bytes::from_request(request, state).await.map_err(ApiError::from)
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            axum::http::StatusCode::PAYLOAD_TOO_LARGE => Self::new(Kind::TooLarge, "payload_too_large"),
            _ => malformed(),
        }
    }
}

/// Reads JSON that came some other way than as a body, and checks its `garde` rules. A member that is `null` says as
/// much as one that is not there.
pub fn parse<T: DeserializeOwned + garde::Validate<Context = ()>>(body: &[u8]) -> ApiResult<T> {
    let value = deserialize(body, Nulls::Omit)?;
    validation::check(&value)?;
    Ok(value)
}

/// The members of a JSON object, but those that are `null`; `None` for what is no object, or names one twice.
pub fn members(text: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_slice(&json::normalize(text, Nulls::Omit)?).ok()
}

fn deserialize<T: DeserializeOwned>(body: &[u8], nulls: Nulls) -> ApiResult<T> {
    let body = json::normalize(body, nulls).ok_or_else(malformed)?;
    if let Some(field) = validation::field_with_nul(&body) {
        return Err(ApiError::invalid_field(field, Sentence::new("field-control_character")));
    }
    // Serde takes a list for an object whose members it has in order.
    if body.starts_with(b"[") {
        return Err(wrong_type("", "an object is expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(&body);
    serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|e| wrong_type(&e.path().to_string(), &e.inner().to_string()))
}

fn malformed() -> ApiError {
    ApiError::new(Kind::Malformed, "malformed_request")
}

/// Serde says in English what is wrong; this finds the field and the sentence for it.
fn wrong_type(path: &str, message: &str) -> ApiError {
    let path = path.trim_start_matches('.').trim_start_matches('?');
    let named = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let (path, key) = match named {
        Some(field) if path.is_empty() || path == "." => (field.to_owned(), "required"),
        Some(field) => (format!("{path}.{field}"), "required"),
        None if message.starts_with("unknown variant") => (path.to_owned(), "unknown_choice"),
        // Types of ours name their sentence themselves; serde_json puts the position behind it.
        None => {
            let word = message.split(" at line").next().unwrap_or_default();
            let known = Language::En.has(&format!("field-{word}"));
            (path.to_owned(), if known { return field_error(path, word) } else { "wrong_type" })
        }
    };
    field_error(&path, key)
}

fn field_error(path: &str, word: &str) -> ApiError {
    let field = path.replace('[', ".").replace(']', "");
    let errors = if field.is_empty() {
        FieldErrors::new()
    } else {
        FieldErrors::from([(field, vec![Sentence::new(format!("field-{word}"))])])
    };
    ApiError::invalid(errors)
}

#[cfg(test)]
mod tests {
    use garde::Validate;
    use serde::Deserialize;

    use super::*;
    use crate::money::Amount;

    #[derive(Debug, Serialize, Deserialize, Validate)]
    struct Offer {
        #[garde(length(chars, min = 1, max = 9))]
        title: String,
        #[garde(skip)]
        price: Amount,
        #[garde(inner(range(min = 1)))]
        #[serde(default)]
        sizes: Vec<u8>,
        #[garde(skip)]
        #[serde(default)]
        size: Size,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    enum Size {
        #[default]
        Small,
    }

    fn refused(body: &str) -> String {
        format!("{:?}", parse::<Offer>(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn errors_name_the_field_and_the_rule() {
        for (body, expected) in [
            (r#"{"title":"a"}"#, "\"price\": [Sentence { key: \"field-required\""),
            (r#"{"title":1,"price":1}"#, "\"title\": [Sentence { key: \"field-wrong_type\""),
            (r#"{"title":"a","price":"x"}"#, "\"price\": [Sentence { key: \"field-invalid_amount\""),
            (r#"{"title":"abcdefghij","price":1}"#, "\"title\": [Sentence { key: \"field-too_long\""),
            (r#"{"title":"a","price":1,"sizes":[1,0]}"#, "\"sizes.1\": [Sentence { key: \"field-too_small\""),
            (r#"{"title":"a\u0000","price":1}"#, "\"title\": [Sentence { key: \"field-control_character\""),
            (r#"{"title":null,"price":1}"#, "\"title\": [Sentence { key: \"field-required\""),
            (
                r#"{"title":"a","price":1,"sizes":[null]}"#,
                "\"sizes.0\": [Sentence { key: \"field-wrong_type\"",
            ),
            (
                r#"{"title":"a","price":1,"sizes":[1e999]}"#,
                "\"sizes.0\": [Sentence { key: \"field-wrong_type\"",
            ),
            (r#"{"title":"a","price":1,"size":7}"#, "\"size\": [Sentence { key: \"field-wrong_type\""),
            (r#"{"title":"a","title":"a","price":1}"#, "Malformed"),
            (r#"{"title":"a","price":1,"unknown":{"a":1,"a":2}}"#, "Malformed"),
            (r#"{"title":"a","price":1"#, "Malformed"),
            (r#"{"title":"a","price":1}x"#, "Malformed"),
        ] {
            let error = refused(body);
            assert!(error.contains(expected), "{body}: {error}");
        }
        let offer: Offer = parse(br#"{"title":"a","price":1,"size":null,"sizes":null}"#).unwrap();
        assert!(matches!(offer.size, Size::Small) && offer.sizes.is_empty());
        assert!(parse::<Offer>(br#"{"title":"a\\u0000","price":49.9}"#).is_ok());
    }

    #[test]
    fn a_pdf_is_for_those_who_ask_for_it() {
        for (accept, wanted) in [
            ("application/pdf", true),
            ("Application/PDF; q=0.5", true),
            ("application/pdf, */*;q=0.1", true),
            ("application/json, application/pdf;q=0.9", false),
            ("*/*", false),
            ("application/pdf;q=0", false),
            ("application/pdf;q=x", false),
            ("", false),
        ] {
            assert_eq!(prefers(accept, "application/pdf"), wanted, "{accept}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let current: Offer = parse(br#"{"title":"old","price":49.90,"sizes":[1,2]}"#).unwrap();
        let members = deserialize(br#"{"title":"new","sizes":null}"#, Nulls::KeepOutermost).unwrap();
        let patched = Patch { members, of: std::marker::PhantomData }.apply(&current).unwrap();
        assert_eq!(
            (patched.title.as_str(), patched.price.hundredths(), patched.sizes.len()),
            ("new", 4990, 0)
        );
    }
}
