//! Runs the program `with-postgres`.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result};
use nix::unistd::Pid;

use crate::place::Place;

const PROGRAM: &str = env!("CARGO_BIN_EXE_with-postgres");

/// An account that every system has and that owns nothing.
pub const NOBODY: u32 = 65534;

/// The program, saying nothing of its own.
pub fn with_postgres_command() -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--quiet");
    command
}

/// The same, run by an ordinary user from a copy that this user can reach.
pub fn with_postgres_as_nobody(place: &Place) -> Result<Command> {
    let copy = place.join("with-postgres");
    fs::copy(PROGRAM, &copy)?;
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(copy).arg("--quiet");
    command.current_dir("/");
    Ok(command)
}

/// The program in the background; killed at the end of the test.
pub struct Running(Child);

impl Running {
    pub fn with_postgres(arguments: &[&OsStr]) -> Result<Self> {
        Ok(Self(with_postgres_command().args(arguments).stdout(Stdio::piped()).spawn()?))
    }

    /// Waits for a line of output.
    pub fn first_line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("read before")?).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    pub fn pid(&self) -> Result<Pid> {
        Ok(Pid::from_raw(self.0.id().try_into()?))
    }

    pub fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.0.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
