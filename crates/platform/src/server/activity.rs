//! What a connection is doing, and until when it may.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::Version;
use tokio::time::Instant;

/// How long a connection may wait for its client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// For the head of a request, from its first byte; for the first one from when the connection was taken.
    pub(crate) head: Duration,
    /// For the next request after an answer.
    pub(crate) idle: Duration,
    /// For the client to take some of an answer.
    pub(crate) write: Duration,
}

/// What happens on one connection, as its socket and its requests report it.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<State>);

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State::new(Instant::now()))))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Bytes came.
    pub(crate) fn on_read(&self) {
        self.with(|state| state.on_read(Instant::now()));
    }

    /// Bytes could be written, or could not.
    pub(crate) fn on_write(&self, is_blocked: bool) {
        self.with(|state| state.on_write(is_blocked, Instant::now()));
    }

    /// A request's head is whole. The request is in flight until the guard is dropped.
    pub(crate) fn begin_request(self: &Arc<Self>, version: Version) -> InFlight {
        self.with(|state| state.begin_request(version));
        InFlight(self.clone())
    }

    /// Whether it waits for its first request.
    pub(crate) fn is_new(&self) -> bool {
        self.with(|state| !state.has_served)
    }

    /// Until when it may go on as it is; `None` while a request is in flight.
    pub(crate) fn deadline(&self, timeouts: Timeouts) -> Option<Instant> {
        self.with(|state| state.deadline(timeouts))
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.with(|state| state.end_request(Instant::now()));
    }
}

#[derive(Debug)]
struct State {
    /// Requests that are not answered to the end.
    in_flight: u32,
    has_served: bool,
    is_multiplexed: bool,
    /// When the connection was taken, or the last answer ended.
    idle_since: Instant,
    /// When the head that is being read began.
    head_since: Option<Instant>,
    /// Since when the client takes nothing of what is to be written.
    blocked_since: Option<Instant>,
}

impl State {
    fn new(now: Instant) -> Self {
        Self {
            in_flight: 0,
            has_served: false,
            is_multiplexed: false,
            idle_since: now,
            head_since: None,
            blocked_since: None,
        }
    }

    fn on_read(&mut self, now: Instant) {
        if self.in_flight == 0 {
            self.head_since.get_or_insert(now);
        }
    }

    fn on_write(&mut self, is_blocked: bool, now: Instant) {
        self.blocked_since = is_blocked.then(|| self.blocked_since.unwrap_or(now));
    }

    fn begin_request(&mut self, version: Version) {
        self.in_flight += 1;
        self.has_served = true;
        self.is_multiplexed = version == Version::HTTP_2;
        self.head_since = None;
    }

    fn end_request(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.idle_since = now;
    }

    fn deadline(&self, timeouts: Timeouts) -> Option<Instant> {
        match (self.blocked_since, self.in_flight, self.head_since) {
            (Some(blocked_since), _, _) => Some(blocked_since + timeouts.write),
            (None, 1.., _) => None,
            (None, 0, _) if !self.has_served => Some(self.idle_since + timeouts.head),
            // HTTP/2 has frames that belong to no request, so bytes say nothing about a head.
            (None, 0, Some(head_since)) if !self.is_multiplexed => Some(head_since + timeouts.head),
            (None, 0, _) => Some(self.idle_since + timeouts.idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(30),
    };

    /// A connection that is taken now, and a clock that begins now, in seconds.
    fn taken() -> (State, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        (State::new(start), move |seconds| start + Duration::from_secs(seconds))
    }

    #[test]
    fn the_first_head_has_its_time_however_slowly_it_comes() {
        let (mut state, at) = taken();
        state.on_read(at(6));
        state.on_read(at(8));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(10)));
    }

    #[test]
    fn between_requests_a_connection_may_be_idle_but_a_head_may_not_be_slow() {
        let (mut state, at) = taken();
        state.begin_request(Version::HTTP_11);
        assert_eq!(state.deadline(TIMEOUTS), None);
        state.end_request(at(100));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(175)));
        state.on_read(at(120));
        state.on_read(at(125));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(130)));
        state.begin_request(Version::HTTP_11);
        state.end_request(at(126));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(201)));
    }

    #[test]
    fn frames_beside_requests_say_nothing_of_a_multiplexed_connection() {
        let (mut state, at) = taken();
        state.begin_request(Version::HTTP_2);
        state.begin_request(Version::HTTP_2);
        state.end_request(at(1));
        assert_eq!(state.deadline(TIMEOUTS), None);
        state.end_request(at(2));
        state.on_read(at(3));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(77)));
    }

    #[test]
    fn a_client_that_takes_nothing_of_its_answer_is_not_waited_for() {
        let (mut state, at) = taken();
        state.begin_request(Version::HTTP_11);
        state.on_write(true, at(1));
        state.on_write(true, at(20));
        assert_eq!(state.deadline(TIMEOUTS), Some(at(31)));
        state.on_write(false, at(21));
        assert_eq!(state.deadline(TIMEOUTS), None);
    }
}
