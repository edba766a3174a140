//! The one place that reads clocks.
//!
//! Everything else is told what time it is, so that tests turn the hands themselves and the model
//! stays a function of its arguments.

mod set;

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub use set::SetClock;

/// Where the server learns what time it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the calendar has it; may jump when it is set.
    fn now_ms(&self) -> i64;

    /// Time since some point in the past; never falls. For durations and deadlines.
    fn monotonic(&self) -> Duration;

    /// [`Self::monotonic`] in milliseconds.
    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.monotonic().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting the monotonic milliseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now_ms(&self) -> i64 {
        // A machine set to a time before 1970 has no useful answer; the epoch is the nearest one.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock whose hands are moved by hand, for tests.
///
/// ```
/// use chat_http::{Clock, ManualClock};
/// let clock = ManualClock::at(1_700_000_000_000);
/// clock.advance(30_000);
/// assert_eq!((clock.now_ms(), clock.monotonic_ms()), (1_700_000_030_000, 30_000));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock {
    unix_ms: AtomicI64,
    monotonic_ms: AtomicU64,
}

impl ManualClock {
    /// Stands at `unix_ms` milliseconds since 1970, its monotonic hand at 0.
    pub fn at(unix_ms: i64) -> Self {
        Self { unix_ms: AtomicI64::new(unix_ms), monotonic_ms: AtomicU64::new(0) }
    }

    /// Moves both hands forward.
    pub fn advance(&self, ms: u32) {
        self.unix_ms.fetch_add(i64::from(ms), Ordering::SeqCst);
        self.monotonic_ms.fetch_add(u64::from(ms), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.unix_ms.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_ms.load(Ordering::SeqCst))
    }
}
