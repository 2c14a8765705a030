//! A message, as it is stored and as it is shown.

use std::collections::BTreeMap;

use platform::{
    app::App,
    auth::Caller,
    ids::{BookingId, ConversationId, MessageId, SessionId, UserId},
    locale::Language,
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::media::{Media, StoredMedia};

/// What a message is. Apps show one that they do not know by its `content`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[schema(as = MessageType)]
pub enum MessageKind {
    /// Words, files, or both.
    #[default]
    Text,
    /// What happened to a booking, or who of the staff has come or gone, said by the house in the reader's language.
    System,
    /// A place.
    Location,
    /// A booking of the two.
    BookingCard,
}

/// How far a message of one's own has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageStatus)]
pub enum MessageStatus {
    /// It is stored.
    Sent,
    /// It has reached a device of the other one.
    Delivered,
    /// The other one has read it.
    Read,
}

/// A place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, garde::Validate, utoipa::ToSchema)]
#[schema(as = MessageLocation)]
pub struct Location {
    /// Degrees north.
    #[garde(range(min = -90.0, max = 90.0))]
    #[schema(minimum = -90, maximum = 90, example = 52.52)]
    pub latitude: f64,
    /// Degrees east.
    #[garde(range(min = -180.0, max = 180.0))]
    #[schema(minimum = -180, maximum = 180, example = 13.405)]
    pub longitude: f64,
}

/// What belongs to the kind of a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Data {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The member of staff that the event is about, as they were called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_name: Option<String>,
}

/// A row of the view `shown_messages`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredMessage {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub seq: i64,
    pub kind: MessageKind,
    pub sender_id: Option<UserId>,
    pub sender_name: Option<String>,
    pub sender_profile_image: Option<String>,
    pub content: String,
    pub data: Option<Data>,
    pub reply_to: Option<MessageId>,
    pub client_message_id: String,
    pub is_masked: bool,
    pub created_at: Instant,
    pub edited_at: Option<Instant>,
    pub deleted_at: Option<Instant>,
    pub reactions: BTreeMap<String, Vec<UserId>>,
    pub media: Vec<StoredMedia>,
    /// Evidence of reports from before there were such messages does not say.
    #[serde(default)]
    pub is_staff: bool,
}

/// What is needed to show a message to somebody.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub app: &'a App,
    pub id: UserId,
    /// The sign-in that links to files are made for; without one they need a token.
    pub session: Option<SessionId>,
    pub language: Language,
}

impl<'a> Reader<'a> {
    /// Whoever is calling.
    pub(crate) fn of(app: &'a App, caller: &Caller, language: Language) -> Self {
        Self { app, id: caller.id, session: Some(caller.session), language }
    }

    /// The same for what several sessions, or both people, are told.
    pub(crate) fn of_no_session(self) -> Self {
        Self { session: None, ..self }
    }
}

/// How far the two are in a conversation, as far as one of them may know: what the other has read is 0 where they hide
/// it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub read: i64,
    pub other_read: i64,
    pub other_delivered: i64,
}

/// A message.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Message {
    /// Its name.
    pub id: MessageId,
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// Its number in the conversation: from 1, without gaps, the same for both.
    pub seq: i64,
    /// What it is. There may be more in future: show those by their `content`.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// Who said it; `null`: the house.
    pub sender_id: Option<UserId>,
    /// Their name.
    pub sender_name: Option<String>,
    /// Their picture.
    pub sender_profile_image: Option<String>,
    /// Whether a member of staff wrote it, who has joined the conversation to help.
    pub is_staff: bool,
    /// The words; empty where there are none, or where it was taken back.
    pub content: String,
    /// Whether contact details were taken out of it: they can be exchanged once a booking is confirmed.
    pub is_masked: bool,
    /// Where `type` is `location`.
    pub location: Option<Location>,
    /// Where `type` is `booking_card`, or `system` for a booking.
    pub booking_id: Option<BookingId>,
    /// Where `type` is `system`: what happened to the booking, in the words of its history; or `staff_joined`,
    /// `staff_left`.
    #[schema(example = "accepted")]
    pub event: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Files.
    pub media: Vec<Media>,
    /// Who reacted, by reaction.
    pub reactions: BTreeMap<String, Vec<UserId>>,
    /// The name that the sender's app gave it.
    pub client_message_id: String,
    /// How far it has come. Messages of others are at least `delivered`.
    pub status: MessageStatus,
    /// Whether whom it was sent to has read it.
    pub is_read: bool,
    /// When it was edited.
    pub edited_at: Option<Instant>,
    /// When it was taken back; then there is no content any more.
    pub deleted_at: Option<Instant>,
    /// When it was said.
    pub created_at: Instant,
}

impl Message {
    /// Makes the links to its files good for the session of `reader`.
    pub(crate) fn sign_links(&mut self, reader: &Reader<'_>) {
        self.media.iter_mut().for_each(|media| media.sign_links(reader));
    }

    pub(crate) fn of(stored: StoredMessage, reader: &Reader<'_>, marks: Marks) -> Self {
        let data = stored.data.unwrap_or_default();
        let is_own = stored.sender_id == Some(reader.id);
        let (read_up_to, delivered_up_to) =
            if is_own { (marks.other_read, marks.other_delivered) } else { (marks.read, i64::MAX) };
        let status = match stored.seq {
            seq if seq <= read_up_to => MessageStatus::Read,
            seq if seq <= delivered_up_to => MessageStatus::Delivered,
            _ => MessageStatus::Sent,
        };
        let content = match (&data.event, &data.staff_name) {
            (Some(event), Some(name)) => reader.language.text(&staff_key(event), &[("name", name)]),
            (Some(event), None) => reader.language.text(&system_key(event), &[]),
            (None, _) => stored.content,
        };
        Self {
            id: stored.id,
            conversation_id: stored.conversation_id,
            seq: stored.seq,
            kind: stored.kind,
            sender_id: stored.sender_id,
            sender_name: stored.sender_name,
            sender_profile_image: stored.sender_profile_image.map(|key| reader.app.storage.public_url(&key)),
            is_staff: stored.is_staff,
            content,
            is_masked: stored.is_masked,
            location: data.location,
            booking_id: data.booking_id,
            event: data.event,
            reply_to: stored.reply_to,
            media: stored.media.into_iter().map(|media| Media::of(media, reader)).collect(),
            reactions: stored.reactions,
            client_message_id: stored.client_message_id,
            status,
            is_read: status == MessageStatus::Read,
            edited_at: stored.edited_at,
            deleted_at: stored.deleted_at,
            created_at: stored.created_at,
        }
    }
}

/// The key of the sentence that says what happened to a booking.
pub(crate) fn system_key(event: &str) -> String {
    format!("chat-booking-{event}")
}

/// The key of the sentence that says that a member of staff has come or gone.
pub(crate) fn staff_key(event: &str) -> String {
    format!("chat-{event}")
}
