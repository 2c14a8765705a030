//! The sandbox: every path that its test methods promise.

use axum::http::{HeaderMap, Method};
use jiff::SignedDuration;
use platform::{
    ids::UserId,
    money::{Currency, Money},
    ports::gateway::{
        AccountStatus, Charge, DeclineCode, DisputeStatus, EntryKind, Gateway, NewAccount, NewPayer, Outcome,
        Period, Subject, Task, WebhookError,
    },
    testing::TestApp,
};
use rstest::rstest;

use super::gateways::{
    capturing, charge, charging, declined, defending, eur, operation, paying_out, refunding, reserving,
    succeeded, voiding,
};
use crate::{Sandbox, sandbox_router};

const STEP: SignedDuration = SignedDuration::from_secs(3);

async fn start() -> (TestApp, Sandbox) {
    let test = TestApp::start(sandbox_router()).await;
    let sandbox = Sandbox::new(
        test.app.db.clone(),
        test.app.clock.clone(),
        &test.app.secrets,
        &test.app.settings.http.public_url,
    );
    (test, sandbox)
}

/// The book as text, a movement a line.
async fn book(sandbox: &Sandbox) -> String {
    let period = Period {
        from: super::gateways::now().minus(SignedDuration::from_hours(1)),
        until: super::gateways::now().plus(SignedDuration::from_hours(1)),
    };
    let statement = sandbox.statement(period, None).await.unwrap();
    assert_eq!(statement.next, None);
    let lines =
        statement.entries.iter().map(|entry| format!("{} {}", <&str>::from(entry.kind), entry.amount));
    lines.collect::<Vec<_>>().join(", ")
}

async fn account(sandbox: &Sandbox, bank: &str) -> String {
    let account = NewAccount {
        holder: UserId::at(super::gateways::now()),
        email: "max@example.com".into(),
        country: "DE".into(),
        bank_token: Some(format!("ba_sandbox_{bank}")),
    };
    sandbox.open_account(&account).await.unwrap().reference
}

#[rstest]
#[case("declined", DeclineCode::CardDeclined)]
#[case("insufficient_funds", DeclineCode::InsufficientFunds)]
#[case("expired", DeclineCode::ExpiredCard)]
#[case("incorrect_cvc", DeclineCode::IncorrectCvc)]
#[case("fraud", DeclineCode::FraudSuspected)]
#[case("limit_exceeded", DeclineCode::LimitExceeded)]
#[case("not_supported", DeclineCode::MethodNotSupported)]
#[case("processing_error", DeclineCode::ProcessingError)]
#[case("no_such_thing", DeclineCode::MethodNotFound)]
#[tokio::test]
async fn a_declining_method_declines_and_moves_nothing(#[case] method: &str, #[case] code: DeclineCode) {
    let (_test, sandbox) = start().await;
    let operation = charging(&format!("pm_sandbox_{method}"));
    assert_eq!(sandbox.perform(&operation).await, declined(code));
    assert_eq!(sandbox.outcome_of(&operation, None).await, Some(declined(code)));
    assert_eq!(book(&sandbox).await, "");
}

#[tokio::test]
async fn the_same_operation_happens_once_however_often_and_at_once() {
    let (_test, sandbox) = start().await;
    let operation = charging("pm_sandbox_visa");
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (sandbox, operation) = (sandbox.clone(), operation.clone());
            tokio::spawn(async move { sandbox.perform(&operation).await })
        })
        .collect();
    for one in all {
        succeeded(one.await.unwrap());
    }
    assert_eq!(book(&sandbox).await, "charge 49.90");
}

#[tokio::test]
async fn a_lost_reply_is_found_by_asking_and_by_doing_it_again() {
    let (_test, sandbox) = start().await;
    let operation = charging("pm_sandbox_drops_reply");
    assert_eq!(sandbox.outcome_of(&operation, None).await, None, "nobody has heard of it");
    assert_eq!(sandbox.perform(&operation).await, Outcome::Unknown);
    let found = succeeded(sandbox.outcome_of(&operation, None).await.unwrap());
    assert_eq!(succeeded(sandbox.perform(&operation).await), found);
    assert_eq!(book(&sandbox).await, "charge 49.90");
}

