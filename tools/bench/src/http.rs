//! As much of HTTP/1.1 as a load generator needs: requests as bytes, and where an answer ends.

use anyhow::{Context as _, Result, bail};

/// An answer's first lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its status.
    pub status: u16,
    /// How many bytes of the buffer the head takes.
    pub length: usize,
    /// How many bytes follow it.
    pub body: usize,
}

/// Reads the head of an answer; nothing where it is not complete yet.
pub fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let (lines, _) = bytes.split_at(end);
    let mut lines = lines.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next().unwrap_or_default();
    let status = first.split(|byte| *byte == b' ').nth(1).and_then(number);
    let status = status.with_context(|| format!("not HTTP: {:?}", String::from_utf8_lossy(first)))?;
    let mut body = None;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.trim_ascii_start().strip_prefix(b":").unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            body = number(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            bail!("the answer comes in chunks, which this generator does not read");
        }
    }
    let has_none = status == 204 || status == 304;
    let body = if has_none { Some(0) } else { body };
    let body = body.context("the answer does not say how long it is")?;
    Ok(Some(Head { status: u16::try_from(status)?, length: end + 4, body }))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Writes a GET.
pub fn get(out: &mut Vec<u8>, path: &str, token: Option<&str>) {
    out.extend_from_slice(b"GET ");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n");
    authorize(out, token);
    out.extend_from_slice(b"\r\n");
}

/// Writes a POST of JSON.
pub fn post(out: &mut Vec<u8>, path: &str, token: Option<&str>, body: &str) {
    out.extend_from_slice(b"POST ");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n");
    authorize(out, token);
    out.extend_from_slice(b"content-type: application/json\r\ncontent-length: ");
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body.as_bytes());
}

fn authorize(out: &mut Vec<u8>, token: Option<&str>) {
    if let Some(token) = token {
        out.extend_from_slice(b"authorization: Bearer ");
        out.extend_from_slice(token.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Escapes what may stand in a query string only escaped.
pub fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_where_it_ends() {
        let answer =
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{}";
        let known = head(answer).unwrap().unwrap();
        assert_eq!((known.status, known.length, known.body), (201, answer.len() - 2, 12));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\ncontent-le").unwrap(), None);
        assert_eq!(head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap().body, 0);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(head(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn words_are_escaped_byte_by_byte() {
        assert_eq!(escape("piano für 2"), "piano%20f%C3%BCr%202");
    }
}
