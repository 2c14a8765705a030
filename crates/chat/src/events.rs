//! What others may learn of conversations. Fields are only ever added.

use platform::{
    ids::{ConversationId, MessageId, UserId},
    outbox,
    time::Instant,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Somebody wrote to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSent {
    /// Where.
    pub conversation_id: ConversationId,
    /// What.
    pub message_id: MessageId,
    /// Its number in the conversation.
    pub seq: i64,
    /// Who wrote it.
    pub sender_id: UserId,
    /// To whom.
    pub recipient_id: UserId,
    /// When.
    pub at: Instant,
}

impl outbox::Event for MessageSent {
    const TOPIC: &'static str = "chat.message_sent";
    fn subject(&self) -> Uuid {
        self.conversation_id.uuid()
    }
}
