//! Distributions, counted without a lock: how long things took and how many came together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Reads a clock that never goes back, for measuring how long writes take.
pub type Stopwatch = Arc<dyn Fn() -> Duration + Send + Sync>;

/// A distribution: how many values were at most 1, 2, 4, 8 … and their sum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Buckets {
    /// Element n counts the values above 2^(n-1) and at most 2^n; the last one also all above.
    pub counts: [u64; BUCKETS],
    /// The sum of the values.
    pub sum: u64,
}

/// Up to 2^26 microseconds, which is about a minute.
const BUCKETS: usize = 27;

impl Buckets {
    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper bound of the bucket that holds the value at this share of all, from 0 to 1; 0
    /// without values.
    pub fn at_most(&self, share: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank among fewer values than an f64 counts exactly"
        )]
        let rank = ((self.count() as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        for (nth, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return 1 << nth;
            }
        }
        0
    }
}

#[derive(Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Histogram {
    pub(crate) fn add(&self, value: u64) {
        let nth = value.max(1).next_power_of_two().trailing_zeros() as usize;
        self.counts[nth.min(BUCKETS - 1)].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    pub(crate) fn add_micros(&self, span: Duration) {
        self.add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX >> 1));
    }

    pub(crate) fn read(&self) -> Buckets {
        let mut counts = [0; BUCKETS];
        for (count, counted) in counts.iter_mut().zip(&self.counts) {
            *count = counted.load(Relaxed);
        }
        Buckets { counts, sum: self.sum.load(Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn values_are_counted_under_the_power_of_two_they_do_not_exceed() {
        let histogram = Histogram::default();
        for value in [0, 1, 2, 3, 4, 5, 1 << 40] {
            histogram.add(value);
        }
        let read = histogram.read();
        assert_eq!((&read.counts[..4], read.counts[26]), (&[2, 1, 2, 1][..], 1));
        assert_eq!((read.count(), read.sum), (7, (1 << 40) + 15));
        let shares = [0.0, 0.2, 0.5, 0.8, 1.0].map(|share| read.at_most(share));
        assert_eq!(shares, [1, 1, 4, 8, 1 << 26]);
    }
}
