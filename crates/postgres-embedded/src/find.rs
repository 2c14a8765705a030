//! Finds the Postgres server that is installed on this machine.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The oldest Postgres that the migrations are written for.
pub const OLDEST_MAJOR: u32 = 15;

/// Where packages put servers that are not on the PATH: a directory, how an entry in it begins, and what follows.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),                       // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"), // packages of postgresql.org for Fedora and the like
    ("/usr/lib", "postgresql", "bin"), // openSUSE
    ("/usr/libexec", "postgresql", ""), // Alpine
    ("/opt/homebrew/opt", "postgresql@", "bin"), // macOS, Apple silicon
    ("/usr/local/opt", "postgresql@", "bin"), // macOS, Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"), // Homebrew on Linux
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A directory with a complete set of Postgres programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the programs: in `PG_BIN_DIR` if that is set, else where `pg_config` points, in the places where packages
    /// put them (newest first), and on the PATH. A cluster that exists says which `major` it needs.
    pub async fn find(major: Option<u32>) -> Result<Self> {
        if let Some(dir) = std::env::var_os("PG_BIN_DIR") {
            let dir = PathBuf::from(dir);
            let found = Self::in_dir(&dir).await;
            let found = found.with_context(|| format!("PG_BIN_DIR is {}", dir.display()))?;
            return found.accept(major);
        }
        let mut unfit = Vec::new();
        for dir in candidates().await {
            let Ok(found) = Self::in_dir(&dir).await else { continue };
            if found.major >= OLDEST_MAJOR && major.is_none_or(|major| major == found.major) {
                return Ok(found);
            }
            unfit.push(found);
        }
        bail!(nothing_fits(major, &unfit))
    }

    /// The version before the dot.
    pub const fn major(&self) -> u32 {
        self.major
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A directory counts only when it is complete: Debian's `libpq-dev` makes `pg_config` name one without a server.
    async fn in_dir(dir: &Path) -> Result<Self> {
        for program in ["initdb", "postgres", "psql"] {
            if !dir.join(program).is_file() {
                bail!("{} has no {program}", dir.display());
            }
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().await?;
        let text = String::from_utf8_lossy(&output.stdout);
        let major = parse_major(&text).with_context(|| format!("cannot read a version from {text:?}"))?;
        Ok(Self { dir: dir.to_owned(), major })
    }

    fn accept(self, major: Option<u32>) -> Result<Self> {
        if self.major >= OLDEST_MAJOR && major.is_none_or(|major| major == self.major) {
            return Ok(self);
        }
        bail!(nothing_fits(major, &[self]))
    }
}

async fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output().await {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    for (place, prefix, rest) in PLACES {
        dirs.extend(newest_first(Path::new(place), prefix).into_iter().map(|dir| dir.join(rest)));
    }
    if let Some(path) = std::env::var_os("PATH") {
        dirs.extend(std::env::split_paths(&path));
    }
    dirs
}

fn newest_first(place: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?;
            Some((leading_number(version)?, entry.path()))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// Reads `postgres (Postgres) 15.20 (Debian 15.20-1)`, and `18beta1` just as well.
fn parse_major(version: &str) -> Option<u32> {
    leading_number(version.split_once("(PostgreSQL)")?.1.trim_start())
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn nothing_fits(major: Option<u32>, unfit: &[Binaries]) -> String {
    let found: Vec<String> =
        unfit.iter().map(|one| format!("{} in {}", one.major, one.dir.display())).collect();
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    match major {
        Some(major) => format!(
            "The data was made by PostgreSQL {major}, and other versions cannot read it (found: {found}). \
             Install PostgreSQL {major}, or set PG_BIN_DIR to the directory with its programs, or remove the data to begin anew."
        ),
        None => format!(
            "PostgreSQL {OLDEST_MAJOR} or newer is needed (found: {found}). Install it with: {} \
             - or set PG_BIN_DIR to the directory with its programs.",
            install_command()
        ),
    }
}

fn install_command() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let family: Vec<&str> = release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|ids| ids.trim_matches('"').split_whitespace())
        .collect();
    let is = |id: &str| family.contains(&id);
    if is("fedora") || is("rhel") {
        "dnf install postgresql-server postgresql-contrib"
    } else if is("alpine") {
        "apk add postgresql postgresql-contrib"
    } else if is("arch") {
        "pacman -S postgresql"
    } else if is("suse") || is("opensuse") {
        "zypper install postgresql-server postgresql-contrib"
    } else {
        "apt-get install postgresql"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_all_kinds_of_builds() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(parse_major("command not found"), None);
    }

    #[tokio::test]
    async fn a_missing_version_is_named_in_the_refusal() {
        let refusal = Binaries::find(Some(9)).await.expect_err("nobody has version 9").to_string();
        assert!(refusal.starts_with("The data was made by PostgreSQL 9,"), "{refusal}");
    }
}
