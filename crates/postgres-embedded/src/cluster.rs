//! A running cluster: its addresses, its databases, its end.

use std::{
    fs::{self, File},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::time::sleep;

use crate::{
    find::Binaries,
    home::Home,
    options::{Options, Purpose},
    pidfile::PidFile,
    server::{self, Server},
};

/// The superuser of every cluster. It has no password: whoever can enter the socket's directory is trusted.
pub const USER: &str = "skillbuddy";

/// Part of the socket's name; no network port is opened.
pub const PORT: u16 = 5432;

/// How long another process may take to start the cluster that both want.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// Creates what is missing; Postgres has no `create database if not exists`.
const CREATE_DATABASE: &str = "select format('create database %I', :'name')
    where not exists (select from pg_database where datname = :'name') \\gexec\n";

/// A Postgres server for this process alone, or shared with the process that started it.
#[derive(Debug)]
pub struct Cluster {
    home: Home,
    binaries: Binaries,
    sockets: PathBuf,
    purpose: Purpose,
    /// Absent when another process runs the server.
    own: Option<Own>,
}

/// The server and the right to run it.
#[derive(Debug)]
struct Own {
    server: Server,
    /// Released after the server has stopped.
    _lock: File,
}

impl Cluster {
    /// Makes the cluster if there is none, ends what an earlier run left behind, and starts the server. Returns when
    /// it accepts connections. A server that another living process runs in the same directory is shared.
    pub async fn start(options: Options) -> Result<Self> {
        let started = Self::make_or_share(&options).await;
        if started.is_err() {
            // Leaves no empty directory behind; one with anything in it stays.
            let _ = fs::remove_dir(&options.data_dir);
        }
        started
    }

    async fn make_or_share(options: &Options) -> Result<Self> {
        let home = Home::settle(options).await?;
        let binaries = Binaries::find(major_of(&home.data())?).await?;
        if !home.account.can_run(&binaries.program("postgres")).await? {
            let program = binaries.program("postgres");
            bail!("{} cannot execute {}; set PG_BIN_DIR", home.account.name(), program.display());
        }
        let until = Instant::now() + LONGEST_WAIT;
        loop {
            if let Some(lock) = home.try_lock()? {
                return Self::start_own(home, binaries, lock, options).await;
            }
            let note = PidFile::read(&home.data()).filter(|note| note.is_running(&home.data()));
            if let Some(note) = note.filter(|note| note.ready) {
                options.report("Using the PostgreSQL server that another process has started");
                let (sockets, purpose) = (note.socket_dir, options.purpose);
                return Ok(Self { home, binaries, sockets, purpose, own: None });
            }
            if Instant::now() > until {
                bail!("another process holds {} but does not start its server", home.dir.display());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn start_own(home: Home, binaries: Binaries, lock: File, options: &Options) -> Result<Self> {
        let dir = home.clone();
        let started = Self::make_and_start(home, binaries, lock, options).await;
        if started.is_err() && options.purpose == Purpose::Throwaway {
            // What stays is swept by a later run; the reason of the failure matters more.
            let _ = dir.remove();
        }
        started
    }

    async fn make_and_start(home: Home, binaries: Binaries, lock: File, options: &Options) -> Result<Self> {
        let purpose = options.purpose;
        server::stop_orphan(&home, options).await?;
        if major_of(&home.data())?.is_none() {
            options.report(&format!("Making a new PostgreSQL {} cluster", binaries.major()));
            server::make_cluster(&binaries, &home, purpose).await?;
        }
        options.report(&format!("Starting PostgreSQL {}", binaries.major()));
        let server = Server::start(&binaries, &home, options).await?;
        let sockets = home.sockets.clone();
        Ok(Self { home, binaries, sockets, purpose, own: Some(Own { server, _lock: lock }) })
    }

    /// The address of a database, for sqlx, `psql` and everything that knows `DATABASE_URL`.
    pub fn url(&self, database: &str) -> String {
        let (database, sockets) = (encode(database.as_bytes()), encode(self.sockets.as_os_str().as_bytes()));
        format!("postgres://{USER}@localhost:{PORT}/{database}?host={sockets}")
    }

    /// The directory of the server's socket, for `PGHOST`.
    pub fn socket_dir(&self) -> &Path {
        &self.sockets
    }

    /// The programs that the cluster runs with.
    pub const fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Whether another process runs the server and will end it.
    pub const fn is_shared(&self) -> bool {
        self.own.is_none()
    }

    /// Creates a database unless it exists.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let create = || server::psql(&self.binaries, &self.sockets, CREATE_DATABASE, name);
        if create().await.is_ok() {
            return Ok(());
        }
        // Another process may have created it between the question and the command: then the second try does nothing.
        create().await.with_context(|| format!("cannot create the database {name}"))
    }

    /// Stops the server, unless another process runs it, and removes a throwaway cluster.
    ///
    /// Dropping the cluster stops the server as well, but does not wait for it.
    pub async fn stop(self) -> Result<()> {
        let Some(own) = self.own else { return Ok(()) };
        own.server.stop(&self.home).await?;
        match self.purpose {
            Purpose::Durable => self.home.remove_socket_dir(),
            Purpose::Throwaway => self.home.remove()?,
        }
        Ok(())
    }
}

/// The version that made the data, if there is any.
fn major_of(data: &Path) -> Result<Option<u32>> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => {
            Ok(Some(text.trim().parse().with_context(|| format!("{} holds {text:?}", file.display()))?))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Percent-encodes for a URL, but leaves slashes readable.
fn encode(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    bytes
        .iter()
        .map(|&byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
