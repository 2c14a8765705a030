//! Changing a booking: the one function that routes, jobs and, later, the admin panel use.

use jiff::SignedDuration;
use platform::{
    error::{ApiError, ApiResult, OnConstraint as _},
    ids::{BookingId, UserId},
    jobs::{self, Timing},
    time::Instant,
};
use sqlx::PgConnection;

use crate::{
    events::BookingChanged,
    jobs::{CompleteBooking, ExpirePayment, ExpireProposal, ExpireRequest},
    model::{Actor, Booking, BookingError, HistoryEntry, Proposal, Span, State, Status, list_position},
    policy::{self, RefundReason},
    store,
    transitions::{COMPLETES_AFTER, Effect, Event, Transition},
};

/// How long a provider has for an answer.
const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// How long a time is kept for somebody who has to pay first.
const PAY_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Who does something, and why.
#[derive(Clone, Debug)]
pub struct By {
    /// In which role.
    pub actor: Actor,
    /// The person; `None` for timers.
    pub id: Option<UserId>,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl By {
    /// A timer.
    pub const SYSTEM: Self = Self { actor: Actor::System, id: None, reason: None };
}

/// What a change does to the other rows, for one statement of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The booking's time is free again.
    pub(crate) release: bool,
    /// The booking is at `starts_at` now.
    pub(crate) moved: bool,
    /// The proposal that is open from now on.
    pub(crate) proposed: Option<Proposal>,
    /// What became of the proposal that was open until now.
    pub(crate) closed: Option<&'static str>,
    /// What the provider's record counts.
    pub(crate) counts: Counts,
}

impl Change {
    /// Whether it changes which times are taken, or what is proposed.
    pub(crate) fn is_about_time(&self) -> bool {
        self.release || self.moved || self.proposed.is_some() || self.closed.is_some()
    }
}

/// Additions to a provider's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: i32,
    pub(crate) answers: i32,
    pub(crate) response_minutes: i64,
    pub(crate) completed: i32,
    pub(crate) let_down: i32,
}

impl Counts {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Locks a booking, lets `event` happen to it by the table of transitions, and writes all that follows:
/// the booking and its history, the time that it holds, the provider's record, the event for others, and
/// the timers. 409 `invalid_transition` where the table has no such line; 404 where there is no such booking.
pub async fn transition(
    db: &mut PgConnection,
    id: BookingId,
    event: Event,
    by: &By,
    now: Instant,
) -> ApiResult<Booking> {
    let booking = store::lock(db, id).await?.ok_or_else(ApiError::not_found)?;
    change(db, booking, event, by, None, now).await
}

/// The same for a booking that is locked already; `span` is the other time of a reschedule.
pub(crate) async fn change(
    db: &mut PgConnection,
    mut booking: Booking,
    event: Event,
    by: &By,
    span: Option<Span>,
    now: Instant,
) -> ApiResult<Booking> {
    let line = booking.transition(event, by.actor, now)?;
    let before = booking.clone();
    let change = booking.apply(line, by, span, now);
    let saved = store::save(db, &booking, &before, &change, by, event).await;
    saved.on_constraint("reservations_no_overlap", BookingError::SlotTaken { alternatives: Vec::new() })?;
    set_timers(db, &booking, &before, now).await?;
    BookingChanged::of(&booking, Some(before.state), event, by).tell(db).await?;
    Ok(booking)
}

/// What waits for a booking in its present state. A timer whose booking has moved on does nothing, so
/// this only keeps the queue tidy and moves what has moved.
async fn set_timers(
    db: &mut PgConnection,
    booking: &Booking,
    before: &Booking,
    now: Instant,
) -> sqlx::Result<()> {
    let id = booking.id;
    let mut needless = Vec::new();
    if before.state == State::AwaitingPayment && booking.state != before.state {
        needless.push(ExpirePayment::key(id));
    }
    if (booking.state, booking.respond_by) != (before.state, before.respond_by) {
        match booking.respond_by.filter(|_| booking.state == State::PendingAcceptance) {
            Some(at) => {
                jobs::schedule(db, &ExpireRequest { booking_id: id }, now, ExpireRequest::timing(id, at))
                    .await?;
            }
            None if before.state == State::PendingAcceptance => needless.push(ExpireRequest::key(id)),
            None => {}
        }
    }
    if (booking.state, booking.ends_at) != (before.state, before.ends_at) {
        match booking.state {
            State::Confirmed | State::InProgress => {
                let timing = CompleteBooking::timing(id, booking.ends_at);
                jobs::schedule(db, &CompleteBooking { booking_id: id }, now, timing).await?;
            }
            _ if before.state.holds_slot() => needless.push(CompleteBooking::key(id)),
            _ => {}
        }
    }
    if booking.proposal_id != before.proposal_id {
        needless.extend(before.proposal_id.map(ExpireProposal::key));
        if let Some(new) = booking.proposal() {
            let job = ExpireProposal { booking_id: id, proposal_id: new.id };
            let timing = Timing { at: Some(new.expires_at), key: Some(ExpireProposal::key(new.id)) };
            jobs::schedule(db, &job, now, timing).await?;
        }
    }
    if !needless.is_empty() {
        jobs::cancel_all(db, &needless).await?;
    }
    Ok(())
}

/// When a request that was made at `created_at` for `starts_at` lapses.
pub(crate) fn respond_by(created_at: Instant, starts_at: Instant) -> Instant {
    created_at.plus(ANSWER_WITHIN).min(starts_at)
}

impl ExpirePayment {
    pub(crate) fn key(id: BookingId) -> String {
        format!("booking:{id}:pay_by")
    }
    pub(crate) fn timing(id: BookingId, created_at: Instant) -> Timing {
        Timing { at: Some(created_at.plus(PAY_WITHIN)), key: Some(Self::key(id)) }
    }
}

impl ExpireRequest {
    pub(crate) fn key(id: BookingId) -> String {
        format!("booking:{id}:respond_by")
    }
    pub(crate) fn timing(id: BookingId, respond_by: Instant) -> Timing {
        Timing { at: Some(respond_by), key: Some(Self::key(id)) }
    }
}

impl CompleteBooking {
    pub(crate) fn key(id: BookingId) -> String {
        format!("booking:{id}:complete")
    }
    pub(crate) fn timing(id: BookingId, ends_at: Instant) -> Timing {
        Timing { at: Some(ends_at.plus(COMPLETES_AFTER)), key: Some(Self::key(id)) }
    }
}

impl Booking {
    /// Makes this booking what the line of the table says; what happens to other rows is the answer.
    pub(crate) fn apply(&mut self, line: &Transition, by: &By, span: Option<Span>, now: Instant) -> Change {
        let before = self.state;
        let to = line.to.unwrap_or(before);
        let mut change = Change::default();
        for effect in line.effects {
            self.take_effect(*effect, line.event, by, span, now, &mut change);
        }
        self.state = to;
        if to.status() == Status::Cancelled {
            self.cancelled_by = Some(by.actor);
            self.cancellation_reason.clone_from(&by.reason);
            self.ics_sequence += 1;
        }
        if to == State::Completed {
            self.completed_at = Some(now);
        }
        self.list_position = list_position(self.state, self.starts_at);
        self.version += 1;
        self.updated_at = now;
        let entry = HistoryEntry {
            at: now,
            event: line.event,
            from: Some(before),
            to,
            by: by.actor,
            reason: by.reason.clone(),
        };
        self.history.get_or_insert_default().0.push(entry);
        change
    }

