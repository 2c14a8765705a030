//! Members of staff in conversations: they come where both people see it, write under their own name, and go.

use jiff::SignedDuration;
use platform::{
    app::App,
    auth::Caller,
    error::{ApiError, ApiResult},
    ids::{ConversationId, MessageId, UserId},
    jobs::{self, Job, Timing},
    outbox,
    stream::{self, Kind, Told},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    events::MessageSent,
    message::{Data, Marks, Message, Reader},
    notes,
    send::Sent,
    store::staff::{self as store, Said, Stay},
};

/// Whoever has not written for so long has forgotten to leave.
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(24);
/// What the house says of somebody who has come, and who has gone.
const JOINED: &str = "staff_joined";
const LEFT: &str = "staff_left";

/// A member of staff who is inside, now or since before.
pub(crate) struct Joined {
    pub stay: Stay,
    pub is_new: bool,
    /// To be told after the commit.
    pub told: Vec<Told>,
}

/// Holds a conversation until the transaction ends, and gives its two people; whatever staff do in it begins so.
pub(crate) async fn hold(db: &mut PgConnection, conversation: ConversationId) -> ApiResult<[UserId; 2]> {
    store::hold(db, conversation).await?.ok_or_else(ApiError::not_found)
}

/// Joins a conversation of others, which is held.
pub(crate) async fn join(
    app: &App,
    db: &mut PgConnection,
    caller: &Caller,
    conversation: ConversationId,
    reason: &str,
) -> ApiResult<Joined> {
    let now = app.clock.now();
    let is_new = store::join(db, conversation, caller.id, reason, now).await?;
    let stay = inside(db, conversation, caller.id).await?;
    let told = if is_new {
        EndStay { conversation, user: caller.id }.schedule(app, db).await?;
        note(app, db, conversation, &stay, JOINED).await?
    } else {
        Vec::new()
    };
    Ok(Joined { stay, is_new, told })
}

/// Leaves a conversation, which is held; whom to tell after the commit.
pub(crate) async fn leave(
    app: &App,
    db: &mut PgConnection,
    caller: &Caller,
    conversation: ConversationId,
) -> ApiResult<Vec<Told>> {
    let stay = inside(db, conversation, caller.id).await?;
    jobs::cancel(db, &EndStay { conversation, user: caller.id }.key()).await?;
    Ok(end(app, db, conversation, &stay).await?)
}

/// How somebody is inside; 404 where they are not.
pub(crate) async fn inside(
    db: &mut PgConnection,
    conversation: ConversationId,
    user: UserId,
) -> ApiResult<Stay> {
    store::stay(db, conversation, user).await?.ok_or_else(ApiError::not_found)
}

/// Writes to both people of a conversation that is held; with what is to be told after the commit.
pub(crate) async fn send(
    app: &App,
    db: &mut PgConnection,
    caller: &Caller,
    conversation: ConversationId,
    content: &str,
    client_message_id: Option<String>,
) -> ApiResult<(Sent, Option<Told>)> {
    let now = app.clock.now();
    let reader = Reader::of(app, caller, caller.language);
    let stay = inside(db, conversation, caller.id).await?;
    let id = MessageId::at(now);
    let client_message_id = client_message_id.unwrap_or_else(|| id.to_string());
    if let Some(stored) = store::sent_before(db, caller.id, conversation, &client_message_id).await? {
        let message = Message::of(stored, &reader, stay.marks());
        return Ok((Sent { message, is_new: false }, None));
    }
    let said = Said {
        id,
        conversation,
        sender: Some(caller.id),
        content,
        data: None,
        client_message_id: &client_message_id,
        at: now,
    };
    let message = Message::of(store::say(db, &said).await?, &reader, Marks::default());
    store::keep(db, stay.id, now).await?;
    EndStay { conversation, user: caller.id }.schedule(app, db).await?;
    for recipient_id in stay.people() {
        let event = MessageSent {
            conversation_id: conversation,
            message_id: id,
            seq: message.seq,
            sender_id: caller.id,
            recipient_id,
            at: now,
        };
        outbox::emit(db, &event, now).await?;
    }
    let told = stream::append(db, &stay.people(), Kind::MessageCreated, &message, now).await?;
    Ok((Sent { message, is_new: true }, Some(told)))
}

/// After the commit.
pub(crate) fn tell(app: &App, told: impl IntoIterator<Item = Told>) {
    for told in told {
        told.tell(app);
    }
    app.jobs_waiting.notify_one();
}

async fn end(
    app: &App,
    db: &mut PgConnection,
    conversation: ConversationId,
    stay: &Stay,
) -> sqlx::Result<Vec<Told>> {
    store::leave(db, stay.id, app.clock.now()).await?;
    note(app, db, conversation, stay, LEFT).await
}

/// Says to both that somebody has come or gone.
async fn note(
    app: &App,
    db: &mut PgConnection,
    conversation: ConversationId,
    stay: &Stay,
    event: &str,
) -> sqlx::Result<Vec<Told>> {
    let now = app.clock.now();
    let id = MessageId::at(now);
    let data = Data { event: Some(event.to_owned()), staff_name: Some(stay.name.clone()), ..Data::default() };
    let said = Said {
        id,
        conversation,
        sender: None,
        content: "",
        data: Some(data),
        client_message_id: &id.to_string(),
        at: now,
    };
    let stored = store::say(db, &said).await?;
    notes::write_down(app, db, &stored, stay.people()).await
}

/// Takes out whoever has forgotten to leave.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EndStay {
    conversation: ConversationId,
    user: UserId,
}

impl EndStay {
    fn key(&self) -> String {
        format!("chat_staff:{}:{}", self.conversation, self.user)
    }

    /// Not before they have been silent for too long, counted from now.
    async fn schedule(&self, app: &App, db: &mut PgConnection) -> sqlx::Result<()> {
        let now = app.clock.now();
        let timing = Timing { at: Some(now.plus(LONGEST_SILENCE)), key: Some(self.key()) };
        jobs::schedule(db, self, now, timing).await
    }
}

impl Job for EndStay {
    const KIND: &'static str = "chat.end_stay";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let silent_since = app.clock.now().minus(LONGEST_SILENCE);
        let mut tx = app.db.begin().await?;
        store::hold(&mut tx, self.conversation).await?;
        let stay = store::stay(&mut tx, self.conversation, self.user).await?;
        // Who has left, or written in this moment, has forgotten nothing.
        let Some(stay) = stay.filter(|stay| stay.active_at <= silent_since) else { return Ok(()) };
        let told = end(app, &mut tx, self.conversation, &stay).await?;
        tx.commit().await?;
        tell(app, told);
        Ok(())
    }
}
