//! Every code has a sentence, and is listed where people look for it.

use std::path::Path;

use platform::locale::{Language, keys};

/// Beginnings of keys that are no error codes.
const NOT_CODES: [&str; 12] = [
    "chat-",
    "field-",
    "mail-",
    "message-",
    "month-",
    "notification-",
    "page-",
    "receipt-",
    "sms-",
    "socket-",
    "start-",
    "statement-",
];

fn codes() -> Vec<String> {
    keys(Language::En)
        .into_iter()
        .filter(|key| !NOT_CODES.iter().any(|start| key.starts_with(start)))
        .collect()
}

#[test]
fn every_code_is_listed_in_the_documentation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api-design.md");
    let page = std::fs::read_to_string(path).unwrap();
    let missing: Vec<String> =
        codes().into_iter().filter(|code| !page.contains(&format!("| `{code}` |"))).collect();
    assert!(missing.is_empty(), "docs/api-design.md does not list {missing:#?}");
}
