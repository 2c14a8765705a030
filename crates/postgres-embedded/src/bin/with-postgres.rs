//! Runs a command beside a private Postgres cluster: `with-postgres -- cargo test`.

use std::{
    ffi::OsString,
    io::IsTerminal,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitCode, ExitStatus},
};

use anyhow::{Context, Result};
use clap::Parser;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use postgres_embedded::{Cluster, Options, PORT, USER};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

/// Runs a command beside a private Postgres cluster, with `DATABASE_URL` and `PGHOST` pointing at it.
///
/// Without a command it prints the address of the database and keeps the cluster running until it is interrupted.
#[derive(Parser)]
struct Arguments {
    /// Keep the data in this directory and use it again next time
    #[arg(long, value_name = "DIR", conflicts_with = "throwaway")]
    data: Option<PathBuf>,
    /// Fast and without durability, removed afterwards (this is the default without --data)
    #[arg(long)]
    throwaway: bool,
    /// The database to create if it is missing
    #[arg(long, value_name = "NAME", default_value = "skillbuddy")]
    database: String,
    /// A server setting, as in --set `max_connections=300`; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,
    /// Do not tell what is being done
    #[arg(long, short)]
    quiet: bool,
    /// The command and its arguments
    #[arg(trailing_var_arg = true)]
    command: Vec<OsString>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Not returned from `main`, which would print a stack trace to people who have RUST_BACKTRACE set.
    with_postgres(Arguments::parse()).await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn with_postgres(arguments: Arguments) -> Result<ExitCode> {
    let mut options = match arguments.data {
        Some(dir) => Options::durable(dir),
        None => Options::throwaway(),
    };
    options.settings = arguments.settings;
    let quiet = arguments.quiet;
    let options = options.on_progress(move |step| {
        if !quiet {
            eprintln!("{step} ...");
        }
    });
    let mut signals = Signals::listen()?;
    let cluster = tokio::select! {
        cluster = Cluster::start(options) => cluster?,
        signal = signals.next() => return Ok(ExitCode::from(code_of_signal(signal))),
    };
    let result = run(&cluster, &arguments.database, &arguments.command, &mut signals).await;
    cluster.stop().await?;
    result.map(ExitCode::from)
}

async fn run(cluster: &Cluster, database: &str, command: &[OsString], signals: &mut Signals) -> Result<u8> {
    cluster.create_database(database).await?;
    let url = cluster.url(database);
    let Some((program, arguments)) = command.split_first() else {
        println!("{url}");
        signals.next().await;
        return Ok(0);
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("PGHOST", cluster.socket_dir())
        .env("PGPORT", PORT.to_string())
        .env("PGUSER", USER)
        .env("PGDATABASE", database)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(code(status?)),
            signal = signals.next() => pass_on(signal, &child)?,
        }
    }
}

/// The terminal sends Ctrl-C to the command as well; a second one would tell many programs to stop at once, untidily.
fn pass_on(signal: Signal, child: &Child) -> Result<()> {
    let from_terminal = signal == Signal::SIGINT && std::io::stdin().is_terminal();
    if !from_terminal && let Some(id) = child.id() {
        kill(Pid::from_raw(id.try_into()?), signal)?;
    }
    Ok(())
}

/// As a shell reports it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn code_of_signal(signal: Signal) -> u8 {
    if signal == Signal::SIGINT { 130 } else { 143 }
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::SIGINT,
            _ = self.terminate.recv() => Signal::SIGTERM,
            _ = self.hang_up.recv() => Signal::SIGHUP,
        }
    }
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
