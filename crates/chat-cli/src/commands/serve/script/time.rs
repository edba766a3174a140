//! The time by which a script's people wait.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chat_http::Clock;

/// How often a calendar that was set is looked at: somebody may move it at any time.
const LOOK: Duration = Duration::from_millis(10);

/// Milliseconds since the script began, by the server's clock.
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    /// Whether the calendar was set, and goes, or stands, as somebody wants it.
    was_set: bool,
    began_ms: i64,
}

impl Time {
    /// Begins to count.
    pub(super) fn of(clock: Arc<dyn Clock>, was_set: bool) -> Self {
        let mut time = Self { clock, was_set, began_ms: 0 };
        time.began_ms = time.shown();
        time
    }

    /// Now.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.shown().saturating_sub(self.began_ms)).unwrap_or_default()
    }

    /// Ready at `due`, or never.
    pub(super) async fn until(&self, due: Option<u64>) {
        let Some(due) = due else { return pending().await };
        loop {
            let left = Duration::from_millis(due.saturating_sub(self.now()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(if self.was_set { LOOK } else { left }).await;
        }
    }

    /// Of a machine's clock the hand that does not jump.
    fn shown(&self) -> i64 {
        if self.was_set {
            self.clock.now_ms()
        } else {
            i64::try_from(self.clock.monotonic_ms()).unwrap_or(i64::MAX)
        }
    }
}
