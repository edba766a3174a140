//! Large replies, counted until their clients have taken them.
//!
//! A client that asks for a long transcript and reads slowly keeps the reply in memory; many of them
//! together would keep more than there is. What is small is not counted: connections are bounded, and
//! so is what all of them together can keep of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};
use metrics::Gauge;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::reply::Refusal;

/// Bytes from which on a reply is counted.
const LARGE: usize = 64 * 1024;

/// The replies that are made and not taken yet.
#[derive(Debug)]
pub(crate) struct Scales {
    most: usize,
    bytes: AtomicUsize,
    figure: Gauge,
}

/// What one reply has of it, until it is dropped.
#[derive(Debug)]
struct Share {
    scales: Arc<Scales>,
    bytes: usize,
}

impl Scales {
    /// At most `most` bytes are promised to who could ask again.
    pub(crate) fn new(most: usize, figure: Gauge) -> Self {
        Self { most, bytes: AtomicUsize::new(0), figure }
    }

    /// A share for a reply; without one there is too much under way. What cannot be asked for again
    /// always gets one.
    fn share(self: &Arc<Self>, bytes: usize, can_be_repeated: bool) -> Option<Share> {
        let add = |now: usize| {
            let then = now.saturating_add(bytes);
            (then <= self.most || !can_be_repeated).then_some(then)
        };
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        self.figure.increment(bytes as f64);
        Some(Share { scales: self.clone(), bytes })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.scales.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.scales.figure.decrement(self.bytes as f64);
    }
}

/// Puts every reply on the scales; a read for which there is no room is answered 503 instead.
///
/// What a poll or an operation is answered is never refused: it cannot be asked for once more.
#[derive(Debug, Clone)]
pub(crate) struct Weigh(pub(crate) Arc<Scales>);

impl<S> Layer<S> for Weigh {
    type Service = Weighed<S>;

    fn layer(&self, inner: S) -> Weighed<S> {
        Weighed { scales: self.0.clone(), inner }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Weighed<S> {
    scales: Arc<Scales>,
    inner: S,
}

impl<S> Service<Request> for Weighed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Weighing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let polls = request.uri().path().starts_with("/api/v2/notifications");
        let can_be_repeated = request.method().is_safe() && !polls;
        Weighing { scales: self.scales.clone(), can_be_repeated, future: self.inner.call(request) }
    }
}

pin_project! {
    /// A request whose reply is to be weighed.
    pub(crate) struct Weighing<F> {
        #[pin]
        future: F,
        scales: Arc<Scales>,
        can_be_repeated: bool,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Weighing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.future.poll(context));
        let bytes = response.body().size_hint().lower();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Poll::Ready(Ok(if bytes < LARGE {
            response
        } else if let Some(share) = this.scales.share(bytes, *this.can_be_repeated) {
            response.map(|body| Body::new(Large { body, share: Some(share) }))
        } else {
            Refusal::unavailable("too many long replies are under way; try again").into_response()
        }))
    }
}

/// A large body. Its bytes carry the share, because they are there longer than the body: until the
/// connection has written them.
struct Large {
    body: Body,
    share: Option<Share>,
}

impl hyper::body::Body for Large {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        // Our replies are one frame each.
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| {
                frame.map_data(|bytes| match self.share.take() {
                    Some(share) => Bytes::from_owner(Carried { bytes, _share: share }),
                    None => bytes,
                })
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes with their share.
struct Carried {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Carried {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
