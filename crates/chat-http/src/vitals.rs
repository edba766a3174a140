//! What a store tells of itself beside what it is asked for: whether it can write, and its figures.
//!
//! The seam of the stores knows nothing of operators, and a store need not either: whoever puts store
//! and server together says here how the one is to be seen through the other.

use std::fmt::{self, Write as _};

/// The vital signs of a store, for `/health/ready` and `/metrics`.
pub trait Vitals: fmt::Debug + Send + Sync + 'static {
    /// Why the store cannot do all that it is there for; `None` while it can.
    ///
    /// Asked with each request of `/health/ready`, and from time to time; it must not wait.
    fn complaint(&self) -> Option<Complaint>;

    /// Whether what was acknowledged outlives this process, so that another one can go on with the
    /// notification sessions (DEC-45).
    fn is_durable(&self) -> bool;

    /// Whether other processes work with the store at the same time, so that what this one remembers of
    /// a session may be out of date. Not unless it says so.
    fn is_shared(&self) -> bool {
        false
    }

    /// What the store has counted, in the order in which it is printed.
    fn figures(&self) -> Vec<StoreFigure>;
}

/// What a store cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complaint {
    /// What `/health/ready` answers, to whoever asks: it names no file, host or chat.
    pub what: &'static str,
    /// What the log says: everything that operators have to know.
    pub why: String,
}

impl Complaint {
    /// Puts a complaint together.
    pub fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, why: why.into() }
    }
}

/// The vital signs of a store that has nothing to say: one in memory.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct NoVitals;

impl NoVitals {
    /// None.
    pub const fn new() -> Self {
        Self
    }
}

impl Vitals for NoVitals {
    fn complaint(&self) -> Option<Complaint> {
        None
    }

    fn is_durable(&self) -> bool {
        false
    }

    fn figures(&self) -> Vec<StoreFigure> {
        Vec::new()
    }
}

/// A figure of a store, as Prometheus has it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StoreFigure {
    /// Such as `chat_store_commits_total`.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// How much.
    pub value: FigureValue,
}

/// How much a figure is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FigureValue {
    /// Something that only grows.
    Counter(u64),
    /// Something that comes and goes.
    Gauge(f64),
    /// A distribution.
    Histogram {
        /// Upper bounds, rising, and how many values lie below each and above the one before.
        buckets: Vec<(f64, u64)>,
        /// The sum of the values.
        sum: f64,
    },
}

impl StoreFigure {
    /// Something that only grows.
    pub const fn counter(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, value: FigureValue::Counter(value) }
    }

    /// Something that comes and goes.
    pub const fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Self { name, help, value: FigureValue::Gauge(value) }
    }

    /// A distribution; see [`FigureValue::Histogram`].
    pub const fn histogram(
        name: &'static str,
        help: &'static str,
        buckets: Vec<(f64, u64)>,
        sum: f64,
    ) -> Self {
        Self { name, help, value: FigureValue::Histogram { buckets, sum } }
    }

    /// Appends the figure in the text format of Prometheus.
    fn write(&self, out: &mut String) -> fmt::Result {
        let Self { name, help, value } = self;
        let kind = match value {
            FigureValue::Counter(_) => "counter",
            FigureValue::Gauge(_) => "gauge",
            FigureValue::Histogram { .. } => "histogram",
        };
        writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")?;
        match value {
            FigureValue::Counter(value) => writeln!(out, "{name} {value}")?,
            FigureValue::Gauge(value) => writeln!(out, "{name} {value}")?,
            FigureValue::Histogram { buckets, sum } => {
                let mut count = 0;
                for (bound, values) in buckets {
                    count += values;
                    writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {count}")?;
                }
                writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}")?;
                writeln!(out, "{name}_sum {sum}\n{name}_count {count}")?;
            }
        }
        out.push('\n');
        Ok(())
    }
}

/// All figures in the text format of Prometheus.
pub(crate) fn print(vitals: &dyn Vitals) -> String {
    let mut out = String::new();
    for figure in vitals.figures() {
        // Writing to a String cannot fail.
        let _ = figure.write(&mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Complaint, StoreFigure, Vitals, print};

    #[derive(Debug)]
    struct Store;

    impl Vitals for Store {
        fn complaint(&self) -> Option<Complaint> {
            None
        }

        fn is_durable(&self) -> bool {
            true
        }

        fn figures(&self) -> Vec<StoreFigure> {
            vec![
                StoreFigure::counter("commits_total", "Commits.", 3),
                StoreFigure::gauge("file_bytes", "The file.", 4096.0),
                StoreFigure::histogram(
                    "seconds",
                    "Times.",
                    vec![(0.5, 2), (1.0, 0), (2.0, 1)],
                    3.5,
                ),
            ]
        }
    }

    #[test]
    fn figures_are_printed_as_prometheus_reads_them() {
        let expected = "\
# HELP commits_total Commits.
# TYPE commits_total counter
commits_total 3

# HELP file_bytes The file.
# TYPE file_bytes gauge
file_bytes 4096

# HELP seconds Times.
# TYPE seconds histogram
seconds_bucket{le=\"0.5\"} 2
seconds_bucket{le=\"1\"} 2
seconds_bucket{le=\"2\"} 3
seconds_bucket{le=\"+Inf\"} 3
seconds_sum 3.5
seconds_count 3

";
        assert_eq!(print(&Store), expected);
    }
}
