//! PayPal, against a stub of ours: there is no program that plays PayPal. What the stub is asked is checked
//! with the schemas of PayPal's own library, as far as that goes.

use jiff::SignedDuration;
use platform::{
    ids::UserId,
    money::{Currency, Money},
    ports::gateway::{
        AccountStatus, Capture, Charge, DeclineCode, DisputeStatus, EntryKind, Gateway, NewAccount, Outcome,
        Period, Subject, Task, WebhookError,
    },
    time::Clock,
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, basic_auth, body_string, header, method, path},
};

use super::gateways::{
    capturing, charge, charging, clock, declined, defending, eur, now, operation, paying_out, refunding,
    succeeded, voiding,
};
use super::programs::Program;
use crate::{gateway_paypal::Paypal, outbound};

fn paypal_at(url: &str, clock: Clock) -> Paypal {
    let http = outbound::gateway_client().unwrap();
    Paypal::new(http, url, "client".into(), SecretString::from("paypal-secret"), "WH-1".into(), clock)
}

/// A stub that gives tokens, a gateway that calls it, and the gateway's clock.
async fn start() -> (MockServer, Paypal, Clock) {
    let (server, clock) = (MockServer::start().await, clock());
    tokens(&server).await;
    let paypal = paypal_at(&server.uri(), clock.clone());
    (server, paypal, clock)
}

