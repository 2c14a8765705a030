//! People and their sockets.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{client::IntoClientRequest as _, protocol::WebSocketConfig},
};

use super::nodes::Nodes;
use crate::server::Client;

/// Of a socket, in bytes: a frame or two.
const READ_BUFFER: usize = 2048;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their access token.
    pub token: String,
}

/// A customer and a provider who write to each other.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The customer, and the provider.
    pub people: [Person; 2],
    /// Their conversation.
    pub conversation: String,
}

/// A connection without TLS.
pub type Socket = WebSocketStream<TcpStream>;

/// So many pairs, each with a conversation.
pub async fn pairs(nodes: &Nodes, count: usize) -> Result<Vec<Pair>> {
    let customers = nodes.tokens(false, count)?;
    let providers = nodes.tokens(true, count)?;
    let address = nodes.address(0);
    tokio::task::spawn_blocking(move || {
        let mut client = Client::connect(address)?;
        let mut pairs = Vec::with_capacity(count);
        for ((customer, token), (provider, other)) in customers.into_iter().zip(providers) {
            let body = json!({"provider_id": provider}).to_string();
            let (status, answer) = client.post("/chat/conversations/", Some(&token), &body)?;
            let answer: Value = serde_json::from_slice(&answer)?;
            ensure!(status == 201 || status == 200, "a conversation: {status} {answer}");
            let conversation = answer["id"].as_str().context("a conversation has no id")?.to_owned();
            let people = [Person { id: customer, token }, Person { id: provider, token: other }];
            pairs.push(Pair { people, conversation });
        }
        Ok(pairs)
    })
    .await?
}

impl Person {
    /// Opens a socket; events after `last` come first, where it is given.
    pub async fn connect(&self, address: SocketAddr, last: Option<i64>) -> Result<Socket> {
        let query = last.map(|last| format!("?last_event_id={last}")).unwrap_or_default();
        let mut request = format!("ws://{address}/ws/{query}").into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {}", self.token).parse()?);
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // The usual 128 KiB are zeroed for every read: that would be most of what is measured.
        let settings = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
        let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(settings));
        let (socket, _) = opening.await?;
        Ok(socket)
    }
}