#[tokio::test]
async fn calls_that_go_nowhere_move_nothing() {
    let (_test, sandbox) = start().await;
    for (method, outcome) in [("timeout", Outcome::Unknown), ("unavailable", Outcome::Unavailable)] {
        let operation = charging(&format!("pm_sandbox_{method}"));
        assert_eq!(sandbox.perform(&operation).await, outcome);
        assert_eq!(sandbox.outcome_of(&operation, None).await, None);
    }
    assert_eq!(book(&sandbox).await, "");
}

#[tokio::test]
async fn what_reports_late_is_final_after_a_while_and_says_so() {
    let (test, sandbox) = start().await;
    let (good, bad) = (charging("pm_sandbox_reports_late"), charging("pm_sandbox_declines_late"));
    assert!(matches!(sandbox.perform(&good).await, Outcome::Processing { .. }));
    assert!(matches!(sandbox.perform(&bad).await, Outcome::Processing { .. }));
    assert_eq!((book(&sandbox).await.as_str(), sandbox.messages().await.unwrap().len()), ("", 2));
    test.advance(STEP);
    succeeded(sandbox.outcome_of(&good, None).await.unwrap());
    assert_eq!(sandbox.outcome_of(&bad, None).await, Some(declined(DeclineCode::InsufficientFunds)));
    assert_eq!((book(&sandbox).await.as_str(), sandbox.messages().await.unwrap().len()), ("charge 49.90", 4));
}

#[tokio::test]
async fn what_was_reserved_is_taken_once_and_in_part() {
    let (test, sandbox) = start().await;
    let reference = succeeded(sandbox.perform(&reserving("pm_sandbox_visa")).await);
    assert_eq!(book(&sandbox).await, "");
    let not_open = declined(DeclineCode::ChargeNotOpen);
    assert_eq!(sandbox.perform(&capturing(&reference, 4991)).await, not_open);
    assert_eq!(sandbox.perform(&refunding(&reference, 1)).await, not_open, "nothing was taken yet");
    let capture = capturing(&reference, 4000);
    assert_eq!(succeeded(sandbox.perform(&capture).await), reference);
    assert_eq!(succeeded(sandbox.perform(&capture).await), reference);
    assert_eq!(sandbox.perform(&capturing(&reference, 990)).await, not_open, "the rest was let go");
    assert_eq!(sandbox.perform(&voiding(&reference)).await, not_open);
    assert_eq!(book(&sandbox).await, "charge 40.00");

    let old = succeeded(sandbox.perform(&reserving("pm_sandbox_visa")).await);
    test.advance(sandbox.authorisation_life());
    assert_eq!(sandbox.perform(&capturing(&old, 4990)).await, not_open);
}

#[tokio::test]
async fn what_was_let_go_is_cancelled() {
    let (_test, sandbox) = start().await;
    let reserve = reserving("pm_sandbox_visa");
    let reference = succeeded(sandbox.perform(&reserve).await);
    succeeded(sandbox.perform(&voiding(&reference)).await);
    succeeded(sandbox.perform(&voiding(&reference)).await);
    assert_eq!(sandbox.outcome_of(&reserve, None).await, Some(declined(DeclineCode::PaymentCancelled)));
    assert_eq!(sandbox.perform(&capturing(&reference, 1)).await, declined(DeclineCode::ChargeNotOpen));
}

#[tokio::test]
async fn never_more_is_given_back_than_was_taken_however_many_at_once() {
    let (_test, sandbox) = start().await;
    let reference = succeeded(sandbox.perform(&charging("pm_sandbox_visa")).await);
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (sandbox, operation) = (sandbox.clone(), refunding(&reference, 1000));
            tokio::spawn(async move { sandbox.perform(&operation).await })
        })
        .collect();
    let mut refunds = 0;
    for one in all {
        match one.await.unwrap() {
            Outcome::Succeeded { .. } => refunds += 1,
            other => assert_eq!(other, declined(DeclineCode::ChargeNotOpen)),
        }
    }
    assert_eq!(refunds, 4);
    let of_other_currency = Task::Refund {
        charge: reference.clone(),
        amount: platform::money::Money::new(1, platform::money::Currency::parse("CHF").unwrap()),
    };
    assert_eq!(sandbox.perform(&operation(of_other_currency)).await, declined(DeclineCode::ChargeNotOpen));
    succeeded(sandbox.perform(&refunding(&reference, 990)).await);
    let none_left = sandbox.perform(&refunding(&reference, 1)).await;
    assert_eq!(none_left, declined(DeclineCode::ChargeNotOpen));
}

