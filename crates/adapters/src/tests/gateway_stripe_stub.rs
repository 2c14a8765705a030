//! Stripe, against a stub of ours: the requests that its documentation asks for, where localstripe has
//! nothing (Connect, the book, keys), and answers that nobody should give.

use std::time::Duration;

use jiff::SignedDuration;
use platform::{
    ids::{OperationId, UserId},
    money::{Currency, Money},
    ports::gateway::{
        AccountStatus, Charge, DeclineCode, DisputeStatus, EntryKind, Gateway, NewAccount, Outcome, Period,
        Subject, Task,
    },
    testing::Log,
    time::Clock,
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{body_string_contains, header, method, path, query_param},
};

use super::gateways::{
    capturing, charge, charging, clock, declined, defending, eur, now, operation, paying_out, refunding,
    succeeded,
};
use crate::{gateway_stripe::Stripe, outbound, webhook_signature};

fn stripe_at(url: &str, clock: Clock) -> Stripe {
    let http = outbound::gateway_client().unwrap();
    Stripe::new(
        http,
        url,
        SecretString::from("sk_test_secret"),
        vec![SecretString::from("whsec_test")],
        clock,
    )
}

async fn start() -> (MockServer, Stripe) {
    let server = MockServer::start().await;
    let stripe = stripe_at(&server.uri(), clock());
    (server, stripe)
}

async fn answers(server: &MockServer, verb: &str, at: &str, body: Value) {
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method(verb)).and(path(format!("/v1/{at}"))).respond_with(answer).mount(server).await;
}

