//! The table of transitions: what can happen to a booking, from where to where, by whom, when, and what
//! follows. Nothing else changes a booking.

use jiff::SignedDuration;
use platform::time::Instant;
use serde::{Deserialize, Serialize};

use crate::model::{
    Actor::{self, Customer, Operator, Provider, System},
    Booking, BookingError,
    State::{self, *},
};

/// How early a job may be started.
const START_WINDOW: SignedDuration = SignedDuration::from_mins(30);
/// How long one waits for the other.
const NO_SHOW_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// How long after the end one may still say that the other was not there.
const NO_SHOW_UNTIL: SignedDuration = SignedDuration::from_hours(24);
/// When a booking that nobody touches completes itself, after its end.
pub(crate) const COMPLETES_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// How long a reported absence can be contested, and a completed job disputed.
pub(crate) const CONTEST_WINDOW: SignedDuration = SignedDuration::from_hours(48);
/// How often a customer moves one booking.
const MAX_CUSTOMER_MOVES: i16 = 3;

/// What happens to a booking.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = BookingEvent)]
pub enum Event {
    /// A customer books.
    Created,
    /// The payment came, or is certain to come.
    PaymentSecured,
    /// The payment did not come in time, or its last try has failed.
    PaymentExpired,
    /// The payment is gone again: the payer's bank took it back.
    PaymentLost,
    /// It is paid, or certain to be, again.
    PaymentRestored,
    /// The provider says yes.
    Accepted,
    /// The provider says no.
    Declined,
    /// The customer takes the request back.
    Withdrawn,
    /// The provider did not answer in time.
    Expired,
    /// The customer moves an instant booking.
    Rescheduled,
    /// One side wishes to move it.
    RescheduleProposed,
    /// The other side agrees to move it.
    RescheduleAccepted,
    /// The other side does not want to move it.
    RescheduleDeclined,
    /// The wish to move it is taken back.
    RescheduleWithdrawn,
    /// The wish to move it was not answered in time.
    RescheduleExpired,
    /// The provider begins.
    Started,
    /// The provider is done, or nobody said otherwise.
    Completed,
    /// Somebody calls it off.
    Cancelled,
    /// The other one was not there, somebody says.
    NoShow,
    /// That is not so, the other one says.
    NoShowContested,
    /// Nobody contested it in time: it is final.
    NoShowConfirmed,
    /// The customer is not content with what was done.
    Disputed,
    /// An operator decides for the customer.
    ResolvedForCustomer,
    /// An operator decides for the provider.
    ResolvedForProvider,
    /// An operator gives each a part.
    ResolvedBySplit,
}

/// What must hold besides the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// It is paid before anything else.
    PaysFirst,
    /// It is not.
    PaysLater,
    /// The provider's schedule confirms bookings by itself.
    BooksInstantly,
    /// The provider answers.
    NeedsAnswer,
    /// The time for an answer is not over.
    InTime,
    /// The time for an answer is over.
    Overdue,
    /// Before the start.
    BeforeStart,
    /// From 30 minutes before the start.
    NearStart,
    /// From 15 minutes after the start to a day after the end.
    NoShowWindow,
    /// 48 hours after the end.
    LongOver,
    /// Nobody has proposed another time.
    NoProposal,
    /// The other side has proposed another time, and it is still open.
    Asked,
    /// One's own side has proposed another time.
    Asking,
    /// The time to answer a proposal is over.
    ProposalOverdue,
    /// The customer has not moved it too often.
    HasMovesLeft,
    /// Not later than the provider's notice before the start.
    GivesNotice,
    /// The absence can be contested.
    ContestOpen,
    /// It cannot any more.
    ContestOver,
    /// It was completed a short time ago, and was not disputed before.
    Disputable,
    /// Disputed after it was completed.
    WasCompleted,
    /// Disputed is whether anybody was there.
    WasNoShow,
    /// Disputed is whether the customer was there.
    WasNoShowCustomer,
    /// Disputed is whether the provider was there.
    WasNoShowProvider,
}