#[tokio::test]
async fn refunds_can_be_late_come_back_or_lose_their_reply() {
    let (test, sandbox) = start().await;
    let charge = async |method: &str| succeeded(sandbox.perform(&charging(method)).await);
    let late = refunding(&charge("pm_sandbox_refund_late").await, 4990);
    let returned = refunding(&charge("pm_sandbox_refund_returned").await, 4990);
    let lost = refunding(&charge("pm_sandbox_refund_drops_reply").await, 4990);
    let refused = refunding(&charge("pm_sandbox_refund_declined").await, 4990);
    assert!(matches!(sandbox.perform(&late).await, Outcome::Processing { .. }));
    succeeded(sandbox.perform(&returned).await);
    assert_eq!(sandbox.perform(&lost).await, Outcome::Unknown);
    succeeded(sandbox.perform(&lost).await);
    assert_eq!(sandbox.perform(&refused).await, declined(DeclineCode::ProcessingError));
    test.advance(STEP);
    succeeded(sandbox.outcome_of(&late, None).await.unwrap());
    assert_eq!(sandbox.outcome_of(&returned, None).await, Some(declined(DeclineCode::ProcessingError)));
    let Task::Refund { charge, .. } = &returned.task else { unreachable!() };
    succeeded(sandbox.perform(&refunding(charge, 4990)).await);
    assert!(book(&sandbox).await.contains("refund_failure 49.90"));
}

#[tokio::test]
async fn a_refund_that_was_declined_arrives_the_next_time() {
    let (_test, sandbox) = start().await;
    let charge = succeeded(sandbox.perform(&charging("pm_sandbox_refund_recovers")).await);
    let first = refunding(&charge, 1000);
    for _ in 0..2 {
        assert_eq!(sandbox.perform(&first).await, declined(DeclineCode::ProcessingError));
    }
    succeeded(sandbox.perform(&refunding(&charge, 1000)).await);
    assert_eq!(book(&sandbox).await, "charge 49.90, refund 10.00");
}

#[rstest]
#[case("EUR", 4990, 94)]
#[case("EUR", 10, 10)]
#[case("JPY", 4990, 69)]
#[tokio::test]
async fn it_keeps_a_fee_of_each_charge_and_never_more_than_all(
    #[case] currency: &str,
    #[case] minor: i64,
    #[case] fee: i64,
) {
    let (_test, sandbox) = start().await;
    let amount = Money::new(minor, Currency::parse(currency).unwrap());
    let charged = Charge { amount, ..charge(Some("pm_sandbox_visa")) };
    let charge = succeeded(sandbox.perform(&operation(Task::Charge(charged))).await);
    succeeded(sandbox.perform(&operation(Task::Refund { charge, amount })).await);
    let now = super::gateways::now();
    let period = Period { from: now, until: now.plus(STEP) };
    let entries = sandbox.statement(period, None).await.unwrap().entries;
    let fees: Vec<_> = entries.iter().map(|entry| (entry.kind, entry.fee.minor)).collect();
    assert_eq!(fees, [(EntryKind::Charge, fee), (EntryKind::Refund, 0)]);
}

