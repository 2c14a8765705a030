//! An operation at the sandbox, and what becomes of it. No I/O.

use jiff::SignedDuration;
use platform::{
    ids::OperationId,
    money::{Currency, Money},
    ports::gateway::{
        Action, Capture, Charge, ChargeRecord, ChargeState, DeclineCode, DisputeStatus, EntryKind, Outcome,
        Subject,
    },
    time::Instant,
};

use super::behaviour::{TestBank, TestMethod};

/// How long the sandbox holds what was reserved.
pub const AUTHORISATION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long what happens by itself takes.
pub const STEP: SignedDuration = SignedDuration::from_secs(3);

/// What it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    Charge,
    Capture,
    Void,
    Refund,
    SetUp,
    PayOut,
    Defend,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Charge => "ch",
            Self::Capture => "cap",
            Self::Void => "void",
            Self::Refund => "re",
            Self::SetUp => "seti",
            Self::PayOut => "po",
            Self::Defend => "ev",
        }
    }

    /// The gateway's name for an operation of this kind.
    pub fn reference(self, id: OperationId) -> String {
        format!("{}_sandbox_{}", self.prefix(), id.uuid().simple())
    }

    fn subject(self) -> Subject {
        match self {
            Self::Charge | Self::Capture | Self::Void => Subject::Charge,
            Self::Refund => Subject::Refund,
            Self::SetUp => Subject::SetUp,
            Self::PayOut => Subject::PayOut,
            Self::Defend => Subject::Dispute,
        }
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    RequiresAction,
    Processing,
    Succeeded,
    Declined,
}

/// What happens next by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Step {
    Succeed,
    Fail,
    Dispute,
    Win,
    Lose,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: OperationId,
    pub task: Kind,
    pub reference: String,
    pub subject: String,
    pub method: String,
    pub amount: i64,
    pub currency: Currency,
    pub captures_later: bool,
    pub captured: i64,
    pub refunded: i64,
    pub status: Status,
    pub code: Option<DeclineCode>,
    pub dispute: Option<DisputeStatus>,
    pub next_step: Option<Step>,
    pub next_at: Option<Instant>,
    pub description: String,
    pub return_url: String,
    pub created_at: Instant,
}

/// What it keeps of a charge, in hundredths of a percent.
const FEE_BPS: u16 = 140;

/// What it keeps of a movement, as gateways do: of each charge a share and a quarter of the currency's unit.
pub fn fee(kind: EntryKind, amount: Money) -> Money {
    if kind != EntryKind::Charge {
        return Money::new(0, amount.currency);
    }
    let quarter = 10_i64.pow(amount.currency.exponent()) / 4;
    let kept = amount.split_bps(FEE_BPS).0.minor + quarter;
    Money::new(kept.min(amount.minor), amount.currency)
}

/// A line for the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: EntryKind,
    pub amount: i64,
}

impl Row {
    /// An operation that has succeeded.
    pub fn new(id: OperationId, task: Kind, subject: &str, amount: Money, now: Instant) -> Self {
        Self {
            id,
            task,
            reference: task.reference(id),
            subject: subject.to_owned(),
            method: String::new(),
            amount: amount.minor,
            currency: amount.currency,
            captures_later: false,
            captured: 0,
            refunded: 0,
            status: Status::Succeeded,
            code: None,
            dispute: None,
            next_step: None,
            next_at: None,
            description: String::new(),
            return_url: String::new(),
            created_at: now,
        }
    }

    /// A charge, as its method decides. `is_known` says whether the method can be used by this payer.
    pub fn charge(id: OperationId, charge: &Charge, is_known: bool, now: Instant) -> Self {
        let payer = charge.payer.as_deref().unwrap_or_default();
        let mut row = Self::new(id, Kind::Charge, payer, charge.amount, now);
        row.method = charge.method.clone().unwrap_or_default();
        row.captures_later = charge.capture == Capture::Later;
        row.description.clone_from(&charge.description);
        row.return_url.clone_from(&charge.return_url);
        let Some(token) = &charge.method else {
            row.status = Status::RequiresAction;
            return row;
        };
        let Some(method) = TestMethod::of(token).filter(|_| is_known) else {
            row.decline(DeclineCode::MethodNotFound);
            return row;
        };
        match (method, method.declines()) {
            (_, Some(code)) => row.decline(code),
            (TestMethod::ThreeDSecure, _) if charge.is_payer_present => row.status = Status::RequiresAction,
            (TestMethod::ThreeDSecure, _) => row.decline(DeclineCode::AuthenticationRequired),
            (TestMethod::ReportsLate, _) => row.wait(Step::Succeed, now),
            (TestMethod::DeclinesLate, _) => row.wait(Step::Fail, now),
            _ => row.succeed(now),
        }
        row
    }

    /// Says no.
    pub fn decline(&mut self, code: DeclineCode) {
        (self.status, self.code) = (Status::Declined, Some(code));
        (self.next_step, self.next_at) = (None, None);
    }

    /// Says yes.
    pub fn succeed(&mut self, now: Instant) {
        self.status = Status::Succeeded;
        if self.task == Kind::Charge && !self.captures_later {
            self.take(self.amount, now);
        }
    }