/// What follows, in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A request to the provider is counted.
    CountRequest,
    /// The provider's answer is counted, with its time.
    CountAnswer,
    /// A job and its earnings are counted.
    CountJob,
    /// A job that the provider let down is counted.
    CountLetDown,
    /// A timer waits for the answer.
    AwaitAnswer,
    /// A timer completes the booking.
    AwaitEnd,
    /// The other time is held as well, until the proposal is answered.
    HoldProposal,
    /// The booking is at another time now.
    Move,
    /// An open proposal is closed, and its time is free.
    DropProposal,
    /// The time is free again, and no timer waits any more.
    Release,
    /// What goes back, and what is kept, is decided by who is at fault.
    Refund,
    /// The one who is blamed can contest it for a while.
    OpenContest,
    /// That time is over.
    CloseContest,
    /// An operator decides, and until then nothing is.
    OpenDispute,
    /// Cash has changed hands.
    TakeCash,
}
use Effect::*;
use Guard::*;

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Transition {
    pub(crate) event: Event,
    /// None for what does not exist yet.
    pub(crate) from: &'static [State],
    /// Where to; `None` stays.
    pub(crate) to: Option<State>,
    pub(crate) who: &'static [Actor],
    pub(crate) guards: &'static [Guard],
    pub(crate) effects: &'static [Effect],
}

const UPCOMING: &[State] = &[AwaitingPayment, PendingAcceptance, Confirmed];
const UNCONFIRMED: &[State] = &[AwaitingPayment, PendingAcceptance];
const PARTIES: &[Actor] = &[Customer, Provider];

macro_rules! table {
    ($($event:ident: $from:expr => $to:expr, by $who:expr, if $guards:expr, then $effects:expr;)*) => {
        &[$(Transition { event: Event::$event, from: $from, to: $to, who: $who, guards: $guards, effects: $effects }),*]
    };
}

