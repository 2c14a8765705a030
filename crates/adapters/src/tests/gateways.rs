//! What the tests of all gateways share.

use platform::{
    ids::OperationId,
    money::{Currency, Money},
    ports::gateway::{Capture, Charge, DeclineCode, Defence, Operation, Outcome, Task},
    time::{Clock, Instant},
};

pub fn now() -> Instant {
    "2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
}

/// An id that is no other test's, of the time at which every test starts.
pub fn id() -> OperationId {
    OperationId::at(now())
}

pub fn operation(task: Task) -> Operation {
    Operation { id: id(), task }
}

pub fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// A charge of 49.90 EUR, taken at once, with the payer there.
pub fn charge(method: Option<&str>) -> Charge {
    Charge {
        amount: eur(4990),
        payer: None,
        method: method.map(ToOwned::to_owned),
        capture: Capture::Now,
        is_payer_present: true,
        description: "Deep cleaning".to_owned(),
        return_url: "skillbuddy://payments/1".to_owned(),
    }
}

pub fn charging(method: &str) -> Operation {
    operation(Task::Charge(charge(Some(method))))
}

pub fn reserving(method: &str) -> Operation {
    operation(Task::Charge(Charge { capture: Capture::Later, ..charge(Some(method)) }))
}

pub fn capturing(charge: &str, minor: i64) -> Operation {
    operation(Task::Capture { charge: charge.to_owned(), amount: eur(minor) })
}

pub fn voiding(charge: &str) -> Operation {
    operation(Task::Void { charge: charge.to_owned() })
}

pub fn refunding(charge: &str, minor: i64) -> Operation {
    operation(Task::Refund { charge: charge.to_owned(), amount: eur(minor) })
}

pub fn paying_out(account: &str, minor: i64) -> Operation {
    operation(Task::PayOut { account: account.to_owned(), amount: eur(minor) })
}

pub fn defending(dispute: &str) -> Operation {
    let defence = Defence {
        statement: "It was done".into(),
        customer: "Ada".into(),
        service: Some("Cleaning".into()),
        service_at: Some("2026-03-02T09:00:00Z".into()),
        log: "accepted".into(),
        cancellation_policy: None,
    };
    operation(Task::Defend { dispute: dispute.to_owned(), defence })
}

pub fn declined(code: DeclineCode) -> Outcome {
    Outcome::Declined { code }
}

/// The reference of what succeeded.
pub fn succeeded(outcome: Outcome) -> String {
    match outcome {
        Outcome::Succeeded { reference } => reference,
        other => panic!("{other:?}"),
    }
}

pub fn clock() -> Clock {
    Clock::manual(now())
}
