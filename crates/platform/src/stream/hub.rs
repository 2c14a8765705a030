//! The connections of this node, by person; who of all nodes is online, and who wants to know it.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::body::Bytes;
use dashmap::DashMap;
use uuid::Uuid;

use super::{
    Told,
    line::{Delivery, End, Line},
    nodes::{Nodes, Note},
};
use crate::ids::{SessionId, UserId};

/// Connections that one person may have on one node.
const MOST_OF_ONE: usize = 10;
/// A node that has said nothing for so long is gone, and its people with it.
const SILENCE: Duration = Duration::from_secs(15);

/// All connections of this node.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    lines: DashMap<UserId, Vec<Arc<Line>>>,
    count: AtomicUsize,
    /// How many connections of people who let others see that they are here.
    visible: DashMap<UserId, u32>,
    elsewhere: DashMap<Uuid, Elsewhere>,
    watchers: DashMap<UserId, Vec<Arc<Line>>>,
    /// Up to which number of what people have been sent something, until it is written down.
    received: Mutex<HashMap<(UserId, Uuid), i64>>,
}

/// Who is online at another node.
#[derive(Debug)]
struct Elsewhere {
    people: HashSet<UserId>,
    heard: Instant,
}

/// A place in the hub, for as long as a connection lasts.
#[derive(Debug)]
pub struct Seat {
    /// What arrives.
    pub line: Arc<Line>,
    hub: Hub,
    nodes: Nodes,
    is_visible: bool,
    watched: HashSet<UserId>,
}

impl Hub {
    /// Takes a connection in, not seen by others yet; `None` where this person has as many as one may have.
    pub fn join(&self, nodes: &Nodes, user: UserId, session: SessionId) -> Option<Seat> {
        let line = Arc::new(Line::new(user, session));
        {
            let mut lines = self.0.lines.entry(user).or_default();
            if lines.len() >= MOST_OF_ONE {
                return None;
            }
            lines.push(line.clone());
        }
        metrics::gauge!("stream_connections").set(as_gauge(self.0.count.fetch_add(1, Relaxed) + 1));
        let (hub, nodes) = (self.clone(), nodes.clone());
        Some(Seat { line, hub, nodes, is_visible: false, watched: HashSet::new() })
    }

    /// Another connection of somebody lets others see them. Whether it is the first.
    fn shown(&self, user: UserId) -> bool {
        let mut count = self.0.visible.entry(user).or_default();
        *count += 1;
        *count == 1
    }

    /// A connection of somebody lets others see them no more. Whether it was the last.
    fn hidden(&self, user: UserId) -> bool {
        self.0.visible.entry(user).and_modify(|count| *count -= 1);
        self.0.visible.remove_if(&user, |_, count| *count == 0).is_some()
    }

    /// Brings an event to those of its people who are connected here.
    pub(super) fn deliver(&self, told: &Arc<Told>) {
        for (user, id) in &told.places {
            self.push(*user, || Delivery::Event(*id, told.clone()));
        }
    }

    /// Makes the connections of these people read their logs.
    pub(super) fn look(&self, people: &[UserId]) {
        for user in people {
            self.push(*user, || Delivery::Look);
        }
    }

    /// Brings a frame that is nowhere else to those of these people who are connected here.
    pub(super) fn pass(&self, people: &[UserId], frame: &Bytes) {
        for user in people {
            self.push(*user, || Delivery::Passing(frame.clone()));
        }
    }

    fn push(&self, user: UserId, delivery: impl Fn() -> Delivery) {
        if let Some(lines) = self.0.lines.get(&user) {
            for line in lines.iter() {
                line.push(delivery());
            }
        }
    }

    /// Ends the connections of a session.
    pub fn end_session(&self, session: SessionId) {
        for lines in &self.0.lines {
            lines.iter().filter(|line| line.session == session).for_each(|line| line.end(End::SessionEnded));
        }
    }

    /// Makes the connections of somebody ask whether they may go on; of everybody where `user` is `None`.
    pub fn recheck(&self, user: Option<UserId>) {
        match user {
            Some(user) => self.push(user, || Delivery::Recheck),
            None => self.0.lines.iter().flat_map(|lines| lines.clone()).for_each(|line| {
                line.push(Delivery::Recheck);
            }),
        }
    }

    /// Ends all connections.
    pub fn end_all(&self) {
        self.0.lines.iter().for_each(|lines| lines.iter().for_each(|line| line.end(End::Stopping)));
    }

    /// Notes that a connection of somebody was sent number `up_to` of a sequence.
    pub fn note_received(&self, user: UserId, sequence: Uuid, up_to: i64) {
        let mut received = self.0.received.lock().unwrap_or_else(PoisonError::into_inner);
        let known = received.entry((user, sequence)).or_insert(up_to);
        *known = up_to.max(*known);
    }