#[tokio::test]
async fn a_payer_approves_or_refuses_on_a_page() {
    let (test, sandbox) = start().await;
    for (decision, outcome) in [("approve", None), ("refuse", Some(DeclineCode::AuthenticationFailed))] {
        let operation = charging("pm_sandbox_3ds");
        let Outcome::RequiresAction { action, .. } = sandbox.perform(&operation).await else { panic!() };
        let path = action.url.unwrap().replace("http://localhost:8000", "");
        let page = test.anonymous().with("accept-language", "de").get(&path).await.expect(200);
        assert!(
            page.text().contains("49.90 EUR") && page.text().contains("Deep cleaning"),
            "{}",
            page.text()
        );
        assert!(page.text().contains("Diese Zahlung freigeben?"), "{}", page.text());
        let (path, key) = path.split_once("?key=").unwrap();
        let form = |key: &str| format!("key={key}&decision={decision}").into();
        let send = async |key: &str| {
            let content_type = Some("application/x-www-form-urlencoded");
            test.anonymous().send(Method::POST, path, content_type, form(key)).await
        };
        send(&key.chars().rev().collect::<String>()).await.refused(404, "not_found");
        let done = send(key).await.expect(200);
        assert!(done.text().contains("skillbuddy://payments/1"), "{}", done.text());
        send(key).await.expect(200);
        match (sandbox.outcome_of(&operation, None).await.unwrap(), outcome) {
            (Outcome::Succeeded { .. }, None) => {}
            (other, Some(code)) => assert_eq!(other, declined(code)),
            (other, None) => panic!("{other:?}"),
        }
    }
    assert_eq!(book(&sandbox).await, "charge 49.90");
    test.anonymous().get("/dev/sandbox/ch_sandbox_1/?key=00").await.refused(404, "not_found");
}

#[tokio::test]
async fn who_is_not_there_cannot_approve() {
    let (_test, sandbox) = start().await;
    let absent =
        platform::ports::gateway::Charge { is_payer_present: false, ..charge(Some("pm_sandbox_3ds")) };
    let outcome = sandbox.perform(&operation(Task::Charge(absent))).await;
    assert_eq!(outcome, declined(DeclineCode::AuthenticationRequired));
}

#[tokio::test]
async fn methods_are_kept_for_their_payer_alone() {
    let (_test, sandbox) = start().await;
    let user = UserId::at(super::gateways::now());
    let new = NewPayer { user, email: "max@example.com".into(), name: "Max".into() };
    let payer = sandbox.payer(&new).await.unwrap();
    let kept = sandbox.keep_method(&payer, "pm_sandbox_mastercard").await.unwrap();
    assert_eq!((kept.brand.as_deref(), kept.last4.as_deref()), (Some("mastercard"), Some("4444")));
    assert_eq!(sandbox.method(&kept.reference).await.unwrap().as_ref(), Some(&kept));
    let by = |payer: Option<&str>| {
        let payer = payer.map(ToOwned::to_owned);
        operation(Task::Charge(platform::ports::gateway::Charge { payer, ..charge(Some(&kept.reference)) }))
    };
    succeeded(sandbox.perform(&by(Some(&payer))).await);
    let unknown = declined(DeclineCode::MethodNotFound);
    assert_eq!(sandbox.perform(&by(Some("cus_sandbox_other"))).await, unknown);
    assert_eq!(sandbox.perform(&by(None)).await, unknown);
    sandbox.drop_method(&kept.reference).await.unwrap();
    sandbox.drop_method(&kept.reference).await.unwrap();
    assert_eq!(sandbox.method(&kept.reference).await.unwrap(), None);
    assert_eq!(sandbox.perform(&by(Some(&payer))).await, unknown);
    assert_eq!(sandbox.keep_method(&payer, "tok_visa").await.unwrap_err().code(), "method_not_found");
}

#[tokio::test]
async fn a_method_is_set_up_on_a_page() {
    let (_test, sandbox) = start().await;
    let operation =
        operation(Task::SetUp { payer: "cus_sandbox_1".into(), return_url: "skillbuddy://methods".into() });
    let waiting = sandbox.perform(&operation).await;
    sandbox.decide(waiting.reference().unwrap(), true).await.unwrap();
    let method = succeeded(sandbox.outcome_of(&operation, None).await.unwrap());
    assert_eq!(sandbox.method(&method).await.unwrap().unwrap().last4.as_deref(), Some("4242"));
}

