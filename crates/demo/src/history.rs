//! What became of a booking, and the lines of its history that lead there.
use crate::{
    chance::Chance,
    rows::{Actor, Event, State},
    texts::{Language, Phrases, Wording},
    time::{DAY, HOUR, MINUTE},
};

/// When a booking takes place, seen from now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) starts_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) now: i64,
}

impl Span {
    pub(crate) fn is_past(self) -> bool {
        self.starts_at <= self.now
    }

    /// A request lapses after a day, or when it should have begun.
    pub(crate) fn respond_by(self, created_at: i64) -> i64 {
        self.starts_at.min(created_at + DAY)
    }
}

/// What became of it, of 100 that are over.
const OUTCOMES: [(u64, State); 8] = [
    (84, State::Completed),
    (6, State::CancelledByCustomer),
    (2, State::CancelledByProvider),
    (3, State::Declined),
    (1, State::RequestExpired),
    (2, State::Withdrawn),
    (1, State::NoShowCustomer),
    (1, State::NoShowProvider),
];

pub(crate) fn outcome(span: Span, instantly: bool, chance: &mut Chance) -> State {
    if !span.is_past() {
        return ahead(span, instantly, chance);
    }
    if span.ends_at > span.now {
        return State::InProgress;
    }
    let mut point = chance.below(100);
    let found = OUTCOMES.into_iter().find(|(share, _)| {
        let is_here = point < *share;
        point = point.saturating_sub(*share);
        is_here
    });
    match found {
        // Nobody has to answer an instant booking.
        Some((_, State::Declined | State::RequestExpired | State::Withdrawn)) if instantly => {
            State::Completed
        }
        Some((_, state)) => state,
        None => State::Completed,
    }
}

fn ahead(span: Span, instantly: bool, chance: &mut Chance) -> State {
    if chance.percent(4) {
        State::CancelledByCustomer
    } else if !instantly && span.starts_at > span.now + 3 * DAY && chance.percent(30) {
        State::PendingAcceptance
    } else {
        State::Confirmed
    }
}

/// The way from the request to `state`, in order.
pub(crate) fn events(
    span: Span,
    state: State,
    created_at: i64,
    instantly: bool,
    phrases: &Phrases,
    language: Language,
    chance: &mut Chance,
) -> Vec<Event> {
    let mut story = Story { events: Vec::with_capacity(4), state: None, latest: span.now };
    let first = if instantly { State::Confirmed } else { State::PendingAcceptance };
    story.add(created_at, "created", first, Actor::Customer);
    let answered_at = created_at + chance.between(3 * MINUTE, 9 * HOUR);
    let mut reason = |reasons: &[Wording]| chance.pick(reasons).to(language).to_owned();
    match state {
        State::PendingAcceptance => return story.events,
        State::Declined => {
            story.add(answered_at, "declined", state, Actor::Provider);
            return story.because(reason(&phrases.decline_reasons));
        }
        State::Withdrawn => {
            story.add(answered_at, "withdrawn", state, Actor::Customer);
            return story.because(reason(&phrases.customer_reasons));
        }
        State::RequestExpired => {
            story.add(span.respond_by(created_at), "expired", state, Actor::System);
            return story.events;
        }
        _ => {}
    }
    if !instantly {
        story.add(answered_at, "accepted", State::Confirmed, Actor::Provider);
    }
    let (actor, reasons) = match state {
        State::CancelledByCustomer => (Actor::Customer, &phrases.customer_reasons),
        State::CancelledByProvider => (Actor::Provider, &phrases.provider_reasons),
        _ => return took_place(story, span, state, chance),
    };
    let reason = reason(reasons);
    let last_chance = (span.starts_at - HOUR).min(span.now);
    story.add(chance.between(answered_at, last_chance), "cancelled", state, actor);
    story.because(reason)
}

/// The day itself, as far as it has come.
fn took_place(mut story: Story, span: Span, state: State, chance: &mut Chance) -> Vec<Event> {
    if matches!(state, State::InProgress | State::Completed) {
        let started_at = span.starts_at + chance.between(-10, 10) * MINUTE;
        story.add(started_at, "started", State::InProgress, Actor::Provider);
    }
    match state {
        State::Completed => {
            let completed_at = span.ends_at + chance.between(-10, 45) * MINUTE;
            story.add(completed_at, "completed", state, Actor::Provider);
        }
        State::NoShowCustomer | State::NoShowProvider => {
            let reporter = if state == State::NoShowCustomer { Actor::Provider } else { Actor::Customer };
            story.add(span.starts_at + chance.between(16, 50) * MINUTE, "no_show", state, reporter);
        }
        _ => {}
    }
    story.events
}

struct Story {
    events: Vec<Event>,
    state: Option<State>,
    latest: i64,
}

impl Story {
    fn add(&mut self, at: i64, name: &'static str, to: State, actor: Actor) {
        let from = self.state.replace(to);
        self.events.push(Event { at: at.min(self.latest), name, from, to, actor, reason: None });
    }

    fn because(mut self, reason: String) -> Vec<Event> {
        if let Some(last) = self.events.last_mut() {
            last.reason = Some(reason);
        }
        self.events
    }
}

/// When the provider said yes or no.
pub(crate) fn answered_at(events: &[Event]) -> Option<i64> {
    events.iter().find(|event| matches!(event.name, "accepted" | "declined")).map(|event| event.at)
}