    /// Takes out what was noted.
    pub fn take_received(&self) -> HashMap<(UserId, Uuid), i64> {
        std::mem::take(&mut *self.0.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.0.count.load(Relaxed)
    }

    /// Everybody who is connected here, with the number of the last event that all their connections were sent.
    pub fn positions(&self) -> (Vec<UserId>, Vec<i64>) {
        let least = |lines: &Vec<Arc<Line>>| lines.iter().map(|line| line.sent()).min();
        self.0.lines.iter().filter_map(|entry| Some((*entry.key(), least(entry.value())?))).unzip()
    }

    /// Whether somebody is online, on any node, and lets others see it.
    pub fn is_online(&self, user: UserId) -> bool {
        self.0.visible.contains_key(&user) || self.0.elsewhere.iter().any(|node| node.people.contains(&user))
    }

    /// Whether somebody has a connection on this node, seen by others or not.
    pub fn is_connected(&self, user: UserId) -> bool {
        self.0.lines.contains_key(&user)
    }

    /// Everybody here who lets others see it.
    pub(super) fn visible(&self) -> Vec<UserId> {
        self.0.visible.iter().map(|entry| *entry.key()).collect()
    }

    /// People came to another node.
    pub(super) fn came(&self, node: Uuid, people: Vec<UserId>) {
        self.elsewhere(node, |known| known.people.extend(&people));
        self.announce_all(people);
    }

    /// People left another node.
    pub(super) fn went(&self, node: Uuid, people: Vec<UserId>) {
        self.elsewhere(node, |known| {
            for user in &people {
                known.people.remove(user);
            }
        });
        self.announce_all(people);
    }

    /// Another node lives.
    pub(super) fn alive(&self, node: Uuid) {
        self.elsewhere(node, |_known| {});
    }

    fn elsewhere(&self, node: Uuid, change: impl FnOnce(&mut Elsewhere)) {
        let mut known = self
            .0
            .elsewhere
            .entry(node)
            .or_insert_with(|| Elsewhere { people: HashSet::new(), heard: Instant::now() });
        known.heard = Instant::now();
        change(&mut known);
    }

    /// Forgets nodes that are silent. Whether there are others.
    pub(super) fn has_others(&self) -> bool {
        let is_gone = |node: &Elsewhere| node.heard.elapsed() > SILENCE;
        let gone: Vec<Uuid> =
            self.0.elsewhere.iter().filter(|node| is_gone(node.value())).map(|node| *node.key()).collect();
        for node in gone {
            if let Some((_, node)) = self.0.elsewhere.remove(&node) {
                self.announce_all(node.people);
            }
        }
        !self.0.elsewhere.is_empty()
    }

    /// Tells those who watch somebody whether they are online.
    fn announce(&self, user: UserId) {
        let watchers = self.0.watchers.get(&user).map(|lines| lines.clone()).unwrap_or_default();
        if watchers.is_empty() {
            return;
        }
        let frame = presence(user, self.is_online(user));
        for line in watchers {
            line.push(Delivery::Passing(frame.clone()));
        }
    }

    /// Two people see each other no more: what their connections watched of one another ends, as if the other had gone.
    pub(super) fn part(&self, [one, other]: [UserId; 2]) {
        for (watched, watching) in [(one, other), (other, one)] {
            let Some(mut lines) = self.0.watchers.get_mut(&watched) else { continue };
            lines.retain(|line| {
                let stays = line.user != watching;
                if !stays {
                    line.push(Delivery::Passing(presence(watched, false)));
                }
                stays
            });
        }
    }

    fn announce_all(&self, people: impl IntoIterator<Item = UserId>) {
        for user in people {
            self.announce(user);
        }
    }
}

/// What a client is told of somebody's presence.
pub(super) fn presence(user: UserId, is_online: bool) -> Bytes {
    let status = if is_online { "online" } else { "offline" };
    let frame = serde_json::json!({"type": "presence", "data": {"user_id": user, "status": status}});
    frame.to_string().into()
}

impl Seat {
    /// Lets others see that somebody is here, or no more.
    pub fn show(&mut self, is_visible: bool) {
        let user = self.line.user;
        let is_news = match (self.is_visible, is_visible) {
            (false, true) => self.hub.shown(user),
            (true, false) => self.hub.hidden(user),
            _ => false,
        };
        self.is_visible = is_visible;
        if is_news {
            self.hub.announce(user);
            self.nodes.send(if is_visible { Note::Came(vec![user]) } else { Note::Went(vec![user]) });
        }
    }

    /// Tells this connection from now on when one of these people comes or goes, and how it is now.
    pub fn watch(&mut self, people: Vec<UserId>) {
        self.unwatch();
        self.watched = people.into_iter().collect();
        for user in &self.watched {
            self.hub.0.watchers.entry(*user).or_default().push(self.line.clone());
            self.line.push(Delivery::Passing(presence(*user, self.hub.is_online(*user))));
        }
    }

    fn unwatch(&mut self) {
        for user in std::mem::take(&mut self.watched) {
            self.hub.0.watchers.entry(user).and_modify(|lines| remove(lines, &self.line));
            self.hub.0.watchers.remove_if(&user, |_, lines| lines.is_empty());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.unwatch();
        self.show(false);
        let (user, inner) = (self.line.user, &self.hub.0);
        inner.lines.entry(user).and_modify(|lines| remove(lines, &self.line));
        inner.lines.remove_if(&user, |_, lines| lines.is_empty());
        metrics::gauge!("stream_connections").set(as_gauge(inner.count.fetch_sub(1, Relaxed) - 1));
    }
}

fn remove(lines: &mut Vec<Arc<Line>>, line: &Arc<Line>) {
    lines.retain(|other| !Arc::ptr_eq(other, line));
    lines.shrink_to_fit();
}

fn as_gauge(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
