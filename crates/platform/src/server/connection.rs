//! One connection: HTTP/1.1 or HTTP/2, until its client, its time or the server ends it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    response::Response,
};
use http_body::{Frame, SizeHint};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{net::TcpStream, sync::watch};
use tower::Service as _;

use super::{
    activity::{Activity, InFlight, Timeouts},
    permits::Permit,
    socket::Socket,
};

/// Everything behind a connection.
pub(crate) type Service =
    tower::util::MapRequest<axum::routing::RouterIntoService<Body, ()>, fn(Request) -> Request>;

/// Largest head of a request, in bytes; beyond it is 431.
const MAX_HEAD: u16 = 32 * 1024;
/// How often a connection with a request in flight is looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// How long a connection that has asked nothing yet is waited for when the server stops.
const FIRST_REQUEST_WAIT: Duration = Duration::from_millis(500);

/// Serves one connection to its end.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
    service: Service,
    timeouts: Timeouts,
    mut stopped: watch::Receiver<bool>,
) {
    let activity = Activity::new();
    let socket = TokioIo::new(Socket::new(stream, activity.clone(), permit));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).max_buf_size(MAX_HEAD.into());
    builder.http2().timer(TokioTimer::new()).max_header_list_size(MAX_HEAD.into()).enable_connect_protocol();
    let answering = activity.clone();
    let connection = builder.serve_connection_with_upgrades(
        socket,
        hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let in_flight = answering.begin_request(request.version());
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            answer(service.clone(), request, in_flight)
        }),
    );
    tokio::pin!(connection);
    tokio::select! {
        // A client that breaks off or speaks no HTTP is nothing to report.
        _ended = connection.as_mut() => return,
        () = expired(&activity, timeouts) => return metrics::counter!("http_connections_expired_total").increment(1),
        _stopping = stopped.wait_for(|stopped| *stopped) => {}
    }
    if activity.is_new() {
        // It was taken a moment ago, and its request is on its way.
        tokio::select! {
            _ended = connection.as_mut() => return,
            () = tokio::time::sleep(FIRST_REQUEST_WAIT) => {}
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ended = connection => {}
        () = expired(&activity, timeouts) => {}
    }
}

/// Resolves when the connection has waited too long for its client.
async fn expired(activity: &Activity, timeouts: Timeouts) {
    loop {
        match activity.deadline(timeouts) {
            Some(deadline) if deadline <= tokio::time::Instant::now() => return,
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => tokio::time::sleep(CHECK_INTERVAL).await,
        }
    }
}

async fn answer(mut service: Service, request: Request, in_flight: InFlight) -> Result<Response, Infallible> {
    let response = service.call(request).await?;
    Ok(response.map(|body| Body::new(CountedBody { body, _in_flight: in_flight })))
}

/// The body of an answer, whose end is the end of its request.
struct CountedBody {
    body: Body,
    _in_flight: InFlight,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
