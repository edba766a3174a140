//! The timer of a connection: how long the head of the next request may take.
//!
//! HTTP sets a time-out before each request and takes it back with the head of the request, which
//! is nearly always there at once. To enter one with the runtime and take it out again, under the
//! lock of all timers, costs more than to find out whose session a cookie names. So a connection
//! has one entry, which stays as it is while deadlines come and go behind it; when it falls due, it
//! is put off to the deadline of that time.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use hyper::rt::{Sleep, Timer};

/// The timer of one connection; its sleepers must be polled by one task, one at a time, as HTTP does.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadTimer(Arc<Mutex<Entry>>);

/// What the runtime knows of it.
#[derive(Default)]
struct Entry {
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Who is woken when it falls due.
    waker: Option<Waker>,
}

impl HeadTimer {
    fn entry(&self) -> MutexGuard<'_, Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: std::time::Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Until { deadline, timer: self.clone() })
    }

    fn now(&self) -> Instant {
        // The runtime's clock, which tests may move.
        tokio::time::Instant::now().into_std()
    }
}

/// Waits for a deadline.
struct Until {
    deadline: Instant,
    timer: HeadTimer,
}

impl Sleep for Until {}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(self.deadline);
        let mut entry = self.timer.entry();
        let Entry { sleep, waker } = &mut *entry;
        let is_mine = waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        let sleep = match sleep {
            Some(sleep) if sleep.deadline() <= deadline => {
                if is_mine && !sleep.is_elapsed() {
                    return Poll::Pending;
                }
                if sleep.is_elapsed() {
                    sleep.as_mut().reset(deadline);
                }
                sleep
            }
            Some(sleep) => {
                sleep.as_mut().reset(deadline);
                sleep
            }
            None => sleep.insert(Box::pin(tokio::time::sleep_until(deadline))),
        };
        *waker = Some(context.waker().clone());
        sleep.as_mut().poll(context)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = self.sleep.as_ref().map(|sleep| sleep.deadline());
        f.debug_struct("Entry").field("deadline", &deadline).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::rt::Timer as _;
    use tokio::time::{Instant, sleep, timeout};

    use super::HeadTimer;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// By a virtual clock: each deadline is kept, whatever deadlines were before it.
    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_kept_however_often_there_was_an_earlier_or_a_later_one() {
        let timer = HeadTimer::default();
        for (given_up_after, patience) in [(1, 30), (29, 30), (20, 90), (5, 10), (0, 30)] {
            let waiting = timer.sleep(Duration::from_secs(patience));
            let given_up_after = Duration::from_secs(given_up_after);
            assert!(timeout(given_up_after, waiting).await.is_err(), "not before its time");
        }
        let start = Instant::now();
        timer.sleep(PATIENCE).await;
        assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    }

    /// What a connection does for hours: a request every now and then, and then none.
    #[tokio::test(start_paused = true)]
    async fn requests_put_the_end_off() {
        let timer = HeadTimer::default();
        for _ in 0..100 {
            let waiting = timer.sleep(PATIENCE);
            assert!(timeout(Duration::from_secs(7), waiting).await.is_err());
            sleep(Duration::from_secs(40)).await;
        }
        let start = Instant::now();
        timer.sleep(PATIENCE).await;
        assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    }

    /// Another task than the one before is woken.
    #[tokio::test(start_paused = true)]
    async fn who_waits_now_is_woken() {
        let timer = HeadTimer::default();
        let waiting = timer.sleep(PATIENCE);
        assert!(timeout(Duration::from_secs(1), waiting).await.is_err());
        let elsewhere = tokio::spawn(timer.sleep(PATIENCE));
        timeout(2 * PATIENCE, elsewhere).await.expect("it is woken").unwrap();
    }
}