async fn refuses(server: &MockServer, at: &str, status: u16, error: Value) {
    let answer = ResponseTemplate::new(status).set_body_json(json!({ "error": error }));
    Mock::given(method("POST")).and(path(format!("/v1/{at}"))).respond_with(answer).mount(server).await;
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn form(request: &Request) -> String {
    let body = String::from_utf8(request.body.clone()).unwrap();
    body.replace("%5B", "[").replace("%5D", "]").replace("%3A", ":").replace("%2F", "/")
}

fn intent(status: &str) -> Value {
    json!({"id": "pi_1", "object": "payment_intent", "status": status, "client_secret": "pi_1_secret_2",
        "last_payment_error": null, "next_action": null, "metadata": {}})
}

fn empty() -> Value {
    json!({"object": "list", "data": [], "has_more": false})
}

#[tokio::test]
async fn a_charge_is_asked_for_as_documented() {
    let (server, stripe) = start().await;
    answers(&server, "POST", "payment_intents", intent("succeeded")).await;
    let charge = Charge { payer: Some("cus_1".into()), is_payer_present: false, ..charge(Some("pm_1")) };
    let operation = operation(Task::Charge(charge));
    assert_eq!(succeeded(stripe.perform(&operation).await), "pi_1");
    let [request] = &requests(&server).await[..] else { panic!() };
    let id = operation.id.to_string();
    assert_eq!(request.headers["idempotency-key"], id.as_str());
    assert_eq!(request.headers["authorization"], "Bearer sk_test_secret");
    assert_eq!(request.headers["stripe-version"], "2025-09-30.clover");
    assert_eq!(
        form(request),
        format!(
            "amount=4990&currency=eur&payment_method_types[]=card&capture_method=automatic&metadata[operation]={id}\
             &metadata[description]=Deep+cleaning&customer=cus_1&payment_method=pm_1&confirm=true&off_session=true"
        )
    );
}

#[rstest]
#[case("EUR", 4990, Some("amount=4990&currency=eur"))]
#[case("JPY", 4990, Some("amount=4990&currency=jpy"))]
#[case("ISK", 4990, Some("amount=499000&currency=isk"))]
#[case("MGA", 4990, None)]
#[tokio::test]
async fn amounts_are_in_the_units_that_stripe_counts_in(
    #[case] currency: &str,
    #[case] minor: i64,
    #[case] form_begins: Option<&str>,
) {
    let (server, stripe) = start().await;
    answers(&server, "POST", "payment_intents", intent("succeeded")).await;
    let amount = Money::new(minor, Currency::parse(currency).unwrap());
    let outcome = stripe.perform(&operation(Task::Charge(Charge { amount, ..charge(Some("pm_1")) }))).await;
    match form_begins {
        Some(begins) => assert!(form(&requests(&server).await[0]).starts_with(begins)),
        None => assert_eq!(outcome, declined(DeclineCode::MethodNotSupported)),
    }
}

#[rstest]
#[case(json!({"code": "card_declined", "decline_code": "insufficient_funds"}), DeclineCode::InsufficientFunds)]
#[case(json!({"code": "card_declined", "decline_code": "fraudulent"}), DeclineCode::FraudSuspected)]
#[case(json!({"code": "card_declined", "decline_code": "something_new"}), DeclineCode::CardDeclined)]
#[case(json!({"code": "expired_card"}), DeclineCode::ExpiredCard)]
#[case(json!({"code": "incorrect_cvc"}), DeclineCode::IncorrectCvc)]
#[case(json!({"code": "authentication_required", "decline_code": "authentication_required"}), DeclineCode::AuthenticationRequired)]
#[case(json!({"code": "processing_error"}), DeclineCode::ProcessingError)]
#[case(json!({}), DeclineCode::CardDeclined)]
#[tokio::test]
async fn declines_are_told_in_our_words(#[case] error: Value, #[case] code: DeclineCode) {
    let (server, stripe) = start().await;
    refuses(&server, "payment_intents", 402, error).await;
    assert_eq!(stripe.perform(&charging("pm_1")).await, declined(code));
}

#[rstest]
#[case::garbage(ResponseTemplate::new(200).set_body_string("<html>"), Outcome::Unknown)]
#[case::nothing(ResponseTemplate::new(200), Outcome::Unknown)]
#[case::another_shape(ResponseTemplate::new(200).set_body_string(r#"{"id": 5}"#), Outcome::Unknown)]
#[case::new_state(ResponseTemplate::new(200).set_body_string(r#"{"id": "pi_1", "status": "teleported"}"#), Outcome::Unknown)]
#[case::endless(ResponseTemplate::new(200).set_body_string("x".repeat(10 * 1024 * 1024)), Outcome::Unknown)]
#[case::deep(ResponseTemplate::new(200).set_body_string("[".repeat(1_000_000)), Outcome::Unknown)]
#[case::stumbles(ResponseTemplate::new(500).set_body_string(r#"{"error": {}}"#), Outcome::Unknown)]
#[case::redirects(ResponseTemplate::new(307).insert_header("location", "http://127.0.0.1:1/"), Outcome::Unknown)]
#[case::refuses_in_html(ResponseTemplate::new(400).set_body_string("<html>"), Outcome::Unknown)]
#[case::still_runs(ResponseTemplate::new(409).set_body_string("{}"), Outcome::Unknown)]
#[case::turned_away(ResponseTemplate::new(401).set_body_string("{}"), Outcome::Unavailable)]
#[case::too_often(ResponseTemplate::new(429).set_body_string("{}"), Outcome::Unavailable)]
#[case::key_reused(ResponseTemplate::new(400).set_body_string(r#"{"error": {"type": "idempotency_error"}}"#), Outcome::Unknown)]
#[tokio::test]
async fn senseless_answers_leave_the_outcome_open(
    #[case] answer: ResponseTemplate,
    #[case] outcome: Outcome,
) {
    let (server, stripe) = start().await;
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    let operation = charging("pm_1");
    assert_eq!(stripe.perform(&operation).await, outcome);
    assert_eq!(
        stripe.outcome_of(&refunding("pi_1", 1), None).await.unwrap_or(Outcome::Unknown),
        Outcome::Unknown
    );
    assert!(!stripe.method("pm_1").await.is_ok_and(|method| method.is_some()));
}

#[tokio::test]
async fn who_cannot_be_reached_did_nothing_and_who_is_slow_may_have() {
    let nobody = stripe_at("http://127.0.0.1:1", clock());
    assert_eq!(nobody.perform(&charging("pm_1")).await, Outcome::Unavailable);
    assert_eq!(nobody.account("acct_1").await.unwrap_err().code(), "unavailable");

    let server = MockServer::start().await;
    let late =
        ResponseTemplate::new(200).set_body_json(intent("succeeded")).set_delay(Duration::from_mins(1));
    Mock::given(method("POST")).respond_with(late).mount(&server).await;
    let hasty = reqwest::Client::builder().timeout(Duration::from_millis(50)).build().unwrap();
    let slow = Stripe::new(hasty, &server.uri(), SecretString::from("sk"), Vec::new(), clock());
    assert_eq!(slow.perform(&charging("pm_1")).await, Outcome::Unknown);
}

#[tokio::test]
async fn a_charge_without_a_reference_is_found_by_our_id() {
    let (server, stripe) = start().await;
    let operation = charging("pm_1");
    let page = |id: &str, operation: OperationId, has_more: bool| {
        let mut intent = intent("succeeded");
        (intent["id"], intent["metadata"]) = (json!(id), json!({"operation": operation}));
        json!({"data": [intent], "has_more": has_more})
    };
    let first = page("pi_other", super::gateways::id(), true);
    Mock::given(query_param("starting_after", "pi_other"))
        .and(query_param("created[gte]", (now().timestamp().as_second() - 300).to_string()))
        .respond_with(ResponseTemplate::new(200).set_body_json(page("pi_ours", operation.id, true)))
        .with_priority(1)
        .mount(&server)
        .await;
    answers(&server, "GET", "payment_intents", first).await;
    assert_eq!(succeeded(stripe.outcome_of(&operation, None).await.unwrap()), "pi_ours");
    server.reset().await;
    answers(&server, "GET", "payment_intents", empty()).await;
    assert_eq!(stripe.outcome_of(&operation, None).await, None);
}

#[tokio::test]
async fn what_stripe_may_have_forgotten_is_asked_for_before_it_is_repeated() {
    let server = MockServer::start().await;
    let clock = clock();
    clock.advance(SignedDuration::from_hours(21));
    let stripe = stripe_at(&server.uri(), clock);
    let operation = charging("pm_1");
    let mut known = intent("succeeded");
    known["metadata"] = json!({"operation": operation.id});
    answers(&server, "GET", "payment_intents", json!({"data": [known]})).await;
    assert_eq!(succeeded(stripe.perform(&operation).await), "pi_1");
    assert_eq!(requests(&server).await.len(), 1, "it was only asked for");
    server.reset().await;
    answers(&server, "GET", "payment_intents", empty()).await;
    answers(&server, "POST", "payment_intents", intent("succeeded")).await;
    succeeded(stripe.perform(&operation).await);
    assert_eq!(requests(&server).await.len(), 2);
}

#[tokio::test]
async fn a_capture_that_comes_too_late_is_declined() {
    let (server, stripe) = start().await;
    refuses(&server, "payment_intents/pi_1/capture", 400, json!({"code": "charge_expired_for_capture"}))
        .await;
    assert_eq!(stripe.perform(&capturing("pi_1", 100)).await, declined(DeclineCode::ChargeNotOpen));
    let elsewhere = stripe.perform(&capturing("pi_1/../../accounts", 100)).await;
    assert_eq!(elsewhere, declined(DeclineCode::ChargeNotOpen), "no reference leads elsewhere");
}

#[tokio::test]
async fn a_payout_is_a_transfer_and_then_a_payout() {
    let (server, stripe) = start().await;
    answers(&server, "GET", "transfers", empty()).await;
    answers(&server, "GET", "payouts", empty()).await;
    answers(&server, "POST", "transfers", json!({"id": "tr_1"})).await;
    answers(&server, "POST", "payouts", json!({"id": "po_1", "status": "pending"})).await;
    let operation = paying_out("acct_1", 10_000);
    assert_eq!(stripe.perform(&operation).await, Outcome::Processing { reference: "po_1".into() });
    let (id, all) = (operation.id, requests(&server).await);
    let posts: Vec<_> = all.iter().filter(|request| request.method == "POST").collect();
    assert_eq!(
        form(posts[0]),
        format!("amount=10000&currency=eur&destination=acct_1&transfer_group={id}&metadata[operation]={id}")
    );
    assert_eq!(posts[0].headers["idempotency-key"], format!("{id}:transfer").as_str());
    assert_eq!(form(posts[1]), format!("amount=10000&currency=eur&metadata[operation]={id}"));
    assert_eq!(posts[1].headers["stripe-account"], "acct_1");
    assert_eq!(posts[1].headers["idempotency-key"], format!("{id}:payout").as_str());
    assert_eq!(all[0].url.query(), Some(format!("transfer_group={id}&limit=1").as_str()));
}

#[rstest]
#[case("pending", false)]
#[case("in_transit", false)]
#[case("paid", false)]
#[case("failed", true)]
#[case("canceled", true)]
#[tokio::test]
async fn a_payout_that_came_back_is_reversed(#[case] status: &str, #[case] reversed: bool) {
    let (server, stripe) = start().await;
    let operation = paying_out("acct_1", 10_000);
    answers(&server, "GET", "transfers", json!({"data": [{"id": "tr_1"}]})).await;
    let payout = json!({"id": "po_1", "status": status, "metadata": {"operation": operation.id}});
    answers(&server, "GET", "payouts", json!({"data": [payout]})).await;
    answers(&server, "POST", "transfers/tr_1/reversals", json!({"id": "trr_1"})).await;
    let outcome = stripe.outcome_of(&operation, None).await.unwrap();
    let reversals = requests(&server).await.iter().filter(|request| request.method == "POST").count();
    assert_eq!(reversals, usize::from(reversed));
    match status {
        "paid" => assert_eq!(succeeded(outcome), "po_1"),
        _ if reversed => assert_eq!(outcome, declined(DeclineCode::PayoutAccountUnusable)),
        _ => assert_eq!(outcome, Outcome::Processing { reference: "po_1".into() }),
    }
    assert_eq!(stripe.perform(&operation).await, stripe.outcome_of(&operation, None).await.unwrap());
}

#[tokio::test]
async fn a_payout_is_refused_whole() {
    let (server, stripe) = start().await;
    answers(&server, "GET", "transfers", empty()).await;
    refuses(&server, "transfers", 400, json!({"code": "balance_insufficient"})).await;
    assert_eq!(stripe.perform(&paying_out("acct_1", 1)).await, declined(DeclineCode::PayoutFundsMissing));
    assert_eq!(stripe.outcome_of(&paying_out("acct_1", 1), None).await, None);

    server.reset().await;
    answers(&server, "GET", "transfers", empty()).await;
    answers(&server, "GET", "payouts", empty()).await;
    answers(&server, "POST", "transfers", json!({"id": "tr_1"})).await;
    refuses(&server, "payouts", 400, json!({"code": "payouts_not_allowed"})).await;
    answers(&server, "POST", "transfers/tr_1/reversals", json!({"id": "trr_1"})).await;
    assert_eq!(stripe.perform(&paying_out("acct_1", 1)).await, declined(DeclineCode::PayoutAccountUnusable));

    server.reset().await;
    answers(&server, "GET", "transfers", json!({"data": [{"id": "tr_1"}]})).await;
    answers(&server, "GET", "payouts", empty()).await;
    let half = stripe.outcome_of(&paying_out("acct_1", 1), None).await;
    assert_eq!(half, Some(Outcome::Unknown), "half of it was done");
}

#[tokio::test]
async fn accounts_are_opened_and_told_about() {
    let (server, stripe) = start().await;
    let account = json!({"id": "acct_1", "payouts_enabled": false, "details_submitted": false,
        "requirements": {"currently_due": ["external_account"], "disabled_reason": "requirements.past_due"}});
    answers(&server, "POST", "accounts", account.clone()).await;
    answers(&server, "GET", "accounts/acct_1", account).await;
    answers(&server, "POST", "account_links", json!({"url": "https://connect.stripe.com/setup/1"})).await;
    let holder = UserId::at(now());
    let new = NewAccount {
        holder,
        email: "ada@example.com".into(),
        country: "DE".into(),
        bank_token: Some("btok_1".into()),
    };
    let opened = stripe.open_account(&new).await.unwrap();
    assert_eq!(
        (opened.status, opened.requirements),
        (AccountStatus::Pending, vec!["external_account".to_owned()])
    );
    let page = stripe.account_page("acct_1", "https://app.example.com/done").await.unwrap();
    assert_eq!(page.as_deref(), Some("https://connect.stripe.com/setup/1"));
    let all = requests(&server).await;
    assert_eq!(
        form(&all[0]).replace("%40", "@"),
        format!(
            "type=express&country=DE&email=ada@example.com&capabilities[transfers][requested]=true\
             &settings[payouts][schedule][interval]=manual&metadata[holder]={holder}&external_account=btok_1"
        )
    );
    for (account, status) in [
        (json!({"id": "a", "payouts_enabled": true}), AccountStatus::Active),
        (json!({"id": "a", "details_submitted": true}), AccountStatus::Restricted),
        (json!({"id": "a", "requirements": {"disabled_reason": "rejected.fraud"}}), AccountStatus::Rejected),
    ] {
        server.reset().await;
        answers(&server, "GET", "accounts/acct_1", account).await;
        assert_eq!(stripe.account("acct_1").await.unwrap().unwrap().status, status);
    }
}

#[tokio::test]
async fn the_book_is_read_by_the_page() {
    let (server, stripe) = start().await;
    let operation = super::gateways::id();
    let meta = json!({"operation": operation});
    let line = |kind: &str, amount: i64, source: Value| {
        json!({"id": format!("txn_{kind}"), "type": kind, "amount": amount, "fee": 25, "currency": "eur",
            "created": 1_772_442_000, "source": source})
    };
    let lines = json!([
        line("charge", 4990, json!({"id": "ch_1", "payment_intent": "pi_1", "metadata": meta})),
        line("refund", -1000, json!({"id": "re_1", "metadata": meta})),
        line("transfer", -500, json!({"id": "tr_1", "metadata": {}})),
        line("adjustment", -4990, json!({"id": "dp_1"})),
        line("adjustment", 4990, json!({"id": "dp_1"})),
        line("stripe_fee", -3, json!(null)),
    ]);
    answers(&server, "GET", "balance_transactions", json!({"data": lines, "has_more": true})).await;
    let period = Period { from: now(), until: now().plus(SignedDuration::from_hours(24)) };
    let book = stripe.statement(period, Some("txn_0")).await.unwrap();
    let seen: Vec<_> =
        book.entries.iter().map(|e| (e.kind, e.reference.as_str(), e.amount.minor, e.fee.minor)).collect();
    assert_eq!(
        seen,
        [
            (EntryKind::Charge, "pi_1", 4990, 25),
            (EntryKind::Refund, "re_1", 1000, 25),
            (EntryKind::Payout, "tr_1", 500, 25),
            (EntryKind::Dispute, "dp_1", 4990, 25),
            (EntryKind::DisputeWon, "dp_1", 4990, 25),
            (EntryKind::Other, "txn_stripe_fee", 3, 25),
        ]
    );
    assert_eq!((book.entries[0].operation, book.next.as_deref()), (Some(operation), Some("txn_stripe_fee")));
    let query = requests(&server).await[0].url.query().unwrap().replace("%5B", "[").replace("%5D", "]");
    assert_eq!(
        query,
        "limit=100&created[gte]=1772442000&created[lt]=1772528400&expand[]=data.source&starting_after=txn_0"
    );
}

fn dispute_of(operation: Option<OperationId>, status: &str) -> Value {
    let metadata = operation.map_or(json!({}), |id| json!({"operation": id}));
    json!({"id": "dp_1", "amount": 4990, "currency": "eur", "payment_intent": "pi_1", "status": status,
        "metadata": metadata})
}

#[tokio::test]
async fn evidence_is_sent_as_documented_and_known_by_our_id() {
    let (server, stripe) = start().await;
    let defending = defending("dp_1");
    answers(&server, "GET", "disputes/dp_1", dispute_of(None, "needs_response")).await;
    answers(&server, "POST", "disputes/dp_1", dispute_of(Some(defending.id), "under_review")).await;
    assert_eq!(stripe.outcome_of(&defending, None).await, None, "nobody has said anything");
    assert_eq!(succeeded(stripe.perform(&defending).await), "dp_1");
    let (id, asked) = (defending.id.to_string(), requests(&server).await);
    assert_eq!(asked[1].headers["idempotency-key"], id.as_str());
    assert_eq!(
        form(&asked[1]),
        format!(
            "evidence[uncategorized_text]=It+was+done&evidence[customer_name]=Ada&evidence[product_description]=Cleaning\
             &evidence[service_date]=2026-03-02T09:00:00Z&evidence[access_activity_log]=accepted\
             &metadata[operation]={id}&submit=true"
        )
    );
    server.reset().await;
    answers(&server, "GET", "disputes/dp_1", dispute_of(Some(defending.id), "under_review")).await;
    assert_eq!(succeeded(stripe.outcome_of(&defending, None).await.unwrap()), "dp_1");
    server.reset().await;
    refuses(&server, "disputes/dp_1", 400, json!({"type": "invalid_request_error"})).await;
    assert_eq!(
        stripe.perform(&defending).await,
        declined(DeclineCode::ChargeNotOpen),
        "the bank has decided"
    );
}

#[rstest]
#[case(json!("insufficient_funds"), DeclineCode::PayoutFundsMissing)]
#[case(json!("expired_or_canceled_card"), DeclineCode::MethodNotSupported)]
#[case(json!("charge_for_pending_refund_disputed"), DeclineCode::ChargeNotOpen)]
#[case(json!("unknown"), DeclineCode::ProcessingError)]
#[case(Value::Null, DeclineCode::ProcessingError)]
#[tokio::test]
async fn a_refund_that_failed_says_why(#[case] reason: Value, #[case] code: DeclineCode) {
    let (server, stripe) = start().await;
    let refunding = refunding("pi_1", 1000);
    let refund = json!({"id": "re_1", "status": "failed", "failure_reason": reason,
        "metadata": {"operation": refunding.id}});
    let list = json!({"object": "list", "data": [refund], "has_more": false});
    answers(&server, "GET", "refunds", list).await;
    assert_eq!(stripe.outcome_of(&refunding, None).await, Some(declined(code)));
}

#[tokio::test]
async fn a_dispute_is_told_in_our_words() {
    let (server, stripe) = start().await;
    for (status, expected) in
        [("needs_response", DisputeStatus::Open), ("won", DisputeStatus::Won), ("lost", DisputeStatus::Lost)]
    {
        server.reset().await;
        let dispute = json!({"id": "dp_1", "amount": 4990, "currency": "eur", "payment_intent": "pi_1",
            "status": status, "evidence_details": {"due_by": 1_772_442_000}});
        answers(&server, "GET", "disputes/dp_1", dispute).await;
        let dispute = stripe.dispute("dp_1").await.unwrap().unwrap();
        assert_eq!((dispute.status, dispute.amount, dispute.respond_by), (expected, eur(4990), Some(now())));
        assert_eq!(dispute.charge, "pi_1");
    }
}

#[rstest]
#[case("payment_intent.succeeded", Subject::Charge)]
#[case("payment_intent.payment_failed", Subject::Charge)]
#[case("charge.succeeded", Subject::Other)]
#[case("charge.dispute.created", Subject::Dispute)]
#[case("charge.refund.updated", Subject::Refund)]
#[case("refund.failed", Subject::Refund)]
#[case("setup_intent.succeeded", Subject::SetUp)]
#[case("payout.failed", Subject::PayOut)]
#[case("account.updated", Subject::Account)]
#[case("invented.tomorrow", Subject::Other)]
#[tokio::test]
async fn messages_say_what_to_ask_about(#[case] kind: &str, #[case] subject: Subject) {
    let stripe = stripe_at("http://127.0.0.1:1", clock());
    let body =
        json!({"id": "evt_1", "type": kind, "created": 1_772_442_000, "data": {"object": {"id": "x_1"}}});
    let body = body.to_string();
    let signature = webhook_signature::sign(&SecretString::from("whsec_test"), body.as_bytes(), now());
    let headers = [("stripe-signature".parse().unwrap(), signature.parse().unwrap())].into_iter().collect();
    let event = stripe.event(&headers, body.as_bytes()).await.unwrap();
    assert_eq!((event.subject, event.reference.as_str(), event.at), (subject, "x_1", now()));
}

#[tokio::test]
async fn keys_are_sent_with_every_write() {
    let (server, stripe) = start().await;
    Mock::given(method("POST"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string_contains("payment_intent=pi_1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"id": "re_1", "status": "pending"})))
        .mount(&server)
        .await;
    let refund = refunding("pi_1", 10);
    assert_eq!(stripe.perform(&refund).await, Outcome::Processing { reference: "re_1".into() });
    assert_eq!(requests(&server).await[0].headers["idempotency-key"], refund.id.to_string().as_str());
}

#[tokio::test]
async fn no_log_holds_a_secret_or_a_person() {
    let (log, _logging) = Log::start("adapters=trace");
    let (server, stripe) = start().await;
    let secrets = "sk_test_secret max@example.com 4242424242424242 cus_private";
    for (status, body) in [
        (200, secrets.to_owned()),
        (400, secrets.to_owned()),
        (401, secrets.to_owned()),
        (402, json!({"error": {"code": "card_declined", "message": secrets}}).to_string()),
        (500, secrets.to_owned()),
    ] {
        server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
        let charge = Charge { payer: Some("cus_private".into()), ..charge(Some("pm_private")) };
        stripe.perform(&operation(Task::Charge(charge))).await;
    }
    stripe_at("http://127.0.0.1:1", clock()).method("pm_private").await.unwrap_err();
    let log = log.text();
    assert!(log.contains("card_declined") && log.contains("status=500"), "{log}");
    for private in
        ["sk_test", "example.com", "4242", "cus_private", "pm_private", "Deep cleaning", "skillbuddy://"]
    {
        assert!(!log.contains(private), "{private} is in the log: {log}");
    }
}
