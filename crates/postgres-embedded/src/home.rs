//! The directory of a cluster: who owns it, where it is when its place is out of reach, its lock and its socket.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::ErrorKind,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use nix::fcntl::OFlag;

use crate::{
    account::Account,
    options::{Options, Purpose, THROWAWAY_PREFIX},
};

/// Where root puts a cluster whose own place the server's account cannot reach.
const REACHABLE: &str = "/var/lib/skillbuddy";

/// The shortest of the limits on a socket's path (macOS: 104 bytes with the final NUL), less `/.s.PGSQL.5432`.
const LONGEST_SOCKET_DIR: usize = 103 - 14;

/// Held while the cluster is in use; its presence also marks a directory as ours.
const LOCK: &str = "cluster.lock";

/// A directory that belongs to one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    pub(crate) account: Account,
    /// Where the socket lies: in the home, or below /tmp when that path would be too long.
    pub(crate) sockets: PathBuf,
}

impl Home {
    /// Makes or checks the directory, and moves it if the account cannot reach it.
    pub(crate) async fn settle(options: &Options) -> Result<Self> {
        let wanted = std::path::absolute(&options.data_dir)?;
        if options.purpose == Purpose::Throwaway {
            sweep(&wanted);
        }
        if wanted.is_symlink() && !wanted.exists() {
            fs::remove_file(&wanted)?;
        }
        refuse_foreign(&wanted, options.purpose)?;
        fs::create_dir_all(&wanted)
            .with_context(|| format!("cannot make the directory {}", wanted.display()))?;
        let mut dir = wanted.canonicalize()?;
        let account = Account::for_home(&dir, &dir.join("data"))?;
        own(&dir, &account)?;
        if !account.can_use(&dir).await? {
            if options.purpose == Purpose::Throwaway {
                bail!("{} cannot reach {}; name another directory", account.name(), dir.display());
            }
            dir = move_within_reach(&dir, &account).await?;
            let (from, to) = (wanted.display(), dir.display());
            options.report(&format!("{} cannot reach {from}, so the database goes to {to}", account.name()));
        }
        let sockets = socket_dir(&dir);
        Ok(Self { dir, account, sockets })
    }

