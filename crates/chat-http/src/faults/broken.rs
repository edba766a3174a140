//! Bodies that do not arrive as they should: slowly, or not to the end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// How often a slow body brings something.
const BEAT: Duration = Duration::from_millis(100);

/// A reply's body that says how long it is, and may not get there.
pub(super) struct Broken {
    rest: Bytes,
    /// How much of it arrives before the connection is closed; all of it without.
    until: Option<usize>,
    /// Bytes a beat; all at once without.
    beat: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
}

/// The connection is closed, on purpose.
#[derive(Debug)]
pub(super) struct Closed;

impl Broken {
    /// Nothing arrives, not even the head of the reply.
    pub(super) fn nothing() -> Self {
        Self { rest: Bytes::from_static(b" "), until: Some(0), beat: None, pause: None }
    }

    pub(super) fn new(body: Bytes, until: Option<usize>, rate: Option<u32>) -> Self {
        let beat = rate.map(|rate| (rate as usize).div_ceil(10));
        // What is written last is held back until there is more, or nothing: so the head and what
        // comes before the end go out.
        let pause = until.map(|_| Box::pin(sleep(Duration::ZERO)));
        Self {
            until: until.map(|until| until.min(body.len().saturating_sub(1))),
            rest: body,
            beat,
            pause,
        }
    }
}

impl Body for Broken {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let left = self.until.unwrap_or(self.rest.len());
        if left == 0 {
            return Poll::Ready(self.until.map(|_| Err(Closed)));
        }
        let now = self.beat.map_or(left, |beat| beat.min(left));
        let data = self.rest.split_to(now);
        self.until = self.until.map(|until| until - now);
        // A body that ends takes no pause, one that breaks off does: what it brought must be on its way.
        if self.until.is_some() || (self.beat.is_some() && !self.rest.is_empty()) {
            self.pause = Some(Box::pin(sleep(BEAT)));
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by a fault")
    }
}

impl std::error::Error for Closed {}
