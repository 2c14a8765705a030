//! Runs the programs: `initdb` once, then the server under a small shell that ends it when we are gone.

use std::{
    fs,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    time::{sleep, timeout},
};

use crate::{
    account::isolate,
    cluster::{PORT, USER},
    find::Binaries,
    home::Home,
    options::{Options, Purpose},
    pidfile::PidFile,
};

/// Keeps the server while its standard input stays open; that is a pipe whose other end only we hold.
///
/// A pipe rather than the system's parent-death signal: it works on macOS, too, it does not care which of our threads
/// started the server, and it needs no code between `fork` and `exec`. A shell starts background jobs with SIGINT
/// ignored until Postgres sets its own handler, so the signal is repeated until it is heard. When the server ends by
/// itself, the watcher is told to go; once the pipe is closed it must not listen to that.
///
/// Arguments: the log, what to remove afterwards or two empty words, then the server's command.
const SUPERVISE: &str = r#"
log=$1 home=$2 sockets=$3
shift 3
exec 3<&0 >>"$log" 2>&1
"$@" </dev/null 3<&- &
server=$!
(
    read -r _ <&3
    trap '' TERM
    while kill -INT "$server"; do sleep 0.1; done
    [ -z "$home" ] || rm -rf -- "$home" "$sockets"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
code=$?
kill "$watcher"
wait "$watcher"
exit "$code"
"#;

/// Replaying the log after a crash in the middle of a large import takes its time.
const LONGEST_START: Duration = Duration::from_mins(10);
const LONGEST_STOP: Duration = Duration::from_mins(1);
const LARGEST_LOG: u64 = 10 << 20;

/// A running server that belongs to this process.
#[derive(Debug)]
pub(crate) struct Server {
    shell: Child,
    /// Closing it stops the server.
    lifeline: Option<ChildStdin>,
}

impl Server {
    /// Starts the server and returns when it accepts connections.
    pub(crate) async fn start(binaries: &Binaries, home: &Home, options: &Options) -> Result<Self> {
        home.make_socket_dir()?;
        rotate(&home.log())?;
        let until = Instant::now() + Duration::from_secs(15);
        let stale = PidFile::read(&home.data());
        loop {
            let log_before = fs::metadata(home.log()).map_or(0, |meta| meta.len());
            let mut server = Self::spawn(binaries, home, options)?;
            if server.wait_until_ready(home, stale.as_ref(), options).await? {
                return Ok(server);
            }
            let log = written_since(&home.log(), log_before);
            // Children of a server that was killed need a moment to notice it and to let go of its shared memory.
            if !log.contains("pre-existing shared memory block") || Instant::now() > until {
                bail!("PostgreSQL did not start. It wrote to {}:\n{}", home.log().display(), log.trim_end());
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn spawn(binaries: &Binaries, home: &Home, options: &Options) -> Result<Self> {
        let mut command = home.account.command(Path::new("/bin/sh"));
        command.args(["-c", SUPERVISE, "sh"]).arg(home.log());
        match options.purpose {
            Purpose::Durable => command.args(["", ""]),
            Purpose::Throwaway => command.args([&home.dir, &home.sockets]),
        };
        command.arg(binaries.program("postgres")).arg("-D").arg(home.data()).arg("-k").arg(&home.sockets);
        command.args(["-p", &PORT.to_string(), "-c", "listen_addresses="]);
        for setting in options.server_settings() {
            command.args(["-c", &setting]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // The shell must outlive us, or nobody would be left to end the server.
        command.kill_on_drop(false);
        let mut shell = command.spawn().context("cannot start /bin/sh")?;
        let lifeline = shell.stdin.take();
        Ok(Self { shell, lifeline })
    }

    /// False when the server has ended instead. A killed server's note may still say that it is ready.
    async fn wait_until_ready(
        &mut self,
        home: &Home,
        stale: Option<&PidFile>,
        options: &Options,
    ) -> Result<bool> {
        let began = Instant::now();
        let mut patience = Duration::from_secs(5);
        loop {
            if self.shell.try_wait()?.is_some() {
                return Ok(false);
            }
            let note = PidFile::read(&home.data());
            if note.as_ref().is_some_and(|note| note.ready && Some(note) != stale) {
                return Ok(true);
            }
            if began.elapsed() > LONGEST_START {
                bail!("PostgreSQL is still starting; see {}", home.log().display());
            }
            if began.elapsed() > patience {
                options.report("PostgreSQL is repairing its data after a crash");
                patience += Duration::from_secs(15);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Disconnects clients, writes a checkpoint and ends the server.
    pub(crate) async fn stop(mut self, home: &Home) -> Result<()> {
        drop(self.lifeline.take());
        if timeout(LONGEST_STOP, self.shell.wait()).await.is_ok() {
            return Ok(());
        }
        if let Some(note) = PidFile::read(&home.data()).filter(|note| note.is_running(&home.data())) {
            note.signal(Signal::SIGQUIT)?;
        }
        timeout(LONGEST_STOP, self.shell.wait()).await.context("PostgreSQL does not stop")??;
        Ok(())
    }
}

/// Makes the data directory. Under another name first, so that an interrupted run leaves no half of one.
pub(crate) async fn make_cluster(binaries: &Binaries, home: &Home, purpose: Purpose) -> Result<()> {
    let unfinished = home.dir.join("data.new");
    let mut output = String::new();
    for locale in locales(binaries.major()) {
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let mut initdb = home.account.command(&binaries.program("initdb"));
        initdb.arg("-D").arg(&unfinished).args(["-U", USER, "--auth=trust", "-E", "UTF8"]).args(*locale);
        if purpose == Purpose::Throwaway {
            initdb.arg("--no-sync");
        }
        let result = initdb.output().await.context("cannot run initdb")?;
        if result.status.success() {
            fs::rename(&unfinished, home.data())?;
            return Ok(());
        }
        output = String::from_utf8_lossy(&result.stderr).into_owned();
    }
    bail!("initdb failed in {}:\n{}", home.dir.display(), output.trim_end())
}

/// The same order of characters on every machine, by bytes, with Unicode's upper and lower case where possible:
/// macOS has no `C.UTF-8`, Postgres 17 brings its own.
fn locales(major: u32) -> &'static [&'static [&'static str]] {
    const SYSTEM: &[&str] = &["--locale=C.UTF-8"];
    const BUILTIN: &[&str] = &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    const NONE: &[&str] = &["--no-locale"];
    if major >= 17 { &[SYSTEM, BUILTIN, NONE] } else { &[SYSTEM, NONE] }
}

/// Ends a server of this cluster that outlived its process, and removes its note if it would mislead the next one.
/// The caller holds the cluster's lock, so nobody uses that server any more.
pub(crate) async fn stop_orphan(home: &Home, options: &Options) -> Result<()> {
    let data = home.data();
    let Some(note) = PidFile::read(&data) else { return Ok(()) };
    if note.is_running(&data) {
        options.report("Stopping the PostgreSQL server that an earlier run left behind");
    }
    for (signal, seconds) in [(Signal::SIGINT, 60), (Signal::SIGQUIT, 10), (Signal::SIGKILL, 10)] {
        let until = Instant::now() + Duration::from_secs(seconds);
        if note.is_running(&data) {
            // It may end by itself between the two lines.
            let _ = note.signal(signal);
        }
        while note.is_running(&data) && Instant::now() < until {
            sleep(Duration::from_millis(20)).await;
        }
    }
    if note.is_running(&data) {
        bail!("the PostgreSQL server of an earlier run does not stop; its note is in {}", data.display());
    }
    if PidFile::read(&data).is_some_and(|left| left.is_of_a_stranger(&data)) {
        match fs::remove_file(PidFile::path(&data)) {
            // The server was only just ending, and has removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Runs SQL as the cluster's user, with `:'name'` in it standing for `name`.
pub(crate) async fn psql(binaries: &Binaries, sockets: &Path, sql: &str, name: &str) -> Result<()> {
    let mut psql = Command::new(binaries.program("psql"));
    isolate(&mut psql);
    psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", USER, "-d", "postgres", "-p", &PORT.to_string()]);
    psql.args(["-v", &format!("name={name}"), "-h"]).arg(sockets);
    psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut psql = psql.spawn().context("cannot run psql")?;
    if let Some(mut stdin) = psql.stdin.take() {
        stdin.write_all(sql.as_bytes()).await?;
    }
    let output = psql.wait_with_output().await?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(())
}

fn rotate(log: &Path) -> Result<()> {
    if fs::metadata(log).is_ok_and(|meta| meta.len() > LARGEST_LOG) {
        fs::rename(log, log.with_extension("old"))?;
    }
    Ok(())
}

fn written_since(log: &Path, offset: u64) -> String {
    let read = || {
        let mut file = fs::File::open(log)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|error| format!("(nothing that can be read: {error})"))
}