    /// The directory that Postgres calls its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// What the server writes to its standard error.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Takes the cluster for this process; `None` when another living process has it. The system releases the lock
    /// when the process ends, however it ends.
    pub(crate) fn try_lock(&self) -> Result<Option<File>> {
        let path = self.dir.join(LOCK);
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false).mode(0o600);
        // Root must not follow a link that the account has put here.
        open.custom_flags(OFlag::O_NOFOLLOW.bits());
        let file = open.open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        self.account.give(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// Makes the directory of the socket. In /tmp others could have made it first, to listen in our place.
    pub(crate) fn make_socket_dir(&self) -> Result<()> {
        let dir = &self.sockets;
        match DirBuilder::new().mode(0o700).create(dir) {
            Ok(()) => self.account.give(dir)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", dir.display())),
        }
        let meta = fs::symlink_metadata(dir)?;
        if !meta.is_dir() || meta.mode() & 0o077 != 0 || !self.account.is_owner(meta.uid()) {
            bail!(
                "{} should be a private directory of {}; please remove it",
                dir.display(),
                self.account.name()
            );
        }
        Ok(())
    }

    /// Removes a socket directory outside of the home; the server has stopped.
    pub(crate) fn remove_socket_dir(&self) {
        if !self.sockets.starts_with(&self.dir) {
            // What keeps it from being removed keeps it from being in the way, too: the next start checks it.
            let _ = fs::remove_dir(&self.sockets);
        }
    }

    /// Removes everything.
    pub(crate) fn remove(&self) -> Result<()> {
        for dir in [&self.sockets, &self.dir] {
            match fs::remove_dir_all(dir) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", dir.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// A directory with other things in it is somebody's mistake: the cluster would take it over, or even remove it. So
/// would a throwaway cluster remove the data of a durable one.
fn refuse_foreign(dir: &Path, purpose: Purpose) -> Result<()> {
    let mut entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("cannot read {}", dir.display()))?,
    };
    if entries.next().is_none() {
        return Ok(());
    }
    if !dir.join(LOCK).exists() {
        bail!("{} is not empty and is not a cluster of ours; name another directory", dir.display());
    }
    if purpose == Purpose::Throwaway {
        bail!("{} already holds a cluster, which a throwaway one would remove", dir.display());
    }
    Ok(())
}

/// Gives the directory to the account, for its eyes only.
fn own(dir: &Path, account: &Account) -> Result<()> {
    let owner = fs::metadata(dir)?.uid();
    if *account == Account::Own && !account.is_owner(owner) {
        bail!("{} belongs to user {owner}; start as that user, or name another directory", dir.display());
    }
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    account.give(dir).with_context(|| format!("cannot give {} to {}", dir.display(), account.name()))
}

/// Puts the cluster where its account can reach it and leaves a link behind. The link is the only way to find it again:
/// who removes the link begins anew, as if the cluster had been there.
async fn move_within_reach(dir: &Path, account: &Account) -> Result<PathBuf> {
    let unreachable = || format!("{} cannot reach {}", account.name(), dir.display());
    if dir.join("data").exists() {
        bail!("{}; make the directories above it searchable for everybody", unreachable());
    }
    let place = Path::new(REACHABLE);
    DirBuilder::new().recursive(true).mode(0o755).create(place).with_context(unreachable)?;
    let name = dir.file_name().unwrap_or(OsStr::new("cluster")).to_string_lossy();
    let hash = hash(dir);
    let target = (1_u32..).map(|n| place.join(format!("{name}-{hash:016x}-{n}")));
    for target in target {
        match DirBuilder::new().mode(0o700).create(&target) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            made => made.with_context(unreachable)?,
        }
        account.give(&target)?;
        if !account.can_use(&target).await? {
            fs::remove_dir(&target)?;
            bail!("{}, nor {REACHABLE}; name a directory that everybody can reach", unreachable());
        }
        if dir.join(LOCK).exists() {
            fs::remove_file(dir.join(LOCK))?;
        }
        fs::remove_dir(dir)?;
        symlink(&target, dir)?;
        return Ok(target);
    }
    bail!(unreachable())
}

fn socket_dir(home: &Path) -> PathBuf {
    let dir = home.join("s");
    if dir.as_os_str().len() <= LONGEST_SOCKET_DIR {
        return dir;
    }
    PathBuf::from(format!("/tmp/skillbuddy-{:016x}", hash(home)))
}

/// FNV-1a: the standard library's hash may change from one version to the next, and then the sockets would move.
fn hash(path: &Path) -> u64 {
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Removes throwaway clusters beside `home` whose process died together with its server (a stopped container).
fn sweep(home: &Path) {
    let entries = home.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten();
    for dir in entries.map(|entry| entry.path()) {
        let ours =
            dir.file_name().is_some_and(|name| name.as_bytes().starts_with(THROWAWAY_PREFIX.as_bytes()));
        if ours && is_abandoned(&dir) {
            // Somebody else may be sweeping, too.
            let _ = fs::remove_dir_all(&dir);
        }
    }
}

/// Young directories are left alone, because their owner may not have taken the lock yet.
fn is_abandoned(dir: &Path) -> bool {
    let age = fs::symlink_metadata(dir).and_then(|meta| meta.modified()).map(|made| made.elapsed());
    let old = matches!(age, Ok(Ok(age)) if age > Duration::from_mins(2));
    old && File::open(dir.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_too_deep_for_the_system_moves_to_tmp() {
        assert_eq!(socket_dir(Path::new("/srv/pg")), Path::new("/srv/pg/s"));
        let deep = PathBuf::from(format!("/srv/{}", "deep/".repeat(30)));
        let moved = socket_dir(&deep);
        assert!(moved.starts_with("/tmp") && moved.as_os_str().len() <= LONGEST_SOCKET_DIR, "{moved:?}");
        assert_ne!(moved, socket_dir(&deep.join("er")));
    }
}
