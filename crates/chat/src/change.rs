//! Changing a message that was sent: one transaction, told to both.

use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{MessageId, UserId},
    locale::{Language, Sentence},
    stream::{self, Kind, Told},
    time::Instant,
    validation::is_blank,
};
use sqlx::PgConnection;

use crate::{
    masking,
    message::{Message, MessageKind, Reader},
    model::ChatError,
    store::{self, changes::Held},
};

/// How long a message can be edited.
const EDIT_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Reactions of one person to one message.
const MOST_REACTIONS: i64 = 10;

/// What somebody does to a message.
pub(crate) enum Change {
    /// Says it in other words.
    Edit(String),
    /// Takes it back.
    Delete,
    /// Reacts.
    React(String),
    /// Takes a reaction back.
    Unreact(String),
}

impl Change {
    /// Whether this person may do it now, to this message.
    fn check(&self, held: &Held, caller: &Caller, now: Instant) -> ApiResult<()> {
        let is_own = held.sender == Some(caller.id);
        let is_late = now.since(held.created_at) > EDIT_WINDOW;
        match self {
            Self::Edit(_) | Self::Delete if !is_own => Err(ApiError::not_found()),
            // Taking back says nothing new, so that nothing is in its way.
            Self::Delete => Ok(()),
            _ if held.deleted_at.is_some() => Err(ApiError::not_found()),
            _ if held.is_gone => Err(ChatError::ConversationClosed.into()),
            _ if held.is_blocked => Err(ChatError::ChatBlocked.into()),
            Self::Edit(_) if is_late || held.kind != MessageKind::Text => {
                Err(ChatError::MessageNotEditable.into())
            }
            _ => Ok(()),
        }
    }

    /// Writes it; `false` where nothing changes.
    async fn write(
        &self,
        app: &App,
        db: &mut PgConnection,
        held: &Held,
        id: MessageId,
        caller: &Caller,
    ) -> ApiResult<bool> {
        let now = app.clock.now();
        Ok(match self {
            Self::Edit(content) => {
                let masked = app.settings.chat.chat_mask_contacts.then(|| masking::masked(content)).flatten();
                store::changes::edit(db, id, content, masked.as_deref(), now).await?;
                true
            }
            Self::Delete if held.deleted_at.is_some() => false,
            Self::Delete => {
                store::changes::delete(db, id, now).await?;
                true
            }
            Self::React(key) => store::changes::react(db, id, caller.id, key, MOST_REACTIONS, now).await?,
            Self::Unreact(key) => store::changes::unreact(db, id, caller.id, key).await?,
        })
    }
}

/// Changes a message, and tells both people; the message as the caller sees it.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    reader: &Reader<'_>,
    id: MessageId,
    change: Change,
) -> ApiResult<Message> {
    let now = app.clock.now();
    if let Change::Edit(content) = &change
        && is_blank(content)
    {
        return Err(ApiError::invalid_field("content", Sentence::new("field-required")));
    }
    let mut tx = app.db.begin().await?;
    let held = store::changes::hold(&mut tx, caller.id, id).await?.ok_or_else(ApiError::not_found)?;
    change.check(&held, caller, now)?;
    let is_news = change.write(app, &mut tx, &held, id, caller).await?;
    let found = store::messages::find(&mut tx, caller.id, id).await?;
    let (stored, marks) = found.ok_or_else(ApiError::not_found)?;
    let shown = Message::of(stored, reader, marks);
    if is_news {
        let kind = if matches!(change, Change::Delete) { Kind::MessageDeleted } else { Kind::MessageUpdated };
        let told = write_down(app, &mut tx, &held, (caller.id, id), kind, reader.language).await?;
        tx.commit().await?;
        told.tell(app);
    }
    Ok(shown)
}

/// Puts a change of a message into the logs of both: as its sender sees it, also where another has changed it; what is
/// said by nobody of the two, as `member` sees it.
async fn write_down(
    app: &App,
    db: &mut PgConnection,
    held: &Held,
    (member, id): (UserId, MessageId),
    kind: Kind,
    language: Language,
) -> ApiResult<Told> {
    let of_the_two = held.sender.filter(|sender| [member, held.other].contains(sender));
    let author = Reader { app, id: of_the_two.unwrap_or(member), session: None, language };
    let (stored, marks) = store::messages::find(db, author.id, id).await?.ok_or_else(ApiError::not_found)?;
    let data = Message::of(stored, &author, marks);
    Ok(stream::append(db, &[member, held.other], kind, &data, app.clock.now()).await?)
}

/// Takes away a message in a conversation of `member`, for the house; nothing where it is gone. Gives whom to tell.
pub(crate) async fn remove(
    app: &App,
    db: &mut PgConnection,
    member: UserId,
    id: MessageId,
) -> ApiResult<Option<Told>> {
    let held = store::changes::hold(db, member, id).await?;
    let Some(held) = held.filter(|held| held.deleted_at.is_none()) else { return Ok(None) };
    store::changes::delete(db, id, app.clock.now()).await?;
    let told = write_down(app, db, &held, (member, id), Kind::MessageDeleted, Language::En).await?;
    Ok(Some(told))
}