    fn take_effect(
        &mut self,
        effect: Effect,
        event: Event,
        by: &By,
        span: Option<Span>,
        now: Instant,
        change: &mut Change,
    ) {
        match effect {
            Effect::CountRequest => change.counts.requests = 1,
            Effect::CountAnswer if by.actor == Actor::Provider => {
                change.counts.answers = 1;
                change.counts.response_minutes = now.since(self.created_at).as_mins().max(0);
            }
            Effect::CountJob => change.counts.completed = 1,
            Effect::CountLetDown => change.counts.let_down = 1,
            Effect::AwaitAnswer => self.respond_by = Some(respond_by(now, self.starts_at)),
            // Only the provider's own answer counts; the timers follow from the state.
            Effect::CountAnswer | Effect::AwaitEnd => {}
            Effect::HoldProposal => self.propose(span, by, now, change),
            Effect::Move => self.move_to(span, change),
            Effect::DropProposal => self.drop_proposal(event, change),
            Effect::Release => {
                self.drop_proposal(event, change);
                change.release = true;
            }
            Effect::Refund => self.refund_minor = Some(self.refund(by.actor, now).1),
            Effect::TakeCash => self.take_cash(),
        }
    }

    /// What goes back if `by` ends the booking now: the rule, and the amount in minor units.
    pub(crate) fn refund(&self, by: Actor, now: Instant) -> (policy::Refund, i64) {
        let was_confirmed = self.state.is_agreed();
        let rule = policy::refund(self.cancellation_policy, by, was_confirmed, self.starts_at, now);
        let retained = if rule.reason == RefundReason::Policy { self.retained_minor } else { 0 };
        (rule, policy::share(self.paid_minor - retained, rule.percent))
    }

    fn propose(&mut self, span: Option<Span>, by: &By, now: Instant, change: &mut Change) {
        let Some(span) = span else { return };
        let proposal = Proposal {
            id: platform::ids::ProposalId::at(now),
            proposed_by: by.actor,
            span,
            reason: by.reason.clone(),
            created_at: now,
            expires_at: now.plus(SignedDuration::from_hours(48)).min(self.starts_at).min(span.starts_at),
        };
        self.set_proposal(Some(proposal.clone()));
        change.proposed = Some(proposal);
    }

    fn move_to(&mut self, span: Option<Span>, change: &mut Change) {
        let Some(to) = span.or_else(|| self.proposal().map(|open| open.span)) else { return };
        (self.starts_at, self.ends_at) = (to.starts_at, to.ends_at);
        self.ics_sequence += 1;
        if self.state == State::PendingAcceptance {
            self.respond_by = Some(respond_by(self.created_at, to.starts_at));
        }
        change.moved = true;
    }

    fn drop_proposal(&mut self, event: Event, change: &mut Change) {
        if self.proposal_id.is_some() {
            change.closed = Some(match event {
                Event::RescheduleAccepted => "accepted",
                Event::RescheduleWithdrawn => "withdrawn",
                Event::RescheduleDeclined => "declined",
                _ => "expired",
            });
            self.set_proposal(None);
        }
    }
}
