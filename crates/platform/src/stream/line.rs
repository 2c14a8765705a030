//! The way to one connection: a short queue that is never waited for. Whoever does not read is cut off.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use axum::body::Bytes;
use tokio::sync::Notify;

use super::Told;
use crate::ids::{SessionId, UserId};

/// Most deliveries that wait for one connection.
const MOST: usize = 64;
/// Most bytes of them.
const MOST_BYTES: usize = 256 * 1024;

/// Something on its way to a connection.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// An event, and its number in the log of whoever listens.
    Event(i64, Arc<Told>),
    /// There is something new in the log.
    Look,
    /// A frame that is nowhere else: typing, presence. It is left out where many things wait.
    Passing(Bytes),
    /// Something about the account or its sessions is different.
    Recheck,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its session has ended.
    SessionEnded,
    /// It does not read what it is sent.
    Slow,
    /// The server stops.
    Stopping,
}

/// One connection of a person, as senders see it.
#[derive(Debug)]
pub struct Line {
    /// Whose.
    pub user: UserId,
    /// By which sign-in.
    pub session: SessionId,
    sent: AtomicI64,
    queue: Mutex<Queue>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Delivery>,
    bytes: usize,
    end: Option<End>,
}

impl Line {
    pub(super) fn new(user: UserId, session: SessionId) -> Self {
        Self { user, session, sent: AtomicI64::new(i64::MAX), queue: Mutex::default(), ready: Notify::new() }
    }

    /// The number of the last event that the client was sent; larger than all where it waits for none.
    pub fn sent(&self) -> i64 {
        self.sent.load(Relaxed)
    }

    /// Notes what the client was sent.
    pub fn set_sent(&self, id: i64) {
        self.sent.store(id, Relaxed);
    }

    /// Puts something into the queue. Where it is full the line is cut: what it missed is in the log.
    pub fn push(&self, delivery: Delivery) {
        self.with(|queue| {
            let is_repeated = matches!(
                (&delivery, queue.waiting.back()),
                (Delivery::Look, Some(Delivery::Look)) | (Delivery::Recheck, Some(Delivery::Recheck))
            );
            let is_crowded = queue.waiting.len() > MOST / 2 && matches!(delivery, Delivery::Passing(_));
            if queue.end.is_some() || is_repeated || is_crowded {
                return;
            }
            queue.bytes += size(&delivery);
            queue.waiting.push_back(delivery);
            if queue.waiting.len() > MOST || queue.bytes > MOST_BYTES {
                *queue = Queue { end: Some(End::Slow), ..Queue::default() };
            }
        });
    }

    /// Ends the connection; what waits is left out.
    pub fn end(&self, end: End) {
        self.with(|queue| {
            let first = queue.end.unwrap_or(end);
            *queue = Queue { end: Some(first), ..Queue::default() };
        });
    }

    /// Whether it ends because the server stops.
    pub fn is_stopping(&self) -> bool {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.end == Some(End::Stopping)
    }

    fn with(&self, change: impl FnOnce(&mut Queue)) {
        // A queue is whole between any two lines of the above.
        change(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        self.ready.notify_one();
    }

    /// What comes next, for the one task that reads.
    pub async fn next(&self) -> Result<Delivery, End> {
        loop {
            let found = {
                let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(end) = queue.end {
                    return Err(end);
                }
                let found = queue.waiting.pop_front();
                if let Some(found) = &found {
                    queue.bytes -= size(found);
                } else {
                    // Idle connections keep no room.
                    queue.waiting.shrink_to_fit();
                }
                found
            };
            match found {
                Some(delivery) => return Ok(delivery),
                None => self.ready.notified().await,
            }
        }
    }
}

fn size(delivery: &Delivery) -> usize {
    match delivery {
        Delivery::Event(_, told) => told.data.get().len(),
        Delivery::Passing(frame) => frame.len(),
        Delivery::Look | Delivery::Recheck => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line::new(UserId::from(uuid::Uuid::nil()), SessionId::from(uuid::Uuid::nil()))
    }

    #[tokio::test]
    async fn what_was_pushed_comes_in_order_and_a_repeated_look_once() {
        let line = line();
        line.push(Delivery::Look);
        line.push(Delivery::Look);
        line.push(Delivery::Passing(Bytes::from_static(b"{}")));
        assert!(matches!(line.next().await, Ok(Delivery::Look)));
        assert!(matches!(line.next().await, Ok(Delivery::Passing(_))));
        line.end(End::Stopping);
        line.end(End::SessionEnded);
        assert!(matches!(line.next().await, Err(End::Stopping)));
    }

    #[tokio::test]
    async fn who_does_not_read_is_cut_off_and_passing_frames_are_left_out_before() {
        let line = line();
        let frame = Bytes::from(vec![b'x'; 1000]);
        for _ in 0..MOST * 2 {
            line.push(Delivery::Passing(frame.clone()));
        }
        assert_eq!(line.queue.lock().unwrap().waiting.len(), MOST / 2 + 1);
        for _ in 0..MOST {
            line.push(Delivery::Recheck);
            line.push(Delivery::Look);
        }
        assert!(matches!(line.next().await, Err(End::Slow)));
    }
}
