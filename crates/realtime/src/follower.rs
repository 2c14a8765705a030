//! Following the log of a person: every event once, in order, whatever the way to the connection lost.

use axum::extract::ws::Utf8Bytes;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult, Kind as ErrorKind},
    ids::{ConversationId, SessionId, UserId},
    stream::{self, Delivery, Kind, Line, Missed, Seat},
};
use serde::Deserialize;
use std::sync::Arc;
use tokio::time::Instant;

use crate::unheeded::{MessagesUnheeded, Unread};

/// Something for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number in the log; frames that stand in no log have none.
    pub id: Option<i64>,
    /// JSON.
    pub text: Utf8Bytes,
}

/// Where a connection is in the log of its person.
pub struct Follower {
    app: App,
    seat: Seat,
    sent: i64,
    /// While nothing flows: whether something is waiting.
    held: Option<bool>,
    unread: Unread,
}

/// What of a new message says that it reached its reader.
#[derive(Deserialize)]
struct Received {
    conversation_id: ConversationId,
    seq: i64,
    sender_id: Option<UserId>,
}

/// What of a mark says who has read.
#[derive(Deserialize)]
struct Read {
    conversation_id: ConversationId,
    user_id: UserId,
}

impl Follower {
    /// Takes a seat. With `after`, events flow from the one after it on, those that were missed first; without it nothing
    /// flows yet. 429 `too_many_connections` where this person has too many.
    pub async fn join(
        app: &App,
        user: UserId,
        session: SessionId,
        after: Option<i64>,
    ) -> ApiResult<(Self, Vec<Frame>)> {
        // The seat first: what is written from now on arrives there, what was written before is read. Others see
        // nobody of whom we do not know yet whether they want it.
        let seat = app.hub.join(&app.nodes, user, session);
        let seat = seat.ok_or_else(|| ApiError::new(ErrorKind::Throttled, "too_many_connections"))?;
        let unread = Unread::default();
        let mut follower = Self { app: app.clone(), seat, sent: 0, held: Some(false), unread };
        let (head, frames) = if let Some(after) = after {
            follower.held = None;
            let (head, missed) = stream::missed(&app.db, user, after).await?;
            (head, follower.catch_up(after, missed))
        } else {
            let head = stream::head(&app.db, user).await?;
            follower.sent = head.id;
            (head, Vec::new())
        };
        follower.seat.show(!head.is_hidden);
        Ok((follower, frames))
    }

    /// The way to this connection.
    pub fn line(&self) -> Arc<Line> {
        self.seat.line.clone()
    }

    /// The place of this connection among all.
    pub fn seat(&mut self) -> &mut Seat {
        &mut self.seat
    }

    /// Asks whether the caller may go on, and whether others may see them: something about them is different.
    pub async fn recheck(&mut self, caller: &Caller) -> ApiResult<Caller> {
        let Self { app, seat, .. } = self;
        let caller = app.authenticator.resume(app, caller.id, caller.session, caller.expires_at).await?;
        seat.show(!stream::head(&app.db, caller.id).await?.is_hidden);
        Ok(caller)
    }

    /// The number of the last event that the client has.
    pub fn sent(&self) -> i64 {
        self.sent
    }

    /// Whether nothing flows yet.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// From now on events flow. Gives those that waited.
    pub async fn open(&mut self) -> ApiResult<Vec<Frame>> {
        match self.held.take() {
            Some(true) => self.read(self.sent).await,
            Some(false) => {
                self.move_to(self.sent);
                Ok(Vec::new())
            }
            None => Ok(Vec::new()),
        }
    }

    /// Events flow, from the one after `after` on. Gives those that were missed, or says `resync`.
    pub async fn resume(&mut self, after: i64) -> ApiResult<Vec<Frame>> {
        self.held = None;
        self.read(after).await
    }

    /// What a delivery means for the client.
    pub async fn take(&mut self, delivery: Delivery) -> ApiResult<Vec<Frame>> {
        match delivery {
            Delivery::Passing(frame) => {
                let text = Utf8Bytes::try_from(frame).unwrap_or_default();
                Ok(vec![Frame { id: None, text }])
            }
            Delivery::Event(..) | Delivery::Look if self.held.is_some() => {
                self.held = Some(true);
                Ok(Vec::new())
            }
            Delivery::Event(id, told) if id == self.sent + 1 => {
                self.move_to(id);
                self.note(told.kind, told.data.get());
                Ok(vec![Frame { id: Some(id), text: told.frame(id).into() }])
            }
            Delivery::Event(id, _) if id <= self.sent => Ok(Vec::new()),
            Delivery::Event(..) | Delivery::Look => self.read(self.sent).await,
            Delivery::Recheck => Ok(Vec::new()),
        }
    }

    async fn read(&mut self, after: i64) -> ApiResult<Vec<Frame>> {
        let (_head, missed) = stream::missed(&self.app.db, self.seat.line.user, after).await?;
        Ok(self.catch_up(after, missed))
    }

    fn catch_up(&mut self, after: i64, missed: Missed) -> Vec<Frame> {
        match missed {
            Missed::Events(events) => {
                self.move_to(events.last().map_or(after, |event| event.id));
                for event in &events {
                    self.note(event.kind, event.data.get());
                }
                let frame = |event: stream::Logged| Frame { id: Some(event.id), text: event.frame().into() };
                events.into_iter().map(frame).collect()
            }
            Missed::Resync(head) => {
                self.move_to(head);
                let text = serde_json::json!({"type": "resync", "last_event_id": head}).to_string();
                vec![Frame { id: Some(head), text: text.into() }]
            }
        }
    }

    fn move_to(&mut self, id: i64) {
        self.sent = id;
        self.seat.line.set_sent(id);
    }

    /// A message of somebody else has reached this device, or its owner has read.
    fn note(&mut self, kind: Kind, data: &str) {
        let user = self.seat.line.user;
        match kind {
            Kind::MessageCreated => {
                let Ok(message) = serde_json::from_str::<Received>(data) else { return };
                if message.sender_id != Some(user) {
                    let conversation = message.conversation_id;
                    self.app.hub.note_received(user, conversation.uuid(), message.seq);
                    self.unread.arrived(conversation, Instant::now());
                }
            }
            Kind::MessageRead => match serde_json::from_str::<Read>(data) {
                Ok(read) if read.user_id == user => self.unread.read(read.conversation_id),
                _ => {}
            },
            _ => {}
        }
    }

    /// When somebody has to [`ring`](Self::ring).
    pub fn rings_at(&self) -> Option<Instant> {
        self.unread.due()
    }

    /// Says of which conversations nobody has read what came.
    pub async fn ring(&mut self) {
        let conversations = self.unread.take();
        MessagesUnheeded::now(&self.app, self.seat.line.user, conversations).say(&self.app).await;
    }
}

impl Drop for Follower {
    /// Whoever leaves with something unread is told on another way; whom we send away comes back.
    fn drop(&mut self) {
        let conversations = self.unread.take();
        if conversations.is_empty() || self.seat.line.is_stopping() {
            return;
        }
        let (app, user_id) = (self.app.clone(), self.seat.line.user);
        tokio::spawn(async move { MessagesUnheeded::soon(&app, user_id, conversations).say(&app).await });
    }
}
