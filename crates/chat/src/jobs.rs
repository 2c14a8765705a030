//! What happens to conversations by itself.

use bookings::BookingChanged;
use jiff::SignedDuration;
use platform::{
    app::App,
    ids::MessageId,
    jobs::{self, Job, Registry},
};
use serde::{Deserialize, Serialize};

use crate::{
    media::{MediaKind, MediaSize, file_name},
    notes::NoteBooking,
    report::Escalate,
    staff::EndStay,
    store,
};

/// Files that were not sent by then are not kept.
const WAITING_TIME: SignedDuration = SignedDuration::from_hours(24);
/// How much is removed in one statement.
const BATCH: i64 = 1000;

/// Adds the jobs of this feature.
pub fn register(registry: Registry) -> Registry {
    registry
        .on::<BookingChanged, NoteBooking>()
        .job::<DeleteFiles>()
        .job::<Escalate>()
        .job::<EndStay>()
        .every(SignedDuration::from_hours(1), &SweepMedia {})
        .every(SignedDuration::from_hours(24), &ForgetMessages {})
}

/// Removes the files of what is gone.
#[derive(Debug, Serialize, Deserialize)]
struct DeleteFiles {
    storage_key: String,
    kind: MediaKind,
}

impl Job for DeleteFiles {
    const KIND: &'static str = "chat.delete_files";
    /// Until it works: nobody else would.
    const MAX_ATTEMPTS: i16 = i16::MAX;

    async fn run(self, app: &App) -> anyhow::Result<()> {
        for size in [MediaSize::Full, MediaSize::Thumbnail] {
            if size == MediaSize::Full || self.kind == MediaKind::Image {
                app.storage.delete(&file_name(&self.storage_key, size)).await?;
            }
        }
        Ok(())
    }
}

/// Removes what was uploaded and never sent, or whose message is gone for good.
#[derive(Debug, Serialize, Deserialize)]
struct SweepMedia {}

impl Job for SweepMedia {
    const KIND: &'static str = "chat.sweep_media";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        loop {
            let mut tx = app.db.begin().await?;
            let orphans = store::media::remove_orphans(&mut tx, now.minus(WAITING_TIME), BATCH).await?;
            if orphans.is_empty() {
                return Ok(());
            }
            for (storage_key, kind) in orphans {
                jobs::enqueue(&mut tx, &DeleteFiles { storage_key, kind }, now).await?;
            }
            tx.commit().await?;
            app.jobs_waiting.notify_one();
        }
    }
}

/// Forgets messages that are older than is kept, and the words of people whose account is gone.
#[derive(Debug, Serialize, Deserialize)]
struct ForgetMessages {}

impl Job for ForgetMessages {
    const KIND: &'static str = "chat.forget_messages";

    async fn run(self, app: &App) -> anyhow::Result<()> {
        let now = app.clock.now();
        while store::people::forget_words_of_the_gone(&app.db, BATCH, now).await? > 0 {}
        let days = app.settings.chat.chat_retention_days;
        if days == 0 {
            return Ok(());
        }
        let before = MessageId::at(now.minus(SignedDuration::from_hours(24 * i64::from(days))));
        while store::messages::remove_old(&mut *app.db.acquire().await?, before, BATCH).await? > 0 {}
        Ok(())
    }
}
