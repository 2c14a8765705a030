//! What disk and S3 have in common: names of files, and an `object_store` behind our port.

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use object_store::{Attribute, Attributes, Error, ObjectStore, ObjectStoreExt as _, PutOptions, path::Path};
use platform::ports::storage::Storage;

/// Everybody may read what begins so.
pub const PUBLIC_PREFIX: &str = "public/";
/// A public file never changes: another picture gets another name.
pub const CACHE_FOREVER: &str = "public, max-age=31536000, immutable";
const MAX_KEY: usize = 255;

/// Whether a name is one that we give to files: segments of letters, digits, `-`, `_` and inner dots, so
/// that nothing can climb out of the directory, hide in it, or mean something else in a URL.
pub fn is_key(key: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let is_segment =
        |s: &str| !s.is_empty() && !s.starts_with('.') && !s.ends_with('.') && s.bytes().all(is_plain);
    key.len() <= MAX_KEY && key.split('/').all(is_segment)
}

fn path(key: &str) -> anyhow::Result<Path> {
    ensure!(is_key(key), "{key:?} cannot be the name of a file");
    Ok(Path::parse(key)?)
}

/// Whether a store remembers what it is told about a file; a disk does not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Remembers {
    /// Content type and cache control are sent along.
    Attributes,
    /// Only the bytes.
    Nothing,
}

/// Files in any kind of store.
pub struct ObjectStorage<S> {
    store: S,
    remembers: Remembers,
    public_url: String,
}

impl<S: ObjectStore> ObjectStorage<S> {
    /// Files in `store`, which clients read below `public_url`.
    pub fn new(store: S, remembers: Remembers, public_url: String) -> Self {
        Self { store, remembers, public_url }
    }

    fn options(&self, key: &str, content_type: &str) -> PutOptions {
        let mut attributes = Attributes::new();
        if self.remembers == Remembers::Attributes {
            attributes.insert(Attribute::ContentType, content_type.to_owned().into());
            let control = if key.starts_with(PUBLIC_PREFIX) { CACHE_FOREVER } else { "private, no-store" };
            attributes.insert(Attribute::CacheControl, control.into());
        }
        attributes.into()
    }
}

#[async_trait]
impl<S: ObjectStore> Storage for ObjectStorage<S> {
    async fn put(&self, key: &str, content_type: &str, bytes: Bytes) -> anyhow::Result<()> {
        let options = self.options(key, content_type);
        self.store
            .put_opts(&path(key)?, bytes.into(), options)
            .await
            .context("a file could not be stored")?;
        Ok(())
    }

    async fn get(&self, key: &str) -> anyhow::Result<Option<Bytes>> {
        match self.store.get(&path(key)?).await {
            Ok(found) => Ok(Some(found.bytes().await.context("a file could not be read")?)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error).context("a file could not be read"),
        }
    }

    async fn delete(&self, key: &str) -> anyhow::Result<()> {
        match self.store.delete(&path(key)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error).context("a file could not be removed"),
        }
    }

    fn public_url(&self, key: &str) -> String {
        format!("{}/{key}", self.public_url)
    }
}
