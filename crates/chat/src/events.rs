//! What others may learn of conversations. Fields are only ever added.

use platform::{
    ids::{ConversationId, MessageId, ReportId, UserId},
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

/// Somebody has read a conversation up to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationRead {
    /// Which.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
    /// Up to where.
    pub up_to_seq: i64,
}

/// The staff have decided on what somebody reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDecided {
    /// Which.
    pub report_id: ReportId,
    /// Who reported.
    pub reporter_id: UserId,
    /// Whether they were right.
    pub is_upheld: bool,
}

impl outbox::Event for ReportDecided {
    const TOPIC: &'static str = "chat.report_decided";
    fn subject(&self) -> Uuid {
        self.report_id.uuid()
    }
}

/// Nobody has decided on a report in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportOverdue {
    /// Which.
    pub report_id: ReportId,
}

impl outbox::Event for ReportOverdue {
    const TOPIC: &'static str = "chat.report_overdue";
    fn subject(&self) -> Uuid {
        self.report_id.uuid()
    }
}

impl outbox::Event for ConversationRead {
    const TOPIC: &'static str = "chat.conversation_read";
    fn subject(&self) -> Uuid {
        self.conversation_id.uuid()
    }
}

impl outbox::Event for MessageSent {
    const TOPIC: &'static str = "chat.message_sent";
    fn subject(&self) -> Uuid {
        self.conversation_id.uuid()
    }
}
