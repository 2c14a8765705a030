//! What the catalogue does later.

use platform::{
    app::App,
    jobs::{Job, Registry},
};
use serde::{Deserialize, Serialize};

use crate::routes::images::SIZES;

/// Makes the jobs known.
pub fn register(registry: Registry) -> Registry {
    registry.job::<DeletePicture>()
}

/// Removes the files of a picture that is gone, or that never came to be.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeletePicture {
    pub storage_key: String,
}

impl Job for DeletePicture {
    const KIND: &'static str = "catalog.delete_picture";
    /// Until it works: nobody else would.
    const MAX_ATTEMPTS: i16 = i16::MAX;

    async fn run(self, app: &App) -> anyhow::Result<()> {
        for size in SIZES {
            app.storage.delete(&file_name(&self.storage_key, size.name)).await?;
        }
        Ok(())
    }
}

/// The name in the storage of one size of a picture.
pub(crate) fn file_name(storage_key: &str, size: &str) -> String {
    format!("{storage_key}/{size}.webp")
}
