//! Stripe, against localstripe: what that program covers.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use jiff::SignedDuration;
use platform::{
    ids::UserId,
    ports::gateway::{
        Charge, DeclineCode, Gateway, NewPayer, Operation, Outcome, Subject, Task, WebhookError,
    },
    time::Clock,
};
use secrecy::SecretString;
use serde_json::Value;

use super::{
    gateways::{capturing, charge, declined, refunding, succeeded, voiding},
    programs::Program,
};
use crate::{gateway_stripe::Stripe, outbound};

const KEY: &str = "sk_test_12345";

/// localstripe, and a gateway that calls it. Its clock is the real one, since localstripe's is.
async fn start() -> (Program, Stripe) {
    let program = Program::stripe().await;
    let secrets = vec![SecretString::from("whsec_new"), SecretString::from("whsec_old")];
    let http = outbound::gateway_client().unwrap();
    let stripe = Stripe::new(http, &program.url(), SecretString::from(KEY), secrets, Clock::System);
    (program, stripe)
}

/// What an app would call with its publishable key.
async fn as_app(program: &Program, path: &str, form: &[(&str, &str)]) -> Value {
    let request =
        outbound::client().unwrap().post(format!("{}{path}", program.url())).bearer_auth(KEY).form(form);
    let body = request.send().await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&body).unwrap_or_default()
}

/// A method for a card, as an app gets one.
async fn method(program: &Program, number: &str) -> String {
    let form = [
        ("type", "card"),
        ("card[number]", number),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2030"),
        ("card[cvc]", "123"),
    ];
    let method = as_app(program, "/v1/payment_methods", &form).await;
    method["id"].as_str().unwrap().to_owned()
}

/// The ids of this test are of the real present, too.
fn now(operation: Operation) -> Operation {
    Operation { id: platform::ids::OperationId::at(Clock::System.now()), ..operation }
}

fn charging(method: Option<&str>) -> Operation {
    now(super::gateways::operation(Task::Charge(charge(method))))
}

fn reserving(method: &str) -> Operation {
    let capture = platform::ports::gateway::Capture::Later;
    now(super::gateways::operation(Task::Charge(Charge { capture, ..charge(Some(method)) })))
}

#[tokio::test]
async fn a_card_is_charged_and_refunded_in_parts() {
    let (_program, stripe) = start().await;
    let operation = charging(Some("pm_card_visa"));
    let reference = succeeded(stripe.perform(&operation).await);
    assert!(reference.starts_with("pi_"), "{reference}");
    assert_eq!(succeeded(stripe.outcome_of(&operation, Some(&reference)).await.unwrap()), reference);

    let (first, second) = (now(refunding(&reference, 1000)), now(refunding(&reference, 1000)));
    assert_eq!(stripe.outcome_of(&first, None).await, None, "not asked for yet");
    let one = succeeded(stripe.perform(&first).await);
    let two = succeeded(stripe.perform(&second).await);
    assert_ne!(one, two, "equal refunds are two");
    assert_eq!(succeeded(stripe.outcome_of(&first, None).await.unwrap()), one);
    assert_eq!(succeeded(stripe.outcome_of(&second, None).await.unwrap()), two);
    let nobodys = stripe.perform(&now(refunding("pi_nobody", 1))).await;
    assert!(matches!(nobodys, Outcome::Declined { .. }), "{nobodys:?}");
}

#[tokio::test]
async fn a_reservation_is_captured_or_let_go() {
    let (_program, stripe) = start().await;
    let reference = succeeded(stripe.perform(&reserving("pm_card_visa")).await);
    let capture = now(capturing(&reference, 4000));
    assert_eq!(stripe.outcome_of(&capture, None).await, None);
    assert_eq!(succeeded(stripe.perform(&capture).await), reference);
    assert_eq!(succeeded(stripe.outcome_of(&capture, None).await.unwrap()), reference);
    let not_open = declined(DeclineCode::ChargeNotOpen);
    assert_eq!(stripe.perform(&now(capturing(&reference, 10))).await, not_open);
    assert_eq!(stripe.perform(&now(voiding(&reference))).await, not_open);

    let operation = reserving("pm_card_visa");
    let reference = succeeded(stripe.perform(&operation).await);
    let void = now(voiding(&reference));
    assert_eq!(stripe.outcome_of(&void, None).await, None);
    assert_eq!(succeeded(stripe.perform(&void).await), reference);
    assert_eq!(succeeded(stripe.perform(&now(voiding(&reference))).await), reference, "it is let go already");
    assert_eq!(stripe.perform(&now(capturing(&reference, 10))).await, not_open);
    let cancelled = stripe.outcome_of(&operation, Some(&reference)).await;
    assert_eq!(cancelled, Some(declined(DeclineCode::PaymentCancelled)));
}

#[tokio::test]
async fn a_declined_card_is_declined_in_our_words() {
    let (_program, stripe) = start().await;
    let outcome = stripe.perform(&charging(Some("pm_card_chargeCustomerFail"))).await;
    assert_eq!(outcome, declined(DeclineCode::CardDeclined));
    let outcome = stripe.perform(&charging(Some("pm_nobody"))).await;
    assert_eq!(outcome, declined(DeclineCode::MethodNotFound));
}

