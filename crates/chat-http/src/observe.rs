//! Around every request: its name, its time, its place in the figures and in the log, and an answer
//! also if its handler panics.
//!
//! Two services in place of functions with a `Next`, because those box the rest of the way once per
//! request and layer.

use std::convert::Infallible;
use std::fmt;
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

use crate::chance::Chance;
use crate::metrics::RouteId;
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
        let matched = request.extensions().get::<MatchedPath>();
        // Both spellings are one (PLAT-1.1-7).
        let pattern = matched.map_or("none", |path| path.as_str().trim_end_matches('/'));
        let route = self.server.metrics.route(pattern);
        let (server, method) = (self.server.clone(), request.method().clone());
        Observing::new(server, route, method, || self.inner.call(request))
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
        route: RouteId,
        method: Method,
    }
}

impl<F> Observing<F> {
    /// Observes what `begin` begins: to answer a request of this method and route.
    pub(crate) fn new(
        server: Shared,
        route: RouteId,
        method: Method,
        begin: impl FnOnce() -> F,
    ) -> Self {
        let started = server.clock.monotonic();
        let id = server.request_ids.next();
        let pattern = server.metrics.pattern(route);
        let span = tracing::debug_span!("request", %id, method = method.as_str(), route = pattern);
        let future = span.in_scope(begin);
        Self { future, span, server, started, id, route, method }
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
        let metrics = &this.server.metrics;
        metrics.request(*this.route, status, elapsed);
        let us = elapsed.as_micros();
        if status.is_server_error() {
            let (id, method) = (&*this.id, this.method.as_str());
            let route = metrics.pattern(*this.route);
            tracing::warn!(%id, method, route, status = status.as_u16(), us, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), us, "answered");
        }
        response.headers_mut().insert(REQUEST_ID, this.id.header());
        Poll::Ready(Ok(response))
    }
}

/// Names for requests, so that a reply can be found in the log: the process and a number.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u32,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(chance: &dyn Chance) -> Self {
        let mut process = [0; 4];
        chance.fill(&mut process);
        Self { process: u32::from_le_bytes(process), next: AtomicU64::new(1) }
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
        let mut number = itoa::Buffer::new();
        let number = number.format(self.number).as_bytes();
        // Eight digits, a hyphen, and at most twenty more; formatting machinery would take longer
        // than all else that is done for a name.
        let mut text = [0; 32];
        let digit =
            |place: u32| b"0123456789abcdef"[(self.process >> (28 - 4 * place)) as usize & 15];
        for (place, byte) in (0..).zip(&mut text[..8]) {
            *byte = digit(place);
        }
        text[8] = b'-';
        text[9..][..number.len()].copy_from_slice(number);
        let value = HeaderValue::from_bytes(&text[..9 + number.len()]);
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
        Catching::new(|| self.0.call(request))
    }
}

pin_project! {
    /// A handler under way, unless it panicked before it was.
    pub(crate) struct Catching<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Catching<F> {
    /// Answers for what `begin` begins, should it panic.
    pub(crate) fn new(begin: impl FnOnce() -> F) -> Self {
        // What the panic left of the handler is dropped and never looked at.
        Self { future: catch_unwind(AssertUnwindSafe(begin)).ok() }
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

#[cfg(test)]
mod tests {
    use super::RequestId;

    /// The reply and the log must show the same name, or nobody finds one by the other.
    #[test]
    fn the_header_is_what_the_log_says() {
        for process in [0, 1, 0x00ab_cdef, 0xf000_0000, u32::MAX] {
            for number in [1, 9, 10, 12_345, u64::MAX] {
                let id = RequestId { process, number };
                assert_eq!(id.header(), id.to_string());
            }
        }
    }
}
