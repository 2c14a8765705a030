//! Scans by clamd, the server of ClamAV.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use bytes::Bytes;
use platform::ports::scanner::{Scanner, Verdict};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream},
    net::{TcpStream, UnixStream},
    sync::Semaphore,
    time::timeout,
};

/// So long somebody waits for a verdict, for the turn of the file too.
const LIMIT: Duration = Duration::from_secs(5);
/// So many files are scanned at once for this process: clamd scans ten, and other nodes want to be served, too.
const TURNS: usize = 4;
const CHUNK: usize = 64 * 1024;
/// The name of a signature and a few words.
const MAX_ANSWER: u64 = 1024;
const MAX_SIGNATURE: usize = 100;

#[derive(Debug, PartialEq, Eq)]
enum Address {
    Tcp(String),
    Unix(PathBuf),
}

impl Address {
    fn parse(value: &str) -> Option<Self> {
        if let Some(path) = value.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let address = value.strip_prefix("tcp://")?;
        let (host, port) = address.rsplit_once(':')?;
        let is_host =
            !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
        let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
        (is_host && is_port).then(|| Self::Tcp(address.to_owned()))
    }
}

/// A clamd that is asked for each file anew; it need not be there at the start.
pub struct Clamd {
    address: Address,
    limit: Duration,
    turns: Semaphore,
}

impl Clamd {
    /// The one at `address`, as the setting has it.
    pub fn at(address: &str) -> anyhow::Result<Self> {
        let address = Address::parse(address).context("CLAMD must be like tcp://host:3310 or unix:/path")?;
        Ok(Self { address, limit: LIMIT, turns: Semaphore::new(TURNS) })
    }

    #[cfg(test)]
    pub fn with_limit(address: &str, limit: Duration) -> Self {
        Self { limit, ..Self::at(address).expect("an address") }
    }

    async fn ask(&self, file: &[u8]) -> anyhow::Result<Verdict> {
        let _turn = self.turns.acquire().await?;
        let unreachable = "clamd cannot be reached";
        let answer = match &self.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await.context(unreachable)?;
                // The end of a file is four bytes, which shall not wait for more.
                stream.set_nodelay(true)?;
                send(stream, file).await
            }
            Address::Unix(path) => send(UnixStream::connect(path).await.context(unreachable)?, file).await,
        };
        verdict(&answer.context("clamd hung up")?)
    }
}

#[async_trait]
impl Scanner for Clamd {
    async fn scan(&self, file: &Bytes) -> anyhow::Result<Verdict> {
        timeout(self.limit, self.ask(file)).await.context("clamd took too long")?
    }
}

/// Its command `INSTREAM`: pieces that begin with their length, the last of which is empty.
async fn send(stream: impl AsyncRead + AsyncWrite + Unpin, file: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = BufStream::new(stream);
    stream.write_all(b"zINSTREAM\0").await?;
    for chunk in file.chunks(CHUNK) {
        stream.write_u32(u32::try_from(chunk.len()).unwrap_or(u32::MAX)).await?;
        stream.write_all(chunk).await?;
    }
    stream.write_u32(0).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_until(0, &mut answer).await?;
    Ok(answer)
}

/// What an answer says: `stream: OK`, `stream: <signature> FOUND`, or that it has not looked at all of it.
fn verdict(answer: &[u8]) -> anyhow::Result<Verdict> {
    let said = answer.strip_suffix(b"\0").and_then(|said| std::str::from_utf8(said).ok());
    let said = said.context("clamd hung up, or does not speak its protocol")?;
    let found = said.strip_prefix("stream: ");
    if found == Some("OK") {
        return Ok(Verdict::Clean);
    }
    match found.and_then(|found| found.strip_suffix(" FOUND")) {
        Some(signature) => Ok(Verdict::Infected {
            signature: signature.chars().filter(char::is_ascii_graphic).take(MAX_SIGNATURE).collect(),
        }),
        None => bail!("clamd did not scan the file: {said:?}"),
    }
}
