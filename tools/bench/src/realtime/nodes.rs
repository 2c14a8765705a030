//! Two servers on one database, and Redis between them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::server::{Server, free_address};

/// The servers; an ended one has no process.
pub struct Nodes {
    program: PathBuf,
    database: String,
    redis: Option<Redis>,
    addresses: [SocketAddr; 2],
    servers: [Option<Server>; 2],
}

struct Redis {
    program: String,
    port: u16,
    process: Option<Child>,
}

impl Nodes {
    /// Starts both, with Redis where it is installed.
    pub fn start(program: &Path, database: String, redis: &str, _place: &Path) -> Result<Self> {
        let redis = Redis::start(redis)?;
        let addresses = [free_address()?, free_address()?];
        let mut nodes =
            Self { program: program.to_owned(), database, redis, addresses, servers: [None, None] };
        for number in 0..2 {
            nodes.start_node(number)?;
        }
        Ok(nodes)
    }

    /// What carries events between them.
    pub fn connected_by(&self) -> &'static str {
        if self.redis.is_some() { "Redis" } else { "PostgreSQL's NOTIFY" }
    }

    /// Where a server listens.
    pub fn address(&self, number: usize) -> SocketAddr {
        self.addresses[number % 2]
    }

    /// One name for both: tokens are good for one.
    fn public_url(&self) -> String {
        format!("http://{}", self.addresses[0])
    }

    /// The process of a server.
    pub fn process(&self, number: usize) -> u32 {
        self.servers[number % 2].as_ref().map_or(0, Server::id)
    }

    /// Access tokens of demo people, with their ids.
    pub fn tokens(&self, providers: bool, count: usize) -> Result<Vec<(String, String)>> {
        let mut command = Command::new(&self.program);
        command.args(["demo-tokens", "--count", &count.to_string()]);
        if providers {
            command.arg("--providers");
        }
        let output = command
            .env("DATABASE_URL", &self.database)
            .env("SECRET_KEY", crate::server::SECRET)
            .env("PUBLIC_URL", self.public_url())
            .env("LOG", "warn")
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let pair = |line: &str| line.split_once(' ').map(|(id, token)| (id.to_owned(), token.to_owned()));
        let tokens: Vec<_> = text.lines().filter_map(pair).collect();
        anyhow::ensure!(tokens.len() == count, "the demo data has only {} such people", tokens.len());
        Ok(tokens)
    }

    /// Kills a server, as a power cut would.
    pub fn kill_node(&mut self, number: usize) {
        drop(self.servers[number].take());
    }

    /// Starts it again, at the same address.
    pub fn start_node(&mut self, number: usize) -> Result<()> {
        let mut environment = vec![("PUBLIC_URL", self.public_url())];
        if let Some(redis) = &self.redis {
            environment.push(("REDIS_URL", format!("redis://127.0.0.1:{}", redis.port)));
        }
        let server = Server::start_at(&self.program, &self.database, self.addresses[number], &environment)?;
        self.servers[number] = Some(server);
        Ok(())
    }

    /// Kills Redis, where there is one.
    pub fn kill_redis(&mut self) {
        if let Some(redis) = &mut self.redis {
            redis.kill();
        }
    }

    /// Starts it again, empty.
    pub fn start_redis(&mut self) -> Result<()> {
        self.redis.as_mut().map_or(Ok(()), Redis::run)
    }
}

impl Redis {
    fn start(program: &str) -> Result<Option<Self>> {
        if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
            return Ok(None);
        }
        let port = free_address()?.port();
        let mut redis = Self { program: program.to_owned(), port, process: None };
        redis.run()?;
        Ok(Some(redis))
    }

    fn run(&mut self) -> Result<()> {
        let process = Command::new(&self.program)
            .args([
                "--port",
                &self.port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--loglevel",
                "warning",
            ])
            .stdout(Stdio::null())
            .spawn()
            .context("Redis cannot be started")?;
        self.process = Some(process);
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Ended already, or ended now.
            let _ended = process.kill();
            let _waited = process.wait();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
