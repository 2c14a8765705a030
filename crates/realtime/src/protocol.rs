//! The frames of the socket, both ways: JSON objects with a `type`.

use axum::extract::ws::Utf8Bytes;
use platform::{
    error::{ApiError, ApiResult, Problem},
    ids::{ConversationId, SessionId, UserId},
    locale::Language,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest frame, in bytes, whole or in fragments.
pub const LARGEST: usize = 64 * 1024;

/// Why the server closes a socket, beyond the standard's codes: the numbers are those of HTTP, plus 4000.
pub mod close {
    /// The server goes away, or restarts; come back.
    pub const RESTART: u16 = 1012;
    /// Frames are text.
    pub const UNSUPPORTED: u16 = 1003;
    /// Text is UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// Against RFC 6455.
    pub const PROTOCOL: u16 = 1002;
    /// Larger than [`super::LARGEST`].
    pub const TOO_BIG: u16 = 1009;
    /// A fault of ours; come back.
    pub const INTERNAL: u16 = 1011;
    /// Nobody is signed in, not in time, or not any more.
    pub const UNAUTHENTICATED: u16 = 4401;
    /// The client does not read, or does not answer.
    pub const SLOW: u16 = 4408;
    /// Too much, or from too many places.
    pub const TOO_MANY: u16 = 4429;
}

/// What a client may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
pub enum Verb {
    /// Signs in, or renews a token that ends.
    #[strum(serialize = "auth")]
    Auth,
    /// Asks for what was missed.
    #[strum(serialize = "resume")]
    Resume,
    /// Asks whether anybody is there.
    #[strum(serialize = "ping")]
    Ping,
    /// Writes a message.
    #[strum(serialize = "message.send")]
    MessageSend,
    /// Has read a conversation.
    #[strum(serialize = "message.read")]
    MessageRead,
    /// Writes just now.
    #[strum(serialize = "typing")]
    Typing,
    /// Wants to know who is here.
    #[strum(serialize = "presence.watch")]
    PresenceWatch,
}

/// A frame of a client: what it says, and its members without `type` and `ref`.
#[derive(Debug)]
pub struct Said {
    /// What.
    pub verb: Verb,
    /// The client's own name for the frame; the answer carries it.
    pub reference: Option<String>,
    /// The rest.
    pub members: Map<String, Value>,
}

impl Said {
    /// Reads a frame. 400 `malformed_request` for what is no object, 422 `frame_unknown` for an unknown type.
    pub fn parse(text: &str) -> ApiResult<Self> {
        let malformed = || ApiError::new(platform::error::Kind::Malformed, "malformed_request");
        let mut members = platform::extract::members(text.as_bytes()).ok_or_else(malformed)?;
        let reference = match members.remove("ref") {
            None => None,
            Some(Value::String(name)) if name.len() <= 64 => Some(name),
            Some(_) => return Err(malformed()),
        };
        let verb = members.remove("type");
        let verb = verb.as_ref().and_then(Value::as_str).ok_or_else(malformed)?;
        let unknown = |_e| ApiError::new(platform::error::Kind::Invalid, "frame_unknown");
        Ok(Self { verb: verb.parse().map_err(unknown)?, reference, members })
    }

    /// The client's name for a message that it wants to send.
    pub fn client_message_id(&self) -> Option<String> {
        self.members.get("client_message_id").and_then(Value::as_str).map(str::to_owned)
    }

    /// The members as what this verb takes, checked.
    pub fn into<T: serde::de::DeserializeOwned + garde::Validate<Context = ()>>(self) -> ApiResult<T> {
        let text = serde_json::to_vec(&self.members).map_err(anyhow::Error::from)?;
        platform::extract::parse(&text)
    }
}

/// `auth`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// An access token.
    #[garde(length(bytes, min = 1, max = 4096))]
    pub token: String,
    /// Events after this one were missed.
    #[garde(range(min = 0))]
    pub last_event_id: Option<i64>,
}

/// `resume`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The last event that the client has; 0 for none.
    #[garde(range(min = 0))]
    pub last_event_id: i64,
}

/// `ping`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

/// `message.read`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct MessageRead {
    /// Which conversation.
    #[garde(skip)]
    pub conversation_id: ConversationId,
    /// Up to which message.
    #[garde(range(min = 0))]
    pub up_to_seq: i64,
}

/// `typing`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// Where.
    #[garde(skip)]
    pub conversation_id: ConversationId,
    /// Or has stopped.
    #[garde(skip)]
    #[serde(default = "yes")]
    pub is_typing: bool,
}

fn yes() -> bool {
    true
}

/// `presence.watch`.
#[derive(Deserialize, garde::Validate)]
#[serde(deny_unknown_fields)]
pub struct PresenceWatch {
    /// Whose presence; those of an earlier frame are not watched any more.
    #[garde(length(max = 200))]
    pub user_ids: Vec<UserId>,
}

/// What the server says that is not in the log.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer<'a> {
    /// Signed in: frames are heard from now on.
    Ready { session: SessionId, last_event_id: i64 },
    /// The frame was heard, and is done.
    Ack {
        of: &'static str,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<Value>,
    },
    /// The frame was refused; nothing was done.
    Error {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_message_id: Option<&'a str>,
        error: Problem,
    },
    /// Somebody is here.
    Pong {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        at: Instant,
    },
    /// The token ends soon: send another in an `auth` frame.
    RefreshRequired { expires_at: Instant },
}

impl Answer<'_> {
    /// As text.
    pub fn text(&self) -> Utf8Bytes {
        // Strings and numbers only: it can always be written.
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

/// The error frame for a frame that was refused.
pub fn refusal(
    error: &ApiError,
    reference: Option<&str>,
    client_message_id: Option<&str>,
    (language, request_id): (Language, &str),
) -> Utf8Bytes {
    let error = error.problem(language, request_id);
    Answer::Error { reference, client_message_id, error }.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_objects_with_a_known_type() {
        let code = |text: &str| Said::parse(text).unwrap_err().code();
        for text in [
            "",
            "[]",
            "7",
            "{",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"ping","ref":7}"#,
            r#"{"type":"ping","type":"ping"}"#,
            r#"{"type":"message.send","media":{"a":1,"a":1}}"#,
        ] {
            assert_eq!(code(text), "malformed_request", "{text}");
        }
        assert_eq!(code(r#"{"type":"shout"}"#), "frame_unknown");
        let said = Said::parse(r#"{"type":"resume","ref":"a","last_event_id":5}"#).unwrap();
        assert_eq!((said.verb, said.reference.as_deref()), (Verb::Resume, Some("a")));
        assert_eq!(said.into::<Resume>().unwrap().last_event_id, 5);
    }

    #[test]
    fn members_are_checked() {
        let code = |text: &str| Said::parse(text).unwrap().into::<Resume>().err().unwrap().code();
        for members in
            ["", r#","last_event_id":-1"#, r#","last_event_id":"1""#, r#","last_event_id":1,"x":1"#]
        {
            assert_eq!(code(&format!(r#"{{"type":"resume"{members}}}"#)), "validation_failed", "{members}");
        }
    }
}
