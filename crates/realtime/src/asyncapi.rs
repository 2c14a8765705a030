//! The document of the socket: AsyncAPI 3.0, with the shapes that the OpenAPI document has already.

use platform::stream::Kind;
use serde_json::{Map, Value, json};
use strum::VariantArray as _;

use crate::protocol::{LARGEST, Verb, close};

/// The whole document; `openapi` has the shapes of what events carry.
pub fn document(openapi: &Value) -> Value {
    let (mut messages, mut schemas) = (Map::new(), Map::new());
    let said: Vec<String> = Verb::VARIANTS.iter().map(|verb| said(*verb, &mut messages)).collect();
    let mut told: Vec<String> = Kind::VARIANTS.iter().map(|kind| event(*kind, &mut messages)).collect();
    told.extend(answers(&mut messages));
    for message in messages.values() {
        take_schemas(message, openapi, &mut schemas);
    }
    let names = |names: &[String]| -> Map<String, Value> {
        let reference = |name: &String| json!({"$ref": format!("#/components/messages/{name}")});
        names.iter().map(|name| (name.clone(), reference(name))).collect()
    };
    let of_channel = |names: &[String]| -> Vec<Value> {
        names.iter().map(|name| json!({"$ref": format!("#/channels/socket/messages/{name}")})).collect()
    };
    let all = [said.clone(), told.clone()].concat();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "SkillBuddy, live",
            "version": env!("CARGO_PKG_VERSION"),
            "description": about(),
            "license": {"name": "Proprietary"},
            "contact": {"name": "SkillBuddy", "url": "https://skillbuddy.app"},
        },
        "defaultContentType": "application/json",
        "servers": {"here": {"host": "localhost:8000", "protocol": "wss", "description": "The server of the API"}},
        "channels": {"socket": {
            "address": "/ws/",
            "title": "The socket",
            "description": "One per device. JSON texts with a `type`, at most 64 KiB each.",
            "messages": names(&all),
            "bindings": {"ws": {"query": {"type": "object", "properties": {
                "ticket": {"type": "string", "description": "From POST /ws/ticket/: good once, for 30 seconds."},
                "last_event_id": {"type": "integer", "minimum": 0,
                    "description": "Events after this one were missed, and come first."},
            }}}},
        }},
        "operations": {
            "hear": {"action": "receive", "channel": {"$ref": "#/channels/socket"}, "messages": of_channel(&said),
                "summary": "What a client may say"},
            "tell": {"action": "send", "channel": {"$ref": "#/channels/socket"}, "messages": of_channel(&told),
                "summary": "What the server says"},
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

fn about() -> String {
    format!(
        "Sign in with the `Authorization` header, with `?ticket=`, or with a first frame `auth`; nothing flows before. \
         Events have an `id` that grows by one for each person: after a break, say `resume` with the last one that you \
         have, and everything after it comes once and in order, or `resync` says to read anew. Answers carry the `ref` \
         of the frame that they answer. Closing codes: {} restart or {} fault, come back within 0.5 to 30 seconds; {} \
         frames are text; {} too big (over {LARGEST} bytes); {} not signed in, or not any more; {} too slow, resume; \
         {} too many frames (20 a second) or connections (10 a person).",
        close::RESTART,
        close::INTERNAL,
        close::UNSUPPORTED,
        close::TOO_BIG,
        close::UNAUTHENTICATED,
        close::SLOW,
        close::TOO_MANY,
    )
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A frame of a client, by its verb.
fn said(verb: Verb, messages: &mut Map<String, Value>) -> String {
    let id = json!({"type": "string", "format": "uuid"});
    let number = json!({"type": "integer", "minimum": 0});
    let (summary, mut members, required): (&str, Value, &[&str]) = match verb {
        Verb::Auth => (
            "Signs in, or renews a token that ends",
            json!({"token": {"type": "string", "minLength": 1, "maxLength": 4096}, "last_event_id": number}),
            &["token"],
        ),
        Verb::Resume => ("Asks for what was missed", json!({"last_event_id": number}), &["last_event_id"]),
        Verb::Ping => ("Asks whether anybody is there", json!({}), &[]),
        Verb::MessageSend => (
            "Writes a message; the same client_message_id never makes two",
            json!({"conversation_id": id, "content": {"type": "string"}, "client_message_id": {"type": "string"}}),
            &["conversation_id", "client_message_id"],
        ),
        Verb::MessageRead => (
            "Has read a conversation up to a message",
            json!({"conversation_id": id, "up_to_seq": number}),
            &["conversation_id", "up_to_seq"],
        ),
        Verb::Typing => (
            "Writes just now",
            json!({"conversation_id": id, "is_typing": {"type": "boolean", "default": true}}),
            &["conversation_id"],
        ),
        Verb::PresenceWatch => (
            "Whose coming and going to be told of; those of an earlier frame are not watched any more",
            json!({"user_ids": {"type": "array", "items": id, "maxItems": 200}}),
            &["user_ids"],
        ),
    };
    let name = <&str>::from(verb);
    if let Some(members) = members.as_object_mut() {
        members.insert("type".into(), json!({"const": name}));
        members.insert("ref".into(), json!({"type": "string", "maxLength": 64}));
    }
    let required = [&["type"], required].concat();
    message(name, summary, &object(&members, &required), messages)
}

/// An event.
fn event(kind: Kind, messages: &mut Map<String, Value>) -> String {
    let id = || json!({"type": "string", "format": "uuid"});
    let seq = || json!({"type": "integer"});
    let (summary, data) = match kind {
        Kind::MessageCreated => ("Somebody wrote", json!({"$ref": "#/components/schemas/Message"})),
        Kind::MessageUpdated => {
            ("A message was edited, or reacted to", json!({"$ref": "#/components/schemas/Message"}))
        }
        Kind::MessageDeleted => ("A message was taken back", json!({"$ref": "#/components/schemas/Message"})),
        Kind::MessageRead | Kind::MessageDelivered => (
            "Messages up to one were read by, or reached, somebody",
            json!({"type": "object", "properties":
                {"conversation_id": id(), "user_id": id(), "up_to_seq": seq()}}),
        ),
        Kind::BookingUpdated | Kind::JobRequested => (
            "A booking has changed, or a provider has to answer",
            json!({"type": "object", "properties": {"booking_id": id(), "service_id": id(), "customer_id": id(),
                "provider_id": id(), "event": {"type": "string"}, "status": {"type": "string"},
                "sub_status": {"type": "string"}, "version": seq(), "by": {"type": "string"},
                "starts_at": {"type": "string", "format": "date-time"}}}),
        ),
        Kind::PaymentUpdated => (
            "A payment has changed",
            json!({"type": "object", "properties": {"payment_id": id(), "booking_id": {"type": ["string", "null"]},
                "status": {"type": "string"}, "failure_code": {"type": ["string", "null"]}}}),
        ),
        Kind::NotificationCreated => (
            "There is something new in the list of notifications",
            json!({"$ref": "#/components/schemas/Notification"}),
        ),
    };
    let name = <&str>::from(kind);
    let members = json!({"id": {"type": "integer", "minimum": 1}, "type": {"const": name},
        "at": {"type": "string", "format": "date-time"}, "data": data});
    message(name, summary, &object(&members, &["id", "type", "at", "data"]), messages)
}

/// What the server says that is no event.
fn answers(messages: &mut Map<String, Value>) -> Vec<String> {
    let (text, number, id) = (
        json!({"type": "string"}),
        json!({"type": "integer", "minimum": 0}),
        json!({"type": "string", "format": "uuid"}),
    );
    let when = json!({"type": "string", "format": "date-time"});
    let answers = [
        ("ready", "Signed in", json!({"session": id, "last_event_id": number})),
        (
            "ack",
            "Done",
            json!({"of": text, "ref": text, "message": {"$ref": "#/components/schemas/Message"}}),
        ),
        (
            "error",
            "Refused; nothing was done",
            json!({"ref": text, "client_message_id": text, "error": {"$ref": "#/components/schemas/Problem"}}),
        ),
        ("pong", "Somebody is here", json!({"ref": text, "at": when})),
        (
            "resync",
            "What was missed cannot be told: read anew, and go on from here",
            json!({"last_event_id": number}),
        ),
        ("refresh_required", "The token ends soon: send another in `auth`", json!({"expires_at": when})),
        (
            "typing",
            "The other one writes just now; it is over 6 seconds after the last of these",
            json!({"data": {"type": "object", "properties":
                {"conversation_id": id, "user_id": id, "is_typing": {"type": "boolean"}}}}),
        ),
        (
            "presence",
            "Somebody came or went",
            json!({"data": {"type": "object", "properties":
                {"user_id": id, "status": {"enum": ["online", "offline"]}}}}),
        ),
    ];
    let add = |(name, summary, mut members): (&str, &str, Value)| {
        if let Some(members) = members.as_object_mut() {
            members.insert("type".into(), json!({"const": name}));
        }
        let answer = if name == "typing" { "typing.other" } else { name };
        message(answer, summary, &object(&members, &["type"]), messages)
    };
    answers.into_iter().map(add).collect()
}

fn message(name: &str, summary: &str, payload: &Value, messages: &mut Map<String, Value>) -> String {
    let key = name.replace('.', "_");
    let message = json!({"name": name, "title": name, "summary": summary, "payload": payload});
    messages.insert(key.clone(), message);
    key
}

/// Copies the shapes that are referred to, and those that they refer to.
fn take_schemas(value: &Value, openapi: &Value, schemas: &mut Map<String, Value>) {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|name| name.strip_prefix("#/components/schemas/"))
                && !schemas.contains_key(name)
                && let Some(schema) = openapi.pointer(&format!("/components/schemas/{name}"))
            {
                schemas.insert(name.to_owned(), schema.clone());
                take_schemas(schema, openapi, schemas);
            }
            for member in members.values() {
                take_schemas(member, openapi, schemas);
            }
        }
        Value::Array(items) => {
            for item in items {
                take_schemas(item, openapi, schemas);
            }
        }
        _ => {}
    }
}
