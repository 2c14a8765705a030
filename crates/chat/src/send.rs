//! Sending a message: one statement that checks, numbers, writes and tells; only where it did nothing is asked why.

use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{BookingId, ConversationId, MediaId, MessageId, ReportId, UserId},
    locale::Sentence,
    stream::{Kind, Told},
    time::Instant,
    validation::is_blank,
};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::{
    filter, masking,
    media::StoredMedia,
    message::{Data, Location, Marks, Message, MessageKind, Reader, StoredMessage},
    model::ChatError,
    report::{self, REPORT_TIME},
    store::{self, reports::NewReport},
};

/// Characters of a message.
const LONGEST: usize = 5000;

/// What people can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WrittenKind {
    /// Words, files, or both.
    #[default]
    Text,
    /// A place: `location` says which.
    Location,
    /// A booking of the two: `booking_id` says which.
    BookingCard,
}

/// A message that somebody would like to send.
#[derive(Debug, Deserialize, garde::Validate, utoipa::ToSchema)]
pub struct NewMessage {
    /// Where.
    #[garde(skip)]
    pub conversation_id: ConversationId,
    /// What it is.
    // In frames of the socket `type` says what the frame is, so there this is called `kind`.
    #[garde(skip)]
    #[serde(default, rename = "type", alias = "kind")]
    pub kind: WrittenKind,
    /// The words; needed in a `text` without files.
    #[garde(inner(length(chars, max = 5000)))]
    #[serde(default)]
    #[schema(max_length = 5000, example = "Hello! Are you free on Thursday?")]
    pub content: Option<String>,
    /// The app's own name for the message: however often it is sent, it is one message.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub client_message_id: Option<String>,
    /// Files that were uploaded before.
    #[garde(inner(length(max = 10)))]
    #[serde(default)]
    #[schema(max_items = 10)]
    pub media_ids: Option<Vec<MediaId>>,
    /// The message of the same conversation that it answers.
    #[garde(skip)]
    #[serde(default)]
    pub reply_to: Option<MessageId>,
    /// Where `type` is `location`.
    #[garde(dive)]
    #[serde(default)]
    pub location: Option<Location>,
    /// Where `type` is `booking_card`.
    #[garde(skip)]
    #[serde(default)]
    pub booking_id: Option<BookingId>,
}

/// A message that was sent, now or before.
#[derive(Debug)]
pub struct Sent {
    /// As its sender sees it.
    pub message: Message,
    /// Whether it was sent now.
    pub is_new: bool,
}

/// Sends a message, and tells both people.
pub async fn send(app: &App, caller: &Caller, message: NewMessage) -> ApiResult<Sent> {
    let draft = Draft::of(app, caller, message)?;
    let written = if draft.is_plain() {
        draft.write(app, caller, &mut *app.db.acquire().await?).await?
    } else {
        let mut tx = app.db.begin().await?;
        let written = draft.write(app, caller, &mut tx).await?;
        tx.commit().await?;
        written
    };
    match written {
        Written::Done(sent, told) => {
            tell(app, told);
            Ok(*sent)
        }
        Written::Overtaken => draft.overtaken(app, caller).await,
    }
}

/// What became of a draft.
pub(crate) enum Written {
    /// It is written, now or before; with what is to be told after the commit.
    Done(Box<Sent>, Option<Told>),
    /// The same message was written in the same moment: nothing was written here, and nothing can be any more in this
    /// transaction.
    Overtaken,
}

/// After the commit.
pub(crate) fn tell(app: &App, told: Option<Told>) {
    if let Some(told) = told {
        told.tell(app);
        app.jobs_waiting.notify_one();
    }
}

/// A message that may be sent, as far as can be said without the database.
pub(crate) struct Draft {
    pub id: MessageId,
    pub conversation: ConversationId,
    pub kind: MessageKind,
    pub content: String,
    /// The same without contact details, where it has any.
    pub masked: Option<String>,
    pub data: Option<Data>,
    pub client_message_id: String,
    pub reply_to: Option<MessageId>,
    pub media: Vec<MediaId>,
    /// Whether the filter wants somebody to look at it.
    pub is_flagged: bool,
    /// What the links to pictures of people begin with.
    pub files: String,
}

impl Draft {
    pub(crate) fn of(app: &App, caller: &Caller, message: NewMessage) -> ApiResult<Self> {
        app.limits.check_message(caller.id)?;
        let id = MessageId::at(app.clock.now());
        let content = message.content.filter(|content| !is_blank(content)).unwrap_or_default();
        let content = content.trim().to_owned();
        let media = message.media_ids.unwrap_or_default();
        let required = |field| ApiError::invalid_field(field, Sentence::new("field-required"));
        let (kind, data) = match message.kind {
            WrittenKind::Text if content.is_empty() && media.is_empty() => return Err(required("content")),
            WrittenKind::Text => (MessageKind::Text, None),
            WrittenKind::Location => {
                let location = Some(message.location.ok_or_else(|| required("location"))?);
                (MessageKind::Location, Some(Data { location, ..Data::default() }))
            }
            WrittenKind::BookingCard => {
                let booking_id = Some(message.booking_id.ok_or_else(|| required("booking_id"))?);
                (MessageKind::BookingCard, Some(Data { booking_id, ..Data::default() }))
            }
        };
        let masked = app.settings.chat.chat_mask_contacts.then(|| masking::masked(&content)).flatten();
        let masked = masked.map(|masked| masked.chars().take(LONGEST).collect());
        Ok(Self {
            id,
            conversation: message.conversation_id,
            kind,
            is_flagged: filter::is_flagged(&content),
            masked,
            content,
            data,
            client_message_id: message.client_message_id.unwrap_or_else(|| id.to_string()),
            reply_to: message.reply_to,
            media,
            files: app.storage.public_url(""),
        })
    }