#[tokio::test]
async fn payouts_arrive_fail_or_come_back() {
    let (test, sandbox) = start().await;
    let mut outcomes = Vec::new();
    for bank in ["good", "closed", "returned"] {
        let payout = paying_out(&account(&sandbox, bank).await, 10_000);
        assert!(matches!(sandbox.perform(&payout).await, Outcome::Processing { .. }));
        outcomes.push(payout);
    }
    let lost = paying_out(&account(&sandbox, "drops_reply").await, 500);
    assert_eq!(sandbox.perform(&lost).await, Outcome::Unknown);
    let unusable = declined(DeclineCode::PayoutAccountUnusable);
    assert_eq!(sandbox.perform(&paying_out("acct_sandbox_nobody", 500)).await, unusable);
    test.advance(STEP);
    succeeded(sandbox.outcome_of(&outcomes[0], None).await.unwrap());
    assert_eq!(sandbox.outcome_of(&outcomes[1], None).await, Some(unusable.clone()));
    succeeded(sandbox.outcome_of(&outcomes[2], None).await.unwrap());
    succeeded(sandbox.outcome_of(&lost, None).await.unwrap());
    test.advance(STEP);
    assert_eq!(sandbox.outcome_of(&outcomes[2], None).await, Some(unusable));
    assert_eq!(
        book(&sandbox).await,
        "payout 100.00, payout 100.00, payout 100.00, payout 5.00, payout_failure 100.00, payout_failure 100.00"
    );
}

#[tokio::test]
async fn an_account_waits_for_its_documents() {
    let (_test, sandbox) = start().await;
    let reference = account(&sandbox, "unverified").await;
    let before = sandbox.account(&reference).await.unwrap().unwrap();
    assert_eq!((before.status, before.requirements.len()), (AccountStatus::Pending, 1));
    assert!(sandbox.account_page(&reference, "").await.unwrap().unwrap().contains("/dev/sandbox/acct_"));
    sandbox.decide(&reference, true).await.unwrap();
    assert_eq!(sandbox.account(&reference).await.unwrap().unwrap().status, AccountStatus::Active);
    assert_eq!(sandbox.account_page(&reference, "").await.unwrap(), None);
}

#[tokio::test]
async fn disputes_open_and_end() {
    let (test, sandbox) = start().await;
    let won = succeeded(sandbox.perform(&charging("pm_sandbox_disputed_won")).await);
    let lost = succeeded(sandbox.perform(&charging("pm_sandbox_disputed_lost")).await);
    let of = async |charge: &str| {
        let reference = charge.replace("ch_", "dp_");
        sandbox.dispute(&reference).await.unwrap().map(|dispute| (dispute.status, dispute.amount))
    };
    assert_eq!(of(&won).await, None);
    test.advance(STEP);
    assert_eq!(of(&won).await, Some((DisputeStatus::Open, eur(4990))));
    let dispute = won.replace("ch_", "dp_");
    let heard = defending(&dispute);
    assert_eq!(sandbox.outcome_of(&heard, None).await, None);
    for _ in 0..2 {
        assert_eq!(succeeded(sandbox.perform(&heard).await), dispute);
    }
    test.advance(STEP);
    let too_late = declined(DeclineCode::ChargeNotOpen);
    assert_eq!(sandbox.perform(&defending(&dispute)).await, too_late);
    assert_eq!(sandbox.perform(&defending("dp_nobody")).await, too_late);
    assert_eq!(of(&won).await.unwrap().0, DisputeStatus::Won);
    assert_eq!(of(&lost).await.unwrap().0, DisputeStatus::Lost);
    assert_eq!(
        book(&sandbox).await,
        "charge 49.90, charge 49.90, dispute 49.90, dispute 49.90, dispute_won 49.90"
    );
}

