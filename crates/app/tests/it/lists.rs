//! Every list has the same envelope and the same ways to walk it.

use std::collections::BTreeSet;

use serde_json::Value;

/// Answers with `results` that are no list.
const NO_LISTS: [&str; 0] = [];

fn properties<'a>(document: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    let target =
        schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
    let schema = target.unwrap_or(schema);
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn every_list_has_the_envelope_and_pages() {
    let document = app::router::document().unwrap();
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema["type"] != "array", "{path} answers a bare list");
        let members = properties(&document, schema);
        if !members.contains("results") || NO_LISTS.contains(&path.as_str()) {
            continue;
        }
        lists += 1;
        for name in ["count", "count_exact", "next", "previous"] {
            assert!(members.contains(name), "{path} says no {name}");
        }
        let parameters: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        for name in ["page", "page_size"] {
            assert!(parameters.contains(name), "{path} takes no {name}");
        }
    }
    assert!(lists > 25, "only {lists} lists");
}
