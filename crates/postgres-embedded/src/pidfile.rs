//! Reads `postmaster.pid`, the note that a running server leaves in its data directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// What a server wrote when it started; the server may be long dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    pid: i32,
    /// Where clients find the server.
    pub(crate) socket_dir: PathBuf,
    /// Whether the server said that it accepts connections.
    pub(crate) ready: bool,
    /// The whole note: it tells one start of a server from the next even if both have the same process id.
    text: String,
}

impl PidFile {
    /// Where the server of a data directory leaves its note.
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }

    /// Reads the note, if there is a complete one.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(fs::read_to_string(Self::path(data)).ok()?)
    }

    /// The lines are: process id, data directory, start time, port, socket directory, address, shared memory, status.
    fn parse(text: String) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
        let socket_dir = PathBuf::from(lines.nth(3).unwrap_or_default());
        let ready = lines.nth(2).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, socket_dir, ready, text })
    }

    /// Whether the process is alive and really is the server of this directory: after a restart of the machine or of a
    /// container its number may belong to anybody.
    pub(crate) fn is_running(&self, data: &Path) -> bool {
        command_line(self.pid).is_some_and(|line| line.contains(&format!("-D {}", data.display())))
    }

    /// Whether some other process carries the number now. Postgres would take it for the server and refuse to start.
    pub(crate) fn is_of_a_stranger(&self, data: &Path) -> bool {
        let alive = kill(Pid::from_raw(self.pid), None) != Err(nix::errno::Errno::ESRCH);
        alive && !self.is_running(data)
    }

    /// Sends a signal to the server.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill(Pid::from_raw(self.pid), signal)?)
    }
}

/// The arguments of a process, separated by spaces; empty for one that has ended but was not waited for.
fn command_line(pid: i32) -> Option<String> {
    if Path::new("/proc/self").exists() {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "4242\n/srv/pg/data\n1763806000\n5432\n/srv/pg/s\n\n  1234  5\nready   \n";

    #[test]
    fn a_note_says_where_the_server_is_and_whether_it_is_ready() {
        let note = PidFile::parse(NOTE.to_owned()).expect("a complete note");
        assert_eq!((note.pid, note.socket_dir.as_path(), note.ready), (4242, Path::new("/srv/pg/s"), true));
        let starting = PidFile::parse(NOTE.replace("ready   ", "starting")).expect("a complete note");
        assert!(!starting.ready);
    }

    #[test]
    fn half_a_note_is_no_server_that_is_ready() {
        assert!(!PidFile::parse("4242\n/srv/pg/data\n".to_owned()).expect("a process id").ready);
        assert_eq!(PidFile::parse(String::new()), None);
        assert_eq!(PidFile::parse("-1\n".to_owned()), None);
    }

    #[test]
    fn a_living_process_that_is_not_the_server_is_a_stranger() {
        let me = PidFile::parse(format!("{}\n", std::process::id())).expect("a process id");
        assert!(me.is_of_a_stranger(Path::new("/srv/pg/data")));
        assert!(!me.is_running(Path::new("/srv/pg/data")));
    }
}
