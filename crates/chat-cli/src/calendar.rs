//! What `--clock` says: where the calendar starts, and how fast it goes.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use chat_http::{Clock as _, SetClock, SystemClock};

/// A calendar that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// Milliseconds since 1970; now without.
    start_ms: Option<i64>,
    /// How many times as fast as the machine's; 0 stands.
    rate: u32,
}

impl Calendar {
    /// Reads `TIME`, `TIME,xN` or `xN`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected a time such as 2026-01-01T09:00:00Z, a rate such as x60, or both with \
                                a comma between them";
        let read = || {
            let (start, rate) = match text.split_once(',') {
                Some((start, rate)) => (Some(start), Some(rate)),
                None if text.starts_with('x') => (None, Some(text)),
                None => (Some(text), None),
            };
            let start_ms = start.map(milliseconds).map_or(Some(None), |ms| ms.map(Some))?;
            let rate = rate.map_or(Some(0), |rate| rate.strip_prefix('x')?.parse().ok())?;
            Some(Self { start_ms, rate })
        };
        read().ok_or(EXPECTED)
    }

    /// A clock that shows it.
    pub(crate) fn clock(self) -> Arc<SetClock> {
        let start_ms = self.start_ms.unwrap_or_else(|| SystemClock::new().now_ms());
        Arc::new(SetClock::new(start_ms, self.rate))
    }
}

fn milliseconds(text: &str) -> Option<i64> {
    let time = humantime::parse_rfc3339(text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_are_read_as_the_help_says() {
        let new_year = Some(1_767_258_000_000);
        for (text, expected) in [
            ("2026-01-01T09:00:00Z", Some((new_year, 0))),
            ("2026-01-01T09:00:00Z,x1", Some((new_year, 1))),
            ("x60", Some((None, 60))),
            ("", None),
            ("tomorrow", None),
            ("2026-01-01", None),
            ("60", None),
            ("x", None),
            ("x1.5", None),
            ("2026-01-01T09:00:00Z,60", None),
        ] {
            let read = Calendar::parse(text).ok().map(|read| (read.start_ms, read.rate));
            assert_eq!(read, expected, "{text}");
        }
    }
}