    /// Takes the money of a charge.
    pub fn take(&mut self, amount: i64, now: Instant) {
        self.captured = amount;
        if matches!(TestMethod::of(&self.method), Some(TestMethod::DisputedWon | TestMethod::DisputedLost)) {
            self.next(Step::Dispute, now);
        }
    }

    /// Leaves it open until `step`.
    pub fn wait(&mut self, step: Step, now: Instant) {
        self.status = Status::Processing;
        self.next(step, now);
    }

    /// Lets something happen later.
    pub fn next(&mut self, step: Step, now: Instant) {
        (self.next_step, self.next_at) = (Some(step), Some(now.plus(STEP)));
    }

    /// Does what was to happen next.
    pub fn step(&mut self) {
        let (Some(step), Some(at)) = (self.next_step.take(), self.next_at.take()) else { return };
        match step {
            Step::Succeed => {
                self.succeed(at);
                if self.task == Kind::PayOut && self.method == TestBank::Returned.token() {
                    self.next(Step::Fail, at);
                }
            }
            Step::Fail => self.decline(match self.task {
                Kind::PayOut => DeclineCode::PayoutAccountUnusable,
                Kind::Refund => DeclineCode::ProcessingError,
                _ => DeclineCode::InsufficientFunds,
            }),
            Step::Dispute => {
                self.dispute = Some(DisputeStatus::Open);
                let wins = TestMethod::of(&self.method) == Some(TestMethod::DisputedWon);
                self.next(if wins { Step::Win } else { Step::Lose }, at);
            }
            Step::Win => self.dispute = Some(DisputeStatus::Won),
            Step::Lose => self.dispute = Some(DisputeStatus::Lost),
        }
    }

    /// The movement that its present state means, if it means one; each is booked once.
    pub fn line(&self) -> Option<Line> {
        let line = |kind, amount| Some(Line { kind, amount });
        match (self.task, self.status, self.dispute) {
            (Kind::Charge, _, Some(DisputeStatus::Won)) => line(EntryKind::DisputeWon, self.captured),
            (Kind::Charge, _, Some(_)) => line(EntryKind::Dispute, self.captured),
            (Kind::Charge, ..) if self.captured > 0 => line(EntryKind::Charge, self.captured),
            (Kind::Refund, Status::Processing | Status::Succeeded, _) => line(EntryKind::Refund, self.amount),
            (Kind::PayOut, Status::Processing | Status::Succeeded, _) => line(EntryKind::Payout, self.amount),
            _ => None,
        }
    }

    /// The movement back, of a refund or a payout that failed after it was booked.
    pub fn line_back(&self) -> Option<Line> {
        let kind = match self.task {
            Kind::Refund => EntryKind::RefundFailure,
            Kind::PayOut => EntryKind::PayoutFailure,
            _ => return None,
        };
        (self.status == Status::Declined).then_some(Line { kind, amount: self.amount })
    }

    /// A charge as it stands.
    pub fn record(&self) -> ChargeRecord {
        let state = match self.status {
            _ if self.captured > 0 => ChargeState::Taken,
            Status::Succeeded if self.captures_later => ChargeState::Reserved,
            _ => ChargeState::NotTaken,
        };
        ChargeRecord {
            reference: self.reference.clone(),
            operation: Some(self.id),
            amount: self.money(),
            taken: Money::new(self.captured, self.currency),
            state,
            at: self.created_at,
        }
    }

    /// What a message about its present state, or about its next step, is about.
    pub fn concerns(&self, step: Option<Step>) -> (Subject, String) {
        match step {
            Some(Step::Dispute | Step::Win | Step::Lose) => (Subject::Dispute, self.dispute_reference()),
            _ if matches!(self.task, Kind::Capture | Kind::Void | Kind::Defend) => {
                (self.task.subject(), self.subject.clone())
            }
            _ => (self.task.subject(), self.reference.clone()),
        }
    }

    /// The gateway's name for the dispute of a charge.
    pub fn dispute_reference(&self) -> String {
        self.reference.replacen("ch_", "dp_", 1)
    }

    /// The amount in its currency.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// Whether it can be captured.
    pub fn is_reserved(&self, now: Instant) -> bool {
        self.status == Status::Succeeded
            && self.captures_later
            && self.captured == 0
            && now < self.created_at.plus(AUTHORISATION_LIFE)
    }

    /// What we answer; `action` is what a payer would need.
    pub fn outcome(&self, action: Action) -> Outcome {
        let reference = match self.task {
            Kind::Capture | Kind::Void | Kind::Defend => self.subject.clone(),
            Kind::SetUp if self.status == Status::Succeeded => self.method.clone(),
            _ => self.reference.clone(),
        };
        match self.status {
            Status::RequiresAction => Outcome::RequiresAction { reference, action },
            Status::Processing => Outcome::Processing { reference },
            Status::Succeeded => Outcome::Succeeded { reference },
            Status::Declined => Outcome::Declined { code: self.code.unwrap_or(DeclineCode::ProcessingError) },
        }
    }
}
