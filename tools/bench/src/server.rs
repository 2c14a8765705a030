//! The server that is measured: a release build in a process of its own, and a plain client for single calls.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::http;

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process until it said that it is ready.
    pub ready_after: Duration,
}

/// The secret of installations that are measured.
pub const SECRET: &str = "a secret that is only used in benchmarks";

const LONGEST_START: Duration = Duration::from_secs(30);
const LONGEST_STOP: Duration = Duration::from_secs(30);

impl Server {
    /// Starts it without rate limits, and waits until it is ready.
    pub fn start(program: &Path, database: &str) -> Result<Self> {
        Self::start_at(program, database, free_address()?, &[])
    }

    /// The same at an address, with more environment.
    pub fn start_at(
        program: &Path,
        database: &str,
        address: SocketAddr,
        environment: &[(&str, String)],
    ) -> Result<Self> {
        let began = Instant::now();
        let process = Command::new(program)
            .args([
                "serve",
                "--max-connections",
                "1000000",
                "--max-connections-per-address",
                "1000000",
                "--limit-per-address",
                "0",
                "--limit-per-account",
                "0",
                "--limit-payments",
                "0",
                "--limit-sign-ins",
                "false",
            ])
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", SECRET)
            .env("LISTEN", address.to_string())
            // Here the sandbox's messages arrive, as those of gateways do.
            .env("PUBLIC_URL", format!("http://{address}"))
            .env("PAYMENT_SANDBOX", "true")
            .env("LOG", "warn")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut server = Self { process, address, ready_after: Duration::ZERO };
        while !server.is_ready() {
            if let Some(status) = server.process.try_wait()? {
                bail!("the server ended at its start: {status}");
            }
            if began.elapsed() > LONGEST_START {
                bail!("the server is not ready after {LONGEST_START:?}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_after = began.elapsed();
        Ok(server)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn is_ready(&self) -> bool {
        let call = || Client::connect(self.address)?.get("/readyz", None);
        call().is_ok_and(|(status, _)| status == 200)
    }

    /// Ends it as an operator would.
    pub fn stop(mut self) -> Result<()> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.process.id())?);
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM)?;
        let until = Instant::now() + LONGEST_STOP;
        while self.process.try_wait()?.is_none() {
            if Instant::now() > until {
                bail!("the server does not stop within {LONGEST_STOP:?} of SIGTERM");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended, or beyond help.
        let _ended = self.process.kill();
        let _waited = self.process.wait();
    }
}

/// An address that nobody listens at. Asked for and given back: the server takes it a moment later.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// One connection, one call after the other.
#[derive(Debug)]
pub struct Client(TcpStream);

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(stream))
    }

    /// A GET: status and body.
    pub fn get(&mut self, path: &str, token: Option<&str>) -> Result<(u16, Vec<u8>)> {
        let mut request = Vec::new();
        http::get(&mut request, path, token);
        self.send(&request)
    }

    /// A POST: status and body.
    pub fn post(&mut self, path: &str, token: Option<&str>, body: &str) -> Result<(u16, Vec<u8>)> {
        let mut request = Vec::new();
        http::post(&mut request, path, token, body);
        self.send(&request)
    }

    /// A request that is bytes already.
    pub fn send(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.0.write_all(request)?;
        let mut answer = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = self.0.read(&mut buffer)?;
            if length == 0 {
                bail!("the server closed the connection");
            }
            answer.extend_from_slice(&buffer[..length]);
            let Some(head) = http::head(&answer)? else { continue };
            if answer.len() >= head.length + head.body {
                return Ok((head.status, answer.split_off(head.length)));
            }
        }
    }
}
