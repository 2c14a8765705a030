//! Keeping files.

use async_trait::async_trait;
use bytes::Bytes;

/// Keeps files by name: on the local disk, or in an S3-compatible store.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Stores (or overwrites) a file.
    async fn put(&self, key: &str, content_type: &str, bytes: Bytes) -> anyhow::Result<()>;
    /// Reads a file; `None` when there is none.
    async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>>;
    /// Removes a file; one that is not there is fine.
    async fn delete(&self, key: &str) -> anyhow::Result<()>;
    /// Where clients read a public file.
    fn public_url(&self, key: &str) -> String;
}
