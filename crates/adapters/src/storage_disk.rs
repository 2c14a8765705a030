//! Files on the local disk.

use std::path::Path;

use anyhow::Context as _;
use object_store::local::LocalFileSystem;

use crate::storage_objects::{ObjectStorage, Remembers};

/// The directory of `STORAGE_DIR`, made where it does not exist. A file is written beside its place, synced
/// and renamed, so a reader sees all of it or nothing, and what was stored survives a power cut.
pub fn open(directory: &Path, public_url: String) -> anyhow::Result<ObjectStorage<LocalFileSystem>> {
    let shown = directory.display();
    make_private(directory).with_context(|| format!("STORAGE_DIR: {shown} cannot be made"))?;
    check_writable(directory).with_context(|| format!("STORAGE_DIR: no file can be written in {shown}"))?;
    let store = LocalFileSystem::new_with_prefix(directory)
        .with_context(|| format!("STORAGE_DIR: {shown} cannot be used"))?
        .with_fsync(true);
    Ok(ObjectStorage::new(store, Remembers::Nothing, public_url))
}

/// Other accounts of the machine get no look at people's documents.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)
}

fn check_writable(directory: &Path) -> std::io::Result<()> {
    // Several processes may start at once, and no key looks like this.
    let probe = directory.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}
