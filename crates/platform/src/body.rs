//! Whether a request's body was read. An answer that leaves some of it unread would end the connection without a
//! word, and the client's next call with it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{Version, header},
};
use futures_util::future::poll_fn;
use http_body::{Frame, SizeHint};

/// What is left of a body is read on up to here, in bytes, so that the connection can stay.
const MAX_DRAIN: usize = 512 * 1024;
/// And for so long.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Both hold the body: the handler, which may never ask for it, and the edge, which asks for the rest.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Body>>);

impl SharedBody {
    fn with<T>(&self, act: impl FnOnce(&mut Body) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

/// What the handler may leave of a body.
pub(crate) struct UnreadBody {
    body: SharedBody,
    /// The client waits to be asked for its body; it is not asked in vain.
    is_held_back: bool,
}

impl UnreadBody {
    /// The same request, with a hand on its body; `None` where it has none. HTTP/2 needs no care: it ends one stream.
    pub(crate) fn of(request: Request) -> (Request, Option<Self>) {
        if request.body().is_end_stream() || request.version() > Version::HTTP_11 {
            return (request, None);
        }
        let is_held_back = request.headers().contains_key(header::EXPECT);
        let (parts, body) = request.into_parts();
        let body = SharedBody(Arc::new(Mutex::new(body)));
        let request = Request::from_parts(parts, Body::new(body.clone()));
        (request, Some(Self { body, is_held_back }))
    }

    /// Reads on to the end; `false` where that is too far.
    pub(crate) async fn drain(mut self) -> bool {
        if self.body.is_end_stream() {
            return true;
        }
        let left = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        if self.is_held_back || left > MAX_DRAIN {
            return false;
        }
        let rest = async {
            let mut read = 0;
            while read <= MAX_DRAIN {
                match poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)).await {
                    Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
                    Some(Err(_broken)) => return false,
                    None => return true,
                }
            }
            false
        };
        tokio::time::timeout(DRAIN_TIME, rest).await.unwrap_or(false)
    }
}