    /// Whether one statement is enough.
    pub(crate) fn is_plain(&self) -> bool {
        self.media.is_empty() && !self.is_flagged
    }

    /// Writes it, or finds that it was sent before.
    pub(crate) async fn write(
        &self,
        app: &App,
        caller: &Caller,
        db: &mut PgConnection,
    ) -> ApiResult<Written> {
        let now = app.clock.now();
        let reader = Reader::of(app, caller, caller.language);
        let media = store::media::lock_waiting(db, caller.id, &self.media).await?;
        if media.len() != self.media.len() {
            // A resend finds its files taken by itself.
            return match self.sent_before(&reader, db).await? {
                Some(sent) => Ok(Written::Done(Box::new(sent), None)),
                None => Err(ApiError::invalid_field("media_ids", Sentence::new("field-unknown_choice"))),
            };
        }
        let mut shown =
            Message::of(self.stored(caller, media, now), &reader.of_no_session(), Marks::default());
        match store::messages::send(db, self, &shown, caller.id, now).await {
            Ok(Some(sent)) => {
                store::media::attach(db, &self.media, self.conversation, self.id).await?;
                if self.is_flagged {
                    self.report(db, caller.id, now).await?;
                }
                shown.seq = sent.seq;
                shown.sender_name = Some(sent.sender_name);
                shown.sender_profile_image = sent.sender_image.map(|key| app.storage.public_url(&key));
                if let (true, Some(masked)) = (sent.is_masked, &self.masked) {
                    metrics::counter!("chat_messages_masked_total").increment(1);
                    shown.is_masked = true;
                    shown.content.clone_from(masked);
                }
                let told = store::told(Kind::MessageCreated, &shown, sent.places, now)?;
                shown.sign_links(&reader);
                Ok(Written::Done(Box::new(Sent { message: shown, is_new: true }), Some(told)))
            }
            Ok(None) => self.refused(&reader, db).await.map(|sent| Written::Done(Box::new(sent), None)),
            Err(error) if store::is_violation(&error, "messages_once") => Ok(Written::Overtaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts it before the staff.
    async fn report(&self, db: &mut PgConnection, sender: UserId, now: Instant) -> sqlx::Result<()> {
        tracing::info!(message.id = %self.id, "the filter flagged a message");
        metrics::counter!("chat_messages_flagged_total").increment(1);
        let report = NewReport {
            id: ReportId::at(now),
            conversation: self.conversation,
            message: Some(self.id),
            reporter: None,
            reported: sender,
            reason: "filter",
            details: "",
            due_at: now.plus(REPORT_TIME),
            at: now,
        };
        report::file(db, &report).await.map(|_is_new| ())
    }

    fn stored(&self, caller: &Caller, media: Vec<StoredMedia>, now: Instant) -> StoredMessage {
        StoredMessage {
            id: self.id,
            conversation_id: self.conversation,
            seq: i64::MAX,
            kind: self.kind,
            sender_id: Some(caller.id),
            sender_name: None,
            sender_profile_image: None,
            content: self.content.clone(),
            data: self.data.clone(),
            reply_to: self.reply_to,
            client_message_id: self.client_message_id.clone(),
            is_masked: false,
            created_at: now,
            edited_at: None,
            deleted_at: None,
            reactions: std::collections::BTreeMap::new(),
            media,
            is_staff: false,
        }
    }

    /// The message that was quicker.
    pub(crate) async fn overtaken(&self, app: &App, caller: &Caller) -> ApiResult<Sent> {
        let reader = Reader::of(app, caller, caller.language);
        let sent = self.sent_before(&reader, &mut *app.db.acquire().await?).await?;
        sent.ok_or_else(|| {
            ApiError::unavailable(anyhow::anyhow!("a message was overtaken by one that has gone"))
        })
    }

    async fn sent_before(&self, reader: &Reader<'_>, db: &mut PgConnection) -> ApiResult<Option<Sent>> {
        let found =
            store::messages::sent_before(db, reader.id, self.conversation, &self.client_message_id).await?;
        Ok(found.map(|(stored, marks)| Sent { message: Message::of(stored, reader, marks), is_new: false }))
    }

    /// Why it was not written.
    async fn refused(&self, reader: &Reader<'_>, db: &mut PgConnection) -> ApiResult<Sent> {
        if let Some(sent) = self.sent_before(reader, db).await? {
            return Ok(sent);
        }
        let unknown = |field| ApiError::invalid_field(field, Sentence::new("field-unknown_choice"));
        let obstacle =
            store::messages::obstacle(db, self, reader.id).await?.ok_or_else(ApiError::not_found)?;
        Err(if obstacle.is_gone {
            ChatError::ConversationClosed.into()
        } else if obstacle.is_blocked {
            ChatError::ChatBlocked.into()
        } else if obstacle.is_reply_unknown {
            unknown("reply_to")
        } else if obstacle.is_booking_unknown {
            unknown("booking_id")
        } else {
            // It was in the way a moment ago.
            ApiError::unavailable(anyhow::anyhow!("a message was refused for a reason that has gone"))
        })
    }
}