#[tokio::test]
async fn a_card_with_3d_secure_waits_for_its_holder() {
    let (program, stripe) = start().await;
    let method = method(&program, "4000002500003155").await;
    for (approves, code) in [("true", None), ("false", Some(DeclineCode::AuthenticationFailed))] {
        let operation = charging(Some(&method));
        let Outcome::RequiresAction { reference, action } = stripe.perform(&operation).await else {
            panic!()
        };
        let secret = action.client_secret.unwrap();
        let form = [("client_secret", secret.as_str()), ("success", approves)];
        as_app(&program, &format!("/v1/payment_intents/{reference}/_authenticate"), &form).await;
        let outcome = stripe.outcome_of(&operation, Some(&reference)).await.unwrap();
        match code {
            None => assert_eq!(succeeded(outcome), reference),
            Some(code) => {
                assert_eq!(outcome, declined(code));
                let again = stripe.outcome_of(&operation, Some(&reference)).await;
                assert_eq!(again, Some(declined(code)), "and nobody can pay it any more");
            }
        }
    }
    let absent = Charge { is_payer_present: false, ..charge(Some(&method)) };
    let outcome = stripe.perform(&now(super::gateways::operation(Task::Charge(absent)))).await;
    assert_eq!(outcome, declined(DeclineCode::AuthenticationRequired));
}

#[tokio::test]
async fn a_payer_who_chooses_gets_a_secret_and_may_be_turned_away() {
    let (_program, stripe) = start().await;
    let operation = charging(None);
    let Outcome::RequiresAction { reference, action } = stripe.perform(&operation).await else { panic!() };
    assert!(action.client_secret.as_ref().unwrap().starts_with(&reference));
    assert_eq!(format!("{action:?}"), "Action(…)", "and it stays out of logs");
    succeeded(stripe.perform(&now(voiding(&reference))).await);
    let outcome = stripe.outcome_of(&operation, Some(&reference)).await;
    assert_eq!(outcome, Some(declined(DeclineCode::PaymentCancelled)));
}

#[tokio::test]
async fn methods_are_kept_charged_and_dropped() {
    let (program, stripe) = start().await;
    let user = UserId::at(Clock::System.now());
    let payer = NewPayer { user, email: "max@example.com".into(), name: "Max Muster".into() };
    let payer = stripe.payer(&payer).await.unwrap();
    let kept = stripe.keep_method(&payer, "pm_card_visa").await.unwrap();
    assert_eq!(
        (kept.kind.as_str(), kept.brand.as_deref(), kept.last4.as_deref(), kept.exp_month, kept.exp_year),
        ("card", Some("visa"), Some("4242"), Some(12), Some(2030))
    );
    assert_eq!(stripe.method(&kept.reference).await.unwrap(), Some(kept.clone()));
    let charge =
        Charge { payer: Some(payer.clone()), is_payer_present: false, ..charge(Some(&kept.reference)) };
    succeeded(stripe.perform(&now(super::gateways::operation(Task::Charge(charge)))).await);
    stripe.drop_method(&kept.reference).await.unwrap();
    stripe.drop_method("pm_nobody").await.unwrap();
    assert_eq!(stripe.method(&kept.reference).await.unwrap(), None);
    assert_eq!(stripe.method("pm_nobody").await.unwrap(), None);

    let bad = method(&program, "4000000000000002").await;
    assert_eq!(stripe.keep_method(&payer, &bad).await.unwrap_err().code(), "card_declined");
    for token in ["pm_nobody", "../customers", "pm/1", ""] {
        assert_eq!(stripe.keep_method(&payer, token).await.unwrap_err().code(), "method_not_found");
    }
}

#[tokio::test]
async fn a_method_is_set_up_by_the_app() {
    let (program, stripe) = start().await;
    let user = UserId::at(Clock::System.now());
    let payer = NewPayer { user, email: "max@example.com".into(), name: "Max Muster".into() };
    let payer = stripe.payer(&payer).await.unwrap();
    let task = Task::SetUp { payer, return_url: "skillbuddy://methods".into() };
    let operation = now(super::gateways::operation(task));
    let Outcome::RequiresAction { reference, action } = stripe.perform(&operation).await else { panic!() };
    let method = method(&program, "4242424242424242").await;
    let secret = action.client_secret.unwrap();
    let form = [("client_secret", secret.as_str()), ("payment_method", &method)];
    as_app(&program, &format!("/v1/setup_intents/{reference}/confirm"), &form).await;
    assert_eq!(succeeded(stripe.outcome_of(&operation, Some(&reference)).await.unwrap()), method);
}

/// What came in, and a server that takes it.
async fn listener() -> (String, Arc<Mutex<Vec<(HeaderMap, Bytes)>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = taken.clone();
    let router = Router::new().route(
        "/hook",
        post(
            move |headers: HeaderMap, body: Bytes| async move { kept.lock().unwrap().push((headers, body)) },
        ),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, taken)
}

#[tokio::test]
async fn its_signed_messages_are_believed_and_changed_ones_are_not() {
    let (program, stripe) = start().await;
    let (url, taken) = listener().await;
    let form = [("url", url.as_str()), ("secret", "whsec_old")];
    as_app(&program, "/_config/webhooks/ours", &form).await;
    let operation = charging(Some("pm_card_visa"));
    let reference = succeeded(stripe.perform(&operation).await);
    let (headers, body) = loop {
        let message = taken.lock().unwrap().pop();
        match message {
            Some(message) => break message,
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    let event = stripe.event(&headers, &body).await.unwrap();
    assert_eq!(
        (event.subject, event.operation, event.reference),
        (Subject::Charge, Some(operation.id), reference)
    );
    let changed = String::from_utf8(body.to_vec()).unwrap().replace("4990", "1");
    let refused = stripe.event(&headers, changed.as_bytes()).await;
    assert!(matches!(refused, Err(WebhookError::WebhookNotSigned)));
    let later = Clock::manual(Clock::System.now().plus(SignedDuration::from_secs(303)));
    let http = outbound::gateway_client().unwrap();
    let secrets = vec![SecretString::from("whsec_old")];
    let late = Stripe::new(http, &program.url(), SecretString::from(KEY), secrets, later);
    assert!(matches!(late.event(&headers, &body).await, Err(WebhookError::WebhookNotSigned)));
}
