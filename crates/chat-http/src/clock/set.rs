//! A clock that was set: it shows a time of somebody's choosing, for dates that shall not change from one
//! run to the next, or that shall come sooner.

use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Clock, SystemClock};

/// A calendar that starts where it is told and goes as fast as it is told, over a monotonic hand that
/// goes with the machine. Both can be moved forward.
///
/// ```
/// use std::time::Duration;
/// use chat_http::{Clock, SetClock};
/// let clock = SetClock::new(1_700_000_000_000, 0);
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(clock.now_ms(), 1_700_000_030_000);
/// assert!(clock.monotonic_ms() >= 30_000);
/// ```
#[derive(Debug)]
pub struct SetClock {
    machine: SystemClock,
    start_ms: i64,
    rate: u32,
    advanced_ms: AtomicU64,
    settle: OnceLock<Settle>,
}

/// Somebody who wants to be done with one time before it is another.
struct Settle(Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>);

impl fmt::Debug for Settle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Settle(…)")
    }
}

impl SetClock {
    /// Shows `start_ms`, milliseconds since 1970, and passes `rate` milliseconds in each of the machine's;
    /// with 0 the calendar stands.
    pub fn new(start_ms: i64, rate: u32) -> Self {
        let (advanced_ms, settle) = (AtomicU64::new(0), OnceLock::new());
        Self { machine: SystemClock::new(), start_ms, rate, advanced_ms, settle }
    }

    /// Has the admin endpoint await `settle` before it moves the hands and once more afterwards: for people
    /// in a trial who act by this clock, and are to have done everything by then. The first one counts.
    pub fn settle_with<F>(&self, settle: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Who comes later is none that anybody waits for.
        let _ = self.settle.set(Settle(Box::new(move || Box::pin(settle()))));
    }

    /// Ready when whoever acts by this clock has done everything that is due.
    pub(crate) async fn settled(&self) {
        if let Some(Settle(settle)) = self.settle.get() {
            settle().await;
        }
    }

    /// Moves both hands forward.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let add = |ms: u64| Some(ms.saturating_add(by).min(MOST_MS));
        let _ = self.advanced_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }

    fn advanced_ms(&self) -> u64 {
        self.advanced_ms.load(Ordering::SeqCst)
    }
}

/// A thousand years: what can be added to any date without an overflow somewhere.
const MOST_MS: u64 = 1_000 * 366 * 24 * 3_600 * 1_000;

impl Clock for SetClock {
    fn now_ms(&self) -> i64 {
        let passed = self.machine.monotonic_ms().saturating_mul(self.rate.into());
        let passed = passed.saturating_add(self.advanced_ms());
        self.start_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic() + Duration::from_millis(self.advanced_ms())
    }
}
