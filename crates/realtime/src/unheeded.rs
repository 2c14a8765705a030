//! Messages that reached a device, and that nobody there looks at: whoever is connected gets no notification of a
//! message, so somebody has to ring when it stays unread.

use std::time::Duration;

use platform::{
    app::App,
    ids::{ConversationId, UserId},
    outbox,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use uuid::Uuid;

/// Whoever looks at their device reads within this.
const PATIENCE: Duration = Duration::from_mins(1);
/// Conversations that are remembered; whoever has more unread ones is told at once.
const MOST: usize = 16;

/// Messages of these conversations reached somebody's device, and were not read there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesUnheeded {
    /// Whose device.
    pub user_id: UserId,
    /// Where they were said.
    pub conversations: Vec<ConversationId>,
    /// When somebody has to ring, unless they are read by then.
    pub rings_at: platform::time::Instant,
}

impl outbox::Event for MessagesUnheeded {
    const TOPIC: &'static str = "realtime.messages_unheeded";
    fn subject(&self) -> Uuid {
        self.user_id.uuid()
    }
}

impl MessagesUnheeded {
    /// Of somebody who is connected, and has had their time.
    pub fn now(app: &App, user_id: UserId, conversations: Vec<ConversationId>) -> Self {
        Self { user_id, conversations, rings_at: app.clock.now() }
    }

    /// Of somebody who leaves. They may be back in a moment, or ask again and again instead of staying connected.
    pub fn soon(app: &App, user_id: UserId, conversations: Vec<ConversationId>) -> Self {
        let patience = jiff::SignedDuration::try_from(PATIENCE).unwrap_or_default();
        Self { user_id, conversations, rings_at: app.clock.now().plus(patience) }
    }

    /// Lets others know. A failure is logged: the message itself waits in the app.
    pub async fn say(self, app: &App) {
        let said = async {
            let mut db = app.db.acquire().await?;
            outbox::emit(&mut db, &self, app.clock.now()).await
        };
        match said.await {
            Ok(()) => app.jobs_waiting.notify_one(),
            Err(error) => tracing::warn!(%error, "nobody rings for messages that were not read"),
        }
    }
}

/// The conversations with something that one device has got and its owner has not read.
#[derive(Debug, Default)]
pub struct Unread {
    /// With the time of the first message, the oldest first.
    conversations: Vec<(ConversationId, Instant)>,
}

impl Unread {
    /// A message has arrived.
    pub fn arrived(&mut self, conversation: ConversationId, now: Instant) {
        if self.conversations.iter().all(|(known, _)| *known != conversation) {
            self.conversations.push((conversation, now));
        }
    }

    /// A conversation was read, here or elsewhere.
    pub fn read(&mut self, conversation: ConversationId) {
        self.conversations.retain(|(known, _)| *known != conversation);
        if self.conversations.is_empty() {
            // Idle connections keep no room.
            self.conversations = Vec::new();
        }
    }

    /// When somebody has to ring, unless the conversations are read by then.
    pub fn due(&self) -> Option<Instant> {
        let (_, first) = self.conversations.first()?;
        Some(if self.conversations.len() > MOST { *first } else { *first + PATIENCE })
    }

    /// What is unread; it is not spoken of again.
    pub fn take(&mut self) -> Vec<ConversationId> {
        std::mem::take(&mut self.conversations).into_iter().map(|(conversation, _)| conversation).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(number: u128) -> ConversationId {
        ConversationId::from(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn somebody_rings_a_minute_after_the_first_message_that_is_not_read() {
        let (mut unread, now) = (Unread::default(), Instant::now());
        assert_eq!(unread.due(), None);
        unread.arrived(conversation(1), now);
        unread.arrived(conversation(2), now + PATIENCE / 2);
        unread.arrived(conversation(1), now + PATIENCE / 2);
        assert_eq!(unread.due(), Some(now + PATIENCE));
        unread.read(conversation(1));
        assert_eq!(unread.due(), Some(now + PATIENCE / 2 + PATIENCE));
        assert_eq!(unread.take(), [conversation(2)]);
        assert_eq!(unread.due(), None);
    }

    #[tokio::test]
    async fn with_many_unread_conversations_somebody_rings_at_once() {
        let (mut unread, now) = (Unread::default(), Instant::now());
        for number in (0..=MOST).map(|number| u128::try_from(number).unwrap()) {
            unread.arrived(conversation(number), now);
        }
        assert_eq!(unread.due(), Some(now));
    }
}
