//! What people are told while it happens: one ordered log per person in PostgreSQL, numbered without gaps and kept
//! for seven days, and the connections of this node that follow it.
//!
//! An event is written in the transaction that makes it true ([`append`]), so it is never lost and never early. What
//! reaches a connection at once is only a shortcut: each connection knows the number of the last event that it was
//! sent, and reads the log wherever there is a gap.

mod hub;
mod line;
mod log;
mod nodes;

use std::sync::Arc;

pub use hub::{Hub, Seat};
pub use line::{Delivery, End, Line};
pub use log::{Head, Logged, Missed, PruneEvents, head, hide, missed};
pub use nodes::{Nodes, Note};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sqlx::PgConnection;

use crate::{app::App, ids::UserId, time::Instant};

/// What happened. The name is what clients switch on.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    sqlx::Type,
    utoipa::ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[sqlx(type_name = "text")]
pub enum Kind {
    /// Somebody wrote.
    #[serde(rename = "message.created")]
    #[sqlx(rename = "message.created")]
    #[strum(serialize = "message.created")]
    MessageCreated,
    /// A message was edited, or somebody reacted to it.
    #[serde(rename = "message.updated")]
    #[sqlx(rename = "message.updated")]
    #[strum(serialize = "message.updated")]
    MessageUpdated,
    /// A message was taken back.
    #[serde(rename = "message.deleted")]
    #[sqlx(rename = "message.deleted")]
    #[strum(serialize = "message.deleted")]
    MessageDeleted,
    /// Somebody has read a conversation up to a message.
    #[serde(rename = "message.read")]
    #[sqlx(rename = "message.read")]
    #[strum(serialize = "message.read")]
    MessageRead,
    /// Messages up to one have reached a device of their reader.
    #[serde(rename = "message.delivered")]
    #[sqlx(rename = "message.delivered")]
    #[strum(serialize = "message.delivered")]
    MessageDelivered,
    /// A booking was made or has changed.
    #[serde(rename = "booking.updated")]
    #[sqlx(rename = "booking.updated")]
    #[strum(serialize = "booking.updated")]
    BookingUpdated,
    /// A customer asks a provider for a time, who has to answer.
    #[serde(rename = "job.requested")]
    #[sqlx(rename = "job.requested")]
    #[strum(serialize = "job.requested")]
    JobRequested,
    /// A payment has changed.
    #[serde(rename = "payment.updated")]
    #[sqlx(rename = "payment.updated")]
    #[strum(serialize = "payment.updated")]
    PaymentUpdated,
    /// There is something new in the list of notifications.
    #[serde(rename = "notification.created")]
    #[sqlx(rename = "notification.created")]
    #[strum(serialize = "notification.created")]
    NotificationCreated,
}

/// An event as it stands in the logs of the people that it concerns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What happened.
    pub kind: Kind,
    /// When.
    pub at: Instant,
    /// More about it, the same for all of them.
    pub data: Box<RawValue>,
    /// Under which number it stands in whose log.
    pub places: Vec<(UserId, i64)>,
}

/// One event on its way to a client.
#[derive(Serialize)]
struct Frame<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: Kind,
    at: Instant,
    data: &'a RawValue,
}

impl Told {
    /// What a client is sent of it.
    pub fn frame(&self, id: i64) -> String {
        frame(id, self.kind, self.at, &self.data)
    }

    /// Brings it to the connections of these people, here and on other nodes. Call it after the commit: without it they
    /// hear of the event within ten seconds.
    pub fn tell(self, app: &App) {
        let told = Arc::new(self);
        app.hub.deliver(&told);
        app.nodes.send(Note::Told(told));
    }
}

fn frame(id: i64, kind: Kind, at: Instant, data: &RawValue) -> String {
    // Strings and numbers only: it can always be written.
    serde_json::to_string(&Frame { id, kind, at, data }).unwrap_or_default()
}

/// Writes an event into the logs of these people, in the transaction that makes it true. Their logs are locked until it
/// ends, so this comes last. Tell of it after the commit.
pub async fn append(
    db: &mut PgConnection,
    people: &[UserId],
    kind: Kind,
    data: &(impl Serialize + Sync),
    now: Instant,
) -> sqlx::Result<Told> {
    let encode = |error| sqlx::Error::Encode(Box::new(error));
    let data = serde_json::value::to_raw_value(data).map_err(encode)?;
    let places = sqlx::query!(
        r#"select person as "person!: UserId", number as "number!" from append_event($1, $2, $3, $4)"#,
        people as _,
        <&str>::from(kind),
        now as _,
        sqlx::types::Json(&*data) as _,
    );
    let places = places.fetch_all(db).await?.into_iter().map(|row| (row.person, row.number)).collect();
    Ok(Told { kind, at: now, data, places })
}

/// Writes events about the same thing into logs, each of its kind into that of its person, as [`append`] does and at the
/// cost of one. Those whose logs they are look when the event of the outbox says so: [`crate::jobs::Registry::look`].
pub async fn append_kinds(
    db: &mut PgConnection,
    entries: &[(UserId, Kind)],
    data: &(impl Serialize + Sync),
    now: Instant,
) -> sqlx::Result<()> {
    let (people, kinds) = people_and_kinds(entries);
    let data = serde_json::value::to_raw_value(data).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!(
        "select append_kinds($1, $2, $3, $4)",
        &people as _,
        &kinds,
        now as _,
        sqlx::types::Json(&*data) as _,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Entries as the function `append_kinds` of the database takes them.
pub fn people_and_kinds(entries: &[(UserId, Kind)]) -> (Vec<UserId>, Vec<String>) {
    entries.iter().map(|&(person, kind)| (person, <&str>::from(kind).to_owned())).unzip()
}

/// Makes connections look at the logs of these people: something was written there by a transaction that nobody could
/// tell of, and has been committed.
pub fn look(app: &App, people: Vec<UserId>) {
    if people.is_empty() {
        return;
    }
    app.hub.look(&people);
    app.nodes.send(Note::Look(people));
}
