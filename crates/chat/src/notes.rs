//! What happens to bookings, said in the conversations of their people.

use bookings::BookingChanged;
use platform::{
    app::App,
    ids::{BookingId, MessageId, UserId},
    jobs::Job,
    stream::{self, Kind},
    time::Instant,
};
use serde::{Deserialize, Serialize};

use crate::{
    message::{Data, Marks, Message, Reader},
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
        let Some((stored, _marks)) = store::messages::find(&mut tx, self.customer_id, id).await? else {
            return Ok(());
        };
        let mut told = Vec::new();
        // In the order of ids, as logs are locked everywhere; each in their own language.
        let mut people = store::notes::languages(&mut tx, &[self.customer_id, self.provider_id]).await?;
        people.sort_by_key(|(user, _)| *user);
        for (user, language) in people {
            let message = Message::of(stored.clone(), &Reader { app, id: user, language }, Marks::default());
            told.push(
                stream::append(&mut tx, &[user], Kind::MessageCreated, &message, app.clock.now()).await?,
            );
        }
        tx.commit().await?;
        for told in told {
            told.tell(app);
        }
        Ok(())
    }
}
