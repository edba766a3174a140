//! How long things took: counted where they happen, in buckets, and printed where they are read.
//!
//! The exporter's histograms keep every value, with the time at which it came, until somebody reads
//! them or they are looked after; with each request that is more than all else that is counted of it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds in microseconds and as they are printed, in seconds, from a reply out of memory to a
/// held poll.
const BOUNDS: [(u64, &str); 14] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

/// How long something took, each time.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    /// How often it was within each bound and above the one before; the last one has none.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Timings {
    pub(crate) fn record(&self, took: Duration) {
        let within = |&(bound, _): &(u64, &str)| took <= Duration::from_micros(bound);
        let nth = BOUNDS.iter().position(within).unwrap_or(BOUNDS.len());
        self.counts[nth].fetch_add(1, Relaxed);
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// What timings are of.
pub(super) struct Distribution {
    pub(super) name: &'static str,
    /// One sentence.
    pub(super) help: &'static str,
    /// What tells the rows apart.
    pub(super) label: Option<&'static str>,
}

/// Appends `rows` in the text format of Prometheus; of those with a label only the ones in which there
/// is something.
pub(super) fn write<'a>(
    out: &mut String,
    of: &Distribution,
    rows: impl IntoIterator<Item = (&'static str, &'a Timings)>,
) {
    let Distribution { name, help, label } = of;
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} histogram");
    for (value, timings) in rows {
        let counts = timings.counts.each_ref().map(|count| count.load(Relaxed));
        let seconds = Duration::from_nanos(timings.nanos.load(Relaxed)).as_secs_f64();
        let total: u64 = counts.iter().sum();
        if total == 0 && label.is_some() {
            continue;
        }
        let label = label.map(|label| format!("{label}=\"{value}\""));
        let first = label.as_ref().map_or_else(String::new, |label| format!("{label},"));
        let alone = label.map_or_else(String::new, |label| format!("{{{label}}}"));
        let mut up_to = 0;
        for ((_, bound), count) in BOUNDS.iter().zip(counts) {
            up_to += count;
            let _ = writeln!(out, "{name}_bucket{{{first}le=\"{bound}\"}} {up_to}");
        }
        let _ = writeln!(out, "{name}_bucket{{{first}le=\"+Inf\"}} {total}");
        let _ = writeln!(out, "{name}_sum{alone} {seconds}\n{name}_count{alone} {total}");
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Distribution, Timings, write};

    #[test]
    fn each_value_is_counted_within_every_bound_that_it_does_not_exceed() {
        let (empty, timings) = (Timings::default(), Timings::default());
        for micros in [0, 100, 101, 600, 30_000_000, 90_000_000] {
            timings.record(Duration::from_micros(micros));
        }
        let mut text = String::new();
        let named = Distribution { name: "took", help: "Help.", label: Some("route") };
        write(&mut text, &named, [("/a", &empty), ("/b", &timings)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["# HELP took Help.", "# TYPE took histogram"]);
        for expected in [
            r#"took_bucket{route="/b",le="0.0001"} 2"#,
            r#"took_bucket{route="/b",le="0.00025"} 3"#,
            r#"took_bucket{route="/b",le="0.0005"} 3"#,
            r#"took_bucket{route="/b",le="0.001"} 4"#,
            r#"took_bucket{route="/b",le="5"} 4"#,
            r#"took_bucket{route="/b",le="30"} 5"#,
            r#"took_bucket{route="/b",le="+Inf"} 6"#,
            r#"took_sum{route="/b"} 120.000801"#,
            r#"took_count{route="/b"} 6"#,
        ] {
            assert!(lines.contains(&expected), "expected {expected}, found {text}");
        }
        assert!(!text.contains("/a"), "nothing is said of what did not happen");

        let mut text = String::new();
        let alone = Distribution { label: None, ..named };
        write(&mut text, &alone, [("", &empty)]);
        assert!(text.contains("\ntook_count 0\n"), "{text}");
        write(&mut text, &alone, [("", &timings)]);
        assert!(text.contains("\ntook_bucket{le=\"30\"} 5\n"), "{text}");
        assert!(text.contains("\ntook_count 6\n"), "{text}");
    }
}
