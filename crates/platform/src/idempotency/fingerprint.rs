//! What makes two requests the same.

use axum::{
    body::Bytes,
    http::{header, request::Parts},
};

use crate::crypto::Secrets;

/// Equal for equal requests. A multipart boundary is chosen anew for every try, so it does not count.
pub(super) fn fingerprint(secrets: &Secrets, parts: &Parts, body: &Bytes) -> Vec<u8> {
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (essence, boundary) = split_boundary(content_type);
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut pieces = vec![essence.as_bytes(), query];
    let Some(boundary) = boundary else {
        pieces.push(body);
        return secrets.fingerprint(&pieces);
    };
    let mut rest: &[u8] = body;
    while let Some(at) = find(rest, boundary.as_bytes()) {
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after.get(boundary.len()..).unwrap_or_default();
    }
    pieces.push(rest);
    secrets.fingerprint(&pieces)
}

/// A content type before its boundary, and the boundary.
fn split_boundary(content_type: &str) -> (&str, Option<&str>) {
    let name = "boundary=";
    let Some(at) = content_type.to_ascii_lowercase().find(name) else { return (content_type, None) };
    let (essence, rest) = content_type.split_at(at);
    let value = rest.get(name.len()..).unwrap_or_default();
    let value = value.split(';').next().unwrap_or_default().trim().trim_matches('"');
    (essence, Some(value).filter(|value| !value.is_empty()))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_found_however_it_is_written() {
        for content_type in [
            "multipart/form-data; boundary=abc",
            "multipart/form-data; Boundary=\"abc\"",
            "multipart/form-data; boundary=abc; charset=utf-8",
        ] {
            assert_eq!(
                split_boundary(content_type),
                ("multipart/form-data; ", Some("abc")),
                "{content_type}"
            );
        }
        assert_eq!(split_boundary("application/json"), ("application/json", None));
        assert_eq!(split_boundary("multipart/form-data; boundary="), ("multipart/form-data; ", None));
    }
}
