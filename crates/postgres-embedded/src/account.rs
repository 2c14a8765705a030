//! Who runs the server: ourselves, or, since Postgres refuses root, an ordinary account that root hands it to.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::Path,
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User};
use tokio::process::Command;

/// The account that runs the server and owns its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// This process's own.
    Own,
    /// Another one, because this process is root.
    Other { uid: u32, gid: u32, name: String },
}

impl Account {
    /// Chooses the account for a cluster in `home`.
    ///
    /// As root it is whoever owns the existing data, or the owner of the nearest directory above that is not root's:
    /// `sudo bin/dev` in Ann's home then makes a cluster that Ann can use without sudo. On a machine that knows only
    /// root it is `postgres` or `nobody`.
    pub(crate) fn for_home(home: &Path, data: &Path) -> Result<Self> {
        if !Uid::effective().is_root() {
            return Ok(Self::Own);
        }
        if let Ok(meta) = fs::metadata(data)
            && meta.uid() != 0
        {
            return Ok(Self::Other {
                uid: meta.uid(),
                gid: meta.gid(),
                name: format!("user {}", meta.uid()),
            });
        }
        // `initdb` refuses a user that the system has no name for.
        let owners = home.ancestors().filter_map(|dir| fs::metadata(dir).ok()).map(|meta| meta.uid());
        let above = owners.filter(|uid| *uid != 0).find_map(|uid| User::from_uid(Uid::from_raw(uid)).ok()?);
        let known = || ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok()?);
        let Some(user) = above.or_else(known) else {
            bail!(
                "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as"
            )
        };
        Ok(Self::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name })
    }

    /// How to call it in a message.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Own => "this user",
            Self::Other { name, .. } => name,
        }
    }

    /// A command that runs as this account, away from our terminal and our environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        isolate(&mut command);
        command.process_group(0);
        if let Self::Other { uid, gid, .. } = self {
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes a file or directory belong to the account.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            // Not `chown`: what lies at `path` may have been put there by the account, to have another file given to it.
            Self::Other { uid, gid, .. } => lchown(path, Some(*uid), Some(*gid)),
        }
    }

    /// Whether a file with this owner is the account's.
    pub(crate) fn is_owner(&self, uid: u32) -> bool {
        match self {
            Self::Own => Uid::effective().as_raw() == uid,
            Self::Other { uid: own, .. } => *own == uid,
        }
    }

    /// Whether the account can write in `dir`, found out by trying: parents, access lists and file systems all matter.
    pub(crate) async fn can_use(&self, dir: &Path) -> Result<bool> {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.args(["-c", r#"cd -- "$1" && test -w ."#, "sh"]).arg(dir);
        Ok(self.run(&mut probe).await?.success())
    }

    /// Whether the account can execute `program`.
    pub(crate) async fn can_run(&self, program: &Path) -> Result<bool> {
        let mut probe = self.command(Path::new("/bin/sh"));
        probe.args(["-c", r#"test -x "$1""#, "sh"]).arg(program);
        Ok(self.run(&mut probe).await?.success())
    }

    async fn run(&self, probe: &mut Command) -> Result<std::process::ExitStatus> {
        let status = probe.stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        status.with_context(|| format!("cannot run a program as {}", self.name()))
    }
}

/// Keeps what the user has set for other clusters (`PGPORT`, `PGDATA`, ...) and for their language out of a Postgres
/// program. The directory is one that every account can enter.
pub(crate) fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C").current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
}
