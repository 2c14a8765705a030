//! How the server starts, takes connections, and stops: hyper behind a loop of our own, because what serves an axum
//! router by default waits for a client without an end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::{Layer as _, util::MapRequestLayer};

use self::{
    activity::Timeouts,
    permits::{Permit, Permits},
};
use crate::{app::App, http};

mod activity;
mod connection;
mod permits;
mod socket;
#[cfg(test)]
mod tests;

/// The pause after the system had no descriptor left for a connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Serves until `stop` resolves; then answers who waits to be accepted, accepts nobody more, and ends when running requests
/// have. Whoever calls it says for how long: dropped, it ends them.
pub async fn serve(
    listener: TcpListener,
    router: Router<App>,
    app: App,
    stop: impl Future<Output = ()> + Send,
) {
    let settings = &app.settings.http;
    let timeouts = Timeouts {
        head: Duration::from_secs(settings.head_timeout),
        idle: Duration::from_secs(settings.idle_timeout),
        write: Duration::from_secs(settings.request_timeout),
    };
    let permits = Permits::new(
        settings.max_connections,
        settings.max_connections_per_address,
        settings.trusted_proxies.clone(),
    );
    let (stopping, stopped) = watch::channel(false);
    let canonical: fn(Request) -> Request = http::canonical;
    let mut server = Server {
        service: MapRequestLayer::new(canonical).layer(http::service(router, app)),
        timeouts,
        permits: Arc::new(permits),
        stopped,
        connections: JoinSet::new(),
    };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => server.spawn_connection(stream, peer),
                Err(error) => pause_after(&error).await,
            },
            Some(_ended) = server.connections.join_next() => {}
        }
    }
    server.accept_backlog(listener).await;
    let _nobody_is_connected = stopping.send(true);
    while server.connections.join_next().await.is_some() {}
}

/// One client that gave up says nothing about the next; without descriptors it is better to wait.
async fn pause_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot take connections");
        tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
    }
}

struct Server {
    service: connection::Service,
    timeouts: Timeouts,
    permits: Arc<Permits>,
    stopped: watch::Receiver<bool>,
    connections: JoinSet<()>,
}

impl Server {
    /// Serves a connection beside the others; closes it where its address or all have too many.
    fn spawn_connection(&mut self, stream: TcpStream, peer: SocketAddr) {
        let Some(permit) = Permit::acquire(&self.permits, peer.ip()) else {
            metrics::counter!("http_connections_refused_total").increment(1);
            return;
        };
        // Answers are written at once and whole.
        let _without = stream.set_nodelay(true);
        let (service, timeouts, stopped) = (self.service.clone(), self.timeouts, self.stopped.clone());
        self.connections.spawn(connection::serve(stream, peer, permit, service, timeouts, stopped));
    }

    /// Accepts who has connected already, so that nobody is turned away who came before the end.
    async fn accept_backlog(&mut self, listener: TcpListener) {
        while let Ok(Ok((stream, peer))) =
            tokio::time::timeout(Duration::from_millis(5), listener.accept()).await
        {
            self.spawn_connection(stream, peer);
        }
    }
}
