//! A conversation as one of its two people sees it.

use platform::{
    ids::{BookingId, ConversationId, UserId},
    time::Instant,
};
use serde::Serialize;
use sqlx::types::Json;

use crate::message::{Marks, Message, Reader, StoredMessage};

/// A conversation as it is stored, with what one of its two people may know of both.
#[derive(sqlx::FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "columns")]
pub(crate) struct StoredConversation {
    pub id: ConversationId,
    pub customer_id: UserId,
    pub provider_id: UserId,
    pub customer_name: String,
    pub provider_name: String,
    pub customer_image: Option<String>,
    pub provider_image: Option<String>,
    pub booking_id: Option<BookingId>,
    pub booking_reference: Option<String>,
    pub last_seq: i64,
    pub last_message: Option<Json<StoredMessage>>,
    pub last_message_at: Instant,
    pub created_at: Instant,
    pub read_seq: i64,
    pub other_read_seq: i64,
    pub other_delivered_seq: i64,
    pub unread_count: i64,
    pub is_blocked: bool,
    pub is_blocked_by_me: bool,
    pub is_closed: bool,
    pub is_archived: bool,
    pub is_pinned: bool,
    pub muted_until: Option<Instant>,
}

/// A conversation of two people.
#[derive(Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the wire")]
pub(crate) struct Conversation {
    id: ConversationId,
    /// Who books.
    customer_id: UserId,
    /// Who is booked.
    provider_id: UserId,
    customer_name: String,
    provider_name: String,
    customer_profile_image: Option<String>,
    provider_profile_image: Option<String>,
    /// The one of the two who is not the caller.
    other_id: UserId,
    /// The booking that it is about, if it is about one.
    booking_id: Option<BookingId>,
    /// What that booking is called.
    booking_reference: Option<String>,
    /// The newest message.
    last_message: Option<Message>,
    /// When it came; at first, when the conversation began.
    last_message_at: Instant,
    /// The number of the newest message; 0 where there is none.
    last_seq: i64,
    /// Messages of the other one, and of staff, that the caller has not read; 1,000 stands for more, too.
    unread_count: i64,
    /// Up to where the caller has read.
    read_seq: i64,
    /// Up to where the other one has read; 0 where they hide it.
    other_read_seq: i64,
    /// Up to where messages have reached the other one.
    other_delivered_seq: i64,
    /// Whether one has blocked the other.
    is_blocked: bool,
    /// Whether it was the caller.
    is_blocked_by_me: bool,
    /// Whether messages can be sent: not where one has blocked the other and no booking of theirs is open, and not where
    /// the other one has gone.
    can_send: bool,
    /// Archived until the next message.
    is_archived: bool,
    is_pinned: bool,
    /// No notifications until then.
    muted_until: Option<Instant>,
    created_at: Instant,
}

impl Conversation {
    pub(crate) fn of(stored: StoredConversation, reader: &Reader<'_>) -> Self {
        let marks = Marks {
            read: stored.read_seq,
            other_read: stored.other_read_seq,
            other_delivered: stored.other_delivered_seq,
        };
        let url = |key: Option<String>| key.map(|key| reader.app.storage.public_url(&key));
        Self {
            id: stored.id,
            customer_id: stored.customer_id,
            provider_id: stored.provider_id,
            customer_name: stored.customer_name,
            provider_name: stored.provider_name,
            customer_profile_image: url(stored.customer_image),
            provider_profile_image: url(stored.provider_image),
            other_id: if stored.customer_id == reader.id { stored.provider_id } else { stored.customer_id },
            booking_id: stored.booking_id,
            booking_reference: stored.booking_reference,
            last_message: stored.last_message.map(|message| Message::of(message.0, reader, marks)),
            last_message_at: stored.last_message_at,
            last_seq: stored.last_seq,
            unread_count: stored.unread_count,
            read_seq: stored.read_seq,
            other_read_seq: stored.other_read_seq,
            other_delivered_seq: stored.other_delivered_seq,
            is_blocked: stored.is_blocked,
            is_blocked_by_me: stored.is_blocked_by_me,
            can_send: !stored.is_closed,
            is_archived: stored.is_archived,
            is_pinned: stored.is_pinned,
            muted_until: stored.muted_until,
            created_at: stored.created_at,
        }
    }
}
