//! A connection that is given up when its client takes nothing of what it is sent.
//!
//! Clients that are slow to send have their time-outs; one that asks for a long transcript and then
//! does not read would keep the reply in memory for as long as it likes, on every connection it may
//! have.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Up to so many bytes are written in one piece: to copy them takes less than it takes the kernel to
/// look at a list of pieces.
const SMALL: usize = 512;

/// A stream on which a write fails once it could not go on for a while.
///
/// Nothing is said about how long a reply takes as a whole, nor about reading: a poll that is held
/// waits for its answer, and costs nothing here.
#[derive(Debug)]
pub(crate) struct Patient<S, G> {
    stream: S,
    patience: Duration,
    /// Runs while the client takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
    /// Dropped with the connection, whoever has it by then: an upgrade takes it out of HTTP's hands.
    _guard: G,
}

impl<S, G> Patient<S, G> {
    pub(crate) fn new(stream: S, patience: Duration, guard: G) -> Self {
        Self { stream, patience, stuck: None, _guard: guard }
    }

    fn bear<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stuck = None;
            return outcome;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl<S: AsyncRead + Unpin, G: Unpin> AsyncRead for Patient<S, G> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin, G: Unpin> AsyncWrite for Patient<S, G> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.bear(context, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let stream = Pin::new(&mut this.stream);
        let outcome = if pieces.iter().map(|piece| piece.len()).sum::<usize>() <= SMALL {
            let mut whole = SmallVec::<[u8; SMALL]>::new();
            pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
            stream.poll_write(context, &whole)
        } else {
            stream.poll_write_vectored(context, pieces)
        };
        this.bear(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(context);
        this.bear(context, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::sleep;

    use super::Patient;

    /// By a virtual clock: every byte that is taken buys the whole patience anew.
    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_served_and_one_that_stops_is_not() {
        let (mut client, stream) = duplex(1);
        let mut server = Patient::new(stream, Duration::from_secs(30), ());
        let served =
            tokio::spawn(async move { server.write_all(&[7; 10]).await.unwrap_err().kind() });
        for _ in 0..5 {
            sleep(Duration::from_secs(29)).await;
            assert_eq!(client.read_u8().await.unwrap(), 7);
        }
        assert!(!served.is_finished());
        assert_eq!(served.await.unwrap(), ErrorKind::TimedOut);
    }
}