#[tokio::test]
async fn messages_are_signed_and_wait_until_they_are_delivered() {
    let (test, sandbox) = start().await;
    let operation = charging("pm_sandbox_visa");
    let reference = succeeded(sandbox.perform(&operation).await);
    let messages = sandbox.messages().await.unwrap();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    let event = sandbox.event(&message.headers, &message.body).await.unwrap();
    assert_eq!((event.subject, event.operation), (Subject::Charge, Some(operation.id)));
    assert_eq!((event.reference, event.id), (reference, format!("evt_sandbox_{}", message.id)));
    let unsigned = sandbox.event(&HeaderMap::new(), &message.body).await;
    assert!(matches!(unsigned, Err(WebhookError::WebhookNotSigned)));
    test.advance(SignedDuration::from_secs(301));
    let stale = sandbox.event(&message.headers, &message.body).await;
    assert!(matches!(stale, Err(WebhookError::WebhookNotSigned)));
    sandbox.delivered(message.id).await.unwrap();
    assert!(sandbox.messages().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_book_is_read_by_the_page() {
    let (test, sandbox) = start().await;
    let reference = succeeded(sandbox.perform(&charging("pm_sandbox_visa")).await);
    sqlx::query!(
        "insert into sandbox_book (operation, reference, kind, amount, currency, at)
         select operation, n::text, 'charge', n, 'EUR', at from sandbox_book, generate_series(1, 600) n"
    )
    .execute(&test.app.db)
    .await
    .unwrap();
    let period = Period { from: test.now(), until: test.now().plus(STEP) };
    let first = sandbox.statement(period, None).await.unwrap();
    let second = sandbox.statement(period, first.next.as_deref()).await.unwrap();
    assert_eq!((first.entries.len(), second.entries.len(), &second.next), (500, 101, &None));
    assert_eq!((&first.entries[0].reference, first.entries[0].kind), (&reference, EntryKind::Charge));
    let before = Period { from: test.now().minus(STEP), until: test.now() };
    assert!(sandbox.statement(before, None).await.unwrap().entries.is_empty(), "the end is not part of it");
}

#[tokio::test]
async fn messages_are_sent_to_our_own_webhook_until_it_takes_them() {
    let ours = wiremock::MockServer::start().await;
    let busy = wiremock::Mock::given(wiremock::matchers::path("/webhooks/sandbox/"));
    let busy = busy.respond_with(wiremock::ResponseTemplate::new(503)).mount_as_scoped(&ours).await;
    let jobs = crate::register(platform::jobs::Registry::default());
    let authenticator = std::sync::Arc::new(platform::testing::TokenIsUserId);
    let test = TestApp::with(sandbox_router(), jobs, authenticator, &["--public-url", &ours.uri()]).await;
    let sandbox = Sandbox::new(test.app.db.clone(), test.app.clock.clone(), &test.app.secrets, &ours.uri());
    succeeded(sandbox.perform(&charging("pm_sandbox_visa")).await);
    test.run_jobs().await;
    assert_eq!(sandbox.messages().await.unwrap().len(), 1, "it was not taken");
    drop(busy);
    let taking = wiremock::Mock::given(wiremock::matchers::path("/webhooks/sandbox/"));
    taking.respond_with(wiremock::ResponseTemplate::new(204)).mount(&ours).await;
    test.advance(SignedDuration::from_mins(1));
    test.run_jobs().await;
    assert!(sandbox.messages().await.unwrap().is_empty());
    let sent = ours.received_requests().await.unwrap().pop().unwrap();
    let event = sandbox.event(&sent.headers, &sent.body).await.unwrap();
    assert_eq!(event.subject, Subject::Charge);
}

#[tokio::test]
async fn where_a_real_gateway_serves_there_is_no_page() {
    let args = ["--stripe-secret-key", "sk_test_1", "--stripe-webhook-secrets", "whsec_1"];
    let authenticator = std::sync::Arc::new(platform::testing::TokenIsUserId);
    let test =
        TestApp::with(sandbox_router(), platform::jobs::Registry::default(), authenticator, &args).await;
    let sandbox = Sandbox::new(test.app.db.clone(), test.app.clock.clone(), &test.app.secrets, "");
    let Outcome::RequiresAction { action, .. } = sandbox.perform(&charging("pm_sandbox_3ds")).await else {
        panic!()
    };
    test.anonymous().get(&action.url.unwrap()).await.refused(404, "not_found");
}
