//! Every operation of the API refuses a caller without a token, or is listed in the snapshot on purpose.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use axum::{body::Body, http::Method};
use platform::{
    auth::StaffRole::{self, Finance, Moderator, Superuser, Support},
    jobs::Registry,
    testing::{TestApp, TokenIsUserId},
};
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

const OF_SUPPORT: &[StaffRole] = &[Support, Superuser];
const OF_MODERATION: &[StaffRole] = &[Moderator, Superuser];
const OF_FINANCE: &[StaffRole] = &[Finance, Superuser];
const OF_SUPPORT_OR_FINANCE: &[StaffRole] = &[Support, Finance, Superuser];
const OF_SUPPORT_OR_MODERATION: &[StaffRole] = &[Support, Moderator, Superuser];
const OF_SUPERUSERS: &[StaffRole] = &[Superuser];

/// Every operation of staff, and whose it is. What staff may do beside the people whose matter it is (refunds) is not
/// here: the tests of payments have it.
const STAFF_OPERATIONS: &[(&[StaffRole], &[&str])] = &[
    (
        OF_SUPPORT,
        &[
            "get_message_template",
            "list_deliveries",
            "list_message_templates",
            "preview_message_wording",
            "resend_delivery",
            "revert_message_wording",
            "send_notification",
            "set_message_wording",
        ],
    ),
    (
        OF_MODERATION,
        &[
            "decide_chat_report",
            "edit_service_as_moderator",
            "get_chat_report",
            "list_chat_reports",
            "remove_service_image_as_moderator",
            "withdraw_service_as_moderator",
        ],
    ),
    (
        OF_FINANCE,
        &[
            "approve_refund",
            "bring_refund",
            "check_ledger",
            "decide_grant",
            "decide_payment_review",
            "end_commission_rule",
            "end_promotion",
            "get_dispute_evidence",
            "list_booking_disputes",
            "list_commission_rules",
            "list_money_tasks",
            "list_payment_reviews",
            "list_promotions",
            "list_refund_requests",
            "make_commission_rule",
            "make_promotion",
            "preview_commission",
            "reject_refund",
            "resolve_booking_dispute",
            "submit_dispute_evidence",
        ],
    ),
    (OF_SUPPORT_OR_FINANCE, &["list_grants", "propose_grant"]),
    (
        OF_SUPPORT_OR_MODERATION,
        &["join_conversation", "leave_conversation", "list_messages_as_staff", "send_message_as_staff"],
    ),
    (
        OF_SUPERUSERS,
        &[
            "change_webhook_endpoint",
            "create_webhook_endpoint",
            "delete_webhook_endpoint",
            "get_webhook_delivery",
            "get_webhook_endpoint",
            "list_audit_log",
            "list_webhook_deliveries",
            "list_webhook_endpoints",
            "replay_webhook_delivery",
            "rotate_webhook_secret",
            "test_webhook_endpoint",
        ],
    ),
];

/// That whatever one of them changes leaves an entry in the audit log needs no list: an act of staff that succeeds without
/// one is a 500 in every test (see `platform::audit`).
#[tokio::test]
async fn every_operation_of_staff_admits_its_roles_and_no_others() {
    let t = TestApp::with(app::router::features(), Registry::default(), Arc::new(TokenIsUserId), &[]).await;
    let mut people = vec![(None, t.user("Anna").await)];
    for role in [Support, Moderator, Finance, Superuser] {
        people.push((Some(role), t.staff(<&str>::from(role), role).await));
    }
    let mut expected = BTreeMap::new();
    for (roles, operations) in STAFF_OPERATIONS {
        expected.extend(operations.iter().map(|operation| ((*operation).to_owned(), roles.to_vec())));
    }
    let document = app::router::document().unwrap();
    let mut found = BTreeMap::new();
    for (method, url, operation) in operations(&document) {
        let is_stream = ["/events/", "/ws/"].contains(&url.as_str());
        let is_open = operation["security"].as_array().is_none_or(Vec::is_empty);
        if is_stream || is_open {
            continue;
        }
        let mut admitted = Vec::new();
        for (role, client) in &people {
            let body = Body::from("{}");
            let answer = client.send(method.clone(), &url, Some("application/json"), body).await;
            if answer["code"] != "forbidden" {
                admitted.push(*role);
            }
        }
        // Whoever offers nothing is refused by another code; `forbidden` means: not of the right staff.
        if !admitted.contains(&None) {
            let roles: Vec<StaffRole> = admitted.into_iter().flatten().collect();
            found.insert(operation["operationId"].as_str().unwrap().to_owned(), roles);
        }
    }
    assert_eq!(found, expected);
}
