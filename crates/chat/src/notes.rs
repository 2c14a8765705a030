//! What happens to bookings, said in the conversations of their people.

use bookings::BookingChanged;
use platform::{
    app::App,
    ids::{BookingId, MessageId, UserId},
    jobs::Job,
    stream::{self, Kind, Told},
    time::Instant,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::{
    message::{Data, Marks, Message, Reader, StoredMessage},
    store,
};

/// Says in the conversation about a booking, else in that of its two people, what happened to it. Where there is none
/// nothing is said.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NoteBooking {
    booking_id: BookingId,
    customer_id: UserId,
    provider_id: UserId,
    event: String,
    version: i32,
    at: Instant,
}

impl From<BookingChanged> for NoteBooking {
    fn from(event: BookingChanged) -> Self {
        let name: &str = event.event.into();
        Self {
            booking_id: event.booking_id,
            customer_id: event.customer_id,
            provider_id: event.provider_id,
            event: name.to_owned(),
            version: event.version,
            at: event.at,
        }
    }
}

impl Job for NoteBooking {
    const KIND: &'static str = "chat.note_booking";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let id = MessageId::at(app.clock.now());
        let data = Data { booking_id: Some(self.booking_id), event: Some(self.event), ..Data::default() };
        let note = store::notes::Note {
            id,
            booking: self.booking_id,
            customer: self.customer_id,
            provider: self.provider_id,
            // One for each change of the booking, however often the job runs.
            name: format!("booking:{}:{}", self.booking_id, self.version),
            data,
            at: self.at,
        };
        let mut tx = app.db.begin().await?;
        match store::notes::insert(&mut tx, &note).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if store::is_violation(&error, "messages_once") => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let stored = store::messages::shown(&mut tx, id).await?;
        let told = write_down(app, &mut tx, &stored, [self.customer_id, self.provider_id]).await?;
        tx.commit().await?;
        for told in told {
            told.tell(app);
        }
        Ok(())
    }
}

/// Puts what the house says into the logs of both, each in their own language.
pub(crate) async fn write_down(
    app: &App,
    db: &mut PgConnection,
    stored: &StoredMessage,
    people: [UserId; 2],
) -> sqlx::Result<Vec<Told>> {
    let mut people = store::notes::languages(db, &people).await?;
    // In the order of ids, as logs are locked everywhere.
    people.sort_by_key(|(user, _)| *user);
    let mut told = Vec::new();
    for (user, language) in people {
        let message =
            Message::of(stored.clone(), &Reader { app, id: user, session: None, language }, Marks::default());
        told.push(stream::append(db, &[user], Kind::MessageCreated, &message, app.clock.now()).await?);
    }
    Ok(told)
}
