//! Looking for malware in files that people send.

use async_trait::async_trait;
use bytes::Bytes;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Clean,
    /// Malware.
    Infected {
        /// What the scanner calls it; fit for a log.
        signature: String,
    },
}

/// Looks for malware. It may take seconds, so never call it inside a transaction.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// An error means that nobody has looked: the file is not to be taken.
    async fn scan(&self, file: &Bytes) -> anyhow::Result<Verdict>;
}
