//! A directory for one test.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use postgres_embedded::Options;

/// A directory that is removed at the end of its test, however the test ends.
pub struct Place(PathBuf);

impl Place {
    /// Makes a directory that every account can enter, in memory where there is room: `initdb` waits for the disk.
    pub fn new(name: &str) -> Result<Self> {
        let throwaway = Options::throwaway().data_dir;
        let fast_place = throwaway.parent().context("no parent")?;
        let dir = fast_place.join(format!("pg-test-{name}-{}", std::process::id()));
        fs::create_dir(&dir)?;
        fs::set_permissions(&dir, Permissions::from_mode(0o755))?;
        Ok(Self(dir))
    }

    /// Takes over a directory, to remove it.
    pub const fn existing(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// A path inside; the place itself for an empty one.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
