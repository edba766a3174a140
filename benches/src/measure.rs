//! Medians, percentiles, and lines that scripts read.

/// The median; `NaN` of nothing.
pub fn median(samples: &[f64]) -> f64 {
    percentile(samples, 0.5)
}

/// The value below which `share` of the samples lie; `NaN` of nothing.
pub fn percentile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// One figure for scripts to read.
pub fn ratio(name: &str, value: f64) {
    println!("ratio {name} {value:.3}");
}

/// Figures and their goals, and how it went.
#[derive(Debug, Default)]
pub struct Goals(Vec<Goal>);

#[derive(Debug)]
struct Goal {
    name: String,
    measured: f64,
    bound: Bound,
}

#[derive(Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Goals {
    /// Prints the figure as [`ratio`] does and keeps it for the table.
    pub fn at_most(&mut self, name: &str, measured: f64, most: f64) {
        self.keep(name, measured, Bound::AtMost(most));
    }

    /// The same for a figure that must not be less than its goal.
    pub fn at_least(&mut self, name: &str, measured: f64, least: f64) {
        self.keep(name, measured, Bound::AtLeast(least));
    }

    fn keep(&mut self, name: &str, measured: f64, bound: Bound) {
        ratio(name, measured);
        self.0.push(Goal { name: name.to_owned(), measured, bound });
    }

    /// The table at the end.
    pub fn print(&self) {
        println!("\n{:<48} {:>12} {:>21}", "goal", "measured", "goal");
        for Goal { name, measured, bound } in &self.0 {
            let (is_reached, words, bound) = match bound {
                Bound::AtMost(most) => (measured <= most, "at most", most),
                Bound::AtLeast(least) => (measured >= least, "at least", least),
            };
            let outcome = if is_reached { "reached" } else { "NOT REACHED" };
            println!("{name:<48} {measured:>12.2} {words:>8} {bound:>12.2}  {outcome}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{median, percentile};

    #[test]
    fn percentiles_are_samples() {
        let samples = [5.0, 1.0, 4.0, 2.0, 3.0];
        for (share, expected) in [(0.0, 1.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)] {
            assert_eq!(percentile(&samples, share), expected, "{share}");
        }
        assert!(median(&[]).is_nan());
    }
}
