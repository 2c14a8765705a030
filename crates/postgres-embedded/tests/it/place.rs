//! A directory for one test.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Result;

/// A directory that is removed at the end of its test, however the test ends.
pub struct Place(PathBuf);

impl Place {
    /// Makes a directory that every account can enter.
    pub fn new(name: &str) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("pg-test-{name}-{}", std::process::id()));
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
