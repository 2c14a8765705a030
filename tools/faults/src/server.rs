//! The server as a process that is killed and started again.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Child;

const LONGEST_START: Duration = Duration::from_secs(30);

/// How a server is run; always at the same address.
#[derive(Clone, Debug)]
pub struct Server {
    program: PathBuf,
    database: String,
    address: String,
}

impl Server {
    /// Fills the database with so many demo services, and chooses an address.
    pub fn prepare(program: PathBuf, database: String, password: &str, services: u32) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let server = Self { program, database, address };
        let mut demo = server.command();
        demo.args(["demo", "--services", &services.to_string(), "--password", password]);
        demo.stdout(Stdio::null());
        ensure!(demo.status()?.success(), "the demo data could not be loaded");
        Ok(server)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts it, without limits.
    pub fn start(&self) -> Result<Child> {
        let mut command = tokio::process::Command::from(self.command());
        command.args(["serve", "--limit-per-address", "0", "--limit-per-account", "0"]);
        command.args(["--limit-payments", "0", "--limit-sign-ins", "false"]).kill_on_drop(true);
        command.spawn().with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// Waits until it answers, and says for how long.
    pub async fn wait_until_ready(&self) -> Result<Duration> {
        let began = Instant::now();
        let address = format!("{}/readyz", self.url());
        while !reqwest::get(&address).await.is_ok_and(|answer| answer.status().is_success()) {
            ensure!(began.elapsed() < LONGEST_START, "the server is not ready after {LONGEST_START:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(began.elapsed())
    }

    /// Whether `skillbuddy ledger check` finds everything as it must be.
    pub fn check_books(&self) -> Result<bool> {
        Ok(self.command().args(["ledger", "check"]).status()?.success())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("DATABASE_URL", &self.database)
            .env("SECRET_KEY", "a secret that is only used while faults are tried")
            .env("LISTEN", &self.address)
            .env("PUBLIC_URL", self.url())
            .env("STORAGE_DIR", std::env::temp_dir().join("skillbuddy-faults-files"))
            .env("PAYMENT_SANDBOX", "true")
            .env("LOG", "error");
        command
    }
}
