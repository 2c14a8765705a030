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
    jobs::{CompleteBooking, ConfirmNoShow, ExpirePayment, ExpireProposal, ExpireRequest},
    model::{Actor, Booking, BookingError, HistoryEntry, NewTime, Proposal, State, Status, list_position},
    store,
    transitions::{COMPLETES_AFTER, CONTEST_WINDOW, Effect, Event, Transition},
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

/// The same for a booking that is locked already; `to` is the other time of a reschedule.
pub(crate) async fn change(
    db: &mut PgConnection,
    mut booking: Booking,
    event: Event,
    by: &By,
    to: Option<NewTime>,
    now: Instant,
) -> ApiResult<Booking> {
    let line = booking.transition(event, by.actor, now)?;
    let before = booking.clone();
    let change = booking.apply(line, by, to.as_ref(), now);
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
    if booking.contest_until != before.contest_until {
        match booking.contest_until {
            Some(at) => {
                let timing = Timing { at: Some(at), key: Some(ConfirmNoShow::key(id)) };
                jobs::schedule(db, &ConfirmNoShow { booking_id: id }, now, timing).await?;
            }
            None => needless.push(ConfirmNoShow::key(id)),
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
    pub(crate) fn apply(&mut self, line: &Transition, by: &By, to: Option<&NewTime>, now: Instant) -> Change {
        let before = self.state;
        let mut change = Change::default();
        for effect in line.effects {
            self.take_effect(*effect, line, by, to, now, &mut change);
        }
        self.state = line.to.unwrap_or(before);
        self.note_end(before, by, now);
        let to = self.state;
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

    /// Who called it off, or since when it is done; a booking that an operator decides about may change sides.
    fn note_end(&mut self, before: State, by: &By, now: Instant) {
        let is_off = |state: State| state.status() == Status::Cancelled;
        if is_off(self.state) != is_off(before) {
            self.ics_sequence += 1;
            let is_off = is_off(self.state);
            self.cancelled_by = is_off.then_some(by.actor);
            self.cancellation_reason = by.reason.clone().filter(|_| is_off);
        }
        if self.state == State::Completed {
            self.completed_at.get_or_insert(now);
        }
    }

    fn take_effect(
        &mut self,
        effect: Effect,
        line: &Transition,
        by: &By,
        to: Option<&NewTime>,
        now: Instant,
        change: &mut Change,
    ) {
        let event = line.event;
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
            Effect::HoldProposal => self.propose(to, by, now, change),
            Effect::Move => self.move_to(to, now, change),
            Effect::DropProposal => self.drop_proposal(event, change),
            Effect::Release => {
                self.drop_proposal(event, change);
                change.release = true;
            }
            Effect::Refund => {
                let end = self.settlement(line.to.unwrap_or(self.state), now).1;
                (self.refund_minor, self.kept_minor) = (Some(end.refund_minor), Some(end.kept_minor));
            }
            Effect::OpenContest => self.contest_until = Some(now.plus(CONTEST_WINDOW)),
            Effect::CloseContest => self.contest_until = None,
            Effect::OpenDispute => {
                (self.disputed_from, self.disputed_at) = (Some(self.state), Some(now));
                (self.contest_until, self.refund_minor, self.kept_minor) = (None, None, None);
            }
            Effect::TakeCash => self.take_cash(),
        }
    }

    fn propose(&mut self, to: Option<&NewTime>, by: &By, now: Instant, change: &mut Change) {
        let Some(NewTime { span, timezone }) = to.cloned() else { return };
        let proposal = Proposal {
            id: platform::ids::ProposalId::at(now),
            proposed_by: by.actor,
            span,
            timezone,
            reason: by.reason.clone(),
            created_at: now,
            expires_at: now.plus(SignedDuration::from_hours(48)).min(self.starts_at).min(span.starts_at),
        };
        self.set_proposal(Some(proposal.clone()));
        change.proposed = Some(proposal);
    }

    /// To a time that the customer takes at once, or to the one that was proposed.
    fn move_to(&mut self, to: Option<&NewTime>, now: Instant, change: &mut Change) {
        let open = self.proposal();
        let is_asked_by_customer = open.as_ref().is_none_or(|open| open.proposed_by == Actor::Customer);
        let proposed = open.map(|open| NewTime { span: open.span, timezone: open.timezone });
        let Some(NewTime { span, timezone }) = to.cloned().or(proposed) else { return };
        if is_asked_by_customer {
            self.customer_moves = self.customer_moves.saturating_add(1);
            self.min_kept_percent = self.kept_percent_now(now);
        }
        (self.starts_at, self.ends_at, self.timezone) = (span.starts_at, span.ends_at, timezone);
        self.ics_sequence += 1;
        if self.state == State::PendingAcceptance {
            self.respond_by = Some(respond_by(self.created_at, self.starts_at));
        }
        change.moved = true;
    }

    /// How much the customer would lose by cancelling now: nothing before the provider has agreed.
    fn kept_percent_now(&self, now: Instant) -> i16 {
        if !self.state.is_agreed() {
            return self.min_kept_percent;
        }
        let back = self.settlement(State::CancelledByCustomer, now).0.percent;
        i16::try_from(100 - back).unwrap_or(self.min_kept_percent)
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
