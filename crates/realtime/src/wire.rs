//! The socket itself: texts in and out, within time, and why it ended.

use std::time::Duration;

use axum::{
    Error,
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use platform::{
    error::{ApiError, Kind},
    stream::End,
};
use tungstenite::error::{CapacityError, Error as Refused};

use crate::protocol::close;

/// A client that does not read is waited for this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client has left.
    Left,
    /// We close it, with this code and these words.
    Closed(u16, &'static str),
}

impl From<End> for Ending {
    fn from(end: End) -> Self {
        match end {
            End::SessionEnded => Self::Closed(close::UNAUTHENTICATED, "session_ended"),
            End::Slow => Self::Closed(close::SLOW, "slow: resume"),
            End::Stopping => Self::Closed(close::RESTART, "restart: come back within 0.5 to 30 s"),
        }
    }
}

impl Ending {
    /// The socket of somebody who was not let in, or not any more.
    pub fn of(error: &ApiError) -> Self {
        match error.kind() {
            Kind::Unauthenticated | Kind::Forbidden => Self::Closed(close::UNAUTHENTICATED, error.code()),
            Kind::Throttled => Self::Closed(close::TOO_MANY, error.code()),
            _ => Self::Closed(close::INTERNAL, "unavailable: come back within 0.5 to 30 s"),
        }
    }
}

/// What comes from the client.
#[derive(Debug)]
pub enum Heard {
    /// A frame of ours.
    Text(Utf8Bytes),
    /// A sign of life.
    Life,
}

/// One socket.
pub struct Wire(WebSocket);

impl Wire {
    /// Over this socket.
    pub fn new(socket: WebSocket) -> Self {
        Self(socket)
    }

    /// Sends a text.
    pub async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ending> {
        self.put(Message::Text(text)).await
    }

    /// Asks for a sign of life.
    pub async fn ping(&mut self) -> Result<(), Ending> {
        self.put(Message::Ping(Bytes::new())).await
    }

    async fn put(&mut self, message: Message) -> Result<(), Ending> {
        match tokio::time::timeout(PATIENCE, self.0.send(message)).await {
            Ok(sent) => sent.map_err(|_gone| Ending::Left),
            Err(_elapsed) => Err(End::Slow.into()),
        }
    }

    /// What the client sends next. May be given up at any point, and nothing is lost.
    pub async fn hear(&mut self) -> Result<Heard, Ending> {
        match self.0.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Life),
            Some(Ok(Message::Binary(_))) => Err(Ending::Closed(close::UNSUPPORTED, "frames are text")),
            Some(Ok(Message::Close(_))) | None => Err(Ending::Left),
            Some(Err(error)) => Err(refused(error)),
        }
    }

    /// Ends the socket. A client that does not read is not waited for.
    pub async fn end(mut self, ending: Ending) {
        let Ending::Closed(code, reason) = ending else { return };
        metrics::counter!("stream_closed_total", "code" => code.to_string()).increment(1);
        let goodbye = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
        let goodbye = async {
            self.0.send(goodbye).await?;
            // The client's own goodbye; without it the network might drop ours.
            while let Some(Ok(_)) = self.0.recv().await {}
            Ok::<(), Error>(())
        };
        let _gone_either_way = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }
}

fn refused(error: Error) -> Ending {
    match error.into_inner().downcast_ref::<Refused>() {
        Some(Refused::Capacity(CapacityError::MessageTooLong { .. })) => {
            Ending::Closed(close::TOO_BIG, "too big")
        }
        Some(Refused::Utf8(_)) => Ending::Closed(close::NOT_UTF8, "not UTF-8"),
        Some(Refused::Protocol(_)) => Ending::Closed(close::PROTOCOL, "against RFC 6455"),
        _ => Ending::Left,
    }
}