async fn tokens(server: &MockServer) {
    let token = json!({"access_token": "A21", "token_type": "Bearer", "expires_in": 3600});
    Mock::given(method("POST"))
        .and(path("/v1/oauth2/token"))
        .and(basic_auth("client", "paypal-secret"))
        .and(body_string("grant_type=client_credentials"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .with_priority(1)
        .mount(server)
        .await;
}

async fn answers(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    Mock::given(method(verb))
        .and(path(at))
        .and(header("authorization", "Bearer A21"))
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(server)
        .await;
}

/// What was asked beside tokens.
async fn requests(server: &MockServer) -> Vec<Request> {
    let all = server.received_requests().await.unwrap();
    all.into_iter().filter(|request| !request.url.path().ends_with("/token")).collect()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

const ORDER: &str = "/v2/checkout/orders/O1";

fn order(status: &str, payments: Value) -> Value {
    let mut order = json!({"id": "O1", "status": status, "intent": "CAPTURE", "purchase_units": [{}],
        "links": [{"href": "https://www.paypal.com/checkoutnow?token=O1", "rel": "payer-action"}]});
    order["purchase_units"][0]["payments"] = payments;
    order
}

fn choosing() -> platform::ports::gateway::Operation {
    operation(Task::Charge(charge(None)))
}

fn refusal(issue: &str) -> Value {
    json!({"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]})
}

#[tokio::test]
async fn an_order_is_made_as_documented_and_leads_to_paypal() {
    let (server, paypal, _) = start().await;
    answers(&server, "POST", "/v2/checkout/orders", 200, order("PAYER_ACTION_REQUIRED", json!(null))).await;
    let operation = choosing();
    let Outcome::RequiresAction { reference, action } = paypal.perform(&operation).await else { panic!() };
    assert_eq!(
        (reference.as_str(), action.url.as_deref()),
        ("O1", Some("https://www.paypal.com/checkoutnow?token=O1"))
    );
    let request = &requests(&server).await[0];
    assert_eq!(request.headers["paypal-request-id"], operation.id.to_string().as_str());
    assert_eq!(
        body(request),
        json!({
            "intent": "CAPTURE",
            "purchase_units": [{"custom_id": operation.id, "description": "Deep cleaning",
                "amount": {"currency_code": "EUR", "value": "49.90"}}],
            "payment_source": {"paypal": {"experience_context": {
                "return_url": "skillbuddy://payments/1", "cancel_url": "skillbuddy://payments/1",
                "user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING"}}},
        })
    );
}

#[rstest]
#[case("JPY", 4990, Some("4990"))]
#[case("HUF", 499_000, Some("4990"))]
#[case("HUF", 499_050, None)]
#[tokio::test]
async fn amounts_are_written_as_paypal_wants_them(
    #[case] currency: &str,
    #[case] minor: i64,
    #[case] value: Option<&str>,
) {
    let (server, paypal, _) = start().await;
    answers(&server, "POST", "/v2/checkout/orders", 200, order("CREATED", json!(null))).await;
    let amount = Money::new(minor, Currency::parse(currency).unwrap());
    let outcome = paypal.perform(&operation(Task::Charge(Charge { amount, ..charge(None) }))).await;
    match value {
        Some(value) => {
            assert_eq!(body(&requests(&server).await[0])["purchase_units"][0]["amount"]["value"], value);
        }
        None => assert_eq!(outcome, declined(DeclineCode::MethodNotSupported)),
    }
}

#[tokio::test]
async fn one_token_serves_until_it_is_old_or_turned_away() {
    let (server, paypal, clock) = start().await;
    answers(&server, "GET", ORDER, 200, order("CREATED", json!(null))).await;
    let tokens = async || {
        let all = server.received_requests().await.unwrap();
        all.iter().filter(|request| request.url.path().ends_with("/token")).count()
    };
    let operation = choosing();
    let ask = async || paypal.outcome_of(&operation, Some("O1")).await;
    futures_util::future::join_all((0..10).map(|_| ask())).await;
    assert_eq!(tokens().await, 1);
    clock.advance(SignedDuration::from_mins(58));
    ask().await;
    assert_eq!(tokens().await, 1);
    clock.advance(SignedDuration::from_mins(2));
    ask().await;
    assert_eq!(tokens().await, 2);
    Mock::given(path("/v2/payments/captures/C9"))
        .respond_with(ResponseTemplate::new(401).set_body_json(json!({})))
        .mount(&server)
        .await;
    answers(&server, "GET", "/v1/payments/payouts/B1", 401, json!({})).await;
    paypal.outcome_of(&paying_out("ada@example.com", 1), Some("B1")).await;
    ask().await;
    assert_eq!(tokens().await, 3);
}

#[rstest]
#[case("COMPLETED", None)]
#[case("PENDING", Some("processing"))]
#[case("DECLINED", Some("card_declined"))]
#[case("SOMETHING_NEW", Some("unknown"))]
#[tokio::test]
async fn what_was_approved_is_taken_by_asking(#[case] status: &str, #[case] becomes: Option<&str>) {
    let (server, paypal, _) = start().await;
    answers(&server, "GET", ORDER, 200, order("APPROVED", json!(null))).await;
    let taken = order("COMPLETED", json!({"captures": [{"id": "C1", "status": status}]}));
    answers(&server, "POST", "/v2/checkout/orders/O1/capture", 201, taken).await;
    let operation = choosing();
    let outcome = paypal.outcome_of(&operation, Some("O1")).await.unwrap();
    match (becomes, outcome) {
        (None, Outcome::Succeeded { reference })
        | (Some("processing"), Outcome::Processing { reference }) => {
            assert_eq!(reference, "O1");
        }
        (Some("unknown"), Outcome::Unknown) => {}
        (Some(code), Outcome::Declined { code: found }) => assert_eq!(code, <&str>::from(found)),
        other => panic!("{other:?}"),
    }
    let take = &requests(&server).await[1];
    assert_eq!(take.headers["paypal-request-id"], format!("{}:take", operation.id).as_str());
}

#[rstest]
#[case("INSTRUMENT_DECLINED", None)]
#[case("PAYER_ACTION_REQUIRED", None)]
#[case("PAYER_CANNOT_PAY", Some(DeclineCode::CardDeclined))]
#[case("TRANSACTION_LIMIT_EXCEEDED", Some(DeclineCode::LimitExceeded))]
#[case("COMPLIANCE_VIOLATION", Some(DeclineCode::FraudSuspected))]
#[case("SOMETHING_NEW", Some(DeclineCode::CardDeclined))]
#[tokio::test]
async fn what_cannot_be_taken_goes_back_to_the_payer_or_is_declined(
    #[case] issue: &str,
    #[case] code: Option<DeclineCode>,
) {
    let (server, paypal, _) = start().await;
    answers(&server, "GET", ORDER, 200, order("APPROVED", json!(null))).await;
    answers(&server, "POST", "/v2/checkout/orders/O1/capture", 422, refusal(issue)).await;
    match (paypal.outcome_of(&choosing(), Some("O1")).await.unwrap(), code) {
        (Outcome::RequiresAction { action, .. }, None) => assert!(action.url.is_some()),
        (outcome, Some(code)) => assert_eq!(outcome, declined(code)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_that_nobody_approved_in_time_is_cancelled() {
    let (server, paypal, _) = start().await;
    answers(&server, "GET", ORDER, 404, json!({"name": "RESOURCE_NOT_FOUND"})).await;
    let operation = choosing();
    let outcome = paypal.outcome_of(&operation, Some("O1")).await;
    assert_eq!(outcome, Some(declined(DeclineCode::PaymentCancelled)));
    assert_eq!(paypal.outcome_of(&operation, None).await, None, "nobody could approve what nobody was shown");
    assert_eq!(succeeded(paypal.perform(&voiding("O1")).await), "O1");
}

#[tokio::test]
async fn a_reservation_is_captured_or_let_go() {
    let (server, paypal, _) = start().await;
    let held = |status: &str| order("COMPLETED", json!({"authorizations": [{"id": "A1", "status": status}]}));
    answers(&server, "GET", ORDER, 200, held("CREATED")).await;
    let path = "/v2/payments/authorizations/A1/capture";
    answers(&server, "POST", path, 201, json!({"id": "C1", "status": "COMPLETED"})).await;
    let capture = capturing("O1", 4000);
    assert_eq!(paypal.outcome_of(&capture, None).await, None);
    assert_eq!(succeeded(paypal.perform(&capture).await), "O1");
    assert_eq!(
        body(&requests(&server).await[2]),
        json!({"amount": {"currency_code": "EUR", "value": "40.00"}, "final_capture": true})
    );
    let void = voiding("O1");
    assert_eq!(paypal.outcome_of(&void, None).await, None);
    Mock::given(path_of("/v2/payments/authorizations/A1/void"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    assert_eq!(succeeded(paypal.perform(&void).await), "O1");

    server.reset().await;
    tokens(&server).await;
    answers(&server, "GET", ORDER, 200, held("VOIDED")).await;
    assert_eq!(succeeded(paypal.outcome_of(&void, None).await.unwrap()), "O1");
    let not_open = declined(DeclineCode::ChargeNotOpen);
    assert_eq!(paypal.outcome_of(&capture, None).await, Some(not_open.clone()));
    let reserved = operation(Task::Charge(Charge { capture: Capture::Later, ..charge(None) }));
    let outcome = paypal.outcome_of(&reserved, Some("O1")).await;
    assert_eq!(outcome, Some(declined(DeclineCode::PaymentCancelled)));

    server.reset().await;
    tokens(&server).await;
    let taken = json!({"authorizations": [{"id": "A1", "status": "CAPTURED"}],
        "captures": [{"id": "C1", "status": "COMPLETED"}]});
    answers(&server, "GET", ORDER, 200, order("COMPLETED", taken)).await;
    assert_eq!(paypal.perform(&void).await, not_open);
    assert_eq!(succeeded(paypal.outcome_of(&capture, None).await.unwrap()), "O1");
}

fn path_of(at: &str) -> wiremock::matchers::PathExactMatcher {
    path(at)
}

#[tokio::test]
async fn a_refund_is_made_once_and_found_again() {
    let (server, paypal, _) = start().await;
    let captures = json!([{"id": "C1", "status": "COMPLETED"}]);
    answers(&server, "GET", ORDER, 200, order("COMPLETED", json!({"captures": captures}))).await;
    let refunded = json!({"id": "R1", "status": "COMPLETED"});
    answers(&server, "POST", "/v2/payments/captures/C1/refund", 201, refunded).await;
    let refund = refunding("O1", 1000);
    assert_eq!(paypal.outcome_of(&refund, None).await, None);
    assert_eq!(succeeded(paypal.perform(&refund).await), "R1");
    let request = &requests(&server).await[2];
    assert_eq!(
        body(request),
        json!({"amount": {"currency_code": "EUR", "value": "10.00"}, "custom_id": refund.id})
    );
    assert_eq!(request.headers["paypal-request-id"], refund.id.to_string().as_str());

    server.reset().await;
    tokens(&server).await;
    let refunds = json!([{"id": "R0", "status": "COMPLETED", "custom_id": "else"},
        {"id": "R1", "status": "PENDING", "custom_id": refund.id}]);
    let payments = json!({"captures": captures, "refunds": refunds});
    answers(&server, "GET", ORDER, 200, order("COMPLETED", payments)).await;
    let pending = Outcome::Processing { reference: "R1".into() };
    assert_eq!(paypal.outcome_of(&refund, None).await, Some(pending.clone()));
    assert_eq!(paypal.perform(&refund).await, pending, "and is not made again");
    answers(&server, "POST", "/v2/payments/captures/C1/refund", 422, refusal("REFUND_AMOUNT_EXCEEDED")).await;
    assert_eq!(paypal.perform(&refunding("O1", 9000)).await, declined(DeclineCode::ChargeNotOpen));
}

#[tokio::test]
async fn a_payout_is_a_batch_of_one() {
    let (server, paypal, _) = start().await;
    let batch = json!({"batch_header": {"payout_batch_id": "B1", "batch_status": "PENDING"}});
    answers(&server, "POST", "/v1/payments/payouts", 201, batch).await;
    let operation = paying_out("ada@example.com", 10_000);
    assert_eq!(paypal.perform(&operation).await, Outcome::Processing { reference: "B1".into() });
    assert_eq!(
        body(&requests(&server).await[0]),
        json!({"sender_batch_header": {"sender_batch_id": operation.id}, "items": [{"recipient_type": "EMAIL",
            "receiver": "ada@example.com", "sender_item_id": operation.id,
            "amount": {"currency": "EUR", "value": "100.00"}}]})
    );
    assert_eq!(paypal.outcome_of(&operation, None).await, Some(Outcome::Unknown));
}

#[tokio::test]
async fn a_second_batch_leads_to_the_first() {
    let (server, paypal, _) = start().await;
    let link = json!({"href": format!("{}/v1/payments/payouts/B1", server.uri()), "rel": "self"});
    let refused = json!({"name": "USER_BUSINESS_ERROR", "links": [link]});
    answers(&server, "POST", "/v1/payments/payouts", 400, refused).await;
    for (status, outcome) in [
        ("SUCCESS", Outcome::Succeeded { reference: "B1".into() }),
        ("UNCLAIMED", Outcome::Processing { reference: "B1".into() }),
        ("RETURNED", declined(DeclineCode::PayoutAccountUnusable)),
    ] {
        let batch = json!({"batch_header": {"payout_batch_id": "B1", "batch_status": "SUCCESS"},
            "items": [{"transaction_status": status}]});
        let mock = Mock::given(method("GET")).and(path("/v1/payments/payouts/B1"));
        let _scoped =
            mock.respond_with(ResponseTemplate::new(200).set_body_json(batch)).mount_as_scoped(&server).await;
        assert_eq!(paypal.perform(&paying_out("ada@example.com", 1)).await, outcome);
    }
    server.reset().await;
    tokens(&server).await;
    answers(&server, "POST", "/v1/payments/payouts", 422, json!({"name": "INSUFFICIENT_FUNDS"})).await;
    let outcome = paypal.perform(&paying_out("ada@example.com", 1)).await;
    assert_eq!(outcome, declined(DeclineCode::PayoutFundsMissing));
}

#[tokio::test]
async fn it_keeps_no_methods_and_hears_no_evidence() {
    let (_server, paypal, _) = start().await;
    let unsupported = declined(DeclineCode::MethodNotSupported);
    assert_eq!(paypal.perform(&charging("pm_1")).await, unsupported);
    let set_up = operation(Task::SetUp { payer: "1".into(), return_url: String::new() });
    assert_eq!(paypal.perform(&set_up).await, unsupported);
    let defending = defending("PP-D-1");
    assert_eq!(paypal.outcome_of(&defending, None).await, None);
    assert_eq!(paypal.perform(&defending).await, unsupported, "evidence is heard on pages of its own");
    assert_eq!(paypal.keep_method("1", "tok").await.unwrap_err().code(), "method_not_supported");
    let account = NewAccount {
        holder: UserId::at(now()),
        email: "ada@example.com".into(),
        country: "DE".into(),
        bank_token: None,
    };
    let account = paypal.open_account(&account).await.unwrap();
    assert_eq!((account.reference.as_str(), account.status), ("ada@example.com", AccountStatus::Active));
}

fn signed() -> axum::http::HeaderMap {
    ["auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time"]
        .into_iter()
        .map(|name| (format!("paypal-{name}").parse().unwrap(), name.parse().unwrap()))
        .collect()
}

const VERIFY: &str = "/v1/notifications/verify-webhook-signature";

#[rstest]
#[case("CHECKOUT.ORDER.APPROVED", json!({"id": "O1", "purchase_units": [{"custom_id": "$OP"}]}), Subject::Charge, "O1", true)]
#[case("PAYMENT.CAPTURE.COMPLETED", json!({"id": "C1", "custom_id": "$OP", "supplementary_data": {"related_ids": {"order_id": "O1"}}}), Subject::Charge, "O1", true)]
#[case("PAYMENT.CAPTURE.REFUNDED", json!({"id": "R1", "custom_id": "$OP"}), Subject::Refund, "R1", true)]
#[case("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", json!({"payout_batch_id": "B1", "payout_item": {"sender_item_id": "$OP"}}), Subject::PayOut, "B1", true)]
#[case("CUSTOMER.DISPUTE.CREATED", json!({"dispute_id": "PP-D-1"}), Subject::Dispute, "PP-D-1", false)]
#[case("INVENTED.TOMORROW", json!({}), Subject::Other, "", false)]
#[tokio::test]
async fn messages_that_paypal_owns_up_to_say_what_to_ask_about(
    #[case] kind: &str,
    #[case] resource: Value,
    #[case] subject: Subject,
    #[case] reference: &str,
    #[case] is_ours: bool,
) {
    let (server, paypal, _) = start().await;
    answers(&server, "POST", VERIFY, 200, json!({"verification_status": "SUCCESS"})).await;
    let operation = super::gateways::id();
    // Spaces and order are the sender's: they must go back unchanged.
    let message = format!(
        "{{ \"id\":\"WH-E1\",  \"event_type\":\"{kind}\", \"create_time\":\"2026-03-02T09:00:00Z\",\"resource\": {resource} }}"
    )
    .replace("$OP", &operation.to_string());
    let event = paypal.event(&signed(), message.as_bytes()).await.unwrap();
    assert_eq!((event.subject, event.reference.as_str(), event.id.as_str()), (subject, reference, "WH-E1"));
    assert_eq!((event.operation, event.at), (is_ours.then_some(operation), now()));
    let asked = requests(&server).await.remove(0).body;
    let asked = String::from_utf8(asked).unwrap();
    assert!(asked.ends_with(&format!("\"webhook_event\":{message}}}")), "{asked}");
    assert_eq!(serde_json::from_str::<Value>(&asked).unwrap()["webhook_id"], "WH-1");
}

#[tokio::test]
async fn messages_that_paypal_does_not_own_up_to_are_refused() {
    let (server, paypal, _) = start().await;
    let message = br#"{"id": "WH-E1"}"#;
    let unsigned = async |headers, body: &[u8]| {
        matches!(paypal.event(&headers, body).await, Err(WebhookError::WebhookNotSigned))
    };
    assert!(unsigned(axum::http::HeaderMap::new(), message).await);
    assert!(unsigned(signed(), b"<html>").await);
    assert!(
        unsigned(signed(), b"{} , \"webhook_id\": \"mine\"").await,
        "nothing can be put beside the message"
    );
    assert!(requests(&server).await.is_empty(), "PayPal is not bothered with them");
    answers(&server, "POST", VERIFY, 200, json!({"verification_status": "FAILURE"})).await;
    assert!(unsigned(signed(), message).await);
    server.reset().await;
    let down = paypal.event(&signed(), message).await;
    assert!(matches!(down, Err(WebhookError::WebhookNotCheckable)), "{down:?}");
}

#[tokio::test]
async fn the_book_is_read_by_the_page() {
    let (server, paypal, _) = start().await;
    let line = |code: &str, value: &str| {
        json!({"transaction_info": {"transaction_id": code, "transaction_event_code": code,
            "transaction_initiation_date": "2026-03-02T09:00:00+0000",
            "transaction_amount": {"currency_code": "EUR", "value": value},
            "fee_amount": {"currency_code": "EUR", "value": "-1.22"}}})
    };
    let lines = [
        line("T0006", "49.90"),
        line("T1107", "-10.00"),
        line("T0001", "-100.00"),
        line("T1201", "-49.90"),
        line("T1202", "49.90"),
        line("T0400", "-5.00"),
    ];
    let found = json!({"transaction_details": lines, "page": 1, "total_pages": 2});
    answers(&server, "GET", "/v1/reporting/transactions", 200, found).await;
    let period = Period { from: now(), until: now().plus(SignedDuration::from_hours(24)) };
    let book = paypal.statement(period, None).await.unwrap();
    let seen: Vec<_> = book.entries.iter().map(|e| (e.kind, e.amount.minor, e.fee.minor)).collect();
    assert_eq!(
        seen,
        [
            (EntryKind::Charge, 4990, 122),
            (EntryKind::Refund, 1000, 122),
            (EntryKind::Payout, 10_000, 122),
            (EntryKind::Dispute, 4990, 122),
            (EntryKind::DisputeWon, 4990, 122),
            (EntryKind::Other, 500, 122),
        ]
    );
    assert_eq!(book.next.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_dispute_leads_to_its_charge() {
    let (server, paypal, _) = start().await;
    let capture = json!({"id": "C1", "status": "COMPLETED",
        "supplementary_data": {"related_ids": {"order_id": "O1"}}});
    for (status, ruling, expected) in [
        ("WAITING_FOR_SELLER_RESPONSE", "NONE", DisputeStatus::Open),
        ("RESOLVED", "RESOLVED_SELLER_FAVOUR", DisputeStatus::Won),
        ("RESOLVED", "RESOLVED_BUYER_FAVOUR", DisputeStatus::Lost),
    ] {
        server.reset().await;
        tokens(&server).await;
        answers(&server, "GET", "/v2/payments/captures/C1", 200, capture.clone()).await;
        let case = json!({"dispute_id": "PP-D-1", "status": status, "dispute_outcome": {"outcome_code": ruling},
            "dispute_amount": {"currency_code": "EUR", "value": "49.90"},
            "disputed_transactions": [{"seller_transaction_id": "C1"}]});
        answers(&server, "GET", "/v1/customer/disputes/PP-D-1", 200, case).await;
        let dispute = paypal.dispute("PP-D-1").await.unwrap().unwrap();
        assert_eq!((dispute.status, dispute.amount, dispute.charge.as_str()), (expected, eur(4990), "O1"));
    }
    assert_eq!(paypal.dispute("../orders").await.unwrap(), None);
}

#[rstest]
#[case::garbage(ResponseTemplate::new(200).set_body_string("<html>"), Outcome::Unknown)]
#[case::nothing(ResponseTemplate::new(204), Outcome::Unknown)]
#[case::endless(ResponseTemplate::new(200).set_body_string("x".repeat(10 * 1024 * 1024)), Outcome::Unknown)]
#[case::stumbles(ResponseTemplate::new(503).set_body_string("{}"), Outcome::Unknown)]
#[case::redirects(ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:1/"), Outcome::Unknown)]
#[case::too_often(ResponseTemplate::new(429).set_body_string("{}"), Outcome::Unavailable)]
#[tokio::test]
async fn senseless_answers_leave_the_outcome_open(
    #[case] answer: ResponseTemplate,
    #[case] outcome: Outcome,
) {
    let (server, paypal, _) = start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    assert_eq!(paypal.perform(&choosing()).await, outcome);
    assert_eq!(paypal.outcome_of(&refunding("O1", 1), None).await, Some(Outcome::Unknown));
    server.reset().await;
    assert_eq!(
        paypal_at(&server.uri(), clock()).perform(&choosing()).await,
        Outcome::Unavailable,
        "no token"
    );
}

#[tokio::test]
async fn requests_fit_the_schemas_that_paypal_publishes() {
    let mut library = Program::paypal().await;
    assert_eq!(library.ask(r#"captureRequest {"final_capture": true}"#).await, "ok");
    for wrong in [
        r#"orderRequest {"intent": "CAPTURE"}"#,
        r#"orderRequest {"intent": "WRONG", "purchase_units": []}"#,
        r#"refundRequest {"custom": "1"}"#,
    ] {
        assert_ne!(library.ask(wrong).await, "ok", "the check itself finds what is wrong");
    }
    let (server, paypal, _) = start().await;
    answers(&server, "POST", "/v2/checkout/orders", 200, order("CREATED", json!(null))).await;
    let payments = json!({"authorizations": [{"id": "A1", "status": "CREATED"}],
        "captures": [{"id": "C1", "status": "COMPLETED"}]});
    answers(&server, "GET", ORDER, 200, order("COMPLETED", payments)).await;
    let later = Charge { capture: Capture::Later, ..charge(None) };
    for operation in
        [choosing(), operation(Task::Charge(later)), capturing("O1", 4990), refunding("O1", 4990)]
    {
        paypal.perform(&operation).await;
    }
    let posts = requests(&server).await.into_iter().filter(|request| request.method == "POST");
    let schemas = ["orderRequest", "orderRequest", "captureRequest", "refundRequest"];
    let bodies: Vec<_> = posts.map(|request| body(&request)).collect();
    assert_eq!(bodies.len(), schemas.len());
    for (schema, body) in schemas.iter().zip(bodies) {
        assert_eq!(library.ask(&format!("{schema} {body}")).await, "ok", "{body}");
    }
}
