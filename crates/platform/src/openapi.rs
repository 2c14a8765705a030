//! Completes the OpenAPI document: what is true of every operation is added to it in one place, so that a
//! handler declares only what is special about it.
#![expect(
    clippy::indexing_slicing,
    reason = "`Value[\"name\"]` gives null where there is none, and makes it where it is written"
)]

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::idempotency::takes_key;

/// Adds to each operation the refusals that follow from its shape, common headers, and the security scheme.
/// Handlers declare their own 2xx and the refusals of their rules (403, 404, 409, 410 …).
pub fn complete(mut document: Value) -> Value {
    document["components"]["securitySchemes"] = json!({"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The access token of POST /auth/signin/."}});
    let paths = document["paths"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let paths = paths.into_iter().map(|(path, mut item)| {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if ["get", "put", "post", "delete", "patch"].contains(&method.as_str()) {
                complete_operation(&path, method, operation);
            }
        }
        (path, item)
    });
    document["paths"] = Value::Object(paths.collect());
    require_fields_of_answers(&mut document);
    allow_null_for_absent_fields(&mut document);
    document
}

/// `null` says the same as leaving a field out in what is posted and put (`json::Nulls`); the derived schema says
/// so only of fields that have no value where they are absent.
fn allow_null_for_absent_fields(document: &mut Value) {
    let mut sent = BTreeSet::new();
    for item in document["paths"].as_object().into_iter().flat_map(|paths| paths.values()) {
        for operation in ["post", "put"].iter().filter_map(|method| item.get(method)) {
            collect_schemas(document, &operation["requestBody"]["content"]["application/json"], &mut sent);
        }
    }
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| sent.contains(*name)) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, field) in fields.into_iter().flatten() {
            if !required.iter().any(|required| required == name) {
                allow_null(field);
            }
        }
    }
}

fn allow_null(field: &mut Value) {
    if let Some(kind) = field["type"].as_str().filter(|kind| *kind != "null").map(str::to_owned) {
        field["type"] = json!([kind, "null"]);
    } else if let Some(reference) = field.as_object_mut().and_then(|field| field.remove("$ref")) {
        field["oneOf"] = json!([{"$ref": reference}, {"type": "null"}]);
    }
}

/// Answers write all of their fields, `null` where there is nothing; the derived schema calls those that may be
/// `null` optional, as is right for requests alone.
fn require_fields_of_answers(document: &mut Value) {
    let mut requested = BTreeSet::new();
    for operation in document["paths"].as_object().into_iter().flat_map(|paths| paths.values()) {
        for operation in operation.as_object().into_iter().flat_map(|item| item.values()) {
            collect_schemas(document, &operation["requestBody"], &mut requested);
            collect_schemas(document, &operation["parameters"], &mut requested);
        }
    }
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| !requested.contains(*name)) {
        require_all_fields(schema);
        for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            require_all_fields(part);
        }
    }
}

/// The names of the schemas that a part of the document refers to, and those that they refer to in turn.
fn collect_schemas(document: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next());
            if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                collect_schemas(document, &document["components"]["schemas"][name], found);
            }
            fields.values().for_each(|field| collect_schemas(document, field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_schemas(document, item, found)),
        _ => {}
    }
}

fn require_all_fields(schema: &mut Value) {
    let Some(fields) = schema["properties"].as_object() else { return };
    let names: Vec<Value> = fields.keys().map(|name| Value::from(name.as_str())).collect();
    schema["required"] = Value::from(names);
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let has_query = parameters(operation).any(|p| p["in"] == "query");
    let is_secured = operation.get("security").is_some_and(|s| s.as_array().is_some_and(|s| !s.is_empty()));
    if !is_secured {
        // Said aloud: nobody forgot it.
        operation["security"] = json!([]);
    }
    let mut refusals: Vec<(&str, &str)> = vec![
        ("414", "The address is longer than 8 KiB."),
        ("422", "Some values are not valid."),
        ("429", "Too many requests."),
        ("503", "Try again in a moment."),
    ];
    if has_body || has_query {
        refusals.push(("400", "The request cannot be parsed."));
    }
    if has_body {
        refusals.push(("413", "The body is too large."));
        refusals.push(("415", "The content type is not accepted."));
    }
    if is_secured {
        refusals.push(("401", "No token, or one that is not good any more."));
    }
    if path.contains('{') {
        refusals.push(("404", "It does not exist, or you may not know that it does."));
    }
    if method == "post" && takes_key(path) {
        refusals.push((
            "409",
            "The first request with this Idempotency-Key is still running, or the state forbids it.",
        ));
        add_parameter(
            operation,
            json!({"name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Repeats of the request with the same key get the first answer again, for 24 hours, with \
                `Idempotency-Replayed: true`; another request with the key is 422 `idempotency_key_reused`.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}}),
        );
    }
    add_parameter(
        operation,
        json!({"name": "lang", "in": "query", "required": false,
        "description": "The language of the answer; else the account's, else Accept-Language, else English.",
        "schema": {"type": "string", "enum": ["en", "de", "it"]}}),
    );
    // An empty parameter counts as absent.
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] != true {
            parameter["allowEmptyValue"] = Value::Bool(true);
        }
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, description) in refusals {
        responses.entry(status).or_insert_with(|| json!({"description": description}));
    }
    for (status, response) in responses.iter_mut() {
        complete_response(status, response);
    }
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation.get("parameters").and_then(Value::as_array).into_iter().flatten()
}

fn add_parameter(operation: &mut Value, parameter: Value) {
    if parameters(operation).any(|p| p["name"] == parameter["name"]) {
        return;
    }
    match operation["parameters"].as_array_mut() {
        Some(all) => all.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn complete_response(status: &str, response: &mut Value) {
    // Pages for people say so themselves.
    if status.starts_with(['4', '5']) && response.get("content").is_none() {
        response["content"] =
            json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    }
    let mut headers = response["headers"].as_object().cloned().unwrap_or_default();
    let mut add = |name: &str, description: &str, kind: &str| {
        let header = json!({"description": description, "schema": {"type": kind}});
        headers.entry(name).or_insert(header);
    };
    add("X-Request-Id", "Quote it when you ask us.", "string");
    match status {
        "429" | "503" => add("Retry-After", "Seconds to wait.", "integer"),
        "401" => add("WWW-Authenticate", "RFC 6750.", "string"),
        _ => {}
    }
    response["headers"] = Value::Object(Map::from_iter(headers));
}
