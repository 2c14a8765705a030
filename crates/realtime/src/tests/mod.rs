//! The socket and the event stream, from outside.

mod breaks;
mod conformance;
mod events;
mod limits;
mod outside;
mod signing_in;
mod talking;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::SignedDuration;
use platform::{
    app::App,
    auth::{Authenticator, Caller},
    error::ApiResult,
    ids::{SessionId, UserId},
    stream::{self, Kind, Told},
    testing::{Client, TestApp, TokenIsUserId},
    time::Instant,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _, http::Request},
};

/// Tokens are user ids, and after a `+` the seconds that they live.
struct ShortTokens;

#[async_trait]
impl Authenticator for ShortTokens {
    async fn authenticate(&self, app: &App, token: &str) -> ApiResult<Caller> {
        let (id, seconds) = token.split_once('+').unwrap_or((token, "900"));
        let caller = TokenIsUserId.authenticate(app, id).await?;
        let life = SignedDuration::from_secs(seconds.parse().unwrap());
        Ok(Caller { expires_at: app.clock.now().plus(life), ..caller })
    }

    async fn resume(
        &self,
        app: &App,
        user: UserId,
        session: SessionId,
        expires_at: Instant,
    ) -> ApiResult<Caller> {
        TokenIsUserId.resume(app, user, session, expires_at).await
    }
}

/// A server, and somebody to connect to it.
struct World {
    t: TestApp,
    address: SocketAddr,
    ann: Client,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(args: &[&str]) -> Self {
        let registry = crate::register(platform::jobs::Registry::default());
        let t =
            TestApp::with(crate::router().merge(chat::router()), registry, Arc::new(ShortTokens), args).await;
        let ann = t.user("Ann Example").await;
        Self { address: t.listen().await, t, ann }
    }

    fn request(&self, query: &str) -> Request<()> {
        format!("ws://{}/ws/{query}", self.address).into_client_request().unwrap()
    }

    /// A socket of somebody, with the token in the header.
    async fn connect(&self, token: &str, query: &str) -> Socket {
        let mut request = self.request(query);
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Socket::open(request).await.unwrap()
    }

    /// Ann's socket, ready.
    async fn ann(&self) -> Socket {
        self.ready(&self.ann).await
    }

    /// A socket of somebody, ready.
    async fn ready(&self, client: &Client) -> Socket {
        let mut socket = self.connect(&client.id().to_string(), "").await;
        assert_eq!(socket.next().await["type"], "ready");
        socket
    }

    async fn append(&self, people: &[UserId], number: i64) -> Told {
        let mut db = self.t.app.db.acquire().await.unwrap();
        let data = json!({"number": number});
        stream::append(&mut db, people, Kind::BookingUpdated, &data, self.t.now()).await.unwrap()
    }

    /// Something happens to Ann.
    async fn happen(&self, number: i64) {
        self.append(&[self.ann.id()], number).await.tell(&self.t.app);
    }
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// `Err` has the status of the refusal and its body.
    async fn open(request: Request<()>) -> Result<Self, (u16, Value)> {
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn say(&mut self, frame: Value) {
        self.text(&frame.to_string()).await;
    }

    async fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        let message = async {
            loop {
                match self.0.next().await.expect("the socket is open").expect("a message") {
                    Message::Ping(_) | Message::Pong(_) => {}
                    message => return message,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), message).await.expect("something comes")
    }

    /// The next frame.
    async fn next(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The ids of the next events, and that they are what happened.
    async fn numbers(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let event = self.next().await;
            assert_eq!((&event["type"], &event["data"]["number"]), (&json!("booking.updated"), &event["id"]));
            ids.push(event["id"].as_i64().unwrap());
        }
        ids
    }

    /// The code that the server closes with, whatever comes before.
    async fn closed(&mut self) -> u16 {
        for _ in 0..10_000 {
            if let Message::Close(frame) = self.message().await {
                return frame.expect("a reason").code.into();
            }
        }
        panic!("the socket stays open")
    }

    /// Nothing comes for a moment.
    async fn is_silent(&mut self) {
        let some = tokio::time::timeout(Duration::from_millis(300), self.0.next()).await;
        assert!(some.is_err(), "{some:?}");
    }
}