/// The first line that fits is taken.
#[rustfmt::skip]
pub(crate) const TABLE: &[Transition] = table! {
    Created: &[] => Some(AwaitingPayment), by &[Customer], if &[PaysFirst], then &[];
    Created: &[] => Some(Confirmed), by &[Customer], if &[PaysLater, BooksInstantly], then &[AwaitEnd];
    Created: &[] => Some(PendingAcceptance), by &[Customer], if &[PaysLater, NeedsAnswer], then &[AwaitAnswer, CountRequest];

    PaymentSecured: &[AwaitingPayment] => Some(Confirmed), by &[System], if &[BooksInstantly], then &[AwaitEnd];
    PaymentSecured: &[AwaitingPayment] => Some(PendingAcceptance), by &[System], if &[NeedsAnswer], then &[AwaitAnswer, CountRequest];
    PaymentExpired: &[AwaitingPayment] => Some(State::PaymentExpired), by &[System], if &[], then &[Release];
    PaymentExpired: &[PendingAcceptance, Confirmed] => Some(State::PaymentExpired), by &[System], if &[BeforeStart], then &[Release, Refund];
    PaymentLost: &[PendingAcceptance, Confirmed, InProgress] => None, by &[System], if &[], then &[];
    PaymentRestored: &[PendingAcceptance, Confirmed, InProgress] => None, by &[System], if &[], then &[];

    Accepted: &[PendingAcceptance] => Some(Confirmed), by &[Provider, Operator], if &[InTime], then &[CountAnswer, AwaitEnd];
    Declined: &[PendingAcceptance] => Some(State::Declined), by &[Provider, Operator], if &[], then &[CountAnswer, Release, Refund];
    Withdrawn: UNCONFIRMED => Some(State::Withdrawn), by &[Customer], if &[], then &[Release, Refund];
    Expired: &[PendingAcceptance] => Some(RequestExpired), by &[System], if &[Overdue], then &[Release, Refund];

    Rescheduled: &[AwaitingPayment, Confirmed] => None, by &[Customer], if &[BooksInstantly, BeforeStart, NoProposal, HasMovesLeft, GivesNotice], then &[Move];
    RescheduleProposed: UPCOMING => None, by &[Customer], if &[NeedsAnswer, BeforeStart, NoProposal, HasMovesLeft, GivesNotice], then &[HoldProposal];
    RescheduleProposed: UPCOMING => None, by &[Provider], if &[BeforeStart, NoProposal], then &[HoldProposal];
    RescheduleAccepted: UPCOMING => None, by PARTIES, if &[BeforeStart, Asked], then &[Move, DropProposal];
    RescheduleDeclined: UPCOMING => None, by PARTIES, if &[Asked], then &[DropProposal];
    RescheduleWithdrawn: UPCOMING => None, by PARTIES, if &[Asking], then &[DropProposal];
    RescheduleExpired: UPCOMING => None, by &[System], if &[ProposalOverdue], then &[DropProposal];

    Started: &[Confirmed] => Some(InProgress), by &[Provider], if &[NearStart], then &[DropProposal];
    Completed: &[InProgress] => Some(State::Completed), by &[Provider], if &[], then &[Release, TakeCash, CountJob];
    Completed: &[Confirmed, InProgress] => Some(State::Completed), by &[System], if &[LongOver], then &[Release, TakeCash, CountJob];

    Cancelled: &[Confirmed] => Some(CancelledByCustomer), by &[Customer], if &[BeforeStart], then &[Release, Refund];
    Cancelled: &[AwaitingPayment, Confirmed] => Some(CancelledByProvider), by &[Provider], if &[], then &[Release, Refund, CountLetDown];
    Cancelled: &[AwaitingPayment, PendingAcceptance, Confirmed, InProgress] => Some(CancelledByOperator), by &[Operator], if &[], then &[Release, Refund];
    Cancelled: UPCOMING => Some(CancelledBySystem), by &[System], if &[], then &[Release, Refund];

    NoShow: &[Confirmed, InProgress] => Some(NoShowCustomer), by &[Provider], if &[NoShowWindow], then &[Release, Refund, OpenContest];
    NoShow: &[Confirmed, InProgress] => Some(NoShowProvider), by &[Customer], if &[NoShowWindow], then &[Release, Refund, OpenContest];
    NoShowContested: &[NoShowCustomer] => Some(State::Disputed), by &[Customer], if &[ContestOpen], then &[OpenDispute];
    NoShowContested: &[NoShowProvider] => Some(State::Disputed), by &[Provider], if &[ContestOpen], then &[OpenDispute];
    NoShowConfirmed: &[NoShowCustomer] => None, by &[System], if &[ContestOver], then &[Refund, CloseContest];
    NoShowConfirmed: &[NoShowProvider] => None, by &[System], if &[ContestOver], then &[Refund, CloseContest, CountLetDown];

    Disputed: &[State::Completed] => Some(State::Disputed), by &[Customer], if &[Disputable], then &[OpenDispute];
    ResolvedForCustomer: &[State::Disputed] => Some(State::Completed), by &[Operator], if &[WasCompleted], then &[Refund];
    ResolvedForCustomer: &[State::Disputed] => Some(NoShowProvider), by &[Operator], if &[WasNoShow], then &[Refund, CountLetDown];
    ResolvedForProvider: &[State::Disputed] => Some(State::Completed), by &[Operator], if &[WasCompleted], then &[];
    ResolvedForProvider: &[State::Disputed] => Some(NoShowCustomer), by &[Operator], if &[WasNoShowCustomer], then &[Refund];
    ResolvedForProvider: &[State::Disputed] => Some(State::Completed), by &[Operator], if &[WasNoShowProvider], then &[TakeCash, CountJob];
    ResolvedBySplit: &[State::Disputed] => Some(State::Completed), by &[Operator], if &[WasCompleted], then &[];
    ResolvedBySplit: &[State::Disputed] => Some(CancelledByOperator), by &[Operator], if &[WasNoShow], then &[];
};

impl Transition {
    /// `existing` is false for a booking that is about to be made.
    fn fits(&self, booking: &Booking, existing: bool, by: Actor, now: Instant) -> bool {
        let from = if existing { self.from.contains(&booking.state) } else { self.from.is_empty() };
        from && self.who.contains(&by) && self.guards.iter().all(|guard| guard.holds(booking, by, now))
    }
}

