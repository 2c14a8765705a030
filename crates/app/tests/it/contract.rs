//! The document says what the app relies on, and is committed as it is.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

/// The calls of the contract that are built so far, one a line: method and path.
const CALLS: &str = include_str!("calls.txt");

fn document() -> Value {
    app::router::document().unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    })
}

#[test]
fn every_call_of_the_contract_is_documented() {
    let document = document();
    let documented: BTreeSet<String> = operations(&document).map(|(call, _)| call).collect();
    let missing: Vec<&str> = CALLS.lines().filter(|call| !documented.contains(*call)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_operation_is_explained() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (call, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{call} has no operationId"));
        assert!(ids.insert(id.to_owned()), "{id} stands for two operations");
        assert!(
            operation["summary"].is_string() || operation["description"].is_string(),
            "{call} is not explained"
        );
        assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{call} has no tag");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                response["description"].as_str().is_some_and(|d| !d.is_empty()),
                "{call} {status} is not explained"
            );
        }
    }
}

#[test]
fn the_committed_document_is_the_present_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let present = format!("{:#}\n", document());
    assert!(committed == present, "docs/openapi.json is old: `skillbuddy openapi > docs/openapi.json`");
}
