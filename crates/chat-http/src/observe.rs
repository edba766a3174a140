//! Around every request: its name, its time, its place in the figures and in the log, and an answer
//! also if its handler panics.
//!
//! Two services in place of functions with a `Next`, because those box the rest of the way once per
//! request and layer.

use std::convert::Infallible;
use std::fmt;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Span;

use crate::reply;
use crate::server::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names, times, counts and logs every request.
///
/// The log holds the pattern of the route and never the path: paths name chats, users and, on the
/// customer's side, the one secret of a visitor. What a handler logs carries the request's name from
/// the level `debug` on; what operators must know is told by the line of the answer itself.
#[derive(Debug, Clone)]
pub(crate) struct Observe(pub(crate) Shared);

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { server: self.0.clone(), inner }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Observed<S> {
    server: Shared,
    inner: S,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let started = self.server.clock.monotonic();
        let id = self.server.request_ids.next();
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let route = route(matched.as_ref());
        let span = tracing::debug_span!("request", %id, method = method.as_str(), route);
        let future = span.in_scope(|| self.inner.call(request));
        Observing { future, span, server: self.server.clone(), started, id, matched, method }
    }
}

pin_project! {
    /// A request under way.
    pub(crate) struct Observing<F> {
        #[pin]
        future: F,
        span: Span,
        server: Shared,
        started: Duration,
        id: RequestId,
        matched: Option<MatchedPath>,
        method: Method,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let Ok(mut response) = ready!(this.future.poll(context));
        let elapsed = this.server.clock.monotonic().saturating_sub(*this.started);
        let status = response.status();
        let route = route(this.matched.as_ref());
        this.server.metrics.request(route, status, elapsed.as_secs_f64());
        let us = elapsed.as_micros();
        if status.is_server_error() {
            let (id, method) = (&*this.id, this.method.as_str());
            tracing::warn!(%id, method, route, status = status.as_u16(), us, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), us, "answered");
        }
        response.headers_mut().insert(REQUEST_ID, this.id.header());
        Poll::Ready(Ok(response))
    }
}

/// The pattern of the path, if a route has it; both spellings are one (PLAT-1.1-7).
fn route(matched: Option<&MatchedPath>) -> &str {
    matched.map_or("none", |path| path.as_str().trim_end_matches('/'))
}

/// Names for requests, so that a reply can be found in the log: the process and a number.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        Self { process: u32::from_le_bytes(crate::random()), next: AtomicU64::new(1) }
    }

    fn next(&self) -> RequestId {
        RequestId { process: self.process, number: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}

/// One of them; written only where it is read.
#[derive(Debug, Clone, Copy)]
struct RequestId {
    process: u32,
    number: u64,
}

impl RequestId {
    fn header(self) -> HeaderValue {
        // Eight digits, a hyphen, and at most twenty more.
        let mut text = [0; 32];
        let mut rest = &mut text[..];
        let written = write!(rest, "{self}").map(|()| 32 - rest.len());
        let value = HeaderValue::from_bytes(&text[..written.unwrap_or_default()]);
        value.unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.process, self.number)
    }
}

/// Answers for a handler that panics; the panic hook has printed where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CatchPanic;

impl<S> Layer<S> for CatchPanic {
    type Service = Caught<S>;

    fn layer(&self, inner: S) -> Caught<S> {
        Caught(inner)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Caught<S>(S);

impl<S> Service<Request> for Caught<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Catching<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // What the panic left of the handler is dropped and never looked at.
        Catching { future: catch_unwind(AssertUnwindSafe(|| self.0.call(request))).ok() }
    }
}

pin_project! {
    /// A handler under way, unless it panicked before it was.
    pub(crate) struct Catching<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Catching<F> {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.as_mut().project().future.as_pin_mut() else {
            return Poll::Ready(Ok(reply::panicked()));
        };
        match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
            Ok(outcome) => outcome,
            Err(_) => Poll::Ready(Ok(reply::panicked())),
        }
    }
}