impl Guard {
    fn holds(self, booking: &Booking, by: Actor, now: Instant) -> bool {
        let proposal = booking.proposal();
        match self {
            Self::PaysFirst => booking.pays_first(),
            Self::PaysLater => !booking.pays_first(),
            Self::BooksInstantly => booking.books_instantly,
            Self::NeedsAnswer => !booking.books_instantly,
            Self::InTime => booking.respond_by.is_none_or(|by| now < by),
            Self::Overdue => booking.respond_by.is_some_and(|by| by <= now),
            Self::BeforeStart => now < booking.starts_at,
            Self::NearStart => booking.starts_at.minus(START_WINDOW) <= now,
            Self::NoShowWindow => {
                booking.starts_at.plus(NO_SHOW_AFTER) <= now && now <= booking.ends_at.plus(NO_SHOW_UNTIL)
            }
            Self::LongOver => booking.ends_at.plus(COMPLETES_AFTER) <= now,
            Self::NoProposal => proposal.is_none(),
            Self::Asked => proposal.is_some_and(|open| open.proposed_by != by && now < open.expires_at),
            Self::Asking => proposal.is_some_and(|open| open.proposed_by == by),
            Self::ProposalOverdue => proposal.is_some_and(|open| open.expires_at <= now),
            Self::HasMovesLeft => booking.customer_moves < MAX_CUSTOMER_MOVES,
            Self::GivesNotice => now <= booking.last_move_at(),
            Self::ContestOpen => booking.contest_until.is_some_and(|until| now < until),
            Self::ContestOver => booking.contest_until.is_some_and(|until| until <= now),
            Self::Disputable => booking.dispute_until().is_some_and(|until| now < until),
            Self::WasCompleted => booking.disputed_from == Some(State::Completed),
            Self::WasNoShow => booking.disputed_from != Some(State::Completed),
            Self::WasNoShowCustomer => booking.disputed_from == Some(NoShowCustomer),
            Self::WasNoShowProvider => booking.disputed_from == Some(NoShowProvider),
        }
    }
}

impl Booking {
    /// The line of the table for an event now, or 409 with what the same actor could do instead.
    pub(crate) fn transition(
        &self,
        event: Event,
        by: Actor,
        now: Instant,
    ) -> Result<&'static Transition, BookingError> {
        let line = TABLE.iter().find(|line| line.event == event && line.fits(self, true, by, now));
        line.ok_or_else(|| self.refused(by, now))
    }

    /// The line of the table by which a new booking begins.
    pub(crate) fn beginning(&self, now: Instant) -> Option<&'static Transition> {
        TABLE.iter().find(|line| line.event == Event::Created && line.fits(self, false, Customer, now))
    }

    pub(crate) fn refused(&self, by: Actor, now: Instant) -> BookingError {
        BookingError::InvalidTransition { state: self.state, allowed: self.allowed(by, now) }
    }

    /// What somebody can do now.
    pub(crate) fn allowed(&self, by: Actor, now: Instant) -> Vec<Event> {
        let mut events: Vec<_> =
            TABLE.iter().filter(|line| line.fits(self, true, by, now)).map(|line| line.event).collect();
        events.dedup();
        events
    }

    /// Whether somebody can do this now.
    pub(crate) fn allows(&self, event: Event, by: Actor, now: Instant) -> bool {
        self.transition(event, by, now).is_ok()
    }

    /// The same for moving it, where only a limit of the customer's is in the way.
    pub(crate) fn moving(&self, by: Actor, now: Instant) -> Result<Event, BookingError> {
        let event = self.rescheduling(by);
        let is_movable = UPCOMING.contains(&self.state) && BeforeStart.holds(self, by, now);
        self.transition(event, by, now).map(|_line| event).map_err(|refused| {
            if by != Customer || !is_movable || self.proposal_id.is_some() {
                refused
            } else if !HasMovesLeft.holds(self, by, now) {
                BookingError::TooManyMoves
            } else if !GivesNotice.holds(self, by, now) {
                BookingError::TooLateToMove
            } else {
                refused
            }
        })
    }

    /// Until when its customer can move it.
    fn last_move_at(&self) -> Instant {
        self.starts_at.minus(SignedDuration::from_mins(self.min_notice_minutes.into()))
    }

    /// Until when its customer can dispute a completed job; `None` where they cannot, or did.
    pub(crate) fn dispute_until(&self) -> Option<Instant> {
        let completed_at = self.completed_at.filter(|_| self.state == State::Completed);
        completed_at.filter(|_| self.disputed_from.is_none()).map(|at| at.plus(CONTEST_WINDOW))
    }

    /// What cancelling means: before the agreement a customer withdraws and a provider declines.
    pub(crate) fn cancelling(&self, by: Actor) -> Event {
        match (by, self.state) {
            (Customer, AwaitingPayment | PendingAcceptance) => Event::Withdrawn,
            (Provider, PendingAcceptance) => Event::Declined,
            _ => Event::Cancelled,
        }
    }

    /// What moving means: the customer of an instant booking just moves it.
    pub(crate) fn rescheduling(&self, by: Actor) -> Event {
        if by == Customer && self.books_instantly { Event::Rescheduled } else { Event::RescheduleProposed }
    }
}
