//! A socket of somebody, and what it hears.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::{people::Person, shape::shortened, story::Story};

/// What does not come within this time does not come.
const PATIENCE: Duration = Duration::from_secs(10);
/// More frames than anything in the journey causes.
const MOST: usize = 200;

/// A connection.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    who: &'static str,
    /// The number of the last event that it has heard.
    pub last_event_id: i64,
}

impl Story {
    /// Opens a socket for somebody, who has heard everything up to an event.
    pub async fn listen(&self, person: &Person, after: Option<i64>) -> anyhow::Result<Socket> {
        let ticket = self.client.post("/ws/ticket/").by(person).expect(201).await?;
        let mut address = self.client.socket()?;
        address.query_pairs_mut().append_pair("ticket", &ticket.text("ticket")?);
        if let Some(after) = after {
            address.query_pairs_mut().append_pair("last_event_id", &after.to_string());
        }
        println!("  GET /ws/  ({})", person.first_name);
        let (stream, _) = connect_async(address.as_str()).await.context("the socket does not open")?;
        let mut socket = Socket { stream, who: person.first_name, last_event_id: 0 };
        let ready = socket.next().await?;
        ensure!(ready["type"] == "ready", "the first frame should be ready, but is {ready}");
        socket.last_event_id =
            after.or(ready["last_event_id"].as_i64()).context("last_event_id is missing")?;
        socket.say(json!({"type": "ping", "ref": "hello"})).await?;
        Ok(socket)
    }
}

impl Socket {
    /// Sends a frame.
    pub async fn say(&mut self, frame: Value) -> anyhow::Result<()> {
        Ok(self.stream.send(Message::text(frame.to_string())).await?)
    }

    /// The next frame of a type. Events on the way to it must come without a gap.
    pub async fn hear(&mut self, kind: &str) -> anyhow::Result<Value> {
        for _ in 0..MOST {
            let frame = self.next().await.with_context(|| format!("{} waits for {kind}", self.who))?;
            if frame["type"] == "error" && kind != "error" {
                bail!("{} is refused: {frame}", self.who);
            }
            if let Some(id) = frame["id"].as_i64() {
                let expected = self.last_event_id + 1;
                ensure!(id == expected, "{} should hear event {expected} next, but hears {frame}", self.who);
                self.last_event_id = id;
            }
            if frame["type"] == kind {
                println!("    {} hears {}", self.who, shortened(&frame.to_string(), 160));
                return Ok(frame);
            }
        }
        bail!("{} hears much, but no {kind}", self.who)
    }

    async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await;
            match message.context("nothing comes")?.context("the socket is closed")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Ping(_) | Message::Pong(_) => {}
                other => bail!("the socket says {other:?}"),
            }
        }
    }
}
