//! What the messages to all push services have in common: they are small, and some are seen by nobody.

use platform::{
    crypto,
    ports::push::{Push, PushError},
};
use serde_json::Value;

/// What Apple and Google pass on. Ours count whole, so that there is room for what the services add.
const LIMIT: usize = 4096;
const ELLIPSIS: &str = "…";

/// Whether nobody sees it: then only the app is told.
pub fn is_silent(push: &Push) -> bool {
    push.title.is_empty() && push.body.is_empty()
}

/// The message that `write` makes of the body, shortened so far that it can be sent.
pub fn fitting(body: &str, write: impl Fn(&str) -> Value) -> Result<String, PushError> {
    let write = |body: &str| without_nulls(write(body)).to_string();
    let whole = write(body);
    if whole.len() <= LIMIT {
        return Ok(whole);
    }
    let room = LIMIT.checked_sub(write(ELLIPSIS).len());
    let mut room =
        room.ok_or_else(|| PushError::Refused("it is too large even without its body".to_owned()))?;
    let kept: String = body
        .chars()
        .map_while(|c| {
            room = room.checked_sub(written(c))?;
            Some(c)
        })
        .collect();
    Ok(write(&format!("{}{ELLIPSIS}", kept.trim_end())))
}

/// How many bytes a character takes in JSON.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}

/// A collapse key where at most `max` bytes are allowed, 32 or more: a longer one is hashed.
pub fn collapse_id(key: &str, max: usize) -> String {
    if key.len() <= max { key.to_owned() } else { hashed(key) }
}

/// A collapse key as the header `Topic` of a push to a browser, which takes little (RFC 8030).
pub fn topic(key: &str) -> String {
    let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_plain && (1..=32).contains(&key.len()) { key.to_owned() } else { hashed(key) }
}

/// 32 letters of the URL-safe alphabet.
fn hashed(key: &str) -> String {
    use base64::Engine as _;
    let mut hash = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(crypto::sha256(key.as_bytes()));
    hash.truncate(32);
    hash
}

/// What is absent is not written.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}
