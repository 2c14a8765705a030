//! Every operation of the API refuses a caller without a token, or is listed in the snapshot on purpose.

use std::{fmt::Write as _, sync::Arc};

use axum::{body::Body, http::Method};
use platform::{jobs::Registry, testing::TestApp};
use serde_json::Value;

const SOME_ID: &str = "00000000-0000-7000-8000-000000000000";

async fn start() -> TestApp {
    TestApp::with(
        app::router::features(),
        Registry::default(),
        Arc::new(identity::AccessTokens::default()),
        &[],
    )
    .await
}

/// Method, path with ids filled in, and the document's word for each operation.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let names = path.split('/').filter(|part| part.starts_with('{'));
            let url = names.fold(path.clone(), |url, name| url.replace(name, SOME_ID));
            all.push((method, url, operation.clone()));
        }
    }
    all
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let t = start().await;
    let document = app::router::document().unwrap();
    let mut open = String::new();
    for (method, url, operation) in operations(&document) {
        let answer =
            t.anonymous().send(method.clone(), &url, Some("application/json"), Body::from("{}")).await;
        let needs_token = operation["security"]
            .as_array()
            .is_some_and(|s| !s.is_empty() && !s.contains(&serde_json::json!({})));
        if needs_token {
            assert_eq!(answer["code"], "unauthenticated", "{method} {url} answers {}", answer.status);
        } else {
            writeln!(open, "{method} {url}").unwrap();
        }
    }
    insta::assert_snapshot!(open.replace(SOME_ID, ":id"));
}

#[tokio::test]
async fn a_forged_token_opens_nothing() {
    let t = start().await;
    let document = app::router::document().unwrap();
    for (method, url, operation) in operations(&document) {
        if operation["security"].as_array().is_some_and(|s| !s.is_empty()) {
            let forged = t.anonymous().with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.");
            let answer = forged.send(method.clone(), &url, Some("application/json"), Body::from("{}")).await;
            assert_eq!(answer.status, 401, "{method} {url}: {}", answer.text());
        }
    }
}
